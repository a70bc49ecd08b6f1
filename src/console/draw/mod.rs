//! Draws the screen. Everything here reads the console and changes nothing.

mod chrome;
pub(in crate::console) mod details;
pub(in crate::console) mod footer;
mod lists;
pub(in crate::console) mod put;
pub(in crate::console) mod row;
pub(in crate::console) mod sheet;

use ratatui::Frame;

use self::put::put;
use crate::console::Console;
use crate::console::beneath::scene;
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
        if let Some(filters) = plan.filters {
            pane.draw_tabs(cx, frame.buffer_mut(), filters);
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
            if let Some(cursor) = cursor.filter(|_| cx.focus == Focus::Composer && !self.front.is_open()) {
                frame.set_cursor_position(cursor);
            }
        }
        footer::draw_footer(cx, &self.panes, frame.buffer_mut(), plan.footer);
        if let Some(cursor) = self.front.draw(&scene(cx, &self.panes), frame.buffer_mut(), area) {
            frame.set_cursor_position(cursor);
        }
    }
}
