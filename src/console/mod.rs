//! The console: events in, effects out, a picture. No IO, no waiting, no clock: time comes as an
//! event, and `draw` cannot change anything. It knows the domain and nothing else of the program.

mod answers;
mod asking;
mod beneath;
mod carry;
mod command;
mod commands;
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
mod theme;
mod thread;
mod update;
mod words;

pub use self::command::{CommandSpec, Scope};
pub use self::commands::table;
pub use self::event::{Edit, Effect, Event};
pub use self::files::{FilePlace, Saves};
pub use self::input::{Chord, KeyCode, KeyEvent, KeyModifiers, Keymap};
pub use self::keys::keys_markdown;
pub use self::pane_id::PaneId;
pub use self::settings::{Focus, Notice, Settings};
pub use self::theme::Theme;

use self::asking::Asking;
use self::cx::Cx;
use self::input::typing::Typing;
use self::overlays::filter::EarlierFilters;
use self::overlays::front::Front;
use self::panes::Panes;
use crate::domain::query::Query;
use crate::domain::time::Timestamp;

/// One console.
#[derive(Debug)]
pub struct Console {
    cx: Cx,
    panes: Panes,
    asking: Asking,
    /// Lines that the detail is scrolled by.
    scroll: u16,
    /// What stands in front.
    front: Front,
    /// The beginning of a sequence of keys.
    pending: Vec<Chord>,
    typing: Typing,
    cancelled_at: Option<Timestamp>,
    /// Filters that were applied: up recalls them.
    filters: EarlierFilters,
    /// The question for a list's new rows, and what was typed before they were there.
    narrowing: Option<Query>,
    ahead: Vec<KeyEvent>,
}

impl Console {
    /// A console of a size, at a time, and what it wants to know first.
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
        // Every pane is told once, so that none is empty when it is opened and keys follow at once.
        for pane in PaneId::ALL {
            if pane != console.cx.pane && console.panes.get(pane).is_asked_ahead() {
                effects.extend(console.ask_rows(pane));
            }
        }
        (console, effects)
    }

    /// Addresses that may stand on the screen and are links there.
    pub fn links(&self) -> Vec<String> {
        self.panes.connections.links(&self.cx)
    }
}
