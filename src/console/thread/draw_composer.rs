//! Draws the composer: the recipient, the service window, and the text.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::console::cx::Cx;
use crate::console::draw::put::put;
use crate::console::panes::threads::state::ThreadsPane;
use crate::console::settings::Focus;
use crate::console::words;
use crate::domain::costs::category::Category;

impl ThreadsPane {
    /// Draws the composer. Returns the position of the text cursor.
    pub fn draw_composer(&self, cx: &Cx, buffer: &mut Buffer, area: Rect) -> Option<Position> {
        let theme = cx.settings.theme;
        let open = self.open.as_ref()?;
        let name = open.row.as_ref().map_or_else(|| open.thread.to_string(), |row| row.contact.display_name());
        let writing = cx.focus == Focus::Composer;
        let (window, is_open) = self.window_words(cx);
        let rule = theme.rule().repeat(usize::from(area.width));
        put(buffer, area.x, area.y, area.width, &rule, theme.dim());
        let instead = self.composer().is_some_and(|composer| composer.answers.is_some());
        let to = if instead { "Instead of the suggested reply, to" } else { "To" };
        // The environment of the number, because the header may show another scope.
        let badge = match cx.scopes_known().len() {
            0 | 1 => "",
            _ => open.row.as_ref().map_or("", |row| row.environment.badge()),
        };
        let gap = if badge.is_empty() { "" } else { " " };
        let title = format!("{gap}{badge} {to} {} ", words::fit(&name, 24, theme.ellipsis()));
        put(
            buffer,
            area.x + 1,
            area.y,
            area.width.saturating_sub(2),
            &title,
            if writing { theme.accent() } else { theme.dim() },
        );
        if let Some(row) = open.row.as_ref().filter(|_| !badge.is_empty()) {
            let wide = words::width(badge) as u16 + 2;
            put(buffer, area.x + 1, area.y, wide, &format!(" {badge} "), theme.environment(row.environment));
        }
        let next =
            open.row.as_ref().and_then(|row| row.costs.as_ref()).map(|costs| costs.next_of(Some(Category::Service)));
        let next = next.map(|charge| format!("costs {charge}{}", theme.dot())).unwrap_or_default();
        let right = format!(" {next}{window} ");
        let x = (area.x + area.width).saturating_sub(words::width(&right) as u16 + 1);
        if x > area.x + words::width(&title) as u16 + 1 {
            put(buffer, x, area.y, area.width, &right, if is_open { theme.dim() } else { theme.warn() });
        }
        let mut y = area.y + 1;
        let composer = self.composer();
        if let Some((_, quoted)) = composer.and_then(|composer| composer.quote.as_ref()) {
            let text = format!(" {} {quoted}", theme.pick("❝", "\""));
            put(buffer, area.x, y, area.width, &words::fit(&text, area.width.into(), theme.ellipsis()), theme.dim());
            y += 1;
        }
        if let Some((text, good)) = self.reply_preview(cx) {
            let text = words::fit(&format!(" {text}"), area.width.into(), theme.ellipsis());
            put(buffer, area.x, y, area.width, &text, if good { theme.accent() } else { theme.warn() });
            y += 1;
        }
        let room = usize::from((area.y + area.height).saturating_sub(y));
        let empty = composer.is_none_or(crate::console::thread::composer::Composer::is_empty);
        if empty && !writing {
            let hint = if is_open {
                "c writes, a sends other content; queued agent replies are canceled."
            } else {
                "T sends a template; other messages need an open service window."
            };
            put(
                buffer,
                area.x + 1,
                y,
                area.width.saturating_sub(2),
                &words::fit(hint, usize::from(area.width) - 2, theme.ellipsis()),
                theme.dim(),
            );
            return None;
        }
        let wrapped = composer?.wrapped(usize::from(area.width) - 2);
        let first = (wrapped.row + 1).saturating_sub(room);
        for (row, line) in wrapped.lines.iter().skip(first).take(room).enumerate() {
            put(buffer, area.x + 1, y + row as u16, area.width.saturating_sub(1), line, theme.plain());
        }
        Some(Position::new(area.x + 1 + wrapped.column as u16, y + (wrapped.row - first) as u16))
    }
}
