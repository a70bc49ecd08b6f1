//! Commands about agents and approvals.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::data::AgentRow;
use crate::console::overlay::{Overlay, Purpose};
use crate::console::{Console, Effect, Pane};
use crate::domain::assignment::{Assignment, AssignmentState};
use crate::domain::request::Request;
use crate::domain::right::Right;

const AGENTS: Scope = Scope::Pane(Pane::Agents);

pub(super) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "agents.approve",
        title: "Approve",
        help: "Approves the proposed assignment: the agent answers from then on.",
        scope: AGENTS,
        keys: &["a"],
        hint: true,
        danger: Danger::Asks(|console| match console.selected_agent_row() {
            Some(AgentRow::Assignment(row)) => format!(
                "Approve: {} answers {} ({}) from now on?",
                row.assignment.agent,
                row.connection_name,
                row.assignment.mode.name()
            ),
            _ => String::new(),
        }),
        ready: |console| proposed(console).map(|_| ()),
        run: |console| match proposed(console).map(|assignment| assignment.id) {
            Ok(assignment) => vec![Effect::Perform(Request::ApproveAssignment { assignment })],
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
        ready: |console| proposed(console).map(|_| ()),
        run: |console| {
            if let Ok(assignment) = proposed(console).map(|assignment| assignment.id) {
                console.overlay = Some(Overlay::line("Why is it rejected?", "", Purpose::Reject(assignment)));
            }
            vec![]
        },
        ..ROW
    },
];

fn proposed(console: &Console) -> Result<&Assignment, String> {
    let Some(AgentRow::Assignment(row)) = console.selected_agent_row() else {
        return Err("This is not an assignment.".into());
    };
    if row.assignment.state != AssignmentState::Proposed {
        return Err(format!("It is {} already.", row.assignment.state.name()));
    }
    if !console.settings.actor.has(Right::DecideAboutAgents) {
        return Err("Deciding about agents takes the role admin.".into());
    }
    Ok(&row.assignment)
}
