//! An overlay with a list that typing filters and from which one row is picked.

use std::fmt::Debug;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::begun::Begun;
use super::boxed::{centred, draw_box, draw_prompt};
use crate::console::cx::Cx;
use crate::console::draw::put::put;
use crate::console::input::{KeyCode, MAX_LINE, TextField, Typed};
use crate::console::intent::{Intent, Overlay, OverlayEvent};
use crate::console::scene::{Press, Scene};
use crate::console::words;
use crate::domain::change::Change;
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;

/// Maximum rows that a picker queries.
pub(in crate::console) const ROWS: u32 = 50;

/// One kind of picker: its rows, and what picking a row does.
pub(in crate::console) trait PickerKind: Debug + Send {
    fn title(&self) -> &'static str;

    fn hint(&self) -> &'static str {
        "type to filter, enter selects, esc closes"
    }

    /// Returns the text of an empty list.
    fn empty_text(&self) -> &'static str;

    /// Returns the query for the rows that match the typed text; `None` if none is needed.
    fn query(&self, _cx: &Cx, _typed: &str) -> Option<Query> {
        None
    }

    /// Returns `true` if the engine filters the rows instead of the picker.
    fn is_narrowed_by_engine(&self) -> bool {
        false
    }

    /// Stores the answer to its query.
    fn take(&mut self, _answer: &Answer) {}

    /// Returns `true` if a change affects the rows, so that they must be queried again.
    fn is_touched_by(&self, _change: Change) -> bool {
        false
    }

    fn rows(&self, cx: &Cx) -> Vec<Row>;

    /// A row for what is typed itself, below the others; `None` where only what is listed can be picked.
    fn typed_row(&self, _cx: &Cx, _typed: &str) -> Option<Row> {
        None
    }

    /// Returns the intents of picking a row.
    fn pick(&self, cx: &Cx, row: &Row) -> Vec<Intent>;

    /// Discards what was loaded for another scope.
    fn forget(&mut self) {}
}

/// A row of a picker.
#[derive(Debug, Clone, Default)]
pub(in crate::console) struct Row {
    pub id: String,
    pub head: String,
    pub tail: String,
    pub right: String,
    /// Why the row cannot be picked; `None` if it can.
    pub off: Option<String>,
    /// Whether the row is highlighted as a warning.
    pub warn: bool,
}

impl Row {
    pub fn new(id: impl Into<String>, head: impl Into<String>, tail: impl Into<String>) -> Self {
        Self { id: id.into(), head: head.into(), tail: tail.into(), ..Self::default() }
    }
}

/// A picker with its typed text and its cursor.
#[derive(Debug)]
pub(in crate::console) struct Picker {
    kind: Box<dyn PickerKind>,
    typed: TextField,
    at: usize,
    /// The latest query for the rows.
    asked: Option<Query>,
}

impl Picker {
    /// Opens a picker.
    pub fn open(kind: impl PickerKind + 'static) -> Intent {
        Intent::Front(Box::new(Self { kind: Box::new(kind), typed: TextField::new("", MAX_LINE), at: 0, asked: None }))
    }

    /// Queries the rows, unless the query is the same as before.
    fn ask(&mut self, cx: &Cx) -> Vec<Intent> {
        let query = self.kind.query(cx, self.typed.text());
        if query == self.asked {
            return vec![];
        }
        self.asked.clone_from(&query);
        query.map(Intent::Ask).into_iter().collect()
    }

    /// Returns the rows that match the typed text, best first.
    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let rows = self.kind.rows(cx);
        let typed = self.typed.text();
        if self.kind.is_narrowed_by_engine() || typed.trim().is_empty() {
            return rows;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = vec![];
        let mut scored: Vec<(u32, Row)> = rows
            .into_iter()
            .filter_map(|row| {
                let text = format!("{} {} {}", row.head, row.tail, row.right);
                Some((pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?, row))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, row)| row).chain(self.kind.typed_row(cx, typed)).collect()
    }

    /// Returns the intents of picking the row under the cursor.
    fn pick(&self, cx: &Cx) -> Vec<Intent> {
        let rows = self.rows(cx);
        let Some(row) = rows.get(self.at.min(rows.len().saturating_sub(1))) else { return vec![] };
        if let Some(why) = &row.off {
            return vec![Intent::Warn(why.clone())];
        }
        let mut intents = vec![Intent::Close];
        intents.extend(self.kind.pick(cx, row));
        intents
    }

    /// Moves the cursor to the first row, and queries the rows for the changed text.
    fn typed(&mut self, cx: &Cx) -> Vec<Intent> {
        self.at = 0;
        self.ask(cx)
    }
}

impl Overlay for Picker {
    fn takes_text(&self) -> bool {
        true
    }

    fn opened(&mut self, scene: &Scene<'_>, _: &mut Option<Begun>) -> Vec<Intent> {
        self.ask(scene.cx)
    }

    fn paste(&mut self, scene: &Scene<'_>, text: &str) -> Vec<Intent> {
        self.typed.paste(text);
        self.typed(scene.cx)
    }

    fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent> {
        match press.key.code {
            KeyCode::Esc => return vec![Intent::Close],
            KeyCode::Enter => return self.pick(scene.cx),
            KeyCode::Up => self.at = self.at.saturating_sub(1),
            KeyCode::Down => self.at += 1,
            KeyCode::PageUp => self.at = self.at.saturating_sub(10),
            KeyCode::PageDown => self.at += 10,
            _ => {
                if self.typed.key(&press.key) == Typed::Changed {
                    return self.typed(scene.cx);
                }
            }
        }
        self.at = self.at.min(self.rows(scene.cx).len().saturating_sub(1));
        vec![]
    }

    fn update(&mut self, scene: &Scene<'_>, event: &OverlayEvent<'_>) -> Vec<Intent> {
        match event {
            // An answer to an earlier query is out of date and is dropped.
            OverlayEvent::Answered(query, answer) if self.asked.as_ref() == Some(*query) => self.kind.take(answer),
            OverlayEvent::Changed(change) if self.kind.is_touched_by(*change) => {
                self.asked = None;
                return self.ask(scene.cx);
            }
            OverlayEvent::Forgets => {
                self.kind.forget();
                self.asked = None;
                return self.ask(scene.cx);
            }
            _ => {}
        }
        vec![]
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let (cx, theme) = (scene.cx, scene.cx.settings.theme);
        let rows = self.rows(cx);
        let height = (rows.len() as u16 + 4).clamp(8, screen.height.saturating_sub(2));
        let area = centred(screen, screen.width.saturating_sub(4).min(110), height);
        let inner = draw_box(theme, buffer, area, self.kind.title(), self.kind.hint());
        let cursor = draw_prompt(theme, buffer, inner, &self.typed);
        let room = usize::from(inner.height.saturating_sub(2));
        let at = self.at.min(rows.len().saturating_sub(1));
        let first = (at + 1).saturating_sub(room);
        if rows.is_empty() {
            let text = match (cx.trouble.as_deref(), self.typed.text().is_empty()) {
                (Some(trouble), _) => clean_line(trouble),
                (None, true) => self.kind.empty_text().to_owned(),
                (None, false) => "No matches.".to_owned(),
            };
            put(buffer, inner.x, inner.y + 2, inner.width, &text, theme.dim());
        }
        let head = rows.iter().map(|row| words::width(&row.head)).max().unwrap_or(0).min(usize::from(inner.width) / 3);
        for (place, (index, row)) in rows.iter().enumerate().skip(first).take(room).enumerate() {
            let line = Rect { y: inner.y + 2 + place as u16, height: 1, ..inner };
            draw_row(cx, buffer, line, row, (head, index == at));
        }
        Some(cursor)
    }
}

/// Draws a row; `head` is the width of its head column, and `under` is `true` for the row under the cursor.
fn draw_row(cx: &Cx, buffer: &mut Buffer, line: Rect, row: &Row, (head, under): (usize, bool)) {
    let theme = cx.settings.theme;
    let style = match (&row.off, row.warn) {
        _ if under => theme.plain(),
        (Some(_), _) => theme.dim(),
        (None, true) => theme.warn(),
        (None, false) => theme.plain(),
    };
    put(buffer, line.x, line.y, head as u16, &words::fit(&row.head, head, theme.ellipsis()), style);
    let right = row.off.as_deref().unwrap_or(&row.right);
    let wide = words::width(right).min(usize::from(line.width) / 3) as u16;
    let x = line.x + head as u16 + 2;
    let left = line.right().saturating_sub(x + wide + 2);
    let tail = if under { theme.plain() } else { theme.dim() };
    put(buffer, x, line.y, left, &words::fit(&row.tail, left.into(), theme.ellipsis()), tail);
    let right = words::fit(right, wide.into(), theme.ellipsis());
    put(buffer, line.right().saturating_sub(wide), line.y, wide, &right, style);
    if under {
        buffer.set_style(line, theme.selected(true));
    }
}
