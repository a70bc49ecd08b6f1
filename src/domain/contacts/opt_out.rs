//! Opt-out and opt-in keywords. Only a message that consists of nothing but a keyword counts: "please stop the order"
//! is not an opt-out.

use icu_normalizer::ComposingNormalizerBorrowed;

/// A contact's intent about receiving messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutIntent {
    Out,
    In,
}

/// The keywords, compared in folded form. The configuration can replace them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutWords {
    pub out: Vec<String>,
    pub back: Vec<String>,
}

impl Default for OptOutWords {
    fn default() -> Self {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            out: list(&[
                "stop",
                "unsubscribe",
                "stopall",
                "opt out",
                "optout",
                "baja",
                "arrêt",
                "abmelden",
                "parar",
                "बंद",
            ]),
            back: list(&["start", "unstop", "subscribe", "opt in", "optin", "alta", "anmelden", "शुरू"]),
        }
    }
}

impl OptOutWords {
    /// Returns the intent of a text that is exactly one keyword; else `None`.
    pub fn wish(&self, text: &str) -> Option<OptOutIntent> {
        let folded = fold(text);
        if folded.is_empty() {
            return None;
        }
        let is = |list: &[String]| list.iter().any(|word| fold(word) == folded);
        if is(&self.out) {
            Some(OptOutIntent::Out)
        } else if is(&self.back) {
            Some(OptOutIntent::In)
        } else {
            None
        }
    }
}

/// Folds a text for comparison: lower case, single spaces, no punctuation around words, NFKC normalization (full
/// width, bold, composed characters), no invisible characters.
fn fold(text: &str) -> String {
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let visible: String = plain.chars().filter(|c| !is_invisible(*c)).collect();
    let words: Vec<String> = visible
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    // Lowercasing can produce decomposed characters.
    ComposingNormalizerBorrowed::new_nfkc().normalize(&words.join(" ")).into_owned()
}

/// Returns `true` for joiners, direction marks and variation selectors.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bare_word_counts() {
        let words = OptOutWords::default();
        for text in ["STOP", "stop.", "  Stop! ", "Opt  out", "Arrêt", "बंद"] {
            assert_eq!(words.wish(text), Some(OptOutIntent::Out), "{text}");
        }
        for text in [
            "ＳＴＯＰ",
            "ｓｔｏｐ！",
            "𝐒𝐓𝐎𝐏",
            "ⓢⓣⓞⓟ",
            "ST\u{200b}OP",
            "\u{feff}stop\u{fe0f}",
            "arre\u{302}t",
            "STOP 🛑",
            "«Stop»",
        ] {
            assert_eq!(words.wish(text), Some(OptOutIntent::Out), "{text}");
        }
        for text in ["please stop the order", "non-stop?", "🛑", "stopp", "", "!"] {
            assert_eq!(words.wish(text), None, "{text}");
        }
        assert_eq!(words.wish("Start"), Some(OptOutIntent::In));
    }
}
