//! The rows of the Agents pane: who is silent, what waits, agents, what is in force, and runs.

use crate::console::{Console, Pane};
use crate::domain::agents::assignment::AssignmentState;
use crate::domain::agents::requests::{AgentView, AssignmentRow, RunView, StopView};

/// What a row of the Agents pane is.
#[derive(Debug, Clone, Copy)]
pub(in crate::console) enum AgentRow<'d> {
    /// Who is silent.
    Stop(&'d StopView),
    Assignment(&'d AssignmentRow),
    Agent(&'d AgentView),
    Run(&'d RunView),
}

impl AgentRow<'_> {
    /// What it is, above its detail.
    pub fn title(&self) -> String {
        match self {
            Self::Stop(stop) => format!("Stop {}", stop.id),
            Self::Assignment(row) => format!("Assignment {}", row.assignment.id),
            Self::Agent(agent) => format!("Agent {}", agent.name),
            Self::Run(run) => format!("Run {}", run.id),
        }
    }
}

impl Console {
    /// What waits for a decision first, then agents, then what they did.
    pub(in crate::console) fn agent_rows(&self) -> Vec<AgentRow<'_>> {
        let Some(view) = &self.data.agents else { return vec![] };
        let filter = self.lists[Pane::Agents as usize].filter.to_lowercase();
        let active = |row: &AssignmentRow| row.assignment.state == AssignmentState::Active;
        let stale = |row: &AssignmentRow| active(row) && row.assignment.stale_since.is_some();
        let proposed = |row: &&AssignmentRow| row.assignment.state.waits() || stale(row);
        let in_force = |row: &&AssignmentRow| active(row) && !stale(row);
        let rows = view.stops.iter().filter(|stop| stop.lifted.is_none()).map(AgentRow::Stop);
        // What was put off stands behind what was not.
        let later = |row: &&AssignmentRow| row.assignment.snoozed_until.is_some_and(|until| until > self.now);
        let waiting = || view.assignments.iter().filter(proposed);
        let rows = rows.chain(waiting().filter(|row| !later(row)).map(AgentRow::Assignment));
        let rows = rows.chain(waiting().filter(later).map(AgentRow::Assignment));
        let rows = rows.chain(view.agents.iter().map(AgentRow::Agent));
        let rows = rows.chain(view.assignments.iter().filter(in_force).map(AgentRow::Assignment));
        let rows = rows.chain(view.runs.iter().map(AgentRow::Run));
        rows.filter(|row| filter.is_empty() || agent_row_text(row).to_lowercase().contains(&filter)).collect()
    }

    pub(in crate::console) fn selected_agent_row(&self) -> Option<AgentRow<'_>> {
        let rows = self.agent_rows();
        let ids: Vec<String> = rows.iter().map(agent_row_id).collect();
        let at = self.lists[Pane::Agents as usize].index(&ids).unwrap_or(0);
        rows.get(at).copied()
    }
}

pub(in crate::console) fn agent_row_id(row: &AgentRow<'_>) -> String {
    match row {
        AgentRow::Stop(stop) => stop.id.to_string(),
        AgentRow::Assignment(row) => row.assignment.id.to_string(),
        AgentRow::Agent(agent) => format!("agent {}", agent.name),
        AgentRow::Run(run) => run.id.to_string(),
    }
}

fn agent_row_text(row: &AgentRow<'_>) -> String {
    match row {
        AgentRow::Stop(stop) => format!("silent {} {}", stop.what.words(), stop.by),
        AgentRow::Assignment(row) => {
            format!("{} {} {}", row.assignment.agent, row.connection_name, row.assignment.state.name())
        }
        AgentRow::Agent(agent) => format!("{} {}", agent.name, agent.kind),
        AgentRow::Run(run) => format!("{} {} {}", run.agent, run.contact.shown(), run.state.name()),
    }
}
