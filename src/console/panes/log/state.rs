//! State of the Log pane: the engine's log, newest line first.

use crate::console::list::ListState;
use crate::console::user_error::UserError;
use crate::domain::time::Timestamp;

/// Log levels as they are written, the most severe first.
pub(super) const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
/// The filter term for a level.
const TERM: &str = "level:";

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) struct LogLine {
    /// The line as it was written.
    pub whole: String,
    /// When the line was written; `None` if it continues the line before it.
    pub at: Option<Timestamp>,
    /// The level's index in [`LEVELS`]; `None` if it continues the line before it.
    pub level: Option<usize>,
    pub text: String,
}

impl LogLine {
    /// Parses `2026-06-01T09:00:00.120000Z WARN text`. A line in any other format becomes text without time and
    /// level.
    pub fn read(line: &str) -> Self {
        let mut parts = line.splitn(2, char::is_whitespace);
        let at = parts.next().and_then(Timestamp::parse);
        let rest = parts.next().unwrap_or_default().trim_start();
        let (level, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let level = LEVELS.iter().position(|known| *known == level).filter(|_| at.is_some());
        let text = if level.is_some() { text.trim_start() } else { line };
        Self { whole: line.to_owned(), at: at.filter(|_| level.is_some()), level, text: text.to_owned() }
    }
}

/// State of the Log pane.
#[derive(Debug, Default)]
pub(in crate::console) struct LogPane {
    pub list: ListState,
    /// The lines, newest first; `None` before they are loaded.
    pub lines: Option<Vec<LogLine>>,
    /// Whether the list is paused, so that new lines do not move it.
    pub paused: bool,
    /// When the log was queried last.
    pub asked_at: Option<Timestamp>,
}

/// Returns the least severe level that a filter shows; `None` if the filter has no valid level.
pub(super) fn level_of(filter: &str) -> Option<usize> {
    let named = filter.split_whitespace().find_map(|word| word.strip_prefix(TERM))?;
    LEVELS.iter().position(|known| known.eq_ignore_ascii_case(named))
}

impl LogPane {
    /// Returns the lines that match all words of the filter and are at least as severe as its level. With a level,
    /// lines without one are not shown.
    pub fn visible_lines(&self) -> Vec<&LogLine> {
        let filter = self.list.filter.to_lowercase();
        let least = level_of(&filter);
        let words: Vec<&str> = filter.split_whitespace().filter(|word| !word.starts_with(TERM)).collect();
        let fits = |line: &&LogLine| {
            let grave = least.is_none_or(|least| line.level.is_some_and(|level| level <= least));
            let text = line.whole.to_lowercase();
            grave && words.iter().all(|word| text.contains(word))
        };
        self.lines.iter().flatten().filter(fits).collect()
    }

    pub fn row_ids(&self) -> Vec<String> {
        self.visible_lines().into_iter().map(|line| line.whole.clone()).collect()
    }

    pub fn selected(&self) -> Option<&LogLine> {
        let rows = self.visible_lines();
        let at = self.list.index(&self.row_ids()).unwrap_or(0);
        rows.get(at).copied()
    }

    /// Describes the levels that are shown.
    pub fn levels_shown(&self) -> &'static str {
        match level_of(&self.list.filter) {
            None => "all levels",
            Some(0) => "errors only",
            Some(1) => "warnings and errors",
            Some(2) => "info and above",
            Some(3) => "debug and above",
            Some(_) => "trace and above",
        }
    }

    /// Stores lines, which come oldest first. Keeps the current ones while the list is paused.
    pub fn take(&mut self, lines: &[String]) {
        if !(self.paused && self.lines.is_some()) {
            self.lines = Some(lines.iter().rev().map(|line| LogLine::read(line)).collect());
        }
    }

    /// Switches the filter to the next level: warnings, errors, then all. Its other words stay.
    pub fn next_level(&mut self) {
        let next = match level_of(&self.list.filter) {
            None => Some("warn"),
            Some(1) => Some("error"),
            Some(_) => None,
        };
        let words = self.list.filter.split_whitespace().filter(|word| !word.starts_with(TERM));
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        words.extend(next.map(|level| format!("{TERM}{level}")));
        self.list.filter = words.join(" ");
        self.list.go_top();
    }
}

/// Fails with the reason if a filter is invalid: an unknown level, or a term of another list.
pub(super) fn check_filter(text: &str) -> Result<(), UserError> {
    for word in text.split_whitespace() {
        match word.split_once(':') {
            Some(("level", named)) if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(named)) => {
                return Err("The level is error, warn, info, debug or trace.".into());
            }
            Some((name, _)) if name != "level" && crate::domain::filter::is_term(name) => {
                return Err(format!("The log has no term `{name}:`. This list takes words, and level:.").into());
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_with_its_time_and_level() {
        let line = LogLine::read("2026-06-01T09:00:00.120000Z  WARN the provider rejects the key error=\"401\"");
        assert_eq!((line.level, line.text.as_str()), (Some(1), "the provider rejects the key error=\"401\""));
        assert_eq!(line.at, Timestamp::parse("2026-06-01T09:00:00.120Z"));
        let other = LogLine::read("   at src/main.rs INFO");
        assert_eq!((other.level, other.at, other.text.as_str()), (None, None, "   at src/main.rs INFO"));
        assert_eq!(LogLine::read("").text, "");
    }

    fn pane(filter: &str) -> LogPane {
        let mut pane = LogPane::default();
        pane.list.filter = filter.to_owned();
        let lines = ["2026-06-01T09:00:00Z  INFO started", "2026-06-01T09:00:01Z ERROR disk full", "more of it"];
        pane.take(&lines.map(str::to_owned));
        pane
    }

    #[test]
    fn the_newest_stands_first_and_the_filter_narrows_by_words_and_level() {
        let shown =
            |filter: &str| pane(filter).visible_lines().iter().map(|line| line.text.clone()).collect::<Vec<_>>();
        assert_eq!(shown(""), ["more of it", "disk full", "started"]);
        assert_eq!(shown("DISK"), ["disk full"]);
        assert_eq!(shown("level:warn"), ["disk full"]);
        assert_eq!(shown("level:info"), ["disk full", "started"]);
        assert_eq!(check_filter("level:warn disk"), Ok(()));
        assert!(check_filter("level:loud").is_err() && check_filter("status:failed").is_err());
    }

    #[test]
    fn levels_follow_each_other_and_words_stay() {
        let mut pane = pane("disk");
        let mut filters = vec![];
        for _ in 0..3 {
            pane.next_level();
            filters.push(pane.list.filter.clone());
        }
        assert_eq!(filters, ["disk level:warn", "disk level:error", "disk"]);
    }

    #[test]
    fn a_paused_log_keeps_what_is_read() {
        let mut pane = pane("");
        pane.paused = true;
        pane.take(&[]);
        assert_eq!(pane.visible_lines().len(), 3);
        pane.paused = false;
        pane.take(&[]);
        assert_eq!(pane.visible_lines().len(), 0);
    }
}
