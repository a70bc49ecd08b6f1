//! The Templates pane: templates, with their approval and their delivery rates.

pub(in crate::console) mod commands;
mod draw;
mod forms;
mod starters;
pub(in crate::console) mod state;

use ratatui::style::Style;

use self::state::TemplatesPane;
use super::pane::Pane;
use super::row::commands;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::intent::Intent;
use crate::console::list::ListState;
use crate::console::pane_id::PaneId;
use crate::console::script::{ScriptKind, ScriptStep};
use crate::console::user_error::UserError;
use crate::console::words;
use crate::domain::change::Change;
use crate::domain::list_filter::WordList;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::templates::requests::{TemplateAnswer, TemplateQuery};

commands!(TemplatesPane, commands::ROWS);

impl Pane for TemplatesPane {
    fn id(&self) -> PaneId {
        PaneId::Templates
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
        self.lists.is_some()
    }

    fn query(&self) -> Query {
        Query::Templates
    }

    fn status(&self, cx: &Cx, status: &Status) -> (String, Style) {
        let Some(told) = &cx.overview else { return (String::new(), Style::new()) };
        // The age comes first, so that it is shown even with little room.
        let age = told
            .templates_fetched_at
            .map(|at| format!("{} as of {}", told.templates, words::moment(at, cx.now, cx.zone())));
        let sample = told.sample.map(|(gone, all)| format!("sample {} %", gone * 100 / all.max(1)));
        let parts = vec![sample, age, Status::part(told.templates_waiting, "not ready")];
        status.join_parts(parts, "not fetched yet", (0, 0))
    }

    fn rows(&self, cx: &Cx, index: usize, _: usize) -> Vec<Row> {
        self.visible_rows(cx).get(index).map(|(_, one)| Self::template_row(cx, one)).into_iter().collect()
    }

    fn empty_text(&self, _: &Cx) -> String {
        "No templates. Press ctrl-r to fetch them from the provider.".into()
    }

    fn detail_title(&self, cx: &Cx) -> Option<String> {
        self.selected(cx).map(|(_, one)| one.name.line())
    }

    fn sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        self.template_sheet(cx, sheet);
    }

    fn detail(&self, cx: &Cx) -> Vec<Intent> {
        let Some((list, one)) = self.selected(cx) else { return vec![] };
        let (name, language) = (one.name.as_received().to_owned(), one.language.as_received().to_owned());
        let query = TemplateQuery::Record { connection: list.connection, name, language };
        vec![Intent::Ask(Query::Template(query))]
    }

    fn refresh(&self, _: &Cx) -> Vec<Intent> {
        vec![Intent::perform(Request::RefreshTemplates)]
    }

    fn changed(&mut self, _: &Cx, change: Change) -> Vec<Intent> {
        if matches!(change, Change::Templates) { vec![Intent::Ask(self.query())] } else { vec![] }
    }

    fn takes(&self, query: &Query) -> bool {
        matches!(query, Query::Templates | Query::Template(_))
    }

    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent> {
        let awaited = cx.awaits(query);
        match (query, answer) {
            (Query::Templates, Answer::Templates(lists)) => {
                let told = self.take_lists(lists).into_iter();
                return told.map(|(said, bad)| if bad { Intent::Warn(said) } else { Intent::Notice(said) }).collect();
            }
            (Query::Template(query), Answer::Template(told)) => match (query, told.value) {
                (_, TemplateAnswer::Record(record)) => self.record = Some(*record),
                (TemplateQuery::Text { connection, id }, TemplateAnswer::Text(text)) if awaited => {
                    let kind = ScriptKind::Template { connection: *connection, id: Some(id.clone()) };
                    return vec![Intent::Script(ScriptStep::Begin(kind, text))];
                }
                _ => {}
            },
            _ => {}
        }
        vec![]
    }

    fn forget(&mut self) {
        self.lists = None;
    }

    fn why(&self, cx: &Cx) -> Option<String> {
        self.selected(cx).map(|(_, one)| format!("template {}", one.name.as_received()))
    }

    fn check_filter(&self, _: &Cx, text: &str) -> Result<(), UserError> {
        WordList::Templates.check(text).map_err(UserError::from)
    }

    fn filter_hint(&self) -> &'static str {
        WordList::Templates.hint()
    }
}
