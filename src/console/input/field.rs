//! A one-line text field. The cursor moves by grapheme clusters and by words, deletion keys work as in a shell,
//! pasted text becomes one line, and a history is optional. Filter, palette, pickers and forms use it.

use unicode_segmentation::UnicodeSegmentation;

use crate::console::input::key::{KeyCode, KeyEvent, KeyModifiers};
use crate::console::words::width;
use crate::domain::text::clean_line;

/// Maximum characters in a line such as a filter, a search or a reason.
pub const MAX_LINE: usize = 200;
/// Maximum characters in a form field, as many as a message can have.
pub const MAX_FIELD: usize = 4_096;

/// The effect of a key on a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// The text changed.
    Changed,
    /// The text did not change; the cursor may have moved.
    Same,
    /// The key has no meaning for a field.
    Ignored,
}

/// A line of text with its cursor and its history.
#[derive(Debug, Clone)]
pub struct TextField {
    text: String,
    /// Byte offset of the cursor; always between two grapheme clusters.
    cursor: usize,
    max_letters: usize,
    /// Earlier texts, oldest first.
    history: Vec<String>,
    /// Index of the earlier text that is in the field; `None` while the user's own text is.
    recalled: Option<usize>,
    /// The user's own text while an earlier one is in the field.
    begun: String,
}

impl TextField {
    /// Creates a field with the cursor at the end of its text.
    pub fn new(text: &str, max_letters: usize) -> Self {
        let text = text.to_owned();
        Self { cursor: text.len(), text, max_letters, history: vec![], recalled: None, begun: String::new() }
    }

    /// Adds a history, oldest first; up and down recall its texts.
    pub fn with_history(mut self, history: &[String]) -> Self {
        self.history = history.to_vec();
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text; the cursor goes to its end.
    pub fn set(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.cursor = self.text.len();
    }

    /// Handles a key: text input, deletion, movement, history.
    pub fn key(&mut self, key: &KeyEvent) -> Typed {
        let held = key.modifiers - KeyModifiers::SHIFT;
        let (plain, control, alt) = (held.is_empty(), held == KeyModifiers::CONTROL, held == KeyModifiers::ALT);
        let by_word = control || alt;
        let before = (self.text.len(), self.text.clone());
        match key.code {
            KeyCode::Left if by_word => self.cursor = self.word_before(),
            KeyCode::Right if by_word => self.cursor = self.word_after(),
            KeyCode::Char('b') if alt => self.cursor = self.word_before(),
            KeyCode::Char('f') if alt => self.cursor = self.word_after(),
            KeyCode::Left if plain => self.cursor = self.letter_before(),
            KeyCode::Right if plain => self.cursor = self.letter_after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Backspace if by_word => self.delete(self.word_before(), self.cursor),
            KeyCode::Char('w') if control => self.delete(self.word_before(), self.cursor),
            KeyCode::Backspace => self.delete(self.letter_before(), self.cursor),
            KeyCode::Delete if by_word => self.delete(self.cursor, self.word_after()),
            KeyCode::Char('d') if alt => self.delete(self.cursor, self.word_after()),
            KeyCode::Delete => self.delete(self.cursor, self.letter_after()),
            KeyCode::Char('u') if control => self.delete(0, self.cursor),
            KeyCode::Char('k') if control => self.delete(self.cursor, self.text.len()),
            KeyCode::Up if plain && !self.history.is_empty() => self.recall_older(),
            KeyCode::Down if plain && self.recalled.is_some() => self.recall_newer(),
            KeyCode::Char(letter) if plain => {
                self.insert(letter.encode_utf8(&mut [0; 4]));
            }
            _ => return Typed::Ignored,
        }
        if before.0 == self.text.len() && before.1 == self.text { Typed::Same } else { Typed::Changed }
    }

    /// Inserts pasted text at the cursor, as one line. Returns `true` if it was cut because the field is full.
    pub fn paste(&mut self, text: &str) -> bool {
        self.insert(&clean_paste(text).replace(['\n', '\t'], " "))
    }

    /// Inserts as many characters as there is room for. Returns `true` if some were left out.
    fn insert(&mut self, text: &str) -> bool {
        let room = self.max_letters.saturating_sub(self.text.chars().count());
        let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
        self.text.insert_str(self.cursor, &text[..end]);
        self.cursor += end;
        // A character may combine with the following text into one grapheme cluster.
        while !self.is_between(self.cursor) {
            self.cursor += self.text[self.cursor..].chars().next().map_or(1, char::len_utf8);
        }
        end < text.len()
    }

    /// Returns `true` if a byte offset is between two grapheme clusters.
    fn is_between(&self, at: usize) -> bool {
        at >= self.text.len() || self.text.grapheme_indices(true).any(|(start, _)| start == at)
    }

    /// Deletes a byte range, and moves the cursor there.
    fn delete(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
        while !self.is_between(self.cursor) {
            self.cursor += self.text[self.cursor..].chars().next().map_or(1, char::len_utf8);
        }
    }

    /// Returns the start of the grapheme cluster before the cursor.
    fn letter_before(&self) -> usize {
        self.cursor - self.text[..self.cursor].graphemes(true).next_back().map_or(0, str::len)
    }

    /// Returns the end of the grapheme cluster after the cursor.
    fn letter_after(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    /// Returns the start of the word before the cursor, skipping whitespace.
    fn word_before(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.char_indices().rfind(|(_, letter)| letter.is_whitespace()).map_or(0, |(at, blank)| at + blank.len_utf8())
    }

    /// Returns the end of the word after the cursor, skipping whitespace.
    fn word_after(&self) -> usize {
        let after = &self.text[self.cursor..];
        let word = after.len() - after.trim_start().len();
        after[word..].find(char::is_whitespace).map_or(self.text.len(), |at| self.cursor + word + at)
    }

    fn recall_older(&mut self) {
        let at = match self.recalled {
            None => {
                self.begun.clone_from(&self.text);
                self.history.len() - 1
            }
            Some(at) => at.saturating_sub(1),
        };
        self.recalled = Some(at);
        self.set(&self.history[at].clone());
    }

    fn recall_newer(&mut self) {
        let next = self.recalled.map(|at| at + 1).filter(|at| *at < self.history.len());
        self.recalled = next;
        let text = next.map_or_else(|| self.begun.clone(), |at| self.history[at].clone());
        self.set(&text);
    }

    /// Returns the part of the text around the cursor that fits in `cells`, and the cell of the cursor.
    pub fn view(&self, cells: usize) -> (String, usize) {
        // One cell is reserved for the cursor behind the last character.
        let room = cells.saturating_sub(1);
        let mut before: Vec<String> = vec![];
        let mut used = 0;
        for cluster in self.text[..self.cursor].graphemes(true).rev() {
            let shown = clean_line(cluster);
            if used + width(&shown) > room {
                break;
            }
            used += width(&shown);
            before.push(shown);
        }
        let column = used;
        let mut text: String = before.into_iter().rev().collect();
        for cluster in self.text[self.cursor..].graphemes(true) {
            let shown = clean_line(cluster);
            if used + width(&shown) > cells {
                break;
            }
            used += width(&shown);
            text.push_str(&shown);
        }
        (text, column)
    }
}

/// Removes control characters from pasted text except `\n` and tab, so that it cannot control the terminal. Line ends
/// become `\n`. Everything that accepts pasted text uses this function.
pub fn clean_paste(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses keys by name, as in the command table; any other word is typed.
    fn press(field: &mut TextField, keys: &str) {
        for name in keys.split(' ') {
            let (modifiers, name) = match name.split_once('-') {
                Some(("ctrl", rest)) => (KeyModifiers::CONTROL, rest),
                Some(("alt", rest)) => (KeyModifiers::ALT, rest),
                _ => (KeyModifiers::NONE, name),
            };
            let code = match name {
                "left" => KeyCode::Left,
                "right" => KeyCode::Right,
                "home" => KeyCode::Home,
                "end" => KeyCode::End,
                "up" => KeyCode::Up,
                "down" => KeyCode::Down,
                "backspace" => KeyCode::Backspace,
                "delete" => KeyCode::Delete,
                "space" => KeyCode::Char(' '),
                other => KeyCode::Char(other.chars().next().expect("a key")),
            };
            field.key(&KeyEvent::new(code, modifiers));
        }
    }

    /// Returns the text with a bar at the cursor.
    fn after(text: &str, keys: &str) -> String {
        let mut field = TextField::new(text, 20);
        press(&mut field, keys);
        let (shown, column) = field.view(60);
        // A character without width belongs to the character before it.
        let mut places = shown.char_indices().map(|(at, _)| at).chain([shown.len()]);
        let at = places.rfind(|at| width(&shown[..*at]) <= column).unwrap_or(0);
        format!("{}|{}", &shown[..at], &shown[at..])
    }

    #[test]
    fn the_cursor_moves_by_letters_words_and_to_the_ends() {
        assert_eq!(after("is:unread ana", "left"), "is:unread an|a");
        assert_eq!(after("is:unread ana", "ctrl-left"), "is:unread |ana");
        assert_eq!(after("is:unread ana", "alt-b alt-b"), "|is:unread ana");
        assert_eq!(after("is:unread ana", "home ctrl-right"), "is:unread| ana");
        assert_eq!(after("is:unread ana", "ctrl-a alt-f alt-f"), "is:unread ana|");
        assert_eq!(after("ab", "home left"), "|ab");
        assert_eq!(after("ab", "home end right x"), "abx|");
    }

    #[test]
    fn letters_go_in_where_the_cursor_stands() {
        assert_eq!(after("ana", "home x"), "x|ana");
        assert_eq!(after("an a", "ctrl-left backspace n"), "ann|a");
        assert_eq!(after("12345678901234567890", "home x"), "|12345678901234567890", "no more than it may hold");
    }

    #[test]
    fn deletions_are_those_of_a_shell() {
        assert_eq!(after("is:unread ana", "ctrl-w"), "is:unread |");
        assert_eq!(after("is:unread ana  ", "ctrl-w ctrl-w"), "|");
        assert_eq!(after("is:unread ana", "ctrl-u"), "|");
        assert_eq!(after("one two", "ctrl-left ctrl-u"), "|two");
        assert_eq!(after("one two", "ctrl-left ctrl-k"), "one |");
        assert_eq!(after("one two", "home delete"), "|ne two");
        assert_eq!(after("one two", "home alt-d"), "| two");
        assert_eq!(after("one two", "alt-backspace"), "one |");
        assert_eq!(after("日\u{3000}語", "ctrl-w"), "日\u{3000}|");
    }

    #[test]
    fn what_people_see_as_one_character_is_one() {
        assert_eq!(after("a👩‍👩‍👧", "backspace"), "a|");
        assert_eq!(after("a👩‍👩‍👧", "left x"), "ax|👩‍👩‍👧");
        assert_eq!(after("e\u{301}x", "home right delete"), "e\u{301}|");
    }

    #[test]
    fn a_paste_becomes_one_line_where_the_cursor_stands() {
        let mut field = TextField::new("ac", 9);
        press(&mut field, "left");
        assert!(!field.paste("b\r\nb\u{1b}[2J"));
        assert_eq!(field.text(), "ab b[2Jc");
        assert!(field.paste("long"), "it is full");
        assert_eq!(field.text(), "ab b[2Jlc");
    }

    #[test]
    fn earlier_texts_come_back_and_what_was_begun_is_not_lost() {
        let history = ["is:unread".to_owned(), "ana".to_owned()];
        let mut field = TextField::new("ru", 20).with_history(&history);
        let mut recalled = vec![];
        for key in ["up", "up", "up", "down", "down", "down"] {
            press(&mut field, key);
            recalled.push(field.text().to_owned());
        }
        assert_eq!(recalled, ["ana", "is:unread", "is:unread", "ana", "ru", "ru"]);
    }

    #[test]
    fn what_is_seen_goes_along_with_the_cursor() {
        let mut field = TextField::new("0123456789", 20);
        assert_eq!(field.view(6), ("56789".into(), 5));
        press(&mut field, "home");
        assert_eq!(field.view(6), ("012345".into(), 0));
        assert_eq!(TextField::new("日本語", 20).view(5), ("本語".into(), 4));
    }

    #[test]
    fn a_key_says_whether_it_changed_something() {
        let mut field = TextField::new("a", 20);
        let told = |field: &mut TextField, code| field.key(&KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(told(&mut field, KeyCode::Left), Typed::Same);
        assert_eq!(told(&mut field, KeyCode::Backspace), Typed::Same);
        assert_eq!(told(&mut field, KeyCode::Delete), Typed::Changed);
        assert_eq!(told(&mut field, KeyCode::Up), Typed::Ignored);
        assert_eq!(told(&mut field, KeyCode::PageUp), Typed::Ignored);
    }
}
