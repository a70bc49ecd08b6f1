//! The Connections pane: numbers that are connected, are being set up, or were disconnected.

pub(in crate::console) mod commands;
mod draw;
mod forms;
mod health;
pub(in crate::console) mod life;
mod pickers;
pub(in crate::console) mod state;

use ratatui::style::Style;

use self::forms::profile::ProfileForm;
use self::state::ConnectionsPane;
use super::pane::Pane;
use super::row::commands;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::intent::Intent;
use crate::console::list::ListState;
use crate::console::overlays::form::Form;
use crate::console::pane_id::PaneId;
use crate::console::user_error::UserError;
use crate::domain::change::Change;
use crate::domain::list_filter::WordList;
use crate::domain::numbers::connection::Environment;
use crate::domain::numbers::number::{NumberAnswer, NumberQuery};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;

commands!(ConnectionsPane, commands::ROWS, life::ROWS);

impl Pane for ConnectionsPane {
    fn id(&self) -> PaneId {
        PaneId::Connections
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

    fn is_loaded(&self, cx: &Cx) -> bool {
        cx.connections.is_some()
    }

    fn query(&self) -> Query {
        Query::Connections
    }

    fn status(&self, cx: &Cx, status: &Status) -> (String, Style) {
        let Some(told) = &cx.overview else { return (String::new(), Style::new()) };
        let known = told.connections_in_trouble + told.connections_proved;
        let parts = vec![
            Status::part(told.connections_in_trouble, "failing"),
            Status::part(told.setups, "in setup"),
            Status::part(told.connections.saturating_sub(known), "not verified"),
            Status::part(told.connections_proved, "verified"),
        ];
        status.join_parts(parts, "none", (told.connections_in_trouble, 0))
    }

    fn rows(&self, cx: &Cx, index: usize, _: usize) -> Vec<Row> {
        self.visible_rows(cx).get(index).map(|row| self.number_row(cx, *row)).into_iter().collect()
    }

    fn empty_text(&self, _: &Cx) -> String {
        "No numbers. Press n to set up a new one or a to adopt one from the provider, or declare it in the configuration under [[connections]]."
            .into()
    }

    fn selected_name(&self, cx: &Cx) -> Option<String> {
        self.selected(cx).map(|row| row.name().to_owned())
    }

    fn detail_title(&self, cx: &Cx) -> Option<String> {
        self.selected_name(cx)
    }

    fn sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        self.number_sheet(cx, sheet);
    }

    fn refresh(&self, cx: &Cx) -> Vec<Intent> {
        let connection = self.selected_connection(cx).map(|row| row.connection.id);
        let check = connection.map(|connection| Intent::perform(Request::CheckConnection { connection }));
        check.into_iter().collect()
    }

    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent> {
        let touched = self.is_open(cx) && matches!(change, Change::Connection(_) | Change::Thread(_));
        if touched { vec![Intent::Ask(self.query())] } else { vec![] }
    }

    fn takes(&self, query: &Query) -> bool {
        matches!(query, Query::Number(_))
    }

    /// Opens the form for a profile that was queried for editing. Other answers belong to the open overlay.
    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent> {
        let awaited = cx.awaits(query);
        let (Query::Number(query), Answer::Number(told)) = (query, answer) else { return vec![] };
        if let (NumberQuery::Profile { connection }, NumberAnswer::Profile(profile)) = (query, &told.value)
            && awaited
        {
            return vec![Form::open(ProfileForm { connection: *connection, profile: profile.clone() })];
        }
        vec![]
    }

    fn why(&self, cx: &Cx) -> Option<String> {
        self.selected_connection(cx).map(|row| row.connection.id.to_string())
    }

    fn environment(&self, cx: &Cx) -> Option<Environment> {
        self.selected_connection(cx).map(|row| row.connection.environment)
    }

    fn check_filter(&self, _: &Cx, text: &str) -> Result<(), UserError> {
        WordList::Connections.check(text).map_err(UserError::from)
    }

    fn filter_hint(&self) -> &'static str {
        WordList::Connections.hint()
    }
}
