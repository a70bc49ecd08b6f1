//! Commands for agents, approvals, and suggested replies.

use super::difference::Difference;
use super::forms::AgentForm;
use super::proposing::ProposePicker;
use super::rows::AgentRow;
use super::state::AgentsPane;
use super::stopping::StopPicker;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::line::Line;
use crate::console::overlays::picker::Picker;
use crate::console::overlays::reading::Reading;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::{Command, Danger};
use crate::console::user_error::UserError;
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::{Assignment, AssignmentState};
use crate::domain::agents::requests::{AgentRequest, AssignmentRow};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

const AGENTS: Scope = Scope::Pane(PaneId::Agents);

pub(in crate::console) const ROWS: &[Command<AgentsPane>] = &[
    Command {
        id: "agents.approve",
        title: "Approve",
        short: "",
        help: "Approves a proposed assignment, or a changed agent again: the agent answers from then on.",
        scope: AGENTS,
        keys: &["a"],
        hint: true,
        danger: Danger::Asks(|pane, cx| match pane.selected(cx) {
            Some(AgentRow::Assignment(row)) => pane.approval_question(&row.assignment, &subject_text(row)),
            _ => String::new(),
        }),
        ready: |pane, cx| decidable(pane, cx).map(|_| ()),
        run: |pane, cx| match decidable(pane, cx).map(|assignment| assignment.id) {
            Ok(assignment) => perform(AgentRequest::Approve { assignment }),
            Err(_) => vec![],
        },
    },
    Command {
        id: "agents.reject",
        title: "Reject",
        help: "Rejects the proposed assignment, with a reason.",
        scope: AGENTS,
        keys: &["x"],
        hint: true,
        ready: |pane, cx| waiting(pane, cx).map(|_| ()),
        run: |pane, cx| {
            let Ok(assignment) = waiting(pane, cx).map(|assignment| assignment.id) else { return vec![] };
            let asks = move |reason: &str| {
                let request = AgentRequest::Reject { assignment, reason: reason.to_owned() };
                let question = format!("Reject {assignment}: \"{}\"?", clean_line(reason));
                vec![Intent::ask_first(question, Request::Agents(request))]
            };
            vec![Line::open("Why do you reject it?", Box::new(asks))]
        },
        ..Command::ROW
    },
    Command {
        id: "agents.narrow",
        title: "Restrict",
        help: "Approves an assignment with a smaller contract.",
        scope: AGENTS,
        keys: &["E"],
        hint: true,
        ready: |pane, cx| {
            in_hand(pane, cx, |one| one.state.waits() || one.state == AssignmentState::Active).map(|_| ())
        },
        run: |pane, cx| {
            with_row(pane, cx, |row| AgentForm::Narrow {
                whom: subject_text(row),
                question: pane.approval_question(&row.assignment, &subject_text(row)),
                assignment: boxed(row),
            })
        },
        ..Command::ROW
    },
    Command {
        id: "agents.snooze",
        title: "Postpone",
        help: "Postpones the decision. The proposal still expires at its time.",
        scope: AGENTS,
        keys: &["s"],
        ready: |pane, cx| waiting(pane, cx).map(|_| ()),
        run: |pane, cx| with_row(pane, cx, |row| AgentForm::Snooze { assignment: row.assignment.id }),
        ..Command::ROW
    },
    Command {
        id: "agents.difference",
        title: "Compare with current",
        short: "compare",
        help: "Shows how the contract differs from the active one.",
        scope: AGENTS,
        keys: &["d"],
        hint: true,
        ready: |pane, cx| pane.selected_assignment(cx).map(|_| ()).ok_or_else(|| NOT_ONE.into()),
        run: |pane, cx| {
            let one = pane.selected_assignment(cx).map(|one| one.id);
            let text = one.map(|id| Difference::new(id, pane.detail_of(id).cloned()));
            text.map(Reading::open).into_iter().collect()
        },
        ..Command::ROW
    },
    Command {
        id: "agents.rehearse",
        title: "Rehearse",
        help: "Rehearses an assignment on past messages, or an agent on its written conversations. Nothing is sent.",
        scope: AGENTS,
        keys: &["r"],
        hint: true,
        ready: |pane, cx| {
            cx.require(Permission::RehearseAgents)?;
            if matches!(pane.selected(cx), Some(AgentRow::Agent(_))) {
                return Ok(());
            }
            pane.selected_assignment(cx).map(|_| ()).ok_or_else(|| NOT_ONE.into())
        },
        run: |pane, cx| match pane.selected(cx) {
            Some(AgentRow::Agent(agent)) => {
                let agent = agent.name.clone();
                perform(AgentRequest::RehearseWritten { agent, conversations: vec![], keep: false })
            }
            _ => with_row(pane, cx, |row| AgentForm::Rehearse {
                assignment: row.assignment.id,
                agent: row.assignment.agent.clone(),
            }),
        },
        ..Command::ROW
    },
    Command {
        id: "agents.propose",
        title: "Propose",
        help: "Proposes an agent for a number; on an assignment, starts from its contract.",
        scope: AGENTS,
        keys: &["p"],
        ready: |_, cx| cx.require(Permission::ProposeAgents),
        run: |pane, cx| match pane.selected(cx) {
            Some(AgentRow::Assignment(_)) => with_row(pane, cx, |row| AgentForm::Propose {
                agent: row.assignment.agent.clone(),
                connection: row.assignment.connection,
                thread: row.assignment.thread,
                whom: subject_text(row),
                known: Some(boxed(row)),
            }),
            _ => {
                let number = pane.selected_assignment(cx).map(|one| one.connection);
                vec![Picker::open(ProposePicker::for_number(number))]
            }
        },
        ..Command::ROW
    },
    Command {
        id: "agents.revoke",
        title: "Revoke",
        help: "Revokes the active assignment: its runs end, and their threads wait for a person.",
        scope: AGENTS,
        keys: &["X"],
        ready: |pane, cx| in_hand(pane, cx, |one| one.state == AssignmentState::Active).map(|_| ()),
        run: |pane, cx| {
            with_row(pane, cx, |row| AgentForm::Revoke {
                assignment: row.assignment.id,
                words: format!("{} answers {}", row.assignment.agent, subject_text(row)),
            })
        },
        ..Command::ROW
    },
    Command {
        id: "agents.test",
        title: "Test agent",
        help: "Asks the agent for a reply to a text. Nothing is sent.",
        scope: AGENTS,
        keys: &["t"],
        ready: |pane, cx| {
            cx.require(Permission::RehearseAgents)?;
            pane.agent(cx).map(|_| ()).ok_or_else(|| "Select an agent first.".into())
        },
        run: |pane, cx| match pane.agent(cx) {
            Some(agent) => vec![Form::open(AgentForm::Test { agent })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "agents.thread",
        title: "Open thread",
        help: "Opens the thread of the run or the assignment.",
        scope: AGENTS,
        keys: &["o"],
        ready: |pane, cx| pane.thread(cx).map(|_| ()).ok_or_else(|| "This item belongs to no single thread.".into()),
        run: |pane, cx| match pane.thread(cx) {
            Some(thread) => vec![Intent::GoToThread(thread)],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "agents.stop",
        title: "Stop agents",
        short: "stop",
        help: "Stops a thread's agent, one agent or all agents now, or resumes them.",
        scope: AGENTS,
        keys: &["!"],
        hint: true,
        ready: stoppable,
        run: |pane, cx| vec![Picker::open(StopPicker::new(pane.stop_scopes(cx)))],
        ..Command::ROW
    },
];

const NOT_ONE: &str = "Select an assignment first.";

fn perform(request: AgentRequest) -> Vec<Intent> {
    vec![Intent::perform(Request::Agents(request))]
}

/// Returns the name of what the assignment answers: a number, or one contact of it.
fn subject_text(row: &AssignmentRow) -> String {
    match &row.contact {
        Some(contact) => format!("only {}, via {}", contact.display_name(), row.connection_name),
        None => row.connection_name.clone(),
    }
}

fn boxed(row: &AssignmentRow) -> Box<Assignment> {
    Box::new(row.assignment.clone())
}

/// Opens a form for the selected assignment.
fn with_row(pane: &AgentsPane, cx: &Cx, of: impl Fn(&AssignmentRow) -> AgentForm) -> Vec<Intent> {
    let Some(AgentRow::Assignment(row)) = pane.selected(cx) else { return vec![] };
    vec![Form::open(of(row))]
}

/// Returns the selected assignment. Fails if its state does not fit, or if the actor may not decide about agents.
fn in_hand<'p>(pane: &'p AgentsPane, cx: &Cx, fits: fn(&Assignment) -> bool) -> Result<&'p Assignment, UserError> {
    let one = pane.selected_assignment(cx).ok_or(NOT_ONE)?;
    if !fits(one) {
        return Err(format!("It is already {}.", one.state.name()).into());
    }
    cx.require(Permission::DecideAssignments)?;
    Ok(one)
}

/// Returns the selected assignment if it waits for a decision.
fn waiting<'p>(pane: &'p AgentsPane, cx: &Cx) -> Result<&'p Assignment, UserError> {
    in_hand(pane, cx, |one| one.state.waits())
}

/// Returns the selected assignment if it can be approved: it waits, or its agent has changed since the approval.
fn decidable<'p>(pane: &'p AgentsPane, cx: &Cx) -> Result<&'p Assignment, UserError> {
    in_hand(pane, cx, |one| one.state.waits() || one.stale_since.is_some() && one.state == AssignmentState::Active)
}

fn stoppable(_: &AgentsPane, cx: &Cx) -> Result<(), UserError> {
    cx.can_stop_agents()
}
