//! The Delivery pane: outgoing messages.

mod bulk;
pub(in crate::console) mod commands;
mod draw;
pub(in crate::console) mod state;

use ratatui::style::Style;

use self::state::DeliveryPane;
use super::pane::Pane;
use super::row::commands;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::intent::Intent;
use crate::console::list::{ListState, MAX_ROWS};
use crate::console::pane_id::PaneId;
use crate::console::user_error::UserError;
use crate::domain::change::Change;
use crate::domain::filter::Filter;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::{Answer, Query};

commands!(DeliveryPane, commands::ROWS);

impl Pane for DeliveryPane {
    fn id(&self) -> PaneId {
        PaneId::Delivery
    }

    fn list(&self) -> &ListState {
        &self.list
    }

    fn list_mut(&mut self) -> &mut ListState {
        &mut self.list
    }

    fn ids(&self, _: &Cx) -> Vec<String> {
        self.row_ids()
    }

    fn is_loaded(&self, _: &Cx) -> bool {
        self.rows.is_some()
    }

    fn query(&self) -> Query {
        Query::Outbox { text: self.list.filter.clone(), limit: MAX_ROWS, before: None }
    }

    fn status(&self, cx: &Cx, status: &Status) -> (String, Style) {
        let Some(told) = &cx.overview else { return (String::new(), Style::new()) };
        let parts = vec![
            told.lag(cx.now),
            Status::part(told.failed, "failed"),
            Status::part(told.uncertain, "uncertain"),
            Status::part(told.held, "held"),
            Status::part(told.scheduled, "scheduled"),
            Status::part(told.queued - told.held.min(told.queued), "queued"),
        ];
        status.join_parts(parts, "no failures", (told.failed, told.uncertain))
    }

    fn rows(&self, cx: &Cx, index: usize, _: usize) -> Vec<Row> {
        let row = self.rows.as_ref().and_then(|rows| rows.get(index));
        row.map(|row| Self::entry_row(cx, row)).into_iter().collect()
    }

    fn empty_text(&self, _: &Cx) -> String {
        "No outgoing messages. Messages from you and your agents are listed here until they arrive.".into()
    }

    fn selected_name(&self, _: &Cx) -> Option<String> {
        self.selected().map(|row| row.id.to_string())
    }

    fn detail_title(&self, _: &Cx) -> Option<String> {
        self.selected().map(|row| format!("{} to {}", row.id, row.contact.display_name()))
    }

    fn sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        let wanted = self.selected().map(|row| row.id);
        if let Some(entry) = self.detail.as_ref().filter(|entry| Some(entry.row.id) == wanted) {
            Self::entry_sheet(cx, sheet, entry);
        }
    }

    fn detail(&self, _: &Cx) -> Vec<Intent> {
        let entry = self.selected().map(|row| row.id);
        entry.map(|entry| Intent::Ask(Query::Entry { entry })).into_iter().collect()
    }

    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent> {
        if !(self.is_open(cx) && matches!(change, Change::Outbox)) {
            return vec![];
        }
        let mut intents = vec![Intent::Ask(self.query())];
        intents.extend(self.detail(cx));
        intents
    }

    fn takes(&self, query: &Query) -> bool {
        matches!(query, Query::Outbox { .. } | Query::Entry { .. })
    }

    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent> {
        match (query, answer) {
            (Query::Outbox { text, .. }, Answer::Outbox(rows)) if *text == self.list.filter => {
                self.rows = Some(rows);
                return if self.is_open(cx) { self.follow(cx) } else { vec![] };
            }
            (Query::Entry { .. }, Answer::Entry(entry)) => self.detail = entry.map(|entry| *entry),
            _ => {}
        }
        vec![]
    }

    fn forget(&mut self) {
        (self.rows, self.detail) = (None, None);
    }

    fn why(&self, _: &Cx) -> Option<String> {
        self.selected().map(|row| row.id.to_string())
    }

    fn environment(&self, cx: &Cx) -> Option<Environment> {
        let name = &self.selected()?.connection;
        cx.connected().find(|row| row.connection.name == *name).map(|row| row.connection.environment)
    }

    fn check_filter(&self, cx: &Cx, text: &str) -> Result<(), UserError> {
        Filter::read(text, cx.now).map(|_| ()).map_err(UserError::from)
    }

    fn filter_hint(&self) -> &'static str {
        "words, and terms: status:failed code:131047 since:2h"
    }

    fn is_narrowed_by_engine(&self) -> bool {
        true
    }
}
