//! Lines of a detail: headings, fields, text.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::console::theme::Theme;
use crate::console::words;
use crate::domain::text::Untrusted;

/// Lines of a detail, being written.
pub(in crate::console) struct Sheet {
    pub theme: Theme,
    pub width: usize,
    pub lines: Vec<Line<'static>>,
}

impl Sheet {
    pub fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(Line::styled(format!(" {text}"), self.theme.bold()));
    }

    pub fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    pub fn field(&mut self, label: &str, text: &str) {
        self.styled(label, text, self.theme.plain());
    }

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

    pub fn text(&mut self, text: &str, style: Style) {
        for line in words::wrap(text, self.width.saturating_sub(3)) {
            self.lines.push(Line::styled(format!("  {line}"), style));
        }
    }

    pub fn raw(&mut self, text: &Untrusted) {
        for line in text.lines() {
            self.text(&line, self.theme.dim());
        }
    }
}
