//! State of the Agents pane: its rows, and the details of the selected one.

use super::rows::{AgentRow, agent_row_id, agent_row_text};
use super::stopping::{Scopes, of_agent, of_all};
use crate::console::cx::Cx;
use crate::console::list::ListState;
use crate::domain::agents::assignment::{Assignment, AssignmentState};
use crate::domain::agents::requests::{AgentsView, AssignmentDetail, AssignmentRow, RunRecord, StopScope};
use crate::domain::ids::{AssignmentId, RunId, ThreadId};

/// State of the Agents pane.
#[derive(Debug, Default)]
pub(in crate::console) struct AgentsPane {
    pub list: ListState,
    pub view: Option<AgentsView>,
    /// Details of the selected assignment, for deciding about it.
    pub dossier: Option<AssignmentDetail>,
    /// Record of the run that was queried last.
    pub run: Option<RunRecord>,
}

impl AgentsPane {
    /// Returns the rows that match the filter: stops, assignments that need a decision, agents, active assignments,
    /// runs.
    pub fn visible_rows(&self, cx: &Cx) -> Vec<AgentRow<'_>> {
        let Some(view) = &self.view else { return vec![] };
        let filter = self.list.filter.to_lowercase();
        let active = |row: &AssignmentRow| row.assignment.state == AssignmentState::Active;
        let stale = |row: &AssignmentRow| active(row) && row.assignment.stale_since.is_some();
        let proposed = |row: &&AssignmentRow| row.assignment.state.waits() || stale(row);
        let in_force = |row: &&AssignmentRow| active(row) && !stale(row);
        let rows = view.stops.iter().filter(|stop| stop.lifted.is_none()).map(AgentRow::Stop);
        // Snoozed assignments follow the others.
        let later = |row: &&AssignmentRow| row.assignment.snoozed_until.is_some_and(|until| until > cx.now);
        let waiting = || view.assignments.iter().filter(proposed);
        let rows = rows.chain(waiting().filter(|row| !later(row)).map(AgentRow::Assignment));
        let rows = rows.chain(waiting().filter(later).map(AgentRow::Assignment));
        let rows = rows.chain(view.agents.iter().map(AgentRow::Agent));
        let rows = rows.chain(view.assignments.iter().filter(in_force).map(AgentRow::Assignment));
        let rows = rows.chain(view.runs.iter().map(AgentRow::Run));
        rows.filter(|row| filter.is_empty() || agent_row_text(row).to_lowercase().contains(&filter)).collect()
    }

    pub fn row_ids(&self, cx: &Cx) -> Vec<String> {
        self.visible_rows(cx).iter().map(agent_row_id).collect()
    }

    pub fn selected(&self, cx: &Cx) -> Option<AgentRow<'_>> {
        let rows = self.visible_rows(cx);
        let ids: Vec<String> = rows.iter().map(agent_row_id).collect();
        rows.get(self.list.index(&ids).unwrap_or(0)).copied()
    }

    pub fn selected_assignment(&self, cx: &Cx) -> Option<&Assignment> {
        match self.selected(cx)? {
            AgentRow::Assignment(row) => Some(&row.assignment),
            _ => None,
        }
    }

    /// Returns the thread that the selected row is about; `None` if it is not about a single one.
    pub fn thread(&self, cx: &Cx) -> Option<ThreadId> {
        match self.selected(cx)? {
            AgentRow::Run(run) => Some(run.thread_id),
            AgentRow::Assignment(row) => row.assignment.thread,
            AgentRow::Stop(stop) => match stop.what {
                StopScope::Thread(thread) => Some(thread),
                _ => None,
            },
            AgentRow::Agent(_) => None,
        }
    }

    /// Returns the agent that the selected row is about.
    pub fn agent(&self, cx: &Cx) -> Option<String> {
        match self.selected(cx)? {
            AgentRow::Agent(agent) => Some(agent.name.clone()),
            AgentRow::Assignment(row) => Some(row.assignment.agent.clone()),
            AgentRow::Run(run) => Some(run.agent.clone()),
            AgentRow::Stop(_) => None,
        }
    }

    pub fn detail_of(&self, id: AssignmentId) -> Option<&AssignmentDetail> {
        self.dossier.as_ref().filter(|dossier| dossier.row.assignment.id == id)
    }

    pub fn run_of(&self, id: RunId) -> Option<&RunRecord> {
        self.run.as_ref().filter(|record| record.run.id == id)
    }

    /// Returns what can be stopped from the selected row, the most specific first.
    pub fn stop_scopes(&self, cx: &Cx) -> Scopes {
        let name = |thread: ThreadId| cx.names.get(&thread).cloned().unwrap_or_else(|| thread.to_string());
        let thread = self.thread(cx).map(|id| (StopScope::Thread(id), format!("the agent of {}", name(id))));
        let agent = match self.selected(cx) {
            Some(AgentRow::Stop(stop)) => match &stop.what {
                StopScope::Agent(agent) => Some(agent.clone()),
                _ => None,
            },
            _ => self.agent(cx),
        };
        thread.into_iter().chain(agent.map(|agent| of_agent(&agent))).chain([of_all()]).collect()
    }

    /// Returns the confirmation for an approval.
    pub fn approval_question(&self, one: &Assignment, whom: &str) -> String {
        let unseen = match self.detail_of(one.id).map(|dossier| &dossier.rehearsal) {
            Some(Some(rehearsal)) if rehearsal.digest.is_some() => "",
            _ => " It was not rehearsed.",
        };
        format!("Approve: {} answers {whom} ({}) from now on?{unseen}", one.agent, one.mode.name())
    }
}
