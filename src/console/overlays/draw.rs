//! What stands in front of everything else.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget};

use crate::console::commands::ready;
use crate::console::draw::put::put;
use crate::console::input::TextField;
use crate::console::overlays::{Overlay, Reading};
use crate::console::{Console, words};
use crate::domain::numbers::connection::Environment;

impl Console {
    /// The environment of what is selected, else what is shown.
    pub(in crate::console) fn environment_at_hand(&self) -> Option<Environment> {
        self.pane().environment(&self.cx).or_else(|| self.cx.environment_shown())
    }

    /// The title of a form, led by the environment of what it is about where there is more than one.
    pub(in crate::console) fn form_title(&self, title: &str) -> String {
        match self.environment_at_hand().filter(|_| self.cx.scopes_known().len() > 1) {
            Some(environment) => format!("{} {title}", environment.badge()),
            None => title.to_owned(),
        }
    }

    /// Draws it, and says where the cursor stands.
    pub(in crate::console) fn draw_overlay(&self, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        match self.overlay.as_ref()? {
            Overlay::Palette { typed, at, all } => Some(self.draw_palette(buffer, screen, typed, *at, *all)),
            Overlay::Confirm { question, .. } => {
                self.draw_confirm(buffer, screen, question);
                None
            }
            Overlay::Line { title, typed, .. } => Some(self.draw_line(buffer, screen, title, typed)),
            Overlay::Reading { what, scroll } => {
                self.draw_reading(buffer, screen, *what, *scroll);
                None
            }
            Overlay::Editor(area) => {
                self.draw_editor(buffer, screen, area);
                None
            }
            Overlay::Form(form) => Some(self.draw_form(buffer, screen, form)),
            Overlay::Finder(finder) => Some(self.draw_finder(buffer, screen, finder)),
            Overlay::Picture(_) => {
                self.draw_picture(buffer, screen);
                None
            }
        }
    }

    /// An empty box with a title; what is inside is returned.
    pub(in crate::console) fn draw_box(&self, buffer: &mut Buffer, area: Rect, title: &str, hint: &str) -> Rect {
        let theme = self.cx.settings.theme;
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
        for (corner, (x, y)) in
            corners.iter().zip([(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)])
        {
            put(buffer, x, y, 1, corner, theme.dim());
        }
        put(buffer, area.x + 2, area.y, area.width.saturating_sub(4), &format!(" {title} "), theme.accent());
        let hint = words::fit(&format!(" {hint} "), usize::from(area.width.saturating_sub(4)), theme.ellipsis());
        let x = right.saturating_sub(words::width(&hint) as u16 + 1);
        put(buffer, x, bottom, area.width, &hint, theme.dim());
        Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        }
    }

    fn draw_palette(&self, buffer: &mut Buffer, screen: Rect, typed: &TextField, at: usize, all: bool) -> Position {
        let theme = self.cx.settings.theme;
        let found = self.found(typed.text(), all);
        let destination = self.destination(typed.text());
        let above = u16::from(destination.is_some());
        let width = screen.width.saturating_sub(4).min(92);
        let height = ((found.len() as u16) + above + 4).clamp(6, screen.height.saturating_sub(2));
        let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 2, width, height };
        let inner = self.draw_box(buffer, area, "Commands", "type to find, enter runs, esc closes");
        let cursor = self.draw_prompt(buffer, inner, typed);
        let room = usize::from(inner.height.saturating_sub(2 + above));
        if let Some(destination) = &destination {
            put(buffer, inner.x, inner.y + 2, inner.width, &destination.words(), theme.accent());
            if at == 0 {
                buffer.set_style(Rect { y: inner.y + 2, height: 1, ..inner }, theme.selected(true));
            }
        }
        // Among the commands alone.
        let (at, none) = (at.checked_sub(usize::from(above)), found.is_empty() && destination.is_none());
        let first = (at.unwrap_or_default() + 1).saturating_sub(room);
        if none {
            put(buffer, inner.x, inner.y + 2, inner.width, "No command with this name.", theme.dim());
        }
        for (place, (index, spec)) in found.iter().enumerate().skip(first).take(room).enumerate() {
            let y = inner.y + 2 + above + place as u16;
            let not_ready = ready(&self.panes, &self.cx, spec).err();
            let keys = words::pad(&self.cx.settings.keymap.shown(spec), 14, theme.ellipsis());
            let name = words::pad(spec.title, 18, theme.ellipsis());
            let help = not_ready.as_deref().unwrap_or(spec.help);
            let dim = not_ready.is_some();
            put(buffer, inner.x, y, 14, &keys, if dim { theme.dim() } else { theme.accent() });
            put(buffer, inner.x + 15, y, 18, &name, if dim { theme.dim() } else { theme.plain() });
            let room = inner.width.saturating_sub(34);
            put(buffer, inner.x + 34, y, room, &words::fit(help, room.into(), theme.ellipsis()), theme.dim());
            if Some(index) == at {
                buffer.set_style(Rect { y, height: 1, ..inner }, theme.selected(true));
            }
        }
        cursor
    }

    /// The line of what is typed, at the top of a box, and where its cursor stands.
    pub(in crate::console) fn draw_prompt(&self, buffer: &mut Buffer, inner: Rect, typed: &TextField) -> Position {
        let theme = self.cx.settings.theme;
        let sign = format!("{} ", theme.pick("›", ">"));
        let label = words::width(&sign) as u16;
        put(buffer, inner.x, inner.y, inner.width, &sign, theme.plain());
        let room = inner.width.saturating_sub(label);
        let (shown, column) = typed.view(room.into());
        put(buffer, inner.x + label, inner.y, room, &shown, theme.plain());
        Position::new(inner.x + label + column as u16, inner.y)
    }

    fn draw_confirm(&self, buffer: &mut Buffer, screen: Rect, question: &str) {
        let width = screen.width.saturating_sub(4).min(64);
        let lines = words::wrap(question, usize::from(width) - 4);
        let height = (lines.len() as u16 + 2).min(screen.height);
        let area = Rect { x: (screen.width - width) / 2, y: screen.height.saturating_sub(height) / 2, width, height };
        let title = self.environment_at_hand().map_or("", Environment::badge);
        let inner = self.draw_box(buffer, area, title, "y or ctrl-y yes, n no");
        for (row, line) in lines.iter().take(usize::from(inner.height)).enumerate() {
            put(buffer, inner.x, inner.y + row as u16, inner.width, line, self.cx.settings.theme.plain());
        }
    }

    fn draw_line(&self, buffer: &mut Buffer, screen: Rect, title: &str, typed: &TextField) -> Position {
        let theme = self.cx.settings.theme;
        let y = screen.height.saturating_sub(2);
        Clear.render(Rect { x: 0, y, width: screen.width, height: screen.height - y }, buffer);
        if y + 1 < screen.height {
            let (under, style) = match self.filter_fault() {
                Some(fault) => (fault, theme.bad()),
                None => (self.line_hint(), theme.dim()),
            };
            let under = words::fit(&under, usize::from(screen.width.saturating_sub(2)), theme.ellipsis());
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

    /// The editor that is built in: the whole screen, and two keys.
    fn draw_editor(&self, buffer: &mut Buffer, screen: Rect, area: &ratatui_textarea::TextArea<'static>) {
        let theme = self.cx.settings.theme;
        let title = self.cx.script.as_ref().map_or("", |script| script.kind.title());
        let frame = Rect { x: 1, y: 1, width: screen.width.saturating_sub(2), height: screen.height.saturating_sub(2) };
        let inner = self.draw_box(buffer, frame, title, "ctrl-s checks it, esc saves for later");
        let mut shown = area.clone();
        shown.set_style(theme.plain());
        shown.set_cursor_line_style(theme.plain());
        shown.set_cursor_style(ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::REVERSED));
        (&shown).render(inner, buffer);
    }

    fn draw_reading(&self, buffer: &mut Buffer, screen: Rect, what: Reading, scroll: usize) {
        let theme = self.cx.settings.theme;
        let width = screen.width.saturating_sub(2);
        let most = screen.height.saturating_sub(2);
        let lines: Vec<String> = self
            .reading_lines(what)
            .iter()
            .flat_map(|line| words::wrap(line, usize::from(width.saturating_sub(4))))
            .collect();
        // What is short takes no more room than it needs.
        let height = if what.reads_down() { (lines.len() as u16 + 2).clamp(8.min(most), most) } else { most };
        let area = Rect { x: 1, y: 1 + (most - height) / 3, width, height };
        let inner = self.draw_box(
            buffer,
            area,
            what.title(),
            match what {
                Reading::Findings => "s submits, e edits, f fixes, esc saves for later",
                _ => "k and j scroll, esc closes",
            },
        );
        let room = usize::from(inner.height);
        let (first, last) = if what.reads_down() {
            let first = scroll.min(lines.len().saturating_sub(room));
            (first, (first + room).min(lines.len()))
        } else {
            let last = lines.len().saturating_sub(scroll);
            (last.saturating_sub(room), last)
        };
        for (row, line) in lines[first..last].iter().enumerate() {
            put(buffer, inner.x, inner.y + row as u16, inner.width, line, theme.plain());
        }
    }
}
