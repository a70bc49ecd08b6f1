//! Commands about the outbox and about what arrives.

use super::threads::operator;
use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::{Console, Effect, Pane};
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::outbox::entry::EntryState;
use crate::domain::request::Request;

const DELIVERY: Scope = Scope::Pane(Pane::Delivery);
const ACTIVITY: Scope = Scope::Pane(Pane::Activity);

pub(super) const ROWS: &[CommandSpec] = &[
    retry("delivery.retry", DELIVERY),
    CommandSpec {
        id: "delivery.discard",
        title: "Discard",
        help: "Takes the message out of the outbox: it will not be sent. What a provider keeps is called back.",
        scope: DELIVERY,
        keys: &["X"],
        hint: true,
        danger: Danger::Asks(|console| match console.entry_at_hand() {
            Some((entry, EntryState::Uncertain)) => {
                format!("Discard {entry}? It may have arrived all the same.")
            }
            Some((entry, EntryState::Scheduled)) => format!("Call {entry} back? The provider is asked not to send it."),
            Some((entry, _)) => format!("Discard {entry}? It will not be sent."),
            None => String::new(),
        }),
        ready: |console| match entry(console)? {
            state if state.can_discard() => Ok(()),
            state => Err(format!("It is {}: there is nothing to take out.", state.name())),
        },
        run: |console| with_entry(console, |entry| Request::DiscardEntry { entry }),
    },
    CommandSpec {
        id: "delivery.look_up",
        title: "Ask the provider",
        help: "Asks the provider what became of the message; an uncertain one is looked for in its list.",
        scope: DELIVERY,
        keys: &["p"],
        ready: |console| match entry(console)? {
            EntryState::Uncertain | EntryState::Scheduled | EntryState::Accepted | EntryState::Failed => Ok(()),
            state => Err(format!("It is {}: the provider does not have it.", state.name())),
        },
        run: |console| match console.selected_entry().map(|row| (row.id, row.message_id, row.state)) {
            Some((entry, _, EntryState::Uncertain)) => vec![Effect::Perform(Request::LookUp { entry })],
            Some((_, message, _)) => vec![Effect::Perform(Request::AskAbout { message })],
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "delivery.arrived",
        title: "It arrived",
        help: "Settles an uncertain message: you looked, and it arrived.",
        scope: DELIVERY,
        keys: &["S"],
        danger: Danger::Asks(|_| "Count it as arrived, with your name on it?".into()),
        ready: uncertain,
        run: |console| with_entry(console, |entry| Request::SettleArrived { entry }),
        ..ROW
    },
    CommandSpec {
        id: "delivery.thread",
        title: "Go to the thread",
        help: "Opens the thread of this message.",
        scope: DELIVERY,
        keys: &["t"],
        hint: true,
        ready: |console| entry(console).map(|_| ()),
        run: |console| {
            let Some(thread) = console.selected_entry().map(|row| row.thread_id) else { return vec![] };
            console.go_to_thread(thread)
        },
        ..ROW
    },
    retry("message.retry", Scope::Messages),
    CommandSpec {
        id: "activity.acknowledge",
        title: "Acknowledge",
        help: "Acknowledges the alert under the cursor, with your name.",
        scope: ACTIVITY,
        keys: &["a"],
        hint: true,
        ready: |console| match console.selected_activity().map(|row| &row.kind) {
            Some(ActivityKind::Alert { acknowledged_by: None, .. }) => operator(console),
            Some(ActivityKind::Alert { acknowledged_by: Some(by), .. }) => Err(format!("{by} has acknowledged it.")),
            _ => Err("This is not an alert.".into()),
        },
        run: |console| match console.selected_activity().map(|row| row.kind.clone()) {
            Some(ActivityKind::Alert { id, .. }) => vec![Effect::Perform(Request::AckAlert { alert: id })],
            _ => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.replay",
        title: "Read again",
        help: "Reads the delivery under the cursor again, after a fix.",
        scope: ACTIVITY,
        keys: &["R"],
        ready: |console| match console.selected_activity().map(|row| &row.kind) {
            Some(ActivityKind::Delivery { state, .. }) if state.name() == "rejected" => {
                Err("Its signature was wrong: such requests are never applied.".into())
            }
            Some(ActivityKind::Delivery { .. }) => operator(console),
            _ => Err("This is not a delivery.".into()),
        },
        run: |console| match console.selected_delivery() {
            Some(delivery) => vec![Effect::Perform(Request::ReplayDelivery { delivery })],
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "activity.thread",
        title: "Go to the thread",
        help: "Opens the thread that this is about.",
        scope: ACTIVITY,
        keys: &["t"],
        ready: |console| match console.selected_activity().and_then(|row| row.thread) {
            Some(_) => Ok(()),
            None => Err("This is not about a thread.".into()),
        },
        run: |console| match console.selected_activity().and_then(|row| row.thread) {
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
        help: "Tries a failed message again, as a new series of attempts; asks first where it may arrive twice.",
        scope,
        keys: &["R"],
        hint: true,
        danger: Danger::Asks(|console| match console.entry_at_hand() {
            Some((entry, EntryState::Uncertain)) => {
                format!("Retry {entry}? Its answer was lost: if it arrived, the contact gets it twice.")
            }
            Some((entry, _)) => format!("Send {entry} again?"),
            None => String::new(),
        }),
        ready: |console| match self::entry(console)? {
            state if state.can_retry() => Ok(()),
            state => Err(format!("It is {}: there is nothing to try again.", state.name())),
        },
        run: |console| with_entry(console, |entry| Request::RetryEntry { entry }),
    }
}

fn entry(console: &Console) -> Result<EntryState, String> {
    operator(console)?;
    console.entry_at_hand().map(|(_, state)| state).ok_or_else(|| "This message was not sent from here.".to_owned())
}

fn uncertain(console: &Console) -> Result<(), String> {
    match entry(console)? {
        EntryState::Uncertain => Ok(()),
        state => Err(format!("It is {}, not uncertain.", state.name())),
    }
}

fn with_entry(console: &mut Console, request: fn(crate::domain::ids::EntryId) -> Request) -> Vec<Effect> {
    console.entry_at_hand().map(|(entry, _)| vec![Effect::Perform(request(entry))]).unwrap_or_default()
}
