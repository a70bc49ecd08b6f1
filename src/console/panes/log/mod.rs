//! The Log pane: the engine's log by level, refreshed while it is open.

pub(in crate::console) mod commands;
pub(in crate::console) mod state;

use std::time::Duration;

use ratatui::style::Style;

use self::state::{LEVELS, LogPane, check_filter};
use super::pane::Pane;
use super::row::commands;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::intent::Intent;
use crate::console::list::ListState;
use crate::console::pane_id::PaneId;
use crate::console::user_error::UserError;
use crate::console::words;
use crate::domain::change::Change;
use crate::domain::query::{Answer, Query};
use crate::domain::time::Timestamp;

/// Interval at which the open log is queried, because log lines publish no change.
const FOLLOW: Duration = Duration::from_secs(2);
/// Maximum lines that are queried: all that the engine keeps in memory.
const LINES: u32 = 500;

fn style_of(cx: &Cx, level: Option<usize>) -> Style {
    let theme = cx.settings.theme;
    match level {
        Some(0) => theme.bad(),
        Some(1) => theme.warn(),
        Some(2) => theme.plain(),
        _ => theme.dim(),
    }
}

commands!(LogPane, commands::ROWS);

impl Pane for LogPane {
    fn id(&self) -> PaneId {
        PaneId::Log
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
        self.lines.is_some()
    }

    fn query(&self) -> Query {
        Query::Log { limit: LINES }
    }

    /// The log is only loaded when its pane opens.
    fn is_asked_ahead(&self) -> bool {
        false
    }

    fn status(&self, cx: &Cx, status: &Status) -> (String, Style) {
        let lines = || self.lines.iter().flatten();
        let count = |level: usize| u32::try_from(lines().filter(|line| line.level == Some(level)).count()).unwrap_or(0);
        let (errors, warnings) = (count(0), count(1));
        // The log is refreshed only while it is open; its state and levels come first then.
        let open = self.is_open(cx).then(|| self.levels_shown().to_owned());
        let going = if self.paused { "paused" } else { "following" };
        let parts = vec![
            open.is_some().then(|| going.to_owned()),
            open,
            Status::part(errors, if errors == 1 { "error" } else { "errors" }),
            Status::part(warnings, if warnings == 1 { "warning" } else { "warnings" }),
        ];
        status.join_parts(parts, "", (errors, warnings))
    }

    fn rows(&self, cx: &Cx, index: usize, _: usize) -> Vec<Row> {
        let theme = cx.settings.theme;
        let shown = self.visible_lines();
        let Some(line) = shown.get(index) else { return vec![] };
        let at = line.at.map_or_else(|| "        ".to_owned(), |at| words::clock_to_the_second(at, cx.zone()));
        let level = line.level.map_or("", |level| LEVELS[level]);
        let left = vec![
            (format!("{at} "), theme.dim()),
            (format!("{level:<5} "), style_of(cx, line.level)),
            (line.text.clone(), theme.plain()),
        ];
        vec![Row { left, right: vec![] }]
    }

    fn empty_text(&self, _: &Cx) -> String {
        "No log lines yet. The engine keeps its last lines in memory, and all of them in the data directory.".into()
    }

    fn detail_title(&self, cx: &Cx) -> Option<String> {
        let line = self.selected()?;
        Some(line.at.map_or_else(|| "Log".to_owned(), |at| format!("Log {}", words::exact(at, cx.zone()))))
    }

    fn sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        let Some(line) = self.selected() else { return };
        sheet.blank();
        if let Some(at) = line.at {
            sheet.field("at", &words::exact(at, cx.zone()));
        }
        if let Some(level) = line.level {
            sheet.styled("level", &LEVELS[level].to_lowercase(), style_of(cx, line.level));
        }
        sheet.heading("Line");
        sheet.text(&line.text, cx.settings.theme.plain());
    }

    fn changed(&mut self, _: &Cx, _: Change) -> Vec<Intent> {
        vec![]
    }

    fn next_tick(&self, cx: &Cx) -> Option<Timestamp> {
        let asked_at = self.asked_at.filter(|_| self.is_open(cx) && !self.paused)?;
        Some(asked_at.plus(FOLLOW))
    }

    fn tick(&mut self, cx: &Cx) -> Vec<Intent> {
        if !self.is_open(cx) || self.paused {
            return vec![];
        }
        let since = *self.asked_at.get_or_insert(cx.now);
        if cx.now.since(since) < FOLLOW {
            return vec![];
        }
        self.asked_at = Some(cx.now);
        vec![Intent::Ask(self.query())]
    }

    fn takes(&self, query: &Query) -> bool {
        matches!(query, Query::Log { .. })
    }

    fn answer(&mut self, cx: &Cx, _: &Query, answer: Answer) -> Vec<Intent> {
        if let Answer::Log(lines) = answer {
            self.asked_at = Some(cx.now);
            self.take(&lines);
        }
        vec![]
    }

    fn check_filter(&self, _: &Cx, text: &str) -> Result<(), UserError> {
        check_filter(text)
    }

    fn filter_hint(&self) -> &'static str {
        "words, and level:warn (error, warn, info, debug, trace)"
    }
}
