//! The picture. Everything here reads the console and changes nothing.

mod chrome;
pub(in crate::console) mod details;
mod footer;
mod lists;
pub(in crate::console) mod row;
pub(in crate::console) mod sheet;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::console::Console;
use crate::console::layout::{Plan, SMALLEST};
use crate::console::settings::Focus;

impl Console {
    /// Draws the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let (cx, pane, area) = (&self.cx, self.pane(), frame.area());
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            chrome::draw_summary(cx, frame.buffer_mut(), area);
            return;
        }
        let plan = Plan::new(cx, pane);
        chrome::draw_header(cx, pane, frame.buffer_mut(), plan.header);
        for (id, title) in &plan.titles {
            chrome::draw_title(cx, self.panes.get(*id), frame.buffer_mut(), *title);
        }
        if let Some(tabs) = plan.tabs {
            chrome::draw_tabs(cx, pane, frame.buffer_mut(), tabs);
        }
        if let Some(list) = plan.list {
            lists::draw_list(cx, pane, frame.buffer_mut(), list);
        }
        if let Some(divider) = plan.divider {
            for y in divider.top()..divider.bottom() {
                put(frame.buffer_mut(), divider.x, y, 1, cx.settings.theme.bar(), cx.settings.theme.dim());
            }
        }
        if let Some(detail) = plan.detail
            && !pane.draw_detail(cx, frame.buffer_mut(), detail)
        {
            details::draw_detail(cx, pane, self.scroll, frame.buffer_mut(), detail);
        }
        if let Some(composer) = plan.composer {
            let cursor = self.panes.threads.draw_composer(cx, frame.buffer_mut(), composer);
            if let Some(cursor) = cursor.filter(|_| cx.focus == Focus::Composer && self.overlay.is_none()) {
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
