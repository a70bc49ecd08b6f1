//! What a console is started with, and where its keys go.

use jiff::tz::TimeZone;

use super::files::FilePlace;
use super::input::Keymap;
use super::theme::Theme;
use crate::domain::access::actor::Actor;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::message::picture::Pictures;
use crate::domain::time::Timestamp;

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Focus {
    /// The open pane's list.
    List,
    /// What is selected, at the right.
    Detail,
    Composer,
}

/// What does not change while a console lives.
#[derive(Debug, Clone)]
pub struct Settings {
    pub theme: Theme,
    pub zone: TimeZone,
    pub actor: Actor,
    pub enter_sends: bool,
    pub mark_read_on_open: bool,
    /// Contacts see "typing" while somebody writes to them.
    pub typing: bool,
    /// How pictures are drawn.
    pub pictures: Pictures,
    /// Where the person's files are.
    pub files: FilePlace,
    /// There is an editor outside; else the one that is built in is used.
    pub editor: bool,
    pub keymap: Keymap,
    /// Which organization and environment are shown first.
    pub scope: ScopeChoice,
    /// What ends with this console, for whoever is about to quit; nothing when an engine goes on.
    pub quitting_ends: Option<String>,
    /// What they are told first.
    pub greeting: Option<String>,
}

/// A line told to whoever is looking. All are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub at: Timestamp,
    pub text: String,
    pub bad: bool,
}
