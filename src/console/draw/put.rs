//! Writes text to the screen buffer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Writes text, cut to `cells`. The text must be sanitized already.
pub(in crate::console) fn put(buffer: &mut Buffer, x: u16, y: u16, cells: u16, text: &str, style: Style) {
    if cells > 0 && buffer.area.contains((x, y).into()) {
        buffer.set_stringn(x, y, text, usize::from(cells), style);
    }
}

/// Writes lines below each other, as many as fit.
pub(in crate::console) fn put_lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'static>]) {
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        buffer.set_line(area.x, area.y + row as u16, line, area.width);
    }
}
