//! Parses terminal input into keys and pastes, for local and remote terminals. Input may arrive in chunks of any
//! size. The rest of a terminal's reply is never mistaken for typed text.

use std::time::Duration;

use termina::event::{KeyCode as Code, KeyEventKind as Kind, Modifiers};

use crate::console::{KeyCode, KeyEvent, KeyModifiers};

/// Parsed terminal input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Key(KeyEvent),
    /// Pasted text, with line ends as `\n` and without other control characters than tabs.
    Paste(String),
    /// The terminal reports that it supports synchronized output.
    SupportsSynchronizedOutput,
}

/// An escape byte without a continuation within this time is the escape key.
const ESCAPE_TIMEOUT: Duration = Duration::from_millis(30);
/// A terminal's reply that is incomplete after this time is dropped; replies may arrive in several chunks.
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum size of a paste, in bytes; the rest of it is dropped.
pub const MAX_PASTE_BYTES: usize = 8 * 1024 * 1024;
/// Maximum length of a key's escape sequence, in bytes.
const MAX_KEY_BYTES: usize = 64;

/// Replies of terminals that support synchronized output (DEC private mode 2026, set or reset).
const SYNCHRONIZED_OUTPUT_SET: &[u8] = b"\x1b[?2026;1$y";
const SYNCHRONIZED_OUTPUT_RESET: &[u8] = b"\x1b[?2026;2$y";

const ESCAPE: u8 = 0x1b;
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// The parser. It keeps incomplete input.
#[derive(Debug, Default)]
pub struct Input {
    parser: termina::Parser,
    /// The bytes of the incomplete sequence.
    pending: Vec<u8>,
    state: State,
}

/// What the parser is reading.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Keys,
    Paste(Vec<u8>),
    /// A reply of the terminal: a string that ends with ST or BEL.
    Reply,
}

impl Input {
    /// Parses more bytes. Incomplete input waits for further bytes or for [`Input::flush`].
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = vec![];
        for byte in bytes {
            self.byte(*byte, &mut typed);
        }
        typed
    }

    /// Returns the time to wait for more bytes before [`Input::flush`]. `None` if nothing is incomplete.
    pub fn timeout(&self) -> Option<Duration> {
        match self.state {
            State::Paste(_) => None,
            State::Reply => Some(REPLY_TIMEOUT),
            State::Keys if self.pending.is_empty() => None,
            State::Keys => Some(ESCAPE_TIMEOUT),
        }
    }

    /// Interprets incomplete input as it is, because no more bytes arrived.
    pub fn flush(&mut self) -> Vec<Typed> {
        let mut typed = vec![];
        if self.state == State::Keys {
            match *self.pending.as_slice() {
                [ESCAPE] => typed.push(key(KeyCode::Esc, KeyModifiers::NONE)),
                [ESCAPE, byte] if byte.is_ascii_graphic() => {
                    typed.push(key(KeyCode::Char(char::from(byte)), KeyModifiers::ALT));
                }
                _ => {}
            }
        }
        self.reset();
        typed
    }

    fn byte(&mut self, byte: u8, typed: &mut Vec<Typed>) {
        match &mut self.state {
            State::Paste(text) => {
                text.push(byte);
                if text.ends_with(PASTE_END) {
                    text.truncate(MAX_PASTE_BYTES.min(text.len() - PASTE_END.len()));
                    typed.push(Typed::Paste(clean_paste(text)));
                    self.reset();
                } else if text.len() > MAX_PASTE_BYTES + PASTE_END.len() {
                    // The newest bytes are kept, because they may be the start of the paste's end.
                    text.remove(MAX_PASTE_BYTES);
                }
            }
            State::Reply => {
                let ends = byte == 0x07 || (byte == b'\\' && self.pending.last() == Some(&ESCAPE));
                self.pending = vec![byte];
                if ends {
                    self.reset();
                }
            }
            State::Keys => self.key_byte(byte, typed),
        }
    }

    fn key_byte(&mut self, byte: u8, typed: &mut Vec<Typed>) {
        if self.pending == [ESCAPE] && byte == ESCAPE {
            typed.push(key(KeyCode::Esc, KeyModifiers::NONE));
            return;
        }
        self.pending.push(byte);
        match self.pending.as_slice() {
            PASTE_START => {
                self.reset();
                self.state = State::Paste(vec![]);
                return;
            }
            // OSC, DCS, APC, PM and SOS strings: nothing in them is for us.
            [ESCAPE, b']' | b'P' | b'_' | b'^' | b'X'] => {
                self.state = State::Reply;
                return;
            }
            SYNCHRONIZED_OUTPUT_SET | SYNCHRONIZED_OUTPUT_RESET => {
                typed.push(Typed::SupportsSynchronizedOutput);
                self.reset();
                return;
            }
            pending => {
                if let Some(modified) = modify_other_keys(pending) {
                    typed.push(modified);
                    self.reset();
                    return;
                }
            }
        }
        self.parser.parse(&[byte], true);
        let mut ended = false;
        while let Some(event) = self.parser.pop() {
            ended = true;
            typed.extend(translate(&event));
        }
        if ended || is_complete(&self.pending) {
            self.reset();
        }
    }

    /// Drops incomplete input.
    fn reset(&mut self) {
        self.pending.clear();
        self.state = State::Keys;
        self.parser = termina::Parser::default();
    }
}

/// Returns `true` if a sequence is complete, though it has no meaning.
fn is_complete(pending: &[u8]) -> bool {
    match pending {
        [ESCAPE, b'[', .., last @ 0x40..=0x7e] => !(pending.len() == 3 && *last == b'['),
        [ESCAPE, b'[', ..] => pending.len() > MAX_KEY_BYTES,
        [ESCAPE, b'O', rest @ ..] => !rest.is_empty(),
        // A UTF-8 character, possibly with Alt.
        _ => pending.len() > 5,
    }
}

/// Parses `CSI 27 ; modifiers ; code ~`, which xterm and tmux send for modified keys without a sequence of their own
/// (modifyOtherKeys).
fn modify_other_keys(pending: &[u8]) -> Option<Typed> {
    let inner = pending.strip_prefix(b"\x1b[27;")?.strip_suffix(b"~")?;
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
    // The bits of the three modifiers are the same in both encodings.
    let bits = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let set = bits.into_iter().filter(|(bit, _)| modifiers & bit != 0).map(|(_, modifier)| modifier);
    Some(key(code, set.fold(KeyModifiers::NONE, |all, one| all | one)))
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Typed {
    Typed::Key(KeyEvent::new(code, modifiers))
}

/// Converts a key event. `None` for key releases, terminal replies, mouse and focus events.
fn translate(event: &termina::Event) -> Option<Typed> {
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
    let bits = [
        (Modifiers::SHIFT, KeyModifiers::SHIFT),
        (Modifiers::ALT, KeyModifiers::ALT),
        (Modifiers::CONTROL, KeyModifiers::CONTROL),
    ];
    let set = bits.into_iter().filter(|(theirs, _)| pressed.modifiers.contains(*theirs)).map(|(_, ours)| ours);
    Some(key(code, set.fold(KeyModifiers::NONE, |all, one| all | one)))
}

/// Normalizes line ends, and removes other control characters than tabs.
fn clean_paste(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse_all(bytes: &[u8]) -> Vec<Typed> {
        let mut input = Input::default();
        let mut typed = input.read(bytes);
        typed.extend(input.flush());
        typed
    }

    fn plain(code: KeyCode) -> Typed {
        key(code, KeyModifiers::NONE)
    }

    #[test]
    fn keys_are_read() {
        assert_eq!(parse_all(b"a"), [plain(KeyCode::Char('a'))]);
        assert_eq!(parse_all("é👍".as_bytes()), [plain(KeyCode::Char('é')), plain(KeyCode::Char('👍'))]);
        assert_eq!(parse_all(b"\x1b"), [plain(KeyCode::Esc)]);
        assert_eq!(parse_all(b"\x1b\x1b"), [plain(KeyCode::Esc), plain(KeyCode::Esc)]);
        assert_eq!(parse_all(b"\x1b[A\x1bOB"), [plain(KeyCode::Up), plain(KeyCode::Down)]);
        assert_eq!(parse_all(b"\x1b[5~"), [plain(KeyCode::PageUp)]);
        assert_eq!(parse_all(b"\x03"), [key(KeyCode::Char('c'), KeyModifiers::CONTROL)]);
        assert_eq!(parse_all(b"\x1bx"), [key(KeyCode::Char('x'), KeyModifiers::ALT)]);
        assert_eq!(parse_all(b"\x1b\r"), [key(KeyCode::Enter, KeyModifiers::ALT)]);
        assert_eq!(parse_all(b"\x1b[27;2;13~"), [key(KeyCode::Enter, KeyModifiers::SHIFT)]);
        assert_eq!(parse_all(b"\x1b[1;5C"), [key(KeyCode::Right, KeyModifiers::CONTROL)]);
    }

    #[test]
    fn an_incomplete_sequence_is_a_key_after_the_timeout() {
        for byte in *b"[O" {
            let mut input = Input::default();
            assert_eq!(input.read(&[ESCAPE, byte]), []);
            assert_eq!(input.timeout(), Some(ESCAPE_TIMEOUT));
            assert_eq!(input.flush(), [key(KeyCode::Char(char::from(byte)), KeyModifiers::ALT)]);
            assert_eq!(input.read(b"a"), [plain(KeyCode::Char('a'))]);
        }
    }

    #[test]
    fn replies_of_the_terminal_are_not_typed_text() {
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
            let typed: Vec<_> = parse_all(answer).into_iter().filter(|typed| *typed != plain(KeyCode::F(3))).collect();
            assert_eq!(typed, [], "{answer:?}");
        }
        let mut input = Input::default();
        assert_eq!(input.read(b"\x1b]11;rgb:1c1c"), []);
        assert_eq!(input.timeout(), Some(REPLY_TIMEOUT), "the rest may be on its way");
        assert_eq!(input.read(b"/1c1c\x07x"), [plain(KeyCode::Char('x'))]);
    }

    #[test]
    fn support_for_synchronized_output_is_recognized() {
        for answer in [SYNCHRONIZED_OUTPUT_SET, SYNCHRONIZED_OUTPUT_RESET] {
            assert_eq!(parse_all(answer), [Typed::SupportsSynchronizedOutput]);
        }
        assert_eq!(parse_all(b"\x1b[?2026;0$y\x1b[?2027;2$y"), []);
    }

    #[test]
    fn a_paste_is_one_event_without_control_characters() {
        let paste = |text: &str| [Typed::Paste(text.to_owned())];
        assert_eq!(parse_all(b"\x1b[200~a\r\nb\rc\td\x1b[31m\x00\x1b[201~"), paste("a\nb\nc\td[31m"));
        assert_eq!(parse_all(b"\x1b[200~\xff\xfe\x1b[201~"), paste("\u{fffd}\u{fffd}"));
        let mut long = b"\x1b[200~".to_vec();
        long.extend(vec![b'x'; MAX_PASTE_BYTES + 100]);
        long.extend(b"\x1b[201~q");
        let typed = parse_all(&long);
        assert!(matches!(&typed[0], Typed::Paste(text) if text.len() == MAX_PASTE_BYTES));
        assert_eq!(typed[1..], [plain(KeyCode::Char('q'))]);
    }

    proptest! {
        #[test]
        fn any_input_is_parsed_without_panic_and_parsing_recovers(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut input = Input::default();
            input.read(&bytes);
            input.flush();
            // Only a paste waits for its end without a timeout.
            input.read(PASTE_END);
            input.flush();
            prop_assert_eq!(input.read(b"x"), [plain(KeyCode::Char('x'))]);
        }

        #[test]
        fn chunk_boundaries_do_not_change_the_result(
            bytes in prop::collection::vec(prop_oneof![
                Just(ESCAPE), Just(b'['), Just(b'O'), Just(b'~'), Just(b';'), 0x20..0x7f_u8, any::<u8>(),
            ], 0..80),
            cut in 0_usize..80,
        ) {
            let (one, two) = bytes.split_at(cut.min(bytes.len()));
            let mut input = Input::default();
            let mut typed = input.read(one);
            typed.extend(input.read(two));
            typed.extend(input.flush());
            prop_assert_eq!(typed, parse_all(&bytes));
        }
    }
}
