//! Handles keys: a key goes to the open overlay, to the composer, or to the command table.

use super::beneath::scene;
use super::commands::{question, ready, run};
use super::cx::Cx;
use super::event::Effect;
use super::input::chord::Chord;
use super::input::keymap::Meaning;
use super::input::typing::{Keyboard, Verdict, is_text};
use super::input::{KeyCode, KeyEvent, KeyModifiers};
use super::intent::{Intent, Then};
use super::overlays::front::Front;
use super::scene::Press;
use crate::console::command::CommandSpec;
use crate::console::{Console, Focus};
use crate::domain::query::Query;

/// Maximum keys that are kept until a filtered list has its rows.
const TYPED_AHEAD: usize = 64;

impl Console {
    /// Decides whether a key is text or a command, and handles it.
    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL {
            self.typing.take_held();
            return self.cancel();
        }
        let keyboard = Keyboard {
            cx: &self.cx,
            takes_text: takes_text(&self.front, &self.cx),
            is_covered: self.front.is_open(),
            is_begun: !self.pending.is_empty(),
        };
        match self.typing.take(key, &keyboard) {
            Verdict::Press(keys) => self.press_all(keys),
            Verdict::TypeAhead(keys, last) => {
                let mut effects = self.press_all(keys);
                if takes_text(&self.front, &self.cx) {
                    self.typing.mark_field_opened();
                    effects.extend(self.press(last));
                }
                effects
            }
            Verdict::Text => {
                self.pending.clear();
                self.cx.notice("Typed text runs no commands. Press c to write a message.", true);
                vec![]
            }
            Verdict::Held => vec![],
        }
    }

    /// Handles keys in order.
    pub(super) fn press_all(&mut self, keys: Vec<KeyEvent>) -> Vec<Effect> {
        keys.into_iter().flat_map(|key| self.press(key)).collect()
    }

    /// Handles a key in the overlay, the composer or the command table.
    fn press(&mut self, key: KeyEvent) -> Vec<Effect> {
        let chord = Chord::of(&key);
        if self.front.is_open() {
            let at = self.typing.pressed_at().filter(|_| is_text(&key, chord)).unwrap_or(self.cx.now);
            let intents = self.front.key(&scene(&self.cx, &self.panes), &Press { key, chord, at });
            return self.carry(intents);
        }
        if self.narrowing.is_some() && self.cx.focus == Focus::List {
            if self.ahead.len() < TYPED_AHEAD {
                self.ahead.push(key);
            }
            return vec![];
        }
        self.pending.push(chord);
        match self.cx.settings.keymap.meaning(&self.pending, &self.cx.scopes()) {
            Meaning::Command(spec) => {
                self.pending.clear();
                self.carry(vec![Intent::Start(spec)])
            }
            Meaning::Begun if self.cx.focus != Focus::Composer => vec![],
            Meaning::Begun | Meaning::Nothing => {
                self.pending.clear();
                if self.cx.focus == Focus::Composer
                    && let Some(composer) = self.panes.threads.composer_mut()
                {
                    composer.key(key);
                    let intents = self.panes.threads.attend(&self.cx, true).into_iter().collect();
                    return self.carry(intents);
                }
                vec![]
            }
        }
    }

    /// Handles the keys that were typed before the rows of the list arrived, in order.
    pub(super) fn handle_held_keys(&mut self, query: &Query) -> Vec<Effect> {
        let query = match query {
            Query::Within { query, .. } => query,
            query => query,
        };
        if self.narrowing.take_if(|narrowing| narrowing == query).is_none() {
            return vec![];
        }
        let ahead = std::mem::take(&mut self.ahead);
        self.press_all(ahead)
    }

    /// Starts a command, or shows why it cannot run now. A command that requires a confirmation runs after it, and is
    /// checked again because the state may have changed meanwhile.
    pub(super) fn start(&mut self, spec: &'static CommandSpec, agreed: Agreed) -> Vec<Effect> {
        let intents = match (ready(&self.panes, &self.cx, spec), question(&self.panes, &self.cx, spec)) {
            (Err(why), _) => vec![Intent::Warn(why.to_string())],
            (Ok(()), Some(question)) if agreed == Agreed::NotYet => {
                vec![Intent::Confirm(question, Then::Command(spec))]
            }
            (Ok(()), _) => run(&mut self.panes, &self.cx, spec),
        };
        self.carry(intents)
    }
}

/// Returns `true` if letters are text input now; otherwise they are commands.
fn takes_text(front: &Front, cx: &Cx) -> bool {
    front.takes_text().unwrap_or(cx.focus == Focus::Composer)
}

/// Whether the user has confirmed a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreed {
    NotYet,
    Yes,
}
