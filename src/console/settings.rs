//! The settings that a console starts with, its focus, and its notices.

use jiff::tz::TimeZone;

use super::custom_commands::CustomCommands;
use super::files::FilePlace;
use super::input::Keymap;
use super::theme::Theme;
use crate::domain::access::actor::Actor;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::message::picture::Pictures;
use crate::domain::time::Timestamp;

/// Which part of the screen receives keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Focus {
    /// The list of the open pane.
    List,
    /// The detail of the selected item, at the right.
    Detail,
    Composer,
}

/// Settings of a console.
#[derive(Debug, Clone)]
pub struct Settings {
    pub theme: Theme,
    pub zone: TimeZone,
    pub actor: Actor,
    pub enter_sends: bool,
    pub mark_read_on_open: bool,
    /// Whether contacts see a typing indicator while the user writes to them.
    pub typing: bool,
    /// The protocol in which pictures are drawn.
    pub pictures: Pictures,
    /// Where the user's files are.
    pub files: FilePlace,
    /// Whether an external editor is configured; if not, the built-in one is used.
    pub editor: bool,
    pub keymap: Keymap,
    /// Custom commands; their keys are in the keymap.
    pub commands: CustomCommands,
    /// The organization and environment to show first.
    pub scope: ScopeChoice,
    /// What stops when this console quits, for the confirmation; `None` if the engine keeps running.
    pub quitting_ends: Option<String>,
    /// The first notice.
    pub greeting: Option<String>,
}

/// A message for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub at: Timestamp,
    pub text: String,
    pub bad: bool,
}
