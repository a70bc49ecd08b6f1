//! The console: events in, effects out, a picture. No IO, no waiting, no clock: time comes as an
//! event, and `draw` cannot change anything. It knows the domain and nothing else of the program.

mod command;
mod commands;
mod data;
mod draw;
mod event;
mod input;
mod layout;
mod list;
mod overlays;
mod panes;
mod scope;
mod theme;
mod thread;
mod update;
mod words;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

pub use self::command::{CommandSpec, Danger, Scope, table};
pub use self::event::{Edit, Effect, Event};
pub use self::input::{Chord, KeyCode, KeyEvent, KeyModifiers, Keymap, keys_markdown};
pub use self::overlays::form_files::{FilePlace, Saves};
pub use self::theme::Theme;

use self::data::Data;
use self::input::typing::Typing;
use self::list::ListState;
use self::overlays::Overlay;
use self::overlays::form::Form;
use self::thread::composer::Composer;
use self::thread::messages::OpenThread;
use crate::domain::access::actor::Actor;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::ids::ThreadId;
use crate::domain::list_filter::WordList;
use crate::domain::message::picture::Pictures;
use crate::domain::query::Query;
use crate::domain::time::Timestamp;

/// The panes of the stack, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    Connections,
    Threads,
    Delivery,
    Templates,
    Agents,
    Flows,
    Activity,
}

impl Pane {
    pub const ALL: [Self; 7] =
        [Self::Connections, Self::Threads, Self::Delivery, Self::Templates, Self::Agents, Self::Flows, Self::Activity];

    /// How its list is narrowed; none where it is asked for by the filter language.
    pub(crate) const fn word_list(self) -> Option<WordList> {
        match self {
            Self::Threads | Self::Delivery => None,
            Self::Connections => Some(WordList::Connections),
            Self::Templates => Some(WordList::Templates),
            Self::Agents => Some(WordList::Agents),
            Self::Flows => Some(WordList::Flows),
            Self::Activity => Some(WordList::Activity),
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Connections => "Connections",
            Self::Threads => "Threads",
            Self::Delivery => "Delivery",
            Self::Templates => "Templates",
            Self::Agents => "Agents",
            Self::Flows => "Flows",
            Self::Activity => "Activity",
        }
    }

    /// The key that goes there.
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}

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

/// One console.
#[derive(Debug)]
pub struct Console {
    settings: Settings,
    /// Times are shown in UTC instead of the local zone.
    utc: bool,
    columns: u16,
    rows: u16,
    now: Timestamp,
    pane: Pane,
    focus: Focus,
    lists: [ListState; 7],
    data: Box<Data>,
    open: Option<OpenThread>,
    composers: BTreeMap<ThreadId, Composer>,
    /// Lines that the detail is scrolled by.
    scroll: u16,
    overlay: Option<Overlay>,
    /// The form that waits behind a question about what it sends.
    behind: Option<Box<Form>>,
    /// The beginning of a sequence of keys.
    pending: Vec<Chord>,
    typing: Typing,
    notices: Vec<Notice>,
    /// A form that was left without being handed over.
    begun_form: Option<Form>,
    /// What colleagues were told last, and when.
    attended: (Option<ThreadId>, bool),
    attended_at: Option<Timestamp>,
    /// New deliveries do not move the list while somebody reads.
    paused: bool,
    cancelled_at: Option<Timestamp>,
    /// When what is followed was asked for last.
    followed_at: Option<Timestamp>,
    /// Filters that were applied, oldest first: up recalls them.
    filters: Vec<String>,
    /// The question for a list's new rows, and what was typed before they were there.
    narrowing: Option<Query>,
    ahead: Vec<KeyEvent>,
    /// The organization and environment that was chosen, and whether all are wanted.
    shown: Option<scope::Shown>,
    shows_all: bool,
}

impl Console {
    /// A console of a size, at a time, and what it wants to know first.
    pub fn new(settings: Settings, columns: u16, rows: u16, now: Timestamp) -> (Self, Vec<Effect>) {
        let mut console = Self {
            settings,
            utc: false,
            columns,
            rows,
            now,
            pane: Pane::Threads,
            focus: Focus::List,
            lists: Default::default(),
            data: Box::default(),
            open: None,
            composers: BTreeMap::new(),
            scroll: 0,
            overlay: None,
            behind: None,
            pending: vec![],
            typing: Typing::default(),
            notices: vec![],
            begun_form: None,
            attended: (None, false),
            attended_at: None,
            paused: false,
            cancelled_at: None,
            followed_at: None,
            filters: vec![],
            narrowing: None,
            ahead: vec![],
            shown: None,
            shows_all: false,
        };
        console.begin_in_scope();
        if let Some(greeting) = console.settings.greeting.take() {
            console.notice(greeting, true);
        }
        let mut effects = console.ask_for_everything();
        // Every pane is told once, so that none is empty when it is opened and keys follow at once.
        for pane in Pane::ALL {
            if pane != console.pane {
                effects.extend(console.ask(console.query_of(pane)));
            }
        }
        (console, effects)
    }

    fn list(&self) -> &ListState {
        &self.lists[self.pane as usize]
    }

    fn list_mut(&mut self) -> &mut ListState {
        &mut self.lists[self.pane as usize]
    }

    fn zone(&self) -> &TimeZone {
        static UTC: TimeZone = TimeZone::UTC;
        if self.utc { &UTC } else { &self.settings.zone }
    }

    fn notice(&mut self, text: impl Into<String>, bad: bool) {
        const KEPT: usize = 200;
        if self.notices.len() == KEPT {
            self.notices.remove(0);
        }
        self.notices.push(Notice { at: self.now, text: crate::domain::text::clean_line(&text.into()), bad });
    }

    /// The composer of the open thread.
    fn composer(&self) -> Option<&Composer> {
        self.open.as_ref().and_then(|open| self.composers.get(&open.thread))
    }

    fn composer_mut(&mut self) -> Option<&mut Composer> {
        let thread = self.open.as_ref()?.thread;
        self.composers.get_mut(&thread)
    }

    /// Whether something that was written is not kept yet.
    pub fn has_unsaved_drafts(&self) -> bool {
        self.composers.values().any(|composer| composer.dirty)
    }
}
