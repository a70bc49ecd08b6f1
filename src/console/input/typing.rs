//! Distinguishes typed text from commands: letters that arrive together, as from a paste, a scanner or a fast typist,
//! never run commands while no text field is open.

use std::time::Duration;

use crate::console::cx::Cx;
use crate::console::input::chord::Chord;
use crate::console::input::keymap::Meaning;
use crate::console::input::{KeyCode, KeyEvent};
use crate::console::pane_id::PaneId;
use crate::console::settings::Focus;
use crate::domain::time::Timestamp;

/// Letters that arrive within this time of each other are text. A letter that may run a command is held back for this
/// time.
const AT_ONCE: Duration = Duration::from_millis(30);
/// After letters were treated as text, the keyboard must be idle for this long before a letter is a command again.
const RESTS: Duration = Duration::from_millis(400);

/// State of the keys that were pressed while no text field was open.
#[derive(Debug, Default)]
pub(in crate::console) struct Typing {
    /// Letters that are held back because they may begin a text.
    held: Vec<KeyEvent>,
    last: Option<(Chord, Timestamp)>,
    /// Whether the last key went into a text field.
    in_field: bool,
    /// Until when letters are text.
    text_until: Option<Timestamp>,
}

/// The state in which a key is pressed.
pub(in crate::console) struct Keyboard<'k> {
    pub cx: &'k Cx,
    /// Whether letters are text input.
    pub takes_text: bool,
    /// Whether an overlay is open.
    pub is_covered: bool,
    /// Whether a key sequence has begun.
    pub is_begun: bool,
}

/// How a key is handled.
pub(in crate::console) enum Verdict {
    /// Handle these keys, in order.
    Press(Vec<KeyEvent>),
    /// Handle these keys; the last key is text for the field that they open.
    TypeAhead(Vec<KeyEvent>, KeyEvent),
    /// Typed text, which runs no commands.
    Text,
    /// Held back until it is known whether another key follows.
    Held,
}

/// Returns `true` if a letter is the number key of a pane.
fn opens_pane(letter: char) -> bool {
    letter.to_digit(10).is_some_and(|number| (1..=PaneId::ALL.len()).contains(&(number as usize)))
}

/// Returns `true` if a key is text input: a letter, or enter and tab, which end a line or a field.
pub(in crate::console) fn is_text(key: &KeyEvent, chord: Chord) -> bool {
    chord.typed().is_some() || matches!(key.code, KeyCode::Enter | KeyCode::Tab) && key.modifiers.is_empty()
}

/// Commands that move a cursor by one.
pub(in crate::console) const MOVES: [&str; 6] =
    ["list.down", "list.up", "message.down", "message.up", "detail.down", "detail.up"];

/// Returns `true` if the key moves a cursor by one. Such a key changes nothing, so it is not held back.
fn moves(at: &Keyboard<'_>, chord: Chord) -> bool {
    if at.is_covered || at.is_begun {
        return false;
    }
    match at.cx.settings.keymap.meaning(&[chord], &at.cx.scopes()) {
        Meaning::Command(spec) => MOVES.contains(&spec.id),
        _ => false,
    }
}

impl Typing {
    /// Returns when the last letter was pressed.
    pub fn pressed_at(&self) -> Option<Timestamp> {
        self.last.map(|(_, at)| at)
    }

    /// Records that the last key goes into the field that the held keys opened.
    pub fn mark_field_opened(&mut self) {
        self.in_field = true;
    }

    /// Returns the held keys, and clears them.
    pub fn take_held(&mut self) -> Vec<KeyEvent> {
        std::mem::take(&mut self.held)
    }

    /// Decides whether a key is text or a command.
    pub fn take(&mut self, key: KeyEvent, at: &Keyboard<'_>) -> Verdict {
        let (chord, now) = (Chord::of(&key), at.cx.now);
        if !is_text(&key, chord) {
            self.text_until = None;
            let mut keys = self.take_held();
            keys.push(key);
            return Verdict::Press(keys);
        }
        let near = self.is_near(now);
        let before = self.last.replace((chord, now)).map(|(before, _)| before);
        // Letters that directly follow the text of a closed field are still text.
        let was_in_field = std::mem::replace(&mut self.in_field, at.takes_text);
        let same = before == Some(chord) && !was_in_field;
        if self.in_field {
            return Verdict::Press(vec![key]);
        }
        if self.text_until.is_some_and(|until| now < until) {
            self.text_until = Some(now.plus(RESTS));
            return Verdict::Held;
        }
        if near && !same {
            return self.handle_burst_key(key, chord, at);
        }
        if moves(at, chord) && self.held.is_empty() {
            return Verdict::Press(vec![key]);
        }
        self.held.push(key);
        Verdict::Held
    }

    /// Handles a letter that directly follows another one.
    fn handle_burst_key(&mut self, key: KeyEvent, chord: Chord, at: &Keyboard<'_>) -> Verdict {
        let held: Vec<Chord> = self.held.iter().map(Chord::of).collect();
        let is_begun = !at.is_begun && held.len() == 1 && !matches!(chord.typed(), None | Some(' '));
        let sequence = [held.as_slice(), &[chord]].concat();
        if is_begun && matches!(at.cx.settings.keymap.meaning(&sequence, &at.cx.scopes()), Meaning::Command(_)) {
            self.held.push(key);
            return Verdict::Held;
        }
        // A pane's number and a filter for its list may be typed quickly, because a filter changes nothing.
        let spelt: Vec<char> = held.iter().filter_map(|chord| chord.typed()).collect();
        if !at.is_covered {
            match (spelt.as_slice(), chord.typed()) {
                ([number], Some('/')) if opens_pane(*number) => {
                    self.held.push(key);
                    return Verdict::Held;
                }
                (['/'], _) if at.cx.focus == Focus::List => return Verdict::TypeAhead(self.take_held(), key),
                ([number, '/'], _) if opens_pane(*number) => return Verdict::TypeAhead(self.take_held(), key),
                _ => {}
            }
        }
        self.held.clear();
        self.text_until = Some(at.cx.now.plus(RESTS));
        Verdict::Text
    }

    /// Returns `true` if the previous key was pressed within `AT_ONCE`; `false` if the clock was set back since then.
    fn is_near(&self, now: Timestamp) -> bool {
        self.last.is_some_and(|(_, at)| now >= at && now.since(at) < AT_ONCE)
    }

    /// Returns when held letters become commands; `None` if none are held.
    pub fn due(&self) -> Option<Timestamp> {
        let (_, at) = self.last.filter(|_| !self.held.is_empty())?;
        Some(at.plus(AT_ONCE))
    }

    /// Returns the held keys if no key has followed them within `AT_ONCE`.
    pub fn release_held(&mut self, now: Timestamp) -> Vec<KeyEvent> {
        let rests = self.last.is_none_or(|(_, at)| now < at || now.since(at) >= AT_ONCE);
        if self.text_until.is_some_and(|until| now >= until || until.since(now) > RESTS) {
            self.text_until = None;
        }
        if rests { self.take_held() } else { vec![] }
    }
}
