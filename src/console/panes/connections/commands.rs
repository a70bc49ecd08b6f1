//! Commands about numbers: set up, adopt, look at, give back.

use super::picker_kinds::NumberFinder;
use super::state::{ConnectionsPane, NumberRow};
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::finder_kind::FinderKind;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::overlays::{Overlay, Reading};
use crate::console::pane_id::PaneId;
use crate::console::panes::row::{Command, Danger};
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::life::NumberEvent;
use crate::domain::numbers::number::{NumberQuery, NumberRequest};
use crate::domain::query::Query;
use crate::domain::request::Request;

const NUMBERS: Scope = Scope::Pane(PaneId::Connections);

pub(in crate::console) const ROWS: &[Command<ConnectionsPane>] = &[
    Command {
        id: "connections.canary",
        title: "Canary",
        help: "Requests a test webhook from the provider and verifies that it arrives.",
        scope: NUMBERS,
        keys: &["c"],
        hint: true,
        ready: connection_ready,
        run: |pane, cx| with_connection(pane, cx, |connection| Request::Canary { connection }),
        ..Command::ROW
    },
    Command {
        id: "connections.test",
        title: "Test message",
        short: "",
        help: "Sends a test message to the tester of this number and verifies its status.",
        scope: NUMBERS,
        keys: &["t"],
        hint: true,
        danger: Danger::Asks(|pane, cx| {
            let name = pane.selected_connection(cx).map_or("", |row| row.connection.name.as_str());
            format!("Send a test message from {name} to its tester?")
        }),
        ready: connection_ready,
        run: |pane, cx| with_connection(pane, cx, |connection| Request::SendTest { connection }),
    },
    Command {
        id: "connections.fill",
        title: "Backfill",
        help: "Compares the provider's message list with what arrived, and fetches what is missing.",
        scope: NUMBERS,
        keys: &["f"],
        ready: connection_ready,
        run: |pane, cx| with_connection(pane, cx, |connection| Request::FillGap { connection }),
        ..Command::ROW
    },
    Command {
        id: "connections.new",
        title: "Set up",
        help: "Starts the setup of a new number with a link for its owner.",
        scope: NUMBERS,
        keys: &["n"],
        hint: true,
        ready: can_set_up,
        run: |_, cx| {
            let Some(overview) = &cx.overview else { return vec![] };
            let Some(provider) = overview.sets_up.first().cloned() else { return vec![] };
            let (organization, environment) = (overview.organization.clone(), overview.environment);
            form(FormKind::Platform(PlatformForm::SetUp { provider, organization, environment }))
        },
        ..Command::ROW
    },
    Command {
        id: "connections.adopt",
        title: "Adopt",
        help: "Lists the numbers at the provider and connects one of them.",
        scope: NUMBERS,
        keys: &["a"],
        hint: true,
        ready: can_set_up,
        run: |_, _| pick(FinderKind::Number(NumberFinder::List)),
        ..Command::ROW
    },
    Command {
        id: "connections.health",
        title: "Health",
        help: "Shows the provider's health checks of the number with causes and remedies.",
        scope: NUMBERS,
        keys: &["H"],
        hint: true,
        ready: |pane, cx| connected(pane, cx).map(|_| ()),
        run: |pane, cx| with(pane, cx, read_health),
        ..Command::ROW
    },
    Command {
        id: "connections.webhooks",
        title: "Webhooks",
        help: "Lists the webhooks registered at the provider: test, enable, change, delete or create one.",
        scope: NUMBERS,
        keys: &["W"],
        hint: true,
        ready: |pane, cx| connected(pane, cx).map(|_| ()),
        run: |pane, cx| with(pane, cx, |_, connection| pick(FinderKind::Number(NumberFinder::Webhooks(connection)))),
        ..Command::ROW
    },
    Command {
        id: "connections.account",
        title: "Account",
        help: "Filters the list to numbers of the same account, or shows all.",
        scope: NUMBERS,
        keys: &["A"],
        ready: |pane, cx| match pane.selected_connection(cx) {
            Some(row) if row.connection.business_account_id.is_empty() => {
                Err("Its account is set in the environment and not known here.".into())
            }
            Some(_) => Ok(()),
            None => Err("This number is not connected.".into()),
        },
        run: |pane, cx| {
            let Some(row) = pane.selected_connection(cx) else { return vec![] };
            let filter = format!("account:{}", row.connection.business_account_id);
            let list = &mut pane.list;
            list.filter = if list.filter == filter { String::new() } else { filter };
            vec![]
        },
        ..Command::ROW
    },
    Command {
        id: "connections.copy",
        title: "Copy number",
        help: "Copies the phone number, or the id while there is no number.",
        scope: NUMBERS,
        keys: &["y"],
        ready: |pane, cx| pane.selected(cx).map(|_| ()).ok_or_else(|| "The list is empty.".into()),
        run: |pane, cx| {
            let Some(row) = pane.selected(cx) else { return vec![] };
            let text = match row {
                NumberRow::Connected(row) => row.connection.phone_number.to_string(),
                NumberRow::Other(setup) => setup.id.to_string(),
            };
            vec![Intent::Notice(format!("Copied {text}.")), Intent::Effect(Effect::Copy(text))]
        },
        ..Command::ROW
    },
    Command {
        id: "connections.profile",
        title: "Profile",
        help: "Shows the business profile that contacts see, and changes it.",
        scope: NUMBERS,
        keys: &["P"],
        ready: |pane, cx| {
            cx.admin()?;
            connected(pane, cx).map(|_| ())
        },
        run: |pane, cx| {
            with(pane, cx, |_, connection| {
                let query = Query::Number(NumberQuery::Profile { connection });
                vec![Intent::Await(query, "Fetching the profile from the provider …")]
            })
        },
        ..Command::ROW
    },
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
                Ok(_) => act(NumberRequest::GoOn { setup }),
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
            form(FormKind::Platform(PlatformForm::Disconnect { connection, name, number, environment }))
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

fn can_set_up(_: &ConnectionsPane, cx: &Cx) -> Result<(), String> {
    cx.admin()?;
    match cx.overview.as_ref().map(|overview| overview.sets_up.is_empty()) {
        Some(false) => Ok(()),
        _ => Err("No configured provider supports setup. Declare the number in the configuration.".into()),
    }
}

fn connected(pane: &ConnectionsPane, cx: &Cx) -> Result<ConnectionId, String> {
    pane.selected_connection(cx).map(|row| row.connection.id).ok_or_else(|| "This number is not connected.".into())
}

/// Which of these can happen to the setup under the cursor, or why none can.
fn can(pane: &ConnectionsPane, cx: &Cx, events: &[NumberEvent]) -> Result<NumberEvent, String> {
    cx.admin()?;
    let (Some(setup), Some(list)) = (pane.selected_setup(cx), &cx.connections) else {
        return Err("No number is being set up.".into());
    };
    let state = setup.life(list.presence(setup));
    let event = events.iter().find(|event| state.after(**event).is_some());
    event.copied().ok_or_else(|| state.refuse(&setup.name).to_string())
}

fn act(request: NumberRequest) -> Vec<Intent> {
    vec![Intent::perform(Request::Number(request))]
}

fn with(
    pane: &mut ConnectionsPane,
    cx: &Cx,
    run: fn(&mut ConnectionsPane, ConnectionId) -> Vec<Intent>,
) -> Vec<Intent> {
    match connected(pane, cx) {
        Ok(connection) => run(pane, connection),
        Err(_) => vec![],
    }
}

fn connection_ready(pane: &ConnectionsPane, cx: &Cx) -> Result<(), String> {
    cx.operator()?;
    pane.selected_connection(cx).map(|_| ()).ok_or_else(|| "Select a connection first.".into())
}

fn with_connection(pane: &ConnectionsPane, cx: &Cx, request: fn(ConnectionId) -> Request) -> Vec<Intent> {
    pane.selected_connection(cx).map(|row| vec![Intent::perform(request(row.connection.id))]).unwrap_or_default()
}

fn pick(kind: FinderKind) -> Vec<Intent> {
    vec![Intent::Pick(kind)]
}

fn form(kind: FormKind) -> Vec<Intent> {
    vec![Intent::Form(kind)]
}

/// Asks the provider, and shows what it tells as text.
fn read_health(pane: &mut ConnectionsPane, connection: ConnectionId) -> Vec<Intent> {
    let query = NumberQuery::Health { connection };
    pane.numbers.retain(|(asked, _)| *asked != query);
    vec![Intent::Front(Overlay::reading(Reading::Health(connection))), Intent::Ask(Query::Number(query))]
}
