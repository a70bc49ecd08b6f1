//! The last line: a notice while it stands, else what can be done here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put;
use crate::console::command::{CommandSpec, table};
use crate::console::{Console, words};

/// The command that shows what can be done.
const HELP: &str = "help";

impl Console {
    /// A notice while it stands, else what can be done here.
    pub(super) fn draw_footer(&self, buffer: &mut Buffer, area: Rect) {
        let theme = self.cx.settings.theme;
        if let Some(trouble) = &self.cx.trouble {
            let text = format!(" {} {}", theme.pick("✗", "x"), crate::domain::text::clean_line(trouble));
            put(
                buffer,
                area.x,
                area.y,
                area.width,
                &words::fit(&text, area.width.into(), theme.ellipsis()),
                theme.bad(),
            );
            return;
        }
        if let Some(notice) = self.cx.standing_notice() {
            let text = format!(" {}", notice.text);
            let style = if notice.bad { theme.warn() } else { theme.good() };
            put(buffer, area.x, area.y, area.width, &words::fit(&text, area.width.into(), theme.ellipsis()), style);
            return;
        }
        let mut x = area.x + 1;
        let hint = |spec: &CommandSpec| {
            let key = self.cx.settings.keymap.first(spec);
            let title = format!(" {}  ", spec.title.to_lowercase());
            let wide = (words::width(&key) + words::width(&title)) as u16;
            (key, title, wide)
        };
        let shown = |spec: &&CommandSpec| spec.hint && (spec.ready)(self).is_ok();
        // Help leads to everything that has no room here: it always has some.
        let mut help = table().iter().find(|spec| spec.id == HELP).filter(shown).map_or(0, |spec| hint(spec).2);
        let scopes = self.scopes();
        for scope in scopes {
            for spec in table().iter().filter(|spec| spec.scope == scope).filter(shown) {
                let (key, title, wide) = hint(spec);
                if spec.id == HELP {
                    help = 0;
                }
                if key.is_empty() || x + wide + help > area.x + area.width {
                    continue;
                }
                put(buffer, x, area.y, wide, &key, theme.accent());
                put(buffer, x + words::width(&key) as u16, area.y, wide, &title, theme.dim());
                x += wide;
            }
        }
    }
}
