//! Commands about many entries at once, about numbers, and about what arrives.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlays::finder::FinderKind;
use crate::console::panes::delivery::commands::entry_at_hand;
use crate::console::panes::threads::commands::operator;
use crate::console::{Console, Effect, PaneId};
use crate::domain::access::permission::Permission;
use crate::domain::ids::ConnectionId;
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::outbox::entry::EntryState;
use crate::domain::request::Request;

const DELIVERY: Scope = Scope::Pane(PaneId::Delivery);
const CONNECTIONS: Scope = Scope::Pane(PaneId::Connections);
const ACTIVITY: Scope = Scope::Pane(PaneId::Activity);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "delivery.bulk",
        title: "Bulk action",
        help: "Retries, discards, holds or releases all messages that match the filter; counts them first.",
        scope: DELIVERY,
        keys: &["*"],
        hint: true,
        ready: |console| {
            operator(console)?;
            if console.panes.delivery.list.filter.trim().is_empty() {
                return Err("Filter the list first, such as / status:failed since:2h.".into());
            }
            Ok(())
        },
        run: |console| console.open_finder(FinderKind::Bulk),
        ..ROW
    },
    CommandSpec {
        id: "delivery.hold",
        title: "Hold or release",
        help: "Holds a queued message until it is released, or releases it.",
        scope: DELIVERY,
        keys: &["H"],
        ready: |console| {
            operator(console)?;
            match entry_at_hand(console) {
                Some((_, EntryState::Queued)) => Ok(()),
                Some((_, state)) => Err(format!("It is {}, and only queued messages can be held.", state.name())),
                None => Err("Select a message first.".into()),
            }
        },
        run: |console| {
            let Some(row) = console.panes.delivery.selected() else { return vec![] };
            let entry = row.id;
            let held = row.hold.is_some() || row.not_before.is_some();
            vec![Effect::Perform(if held { Request::ReleaseEntry { entry } } else { Request::HoldEntry { entry } })]
        },
        ..ROW
    },
    CommandSpec {
        id: "delivery.curl",
        title: "Copy as curl",
        help: "Copies the last request as a curl command; secrets are left as variables.",
        scope: DELIVERY,
        keys: &["Y"],
        ready: |console| match curl(console) {
            Some(_) => Ok(()),
            None => Err("No request was sent for it yet.".into()),
        },
        run: |console| match curl(console) {
            Some(text) => {
                console.cx.notice("Copied the request as a curl command.", false);
                vec![Effect::Copy(text)]
            }
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "connections.canary",
        title: "Canary",
        help: "Requests a test webhook from the provider and verifies that it arrives.",
        scope: CONNECTIONS,
        keys: &["c"],
        hint: true,
        ready: connection_ready,
        run: |console| with_connection(console, |connection| Request::Canary { connection }),
        ..ROW
    },
    CommandSpec {
        id: "connections.test",
        title: "Test message",
        short: "",
        help: "Sends a test message to the tester of this number and verifies its status.",
        scope: CONNECTIONS,
        keys: &["t"],
        hint: true,
        danger: Danger::Asks(|console| {
            let name = console
                .panes
                .connections
                .selected_connection(&console.cx)
                .map_or("", |row| row.connection.name.as_str());
            format!("Send a test message from {name} to its tester?")
        }),
        ready: connection_ready,
        run: |console| with_connection(console, |connection| Request::SendTest { connection }),
    },
    CommandSpec {
        id: "connections.fill",
        title: "Backfill",
        help: "Compares the provider's message list with what arrived, and fetches what is missing.",
        scope: CONNECTIONS,
        keys: &["f"],
        ready: connection_ready,
        run: |console| with_connection(console, |connection| Request::FillGap { connection }),
        ..ROW
    },
    CommandSpec {
        id: "activity.follow",
        title: "Follow or pause",
        help: "Pauses the list while you read, or follows new items.",
        scope: ACTIVITY,
        keys: &["F"],
        run: |console| {
            console.panes.activity.paused = !console.panes.activity.paused;
            if console.panes.activity.paused {
                console.cx.notice("The list is paused. Press F to follow new items.", false);
                return vec![];
            }
            console.list_mut().go_top();
            console.ask_rows(PaneId::Activity)
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.try",
        title: "Dry run",
        help: "Shows what applying the webhook delivery would do, without doing it.",
        scope: ACTIVITY,
        keys: &["D"],
        ready: delivery_ready,
        run: |console| match console.panes.activity.selected_delivery() {
            Some(delivery) => vec![Effect::Perform(Request::TryDelivery { delivery, body: None })],
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.reveal",
        title: "Reveal",
        help: "Shows the body of the webhook delivery for a minute; the audit log records who did.",
        scope: ACTIVITY,
        keys: &["v"],
        ready: reveal_ready,
        run: |console| {
            console.panes.activity.edits = None;
            reveal(console)
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.edit",
        title: "Edit a copy",
        help: "Opens a copy of the body in your editor, and shows what applying it would do.",
        scope: ACTIVITY,
        keys: &["E"],
        ready: reveal_ready,
        run: |console| {
            console.panes.activity.edits = console.panes.activity.selected_delivery();
            reveal(console)
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.acknowledge_all",
        title: "Acknowledge all",
        help: "Acknowledges all open alerts in your name.",
        scope: ACTIVITY,
        keys: &["A"],
        danger: Danger::Asks(|console| format!("Acknowledge {} alerts in your name?", open_alerts(console).len())),
        ready: |console| {
            operator(console)?;
            if open_alerts(console).is_empty() { Err("No open alerts.".into()) } else { Ok(()) }
        },
        run: |console| {
            open_alerts(console).into_iter().map(|alert| Effect::Perform(Request::AckAlert { alert })).collect()
        },
        ..ROW
    },
];

fn open_alerts(console: &Console) -> Vec<crate::domain::ids::AlertId> {
    let rows = console.panes.activity.rows.iter().flatten();
    rows.filter_map(|row| match row.kind {
        ActivityKind::Alert { id, acknowledged_by: None, .. } => Some(id),
        _ => None,
    })
    .collect()
}

/// The last request of the entry in front, as a command that anybody can run who has the key.
fn curl(console: &Console) -> Option<String> {
    let id = console.panes.delivery.selected().map(|row| row.id)?;
    console.panes.delivery.detail.as_ref().filter(|detail| detail.row.id == id)?.curl.clone()
}

fn connection_ready(console: &Console) -> Result<(), String> {
    operator(console)?;
    console
        .panes
        .connections
        .selected_connection(&console.cx)
        .map(|_| ())
        .ok_or_else(|| "Select a connection first.".into())
}

fn with_connection(console: &Console, request: fn(ConnectionId) -> Request) -> Vec<Effect> {
    console
        .panes
        .connections
        .selected_connection(&console.cx)
        .map(|row| vec![Effect::Perform(request(row.connection.id))])
        .unwrap_or_default()
}

fn reveal_ready(console: &Console) -> Result<(), String> {
    delivery_ready(console)?;
    console.cx.may(Permission::RevealWhatAProviderSent)
}

fn reveal(console: &Console) -> Vec<Effect> {
    match console.panes.activity.selected_delivery() {
        Some(delivery) => vec![Effect::Perform(Request::RevealDelivery { delivery })],
        None => vec![],
    }
}

fn delivery_ready(console: &Console) -> Result<(), String> {
    operator(console)?;
    console.panes.activity.selected_delivery().map(|_| ()).ok_or_else(|| "Select a webhook delivery first.".into())
}
