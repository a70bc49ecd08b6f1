//! The Agents pane: stops, proposals, agents, assignments and runs.

pub(in crate::console) mod commands;
mod difference;
mod draw;
pub(in crate::console) mod forms;
pub(in crate::console) mod menu;
mod proposing;
mod rehearsed;
pub(in crate::console) mod rows;
pub(in crate::console) mod run;
pub(in crate::console) mod run_facts;
pub(in crate::console) mod state;
pub(in crate::console) mod stopping;

use ratatui::style::Style;

use self::rows::AgentRow;
use self::run::AgentRun;
use self::state::AgentsPane;
use self::stopping::RecentStops;
use super::pane::Pane;
use super::row::commands;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::intent::Intent;
use crate::console::list::ListState;
use crate::console::overlays::reading::Reading;
use crate::console::overlays::readings::plain::PlainText;
use crate::console::pane_id::PaneId;
use crate::console::user_error::UserError;
use crate::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer};
use crate::domain::change::Change;
use crate::domain::list_filter::WordList;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;

commands!(AgentsPane, commands::ROWS);

impl Pane for AgentsPane {
    fn id(&self) -> PaneId {
        PaneId::Agents
    }

    fn list(&self) -> &ListState {
        &self.list
    }

    fn list_mut(&mut self) -> &mut ListState {
        &mut self.list
    }

    fn ids(&self, cx: &Cx) -> Vec<String> {
        self.row_ids(cx)
    }

    fn is_loaded(&self, _: &Cx) -> bool {
        self.view.is_some()
    }

    fn query(&self) -> Query {
        Query::Agents
    }

    fn status(&self, cx: &Cx, status: &Status) -> (String, Style) {
        let Some(answer) = &cx.overview else { return (String::new(), Style::new()) };
        let parts = vec![
            Status::part(answer.stopped, "stopped"),
            Status::part(answer.approvals, "to approve"),
            Status::part(answer.runs_open, "running"),
            Status::part(answer.agents, if answer.agents == 1 { "agent" } else { "agents" }),
        ];
        status.join_parts(parts, "none", (answer.stopped, answer.approvals))
    }

    fn rows(&self, cx: &Cx, index: usize, _: usize) -> Vec<Row> {
        self.visible_rows(cx).get(index).map(|row| Self::agent_row(cx, *row)).into_iter().collect()
    }

    fn empty_text(&self, _: &Cx) -> String {
        "No agents. Declare one in the configuration under [[agents]].".into()
    }

    fn detail_title(&self, cx: &Cx) -> Option<String> {
        self.selected(cx).map(|row| row.title())
    }

    fn sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        self.agent_sheet(cx, sheet);
    }

    fn detail(&self, cx: &Cx) -> Vec<Intent> {
        let query = match self.selected(cx) {
            Some(AgentRow::Assignment(row)) => AgentQuery::Assignment { assignment: row.assignment.id },
            Some(AgentRow::Run(run)) => AgentQuery::Run { run: run.id },
            _ => return vec![],
        };
        vec![Intent::Ask(Query::Agent(query))]
    }

    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent> {
        let touched = self.is_open(cx) && matches!(change, Change::Agents);
        if touched { vec![Intent::Ask(self.query())] } else { vec![] }
    }

    fn takes(&self, query: &Query) -> bool {
        match query {
            Query::Agents => true,
            Query::Agent(query) => !matches!(query, AgentQuery::Waiting { .. }),
            _ => false,
        }
    }

    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent> {
        let (query, answer) = match (query, answer) {
            (Query::Agents, Answer::Agents(view)) => {
                self.view = Some(*view);
                return if self.is_open(cx) { self.detail(cx) } else { vec![] };
            }
            (Query::Agent(query), Answer::Agent(answer)) => (query, *answer),
            _ => return vec![],
        };
        match (query, answer) {
            (AgentQuery::Assignment { .. }, AgentsAnswer::Assignment(dossier)) => {
                self.dossier = dossier.map(|one| *one);
            }
            (AgentQuery::Run { .. }, AgentsAnswer::Run(run)) => self.run = run.map(|one| *one),
            (AgentQuery::Runs { thread: Some(_), limit: 1, .. }, AgentsAnswer::Runs(runs)) => {
                return vec![match runs.first() {
                    Some(run) => AgentRun::open(run.id),
                    None => Intent::Warn("No agent run in this thread yet.".to_owned()),
                }];
            }
            _ => {}
        }
        vec![]
    }

    fn performed(&mut self, _: &Cx, request: &Request, result: &Result<Done, RequestError>) -> Option<Vec<Intent>> {
        match (request, result) {
            (Request::Agents(AgentRequest::Stop { .. }), Ok(done)) => {
                Some(vec![Intent::Notice(done.message.clone()), RecentStops::open()])
            }
            (Request::Agents(AgentRequest::Test { .. }), Ok(done)) => {
                Some(vec![Reading::open(PlainText::new("Dry run", done.message.as_str()))])
            }
            _ => None,
        }
    }

    fn forget(&mut self) {
        self.view = None;
    }

    fn why(&self, cx: &Cx) -> Option<String> {
        match self.selected(cx)? {
            AgentRow::Assignment(row) => Some(row.assignment.id.to_string()),
            AgentRow::Run(run) => Some(run.id.to_string()),
            AgentRow::Agent(_) | AgentRow::Stop(_) => None,
        }
    }

    fn check_filter(&self, _: &Cx, text: &str) -> Result<(), UserError> {
        WordList::Agents.check(text).map_err(UserError::from)
    }

    fn filter_hint(&self) -> &'static str {
        WordList::Agents.hint()
    }
}
