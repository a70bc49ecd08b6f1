//! Commands for alerts and webhook deliveries.

use super::state::ActivityPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::pane_id::PaneId;
use crate::console::panes::pane::Pane;
use crate::console::panes::row::{Command, Danger};
use crate::console::user_error::UserError;
use crate::domain::access::permission::Permission;
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::request::Request;

const ACTIVITY: Scope = Scope::Pane(PaneId::Activity);

pub(in crate::console) const ROWS: &[Command<ActivityPane>] = &[
    Command {
        id: "activity.acknowledge",
        title: "Acknowledge",
        help: "Acknowledges the selected alert in your name.",
        scope: ACTIVITY,
        keys: &["a"],
        hint: true,
        ready: |pane, cx| match pane.selected().map(|row| &row.kind) {
            Some(ActivityKind::Alert { acknowledged_by: None, .. }) => cx.operator(),
            Some(ActivityKind::Alert { acknowledged_by: Some(by), .. }) => {
                Err(format!("{by} has already acknowledged it.").into())
            }
            _ => Err("Select an alert first.".into()),
        },
        run: |pane, _| match pane.selected().map(|row| row.kind.clone()) {
            Some(ActivityKind::Alert { id, .. }) => vec![Intent::perform(Request::AckAlert { alert: id })],
            _ => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "activity.replay",
        title: "Replay",
        help: "Applies the selected webhook delivery again.",
        scope: ACTIVITY,
        keys: &["R"],
        ready: |pane, cx| match pane.selected().map(|row| &row.kind) {
            Some(ActivityKind::Delivery { state, .. }) if state.name() == "rejected" => {
                Err("Its signature is not valid. Such deliveries are never applied.".into())
            }
            Some(ActivityKind::Delivery { .. }) => cx.operator(),
            _ => Err("Select a webhook delivery first.".into()),
        },
        run: |pane, _| match pane.selected_delivery() {
            Some(delivery) => vec![Intent::perform(Request::ReplayDelivery { delivery })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "activity.thread",
        title: "Open thread",
        help: "Opens the thread of this item.",
        scope: ACTIVITY,
        keys: &["t"],
        ready: |pane, _| match pane.selected().and_then(|row| row.thread) {
            Some(_) => Ok(()),
            None => Err("This item belongs to no thread.".into()),
        },
        run: |pane, _| match pane.selected().and_then(|row| row.thread) {
            Some(thread) => vec![Intent::GoToThread(thread)],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "activity.follow",
        title: "Follow or pause",
        help: "Pauses the list while you read, or follows new items.",
        scope: ACTIVITY,
        keys: &["F"],
        run: |pane, _| {
            pane.paused = !pane.paused;
            if pane.paused {
                return vec![Intent::Notice("The list is paused. Press F to follow new items.".to_owned())];
            }
            pane.list.go_top();
            vec![Intent::Ask(pane.query())]
        },
        ..Command::ROW
    },
    Command {
        id: "activity.try",
        title: "Dry run",
        help: "Shows what applying the webhook delivery would do, without doing it.",
        scope: ACTIVITY,
        keys: &["D"],
        ready: delivery_ready,
        run: |pane, _| match pane.selected_delivery() {
            Some(delivery) => vec![Intent::perform(Request::DryRunDelivery { delivery, body: None })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "activity.reveal",
        title: "Reveal",
        help: "Shows the body of the webhook delivery for a minute; the audit log records who did.",
        scope: ACTIVITY,
        keys: &["v"],
        ready: reveal_ready,
        run: |pane, _| {
            pane.edits = None;
            reveal(pane)
        },
        ..Command::ROW
    },
    Command {
        id: "activity.edit",
        title: "Edit a copy",
        help: "Opens a copy of the body in your editor, and shows what applying it would do.",
        scope: ACTIVITY,
        keys: &["E"],
        ready: reveal_ready,
        run: |pane, _| {
            pane.edits = pane.selected_delivery();
            reveal(pane)
        },
        ..Command::ROW
    },
    Command {
        id: "activity.acknowledge_all",
        title: "Acknowledge all",
        help: "Acknowledges all open alerts in your name.",
        scope: ACTIVITY,
        keys: &["A"],
        danger: Danger::Asks(|pane, _| format!("Acknowledge {} alerts in your name?", pane.open_alerts().len())),
        ready: |pane, cx| {
            cx.operator()?;
            if pane.open_alerts().is_empty() { Err("No open alerts.".into()) } else { Ok(()) }
        },
        run: |pane, _| {
            pane.open_alerts().into_iter().map(|alert| Intent::perform(Request::AckAlert { alert })).collect()
        },
        ..Command::ROW
    },
];

fn reveal_ready(pane: &ActivityPane, cx: &Cx) -> Result<(), UserError> {
    delivery_ready(pane, cx)?;
    cx.require(Permission::RevealWebhookBodies)
}

fn reveal(pane: &ActivityPane) -> Vec<Intent> {
    match pane.selected_delivery() {
        Some(delivery) => vec![Intent::perform(Request::RevealDelivery { delivery })],
        None => vec![],
    }
}

fn delivery_ready(pane: &ActivityPane, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    pane.selected_delivery().map(|_| ()).ok_or_else(|| "Select a webhook delivery first.".into())
}
