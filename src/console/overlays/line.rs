//! An input line at the bottom of the screen, for example for a reason.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::boxed::draw_line;
use crate::console::input::{KeyCode, MAX_LINE, TextField};
use crate::console::intent::{Intent, Overlay};
use crate::console::scene::{Press, Scene};

/// Returns the intents that follow the entered text.
pub(in crate::console) type Follows = Box<dyn Fn(&str) -> Vec<Intent> + Send>;

/// An input line with the action that follows it.
pub(in crate::console) struct Line {
    title: &'static str,
    typed: TextField,
    follows: Follows,
}

impl Line {
    /// Opens an input line. Enter submits the text at once, so `follows` should ask for a confirmation before it
    /// decides anything.
    pub fn open(title: &'static str, follows: Follows) -> Intent {
        Intent::Front(Box::new(Self { title, typed: TextField::new("", MAX_LINE), follows }))
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("title", &self.title).field("typed", &self.typed).finish_non_exhaustive()
    }
}

impl Overlay for Line {
    fn takes_text(&self) -> bool {
        true
    }

    fn paste(&mut self, _: &Scene<'_>, text: &str) -> Vec<Intent> {
        self.typed.paste(text);
        vec![]
    }

    fn key(&mut self, _: &Scene<'_>, press: &Press) -> Vec<Intent> {
        match press.key.code {
            KeyCode::Esc => vec![Intent::Close],
            KeyCode::Enter => {
                let mut intents = vec![Intent::Close];
                intents.extend((self.follows)(self.typed.text()));
                intents
            }
            _ => {
                self.typed.key(&press.key);
                vec![]
            }
        }
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let theme = scene.cx.settings.theme;
        let under = ("enter continues, esc closes", theme.dim());
        Some(draw_line(theme, buffer, screen, (self.title, &self.typed), under))
    }
}
