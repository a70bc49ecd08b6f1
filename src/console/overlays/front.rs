//! What stands in front: a stack of overlays. Only the uppermost is drawn and gets keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::begun::Begun;
use crate::console::intent::{Intent, Overlay, OverlayEvent};
use crate::console::scene::{Press, Scene};
use crate::domain::time::Timestamp;

#[derive(Debug, Default)]
pub(in crate::console) struct Front {
    stack: Vec<Box<dyn Overlay>>,
    /// A form that was left without being handed over.
    begun: Option<Begun>,
}

impl Front {
    pub fn is_open(&self) -> bool {
        !self.stack.is_empty()
    }

    /// Whether letters go into a text in front; none where nothing is in front.
    pub fn takes_text(&self) -> Option<bool> {
        self.stack.last().map(|top| top.takes_text())
    }

    /// Shows an overlay in the place of whatever is in front.
    pub fn show(&mut self, scene: &Scene<'_>, mut overlay: Box<dyn Overlay>) -> Vec<Intent> {
        self.stack.clear();
        let intents = overlay.opened(scene, &mut self.begun);
        self.stack.push(overlay);
        intents
    }

    /// Shows a question about what is in front: over it where it waits for the answer, else in its place.
    pub fn cover(&mut self, scene: &Scene<'_>, mut overlay: Box<dyn Overlay>) -> Vec<Intent> {
        if !self.stack.last().is_some_and(|top| top.waits()) {
            self.stack.clear();
        }
        let intents = overlay.opened(scene, &mut self.begun);
        self.stack.push(overlay);
        intents
    }

    /// Closes the uppermost overlay; the one beneath it goes on.
    pub fn close(&mut self, scene: &Scene<'_>) -> Vec<Intent> {
        self.stack.pop();
        self.update(scene, &OverlayEvent::Uncovered)
    }

    /// Takes the question away that was answered with yes: what is beneath it waits on.
    pub fn agreed(&mut self) {
        self.stack.pop();
    }

    /// Closes everything. Returns `true` if there was something.
    pub fn clear(&mut self) -> bool {
        let any = self.is_open();
        self.stack.clear();
        any
    }

    /// Keeps what was filled in for the next form like it.
    pub fn keep(&mut self, begun: Begun) {
        self.begun = Some(begun);
    }

    pub fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent> {
        self.stack.last_mut().map(|top| top.key(scene, press)).unwrap_or_default()
    }

    pub fn paste(&mut self, scene: &Scene<'_>, text: &str) -> Vec<Intent> {
        self.stack.last_mut().map(|top| top.paste(scene, text)).unwrap_or_default()
    }

    pub fn update(&mut self, scene: &Scene<'_>, event: &OverlayEvent<'_>) -> Vec<Intent> {
        self.stack.last_mut().map(|top| top.update(scene, event)).unwrap_or_default()
    }

    pub fn next_tick(&self) -> Option<Timestamp> {
        self.stack.last().and_then(|top| top.next_tick())
    }

    /// Draws the uppermost overlay, and says where the cursor stands.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        self.stack.last().and_then(|top| top.draw(scene, buffer, screen))
    }
}
