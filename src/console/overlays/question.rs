//! A confirmation. A key that was meant for something else cannot confirm it.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::begun::Begun;
use super::boxed::{centred, draw_box};
use crate::console::draw::put::put;
use crate::console::input::KeyCode;
use crate::console::intent::{Intent, Overlay, Then};
use crate::console::scene::{Press, Scene};
use crate::console::words;
use crate::domain::numbers::connection::Environment;
use crate::domain::time::Timestamp;

/// `y` confirms only this long after the question opened and after any other key. People who type a sentence press
/// keys faster than that.
const CONSIDERED: Duration = Duration::from_millis(600);

/// A confirmation; `y` starts what it asks about.
#[derive(Debug)]
pub(in crate::console) struct Question {
    words: String,
    then: Then,
    /// When the question opened, or when the last key was pressed in it.
    asked_at: Option<Timestamp>,
}

impl Question {
    pub fn new(words: String, then: Then) -> Self {
        Self { words, then, asked_at: None }
    }

    fn agreed(&self) -> Vec<Intent> {
        vec![Intent::Agreed(self.then.clone())]
    }
}

impl Overlay for Question {
    fn opened(&mut self, scene: &Scene<'_>, _: &mut Option<Begun>) -> Vec<Intent> {
        self.asked_at = Some(scene.cx.now);
        vec![]
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let theme = scene.cx.settings.theme;
        let width = screen.width.saturating_sub(4).min(64);
        let lines = words::wrap(&self.words, usize::from(width) - 4);
        let area = centred(screen, width, (lines.len() as u16 + 2).min(screen.height));
        let title = scene.environment().map_or("", Environment::badge);
        let inner = draw_box(theme, buffer, area, title, "y or ctrl-y yes, n no");
        for (row, line) in lines.iter().take(usize::from(inner.height)).enumerate() {
            put(buffer, inner.x, inner.y + row as u16, inner.width, line, theme.plain());
        }
        None
    }

    /// `y` confirms after `CONSIDERED`; ctrl-y confirms at once, because typed text never contains it.
    fn key(&mut self, _: &Scene<'_>, press: &Press) -> Vec<Intent> {
        let asked_at = self.asked_at.replace(press.at);
        // An action that can be undone by opening the console again, such as quitting, needs no delay.
        let considered = self.then.is_light() || asked_at.is_some_and(|at| press.at.since(at) >= CONSIDERED);
        match press.chord.typed() {
            Some('y') if considered => self.agreed(),
            _ if press.is_ctrl('y') => self.agreed(),
            Some('y') => {
                vec![Intent::Warn("Read the question first, then press y, or press ctrl-y at once.".to_owned())]
            }
            Some('n' | 'N' | 'q') => vec![Intent::Close],
            Some(_) => vec![Intent::Close, Intent::Warn("Canceled: only y confirms.".to_owned())],
            None if press.key.code == KeyCode::Esc => vec![Intent::Close],
            None => vec![],
        }
    }
}
