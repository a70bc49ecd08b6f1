//! What an overlay may read: the shared context and the open pane.

use super::command::CommandSpec;
use super::cx::Cx;
use super::input::chord::Chord;
use super::input::{KeyCode, KeyEvent};
use crate::console::user_error::UserError;
use crate::domain::numbers::connection::Environment;
use crate::domain::time::Timestamp;

/// The part of the open pane that overlays may read.
pub(super) trait Beneath {
    /// Fails with the reason if a command cannot run now.
    fn ready(&self, cx: &Cx, spec: &CommandSpec) -> Result<(), UserError>;

    /// Returns the environment of the selected item; `None` if it is the one shown in the header.
    fn environment(&self, cx: &Cx) -> Option<Environment>;

    /// Returns the filter of the pane's list.
    fn filter(&self, cx: &Cx) -> String;

    /// Returns the placeholder text for the filter line.
    fn filter_hint(&self, cx: &Cx) -> &'static str;

    /// Fails with the reason if a filter is invalid.
    fn check_filter(&self, cx: &Cx, text: &str) -> Result<(), UserError>;
}

/// What an overlay is drawn from, in addition to its own state.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s> {
    pub cx: &'s Cx,
    pub beneath: &'s dyn Beneath,
}

impl Scene<'_> {
    /// Returns the environment of the selected item, else the one shown in the header.
    pub fn environment(&self) -> Option<Environment> {
        self.beneath.environment(self.cx).or_else(|| self.cx.environment_shown())
    }
}

/// A key press that goes to an overlay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Press {
    pub key: KeyEvent,
    pub chord: Chord,
    /// When the key was pressed. It can be earlier than now, because a letter is held back until no other follows.
    pub at: Timestamp,
}

impl Press {
    /// Returns `true` if the key is this letter with ctrl.
    pub fn is_ctrl(&self, letter: char) -> bool {
        self.key.code == KeyCode::Char(letter) && self.key.modifiers == super::input::KeyModifiers::CONTROL
    }
}
