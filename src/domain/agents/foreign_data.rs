//! Personal data in texts: phone numbers, IBANs and order numbers, normalized so that different spellings compare
//! equal. Pure functions; the store finds out whose data it is.

use serde::{Deserialize, Serialize};

/// Whether a reply with another contact's data is held for a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// The reply waits for a person, with the reason.
    #[default]
    Hold,
    /// The reply is not compared with other contacts' data.
    Off,
}

impl Guard {
    /// Returns the name used in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Off => "off",
        }
    }

    /// Parses a name from the configuration; returns `None` for unknown names.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Hold, Self::Off].into_iter().find(|guard| guard.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// The kind of a personal datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatumKind {
    Name,
    Phone,
    Iban,
    /// An order, booking, invoice or case number.
    Order,
}

impl DatumKind {
    pub const ALL: [Self; 4] = [Self::Name, Self::Phone, Self::Iban, Self::Order];

    /// Returns the name used in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Iban => "iban",
            Self::Order => "order",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the name shown to people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone number",
            Self::Iban => "IBAN",
            Self::Order => "order number",
        }
    }
}

/// A datum as it is stored and compared: the last eight digits of a phone number; for other kinds the letters and
/// digits in upper case, without separators.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datum {
    pub kind: DatumKind,
    pub value: String,
}

/// Number of other contacts from which a datum counts as public, such as the phone number of the business or of a
/// courier.
pub const COMMON_TO_CONTACTS: i64 = 3;

/// Number of digits compared at the end of a phone number; its national and international forms share them.
pub(super) const PHONE_DIGITS: usize = 8;

/// Returns the phone numbers, IBANs and order numbers in a text, sorted, each once.
pub fn data_in(text: &str) -> Vec<Datum> {
    let mut chars: Vec<char> = text.chars().collect();
    let mut found = ibans(&mut chars);
    blank_out_dates(&mut chars);
    found.extend(phones(&chars));
    found.extend(orders(&chars));
    found.sort();
    found.dedup();
    found
}

/// Returns `true` for a character that can separate groups of digits.
pub(super) const fn is_joint(character: char) -> bool {
    matches!(character, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2011}' | '\u{202f}')
}

/// IBAN lengths by country (ISO 13616). IBANs of other countries are recognized by their checksum alone.
const IBAN_LENGTHS: [(&str, usize); 40] = [
    ("AD", 24),
    ("AE", 23),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("BR", 29),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TR", 26),
];

/// Returns `true` for a valid IBAN: length by country, and checksum modulo 97 (ISO 7064).
fn is_iban(plain: &str) -> bool {
    if !(15..=34).contains(&plain.len()) {
        return false;
    }
    let known = IBAN_LENGTHS.iter().find(|(country, _)| plain.starts_with(country));
    if known.is_some_and(|(_, length)| *length != plain.len()) {
        return false;
    }
    let moved = plain[4..].chars().chain(plain[..4].chars());
    let rest = moved.fold(0_u32, |rest, character| match character.to_digit(36) {
        Some(value) if value >= 10 => (rest * 100 + value) % 97,
        Some(value) => (rest * 10 + value) % 97,
        None => rest,
    });
    rest == 1
}

/// Extracts IBANs, with or without separators, and overwrites them so that they are not found again.
pub(super) fn ibans(chars: &mut [char]) -> Vec<Datum> {
    let mut found = vec![];
    let mut at = 0;
    while at + 4 <= chars.len() {
        let head = &chars[at..at + 4];
        let begins = (at == 0 || !chars[at - 1].is_alphanumeric())
            && head[..2].iter().all(char::is_ascii_alphabetic)
            && head[2..].iter().all(char::is_ascii_digit);
        if !begins {
            at += 1;
            continue;
        }
        let (mut plain, mut end, mut best) = (String::new(), at, None);
        while end < chars.len() && plain.len() < 34 {
            let character = chars[end];
            if character.is_ascii_alphanumeric() {
                plain.push(character.to_ascii_uppercase());
                let is_end = chars.get(end + 1).is_none_or(|next| !next.is_alphanumeric());
                if is_end && is_iban(&plain) {
                    best = Some((plain.clone(), end + 1));
                }
            } else if !(is_joint(character) && chars[end - 1].is_ascii_alphanumeric()) {
                break;
            }
            end += 1;
        }
        match best {
            Some((value, end)) => {
                found.push(Datum { kind: DatumKind::Iban, value });
                chars[at..end].fill('|');
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// Returns the start and end of each run of digits.
pub(super) fn digit_groups(chars: &[char]) -> Vec<(usize, usize)> {
    let mut groups = vec![];
    let mut at = 0;
    while at < chars.len() {
        let end = chars[at..].iter().position(|c| !c.is_ascii_digit()).map_or(chars.len(), |length| at + length);
        if end > at {
            groups.push((at, end));
        }
        at = end.max(at + 1);
    }
    groups
}

/// Overwrites dates (`2026-06-01`, `1.6.2026`, `20260601`) and times (`09:30`), because many contacts share them.
pub(super) fn blank_out_dates(chars: &mut [char]) {
    let groups = digit_groups(chars);
    let number = |group: (usize, usize), chars: &[char]| {
        chars[group.0..group.1].iter().collect::<String>().parse::<u64>().unwrap_or(u64::MAX)
    };
    let is_day = |one: u64, other: u64| one > 0 && other > 0 && one <= 31 && other <= 31 && one.min(other) <= 12;
    let is_year = |year: u64| (1_900..2_100).contains(&year) || year < 100;
    let mut blanks = vec![];
    for (index, group) in groups.iter().enumerate() {
        let (next, third) = (groups.get(index + 1), groups.get(index + 2));
        let joint = |one: &(usize, usize), other: &(usize, usize), chars: &[char]| {
            (other.0 == one.1 + 1).then(|| chars[one.1]).filter(|joint| matches!(joint, '-' | '.' | '/' | ':'))
        };
        let value = number(*group, chars);
        if group.1 - group.0 == 8 && is_year(value / 10_000) && is_day(value / 100 % 100, value % 100) {
            blanks.push((group.0, group.1));
        }
        let Some(next) = next else { continue };
        let first = joint(group, next, chars);
        if first == Some(':') && value < 24 {
            blanks.push((group.0, next.1));
        }
        let Some(third) = third.filter(|third| first.is_some() && joint(next, third, chars) == first) else { continue };
        let (one, two, three) = (value, number(*next, chars), number(*third, chars));
        let is_date = (group.1 - group.0 == 4 && is_year(one) && is_day(two, three))
            || (group.1 - group.0 <= 2 && is_day(one, two) && is_year(three) && matches!(third.1 - third.0, 2 | 4));
        if is_date {
            blanks.push((group.0, third.1));
        }
    }
    for (from, to) in blanks {
        chars[from..to].fill('|');
    }
}

/// Extracts phone numbers: eight or more digits in adjacent groups.
fn phones(chars: &[char]) -> Vec<Datum> {
    let mut found = vec![];
    let mut digits = String::new();
    let mut end = None;
    for (from, to) in digit_groups(chars) {
        let is_joined = end.is_some_and(|end| {
            let between: &[char] = &chars[end..from];
            between.len() <= 3 && between.iter().all(|c| is_joint(*c))
        });
        if !is_joined {
            digits.clear();
        }
        let in_word = |at: Option<&char>| at.is_some_and(|c| c.is_alphabetic());
        if in_word(from.checked_sub(1).and_then(|before| chars.get(before))) || in_word(chars.get(to)) {
            digits.clear();
            end = None;
            continue;
        }
        digits.extend(&chars[from..to]);
        end = Some(to);
        if digits.len() >= PHONE_DIGITS && to - from >= 2 {
            let value = digits[digits.len() - PHONE_DIGITS..].to_owned();
            found.push(Datum { kind: DatumKind::Phone, value });
        }
    }
    found
}

/// Units and currencies beside a number that mark it as an amount.
const UNITS: [&str; 34] = [
    "€", "$", "£", "¥", "₹", "%", "eur", "euro", "euros", "usd", "dollars", "gbp", "pounds", "chf", "brl", "reais",
    "mxn", "pesos", "cop", "ars", "inr", "rupees", "idr", "yen", "kg", "g", "km", "m", "miles", "ml", "l", "points",
    "people", "steps",
];

/// Extracts order numbers: letters with at least three digits (`ORD-48213`), or at least five digits (`48213`) that
/// are not an amount.
fn orders(chars: &[char]) -> Vec<Datum> {
    let text: String = chars.iter().collect();
    let words: Vec<&str> = text.split([' ', '\n', '\t', '|', ',', ';', '\u{a0}', '"', '(', ')']).collect();
    let mut found = vec![];
    for (index, word) in words.iter().enumerate() {
        if word.contains("://") || word.contains('@') || word.starts_with("www.") {
            continue;
        }
        let core = word.trim_matches(|c: char| !c.is_alphanumeric());
        let sound = core.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | '#'));
        let value: String = core.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        let digits = value.chars().filter(char::is_ascii_digit).count();
        let letters = value.len() - digits;
        if !sound || value.len() < 5 || digits < 3 || value.len() > 40 {
            continue;
        }
        let is_amount = || {
            let neighbour =
                |at: Option<usize>| at.and_then(|at| words.get(at)).map_or("", |word| word.trim_matches('.'));
            let is_unit = |word: &str| UNITS.contains(&word.to_lowercase().as_str());
            let signs = ['€', '$', '£', '¥', '₹', '%'];
            word.contains(signs)
                || core.contains('.')
                || is_unit(neighbour(index.checked_add(1)))
                || is_unit(neighbour(index.checked_sub(1)))
        };
        let is_order = if letters == 0 {
            digits >= 5 && !is_amount()
        } else {
            // Digits followed by a unit are a measure: 500ml, 1000mb.
            let unit = core.trim_start_matches(|c: char| c.is_ascii_digit());
            !(unit.len() == letters && unit.len() <= 3 && digits < 5)
        };
        if is_order {
            found.push(Datum { kind: DatumKind::Order, value });
        }
    }
    found
}

/// Returns possible names in a text: runs of words that are capitalized or in a script without case, and the word
/// after a greeting. All are in lower case, as contact search expects.
pub fn names_in(text: &str) -> Vec<String> {
    const GREETINGS: [&str; 16] = [
        "hi", "hello", "hey", "dear", "hola", "olá", "oi", "bonjour", "salut", "hallo", "ciao", "liebe", "lieber",
        "thanks", "gracias", "merci",
    ];
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let is_name = |word: &str| {
        let first = word.chars().next();
        first.is_some_and(|c| c.is_uppercase() || c.is_alphabetic() && !c.is_lowercase()) && word.chars().count() > 1
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut names = vec![];
    let mut run: Vec<String> = vec![];
    let mut end = |run: &mut Vec<String>| {
        // Adds every run of two to four words, because a sentence can start with the word before a name.
        for size in 2..=4 {
            names.extend(run.windows(size).map(|part| part.join(" ").to_lowercase()));
        }
        run.clear();
    };
    let mut greeted = vec![];
    for (index, word) in words.iter().enumerate() {
        let own = bare(word);
        let own = own.strip_suffix("'s").or_else(|| own.strip_suffix("’s")).unwrap_or(&own).to_owned();
        if is_name(&own) {
            run.push(own.clone());
        } else {
            end(&mut run);
        }
        if index > 0 && is_name(&own) && GREETINGS.contains(&bare(words[index - 1]).to_lowercase().as_str()) {
            greeted.push(own.to_lowercase());
        }
        if word.ends_with(['.', '!', '?', ',', ':', ';']) {
            end(&mut run);
        }
    }
    end(&mut run);
    names.extend(greeted);
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(kind: DatumKind, text: &str) -> Vec<String> {
        data_in(text).into_iter().filter(|datum| datum.kind == kind).map(|datum| datum.value).collect()
    }

    #[test]
    fn one_phone_number_is_found_however_it_is_written() {
        for text in
            ["+1 555-010-0077", "call 15550100077 now", "(555) 010-0077", "+1.555.010.0077 2 pm", "0555/0100077"]
        {
            assert!(values(DatumKind::Phone, text).contains(&"50100077".to_owned()), "{text}");
        }
        for text in
            ["on 2026-06-01 at 09:00", "am 01.06.2026 um 9:30", "for 1,200.50 EUR", "ABC15550100077X", "12 or 34"]
        {
            assert_eq!(values(DatumKind::Phone, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn an_iban_is_known_by_its_checksum() {
        for text in
            ["DE89 3704 0044 0532 0130 00 please", "de89370400440532013000.", "IBAN:DE89-3704-0044-0532-0130-00"]
        {
            assert_eq!(values(DatumKind::Iban, text), ["DE89370400440532013000"], "{text}");
        }
        assert_eq!(values(DatumKind::Iban, "DE88 3704 0044 0532 0130 00"), Vec::<String>::new());
        assert_eq!(values(DatumKind::Iban, "GB82 WEST 1234 5698 7654 32 or so"), ["GB82WEST12345698765432"]);
    }

    #[test]
    fn order_numbers_are_found_and_amounts_are_not() {
        for (text, value) in [
            ("Your order #48213 ships", "48213"),
            ("It is ORD-48213.", "ORD48213"),
            ("Invoice INV/2026/0042, due", "INV20260042"),
            ("case a1b2c3 is open", "A1B2C3"),
            ("48213 is ready", "48213"),
        ] {
            assert_eq!(values(DatumKind::Order, text), [value], "{text}");
        }
        for text in [
            "It costs 12500 EUR",
            "$12500",
            "€ 12500",
            "at 10am",
            "a 500ml cup",
            "see https://a.example/x12345",
            "on 20260601",
        ] {
            assert_eq!(values(DatumKind::Order, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn names_are_capitals_that_stand_together() {
        assert_eq!(names_in("Hi Maria, your order with Tom Weber is ready."), ["hi maria", "maria", "tom weber"]);
        assert_eq!(names_in("It is Tom Weber's."), ["tom weber"]);
        assert_eq!(names_in("we open at nine"), Vec::<String>::new());
        assert!(names_in("الطلب أحمد علي جاهز").contains(&"أحمد علي".to_owned()));
    }
}
