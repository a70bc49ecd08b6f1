//! Draws the open pane's list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put::put;
use super::row::Row;
use crate::console::cx::Cx;
use crate::console::panes::pane::Pane;
use crate::console::settings::Focus;
use crate::console::words;
use crate::domain::text::clean_line;

/// Draws the list of a pane.
pub(super) fn draw_list(cx: &Cx, pane: &dyn Pane, buffer: &mut Buffer, area: Rect) {
    let ids = pane.ids(cx);
    if ids.is_empty() {
        draw_empty(cx, pane, buffer, area);
        return;
    }
    let height = pane.row_height(cx);
    let room = (usize::from(area.height) / height).max(1);
    let seen = pane.list().seen(&ids, room);
    for (place, index) in (seen.first..ids.len()).take(room).enumerate() {
        let y = area.y + (place * height) as u16;
        let cursor = seen.cursor == Some(index);
        for (line, row) in pane.rows(cx, index, height).iter().enumerate() {
            let line_area = Rect { y: y + line as u16, height: 1, ..area };
            if line_area.y < area.y + area.height {
                draw_row(cx, buffer, line_area, row, cursor.then_some(line));
            }
        }
    }
    draw_trouble(cx, buffer, area);
}

/// Draws at the end of the list why it could not be refreshed: the rows above are older.
fn draw_trouble(cx: &Cx, buffer: &mut Buffer, area: Rect) {
    let Some(trouble) = &cx.trouble else { return };
    let theme = cx.settings.theme;
    let lines = words::wrap(&clean_line(trouble), usize::from(area.width.saturating_sub(3)));
    let first = area.bottom().saturating_sub(lines.len() as u16).max(area.y);
    for (row, line) in lines.iter().enumerate() {
        let y = first + row as u16;
        if y < area.bottom() {
            let blank = " ".repeat(usize::from(area.width.saturating_sub(1)));
            put(buffer, area.x, y, area.width.saturating_sub(1), &blank, theme.plain());
            put(buffer, area.x + 2, y, area.width.saturating_sub(3), line, theme.bad());
        }
    }
}

/// Draws one line of a row; `cursor` is the line's number if the row is under the cursor.
fn draw_row(cx: &Cx, buffer: &mut Buffer, area: Rect, row: &Row, cursor: Option<usize>) {
    let theme = cx.settings.theme;
    let right_wide: usize = row.right.iter().map(|(text, _)| words::width(text)).sum();
    let room = usize::from(area.width).saturating_sub(right_wide + 3);
    let first = cursor == Some(0);
    if first {
        let style = if cx.focus == Focus::List { theme.accent() } else { theme.dim() };
        put(buffer, area.x, area.y, 1, theme.pick("▌", ">"), style);
    }
    let mut x = area.x + 1;
    let mut left = room;
    for (text, style) in &row.left {
        let text = words::fit(text, left, theme.ellipsis());
        let wide = words::width(&text);
        put(buffer, x, area.y, wide as u16, &text, *style);
        x += wide as u16;
        left -= wide.min(left);
    }
    let mut x = (area.x + area.width).saturating_sub(right_wide as u16 + 1);
    for (text, style) in &row.right {
        put(buffer, x, area.y, words::width(text) as u16, text, *style);
        x += words::width(text) as u16;
    }
    if first {
        let whole = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        buffer.set_style(whole, theme.selected(cx.focus == Focus::List));
    }
}

/// Draws an empty list with what to do next.
fn draw_empty(cx: &Cx, pane: &dyn Pane, buffer: &mut Buffer, area: Rect) {
    let theme = cx.settings.theme;
    let filter = &pane.list().filter;
    let text = if !pane.is_loaded(cx) {
        "Loading …".to_owned()
    } else if filter.is_empty() {
        pane.empty_text(cx)
    } else {
        format!("No matches for \"{filter}\". Press esc to show everything.")
    };
    let wide = usize::from(area.width.saturating_sub(4)).min(60);
    let top = area.y + area.height / 3;
    for (row, line) in words::wrap(&text, wide).into_iter().enumerate() {
        let y = top + row as u16;
        if y < area.y + area.height {
            put(buffer, area.x + 2, y, area.width.saturating_sub(2), &line, theme.dim());
        }
    }
}
