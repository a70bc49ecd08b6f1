//! Commands for numbers: set up, adopt, inspect, copy, and edit the profile.

use super::forms::setup::SetUpForm;
use super::health::HealthText;
use super::pickers::{NumberPicker, WebhookPicker};
use super::state::{ConnectionsPane, NumberRow};
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::Picker;
use crate::console::overlays::reading::Reading;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::{Command, Danger};
use crate::console::user_error::UserError;
use crate::domain::ids::ConnectionId;
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
        run: |pane, cx| with_connection(pane, cx, |connection| Request::Backfill { connection }),
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
            vec![Form::open(SetUpForm { provider, organization, environment })]
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
        run: |_, _| vec![Picker::open(NumberPicker::default())],
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
        run: |pane, cx| with(pane, cx, |_, connection| vec![Reading::open(HealthText::new(connection))]),
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
        run: |pane, cx| match pane.selected_connection(cx) {
            Some(row) => vec![Picker::open(WebhookPicker::new(row.connection.id, row.capabilities.webhooks))],
            None => vec![],
        },
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
                vec![Intent::Await(query, Some("Fetching the profile from the provider …"))]
            })
        },
        ..Command::ROW
    },
];

/// Fails if the actor is no admin, or if no configured provider can set up a number.
fn can_set_up(_: &ConnectionsPane, cx: &Cx) -> Result<(), UserError> {
    cx.admin()?;
    match cx.overview.as_ref().map(|overview| overview.sets_up.is_empty()) {
        Some(false) => Ok(()),
        _ => Err("No configured provider supports setup. Declare the number in the configuration.".into()),
    }
}

pub(super) fn connected(pane: &ConnectionsPane, cx: &Cx) -> Result<ConnectionId, UserError> {
    pane.selected_connection(cx).map(|row| row.connection.id).ok_or_else(|| "This number is not connected.".into())
}

pub(super) fn act(request: NumberRequest) -> Vec<Intent> {
    vec![Intent::perform(Request::Number(request))]
}

pub(super) fn with(
    pane: &mut ConnectionsPane,
    cx: &Cx,
    run: fn(&mut ConnectionsPane, ConnectionId) -> Vec<Intent>,
) -> Vec<Intent> {
    match connected(pane, cx) {
        Ok(connection) => run(pane, connection),
        Err(_) => vec![],
    }
}

fn connection_ready(pane: &ConnectionsPane, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    pane.selected_connection(cx).map(|_| ()).ok_or_else(|| "Select a connection first.".into())
}

fn with_connection(pane: &ConnectionsPane, cx: &Cx, request: fn(ConnectionId) -> Request) -> Vec<Intent> {
    pane.selected_connection(cx).map(|row| vec![Intent::perform(request(row.connection.id))]).unwrap_or_default()
}
