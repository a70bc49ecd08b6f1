//! The composer: the text being written to one thread. It edits by grapheme clusters, and pasted text is never
//! handled as keys.

use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use crate::console::input::{KeyCode, KeyEvent, KeyModifiers, clean_paste};
use crate::console::words::width;
use crate::domain::ids::{MessageId, RunId, ThreadId};

/// Maximum length of a draft, in bytes.
const LONGEST: usize = 60 * 1024;

/// The text being written to one thread.
#[derive(Debug, Clone)]
pub struct Composer {
    /// The thread to which the text is sent. It never changes, because each thread has its own composer.
    pub thread: ThreadId,
    area: TextArea<'static>,
    /// Whether the text has changed since it was last saved.
    pub dirty: bool,
    /// The quoted message with its text.
    pub quote: Option<(MessageId, String)>,
    /// The run whose suggested reply this text replaces.
    pub answers: Option<RunId>,
}

/// The text wrapped into lines, with the position of the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    pub lines: Vec<String>,
    pub row: usize,
    pub column: usize,
}

impl Composer {
    pub fn new(thread: ThreadId, text: &str) -> Self {
        let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { thread, area, dirty: false, quote: None, answers: None }
    }

    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub fn is_empty(&self) -> bool {
        self.area.lines().iter().all(String::is_empty)
    }

    pub fn lines(&self) -> usize {
        self.area.lines().len()
    }

    pub fn clear(&mut self) {
        *self = Self { dirty: true, ..Self::new(self.thread, "") };
    }

    /// The word before the cursor, without its `/`, where it begins with one.
    pub fn short(&self) -> Option<String> {
        let (row, column) = self.position();
        let line: String = self.area.lines().get(row)?.chars().take(column).collect();
        let word = line.rsplit(char::is_whitespace).next()?;
        word.strip_prefix('/').filter(|short| !short.contains('/')).map(str::to_lowercase)
    }

    /// Puts a text in the place of the word before the cursor.
    pub fn replace_short(&mut self, text: &str) {
        let Some(short) = self.short() else { return };
        for _ in 0..=short.chars().count() {
            self.area.delete_char();
        }
        self.paste(text);
    }

    pub fn newline(&mut self) {
        self.area.insert_newline();
        self.dirty = true;
    }

    /// Inserts pasted text as one undo step. Newlines are kept and other control characters are removed. Returns
    /// `true` if the text was cut because the draft is full.
    pub fn paste(&mut self, text: &str) -> bool {
        let text = clean_paste(text);
        let room = LONGEST.saturating_sub(self.text().len());
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.area.insert_str(&text[..end]);
        self.dirty = true;
        end < text.len()
    }

    /// Handles an editing key. Command keys must be handled before.
    pub fn key(&mut self, key: KeyEvent) {
        let plain = key.modifiers.is_empty() || key.modifiers == KeyModifiers::SHIFT;
        let before = self.text();
        match key.code {
            KeyCode::Backspace if plain => {
                let count = self.cluster_before();
                for _ in 0..count.max(1) {
                    self.area.delete_char();
                }
            }
            KeyCode::Delete if plain => {
                let count = self.cluster_after();
                for _ in 0..count.max(1) {
                    self.area.delete_next_char();
                }
            }
            KeyCode::Left if plain => {
                for _ in 0..self.cluster_before().max(1) {
                    self.area.move_cursor(CursorMove::Back);
                }
            }
            KeyCode::Right if plain => {
                for _ in 0..self.cluster_after().max(1) {
                    self.area.move_cursor(CursorMove::Forward);
                }
            }
            KeyCode::Char(letter) if letter.is_control() => {}
            KeyCode::Tab => {}
            _ if before.len() >= LONGEST && matches!(key.code, KeyCode::Char(_)) => {}
            _ => {
                self.area.input(key);
            }
        }
        self.dirty |= self.text() != before;
    }

    /// Returns the number of code points in the grapheme cluster before the cursor.
    fn cluster_before(&self) -> usize {
        let (row, column) = self.position();
        let line: String =
            self.area.lines().get(row).map(|line| line.chars().take(column).collect()).unwrap_or_default();
        line.graphemes(true).next_back().map_or(0, |cluster| cluster.chars().count())
    }

    fn cluster_after(&self) -> usize {
        let (row, column) = self.position();
        let line: String =
            self.area.lines().get(row).map(|line| line.chars().skip(column).collect()).unwrap_or_default();
        line.graphemes(true).next().map_or(0, |cluster| cluster.chars().count())
    }

    fn position(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    /// Wraps the text by grapheme clusters into lines of at most `cells`. Returns the lines and the position of the
    /// cursor.
    pub fn wrapped(&self, cells: usize) -> Wrapped {
        let cells = cells.max(2);
        let (row, column) = self.position();
        let mut out = Wrapped { lines: vec![], row: 0, column: 0 };
        for (number, line) in self.area.lines().iter().enumerate() {
            let mut shown = String::new();
            let mut used = 0;
            let mut points = 0;
            for cluster in line.graphemes(true) {
                let cluster_shown = crate::domain::text::clean_line(cluster);
                let wide = width(&cluster_shown);
                if used + wide > cells {
                    out.lines.push(std::mem::take(&mut shown));
                    used = 0;
                }
                if number == row && points == column {
                    (out.row, out.column) = (out.lines.len(), used);
                }
                shown.push_str(&cluster_shown);
                used += wide;
                points += cluster.chars().count();
            }
            if number == row && points <= column {
                // A full line has no cell for the cursor, so the cursor goes to the next line.
                if used >= cells {
                    out.lines.push(std::mem::take(&mut shown));
                    used = 0;
                }
                (out.row, out.column) = (out.lines.len(), used);
            }
            out.lines.push(shown);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(composer: &mut Composer, code: KeyCode) {
        composer.key(KeyEvent::new(code, KeyModifiers::NONE));
    }

    #[test]
    fn what_people_see_as_one_character_is_one() {
        let mut composer = Composer::new(ThreadId(1), "a👩‍👩‍👧👍🏽");
        press(&mut composer, KeyCode::Backspace);
        assert_eq!(composer.text(), "a👩‍👩‍👧");
        press(&mut composer, KeyCode::Left);
        press(&mut composer, KeyCode::Char('b'));
        assert_eq!(composer.text(), "ab👩‍👩‍👧");
        press(&mut composer, KeyCode::Delete);
        assert_eq!(composer.text(), "ab");
    }

    #[test]
    fn a_paste_is_text_and_loses_what_steers() {
        let mut composer = Composer::new(ThreadId(1), "");
        assert!(!composer.paste("one\r\ntwo\u{1b}[2J\rthree"));
        assert_eq!(composer.text(), "one\ntwo[2J\nthree");
        assert!(composer.paste(&"é".repeat(LONGEST)));
        assert!(composer.text().len() <= LONGEST);
    }

    #[test]
    fn the_cursor_stands_where_the_next_character_goes() {
        let composer = Composer::new(ThreadId(1), "日本語です");
        assert_eq!(composer.wrapped(6), Wrapped { lines: vec!["日本語".into(), "です".into()], row: 1, column: 4 });
        let full = Composer::new(ThreadId(1), "abcdef");
        assert_eq!(full.wrapped(6), Wrapped { lines: vec!["abcdef".into(), String::new()], row: 1, column: 0 });
        let empty = Composer::new(ThreadId(1), "");
        assert_eq!(empty.wrapped(6), Wrapped { lines: vec![String::new()], row: 0, column: 0 });
    }
}
