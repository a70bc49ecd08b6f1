//! A row of a list, and what a folded pane says about itself.

use ratatui::style::Style;

use crate::console::theme::Theme;
use crate::console::words;

/// A row: text at the left that may be cut, text at the right that is not.
pub(in crate::console) struct Row {
    pub left: Vec<(String, Style)>,
    pub right: Vec<(String, Style)>,
}

/// What a pane says in its title, the most pressing first: what has no room is left out whole.
pub(in crate::console) struct Status {
    pub theme: Theme,
    pub room: usize,
}

impl Status {
    /// A count with its word; nothing where there is none.
    pub fn part(count: u32, what: &str) -> Option<String> {
        (count > 0).then(|| format!("{count} {what}"))
    }

    /// The parts that have room; `nothing` where there are none. Red with anything bad, yellow with a warning.
    pub fn told(&self, parts: Vec<Option<String>>, nothing: &str, (bad, warn): (u32, u32)) -> (String, Style) {
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
