//! Key chords by name: `j`, `ctrl-d`, `alt-enter`, `g g`. The command table and the configuration use these names,
//! and footer, help and documents print them.

use crate::console::input::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Names of keys other than letters.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

impl Chord {
    /// Parses a name such as `ctrl-d`, `alt-enter`, `G` or `?`. Returns `None` if it names no key.
    pub fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, after) = match rest {
                _ if rest.len() > 5 && rest.starts_with("ctrl-") => (KeyModifiers::CONTROL, &rest[5..]),
                _ if rest.len() > 4 && rest.starts_with("alt-") => (KeyModifiers::ALT, &rest[4..]),
                _ if rest.len() > 6 && rest.starts_with("shift-") => (KeyModifiers::SHIFT, &rest[6..]),
                _ => break,
            };
            modifiers |= modifier;
            rest = after;
        }
        let named = NAMED.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code);
        let mut letters = rest.chars();
        let code = match (named, letters.next(), letters.next()) {
            (Some(code), ..) => code,
            (None, Some(letter), None) => KeyCode::Char(letter),
            _ => return None,
        };
        Some(Self { code, modifiers }.normal())
    }

    /// Returns `true` if ctrl or alt is held.
    pub(in crate::console) fn has_modifier(&self) -> bool {
        self.modifiers.contains(KeyModifiers::CONTROL) || self.modifiers.contains(KeyModifiers::ALT)
    }

    /// Returns the chord of a key event. Shift is part of a letter; back-tab becomes shift-tab.
    pub fn of(event: &KeyEvent) -> Self {
        let modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        Self { code: event.code, modifiers }.normal()
    }

    /// Returns the canonical form: no shift on letters, and shift-tab instead of back-tab.
    fn normal(mut self) -> Self {
        if matches!(self.code, KeyCode::Char(_)) {
            self.modifiers -= KeyModifiers::SHIFT;
        }
        if self.code == KeyCode::BackTab {
            self.code = KeyCode::Tab;
            self.modifiers |= KeyModifiers::SHIFT;
        }
        self
    }

    /// Returns the letter if neither ctrl nor alt is held, and `None` otherwise.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if self.modifiers.is_empty() => Some(letter),
            _ => None,
        }
    }
}

impl std::fmt::Display for Chord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, other) => f.write_str(&format!("{other:?}").to_lowercase()),
        }
    }
}

/// Parses chords that are pressed one after the other, such as `g g`. Returns `None` if one is not valid.
pub fn sequence(text: &str) -> Option<Vec<Chord>> {
    let chords: Option<Vec<Chord>> = text.split(' ').map(Chord::parse).collect();
    chords.filter(|chords| !chords.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_and_printed_alike() {
        for text in ["j", "G", "?", ":", "ctrl-d", "alt-enter", "shift-tab", "space", "ctrl-alt-x", "-", "é"] {
            assert_eq!(Chord::parse(text).expect(text).to_string(), text);
        }
        assert!(Chord::parse("ctrl-").is_none());
        assert!(Chord::parse("jj").is_none());
        assert_eq!(sequence("g g").map(|chords| chords.len()), Some(2));
    }

    #[test]
    fn shift_belongs_to_the_letter() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Some(Chord::of(&event)), Chord::parse("G"));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Some(Chord::of(&back)), Chord::parse("shift-tab"));
    }
}
