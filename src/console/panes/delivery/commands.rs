//! Commands about the outbox and about what arrives.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::panes::threads::commands::operator;
use crate::console::{Console, Effect, PaneId};
use crate::domain::ids::EntryId;
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::outbox::entry::EntryState;
use crate::domain::request::Request;

const DELIVERY: Scope = Scope::Pane(PaneId::Delivery);
const ACTIVITY: Scope = Scope::Pane(PaneId::Activity);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    retry("delivery.retry", DELIVERY),
    CommandSpec {
        id: "delivery.discard",
        title: "Discard",
        short: "",
        help: "Discards the message: it will not be sent. If the provider scheduled it, it is canceled there.",
        scope: DELIVERY,
        keys: &["X"],
        hint: true,
        danger: Danger::Asks(|console| match entry_at_hand(console) {
            Some((entry, EntryState::Uncertain)) => {
                format!("Discard {entry}? The contact may still have received it.")
            }
            Some((entry, EntryState::Scheduled)) => format!("Cancel {entry} at the provider?"),
            Some((entry, _)) => format!("Discard {entry}? It will not be sent."),
            None => String::new(),
        }),
        ready: |console| match entry(console)? {
            state if state.can_discard() => Ok(()),
            state => Err(format!("It is {}, so it cannot be discarded.", state.name())),
        },
        run: |console| with_entry(console, |entry| Request::DiscardEntry { entry }),
    },
    CommandSpec {
        id: "delivery.look_up",
        title: "Query provider",
        help: "Queries the provider for the delivery status; an uncertain message is looked up in its list.",
        scope: DELIVERY,
        keys: &["p"],
        ready: |console| match entry(console)? {
            EntryState::Uncertain | EntryState::Scheduled | EntryState::Accepted | EntryState::Failed => Ok(()),
            state => Err(format!("It is {}: the provider has no record of it.", state.name())),
        },
        run: |console| match console.panes.delivery.selected().map(|row| (row.id, row.message_id, row.state)) {
            Some((entry, _, EntryState::Uncertain)) => vec![Effect::Perform(Request::LookUp { entry })],
            Some((_, message, _)) => vec![Effect::Perform(Request::AskAbout { message })],
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "delivery.arrived",
        title: "Mark as arrived",
        help: "Settles an uncertain message as arrived, in your name.",
        scope: DELIVERY,
        keys: &["S"],
        danger: Danger::Asks(|_| "Mark it as arrived, in your name?".into()),
        ready: uncertain,
        run: |console| with_entry(console, |entry| Request::SettleArrived { entry }),
        ..ROW
    },
    CommandSpec {
        id: "delivery.thread",
        title: "Open thread",
        help: "Opens the thread of this message.",
        scope: DELIVERY,
        keys: &["t"],
        hint: true,
        ready: |console| entry(console).map(|_| ()),
        run: |console| {
            let Some(thread) = console.panes.delivery.selected().map(|row| row.thread_id) else { return vec![] };
            console.go_to_thread(thread)
        },
        ..ROW
    },
    retry("message.retry", Scope::Messages),
    CommandSpec {
        id: "activity.acknowledge",
        title: "Acknowledge",
        help: "Acknowledges the selected alert in your name.",
        scope: ACTIVITY,
        keys: &["a"],
        hint: true,
        ready: |console| match console.panes.activity.selected().map(|row| &row.kind) {
            Some(ActivityKind::Alert { acknowledged_by: None, .. }) => operator(console),
            Some(ActivityKind::Alert { acknowledged_by: Some(by), .. }) => {
                Err(format!("{by} has already acknowledged it."))
            }
            _ => Err("Select an alert first.".into()),
        },
        run: |console| match console.panes.activity.selected().map(|row| row.kind.clone()) {
            Some(ActivityKind::Alert { id, .. }) => vec![Effect::Perform(Request::AckAlert { alert: id })],
            _ => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.replay",
        title: "Replay",
        help: "Applies the selected webhook delivery again.",
        scope: ACTIVITY,
        keys: &["R"],
        ready: |console| match console.panes.activity.selected().map(|row| &row.kind) {
            Some(ActivityKind::Delivery { state, .. }) if state.name() == "rejected" => {
                Err("Its signature is not valid. Such deliveries are never applied.".into())
            }
            Some(ActivityKind::Delivery { .. }) => operator(console),
            _ => Err("Select a webhook delivery first.".into()),
        },
        run: |console| match console.panes.activity.selected_delivery() {
            Some(delivery) => vec![Effect::Perform(Request::ReplayDelivery { delivery })],
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.thread",
        title: "Open thread",
        help: "Opens the thread of this item.",
        scope: ACTIVITY,
        keys: &["t"],
        ready: |console| match console.panes.activity.selected().and_then(|row| row.thread) {
            Some(_) => Ok(()),
            None => Err("This item belongs to no thread.".into()),
        },
        run: |console| match console.panes.activity.selected().and_then(|row| row.thread) {
            Some(thread) => console.go_to_thread(thread),
            None => vec![],
        },
        ..ROW
    },
];

const fn retry(id: &'static str, scope: Scope) -> CommandSpec {
    CommandSpec {
        id,
        title: "Retry",
        short: "",
        help: "Retries a failed message with a new series of attempts; asks first if it may arrive twice.",
        scope,
        keys: &["R"],
        hint: true,
        danger: Danger::Asks(|console| match entry_at_hand(console) {
            Some((entry, EntryState::Uncertain)) => {
                format!("Retry {entry}? If it did arrive, the contact gets it twice.")
            }
            Some((entry, _)) => format!("Send {entry} again?"),
            None => String::new(),
        }),
        ready: |console| match self::entry(console)? {
            state if state.can_retry() => Ok(()),
            state => Err(format!("It is {}, so it cannot be retried.", state.name())),
        },
        run: |console| with_entry(console, |entry| Request::RetryEntry { entry }),
    }
}

fn entry(console: &Console) -> Result<EntryState, String> {
    operator(console)?;
    entry_at_hand(console).map(|(_, state)| state).ok_or_else(|| "This message was not sent from here.".to_owned())
}

fn uncertain(console: &Console) -> Result<(), String> {
    match entry(console)? {
        EntryState::Uncertain => Ok(()),
        state => Err(format!("It is {}, not uncertain.", state.name())),
    }
}

fn with_entry(console: &mut Console, request: fn(crate::domain::ids::EntryId) -> Request) -> Vec<Effect> {
    entry_at_hand(console).map(|(entry, _)| vec![Effect::Perform(request(entry))]).unwrap_or_default()
}

/// The entry under the cursor of the Delivery pane, or of the message under the cursor.
pub(in crate::console) fn entry_at_hand(console: &Console) -> Option<(EntryId, EntryState)> {
    match console.cx.pane {
        PaneId::Delivery => console.panes.delivery.entry_at_hand(),
        PaneId::Threads => console.panes.threads.entry_at_hand(),
        _ => None,
    }
}
