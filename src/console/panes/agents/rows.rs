//! The rows of the Agents pane: stops, proposals, agents, active assignments and runs.

use crate::domain::agents::requests::{AgentView, AssignmentRow, RunView, StopView};

/// A row of the Agents pane.
#[derive(Debug, Clone, Copy)]
pub(in crate::console) enum AgentRow<'d> {
    /// A stop that silences agents.
    Stop(&'d StopView),
    Assignment(&'d AssignmentRow),
    Agent(&'d AgentView),
    Run(&'d RunView),
}

impl AgentRow<'_> {
    /// Returns the title above the row's detail.
    pub fn title(&self) -> String {
        match self {
            Self::Stop(stop) => format!("Stop {}", stop.id),
            Self::Assignment(row) => format!("Assignment {}", row.assignment.id),
            Self::Agent(agent) => format!("Agent {}", agent.name),
            Self::Run(run) => format!("Run {}", run.id),
        }
    }
}

/// Returns the id of a row, for the cursor.
pub(super) fn agent_row_id(row: &AgentRow<'_>) -> String {
    match row {
        AgentRow::Stop(stop) => stop.id.to_string(),
        AgentRow::Assignment(row) => row.assignment.id.to_string(),
        AgentRow::Agent(agent) => format!("agent {}", agent.name),
        AgentRow::Run(run) => run.id.to_string(),
    }
}

/// Returns the text of a row that a filter is matched with.
pub(super) fn agent_row_text(row: &AgentRow<'_>) -> String {
    match row {
        AgentRow::Stop(stop) => format!("silent {} {}", stop.what.words(), stop.by),
        AgentRow::Assignment(row) => {
            format!("{} {} {}", row.assignment.agent, row.connection_name, row.assignment.state.name())
        }
        AgentRow::Agent(agent) => format!("{} {}", agent.name, agent.kind),
        AgentRow::Run(run) => format!("{} {} {}", run.agent, run.contact.display_name(), run.state.name()),
    }
}
