//! An overlay with a text that scrolls.

use std::fmt::Debug;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::begun::Begun;
use super::boxed::draw_box;
use crate::console::cx::Cx;
use crate::console::draw::put::put;
use crate::console::input::KeyCode;
use crate::console::intent::{Intent, Overlay, OverlayEvent};
use crate::console::scene::{Press, Scene};
use crate::console::words;
use crate::domain::time::Timestamp;

/// One kind of text.
pub(in crate::console) trait Text: Debug + Send {
    fn title(&self) -> &'static str;

    fn lines(&self, cx: &Cx) -> Vec<String>;

    fn hint(&self) -> &'static str {
        "k and j scroll, esc closes"
    }

    /// Returns `true` if the text is shown from its beginning, and `false` if from its end.
    fn reads_down(&self) -> bool {
        true
    }

    /// Called when the text opens.
    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![]
    }

    /// Handles a letter. Returns `None` if the letter has no special meaning, so that it scrolls or closes.
    fn letter(&mut self, _: &Cx, _letter: char) -> Option<Vec<Intent>> {
        None
    }

    /// Handles an event while the text is open.
    fn update(&mut self, _: &Cx, _: &OverlayEvent<'_>) -> Vec<Intent> {
        vec![]
    }

    /// Returns when the text needs the next tick; `None` if it needs none.
    fn next_tick(&self) -> Option<Timestamp> {
        None
    }
}

/// A text with its scroll offset.
#[derive(Debug)]
pub(in crate::console) struct Reading {
    text: Box<dyn Text>,
    scroll: usize,
}

impl Reading {
    /// Opens a text.
    pub fn open(text: impl Text + 'static) -> Intent {
        Intent::Front(Box::new(Self { text: Box::new(text), scroll: 0 }))
    }

    /// Scrolls away from the end at which the text is first shown.
    fn scroll_by(&mut self, lines: isize) {
        let lines = if self.text.reads_down() { lines } else { -lines };
        self.scroll = self.scroll.saturating_add_signed(lines);
    }
}

impl Overlay for Reading {
    fn opened(&mut self, scene: &Scene<'_>, _: &mut Option<Begun>) -> Vec<Intent> {
        self.text.opened(scene.cx)
    }

    fn update(&mut self, scene: &Scene<'_>, event: &OverlayEvent<'_>) -> Vec<Intent> {
        self.text.update(scene.cx, event)
    }

    fn next_tick(&self) -> Option<Timestamp> {
        self.text.next_tick()
    }

    fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent> {
        let letter = press.chord.typed();
        if let Some(intents) = letter.and_then(|letter| self.text.letter(scene.cx, letter)) {
            return intents;
        }
        match (press.key.code, letter) {
            (KeyCode::Esc, _) | (_, Some('q' | 'N' | 'i' | 'w' | 'M')) => return vec![Intent::Close],
            (KeyCode::Up, _) | (_, Some('k')) => self.scroll_by(-1),
            (KeyCode::Down, _) | (_, Some('j')) => self.scroll_by(1),
            (KeyCode::PageUp, _) => self.scroll_by(-10),
            (KeyCode::PageDown, _) => self.scroll_by(10),
            _ => {}
        }
        self.scroll = self.scroll.min(self.text.lines(scene.cx).len().saturating_sub(1));
        vec![]
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let theme = scene.cx.settings.theme;
        let width = screen.width.saturating_sub(2);
        let most = screen.height.saturating_sub(2);
        let room = usize::from(width.saturating_sub(4));
        let lines = self.text.lines(scene.cx);
        let lines: Vec<String> = lines.iter().flat_map(|line| words::wrap(line, room)).collect();
        let down = self.text.reads_down();
        // A short text gets a small box.
        let height = if down { (lines.len() as u16 + 2).clamp(8.min(most), most) } else { most };
        let area = Rect { x: 1, y: 1 + (most - height) / 3, width, height };
        let inner = draw_box(theme, buffer, area, self.text.title(), self.text.hint());
        let room = usize::from(inner.height);
        let (first, last) = if down {
            let first = self.scroll.min(lines.len().saturating_sub(room));
            (first, (first + room).min(lines.len()))
        } else {
            let last = lines.len().saturating_sub(self.scroll);
            (last.saturating_sub(room), last)
        };
        for (row, line) in lines[first..last].iter().enumerate() {
            put(buffer, inner.x, inner.y + row as u16, inner.width, line, theme.plain());
        }
        None
    }
}
