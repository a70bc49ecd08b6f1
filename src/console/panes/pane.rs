//! What a pane is: a list with a cursor, what stands beside it, and what it wants to know.

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
use crate::domain::change::Change;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;

/// One pane of the stack. It has its own state; the console draws it and carries its intents out.
pub(in crate::console) trait Pane: Commands + Debug {
    fn id(&self) -> PaneId;

    fn list(&self) -> &ListState;

    fn list_mut(&mut self) -> &mut ListState;

    /// The ids of its rows, as they stand in the list.
    fn ids(&self, cx: &Cx) -> Vec<String>;

    /// Whether its rows were told yet.
    fn is_loaded(&self, cx: &Cx) -> bool;

    /// The question for its rows.
    fn query(&self) -> Query;

    /// Whether its rows are asked for before it is opened.
    fn is_asked_ahead(&self) -> bool {
        true
    }

    /// When it wants to be told the time, by itself.
    fn next_tick(&self, _: &Cx) -> Option<Timestamp> {
        None
    }

    /// Time has passed.
    fn tick(&mut self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// What it says about itself in its title.
    fn status(&self, cx: &Cx, status: &Status) -> (String, Style);

    /// The lines of one of its rows, where a row has so many.
    fn rows(&self, cx: &Cx, index: usize, height: usize) -> Vec<Row>;

    /// Lines of a row.
    fn row_height(&self, _: &Cx) -> usize {
        1
    }

    /// What an empty list says: what to do next.
    fn when_empty(&self, cx: &Cx) -> String;

    /// The name of what is selected, for the header.
    fn crumb(&self, _: &Cx) -> Option<String> {
        None
    }

    /// Above what is selected.
    fn detail_title(&self, cx: &Cx) -> Option<String>;

    /// What is selected, in full.
    fn sheet(&self, cx: &Cx, sheet: &mut Sheet);

    /// Draws the detail by itself; `false` where its sheet is drawn.
    fn draw_detail(&self, _cx: &Cx, _buffer: &mut Buffer, _area: Rect) -> bool {
        false
    }

    /// What is to be known before anything in the detail is read.
    fn banner(&self, _: &Cx) -> Option<String> {
        None
    }

    /// Lines below the detail of this area that something is written in.
    fn below(&self, _: Rect) -> u16 {
        0
    }

    /// Asks for what stands beside the list.
    fn detail(&self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// The cursor is on another row.
    fn follow(&mut self, cx: &Cx) -> Vec<Intent> {
        self.detail(cx)
    }

    /// What is selected was opened.
    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// Asks the provider, where a refresh does.
    fn refresh(&self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// Something stored differs. Asks again for what that touches and is on the screen.
    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent>;

    /// Whether a question is one of its own.
    fn takes(&self, query: &Query) -> bool;

    /// Takes the answer to one of its questions in.
    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent>;

    /// A request of this person was done, or not. `None` where what came of it is only said.
    fn performed(&mut self, _: &Cx, _: &Request, _: &Result<Done, String>) -> Option<Vec<Intent>> {
        None
    }

    /// Lets go of what another scope showed.
    fn forget(&mut self) {}

    /// The id that explanations are asked for by.
    fn why(&self, _: &Cx) -> Option<String> {
        None
    }

    /// The environment of what is selected; none where that is what is shown.
    fn environment(&self, _: &Cx) -> Option<Environment> {
        None
    }

    /// Why a filter cannot be read.
    fn check_filter(&self, cx: &Cx, text: &str) -> Result<(), String>;

    /// What a filter takes.
    fn filter_hint(&self) -> &'static str;

    /// Whether the engine narrows the list, so that its rows have to be waited for.
    fn is_narrowed_by_engine(&self) -> bool {
        false
    }

    /// Whether its list is what is open.
    fn is_open(&self, cx: &Cx) -> bool {
        cx.pane == self.id()
    }
}
