//! Keys of a line that is being typed, the same in every field: letters, backspace, and the ones of a shell.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

use super::chord::Chord;

/// What a key does to a line that is typed at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEdit {
    Type(char),
    /// Takes the last letter away.
    Letter,
    /// Takes the last word away, with the blanks behind it.
    Word,
    /// Takes everything away.
    All,
}

impl LineEdit {
    /// Reads a key: a letter types, backspace takes a letter, ctrl-w and alt-backspace a word, ctrl-u everything.
    pub fn of(key: &KeyEvent) -> Option<Self> {
        let plain = key.modifiers - KeyModifiers::SHIFT;
        match key.code {
            KeyCode::Backspace if plain == KeyModifiers::ALT || plain == KeyModifiers::CONTROL => Some(Self::Word),
            KeyCode::Backspace => Some(Self::Letter),
            KeyCode::Char('w') if plain == KeyModifiers::CONTROL => Some(Self::Word),
            KeyCode::Char('u') if plain == KeyModifiers::CONTROL => Some(Self::All),
            _ => Chord::of(key).typed().map(Self::Type),
        }
    }

    /// Does it, up to so many letters.
    pub fn apply(self, line: &mut String, max_letters: usize) {
        match self {
            Self::Type(letter) => {
                if line.chars().count() < max_letters {
                    line.push(letter);
                }
            }
            Self::Letter => {
                // What people see as one character goes as one.
                let last = line.graphemes(true).next_back().map_or(0, str::len);
                line.truncate(line.len() - last);
            }
            Self::Word => {
                let kept = line
                    .trim_end()
                    .rfind(char::is_whitespace)
                    .map_or(0, |at| at + line.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8));
                line.truncate(kept);
            }
            Self::All => line.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &str, keys: &[KeyEvent]) -> String {
        let mut line = line.to_owned();
        for key in keys {
            if let Some(edit) = LineEdit::of(key) {
                edit.apply(&mut line, 10);
            }
        }
        line
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let control = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(after("is:unread ana", &[control('u')]), "");
        assert_eq!(after("is:unread ana", &[control('w')]), "is:unread ");
        assert_eq!(after("is:unread ana  ", &[control('w'), control('w')]), "");
        assert_eq!(after("日本 語", &[control('w')]), "日本 ");
        assert_eq!(after("日\u{3000}語", &[control('w')]), "日\u{3000}");
        assert_eq!(after("ab", &[plain(KeyCode::Backspace), plain(KeyCode::Char('x'))]), "ax");
        assert_eq!(after("ab", &[KeyEvent::new(KeyCode::Backspace, KeyModifiers::ALT)]), "");
        assert_eq!(after("0123456789", &[plain(KeyCode::Char('x'))]), "0123456789", "no more than it may hold");
        assert_eq!(after("ab", &[control('q'), plain(KeyCode::Left)]), "ab");
    }
}
