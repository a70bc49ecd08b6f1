//! How things look: one accent, the terminal's own sixteen colours, and a sign for every state, so
//! that nothing depends on colour. How a status looks is known here and nowhere else.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::message::status::DeliveryStatus;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::entry::EntryState;
use crate::domain::view::MessageView;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours may be used at all.
    pub colour: bool,
    /// Plain characters only.
    pub ascii: bool,
}

impl Theme {
    fn fg(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    pub fn plain(self) -> Style {
        Style::new()
    }

    /// What stands back: times, rules, labels.
    pub fn dim(self) -> Style {
        if self.colour { Style::new().fg(Color::DarkGray) } else { Style::new().add_modifier(Modifier::DIM) }
    }

    pub fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The one accent: focus, and what is new.
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

    /// The row under the cursor: one bar, whatever colours stood in it.
    pub fn selected(self, focused: bool) -> Style {
        if focused {
            Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM)
        } else {
            Style::new().add_modifier(Modifier::UNDERLINED)
        }
    }

    /// Production is red, and says so in words.
    pub fn environment(self, environment: Environment) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
        match environment {
            Environment::Production if self.colour => style.fg(Color::Red),
            _ => style,
        }
    }

    pub fn pick(self, fine: &'static str, plain: &'static str) -> &'static str {
        if self.ascii { plain } else { fine }
    }

    /// Between parts of a line.
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

    /// Sign, letter and style of a message's fate: readable without colour, and by letter alone.
    pub fn fate(self, message: &MessageView) -> (&'static str, Style) {
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

    /// The same for an outbox entry's state.
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
