//! The picture. Everything here reads the console and changes nothing.

mod chrome;
pub(in crate::console) mod details;
pub(in crate::console) mod lists;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::console::layout::SMALLEST;
use crate::console::{Console, Focus, Pane};

impl Console {
    /// Draws the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            self.draw_summary(frame.buffer_mut(), area);
            return;
        }
        let plan = self.plan();
        self.draw_header(frame.buffer_mut(), plan.header);
        for (pane, title) in &plan.titles {
            self.draw_title(frame.buffer_mut(), *pane, *title);
        }
        if let Some(tabs) = plan.tabs {
            self.draw_tabs(frame.buffer_mut(), tabs);
        }
        if let Some(list) = plan.list {
            self.draw_list(frame.buffer_mut(), list);
        }
        if let Some(divider) = plan.divider {
            for y in divider.top()..divider.bottom() {
                put(frame.buffer_mut(), divider.x, y, 1, self.settings.theme.bar(), self.settings.theme.dim());
            }
        }
        if let Some(detail) = plan.detail {
            match self.pane {
                Pane::Threads => self.draw_thread(frame.buffer_mut(), detail),
                _ => self.draw_detail(frame.buffer_mut(), detail),
            }
        }
        if let Some(composer) = plan.composer {
            let cursor = self.draw_composer(frame.buffer_mut(), composer);
            if let Some(cursor) = cursor.filter(|_| self.focus == Focus::Composer && self.overlay.is_none()) {
                frame.set_cursor_position(cursor);
            }
        }
        self.draw_footer(frame.buffer_mut(), plan.footer);
        if let Some(cursor) = self.draw_overlay(frame.buffer_mut(), area) {
            frame.set_cursor_position(cursor);
        }
    }
}

/// Puts text on the screen, cut to so many cells. What comes here is harmless already.
pub(in crate::console) fn put(buffer: &mut Buffer, x: u16, y: u16, cells: u16, text: &str, style: Style) {
    if cells > 0 && buffer.area.contains((x, y).into()) {
        buffer.set_stringn(x, y, text, usize::from(cells), style);
    }
}

/// Puts lines below each other, as many as fit.
pub(in crate::console) fn put_lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'static>]) {
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        buffer.set_line(area.x, area.y + row as u16, line, area.width);
    }
}
