//! The interface of a pane: a list with a cursor, its detail, and its queries.

use std::fmt::Debug;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row::Commands;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::intent::Intent;
use crate::console::list::ListState;
use crate::console::pane_id::PaneId;
use crate::console::user_error::UserError;
use crate::domain::change::Change;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;
use crate::domain::time::Timestamp;

/// A pane of the stack. It has its own state; the console draws it and carries out its intents.
pub(in crate::console) trait Pane: Commands + Debug {
    fn id(&self) -> PaneId;

    fn list(&self) -> &ListState;

    fn list_mut(&mut self) -> &mut ListState;

    /// Returns the ids of the rows, in list order.
    fn ids(&self, cx: &Cx) -> Vec<String>;

    /// Returns `true` if the rows were loaded.
    fn is_loaded(&self, cx: &Cx) -> bool;

    /// Returns the query for the rows.
    fn query(&self) -> Query;

    /// Returns `true` if the rows are queried before the pane opens.
    fn is_asked_ahead(&self) -> bool {
        true
    }

    /// Returns when the pane needs the next tick; `None` if it needs none.
    fn next_tick(&self, _: &Cx) -> Option<Timestamp> {
        None
    }

    /// Called while the pane is open when time has passed.
    fn tick(&mut self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// Returns the status in the pane's title.
    fn status(&self, cx: &Cx, status: &Status) -> (String, Style);

    /// Returns the lines of a row, for the row height that the list has.
    fn rows(&self, cx: &Cx, index: usize, height: usize) -> Vec<Row>;

    /// Returns the height of a row, in lines.
    fn row_height(&self, _: &Cx) -> usize {
        1
    }

    /// Returns the text of an empty list, with what to do next.
    fn empty_text(&self, cx: &Cx) -> String;

    /// Returns the name of the selected item, for the header.
    fn selected_name(&self, _: &Cx) -> Option<String> {
        None
    }

    /// Returns the title above the detail.
    fn detail_title(&self, cx: &Cx) -> Option<String>;

    /// Writes the detail of the selected item.
    fn sheet(&self, cx: &Cx, sheet: &mut Sheet);

    /// Draws the detail, for a pane that does not use `sheet`. Returns `false` if it drew nothing and `sheet` must be
    /// drawn.
    fn draw_detail(&self, _cx: &Cx, _buffer: &mut Buffer, _area: Rect) -> bool {
        false
    }

    /// Returns the warning to show above the detail, if there is one.
    fn banner(&self, _: &Cx) -> Option<String> {
        None
    }

    /// Draws the line of tabs above the list.
    fn draw_tabs(&self, _cx: &Cx, _buffer: &mut Buffer, _area: Rect) {}

    /// Whether a line of tabs stands above the list.
    fn has_tabs(&self) -> bool {
        false
    }

    /// Returns the height of the input area below a detail in this area, in lines; 0 if there is none.
    fn below(&self, _: Rect) -> u16 {
        0
    }

    /// Queries the detail of the selected item.
    fn detail(&self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// Called when the cursor moved to another row.
    fn follow(&mut self, cx: &Cx) -> Vec<Intent> {
        self.detail(cx)
    }

    /// Called when the selected item was opened.
    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// Queries the provider, for panes whose refresh does.
    fn refresh(&self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// Queries again what a change affects, if it is on the screen.
    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent>;

    /// Returns `true` if a query belongs to this pane.
    fn takes(&self, query: &Query) -> bool;

    /// Stores the answer to one of the pane's queries.
    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent>;

    /// Handles the result of a request. Returns `None` if the result is only shown as a notice.
    fn performed(&mut self, _: &Cx, _: &Request, _: &Result<Done, RequestError>) -> Option<Vec<Intent>> {
        None
    }

    /// Discards what was loaded for another scope.
    fn forget(&mut self) {}

    /// Returns the id of the selected item, for `Query::Why`.
    fn why(&self, _: &Cx) -> Option<String> {
        None
    }

    /// Returns the environment of the selected item; `None` if it is the one shown in the header.
    fn environment(&self, _: &Cx) -> Option<Environment> {
        None
    }

    /// Fails with the reason if a filter is invalid.
    fn check_filter(&self, cx: &Cx, text: &str) -> Result<(), UserError>;

    /// Returns the placeholder text for the filter line.
    fn filter_hint(&self) -> &'static str;

    /// Returns `true` if the engine filters the list, so that keys wait for the new rows.
    fn is_narrowed_by_engine(&self) -> bool {
        false
    }

    /// Returns `true` if this pane is open.
    fn is_open(&self, cx: &Cx) -> bool {
        cx.pane == self.id()
    }
}
