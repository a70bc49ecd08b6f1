//! The line in which a list's filter is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::boxed::{draw_line, fit_hint};
use crate::console::input::{KeyCode, MAX_LINE, TextField};
use crate::console::intent::{Intent, Overlay};
use crate::console::scene::{Press, Scene};

/// Hint about the keys of the line.
const KEYS: &str = "enter applies, esc clears";

/// Maximum filters that are kept.
const MAX_FILTERS: usize = 50;

/// Filters that were applied, oldest first.
#[derive(Debug, Default)]
pub(in crate::console) struct EarlierFilters(Vec<String>);

impl EarlierFilters {
    pub fn all(&self) -> &[String] {
        &self.0
    }

    /// Adds a filter as the latest; drops the oldest one if there are more than `MAX_FILTERS`.
    pub fn keep(&mut self, filter: String) {
        self.0.retain(|known| *known != filter);
        if !filter.trim().is_empty() {
            self.0.push(filter);
        }
        if self.0.len() > MAX_FILTERS {
            self.0.remove(0);
        }
    }
}

/// The filter line of a list.
#[derive(Debug)]
pub(in crate::console) struct FilterLine {
    typed: TextField,
}

impl FilterLine {
    /// Creates the line with the list's current filter; up recalls earlier ones, the latest first.
    pub fn new(current: &str, earlier: &[String]) -> Self {
        Self { typed: TextField::new(current, MAX_LINE).with_history(earlier) }
    }

    /// Returns why the filter is invalid; `None` if it is valid.
    fn fault(&self, scene: &Scene<'_>) -> Option<String> {
        scene.beneath.check_filter(scene.cx, self.typed.text()).err().map(|why| why.to_string())
    }

    /// Filters the list while the filter is typed. A filter that is not valid leaves the list unchanged.
    fn narrow(&self, scene: &Scene<'_>) -> Vec<Intent> {
        let typed = self.typed.text();
        if scene.beneath.filter(scene.cx) == typed || self.fault(scene).is_some() {
            return vec![];
        }
        vec![Intent::FilterBy(typed.to_owned())]
    }
}

impl Overlay for FilterLine {
    fn takes_text(&self) -> bool {
        true
    }

    fn paste(&mut self, scene: &Scene<'_>, text: &str) -> Vec<Intent> {
        self.typed.paste(text);
        self.narrow(scene)
    }

    fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent> {
        match press.key.code {
            KeyCode::Esc if scene.beneath.filter(scene.cx).is_empty() => vec![Intent::Close],
            KeyCode::Esc => vec![Intent::Close, Intent::ClearFilter],
            // The fault is shown under the field.
            KeyCode::Enter if self.fault(scene).is_some() => vec![],
            KeyCode::Enter => vec![Intent::KeepFilter(self.typed.text().to_owned()), Intent::Close],
            _ => {
                self.typed.key(&press.key);
                self.narrow(scene)
            }
        }
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let theme = scene.cx.settings.theme;
        let room = usize::from(screen.width.saturating_sub(2));
        let (under, style) = match self.fault(scene) {
            Some(fault) => (fault, theme.bad()),
            None => (fit_hint(&format!("{}; {KEYS}", scene.beneath.filter_hint(scene.cx)), room), theme.dim()),
        };
        Some(draw_line(theme, buffer, screen, ("Filter", &self.typed), (&under, style)))
    }
}
