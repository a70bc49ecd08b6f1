//! Draws the detail of the selected item.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::put::{put, put_lines};
use super::sheet::Sheet;
use crate::console::cx::Cx;
use crate::console::layout::detail_width;
use crate::console::panes::pane::Pane;
use crate::console::settings::Focus;
use crate::console::words;

/// Draws a pane's detail from a scroll offset.
pub(super) fn draw_detail(cx: &Cx, pane: &dyn Pane, scroll: u16, buffer: &mut Buffer, area: Rect) {
    let theme = cx.settings.theme;
    let lines = sheet(cx, pane, usize::from(area.width));
    let title = format!(" {}", pane.detail_title(cx).unwrap_or_default());
    let style = if cx.focus == Focus::Detail { theme.accent() } else { theme.bold() };
    put(buffer, area.x, area.y, area.width, &words::fit(&title, area.width.into(), theme.ellipsis()), style);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let total = lines.len();
    let seen: Vec<Line<'static>> = lines.into_iter().skip(scroll.into()).take(body.height.into()).collect();
    put_lines(buffer, body, &seen);
    let below = total.saturating_sub(usize::from(scroll) + usize::from(body.height));
    if below > 0 {
        let text = format!(" {} {below} more lines ", theme.pick("▼", "v"));
        let wide = words::width(&text) as u16;
        let x = (body.x + body.width).saturating_sub(wide + 1);
        put(buffer, x, body.y + body.height - 1, wide, &text, theme.accent());
    }
}

/// Returns the number of lines in a pane's detail.
pub(in crate::console) fn detail_lines(cx: &Cx, pane: &dyn Pane) -> usize {
    sheet(cx, pane, detail_width(cx, pane)).len()
}

fn sheet(cx: &Cx, pane: &dyn Pane, width: usize) -> Vec<Line<'static>> {
    let mut sheet = Sheet { theme: cx.settings.theme, width, lines: vec![] };
    pane.sheet(cx, &mut sheet);
    sheet.lines
}
