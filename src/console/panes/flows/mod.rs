//! The Flows pane: WhatsApp Flows at the provider.

pub(in crate::console) mod commands;
mod draw;
mod forms;
mod log;
pub(in crate::console) mod pickers;
pub(in crate::console) mod state;

use ratatui::style::Style;

use self::state::FlowsPane;
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
use crate::console::script::{ScriptKind, ScriptStep};
use crate::console::user_error::UserError;
use crate::console::words;
use crate::domain::change::Change;
use crate::domain::flow::{FlowAnswer, FlowQuery, FlowRequest, table};
use crate::domain::list_filter::WordList;
use crate::domain::numbers::registration::Fetched;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

impl FlowsPane {
    /// Queries the details of the selected Flow.
    fn ask_detail(&self, cx: &Cx) -> Vec<Intent> {
        let at_hand = self.at_hand(cx);
        let query = at_hand.map(|(connection, id)| Query::Flow(FlowQuery::Detail { connection, id }));
        query.map(Intent::Ask).into_iter().collect()
    }
}

commands!(FlowsPane, commands::ROWS);

impl Pane for FlowsPane {
    fn id(&self) -> PaneId {
        PaneId::Flows
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
        Query::Flow(FlowQuery::List)
    }

    fn status(&self, _: &Cx, status: &Status) -> (String, Style) {
        let flows = || self.lists.iter().flatten().flat_map(|list| &list.flows);
        let count = |status: &str| u32::try_from(flows().filter(|flow| flow.is(status)).count()).unwrap_or(0);
        let ill = count("blocked") + count("throttled");
        let parts = vec![
            Status::part(ill, "failing"),
            Status::part(count("published"), "published"),
            Status::part(count("draft"), if count("draft") == 1 { "draft" } else { "drafts" }),
        ];
        status.join_parts(parts, "none", (ill, 0))
    }

    fn rows(&self, cx: &Cx, index: usize, _: usize) -> Vec<Row> {
        self.visible_rows(cx).get(index).map(|(_, flow)| Self::flow_row(cx, flow)).into_iter().collect()
    }

    fn empty_text(&self, _: &Cx) -> String {
        "No Flows. Press n to create one from a starter, or ctrl-r to fetch them from the provider.".into()
    }

    fn detail_title(&self, cx: &Cx) -> Option<String> {
        self.selected(cx).map(|(_, flow)| flow.name.line())
    }

    fn sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        self.flow_sheet(cx, sheet);
    }

    fn opened(&mut self, cx: &Cx) -> Vec<Intent> {
        self.ask_detail(cx)
    }

    fn refresh(&self, _: &Cx) -> Vec<Intent> {
        vec![Intent::perform(Request::Flow(FlowRequest::Refresh))]
    }

    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent> {
        if !matches!(change, Change::Flows) {
            return vec![];
        }
        // An action may have changed the selected Flow, so its details are queried again.
        let in_front = self.is_open(cx) && self.known(cx).is_some();
        let mut intents = if in_front { self.ask_detail(cx) } else { vec![] };
        intents.push(Intent::Ask(self.query()));
        intents
    }

    fn takes(&self, query: &Query) -> bool {
        matches!(query, Query::Flow(_))
    }

    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent> {
        let awaited = cx.awaits(query);
        let (Query::Flow(query), Answer::Flow(told)) = (query, answer) else { return vec![] };
        match (query, told.value) {
            (_, FlowAnswer::List(lists)) => self.lists = Some(lists),
            (_, FlowAnswer::Detail(detail)) => {
                self.detail = Some(Fetched { fetched_at: told.fetched_at, value: *detail });
            }
            (FlowQuery::Json { connection, id, .. }, FlowAnswer::Json(text)) if awaited => {
                return {
                    let kind = ScriptKind::Flow { connection: *connection, id: id.clone() };
                    vec![Intent::Script(ScriptStep::Begin(kind, text))]
                };
            }
            (_, FlowAnswer::Diff(lines)) if awaited => return vec![read(&lines)],
            (_, FlowAnswer::Responses(list)) if awaited => {
                let (head, rows) = table(&list);
                let lines = if rows.is_empty() { vec!["No responses.".to_owned()] } else { aligned(&head, &rows) };
                return vec![read(&lines)];
            }
            _ => {}
        }
        vec![]
    }

    fn check_filter(&self, _: &Cx, text: &str) -> Result<(), UserError> {
        WordList::Flows.check(text).map_err(UserError::from)
    }

    fn filter_hint(&self) -> &'static str {
        WordList::Flows.hint()
    }
}

/// Opens responses or a comparison as a text.
fn read(lines: &[String]) -> Intent {
    Reading::open(PlainText::new("Flow", lines.join("\n")))
}

/// Returns a table as lines, with columns as wide as their content, up to 30 cells.
fn aligned(head: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let wide = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).chain(head.get(at));
        cells.map(|cell| words::width(cell)).max().unwrap_or(0).min(30)
    };
    let widths: Vec<usize> = (0..head.len()).map(wide).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, wide)| words::pad(&clean_line(cell), *wide, "…"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(line(&head.to_vec())).chain(rows.iter().map(line)).collect()
}
