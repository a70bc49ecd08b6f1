//! Draws the frames of overlays, and the lines for text input.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use crate::console::draw::put::put;
use crate::console::input::TextField;
use crate::console::theme::Theme;
use crate::console::words;

/// Returns a box of this size in the middle of the screen.
pub(in crate::console) fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    Rect { x: screen.width.saturating_sub(width) / 2, y: screen.height.saturating_sub(height) / 2, width, height }
}

/// Draws an empty box with a title and a hint. Returns the area inside.
pub(in crate::console) fn draw_box(theme: Theme, buffer: &mut Buffer, area: Rect, title: &str, hint: &str) -> Rect {
    Clear.render(area, buffer);
    let (across, down) = (theme.rule(), theme.bar());
    let corners = if theme.ascii { ["+", "+", "+", "+"] } else { ["┌", "┐", "└", "┘"] };
    let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
    for x in area.x + 1..right {
        put(buffer, x, area.y, 1, across, theme.dim());
        put(buffer, x, bottom, 1, across, theme.dim());
    }
    for y in area.y + 1..bottom {
        put(buffer, area.x, y, 1, down, theme.dim());
        put(buffer, right, y, 1, down, theme.dim());
    }
    for (corner, (x, y)) in corners.iter().zip([(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)]) {
        put(buffer, x, y, 1, corner, theme.dim());
    }
    put(buffer, area.x + 2, area.y, area.width.saturating_sub(4), &format!(" {title} "), theme.accent());
    let hint = format!(" {} ", fit_hint(hint, usize::from(area.width.saturating_sub(6))));
    let hint = words::fit(&hint, usize::from(area.width.saturating_sub(4)), theme.ellipsis());
    let x = right.saturating_sub(words::width(&hint) as u16 + 1);
    put(buffer, x, bottom, area.width, &hint, theme.dim());
    Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: area.height.saturating_sub(2) }
}

/// Shortens a hint to the room. The part after the last semicolon names the keys and is always kept; before it, words
/// are removed from the end.
pub(in crate::console) fn fit_hint(hint: &str, room: usize) -> String {
    let Some((mut takes, keys)) = hint.rsplit_once("; ") else { return hint.to_owned() };
    loop {
        let hint = format!("{takes}; {keys}");
        match takes.rsplit_once(' ') {
            Some((shorter, _)) if words::width(&hint) > room => takes = without_joint(shorter),
            _ => return hint,
        }
    }
}

/// Removes a trailing joint such as a comma or `and` that led to removed words.
fn without_joint(text: &str) -> &str {
    let shorter = [",", " terms:", " and"].into_iter().find_map(|joint| text.strip_suffix(joint));
    shorter.map_or(text, without_joint)
}

/// Draws the input line at the top of a box. Returns the position of the cursor.
pub(in crate::console) fn draw_prompt(theme: Theme, buffer: &mut Buffer, inner: Rect, typed: &TextField) -> Position {
    let sign = format!("{} ", theme.pick("›", ">"));
    let label = words::width(&sign) as u16;
    put(buffer, inner.x, inner.y, inner.width, &sign, theme.plain());
    let room = inner.width.saturating_sub(label);
    let (shown, column) = typed.view(room.into());
    put(buffer, inner.x + label, inner.y, room, &shown, theme.plain());
    Position::new(inner.x + label + column as u16, inner.y)
}

/// Draws an input line at the bottom of the screen with a line below it. Returns the position of the cursor.
pub(in crate::console) fn draw_line(
    theme: Theme,
    buffer: &mut Buffer,
    screen: Rect,
    (title, typed): (&str, &TextField),
    (under, style): (&str, Style),
) -> Position {
    let y = screen.height.saturating_sub(2);
    Clear.render(Rect { x: 0, y, width: screen.width, height: screen.height - y }, buffer);
    if y + 1 < screen.height {
        let under = words::fit(under, usize::from(screen.width.saturating_sub(2)), theme.ellipsis());
        put(buffer, 1, y + 1, screen.width.saturating_sub(1), &under, style);
    }
    let label = format!(" {title} {} ", theme.pick("›", ">"));
    put(buffer, 0, y, screen.width, &label, theme.accent());
    let x = words::width(&label) as u16;
    let room = screen.width.saturating_sub(x);
    let (shown, column) = typed.view(room.into());
    put(buffer, x, y, room, &shown, theme.plain());
    Position::new((x + column as u16).min(screen.width - 1), y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_never_cut_and_examples_are_left_out_whole() {
        let whole = "words, and terms: is:unread num:4567 conn:support since:2h; enter applies, esc clears";
        assert_eq!(fit_hint(whole, 118), whole);
        let shorter = "words, and terms: is:unread num:4567 conn:support; enter applies, esc clears";
        assert_eq!(fit_hint(whole, 78), shorter);
        assert_eq!(fit_hint(whole, 38), "words; enter applies, esc clears");
        assert_eq!(fit_hint("words; enter, esc", 3), "words; enter, esc");
        assert_eq!(fit_hint("any key closes", 3), "any key closes");
    }
}
