//! Typing is told apart from commands: letters that arrive together, as a paste, a scanner or a fast
//! typist makes them, never run commands where no text field is open.

use std::time::Duration;

use crate::console::cx::Cx;
use crate::console::input::chord::Chord;
use crate::console::input::keymap::Meaning;
use crate::console::input::{KeyCode, KeyEvent};
use crate::console::pane_id::PaneId;
use crate::console::settings::Focus;
use crate::domain::time::Timestamp;

/// Letters nearer to each other than this are text. A letter that may act waits this long for the next one.
const AT_ONCE: Duration = Duration::from_millis(30);
/// After letters were taken for text, the keyboard has to rest this long before a letter is a command again.
const RESTS: Duration = Duration::from_millis(400);

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
}

/// Where a key is pressed.
pub(in crate::console) struct Keyboard<'k> {
    pub cx: &'k Cx,
    /// Letters go into a text.
    pub takes_text: bool,
    /// Something stands in front.
    pub is_covered: bool,
    /// A sequence of keys has begun.
    pub is_begun: bool,
}

/// What a key is.
pub(in crate::console) enum Verdict {
    /// These keys are pressed, in order.
    Press(Vec<KeyEvent>),
    /// These are pressed; the last one is text for the field that they open.
    TypeAhead(Vec<KeyEvent>, KeyEvent),
    /// Letters that were typed as text: they run nothing.
    Text,
    /// It is held until it is known whether another follows.
    Held,
}

/// Whether a key is the number of a pane.
fn opens_pane(letter: char) -> bool {
    letter.to_digit(10).is_some_and(|number| (1..=PaneId::ALL.len()).contains(&(number as usize)))
}

/// Whether somebody types text with this key: a letter, or what ends a line or a field.
pub(in crate::console) fn is_text(key: &KeyEvent, chord: Chord) -> bool {
    chord.typed().is_some() || matches!(key.code, KeyCode::Enter | KeyCode::Tab) && key.modifiers.is_empty()
}

/// Commands that move a cursor by one.
pub(in crate::console) const MOVES: [&str; 6] =
    ["list.down", "list.up", "message.down", "message.up", "detail.down", "detail.up"];

/// Moving a cursor changes nothing: it needs no waiting.
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
    /// When the last letter was pressed.
    pub fn pressed_at(&self) -> Option<Timestamp> {
        self.last.map(|(_, at)| at)
    }

    /// The last key goes into the field that was opened by what was held.
    pub fn goes_into_field(&mut self) {
        self.in_field = true;
    }

    /// What is held, no longer held.
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
        // What follows in the same breath once a field is closed is still text.
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
            return self.take_in_burst(key, chord, at);
        }
        if moves(at, chord) && self.held.is_empty() {
            return Verdict::Press(vec![key]);
        }
        self.held.push(key);
        Verdict::Held
    }

    /// A letter right behind another one.
    fn take_in_burst(&mut self, key: KeyEvent, chord: Chord, at: &Keyboard<'_>) -> Verdict {
        let held: Vec<Chord> = self.held.iter().map(Chord::of).collect();
        let is_begun = !at.is_begun && held.len() == 1 && !matches!(chord.typed(), None | Some(' '));
        let sequence = [held.as_slice(), &[chord]].concat();
        if is_begun && matches!(at.cx.settings.keymap.meaning(&sequence, &at.cx.scopes()), Meaning::Command(_)) {
            self.held.push(key);
            return Verdict::Held;
        }
        // A pane and the filter of its list can be typed ahead: a filter only narrows what is shown.
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

    /// Whether the key before was pressed so shortly ago that both were typed at once. A clock that was
    /// set back tells nothing.
    fn is_near(&self, now: Timestamp) -> bool {
        self.last.is_some_and(|(_, at)| now >= at && now.since(at) < AT_ONCE)
    }

    /// When held letters are known to be commands.
    pub fn due(&self) -> Option<Timestamp> {
        let (_, at) = self.last.filter(|_| !self.held.is_empty())?;
        Some(at.plus(AT_ONCE))
    }

    /// What was held, once nothing has followed it.
    pub fn rests(&mut self, now: Timestamp) -> Vec<KeyEvent> {
        let rests = self.last.is_none_or(|(_, at)| now < at || now.since(at) >= AT_ONCE);
        if self.text_until.is_some_and(|until| now >= until || until.since(now) > RESTS) {
            self.text_until = None;
        }
        if rests { self.take_held() } else { vec![] }
    }
}
