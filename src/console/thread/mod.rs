//! The open thread: its messages, how they are drawn, and the composer.

mod bubble;
mod bubbles;
pub(super) mod composer;
mod draw;
mod draw_composer;
pub(super) mod facts;
pub(super) mod open;
