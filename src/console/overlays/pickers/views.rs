//! Saved filters with the number of threads that match each.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::console::pane_id::PaneId;
use crate::domain::filter::Filter;
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;
use crate::domain::view::SavedView;

/// Lists saved filters; picking one applies it to Threads.
#[derive(Debug, Default)]
pub(in crate::console) struct Views {
    saved: Option<Vec<SavedView>>,
}

impl PickerKind for Views {
    fn title(&self) -> &'static str {
        "Filters"
    }

    fn empty_text(&self) -> &'static str {
        if self.saved.is_none() { "Loading …" } else { "No saved filters." }
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Views)
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Views(rows) = answer {
            self.saved = Some(rows.clone());
        }
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let row = |view: &SavedView| Row {
            right: if view.count >= 1_000 { "999+".into() } else { view.count.to_string() },
            ..Row::new(view.terms.clone(), clean_line(&view.name), clean_line(&view.terms))
        };
        self.saved.iter().flatten().map(row).collect()
    }

    fn pick(&self, cx: &Cx, row: &Row) -> Vec<Intent> {
        // A saved filter may have become invalid.
        vec![match Filter::read(&row.id, cx.now) {
            Ok(_) => Intent::ShowFiltered(PaneId::Threads, row.id.clone()),
            Err(refusal) => Intent::Warn(refusal.to_string()),
        }]
    }

    fn forget(&mut self) {
        self.saved = None;
    }
}
