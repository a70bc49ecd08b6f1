//! Commands for the handling of a thread: transfer, resolve, mark as read, refresh.

use super::commands::{operator_with_thread, with_thread};
use super::forms::resolve::ResolveForm;
use super::forms::snooze::SnoozeForm;
use super::labels::LabelPicker;
use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::Picker;
use crate::console::overlays::pickers::here::Colleagues;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::Command;
use crate::domain::access::permission::Permission;
use crate::domain::request::Request;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[Command<ThreadsPane>] = &[
    Command {
        id: "thread.hand_over",
        title: "Transfer",
        help: "Transfers the thread and your draft to a colleague, who may be offline.",
        scope: THREADS,
        keys: &["H"],
        ready: operator_with_thread,
        run: |pane, cx| {
            let Some(thread) = pane.at_hand(cx).map(|row| row.id) else { return vec![] };
            vec![Picker::open(Colleagues::for_thread(thread))]
        },
        ..Command::ROW
    },
    Command {
        id: "thread.resolve",
        title: "Resolve or reopen",
        short: "resolve",
        help: "Resolves the thread: nothing is left to do until the contact writes again. Reopens a resolved one.",
        scope: THREADS,
        keys: &["ctrl-x"],
        ready: operator_with_thread,
        run: |pane, cx| {
            let Some(row) = pane.at_hand(cx) else { return vec![] };
            let (thread, contact) = (row.id, row.contact.display_name());
            if row.resolved.is_some() {
                return vec![Intent::perform(Request::ReopenThread { thread })];
            }
            vec![Form::open(ResolveForm { thread, contact })]
        },
        ..Command::ROW
    },
    Command {
        id: "thread.snooze",
        title: "Snooze or end the snooze",
        short: "snooze",
        help: "Puts the thread off until a time, or until the contact writes again. Ends the snooze of a snoozed one.",
        scope: THREADS,
        keys: &["ctrl-g"],
        ready: operator_with_thread,
        run: |pane, cx| {
            let Some(row) = pane.at_hand(cx) else { return vec![] };
            let (thread, contact) = (row.id, row.contact.display_name());
            if row.snoozed.is_some() {
                return vec![Intent::perform(Request::UnsnoozeThread { thread })];
            }
            vec![Form::open(SnoozeForm { thread, contact, window_closes_at: row.window_closes_at })]
        },
        ..Command::ROW
    },
    Command {
        id: "thread.label",
        title: "Labels",
        short: "label",
        help: "Adds a label to the thread, or removes one.",
        scope: THREADS,
        keys: &["ctrl-k"],
        ready: operator_with_thread,
        run: |pane, cx| pane.at_hand(cx).map(|row| Picker::open(LabelPicker::new(row))).into_iter().collect(),
        ..Command::ROW
    },
    Command {
        id: "thread.mark_read",
        title: "Mark read",
        help: "Marks the thread as read, here and for the contact.",
        scope: THREADS,
        keys: &["m"],
        ready: operator_with_thread,
        run: |pane, cx| with_thread(pane, cx, |_, thread| vec![Intent::perform(Request::MarkRead { thread })]),
        ..Command::ROW
    },
    Command {
        id: "thread.refresh",
        title: "Refresh thread",
        help: "Compares the thread with its conversation at the provider, and adds what is missing.",
        scope: THREADS,
        keys: &["g p"],
        ready: |pane, cx| {
            cx.require(Permission::Backfill)?;
            pane.at_hand(cx).map(|_| ()).ok_or_else(|| "Select a thread first.".into())
        },
        run: |pane, cx| {
            with_thread(pane, cx, |_, thread| {
                let said = "Comparing the thread with its conversation at the provider …".to_owned();
                vec![Intent::Notice(said), Intent::perform(Request::RefreshThread { thread })]
            })
        },
        ..Command::ROW
    },
];
