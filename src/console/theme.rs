//! Colors and symbols: one accent, the terminal's sixteen colors, and a symbol for every state, so that nothing
//! depends on color. Only this module defines how a status looks.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::message::status::DeliveryStatus;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::entry::EntryState;
use crate::domain::view::MessageView;

/// Which colors and characters the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colors may be used.
    pub colour: bool,
    /// Whether only ASCII characters may be used.
    pub ascii: bool,
}

impl Theme {
    fn fg(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    pub fn plain(self) -> Style {
        Style::new()
    }

    /// Style of secondary text: times, rules, labels. It is a weaker form of the terminal's own text color: palettes
    /// such as Solarized use the bright black of ANSI as a background, on which it would not be readable.
    pub fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The accent style: focus, and new items.
    pub fn accent(self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub fn good(self) -> Style {
        self.fg(Color::Green)
    }

    pub fn warn(self) -> Style {
        self.fg(Color::Yellow)
    }

    pub fn bad(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Style of the row under the cursor: one bar, regardless of the row's own colors.
    pub fn selected(self, focused: bool) -> Style {
        if focused {
            Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM)
        } else {
            Style::new().add_modifier(Modifier::UNDERLINED)
        }
    }

    /// Style of the environment badge; production is red.
    pub fn environment(self, environment: Environment) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
        match environment {
            Environment::Production if self.colour => style.fg(Color::Red),
            _ => style,
        }
    }

    /// Returns `plain` on an ASCII terminal, else `fine`.
    pub fn pick(self, fine: &'static str, plain: &'static str) -> &'static str {
        if self.ascii { plain } else { fine }
    }

    /// Separates the parts of a line.
    pub fn dot(self) -> &'static str {
        self.pick(" · ", " - ")
    }

    pub fn rule(self) -> &'static str {
        self.pick("─", "-")
    }

    pub fn bar(self) -> &'static str {
        self.pick("│", "|")
    }

    pub fn ellipsis(self) -> &'static str {
        self.pick("…", "~")
    }

    /// Returns the symbol with letter, and the style, of a message's delivery status. It is readable without color.
    pub fn delivery_symbol(self, message: &MessageView) -> (&'static str, Style) {
        if let Some(entry) = &message.entry {
            match entry.state {
                EntryState::Queued if entry.hold.is_some() => return (self.pick("⏸H", "H"), self.warn()),
                EntryState::Scheduled => return (self.pick("◷L", "L"), self.dim()),
                EntryState::Uncertain => return (self.pick("?U", "?U"), self.warn()),
                EntryState::Sending => return (self.pick("↑Q", "^Q"), self.dim()),
                EntryState::Discarded => return (self.pick("∅X", "X"), self.dim()),
                _ => {}
            }
        }
        if message.contradictory {
            return (self.pick("✓✗C", "C!"), self.warn());
        }
        self.status(message.status)
    }

    /// Returns the symbol with letter, and the style, of a delivery status.
    pub fn status(self, status: DeliveryStatus) -> (&'static str, Style) {
        match status {
            DeliveryStatus::Received => (self.pick("←", "<"), self.dim()),
            DeliveryStatus::Queued => (self.pick("…Q", "..Q"), self.dim()),
            DeliveryStatus::Accepted => (self.pick("→A", ">A"), self.dim()),
            DeliveryStatus::Sent => (self.pick("✓S", "S"), self.dim()),
            DeliveryStatus::Delivered => (self.pick("✓✓D", "D"), self.plain()),
            DeliveryStatus::Read => (self.pick("✓✓R", "R"), self.good()),
            DeliveryStatus::Played => (self.pick("▶P", "P"), self.good()),
            DeliveryStatus::Failed => (self.pick("✗F", "xF"), self.bad()),
        }
    }

    /// Returns the symbol with name, and the style, of an outbox entry's state.
    pub fn entry(self, state: EntryState, held: bool) -> (&'static str, Style) {
        match state {
            EntryState::Queued if held => (self.pick("⏸ held", "H held"), self.warn()),
            EntryState::Queued => (self.pick("… queued", ". queued"), self.dim()),
            EntryState::Sending => (self.pick("↑ sending", "^ sending"), self.dim()),
            EntryState::Scheduled => (self.pick("◷ scheduled", "@ scheduled"), self.plain()),
            EntryState::Accepted => (self.pick("→ accepted", "> accepted"), self.plain()),
            EntryState::Uncertain => ("? uncertain", self.warn()),
            EntryState::Failed => (self.pick("✗ failed", "x failed"), self.bad()),
            EntryState::Dead => (self.pick("✗ dead", "x dead"), self.bad()),
            EntryState::Discarded => (self.pick("∅ discarded", "0 discarded"), self.dim()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In Solarized, ANSI 0, 7, 8 and 15 are backgrounds, and 8 to 14 are shades of gray: text in them can be
    /// unreadable. The rest is readable on its dark and its light background.
    #[test]
    fn every_text_color_is_readable_in_every_palette() {
        let theme = Theme { colour: true, ascii: false };
        let styles =
            [theme.plain(), theme.dim(), theme.bold(), theme.accent(), theme.good(), theme.warn(), theme.bad()];
        let states =
            EntryState::ALL.iter().flat_map(|state| [theme.entry(*state, false).1, theme.entry(*state, true).1]);
        let places = [Environment::Production, Environment::Development].map(|place| theme.environment(place));
        let readable =
            [Color::Red, Color::Green, Color::Yellow, Color::Blue, Color::Magenta, Color::Cyan, Color::Reset];
        for style in styles.into_iter().chain(states).chain(places).chain([theme.selected(true), theme.selected(false)])
        {
            assert!(style.fg.is_none_or(|color| readable.contains(&color)) && style.bg.is_none(), "{style:?}");
        }
    }
}
