//! The stack of open overlays. Only the topmost is drawn and receives keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::begun::Begun;
use crate::console::intent::{Intent, Overlay, OverlayEvent};
use crate::console::scene::{Press, Scene};
use crate::domain::time::Timestamp;

/// The open overlays.
#[derive(Debug, Default)]
pub(in crate::console) struct Front {
    stack: Vec<Box<dyn Overlay>>,
    /// The values of a form that was closed without being submitted.
    begun: Option<Begun>,
}

impl Front {
    pub fn is_open(&self) -> bool {
        !self.stack.is_empty()
    }

    /// Returns `true` if letters are text input for the topmost overlay; `None` if no overlay is open.
    pub fn takes_text(&self) -> Option<bool> {
        self.stack.last().map(|top| top.takes_text())
    }

    /// Opens an overlay in place of all others.
    pub fn show(&mut self, scene: &Scene<'_>, mut overlay: Box<dyn Overlay>) -> Vec<Intent> {
        self.stack.clear();
        let intents = overlay.opened(scene, &mut self.begun);
        self.stack.push(overlay);
        intents
    }

    /// Opens a question about the topmost overlay: above it if it waits for a result, else in its place.
    pub fn cover(&mut self, scene: &Scene<'_>, mut overlay: Box<dyn Overlay>) -> Vec<Intent> {
        if !self.stack.last().is_some_and(|top| top.waits()) {
            self.stack.clear();
        }
        let intents = overlay.opened(scene, &mut self.begun);
        self.stack.push(overlay);
        intents
    }

    /// Closes the topmost overlay; the one below it becomes active.
    pub fn close(&mut self, scene: &Scene<'_>) -> Vec<Intent> {
        self.stack.pop();
        self.update(scene, &OverlayEvent::Uncovered)
    }

    /// Removes a question that was answered with yes. The overlay below it continues to wait.
    pub fn agreed(&mut self) {
        self.stack.pop();
    }

    /// Closes all overlays. Returns `true` if there were any.
    pub fn clear(&mut self) -> bool {
        let any = self.is_open();
        self.stack.clear();
        any
    }

    /// Keeps the values of a form for the next form of the same kind and subject.
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

    /// Draws the topmost overlay. Returns the position of its cursor.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        self.stack.last().and_then(|top| top.draw(scene, buffer, screen))
    }
}
