//! Draws the last line: the current trouble or notice, else the available commands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put::put;
use crate::console::command::CommandSpec;
use crate::console::commands::{ready, table};
use crate::console::cx::Cx;
use crate::console::panes::Panes;
use crate::console::panes::threads::writing::sends;
use crate::console::words;

/// Id of the help command.
pub(in crate::console) const HELP: &str = "help";

/// The command of enter in the composer.
const ENTER: &str = "write.enter";

/// Draws the current trouble or notice, else the commands that can run now.
pub(super) fn draw_footer(cx: &Cx, panes: &Panes, buffer: &mut Buffer, area: Rect) {
    let theme = cx.settings.theme;
    if let Some(trouble) = &cx.trouble {
        let text = format!(" {} {}", theme.pick("✗", "x"), crate::domain::text::clean_line(trouble));
        put(buffer, area.x, area.y, area.width, &words::fit(&text, area.width.into(), theme.ellipsis()), theme.bad());
        return;
    }
    if let Some(notice) = cx.standing_notice() {
        let text = format!(" {}", notice.text);
        let style = if notice.bad { theme.warn() } else { theme.good() };
        put(buffer, area.x, area.y, area.width, &words::fit(&text, area.width.into(), theme.ellipsis()), style);
        return;
    }
    let shown = |spec: &&CommandSpec| spec.hint && ready(panes, cx, spec).is_ok();
    let scopes = cx.scopes();
    let specs = scopes.iter().flat_map(|scope| table().filter(move |spec| spec.scope == *scope));
    let specs: Vec<&'static CommandSpec> = specs.filter(shown).collect();
    let room = area.width.saturating_sub(1);
    let full = hints(cx, panes, &specs, false);
    let wide: u16 = full.iter().map(Hint::wide).sum();
    let hints = if wide > room { hints(cx, panes, &specs, true) } else { full };
    // The help command always has room, because it lists the commands that do not fit.
    let mut help = hints.iter().find(|hint| hint.id == HELP).map_or(0, Hint::wide);
    let mut x = area.x + 1;
    for hint in hints {
        let wide = hint.wide();
        if hint.id == HELP {
            help = 0;
        }
        if hint.key.is_empty() || x + wide + help > area.x + area.width {
            continue;
        }
        put(buffer, x, area.y, wide, &hint.key, theme.accent());
        put(buffer, x + words::width(&hint.key) as u16, area.y, wide, &hint.title, theme.dim());
        x += wide;
    }
}

/// A command in the last line.
struct Hint {
    id: &'static str,
    key: String,
    title: String,
}

impl Hint {
    fn wide(&self) -> u16 {
        (words::width(&self.key) + words::width(&self.title)) as u16
    }
}

/// Returns the commands as hints, with short titles if `short` is set.
fn hints(cx: &Cx, panes: &Panes, specs: &[&'static CommandSpec], short: bool) -> Vec<Hint> {
    let hint = |spec: &&'static CommandSpec| {
        let title = if short && !spec.short.is_empty() { spec.short } else { spec.title };
        // Enter sends one line, and adds another one to a longer text.
        let title = if spec.id == ENTER && !sends(&panes.threads, cx) { "New line, ctrl-s sends" } else { title };
        Hint { id: spec.id, key: cx.settings.keymap.first(spec), title: format!(" {}  ", title.to_lowercase()) }
    };
    specs.iter().map(hint).collect()
}
