//! A row of a list, and the status line of a pane.

use ratatui::style::Style;

use crate::console::theme::Theme;
use crate::console::words;

/// One line of a row: the left part is cut if there is little room, the right part is not.
pub(in crate::console) struct Row {
    pub left: Vec<(String, Style)>,
    pub right: Vec<(String, Style)>,
}

/// Builds the status in a pane's title, the most urgent part first; a part that does not fit is left out whole.
pub(in crate::console) struct Status {
    pub theme: Theme,
    pub room: usize,
}

impl Status {
    /// Returns a count with its word; `None` if the count is zero.
    pub fn part(count: u32, what: &str) -> Option<String> {
        (count > 0).then(|| format!("{count} {what}"))
    }

    /// Joins the parts that fit; returns `nothing` if there are none. The style is red if `bad` is not zero, and
    /// yellow if `warn` is not zero.
    pub fn join_parts(&self, parts: Vec<Option<String>>, nothing: &str, (bad, warn): (u32, u32)) -> (String, Style) {
        let text = words::joined(parts.into_iter().flatten(), self.theme.dot(), self.room);
        let text = if text.is_empty() { nothing } else { &text };
        let style = match (bad, warn) {
            (0, 0) => self.theme.dim(),
            (0, _) => self.theme.warn(),
            _ => self.theme.bad(),
        };
        (words::fit(text, self.room, self.theme.ellipsis()), style)
    }
}
