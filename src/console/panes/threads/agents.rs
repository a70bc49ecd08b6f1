//! Commands for the agent of a thread, and for the replies that it suggests.

use super::commands::{can_write, operator_with_thread, with_thread};
use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::Picker;
use crate::console::pane_id::PaneId;
use crate::console::panes::agents::forms::AgentForm;
use crate::console::panes::agents::menu::AgentMenu;
use crate::console::panes::agents::run::AgentRun;
use crate::console::panes::agents::stopping::{StopPicker, scopes_of_thread};
use crate::console::panes::flows::pickers::FlowToSend;
use crate::console::panes::row::{Command, Danger};
use crate::console::settings::Focus;
use crate::console::user_error::UserError;
use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::ids::RunId;
use crate::domain::request::Request;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[Command<ThreadsPane>] = &[
    Command {
        id: "thread.flow",
        title: "Send a Flow",
        help: "Chooses a Flow and sends it into this thread.",
        scope: Scope::Messages,
        keys: &["f"],
        ready: |_, cx| cx.operator(),
        run: |pane, _| match pane.open.as_ref().and_then(|open| open.row.as_ref()) {
            Some(row) => vec![Picker::open(FlowToSend::into_thread(row))],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "thread.stop_agents",
        title: "Stop agents",
        short: "stop",
        help: "Stops this thread's agent, one agent or all agents now, or resumes them.",
        scope: THREADS,
        keys: &["!"],
        hint: true,
        ready: stoppable,
        run: |pane, cx| vec![Picker::open(StopPicker::new(scopes_of_thread(pane.at_hand(cx))))],
        ..Command::ROW
    },
    Command {
        id: "thread.agent",
        title: "Agent",
        help: "Opens the menu of this thread's agent: propose, reset its memory, runs, stop.",
        scope: THREADS,
        keys: &["A"],
        ready: operator_with_thread,
        run: |pane, cx| match pane.at_hand(cx) {
            Some(row) => vec![Picker::open(AgentMenu::new(row.clone(), selected_run(pane)))],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "answer.accept",
        title: "Send suggested reply",
        help: "Sends the reply that the agent suggests, unchanged.",
        scope: Scope::Messages,
        keys: &["Y"],
        danger: Danger::Asks(|pane, cx| {
            let whom = pane.at_hand(cx).map(|row| row.contact.display_name()).unwrap_or_default();
            format!("Send the suggested reply to {whom}, unchanged?")
        }),
        ready: proposal,
        run: |pane, _| match pane.proposal().map(|record| record.run.id) {
            Some(run) => perform(AgentRequest::Accept { run, instead: None }),
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "answer.edit",
        title: "Edit suggested reply",
        help: "Opens the suggested reply in the composer. What you send from there is your own message.",
        scope: Scope::Messages,
        keys: &["E"],
        ready: |pane, cx| {
            proposal(pane, cx)?;
            if pane.composer().is_some_and(|composer| !composer.is_empty() && composer.answers.is_none()) {
                return Err("You have started a message here. Send it or clear it first.".into());
            }
            Ok(())
        },
        run: |pane, _| {
            pane.edit_proposal();
            vec![Intent::Focus(Focus::Composer)]
        },
        ..Command::ROW
    },
    Command {
        id: "answer.dismiss",
        title: "Dismiss suggested reply",
        help: "Dismisses the suggested reply. The thread still waits for a person.",
        scope: Scope::Messages,
        keys: &["X"],
        ready: proposed,
        run: |pane, _| {
            let known = pane.proposal().map(|record| (record.run.id, record.run.agent.clone()));
            match known {
                Some((run, agent)) => vec![Form::open(AgentForm::Dismiss { run, agent })],
                None => vec![],
            }
        },
        ..Command::ROW
    },
    Command {
        id: "message.run",
        title: "Agent run",
        help: "Shows the agent run behind the message: its input, tool calls and reply.",
        scope: Scope::Messages,
        keys: &["I"],
        ready: operator_with_thread,
        run: |pane, cx| with_thread(pane, cx, |pane, thread| vec![AgentRun::show(thread, selected_run(pane))]),
        ..Command::ROW
    },
];

fn perform(request: AgentRequest) -> Vec<Intent> {
    vec![Intent::perform(Request::Agents(request))]
}

fn stoppable(_: &ThreadsPane, cx: &Cx) -> Result<(), UserError> {
    cx.can_stop_agents()
}

/// Fails if there is no suggested reply, or if the actor may not decide about it.
fn proposed(pane: &ThreadsPane, cx: &Cx) -> Result<(), UserError> {
    cx.require(Permission::DecideSuggestedReplies)?;
    pane.proposal().map(|_| ()).ok_or_else(|| "There is no suggested reply here.".into())
}

/// Fails if the suggested reply cannot be decided or cannot be sent now.
fn proposal(pane: &ThreadsPane, cx: &Cx) -> Result<(), UserError> {
    proposed(pane, cx)?;
    can_write(pane, cx)
}

/// Returns the run that wrote the selected message. Without a selection, returns the run of the suggested reply.
fn selected_run(pane: &ThreadsPane) -> Option<RunId> {
    let of_message = pane.open.as_ref().filter(|open| open.cursor.is_some()).and_then(|open| open.current());
    let waiting = pane.proposal().map(|record| record.run.id);
    of_message.map_or(waiting, |message| message.run)
}
