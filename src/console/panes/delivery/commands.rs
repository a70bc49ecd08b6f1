//! Commands for the outbox.

use super::bulk::BulkPicker;
use super::state::DeliveryPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::picker::Picker;
use crate::console::pane_id::PaneId;
use crate::console::panes::retry::{HasEntry, NOT_SENT, retry};
use crate::console::panes::row::{Command, Danger};
use crate::console::user_error::UserError;
use crate::domain::ids::EntryId;
use crate::domain::outbox::entry::EntryState;
use crate::domain::request::Request;

const DELIVERY: Scope = Scope::Pane(PaneId::Delivery);

impl HasEntry for DeliveryPane {
    fn selected_entry(&self) -> Option<(EntryId, EntryState)> {
        self.selected_entry()
    }
}

pub(in crate::console) const ROWS: &[Command<DeliveryPane>] = &[
    retry("delivery.retry", DELIVERY),
    Command {
        id: "delivery.discard",
        title: "Discard",
        short: "",
        help: "Discards the message: it will not be sent. If the provider scheduled it, it is canceled there.",
        scope: DELIVERY,
        keys: &["X"],
        hint: true,
        danger: Danger::Asks(|pane, _| match pane.selected_entry() {
            Some((entry, EntryState::Uncertain)) => {
                format!("Discard {entry}? The contact may still have received it.")
            }
            Some((entry, EntryState::Scheduled)) => format!("Cancel {entry} at the provider?"),
            Some((entry, _)) => format!("Discard {entry}? It will not be sent."),
            None => String::new(),
        }),
        ready: |pane, cx| match entry(pane, cx)? {
            state if state.can_discard() => Ok(()),
            state => Err(format!("It is {}, so it cannot be discarded.", state.name()).into()),
        },
        run: |pane, _| with_entry(pane, |entry| Request::DiscardEntry { entry }),
    },
    Command {
        id: "delivery.look_up",
        title: "Query provider",
        help: "Queries the provider for the delivery status; an uncertain message is looked up in its list.",
        scope: DELIVERY,
        keys: &["p"],
        ready: |pane, cx| match entry(pane, cx)? {
            EntryState::Uncertain | EntryState::Scheduled | EntryState::Accepted | EntryState::Failed => Ok(()),
            state => Err(format!("It is {}: the provider has no record of it.", state.name()).into()),
        },
        run: |pane, _| match pane.selected().map(|row| (row.id, row.message_id, row.state)) {
            Some((entry, _, EntryState::Uncertain)) => vec![Intent::perform(Request::Reconcile { entry })],
            Some((_, message, _)) => vec![Intent::perform(Request::QueryStatus { message })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "delivery.arrived",
        title: "Mark as arrived",
        help: "Settles an uncertain message as arrived, in your name.",
        scope: DELIVERY,
        keys: &["S"],
        danger: Danger::Asks(|_, _| "Mark it as arrived, in your name?".into()),
        ready: uncertain,
        run: |pane, _| with_entry(pane, |entry| Request::ConfirmArrived { entry }),
        ..Command::ROW
    },
    Command {
        id: "delivery.thread",
        title: "Open thread",
        help: "Opens the thread of this message.",
        scope: DELIVERY,
        keys: &["t"],
        hint: true,
        ready: |pane, cx| entry(pane, cx).map(|_| ()),
        run: |pane, _| {
            let Some(thread) = pane.selected().map(|row| row.thread_id) else { return vec![] };
            vec![Intent::GoToThread(thread)]
        },
        ..Command::ROW
    },
    Command {
        id: "delivery.bulk",
        title: "Bulk action",
        help: "Retries, discards, holds or releases all messages that match the filter; counts them first.",
        scope: DELIVERY,
        keys: &["*"],
        hint: true,
        ready: |pane, cx| {
            cx.operator()?;
            if pane.list.filter.trim().is_empty() {
                return Err("Filter the list first, such as / status:failed since:2h.".into());
            }
            Ok(())
        },
        run: |pane, _| vec![Picker::open(BulkPicker { text: pane.list.filter.clone() })],
        ..Command::ROW
    },
    Command {
        id: "delivery.hold",
        title: "Hold or release",
        help: "Holds a queued message until it is released, or releases it.",
        scope: DELIVERY,
        keys: &["H"],
        ready: |pane, cx| {
            cx.operator()?;
            match pane.selected_entry() {
                Some((_, EntryState::Queued)) => Ok(()),
                Some((_, state)) => {
                    Err(format!("It is {}, and only queued messages can be held.", state.name()).into())
                }
                None => Err("Select a message first.".into()),
            }
        },
        run: |pane, _| {
            let Some(row) = pane.selected() else { return vec![] };
            let entry = row.id;
            let held = row.hold.is_some() || row.not_before.is_some();
            vec![Intent::perform(if held { Request::ReleaseEntry { entry } } else { Request::HoldEntry { entry } })]
        },
        ..Command::ROW
    },
    Command {
        id: "delivery.curl",
        title: "Copy as curl",
        help: "Copies the last request as a curl command; secrets are left as variables.",
        scope: DELIVERY,
        keys: &["Y"],
        ready: |pane, _| match pane.curl() {
            Some(_) => Ok(()),
            None => Err("No request was sent for it yet.".into()),
        },
        run: |pane, _| match pane.curl() {
            Some(text) => {
                let said = "Copied the request as a curl command.".to_owned();
                vec![Intent::Notice(said), Intent::Effect(Effect::Copy(text))]
            }
            None => vec![],
        },
        ..Command::ROW
    },
];

fn entry(pane: &DeliveryPane, cx: &Cx) -> Result<EntryState, UserError> {
    cx.operator()?;
    pane.selected_entry().map(|(_, state)| state).ok_or_else(|| NOT_SENT.into())
}

fn uncertain(pane: &DeliveryPane, cx: &Cx) -> Result<(), UserError> {
    match entry(pane, cx)? {
        EntryState::Uncertain => Ok(()),
        state => Err(format!("It is {}, not uncertain.", state.name()).into()),
    }
}

fn with_entry(pane: &DeliveryPane, request: fn(EntryId) -> Request) -> Vec<Intent> {
    pane.selected_entry().map(|(entry, _)| vec![Intent::perform(request(entry))]).unwrap_or_default()
}
