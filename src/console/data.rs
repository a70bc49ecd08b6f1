//! What the console was told, and what it is asking: pictures of the database, asked for again
//! whenever something differs.

use super::{Console, Effect, Pane};
use crate::domain::change::Change;
use crate::domain::ids::{DeliveryId, EntryId};
use crate::domain::query::{Answer, Query};
use crate::domain::template::{Template, TemplateList};
use crate::domain::view::{
    ActivityKind, ActivityRow, AgentsView, ConnectionView, DeliveryDetail, EntryDetail, EntryRow, MessageDetail,
    Overview, ThreadRow,
};

/// Rows that a list asks for: more than any screen shows, few enough to be told at once.
pub(super) const ROWS: u32 = 200;
pub(super) const MESSAGES: u32 = 60;

#[derive(Debug, Default)]
pub(super) struct Data {
    pub overview: Option<Overview>,
    pub connections: Option<Vec<ConnectionView>>,
    pub threads: Option<Vec<ThreadRow>>,
    pub outbox: Option<Vec<EntryRow>>,
    pub templates: Option<Vec<TemplateList>>,
    pub agents: Option<AgentsView>,
    pub activity: Option<Vec<ActivityRow>>,
    pub entry: Option<EntryDetail>,
    pub delivery: Option<DeliveryDetail>,
    pub message: Option<MessageDetail>,
    pub log: Vec<String>,
    /// Questions under way; `true` where it has to be asked once more.
    asking: Vec<(Query, bool)>,
    /// Why the last question of a kind was not answered.
    pub trouble: Option<String>,
}

/// What a row of the Agents pane is.
#[derive(Debug, Clone, Copy)]
pub(super) enum AgentRow<'d> {
    Assignment(&'d crate::domain::view::AssignmentRow),
    Agent(&'d crate::domain::view::AgentView),
    Run(&'d crate::domain::view::RunView),
}

impl Console {
    /// Asks, unless the same question is under way: then once more afterwards.
    pub(super) fn ask(&mut self, query: Query) -> Vec<Effect> {
        match self.data.asking.iter_mut().find(|(asked, _)| *asked == query) {
            Some((_, again)) => {
                *again = true;
                vec![]
            }
            None => {
                self.data.asking.push((query.clone(), false));
                vec![Effect::Ask(query)]
            }
        }
    }

    fn answered(&mut self, query: &Query) -> Vec<Effect> {
        let Some(at) = self.data.asking.iter().position(|(asked, _)| asked == query) else { return vec![] };
        let (query, again) = self.data.asking.remove(at);
        if again { self.ask(query) } else { vec![] }
    }

    pub(super) fn query_of(&self, pane: Pane) -> Query {
        let text = self.lists[pane as usize].filter.clone();
        match pane {
            Pane::Connections => Query::Connections,
            Pane::Threads => Query::Threads { text, limit: ROWS, before: None },
            Pane::Delivery => Query::Outbox { states: vec![], text, limit: ROWS, before: None },
            Pane::Templates => Query::Templates,
            Pane::Agents => Query::Agents,
            Pane::Activity => Query::Activity { limit: ROWS },
        }
    }

    pub(super) fn ask_for_everything(&mut self) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        effects.extend(self.ask(self.query_of(self.pane)));
        effects.extend(self.ask_for_detail());
        effects
    }

    /// Asks for what is shown beside the list.
    pub(super) fn ask_for_detail(&mut self) -> Vec<Effect> {
        let mut effects = vec![];
        if let Some(thread) = self.open.as_ref().map(|open| open.thread) {
            effects.extend(self.ask(Query::Thread { thread }));
            effects.extend(self.ask(self.query_of_messages(thread)));
        }
        match self.pane {
            Pane::Delivery => {
                if let Some(entry) = self.selected_entry().map(|row| row.id) {
                    effects.extend(self.ask(Query::Entry { entry }));
                }
            }
            Pane::Activity => {
                if let Some(delivery) = self.selected_delivery() {
                    effects.extend(self.ask(Query::Delivery { delivery }));
                }
            }
            _ => {}
        }
        effects
    }

    /// Asks again for what a change touches, and only if it is on the screen.
    pub(super) fn changed(&mut self, change: Change) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        let touched = match change {
            Change::Connection(_) => self.pane == Pane::Connections,
            Change::Thread(thread) => {
                if self.open.as_ref().is_some_and(|open| open.thread == thread) {
                    effects.extend(self.ask(Query::Thread { thread }));
                    effects.extend(self.ask(self.query_of_messages(thread)));
                }
                matches!(self.pane, Pane::Threads | Pane::Connections)
            }
            Change::Outbox => self.pane == Pane::Delivery,
            Change::Deliveries | Change::Alerts | Change::Activity => self.pane == Pane::Activity,
            Change::Templates => self.pane == Pane::Templates,
            Change::Agents => self.pane == Pane::Agents,
            Change::Everything => {
                effects.extend(self.ask_for_everything());
                false
            }
        };
        if touched {
            effects.extend(self.ask(self.query_of(self.pane)));
            if matches!(change, Change::Outbox | Change::Deliveries) {
                effects.extend(self.ask_for_detail());
            }
        }
        effects
    }

    pub(super) fn take_answer(&mut self, query: &Query, answer: Answer) -> Vec<Effect> {
        self.data.trouble = None;
        let mut effects = self.answered(query);
        match (query, answer) {
            (Query::Overview, Answer::Overview(overview)) => self.data.overview = Some(*overview),
            (Query::Connections, Answer::Connections(rows)) => self.data.connections = Some(rows),
            (Query::Threads { text, .. }, Answer::Threads(rows)) => {
                if *text == self.lists[Pane::Threads as usize].filter {
                    self.data.threads = Some(rows);
                    effects.extend(self.follow_selection());
                }
            }
            (Query::Outbox { text, .. }, Answer::Outbox(rows)) => {
                if *text == self.lists[Pane::Delivery as usize].filter {
                    self.data.outbox = Some(rows);
                    effects.extend(self.follow_selection());
                }
            }
            (Query::Templates, Answer::Templates(lists)) => self.data.templates = Some(lists),
            (Query::Agents, Answer::Agents(view)) => self.data.agents = Some(*view),
            (Query::Activity { .. }, Answer::Activity(rows)) => {
                self.data.activity = Some(rows);
                effects.extend(self.follow_selection());
            }
            (Query::Entry { .. }, Answer::Entry(entry)) => self.data.entry = entry.map(|entry| *entry),
            (Query::Delivery { .. }, Answer::Delivery(delivery)) => self.data.delivery = delivery.map(|one| *one),
            (Query::Message { .. }, Answer::Message(message)) => self.data.message = message.map(|one| *one),
            (Query::Log { .. }, Answer::Log(lines)) => self.data.log = lines,
            (query, answer) => effects.extend(self.take_thread_answer(query, answer)),
        }
        effects
    }

    pub(super) fn not_answered(&mut self, query: &Query, why: String) -> Vec<Effect> {
        self.data.asking.retain(|(asked, _)| asked != query);
        self.data.trouble = Some(why);
        vec![]
    }

    /// The ids of the open pane's rows, as they stand in the list.
    pub(super) fn ids(&self) -> Vec<String> {
        match self.pane {
            Pane::Connections => self.connections().iter().map(|row| row.connection.id.to_string()).collect(),
            Pane::Threads => self.data.threads.iter().flatten().map(|row| row.id.to_string()).collect(),
            Pane::Delivery => self.data.outbox.iter().flatten().map(|row| row.id.to_string()).collect(),
            Pane::Templates => {
                self.templates().iter().map(|(list, one)| format!("{}/{}", list.connection, one.id)).collect()
            }
            Pane::Agents => self.agent_rows().iter().map(agent_row_id).collect(),
            Pane::Activity => self.activity().iter().map(|row| activity_id(row)).collect(),
        }
    }

    pub(super) fn connections(&self) -> Vec<&ConnectionView> {
        let filter = self.lists[Pane::Connections as usize].filter.to_lowercase();
        let rows = self.data.connections.iter().flatten();
        rows.filter(|row| filter.is_empty() || row.connection.name.to_lowercase().contains(&filter)).collect()
    }

    /// Templates with the list that they stand in. One account's numbers share their templates: they
    /// are shown once.
    pub(super) fn templates(&self) -> Vec<(&TemplateList, &Template)> {
        let filter = self.lists[Pane::Templates as usize].filter.to_lowercase();
        let mut seen: Vec<(&TemplateList, &Template)> = vec![];
        for list in self.data.templates.iter().flatten() {
            for template in &list.templates {
                let known = seen.iter().any(|(_, other)| other.id == template.id && !template.id.is_empty());
                let text = format!("{} {} {}", template.name.line(), template.status.name(), template.category.line());
                if !known && (filter.is_empty() || text.to_lowercase().contains(&filter)) {
                    seen.push((list, template));
                }
            }
        }
        seen
    }

    /// What waits for a decision first, then agents, then what they did.
    pub(super) fn agent_rows(&self) -> Vec<AgentRow<'_>> {
        let Some(view) = &self.data.agents else { return vec![] };
        let filter = self.lists[Pane::Agents as usize].filter.to_lowercase();
        let proposed = |row: &&crate::domain::view::AssignmentRow| row.assignment.state.name() == "proposed";
        let in_force = |row: &&crate::domain::view::AssignmentRow| row.assignment.state.name() == "approved";
        let rows = view.assignments.iter().filter(proposed).map(AgentRow::Assignment);
        let rows = rows.chain(view.agents.iter().map(AgentRow::Agent));
        let rows = rows.chain(view.assignments.iter().filter(in_force).map(AgentRow::Assignment));
        let rows = rows.chain(view.runs.iter().map(AgentRow::Run));
        rows.filter(|row| filter.is_empty() || agent_row_text(row).to_lowercase().contains(&filter)).collect()
    }

    pub(super) fn activity(&self) -> Vec<&ActivityRow> {
        let filter = self.lists[Pane::Activity as usize].filter.to_lowercase();
        let rows = self.data.activity.iter().flatten();
        rows.filter(|row| filter.is_empty() || row.text.line().to_lowercase().contains(&filter)).collect()
    }

    pub(super) fn selected_thread(&self) -> Option<&ThreadRow> {
        let rows = self.data.threads.as_ref()?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        let current = self.lists[Pane::Threads as usize].current(&ids)?;
        rows.iter().find(|row| row.id.to_string() == *current)
    }

    pub(super) fn selected_entry(&self) -> Option<&EntryRow> {
        let rows = self.data.outbox.as_ref()?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        let current = self.lists[Pane::Delivery as usize].current(&ids)?;
        rows.iter().find(|row| row.id.to_string() == *current)
    }

    /// The entry that commands of the Delivery pane, or of the message under the cursor, are about.
    pub(super) fn entry_at_hand(&self) -> Option<(EntryId, crate::domain::outbox::EntryState)> {
        match self.pane {
            Pane::Delivery => self.selected_entry().map(|row| (row.id, row.state)),
            Pane::Threads => {
                let message = self.open.as_ref()?.current()?;
                message.entry.as_ref().map(|entry| (entry.id, entry.state))
            }
            _ => None,
        }
    }

    pub(super) fn selected_activity(&self) -> Option<&ActivityRow> {
        let rows = self.activity();
        let ids: Vec<String> = rows.iter().map(|row| activity_id(row)).collect();
        let current = self.lists[Pane::Activity as usize].current(&ids)?;
        rows.into_iter().find(|row| activity_id(row) == *current)
    }

    pub(super) fn selected_delivery(&self) -> Option<DeliveryId> {
        match self.selected_activity()?.kind {
            ActivityKind::Delivery { id, .. } => Some(id),
            _ => None,
        }
    }

    pub(super) fn selected_agent_row(&self) -> Option<AgentRow<'_>> {
        let rows = self.agent_rows();
        let ids: Vec<String> = rows.iter().map(agent_row_id).collect();
        let at = self.lists[Pane::Agents as usize].index(&ids).unwrap_or(0);
        rows.get(at).copied()
    }

    pub(super) fn selected_connection(&self) -> Option<&ConnectionView> {
        let rows = self.connections();
        let ids: Vec<String> = rows.iter().map(|row| row.connection.id.to_string()).collect();
        let at = self.lists[Pane::Connections as usize].index(&ids).unwrap_or(0);
        rows.get(at).copied()
    }

    pub(super) fn selected_template(&self) -> Option<(&TemplateList, &Template)> {
        let rows = self.templates();
        let ids: Vec<String> = rows.iter().map(|(list, one)| format!("{}/{}", list.connection, one.id)).collect();
        let at = self.lists[Pane::Templates as usize].index(&ids).unwrap_or(0);
        rows.get(at).copied()
    }
}

pub(super) fn activity_id(row: &ActivityRow) -> String {
    match &row.kind {
        ActivityKind::Alert { id, .. } => id.to_string(),
        ActivityKind::Delivery { id, .. } => id.to_string(),
        ActivityKind::Audit { id, .. } => id.to_string(),
    }
}

fn agent_row_id(row: &AgentRow<'_>) -> String {
    match row {
        AgentRow::Assignment(row) => row.assignment.id.to_string(),
        AgentRow::Agent(agent) => format!("agent {}", agent.name),
        AgentRow::Run(run) => run.id.to_string(),
    }
}

fn agent_row_text(row: &AgentRow<'_>) -> String {
    match row {
        AgentRow::Assignment(row) => {
            format!("{} {} {}", row.assignment.agent, row.connection_name, row.assignment.state.name())
        }
        AgentRow::Agent(agent) => format!("{} {}", agent.name, agent.kind),
        AgentRow::Run(run) => format!("{} {} {}", run.agent, run.contact.shown(), run.state.name()),
    }
}
