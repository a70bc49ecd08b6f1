//! Typing is told apart from commands: letters that arrive together, as a paste, a scanner or a fast
//! typist makes them, never run commands where no text field is open.

use std::time::Duration;

use crate::console::command::Scope;
use crate::console::input::chord::Chord;
use crate::console::input::keymap::Meaning;
use crate::console::input::{KeyCode, KeyEvent, KeyModifiers};
use crate::console::overlays::Overlay;
use crate::console::pane_id::PaneId;
use crate::console::{Console, Effect, Focus};
use crate::domain::time::Timestamp;

/// Letters nearer to each other than this are text. A letter that may act waits this long for the next one.
const AT_ONCE: Duration = Duration::from_millis(30);
/// After letters were taken for text, the keyboard has to rest this long before a letter is a command again.
const RESTS: Duration = Duration::from_millis(400);

const NOT_RUN: &str = "Typed text runs no commands. Press c to write a message.";

/// What was typed where no text field is open.
#[derive(Debug, Default)]
pub(in crate::console) struct Typing {
    /// Letters that may turn out to be the beginning of a text.
    held: Vec<KeyEvent>,
    last: Option<(Chord, Timestamp)>,
    /// The last key went into a text field.
    in_field: bool,
    /// Letters are text until then.
    text_until: Option<Timestamp>,
    /// When the question in front was asked, or the last key was pressed under it.
    pub asked_at: Option<Timestamp>,
}

impl Typing {
    /// When the last letter was pressed.
    pub fn pressed_at(&self) -> Option<Timestamp> {
        self.last.map(|(_, at)| at)
    }
}

/// Whether a key is the number of a pane.
fn opens_pane(letter: char) -> bool {
    letter.to_digit(10).is_some_and(|number| (1..=PaneId::ALL.len()).contains(&(number as usize)))
}

/// Whether somebody types text with this key: a letter, or what ends a line or a field.
fn is_text(key: &KeyEvent, chord: Chord) -> bool {
    chord.typed().is_some() || matches!(key.code, KeyCode::Enter | KeyCode::Tab) && key.modifiers.is_empty()
}

impl Console {
    /// Whether letters go into a text now. They are commands in every other state.
    fn takes_text(&self) -> bool {
        match &self.overlay {
            None => self.cx.focus == Focus::Composer,
            Some(overlay) => matches!(
                overlay,
                Overlay::Palette { .. }
                    | Overlay::Form(_)
                    | Overlay::Finder(_)
                    | Overlay::Line { .. }
                    | Overlay::Editor(_)
            ),
        }
    }

    /// Decides whether a key is text or a command, and does what it means.
    pub(in crate::console) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let chord = Chord::of(&key);
        if key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL {
            self.typing.held.clear();
            return self.cancel();
        }
        if !is_text(&key, chord) {
            let mut effects = self.run_held();
            self.typing.text_until = None;
            effects.extend(self.press(key));
            return effects;
        }
        let near = self.is_near();
        let before = self.typing.last.replace((chord, self.cx.now)).map(|(before, _)| before);
        // What follows in the same breath once a field is closed is still text.
        let takes_text = self.takes_text();
        let was_in_field = std::mem::replace(&mut self.typing.in_field, takes_text);
        let same = before == Some(chord) && !was_in_field;
        if self.typing.in_field {
            return self.press(key);
        }
        if self.typing.text_until.is_some_and(|until| self.cx.now < until) {
            self.typing.text_until = Some(self.cx.now.plus(RESTS));
            return vec![];
        }
        if near && !same {
            return self.key_in_burst(key, chord);
        }
        if self.moves(chord) && self.typing.held.is_empty() {
            return self.press(key);
        }
        self.typing.held.push(key);
        vec![]
    }

    /// A letter right behind another one.
    fn key_in_burst(&mut self, key: KeyEvent, chord: Chord) -> Vec<Effect> {
        let held: Vec<Chord> = self.typing.held.iter().map(Chord::of).collect();
        let is_begun = self.pending.is_empty() && held.len() == 1 && !matches!(chord.typed(), None | Some(' '));
        let sequence = [held.as_slice(), &[chord]].concat();
        if is_begun && matches!(self.cx.settings.keymap.meaning(&sequence, &self.scopes()), Meaning::Command(_)) {
            self.typing.held.push(key);
            return vec![];
        }
        // A pane and the filter of its list can be typed ahead: a filter only narrows what is shown.
        let spelt: Vec<char> = held.iter().filter_map(|chord| chord.typed()).collect();
        if self.overlay.is_none() {
            match (spelt.as_slice(), chord.typed()) {
                ([number], Some('/')) if opens_pane(*number) => {
                    self.typing.held.push(key);
                    return vec![];
                }
                (['/'], _) if self.cx.focus == Focus::List => return self.type_ahead(key),
                ([number, '/'], _) if opens_pane(*number) => return self.type_ahead(key),
                _ => {}
            }
        }
        self.typing.held.clear();
        self.pending.clear();
        self.typing.text_until = Some(self.cx.now.plus(RESTS));
        self.cx.notice(NOT_RUN, true);
        vec![]
    }

    fn type_ahead(&mut self, key: KeyEvent) -> Vec<Effect> {
        let mut effects = self.run_held();
        if self.takes_text() {
            self.typing.in_field = true;
            effects.extend(self.press(key));
        }
        effects
    }

    /// Whether the key before was pressed so shortly ago that both were typed at once. A clock that was
    /// set back tells nothing.
    fn is_near(&self) -> bool {
        self.typing.last.is_some_and(|(_, at)| self.cx.now >= at && self.cx.now.since(at) < AT_ONCE)
    }

    /// Moving a cursor changes nothing: it needs no waiting.
    fn moves(&self, chord: Chord) -> bool {
        if self.overlay.is_some() || !self.pending.is_empty() {
            return false;
        }
        match self.cx.settings.keymap.meaning(&[chord], &self.scopes()) {
            Meaning::Command(spec) => {
                matches!(spec.scope, Scope::List | Scope::Messages | Scope::Detail)
                    && matches!(spec.id.rsplit('.').next(), Some("down" | "up"))
            }
            _ => false,
        }
    }

    /// When held letters are known to be commands.
    pub(in crate::console) fn typing_due(&self) -> Option<Timestamp> {
        let (_, at) = self.typing.last.filter(|_| !self.typing.held.is_empty())?;
        Some(at.plus(AT_ONCE))
    }

    /// Runs what was held, once nothing has followed it.
    pub(in crate::console) fn typing_rests(&mut self) -> Vec<Effect> {
        let rests = self.typing.last.is_none_or(|(_, at)| self.cx.now < at || self.cx.now.since(at) >= AT_ONCE);
        if self.typing.text_until.is_some_and(|until| self.cx.now >= until || until.since(self.cx.now) > RESTS) {
            self.typing.text_until = None;
        }
        if rests { self.run_held() } else { vec![] }
    }

    /// Does what the held letters mean.
    pub(in crate::console) fn run_held(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.typing.held).into_iter().flat_map(|key| self.press(key)).collect()
    }
}
