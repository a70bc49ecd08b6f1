//! Forms, finders and pictures in front of everything else.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::console::draw::put::put;
use crate::console::overlays::finder_kind::Finder;
use crate::console::overlays::form::{Form, FormKind};
use crate::console::overlays::picture::{Drawn, pixel};
use crate::console::{Console, words};
use crate::domain::message::media::size;
use crate::domain::message::picture::Raster;
use crate::domain::numbers::connection::Environment;

impl Console {
    pub(in crate::console) fn draw_form(&self, buffer: &mut Buffer, screen: Rect, form: &Form) -> Position {
        let theme = self.cx.settings.theme;
        let width = screen.width.saturating_sub(4).min(86);
        let preview = self.form_preview(form, usize::from(width) - 4);
        let rows = form.fields.len() as u16 + preview.len() as u16 + 4;
        let height = rows.clamp(6, screen.height.saturating_sub(2));
        let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 2, width, height };
        let hint = match (form.waits, form.kind.is_kept()) {
            (true, _) => "loading",
            (false, true) => "enter next field, ctrl-s sends, esc saves for later",
            (false, false) => "enter next field, ctrl-s sends, esc cancels",
        };
        let inner = self.draw_box(
            buffer,
            area,
            &words::fit(&self.form_title(&form.title), usize::from(width) - 6, theme.ellipsis()),
            hint,
        );
        // Whatever is about production says so in its colour, too.
        if self.environment_at_hand() == Some(Environment::Production) && self.cx.scopes_known().len() > 1 {
            let title = words::fit(&self.form_title(&form.title), usize::from(width) - 6, theme.ellipsis());
            let room = area.width.saturating_sub(4);
            put(buffer, area.x + 2, area.y, room, &format!(" {title} "), theme.environment(Environment::Production));
        }
        let label = form.fields.iter().map(|field| words::width(&field.label)).max().unwrap_or(0).min(22) as u16;
        let mut cursor = Position::new(inner.x, inner.y);
        for (row, field) in form.fields.iter().enumerate() {
            let y = inner.y + row as u16;
            if y >= inner.bottom() {
                break;
            }
            let here = row == form.at;
            let name = words::pad(&field.label, label.into(), theme.ellipsis());
            put(buffer, inner.x, y, label, &name, if here { theme.accent() } else { theme.dim() });
            let x = inner.x + label + 2;
            let room = inner.right().saturating_sub(x);
            if field.input.text().is_empty() {
                let hint = words::fit(&field.hint, room.into(), theme.ellipsis());
                put(buffer, x, y, room, &hint, theme.dim());
            }
            let (shown, column) = field.input.view(room.into());
            put(buffer, x, y, room, &shown, theme.plain());
            if here {
                cursor = Position::new(x + column as u16, y);
            }
        }
        let mut y = inner.y + form.fields.len() as u16 + 1;
        if let Some(fault) = &form.fault {
            for line in words::wrap(fault, inner.width.into()) {
                put(buffer, inner.x, y, inner.width, &line, theme.bad());
                y += 1;
            }
        }
        for (text, style) in preview {
            if y >= inner.bottom() {
                break;
            }
            put(buffer, inner.x, y, inner.width, &text, style);
            y += 1;
        }
        if let Some(raster) = self.loaded.file.as_ref().and_then(|file| file.preview.as_ref())
            && matches!(form.kind, FormKind::File { .. })
        {
            self.draw_small(buffer, inner, raster, y);
        }
        cursor
    }

    /// What would go out, and what should be known before.
    fn form_preview(&self, form: &Form, width: usize) -> Vec<(String, Style)> {
        let theme = self.cx.settings.theme;
        let mut lines = vec![];
        let mut say = |text: &str, style: Style| {
            lines.extend(words::wrap(text, width).into_iter().map(|line| (line, style)));
        };
        match &form.kind {
            FormKind::Template { template, .. } => {
                say("Preview", theme.dim());
                for line in template.render(&form.values()).lines() {
                    say(&line, theme.plain());
                }
            }
            FormKind::Later { text, .. } => {
                for line in text.lines().take(6) {
                    say(&crate::domain::text::clean_line(line), theme.plain());
                }
            }
            FormKind::Agent(form) => {
                let (text, warns) = form.note();
                say(&text, if warns { theme.warn() } else { theme.dim() });
            }
            FormKind::Platform(form) => {
                if let Some((text, warns)) = form.note() {
                    say(&text, if warns { theme.warn() } else { theme.dim() });
                }
            }
            FormKind::Note { .. } => {
                say("Only colleagues see it. Notes are never sent.", theme.warn());
            }
            FormKind::File { .. } if !self.loaded.form_file.choices.is_empty() => {
                say(&self.loaded.form_file.choices.join("  "), theme.dim());
            }
            FormKind::File { .. } => match &self.loaded.file {
                None => say("The file is checked when its path is entered.", theme.dim()),
                Some(file) => {
                    if let Some(refusal) = &file.refusal {
                        say(&crate::domain::text::clean_line(refusal), theme.bad());
                    }
                    if let Some(kind) = file.kind {
                        let pixels = file.facts.size.map(|(w, h)| format!(", {w}x{h}")).unwrap_or_default();
                        let what =
                            format!("{}: {}, {}{pixels}", kind.name(), file.facts.mime_type, size(file.facts.bytes));
                        say(&what, theme.good());
                    }
                    for warning in &file.warnings {
                        say(&format!("! {}", crate::domain::text::clean_line(warning)), theme.warn());
                    }
                    if file.can_convert {
                        say("It can be converted to a voice note: enter yes.", theme.plain());
                    }
                    // Room for the preview.
                    for _ in 0..file.preview.as_ref().map_or(0, |_| 8) {
                        say("", theme.plain());
                    }
                }
            },
            _ => {
                if let Ok(content) = form.content() {
                    say("After conversion", theme.dim());
                    for line in content.words().lines() {
                        say(&line, theme.plain());
                    }
                    if let Err(refusal) = content.check() {
                        say(&refusal.to_string(), theme.warn());
                    }
                }
            }
        }
        lines
    }

    /// A few cells of a picture, where there is room for them.
    fn draw_small(&self, buffer: &mut Buffer, inner: Rect, raster: &Raster, from: u16) {
        let top = from.saturating_sub(8);
        let area =
            Rect { x: inner.x, y: top, width: inner.width.min(24), height: inner.bottom().saturating_sub(top).min(8) };
        if area.height < 3 || !self.cx.settings.theme.colour {
            return;
        }
        draw_blocks(buffer, area, raster);
    }

    pub(in crate::console) fn draw_finder(&self, buffer: &mut Buffer, screen: Rect, finder: &Finder) -> Position {
        let theme = self.cx.settings.theme;
        let rows = self.finder_rows(finder);
        let width = screen.width.saturating_sub(4).min(110);
        let height = (rows.len() as u16 + 4).clamp(8, screen.height.saturating_sub(2));
        let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 2, width, height };
        let inner = self.draw_box(buffer, area, finder.title(), finder.hint());
        let cursor = self.draw_prompt(buffer, inner, &finder.typed);
        let room = usize::from(inner.height.saturating_sub(2));
        let at = finder.at.min(rows.len().saturating_sub(1));
        let first = (at + 1).saturating_sub(room);
        if rows.is_empty() {
            let text = match (self.cx.trouble.as_deref(), finder.typed.text().is_empty()) {
                (Some(trouble), _) => crate::domain::text::clean_line(trouble),
                (None, true) => finder.kind.when_empty().to_owned(),
                (None, false) => "No matches.".to_owned(),
            };
            put(buffer, inner.x, inner.y + 2, inner.width, &text, theme.dim());
        }
        let head = rows.iter().map(|row| words::width(&row.head)).max().unwrap_or(0).min(usize::from(inner.width) / 3);
        for (place, (index, row)) in rows.iter().enumerate().skip(first).take(room).enumerate() {
            let y = inner.y + 2 + place as u16;
            let under = index == at;
            let style = match (&row.off, row.warn) {
                _ if under => theme.plain(),
                (Some(_), _) => theme.dim(),
                (None, true) => theme.warn(),
                (None, false) => theme.plain(),
            };
            put(buffer, inner.x, y, head as u16, &words::fit(&row.head, head, theme.ellipsis()), style);
            let right = row.off.as_deref().unwrap_or(&row.right);
            let wide = words::width(right).min(usize::from(inner.width) / 3) as u16;
            let x = inner.x + head as u16 + 2;
            let left = inner.right().saturating_sub(x + wide + 2);
            put(
                buffer,
                x,
                y,
                left,
                &words::fit(&row.tail, left.into(), theme.ellipsis()),
                if under { theme.plain() } else { theme.dim() },
            );
            put(
                buffer,
                inner.right().saturating_sub(wide),
                y,
                wide,
                &words::fit(right, wide.into(), theme.ellipsis()),
                style,
            );
            if under {
                buffer.set_style(Rect { y, height: 1, ..inner }, theme.selected(true));
            }
        }
        cursor
    }

    pub(in crate::console) fn draw_picture(&self, buffer: &mut Buffer, screen: Rect) {
        let outer = Rect { x: 1, y: 1, width: screen.width.saturating_sub(2), height: screen.height.saturating_sub(2) };
        self.draw_box(buffer, outer, "Image", "any key closes");
        let area = self.picture_area().intersection(screen);
        match &self.loaded.picture {
            None => put(buffer, area.x, area.y, area.width, "Loading …", self.cx.settings.theme.dim()),
            Some(Drawn::Nothing) => {
                put(
                    buffer,
                    area.x,
                    area.y,
                    area.width,
                    "This image cannot be shown. Press o to open the file.",
                    self.cx.settings.theme.warn(),
                );
            }
            Some(Drawn::Blocks(raster)) => draw_blocks(buffer, area, raster),
            Some(Drawn::Encoded(encoded)) => encoded.draw(area, buffer),
        }
    }
}

/// Two pixels in a cell, in the middle of the area.
fn draw_blocks(buffer: &mut Buffer, area: Rect, raster: &Raster) {
    let scale = (f64::from(raster.width) / f64::from(area.width))
        .max(f64::from(raster.height) / f64::from(area.height * 2))
        .max(f64::MIN_POSITIVE);
    let scale = scale.max(1.0);
    let wide = ((f64::from(raster.width) / scale) as u16).clamp(1, area.width);
    let high = ((f64::from(raster.height) / scale / 2.0) as u16).clamp(1, area.height);
    let left = area.x + (area.width - wide) / 2;
    for row in 0..high {
        for column in 0..wide {
            let at = |y: u16| {
                let x = (f64::from(column) * scale) as u32;
                pixel(raster, x.min(raster.width - 1), ((f64::from(y) * scale) as u32).min(raster.height - 1))
            };
            if let Some(cell) = buffer.cell_mut((left + column, area.y + row)) {
                cell.set_symbol("▀").set_style(Style::new().fg(at(row * 2)).bg(at(row * 2 + 1)));
            }
        }
    }
}
