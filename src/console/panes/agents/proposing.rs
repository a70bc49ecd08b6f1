//! Picks the agent to propose.

use super::forms::AgentForm;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::domain::agents::requests::{AgentView, AgentsView};
use crate::domain::ids::ConnectionId;
use crate::domain::query::{Answer, Query};
use crate::domain::view::ThreadRow;

/// Lists the configured agents; picking one opens the form for a proposal.
#[derive(Debug)]
pub(in crate::console) struct ProposePicker {
    /// The thread to propose the agent for; `None` to propose it for a number.
    thread: Option<ThreadRow>,
    /// The preferred number. If it is not in the shown scope, the first number of the scope is used.
    connection: Option<ConnectionId>,
    view: Option<AgentsView>,
}

impl ProposePicker {
    pub fn for_thread(thread: ThreadRow) -> Self {
        Self { thread: Some(thread), connection: None, view: None }
    }

    pub fn for_number(connection: Option<ConnectionId>) -> Self {
        Self { thread: None, connection, view: None }
    }

    /// Returns the form for a proposal; `None` if there is no number to propose the agent for.
    fn form(&self, cx: &Cx, agent: &str) -> Option<AgentForm> {
        let agent = agent.to_owned();
        if let Some(row) = &self.thread {
            let (thread, whom) = (Some(row.id), row.contact.display_name());
            return Some(AgentForm::Propose { agent, connection: row.connection_id, thread, whom, known: None });
        }
        let list = cx.connected().map(|row| &row.connection);
        let mut shown = list.filter(|one| cx.in_scope(&one.organization, one.environment));
        let connection = shown.clone().find(|one| Some(one.id) == self.connection).or_else(|| shown.next())?;
        let whom = connection.name.clone();
        Some(AgentForm::Propose { agent, connection: connection.id, thread: None, whom, known: None })
    }
}

impl PickerKind for ProposePicker {
    fn title(&self) -> &'static str {
        "Agent"
    }

    fn empty_text(&self) -> &'static str {
        if self.view.is_none() {
            return "Loading …";
        }
        "No agents. Declare one in the configuration under [[agents]]."
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Agents)
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Agents(view) = answer {
            self.view = Some((**view).clone());
        }
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let row = |agent: &AgentView| Row {
            right: format!("{} runs today", agent.runs_today),
            ..Row::new(agent.name.clone(), agent.name.clone(), agent.kind.clone())
        };
        self.view.iter().flat_map(|view| &view.agents).map(row).collect()
    }

    fn pick(&self, cx: &Cx, row: &Row) -> Vec<Intent> {
        vec![match self.form(cx, &row.id) {
            Some(form) => Form::open(form),
            None => Intent::Warn("There is no number that an agent could answer.".to_owned()),
        }]
    }
}
