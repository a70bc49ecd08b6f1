//! Threads whose service window closes while the contact waits for a reply.

use std::time::Duration;

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, ROWS, Row};
use crate::console::words;
use crate::domain::expiring::RadarRow;
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;

/// A thread without an owner is highlighted if its window closes within this time.
const SOON: Duration = Duration::from_secs(3_600);

/// Lists threads whose window closes while the contact waits for a reply.
#[derive(Debug, Default)]
pub(in crate::console) struct Radar {
    found: Option<Vec<RadarRow>>,
}

impl PickerKind for Radar {
    fn title(&self) -> &'static str {
        "Expiring windows: contacts who wait for a reply"
    }

    fn empty_text(&self) -> &'static str {
        if self.found.is_none() { "Loading …" } else { "No service window closes while a contact waits." }
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Radar { limit: ROWS })
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Radar(rows) = answer {
            self.found = Some(rows.clone());
        }
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let row = |row: &RadarRow| {
            let closes = row.thread.window_closes_at.unwrap_or(cx.now);
            let owner = row.owner.as_deref().map_or_else(|| "no owner".to_owned(), clean_line);
            let head = format!("{:>6}  {}", words::left(closes, cx.now), row.thread.contact.display_name());
            Row {
                right: row.thread.connection.clone(),
                warn: closes.since(cx.now) < SOON && row.owner.is_none(),
                ..Row::new(
                    row.thread.id.to_string(),
                    head,
                    format!("{owner}: {}; then {}", row.thread.last_text.line(), row.cost),
                )
            }
        };
        self.found.iter().flatten().map(row).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        row.id.parse().map(Intent::GoToThread).into_iter().collect()
    }

    fn forget(&mut self) {
        self.found = None;
    }
}
