//! Phone numbers: stored and compared as digits, shown with `+`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

/// E.164 digits with the country code, without `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Canadian area codes of country code 1.
const CANADIAN_AREA_CODES: [&str; 58] = [
    "204", "226", "236", "249", "250", "257", "263", "289", "306", "343", "354", "365", "367", "368", "382", "403",
    "416", "418", "428", "431", "437", "438", "450", "460", "468", "474", "506", "514", "519", "537", "548", "568",
    "579", "581", "584", "587", "604", "613", "639", "647", "672", "683", "705", "709", "742", "753", "778", "780",
    "782", "807", "819", "825", "851", "867", "873", "879", "902", "905",
];
/// Area codes of country code 1 in Caribbean countries and Bermuda.
const CARIBBEAN_AREA_CODES: [&str; 21] = [
    "242", "246", "264", "268", "284", "345", "441", "473", "649", "658", "664", "721", "758", "767", "784", "809",
    "829", "849", "868", "869", "876",
];
/// Non-geographic codes of country code 1: toll-free, premium, personal and unassigned.
const NON_GEOGRAPHIC_CODES: [&str; 18] = [
    "500", "521", "522", "533", "544", "555", "566", "577", "588", "600", "622", "700", "710", "800", "833", "900",
    "950", "999",
];

/// A text that is not a phone number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a phone number: give 8 to 15 digits with the country code, such as +15550100002")]
pub struct BadPhoneNumber(String);

impl PhoneNumber {
    /// Parses the forms that people and providers write: `+1 (555) 010-0002`, `15550100002`, `whatsapp:+1555…`.
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

    /// Parses a sender's number from a provider. Also accepts short numbers, which services and test phones have.
    pub fn parse_short(text: &str) -> Result<Self, BadPhoneNumber> {
        let bare = text.trim();
        let bare = bare.strip_prefix("whatsapp:").unwrap_or(bare);
        let digits = bare.strip_prefix('+').unwrap_or(bare);
        let short = (3..8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if short && !digits.starts_with('0') { Ok(Self(digits.to_owned())) } else { Self::parse(text) }
    }

    /// Returns the other form of the same number that providers use: Brazil's ninth digit, Mexico's 1, Argentina's 9.
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

    /// Returns `true` for a United States area code of country code 1. `555` is not geographic and does not count.
    pub fn is_in_united_states(&self) -> bool {
        let elsewhere = [CANADIAN_AREA_CODES.as_slice(), &CARIBBEAN_AREA_CODES, &NON_GEOGRAPHIC_CODES];
        let area = self.0.strip_prefix('1').filter(|rest| rest.len() == 10).map(|rest| &rest[..3]);
        area.is_some_and(|area| !area.ends_with("11") && !elsewhere.iter().any(|codes| codes.contains(&area)))
    }

    /// Returns a number that is not assigned to anyone, for tests.
    pub fn nobody() -> Self {
        Self("15550000000".to_owned())
    }

    /// Returns the digits without `+`.
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
        Self::parse_short(&text).map_err(D::Error::custom)
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
    fn the_united_states_share_their_country_code() {
        let there = |digits: &str| PhoneNumber::parse(digits).expect("a number").is_in_united_states();
        assert!(there("12125550123") && there("+1 (787) 555-0123") && there("19075550123"));
        for elsewhere in ["14165550123", "18765550123", "15550100002", "4915550100077", "18005550123", "525512345678"] {
            assert!(!there(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_in_words() {
        for text in ["", "12", "+1555010000212345", "call me", "155501000\u{1b}[2J02", "0555010002"] {
            assert!(PhoneNumber::parse(text).is_err(), "{text}");
        }
    }
}
