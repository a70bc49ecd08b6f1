//! Text from outside. Names, messages, file names and errors of other programs may contain escape sequences, control
//! characters, direction overrides and stacked accents. [`Untrusted`] holds such text and has no `Display`; code that
//! shows it has to use its sanitized form.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// Maximum number of zero-width marks on one character; further marks are dropped.
const MARKS_PER_CHARACTER: usize = 8;

/// Text as received. It is stored, searched and sent unchanged, and shown only through [`Untrusted::line`] or
/// [`Untrusted::lines`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Wraps a text and removes NUL characters, which databases and terminals cannot handle.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.contains('\0') { Self(text.replace('\0', "")) } else { Self(text) }
    }

    /// Returns the text as received, for storing, sending and matching; never for a terminal.
    pub fn as_received(&self) -> &str {
        &self.0
    }

    /// Returns `true` for an empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the sanitized text on one line: line ends become `⏎`, runs of spaces stay.
    pub fn line(&self) -> String {
        clean_line(&self.0)
    }

    /// Returns the sanitized text, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.0
            .replace("\r\n", "\n")
            .split(['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}'])
            .map(clean_line)
            .collect()
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.line())
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Sanitizes a text to one line that is safe for a terminal, a title, a log or a clipboard.
pub fn clean_line(text: &str) -> String {
    // Printable ASCII is safe. Most text consists of nothing else, and each frame contains much of it.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    by_clusters(text)
}

/// Sanitizes a text grapheme by grapheme.
fn by_clusters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        let mut marks = 0;
        for character in cluster.chars() {
            match shown_form(character) {
                Shown::AsIs if is_mark(character) => {
                    marks += 1;
                    if marks <= MARKS_PER_CHARACTER {
                        out.push(character);
                    }
                }
                Shown::AsIs => out.push(character),
                Shown::As(stand_in) => out.push(stand_in),
                Shown::Not => {}
            }
        }
    }
    out
}

/// Formats a number with thousands separators: `29,754`.
pub fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How a character is shown: unchanged, replaced or omitted.
enum Shown {
    AsIs,
    As(char),
    Not,
}

/// Returns how a character is shown.
fn shown_form(character: char) -> Shown {
    match character {
        '\r' => Shown::Not,
        '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => Shown::As('⏎'),
        '\t' => Shown::As(' '),
        // Control pictures: ESC is shown as ␛ and has no effect.
        '\0'..='\u{1f}' => Shown::As(char::from_u32(0x2400 + character as u32).unwrap_or('\u{fffd}')),
        '\u{7f}' => Shown::As('␡'),
        '\u{80}'..='\u{9f}' => Shown::As('\u{fffd}'),
        // Direction marks, embeddings, overrides and isolates would reorder adjacent text.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Shown::As('\u{fffd}'),
        '\u{200e}' | '\u{200f}' | '\u{61c}' => Shown::Not,
        // Invisible characters, which can make different names look equal. The joiners U+200C and U+200D stay,
        // because Indic scripts and emoji need them.
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' => Shown::Not,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => Shown::Not,
        '\u{1d173}'..='\u{1d17a}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => Shown::Not,
        _ => Shown::AsIs,
    }
}

/// Replaces invisible and direction-changing characters in JSON text with escapes; the value stays the same. Line
/// ends between values stay.
pub fn escape_json(json: &str) -> String {
    if json.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        // In JSON the joiners are escaped, too: nobody reads emoji there, and an escape loses nothing.
        let unseen = matches!(character, '\u{200c}' | '\u{200d}' | '\u{34f}' | '\u{17b4}' | '\u{17b5}')
            || !matches!(shown_form(character), Shown::AsIs);
        if unseen && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// Returns `true` for zero-width characters that stack on the previous one. The joiners and variation selectors do
/// not count, because emoji contain them.
fn is_mark(character: char) -> bool {
    let width = unicode_width::UnicodeWidthChar::width(character);
    width == Some(0) && !matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_seen_and_not_obeyed() {
        let title = Untrusted::new("\u{1b}]0;pwned\u{7}Jane\u{1b}[2J");
        assert_eq!(title.line(), "␛]0;pwned␇Jane␛[2J");
        assert_eq!(Untrusted::new("a\u{9b}31mb").line(), "a\u{fffd}31mb");
        assert_eq!(Untrusted::new("a\u{202e}gnp.exe").line(), "a\u{fffd}gnp.exe");
        assert_eq!(Untrusted::new("Ad\u{200b}min\u{feff}").line(), "Admin");
        assert_eq!(Untrusted::new("one\r\ntwo").line(), "one⏎two");
        assert_eq!(Untrusted::new("one\r\ntwo").lines(), ["one", "two"]);
    }

    #[test]
    fn writing_that_people_use_stays_whole() {
        for text in ["नमस्ते", "👩‍👩‍👧", "👍🏽", "❤️", "مرحبا", "日本語", "e\u{301}", "می‌خواهم"]
        {
            assert_eq!(Untrusted::new(text).line(), text);
        }
    }

    #[test]
    fn towers_of_accents_are_cut() {
        let zalgo = format!("a{}", "\u{301}".repeat(200));
        assert_eq!(Untrusted::new(zalgo).line().chars().count(), 1 + MARKS_PER_CHARACTER);
    }

    #[test]
    fn json_shows_what_is_not_seen_and_is_the_same_value() {
        let hidden = "a\u{200b}b\u{200d}c\u{2028}d\u{2029}e\u{202e}f\u{2066}g\u{feff}h\u{e0041}i\u{ad}j\u{61c}k\u{9b}l\u{7f}m\u{e0100}n";
        let json = serde_json::to_string(&[hidden]).expect("JSON");
        let escaped = escape_json(&json);
        assert!(escaped.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{escaped}");
        assert!(escaped.contains("h\\udb40\\udc41i") && escaped.contains("d\\u2029e"), "{escaped}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&escaped).expect("JSON"), [hidden]);
        let plain = serde_json::to_string_pretty(&["नमस्ते", "❤️", "日本語"]).expect("JSON");
        assert_eq!(escape_json(&plain), plain);
    }

    proptest! {
        #[test]
        fn json_of_any_text_stays_that_text(text in any::<String>()) {
            let escaped = escape_json(&serde_json::to_string(&text).expect("JSON"));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).expect("JSON"), text);
        }

        #[test]
        fn the_short_way_cleans_as_the_long_one_does(text in "[ -~]{0,60}") {
            prop_assert_eq!(clean_line(&text), by_clusters(&text));
        }

        #[test]
        fn nothing_that_steers_a_terminal_survives(text in any::<String>()) {
            let shown = Untrusted::new(text).line();
            prop_assert!(!shown.chars().any(char::is_control));
            let steers = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!shown.chars().any(steers));
        }
    }
}
