//! Labels of threads: short words in one spelling, so that they can stand in a filter.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;

/// The longest label, in characters.
pub const MAX_CHARACTERS: usize = 24;
/// Labels of one thread.
pub const MAX_PER_THREAD: usize = 8;
/// Different labels of one organization.
pub const MAX_PER_ORGANIZATION: usize = 100;

/// A label of an organization, and how many of its threads have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCount {
    pub organization: String,
    pub label: String,
    pub threads: u32,
}

/// Reads a label as a person writes it: in lower case, with `-` for blanks. Refuses one that is empty, longer than
/// [`MAX_CHARACTERS`], or has characters other than letters, digits, `-` and `_`.
pub fn read(text: &str) -> Result<String, Refusal> {
    let label = text.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("-");
    if label.is_empty() {
        return Err(Refusal::new(Code::Name, "The label is empty.", "Write a word, such as vip."));
    }
    if label.chars().any(|letter| !letter.is_alphanumeric() && !matches!(letter, '-' | '_')) {
        let why = format!("`{}` is not a label.", clean_line(&label));
        return Err(Refusal::new(Code::Name, why, "Use letters, digits, - and _, such as late-payer."));
    }
    let count = label.chars().count();
    if count > MAX_CHARACTERS {
        let why = format!("The label has {count} characters; {MAX_CHARACTERS} are allowed.");
        return Err(Refusal::new(Code::Name, why, "Choose a shorter word."));
    }
    Ok(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_one_spelling_and_hold_nothing_that_is_drawn_otherwise() {
        assert_eq!(read("  Late  Payer ").as_deref(), Ok("late-payer"));
        assert_eq!(read("größe_2").as_deref(), Ok("größe_2"));
        for bad in ["", "  ", "a:b", "a\u{1b}[2J", "a\u{202e}b", "a\"b", "👍"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read(&"x".repeat(24)).is_ok() && read(&"x".repeat(25)).is_err());
    }
}
