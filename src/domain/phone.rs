//! Phone numbers: stored and matched as digits, shown with `+`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

/// Digits in E.164 order, country code first, without `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// A text that cannot be a phone number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a phone number: give 8 to 15 digits with the country code, such as +15550100002")]
pub struct BadPhoneNumber(String);

impl PhoneNumber {
    /// Takes what people and providers write: `+1 (555) 010-0002`, `15550100002`, `whatsapp:+1555…`.
    pub fn parse(text: &str) -> Result<Self, BadPhoneNumber> {
        let refused = || BadPhoneNumber(crate::domain::text::clean_line(text));
        let bare = text.trim().strip_prefix("whatsapp:").unwrap_or(text.trim());
        let plausible = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '\u{a0}');
        if !bare.chars().all(plausible) {
            return Err(refused());
        }
        let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
        let digits = if bare.starts_with("00") { digits[2..].to_owned() } else { digits };
        if (8..=15).contains(&digits.len()) && !digits.starts_with('0') { Ok(Self(digits)) } else { Err(refused()) }
    }

    /// Other spellings of the same phone: Brazil's ninth digit, Mexico's 1, Argentina's 9, which
    /// providers add and drop.
    pub fn variants(&self) -> Vec<Self> {
        let digits = self.0.as_str();
        let made = match (digits.get(..2), digits.len()) {
            (Some("55"), 13) if digits.as_bytes()[4] == b'9' => Some(format!("{}{}", &digits[..4], &digits[5..])),
            (Some("55"), 12) if matches!(digits.as_bytes()[4], b'6'..=b'9') => {
                Some(format!("{}9{}", &digits[..4], &digits[4..]))
            }
            (Some("52"), 13) if digits.as_bytes()[2] == b'1' => Some(format!("52{}", &digits[3..])),
            (Some("52"), 12) => Some(format!("521{}", &digits[2..])),
            (Some("54"), 13) if digits.as_bytes()[2] == b'9' => Some(format!("54{}", &digits[3..])),
            (Some("54"), 12) => Some(format!("549{}", &digits[2..])),
            _ => None,
        };
        made.map(Self).into_iter().collect()
    }

    /// A number of the range that is given to nobody, for trying things out.
    pub fn nobody() -> Self {
        Self("15550000000".to_owned())
    }

    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_number_is_the_same_number() {
        for text in ["15550100002", "+15550100002", "+1 (555) 010-0002", "whatsapp:+15550100002", "0015550100002"] {
            assert_eq!(PhoneNumber::parse(text).expect("a number").digits(), "15550100002", "{text}");
        }
    }

    #[test]
    fn the_same_phone_is_known_by_its_other_spelling() {
        let other = |digits: &str| PhoneNumber::parse(digits).expect("a number").variants().pop().map(|one| one.0);
        for (one, two) in
            [("5511987654321", "551187654321"), ("5215512345678", "525512345678"), ("5491123456789", "541123456789")]
        {
            assert_eq!(other(one).as_deref(), Some(two));
            assert_eq!(other(two).as_deref(), Some(one));
        }
        assert_eq!(other("551132345678"), None, "a landline has no ninth digit");
        assert_eq!(other("15550100002"), None);
    }

    #[test]
    fn what_is_no_number_is_refused_in_words() {
        for text in ["", "12", "+1555010000212345", "call me", "155501000\u{1b}[2J02", "0555010002"] {
            assert!(PhoneNumber::parse(text).is_err(), "{text}");
        }
    }
}
