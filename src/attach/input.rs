//! Bytes of a terminal to keys and pastes. Wherever a terminal stands, at this machine or at the
//! other end of a line, its bytes are read here: in pieces of any size, whole, and without ever
//! turning the tail of a terminal's reply into typing.

use std::time::Duration;

use termina::event::{KeyCode as Code, KeyEventKind as Kind, Modifiers};

use crate::console::{KeyCode, KeyEvent, KeyModifiers};

/// What somebody at a terminal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Key(KeyEvent),
    /// Pasted text: line ends are `\n`, and of all control characters only that and tabs are left.
    Paste(String),
    /// The terminal's answer: it can hold a frame back until it is whole.
    Synchronizes,
}

/// A lone escape is told from the beginning of a sequence by nothing following it this long.
const LONE: Duration = Duration::from_millis(30);
/// Replies of a terminal are longer, and may come in pieces.
const REPLY: Duration = Duration::from_secs(1);
/// A paste holds no more; the rest of it is dropped.
pub const LONGEST_PASTE: usize = 8 * 1024 * 1024;
/// No key is written in more bytes than this.
const LONGEST_KEY: usize = 64;

/// The answers of a terminal that knows the mode.
const SYNCHRONIZES_SET: &[u8] = b"\x1b[?2026;1$y";
const SYNCHRONIZES_RESET: &[u8] = b"\x1b[?2026;2$y";

const ESCAPE: u8 = 0x1b;
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// Reads what is typed, keeping what is not finished.
#[derive(Debug, Default)]
pub struct Input {
    parser: termina::Parser,
    /// The bytes since the last finished thing.
    open: Vec<u8>,
    within: Within,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Keys,
    Paste(Vec<u8>),
    /// A string that a terminal answers with; its end is ST, or a bell.
    Reply,
}

impl Input {
    /// Reads on. What is not finished waits for more, or for [`Input::pause`].
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = vec![];
        for byte in bytes {
            self.byte(*byte, &mut typed);
        }
        typed
    }

    /// How long to wait for more before [`Input::pause`] is due; none when nothing is open.
    pub fn patience(&self) -> Option<Duration> {
        match self.within {
            Within::Paste(_) => None,
            Within::Reply => Some(REPLY),
            Within::Keys if self.open.is_empty() => None,
            Within::Keys => Some(LONE),
        }
    }

    /// Nothing more came: what is open is what it looks like now.
    pub fn pause(&mut self) -> Vec<Typed> {
        let mut typed = vec![];
        if self.within == Within::Keys {
            match *self.open.as_slice() {
                [ESCAPE] => typed.push(key(KeyCode::Esc, KeyModifiers::NONE)),
                [ESCAPE, byte] if byte.is_ascii_graphic() => {
                    typed.push(key(KeyCode::Char(char::from(byte)), KeyModifiers::ALT));
                }
                _ => {}
            }
        }
        self.begin();
        typed
    }

    fn byte(&mut self, byte: u8, typed: &mut Vec<Typed>) {
        match &mut self.within {
            Within::Paste(text) => {
                text.push(byte);
                if text.ends_with(PASTE_ENDS) {
                    text.truncate(LONGEST_PASTE.min(text.len() - PASTE_ENDS.len()));
                    typed.push(Typed::Paste(pasted(text)));
                    self.begin();
                } else if text.len() > LONGEST_PASTE + PASTE_ENDS.len() {
                    // The end has still to be seen, so the newest bytes stay.
                    text.remove(LONGEST_PASTE);
                }
            }
            Within::Reply => {
                let ends = byte == 0x07 || (byte == b'\\' && self.open.last() == Some(&ESCAPE));
                self.open = vec![byte];
                if ends {
                    self.begin();
                }
            }
            Within::Keys => self.key_byte(byte, typed),
        }
    }

    fn key_byte(&mut self, byte: u8, typed: &mut Vec<Typed>) {
        if self.open == [ESCAPE] && byte == ESCAPE {
            typed.push(key(KeyCode::Esc, KeyModifiers::NONE));
            return;
        }
        self.open.push(byte);
        match self.open.as_slice() {
            PASTE_BEGINS => {
                self.begin();
                self.within = Within::Paste(vec![]);
                return;
            }
            // OSC, DCS, APC, PM, SOS: strings, of which nothing is for us.
            [ESCAPE, b']' | b'P' | b'_' | b'^' | b'X'] => {
                self.within = Within::Reply;
                return;
            }
            SYNCHRONIZES_SET | SYNCHRONIZES_RESET => {
                typed.push(Typed::Synchronizes);
                self.begin();
                return;
            }
            open => {
                if let Some(modified) = modify_other_keys(open) {
                    typed.push(modified);
                    self.begin();
                    return;
                }
            }
        }
        self.parser.parse(&[byte], true);
        let mut ended = false;
        while let Some(event) = self.parser.pop() {
            ended = true;
            typed.extend(translated(&event));
        }
        if ended || is_over(&self.open) {
            self.begin();
        }
    }

    /// A fresh start: nothing is open.
    fn begin(&mut self) {
        self.open.clear();
        self.within = Within::Keys;
        self.parser = termina::Parser::default();
    }
}

/// Whether a sequence has come to its end without meaning anything.
fn is_over(open: &[u8]) -> bool {
    match open {
        [ESCAPE, b'[', .., last @ 0x40..=0x7e] => !(open.len() == 3 && *last == b'['),
        [ESCAPE, b'[', ..] => open.len() > LONGEST_KEY,
        [ESCAPE, b'O', rest @ ..] => !rest.is_empty(),
        // A character of UTF-8, perhaps with Alt.
        _ => open.len() > 5,
    }
}

/// `CSI 27 ; modifiers ; code ~`: what xterm and tmux write for modified keys that have no sequence.
fn modify_other_keys(open: &[u8]) -> Option<Typed> {
    let inner = open.strip_prefix(b"\x1b[27;")?.strip_suffix(b"~")?;
    let (modifiers, code) = std::str::from_utf8(inner).ok()?.split_once(';')?;
    let modifiers = modifiers.parse::<u8>().ok()?.checked_sub(1)?;
    let character = char::from_u32(code.parse().ok()?)?;
    let code = match character {
        '\r' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        '\u{7f}' => KeyCode::Backspace,
        '\u{1b}' => KeyCode::Esc,
        other if other.is_control() => return None,
        other => KeyCode::Char(other),
    };
    // The three modifiers stand at the same bits in both.
    let all = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let set = all.into_iter().filter(|(bit, _)| modifiers & bit != 0).map(|(_, modifier)| modifier);
    Some(key(code, set.fold(KeyModifiers::NONE, |all, one| all | one)))
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Typed {
    Typed::Key(KeyEvent::new(code, modifiers))
}

/// Keys are for us; a terminal's answers, the mouse and the focus are not.
fn translated(event: &termina::Event) -> Option<Typed> {
    let termina::Event::Key(pressed) = event else { return None };
    if pressed.kind == Kind::Release {
        return None;
    }
    let code = match pressed.code {
        Code::Char(character) => KeyCode::Char(character),
        Code::Enter => KeyCode::Enter,
        Code::Backspace => KeyCode::Backspace,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Escape => KeyCode::Esc,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::Insert => KeyCode::Insert,
        Code::Delete => KeyCode::Delete,
        Code::Function(number) => KeyCode::F(number),
        _ => return None,
    };
    let all = [
        (Modifiers::SHIFT, KeyModifiers::SHIFT),
        (Modifiers::ALT, KeyModifiers::ALT),
        (Modifiers::CONTROL, KeyModifiers::CONTROL),
    ];
    let set = all.into_iter().filter(|(theirs, _)| pressed.modifiers.contains(*theirs)).map(|(_, ours)| ours);
    Some(key(code, set.fold(KeyModifiers::NONE, |all, one| all | one)))
}

fn pasted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Vec<Typed> {
        let mut input = Input::default();
        let mut typed = input.read(bytes);
        typed.extend(input.pause());
        typed
    }

    fn plain(code: KeyCode) -> Typed {
        key(code, KeyModifiers::NONE)
    }

    #[test]
    fn keys_are_read() {
        assert_eq!(all(b"a"), [plain(KeyCode::Char('a'))]);
        assert_eq!(all("é👍".as_bytes()), [plain(KeyCode::Char('é')), plain(KeyCode::Char('👍'))]);
        assert_eq!(all(b"\x1b"), [plain(KeyCode::Esc)]);
        assert_eq!(all(b"\x1b\x1b"), [plain(KeyCode::Esc), plain(KeyCode::Esc)]);
        assert_eq!(all(b"\x1b[A\x1bOB"), [plain(KeyCode::Up), plain(KeyCode::Down)]);
        assert_eq!(all(b"\x1b[5~"), [plain(KeyCode::PageUp)]);
        assert_eq!(all(b"\x03"), [key(KeyCode::Char('c'), KeyModifiers::CONTROL)]);
        assert_eq!(all(b"\x1bx"), [key(KeyCode::Char('x'), KeyModifiers::ALT)]);
        assert_eq!(all(b"\x1b\r"), [key(KeyCode::Enter, KeyModifiers::ALT)]);
        assert_eq!(all(b"\x1b[27;2;13~"), [key(KeyCode::Enter, KeyModifiers::SHIFT)]);
        assert_eq!(all(b"\x1b[1;5C"), [key(KeyCode::Right, KeyModifiers::CONTROL)]);
    }

    #[test]
    fn what_looks_like_the_beginning_of_a_sequence_is_a_key_when_nothing_follows() {
        for byte in *b"[O" {
            let mut input = Input::default();
            assert_eq!(input.read(&[ESCAPE, byte]), []);
            assert_eq!(input.patience(), Some(LONE));
            assert_eq!(input.pause(), [key(KeyCode::Char(char::from(byte)), KeyModifiers::ALT)]);
            assert_eq!(input.read(b"a"), [plain(KeyCode::Char('a'))]);
        }
    }

    #[test]
    fn a_terminals_answers_are_not_typing() {
        let answers: [&[u8]; 7] = [
            b"\x1b]11;rgb:1c1c/1c1c/1c1c\x1b\\",
            b"\x1b]11;rgb:1c1c/1c1c/1c1c\x07",
            b"\x1b_Gi=31;OK\x1b\\",
            b"\x1bP1+r544e\x1b\\",
            b"\x1b[?62;4c",
            b"\x1b[12;40R",
            b"\x1b[?2026;0$y",
        ];
        for answer in answers {
            let typed: Vec<_> = all(answer).into_iter().filter(|typed| *typed != plain(KeyCode::F(3))).collect();
            assert_eq!(typed, [], "{answer:?}");
        }
        let mut input = Input::default();
        assert_eq!(input.read(b"\x1b]11;rgb:1c1c"), []);
        assert_eq!(input.patience(), Some(REPLY), "the rest may be on its way");
        assert_eq!(input.read(b"/1c1c\x07x"), [plain(KeyCode::Char('x'))]);
    }

    #[test]
    fn a_terminal_says_that_it_holds_frames_back() {
        for answer in [SYNCHRONIZES_SET, SYNCHRONIZES_RESET] {
            assert_eq!(all(answer), [Typed::Synchronizes]);
        }
        assert_eq!(all(b"\x1b[?2026;0$y\x1b[?2027;2$y"), []);
    }

    #[test]
    fn a_paste_is_one_thing_and_harmless() {
        let paste = |text: &str| [Typed::Paste(text.to_owned())];
        assert_eq!(all(b"\x1b[200~a\r\nb\rc\td\x1b[31m\x00\x1b[201~"), paste("a\nb\nc\td[31m"));
        assert_eq!(all(b"\x1b[200~\xff\xfe\x1b[201~"), paste("\u{fffd}\u{fffd}"));
        let mut long = b"\x1b[200~".to_vec();
        long.extend(vec![b'x'; LONGEST_PASTE + 100]);
        long.extend(b"\x1b[201~q");
        let typed = all(&long);
        assert!(matches!(&typed[0], Typed::Paste(text) if text.len() == LONGEST_PASTE));
        assert_eq!(typed[1..], [plain(KeyCode::Char('q'))]);
    }

    proptest! {
        #[test]
        fn it_never_panics_and_recovers_after_anything(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut input = Input::default();
            input.read(&bytes);
            input.pause();
            // A paste is the one thing that waits for its end.
            input.read(PASTE_ENDS);
            input.pause();
            prop_assert_eq!(input.read(b"x"), [plain(KeyCode::Char('x'))]);
        }

        #[test]
        fn where_it_is_cut_changes_nothing(
            bytes in prop::collection::vec(prop_oneof![
                Just(ESCAPE), Just(b'['), Just(b'O'), Just(b'~'), Just(b';'), 0x20..0x7f_u8, any::<u8>(),
            ], 0..80),
            cut in 0_usize..80,
        ) {
            let (one, two) = bytes.split_at(cut.min(bytes.len()));
            let mut input = Input::default();
            let mut typed = input.read(one);
            typed.extend(input.read(two));
            typed.extend(input.pause());
            prop_assert_eq!(typed, all(&bytes));
        }
    }
}
