//! Commands about agents, approvals, and the answers that wait for a person.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlays::finder::FinderKind;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::{Overlay, Purpose, Reading};
use crate::console::panes::agents::forms::AgentForm;
use crate::console::panes::agents::pickers::AgentFinder;
use crate::console::panes::agents::rows::AgentRow;
use crate::console::panes::pane::Pane;
use crate::console::panes::threads::commands::{can_write, operator_with_thread, with_thread};
use crate::console::{Console, Effect, Focus, PaneId};
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::{Assignment, AssignmentState};
use crate::domain::agents::requests::{AgentRequest, AssignmentRow};
use crate::domain::request::Request;

const AGENTS: Scope = Scope::Pane(PaneId::Agents);
const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "agents.approve",
        title: "Approve",
        short: "",
        help: "Approves a proposed assignment, or a changed agent again: the agent answers from then on.",
        scope: AGENTS,
        keys: &["a"],
        hint: true,
        danger: Danger::Asks(|console| match console.panes.agents.selected(&console.cx) {
            Some(AgentRow::Assignment(row)) => console.approval_question(&row.assignment, &whom(row)),
            _ => String::new(),
        }),
        ready: |console| decidable(console).map(|_| ()),
        run: |console| match decidable(console).map(|assignment| assignment.id) {
            Ok(assignment) => perform(AgentRequest::Approve { assignment }),
            Err(_) => vec![],
        },
    },
    CommandSpec {
        id: "agents.reject",
        title: "Reject",
        help: "Rejects the proposed assignment, with a reason.",
        scope: AGENTS,
        keys: &["x"],
        hint: true,
        ready: |console| waiting(console).map(|_| ()),
        run: |console| {
            if let Ok(assignment) = waiting(console).map(|assignment| assignment.id) {
                console.overlay = Some(Overlay::line("Why do you reject it?", "", Purpose::Reject(assignment)));
            }
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "agents.narrow",
        title: "Restrict",
        help: "Approves an assignment with a smaller contract.",
        scope: AGENTS,
        keys: &["E"],
        hint: true,
        ready: |console| in_hand(console, |one| one.state.waits() || one.state == AssignmentState::Active).map(|_| ()),
        run: |console| with_row(console, |row| AgentForm::Narrow { whom: whom(row), assignment: boxed(row) }),
        ..ROW
    },
    CommandSpec {
        id: "agents.snooze",
        title: "Postpone",
        help: "Postpones the decision. The proposal still expires at its time.",
        scope: AGENTS,
        keys: &["s"],
        ready: |console| waiting(console).map(|_| ()),
        run: |console| with_row(console, |row| AgentForm::Snooze { assignment: row.assignment.id }),
        ..ROW
    },
    CommandSpec {
        id: "agents.difference",
        title: "Compare with current",
        short: "compare",
        help: "Shows how the contract differs from the active one.",
        scope: AGENTS,
        keys: &["d"],
        hint: true,
        ready: |console| {
            console.panes.agents.selected_assignment(&console.cx).map(|_| ()).ok_or_else(|| NOT_ONE.into())
        },
        run: |console| {
            console.overlay = Some(Overlay::reading(Reading::Difference));
            let intents = console.panes.agents.detail(&console.cx);
            console.carry(intents)
        },
        ..ROW
    },
    CommandSpec {
        id: "agents.rehearse",
        title: "Rehearse",
        help: "Rehearses the agent on past messages. Nothing is sent.",
        scope: AGENTS,
        keys: &["r"],
        hint: true,
        ready: |console| {
            console.cx.may(Permission::RehearseAnAgent)?;
            console.panes.agents.selected_assignment(&console.cx).map(|_| ()).ok_or_else(|| NOT_ONE.into())
        },
        run: |console| {
            with_row(console, |row| AgentForm::Rehearse {
                assignment: row.assignment.id,
                agent: row.assignment.agent.clone(),
            })
        },
        ..ROW
    },
    CommandSpec {
        id: "agents.propose",
        title: "Propose",
        help: "Proposes an agent for a number; on an assignment, starts from its contract.",
        scope: AGENTS,
        keys: &["p"],
        ready: |console| console.cx.may(Permission::ProposeAnAgent),
        run: |console| match console.panes.agents.selected(&console.cx) {
            Some(AgentRow::Assignment(_)) => with_row(console, |row| AgentForm::Propose {
                agent: row.assignment.agent.clone(),
                connection: row.assignment.connection,
                thread: row.assignment.thread,
                whom: whom(row),
                known: Some(boxed(row)),
            }),
            _ => console.open_finder(FinderKind::Agent(AgentFinder::Propose(None))),
        },
        ..ROW
    },
    CommandSpec {
        id: "agents.revoke",
        title: "Revoke",
        help: "Revokes the active assignment: its runs end, and their threads wait for a person.",
        scope: AGENTS,
        keys: &["X"],
        ready: |console| in_hand(console, |one| one.state == AssignmentState::Active).map(|_| ()),
        run: |console| {
            with_row(console, |row| AgentForm::Revoke {
                assignment: row.assignment.id,
                words: format!("{} answers {}", row.assignment.agent, whom(row)),
            })
        },
        ..ROW
    },
    CommandSpec {
        id: "agents.test",
        title: "Test agent",
        help: "Asks the agent for a reply to a text. Nothing is sent.",
        scope: AGENTS,
        keys: &["t"],
        ready: |console| {
            console.cx.may(Permission::RehearseAnAgent)?;
            agent(console).map(|_| ()).ok_or_else(|| "Select an agent first.".into())
        },
        run: |console| match agent(console) {
            Some(agent) => console.open_form(FormKind::Agent(Box::new(AgentForm::Test { agent }))),
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "agents.thread",
        title: "Open thread",
        help: "Opens the thread of the run or the assignment.",
        scope: AGENTS,
        keys: &["o"],
        ready: |console| {
            console
                .panes
                .agents
                .thread(&console.cx)
                .map(|_| ())
                .ok_or_else(|| "This item belongs to no single thread.".into())
        },
        run: |console| match console.panes.agents.thread(&console.cx) {
            Some(thread) => console.go_to_thread(thread),
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "agents.stop",
        title: "Stop agents",
        short: "stop",
        help: "Stops a thread's agent, one agent or all agents now, or resumes them.",
        scope: AGENTS,
        keys: &["!"],
        hint: true,
        ready: stoppable,
        run: |console| console.open_finder(FinderKind::Agent(AgentFinder::Stop)),
        ..ROW
    },
    CommandSpec {
        id: "thread.stop_agents",
        title: "Stop agents",
        short: "stop",
        help: "Stops this thread's agent, one agent or all agents now, or resumes them.",
        scope: THREADS,
        keys: &["!"],
        hint: true,
        ready: stoppable,
        run: |console| console.open_finder(FinderKind::Agent(AgentFinder::Stop)),
        ..ROW
    },
    CommandSpec {
        id: "thread.agent",
        title: "Agent",
        help: "Opens the menu of this thread's agent: propose, reset its memory, runs, stop.",
        scope: THREADS,
        keys: &["A"],
        ready: operator_with_thread,
        run: |console| {
            with_thread(console, |console, thread| console.open_finder(FinderKind::Agent(AgentFinder::Menu(thread))))
        },
        ..ROW
    },
    CommandSpec {
        id: "answer.accept",
        title: "Send suggested reply",
        help: "Sends the reply that the agent suggests, unchanged.",
        scope: Scope::Messages,
        keys: &["Y"],
        danger: Danger::Asks(|console| {
            let whom = console.panes.threads.at_hand(&console.cx).map(|row| row.contact.shown()).unwrap_or_default();
            format!("Send the suggested reply to {whom}, unchanged?")
        }),
        ready: proposal,
        run: |console| match console.panes.threads.proposal().map(|record| record.run.id) {
            Some(run) => perform(AgentRequest::Accept { run, instead: None }),
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "answer.edit",
        title: "Edit suggested reply",
        help: "Opens the suggested reply in the composer. What you send from there is your own message.",
        scope: Scope::Messages,
        keys: &["E"],
        ready: |console| {
            proposal(console)?;
            if console
                .panes
                .threads
                .composer()
                .is_some_and(|composer| !composer.is_empty() && composer.answers.is_none())
            {
                return Err("You have started a message here. Send it or clear it first.".into());
            }
            Ok(())
        },
        run: |console| {
            console.panes.threads.edit_proposal();
            console.cx.focus = Focus::Composer;
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "answer.dismiss",
        title: "Dismiss suggested reply",
        help: "Dismisses the suggested reply. The thread still waits for a person.",
        scope: Scope::Messages,
        keys: &["X"],
        ready: proposed,
        run: |console| {
            let known = console.panes.threads.proposal().map(|record| (record.run.id, record.run.agent.clone()));
            match known {
                Some((run, agent)) => console.open_form(FormKind::Agent(Box::new(AgentForm::Dismiss { run, agent }))),
                None => vec![],
            }
        },
        ..ROW
    },
    CommandSpec {
        id: "message.run",
        title: "Agent run",
        help: "Shows the agent run behind the message: its input, tool calls and reply.",
        scope: Scope::Messages,
        keys: &["I"],
        ready: operator_with_thread,
        run: |console| with_thread(console, Console::show_run_at_hand),
        ..ROW
    },
];

const NOT_ONE: &str = "Select an assignment first.";

fn perform(request: AgentRequest) -> Vec<Effect> {
    vec![Effect::Perform(Request::Agents(request))]
}

fn whom(row: &AssignmentRow) -> String {
    match &row.contact {
        Some(contact) => format!("only {}, via {}", contact.shown(), row.connection_name),
        None => row.connection_name.clone(),
    }
}

fn boxed(row: &AssignmentRow) -> Box<Assignment> {
    Box::new(row.assignment.clone())
}

fn with_row(console: &mut Console, form: fn(&AssignmentRow) -> AgentForm) -> Vec<Effect> {
    let Some(AgentRow::Assignment(row)) = console.panes.agents.selected(&console.cx) else { return vec![] };
    let form = FormKind::Agent(Box::new(form(row)));
    console.open_form(form)
}

fn agent(console: &Console) -> Option<String> {
    match console.panes.agents.selected(&console.cx)? {
        AgentRow::Agent(agent) => Some(agent.name.clone()),
        AgentRow::Assignment(row) => Some(row.assignment.agent.clone()),
        AgentRow::Run(run) => Some(run.agent.clone()),
        AgentRow::Stop(_) => None,
    }
}

/// The assignment under the cursor, for whoever may decide, if it is in such a state.
fn in_hand(console: &Console, fits: fn(&Assignment) -> bool) -> Result<&Assignment, String> {
    let one = console.panes.agents.selected_assignment(&console.cx).ok_or(NOT_ONE)?;
    if !fits(one) {
        return Err(format!("It is already {}.", one.state.name()));
    }
    console.cx.may(Permission::DecideAboutAgents)?;
    Ok(one)
}

fn waiting(console: &Console) -> Result<&Assignment, String> {
    in_hand(console, |one| one.state.waits())
}

fn decidable(console: &Console) -> Result<&Assignment, String> {
    in_hand(console, |one| one.state.waits() || one.stale_since.is_some() && one.state == AssignmentState::Active)
}

fn stoppable(console: &Console) -> Result<(), String> {
    console.cx.may(Permission::StopAgents)?;
    let any = console.cx.overview.as_ref().is_some_and(|told| told.agents > 0);
    if any { Ok(()) } else { Err("No agent is configured, so there is none to stop.".into()) }
}

fn proposed(console: &Console) -> Result<(), String> {
    console.cx.may(Permission::DecideAboutProposedAnswers)?;
    console.panes.threads.proposal().map(|_| ()).ok_or_else(|| "There is no suggested reply here.".into())
}

fn proposal(console: &Console) -> Result<(), String> {
    proposed(console)?;
    can_write(console)
}
