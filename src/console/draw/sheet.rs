//! Lines of a detail: headings, fields, and text.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::console::theme::Theme;
use crate::console::words;
use crate::domain::text::Untrusted;

/// Builds the lines of a detail.
pub(in crate::console) struct Sheet {
    pub theme: Theme,
    pub width: usize,
    pub lines: Vec<Line<'static>>,
}

impl Sheet {
    /// Adds a heading, after a blank line unless it is the first line.
    pub fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(Line::styled(format!(" {text}"), self.theme.bold()));
    }

    pub fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    /// Adds a labeled field.
    pub fn field(&mut self, label: &str, text: &str) {
        self.styled(label, text, self.theme.plain());
    }

    /// Adds a labeled field with a style.
    pub fn styled(&mut self, label: &str, text: &str, style: Style) {
        let indent = 14;
        let wrapped = words::wrap(text, self.width.saturating_sub(indent + 2));
        for (number, line) in wrapped.into_iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.lines.push(Line::from(vec![
                Span::styled(format!(" {label:<13}"), self.theme.dim()),
                Span::styled(line, style),
            ]));
        }
    }

    /// Adds text without a label, wrapped.
    pub fn text(&mut self, text: &str, style: Style) {
        for line in words::wrap(text, self.width.saturating_sub(3)) {
            self.lines.push(Line::styled(format!("  {line}"), style));
        }
    }

    /// Adds text from outside, sanitized.
    pub fn raw(&mut self, text: &Untrusted) {
        for line in text.lines() {
            self.text(&line, self.theme.dim());
        }
    }
}
