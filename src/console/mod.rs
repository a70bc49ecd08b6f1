//! The console: takes events, returns effects, and draws. It does no IO, never blocks and reads no clock: time comes
//! as an event, and `draw` changes nothing. It depends on the domain only.

mod answers;
mod asking;
mod beneath;
mod carry;
mod command;
mod commands;
mod custom_commands;
mod cx;
mod draw;
mod event;
mod files;
mod input;
mod intent;
mod keys;
mod layout;
mod list;
mod overlays;
mod pane_id;
mod panes;
mod press;
mod scene;
mod scope;
mod script;
mod settings;
mod shown;
mod surface_errors;
mod theme;
mod thread;
mod update;
mod user_error;
mod words;

pub use self::command::{CommandSpec, Scope};
pub use self::commands::table;
pub use self::custom_commands::CustomCommands;
pub use self::event::{Edit, Effect, Event};
pub use self::files::{FilePlace, Saves};
pub use self::input::{Chord, KeyCode, KeyEvent, KeyModifiers, Keymap};
pub use self::keys::keys_markdown;
pub use self::pane_id::PaneId;
pub use self::settings::{Focus, Notice, Settings};
pub use self::surface_errors::{EditorError, FileError};
pub use self::theme::Theme;

use self::asking::Asking;
use self::cx::Cx;
use self::input::typing::Typing;
use self::overlays::filter::EarlierFilters;
use self::overlays::front::Front;
use self::panes::Panes;
use crate::domain::query::Query;
use crate::domain::time::Timestamp;

/// State of one console.
#[derive(Debug)]
pub struct Console {
    cx: Cx,
    panes: Panes,
    asking: Asking,
    /// Scroll offset of the detail, in lines.
    scroll: u16,
    /// The open overlay.
    front: Front,
    /// The keys of an unfinished key sequence.
    pending: Vec<Chord>,
    typing: Typing,
    cancelled_at: Option<Timestamp>,
    /// Filters that were applied before; the up key recalls them.
    filters: EarlierFilters,
    /// The query for the rows of a changed filter, while it is in flight.
    narrowing: Option<Query>,
    /// Keys that were pressed before those rows arrived.
    ahead: Vec<KeyEvent>,
}

impl Console {
    /// Creates a console of a terminal size at a time. Returns it with its first queries.
    pub fn new(settings: Settings, columns: u16, rows: u16, now: Timestamp) -> (Self, Vec<Effect>) {
        let mut console = Self {
            cx: Cx::new(settings, (columns, rows), now),
            panes: Panes::default(),
            asking: Asking::default(),
            scroll: 0,
            front: Front::default(),
            pending: vec![],
            typing: Typing::default(),
            cancelled_at: None,
            filters: EarlierFilters::default(),
            narrowing: None,
            ahead: vec![],
        };
        console.cx.begin_in_scope();
        if let Some(greeting) = console.cx.settings.greeting.take() {
            console.cx.notice(greeting, true);
        }
        let mut effects = console.ask_for_everything();
        // Other panes load their rows in advance, so that they are not empty when they open and keys work at once.
        for pane in PaneId::ALL {
            if pane != console.cx.pane && console.panes.get(pane).is_asked_ahead() {
                effects.extend(console.ask_rows(pane));
            }
        }
        (console, effects)
    }

    /// Returns the addresses that may be on the screen and are shown as links.
    pub fn links(&self) -> Vec<String> {
        self.panes.connections.links(&self.cx)
    }
}
