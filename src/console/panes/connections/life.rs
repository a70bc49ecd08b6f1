//! Commands for the lifecycle of a number: setup, registration, links, and disconnecting.

use super::commands::{act, connected, with};
use super::forms::disconnect::DisconnectForm;
use super::state::ConnectionsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::{Command, Danger};
use crate::console::user_error::UserError;
use crate::domain::numbers::life::NumberEvent;
use crate::domain::numbers::number::NumberRequest;

const NUMBERS: Scope = Scope::Pane(PaneId::Connections);

pub(in crate::console) const ROWS: &[Command<ConnectionsPane>] = &[
    Command {
        id: "connections.resume",
        title: "Resume",
        help: "Resumes a setup: retries the failed step, or checks the pending one now; connects a disconnected number again.",
        scope: NUMBERS,
        keys: &["R"],
        hint: true,
        ready: |pane, cx| can(pane, cx, &[NumberEvent::GoOn, NumberEvent::Reconnect]).map(|_| ()),
        run: |pane, cx| {
            let Some(setup) = pane.selected_setup(cx).map(|setup| setup.id) else {
                return vec![];
            };
            match can(pane, cx, &[NumberEvent::GoOn, NumberEvent::Reconnect]) {
                Ok(NumberEvent::Reconnect) => act(NumberRequest::Reconnect { setup }),
                Ok(_) => act(NumberRequest::Resume { setup }),
                Err(_) => vec![],
            }
        },
        ..Command::ROW
    },
    Command {
        id: "connections.register",
        title: "Register",
        help: "Registers the number's webhook if it is missing, and verifies it with a test.",
        scope: NUMBERS,
        keys: &["r"],
        danger: Danger::Asks(|pane, cx| {
            let name = pane.selected_connection(cx).map_or("", |row| row.connection.name.as_str());
            let one_address =
                pane.selected_connection(cx).is_some_and(|row| row.capabilities.webhooks.is_one_address());
            let instead = if one_address { ", replacing any registered URL" } else { "" };
            format!("Register the webhook of {name} at the provider{instead}, and test it?")
        }),
        ready: |pane, cx| {
            cx.admin()?;
            connected(pane, cx).map(|_| ())
        },
        run: |pane, cx| with(pane, cx, |_, connection| act(NumberRequest::Register { connection })),
        ..Command::ROW
    },
    Command {
        id: "connections.link",
        title: "New link",
        help: "Creates a new setup link; for a connected number, one that renews its credentials.",
        scope: NUMBERS,
        keys: &["K"],
        danger: Danger::Asks(|pane, cx| match pane.selected_setup(cx) {
            Some(setup) => format!("Create a new link for {}? The previous one becomes invalid.", setup.name),
            None => {
                let name = pane.selected_connection(cx).map_or("", |row| row.connection.name.as_str());
                format!("Create a link that renews the credentials of {name}? Its owner has to open it.")
            }
        }),
        ready: |pane, cx| {
            cx.admin()?;
            match pane.selected_setup(cx) {
                Some(setup) if !setup.takes_a_link() => Err("It needs no link in its current state.".into()),
                Some(_) => can(pane, cx, &[NumberEvent::NewLink]).map(|_| ()),
                None => connected(pane, cx).map(|_| ()),
            }
        },
        run: |pane, cx| match pane.selected_setup(cx).map(|setup| setup.id) {
            Some(setup) => act(NumberRequest::NewLink { setup }),
            None => with(pane, cx, |_, connection| act(NumberRequest::Renew { connection })),
        },
        ..Command::ROW
    },
    Command {
        id: "connections.copy_link",
        title: "Copy link",
        help: "Copies the setup link for the owner of the number.",
        scope: NUMBERS,
        keys: &["Y"],
        hint: true,
        ready: |pane, cx| match pane.selected_setup(cx).and_then(|setup| setup.link.as_ref()) {
            Some(_) => Ok(()),
            None => Err("There is no link to copy.".into()),
        },
        run: |pane, cx| {
            let link = pane.selected_setup(cx).and_then(|setup| setup.link.clone());
            let Some(link) = link else { return vec![] };
            vec![Intent::Notice("Copied the link.".to_owned()), Intent::Effect(Effect::Copy(link.url))]
        },
        ..Command::ROW
    },
    Command {
        id: "connections.give_up",
        title: "Cancel setup",
        help: "Cancels the setup and revokes its link.",
        scope: NUMBERS,
        keys: &["X"],
        danger: Danger::Asks(|pane, cx| {
            let name = pane.selected_setup(cx).map_or("", |setup| setup.name.as_str());
            format!("Cancel the setup of {name}? Its link is revoked.")
        }),
        ready: |pane, cx| can(pane, cx, &[NumberEvent::GiveUp]).map(|_| ()),
        run: |pane, cx| {
            let setup = pane.selected_setup(cx).map(|setup| setup.id);
            setup.map(|setup| act(NumberRequest::Cancel { setup })).unwrap_or_default()
        },
        ..Command::ROW
    },
    Command {
        id: "connections.unregister",
        title: "Unregister",
        help: "Removes our webhook registration; the number stays at the provider.",
        scope: NUMBERS,
        keys: &["U"],
        danger: Danger::Asks(|pane, cx| {
            let row = pane.selected_connection(cx);
            let name = row.map_or("", |row| row.connection.name.as_str());
            format!(
                "Unregister {name}? wadeck no longer receives or sends its messages. The number stays at the provider."
            )
        }),
        ready: |pane, cx| {
            cx.admin()?;
            connected(pane, cx).map(|_| ())
        },
        run: |pane, cx| with(pane, cx, |_, connection| act(NumberRequest::Unregister { connection })),
        ..Command::ROW
    },
    Command {
        id: "connections.disconnect",
        title: "Disconnect",
        help: "Disconnects the number at the provider. Asks for the number.",
        scope: NUMBERS,
        keys: &["D"],
        ready: |pane, cx| {
            cx.admin()?;
            connected(pane, cx).map(|_| ())
        },
        run: |pane, cx| {
            let Some(row) = pane.selected_connection(cx) else { return vec![] };
            let (connection, name) = (row.connection.id, row.connection.name.clone());
            let number = row.connection.phone_number.to_string();
            let environment = row.connection.environment;
            vec![Form::open(DisconnectForm { connection, name, number, environment })]
        },
        ..Command::ROW
    },
    Command {
        id: "connections.scope",
        title: "Environment",
        help: "Switches to the next organization or environment, or to all of them.",
        keys: &["E"],
        scope: NUMBERS,
        ready: |_, cx| {
            if cx.scopes_known().len() > 1 {
                Ok(())
            } else {
                Err("There is only one organization and environment.".into())
            }
        },
        run: |_, _| vec![Intent::NextScope],
        ..Command::ROW
    },
];

/// Returns the first of these events that the selected setup's state allows. Fails with the reason if it allows none.
fn can(pane: &ConnectionsPane, cx: &Cx, events: &[NumberEvent]) -> Result<NumberEvent, UserError> {
    cx.admin()?;
    let (Some(setup), Some(list)) = (pane.selected_setup(cx), &cx.connections) else {
        return Err("No number is being set up.".into());
    };
    let state = setup.life(list.presence(setup));
    let event = events.iter().find(|event| state.after(**event).is_some());
    event.copied().ok_or_else(|| state.refuse(&setup.name).into())
}
