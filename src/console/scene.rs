//! What an overlay may look at: what every part of the console knows, and the open pane beneath it.

use super::command::CommandSpec;
use super::cx::Cx;
use super::input::chord::Chord;
use super::input::{KeyCode, KeyEvent};
use crate::domain::numbers::connection::Environment;
use crate::domain::time::Timestamp;

/// The open pane, as far as overlays may ask about it.
pub(super) trait Beneath {
    /// Why a command cannot run now.
    fn ready(&self, cx: &Cx, spec: &CommandSpec) -> Result<(), String>;

    /// The environment of what is selected; none where that is what is shown.
    fn environment(&self, cx: &Cx) -> Option<Environment>;

    /// What narrows its list.
    fn filter(&self, cx: &Cx) -> String;

    /// What its filter takes.
    fn filter_hint(&self, cx: &Cx) -> &'static str;

    /// Why a filter cannot be read.
    fn check_filter(&self, cx: &Cx, text: &str) -> Result<(), String>;
}

/// What an overlay is drawn from, beside its own state.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s> {
    pub cx: &'s Cx,
    pub beneath: &'s dyn Beneath,
}

impl Scene<'_> {
    /// The environment of what is selected, else what is shown.
    pub fn environment(&self) -> Option<Environment> {
        self.beneath.environment(self.cx).or_else(|| self.cx.environment_shown())
    }
}

/// A key that goes to an overlay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Press {
    pub key: KeyEvent,
    pub chord: Chord,
    /// When it was pressed: a letter is held until it is known that none follows.
    pub at: Timestamp,
}

impl Press {
    /// Whether it is this letter with ctrl.
    pub fn is_ctrl(&self, letter: char) -> bool {
        self.key.code == KeyCode::Char(letter) && self.key.modifiers == super::input::KeyModifiers::CONTROL
    }
}
