//! Agent contracts: the limits of what an agent may do. An admin approves them and the engine enforces them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::agents::foreign_data::Guard;
use crate::domain::error_text::error_text;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

error_text! {
    /// Why a text is not a valid time range.
    HoursError
}

error_text! {
    /// Why a contract is not valid.
    ContractError
}

/// A tool that an agent can call while it replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Sends a text to the thread's contact.
    Send,
    GetConversation,
    GetStatus,
    SendTemplate,
    React,
    /// Looks up a contact by phone number or name.
    ResolveContact,
    /// Escalates the thread to a person.
    HandOff,
    /// Writes an internal note that contacts do not see.
    Note,
}

impl Tool {
    pub const ALL: [Self; 8] = [
        Self::Send,
        Self::GetConversation,
        Self::GetStatus,
        Self::SendTemplate,
        Self::React,
        Self::ResolveContact,
        Self::HandOff,
        Self::Note,
    ];
    /// Tools of a contract that names none.
    pub const USUAL: [Self; 4] = [Self::Send, Self::GetConversation, Self::GetStatus, Self::HandOff];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "whatsapp.send",
            Self::GetConversation => "whatsapp.getConversation",
            Self::GetStatus => "whatsapp.getStatus",
            Self::SendTemplate => "whatsapp.sendTemplate",
            Self::React => "whatsapp.react",
            Self::ResolveContact => "contacts.resolve",
            Self::HandOff => "handOff",
            Self::Note => "note",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name().eq_ignore_ascii_case(name))
    }
}

impl Serialize for Tool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Tool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| serde::de::Error::custom(format!("{name} is no tool")))
    }
}

/// An amount in millionths of the currency of the configured prices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub u64);

impl Money {
    /// Parses `5` or `0.25`; returns `None` for negative amounts and for a billion or more.
    pub fn parse(text: &str) -> Option<Self> {
        let amount: f64 = text.trim().replace(',', ".").parse().ok()?;
        (0.0..1e9).contains(&amount).then(|| Self((amount * 1e6).round() as u64))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        match rest % 10_000 {
            0 => write!(f, "{whole}.{:02}", rest / 10_000),
            _ => write!(f, "{whole}.{rest:06}"),
        }
    }
}

/// Days of the week and hours of the day, in the engine's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Monday first.
    pub days: [bool; 7],
    /// Minutes since midnight. The range ends on the next day if `until` is not after `from`.
    pub from: u16,
    pub until: u16,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    /// Returns `true` if every minute of this range is also in the other.
    pub fn is_within(self, other: Self) -> bool {
        let span = |hours: Self| {
            let until = if hours.until > hours.from { hours.until } else { hours.until + 1_440 };
            (hours.from, until)
        };
        let ((from, until), (first, last)) = (span(self), span(other));
        let days = self.days.iter().zip(other.days).all(|(own, others)| !own || others);
        days && first <= from && until <= last
    }

    /// Parses `mon-fri 09:00-18:00`, `sat 10:00-14:00` or `22:00-06:00`.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        let wrong =
            || HoursError(format!("`{}` is not a time range. Write it like mon-fri 09:00-18:00.", clean_line(text)));
        let lower = text.trim().to_lowercase();
        let (days, span) = lower.split_once(' ').unwrap_or(("mon-sun", &lower));
        let mut hours = Self { days: [false; 7], from: 0, until: 0 };
        let day = |name: &str| DAYS.iter().position(|day| *day == name).ok_or_else(wrong);
        for part in days.split(',') {
            match part.split_once('-') {
                None => hours.days[day(part)?] = true,
                Some((first, last)) => {
                    let (mut at, last) = (day(first)?, day(last)?);
                    hours.days[at] = true;
                    while at != last {
                        at = (at + 1) % 7;
                        hours.days[at] = true;
                    }
                }
            }
        }
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour <= 24 && minute < 60 && hour * 60 + minute <= 1_440).then_some(hour * 60 + minute)
        };
        let (from, until) = span.split_once('-').ok_or_else(wrong)?;
        hours.from = minute(from).filter(|from| *from < 1_440).ok_or_else(wrong)?;
        hours.until = minute(until).ok_or_else(wrong)?;
        Ok(hours)
    }

    /// Returns `true` if a time is in the range; `offset` is the local offset from UTC in seconds.
    pub fn hold(&self, at: Timestamp, offset: i64) -> bool {
        let local = at.seconds() + offset;
        let minute = (local.rem_euclid(86_400) / 60) as u16;
        // January 1, 1970 was a Thursday.
        let today = (local.div_euclid(86_400) + 3).rem_euclid(7) as usize;
        if self.from < self.until {
            return self.days[today] && (self.from..self.until).contains(&minute);
        }
        (self.days[today] && minute >= self.from) || (self.days[(today + 6) % 7] && minute < self.until)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != [true; 7] {
            let mut parts = vec![];
            let mut at = 0;
            while at < 7 {
                let run = self.days[at..].iter().take_while(|day| **day).count();
                match run {
                    0 => at += 1,
                    1 => parts.push(DAYS[at].to_owned()),
                    _ => parts.push(format!("{}-{}", DAYS[at], DAYS[at + run - 1])),
                }
                at += run;
            }
            write!(f, "{} ", parts.join(","))?;
        }
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{}-{}", clock(self.from), clock(self.until))
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Conditions on the messages that an assignment covers; empty conditions cover all. Several agents can be assigned
/// to one number, each with its own conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// `true` covers only new contacts, `false` only contacts who wrote before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_contact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// ISO 639-1 code of the message's detected language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The message contains at least one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

impl Conditions {
    /// Returns `true` if there are no conditions.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns `true` if these conditions cover no message that the others do not cover: each condition of the others
    /// is kept or made stricter.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        let kept = |own: bool, others: bool| others || own;
        kept(self.first_contact == other.first_contact, other.first_contact.is_none())
            && kept(self.language == other.language, other.language.is_none())
            && other.hours.is_none_or(|hours| self.hours.is_some_and(|own| own.is_within(hours)))
            && (other.words.is_empty()
                || !self.words.is_empty() && self.words.iter().all(|word| other.words.contains(word)))
    }
}

/// The limits of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contract {
    pub tools: Vec<Tool>,
    pub when: Conditions,
    /// Maximum replies per thread and hour. The limit also stops two bots that answer each other.
    #[serde(alias = "most_per_hour")]
    pub max_per_hour: u32,
    /// Maximum messages in one reply.
    #[serde(alias = "most_messages")]
    pub max_messages: u32,
    /// Maximum characters in one message.
    #[serde(alias = "longest")]
    pub max_characters: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money_per_day: Option<Money>,
    /// Whether the agent may write to other contacts than the thread's.
    #[serde(alias = "others", skip_serializing_if = "std::ops::Not::not")]
    pub allow_initiating: bool,
    /// Minutes without agent replies after a person wrote in the thread; `None` uses the number's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_after_person_minutes: Option<u32>,
    /// Whether a reply with another contact's data is held; `None` uses the agent's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
}

/// Maximum pause after a person's message: one week.
pub const LONGEST_PAUSE_MINUTES: u32 = 7 * 24 * 60;

/// Maximum duration of a contract.
pub const LONGEST_TERM: Duration = Duration::from_secs(366 * 86_400);

impl Default for Contract {
    fn default() -> Self {
        Self {
            tools: Tool::USUAL.to_vec(),
            when: Conditions::default(),
            max_per_hour: 12,
            max_messages: 3,
            max_characters: 700,
            tokens_per_day: None,
            money_per_day: None,
            pause_after_person_minutes: None,
            allow_initiating: false,
            guard: None,
        }
    }
}

impl Contract {
    /// Returns `true` if the contract permits a tool.
    pub fn allows(&self, tool: Tool) -> bool {
        self.tools.contains(&tool)
    }

    /// Returns `true` if this contract permits nothing that the other does not.
    pub fn is_within(&self, other: &Self) -> bool {
        let at_most = |own: Option<u64>, most: Option<u64>| most.is_none_or(|most| own.is_some_and(|own| own <= most));
        self.tools.iter().all(|tool| other.allows(*tool))
            && self.max_per_hour <= other.max_per_hour
            && self.max_messages <= other.max_messages
            && self.max_characters <= other.max_characters
            && at_most(self.tokens_per_day, other.tokens_per_day)
            && at_most(self.money_per_day.map(|money| money.0), other.money_per_day.map(|money| money.0))
            && (!self.allow_initiating || other.allow_initiating)
            && self.pauses_as_long_as(other)
            && (self.guard == other.guard || self.guard == Some(Guard::Hold))
            && self.when.is_subset_of(&other.when)
    }

    /// Returns `true` if this contract pauses at least as long as the other. A pause from the number's setting is
    /// comparable only if both use it.
    fn pauses_as_long_as(&self, other: &Self) -> bool {
        match (self.pause_after_person_minutes, other.pause_after_person_minutes) {
            (Some(own), Some(least)) => own >= least,
            (own, least) => own == least,
        }
    }

    /// Returns each term with its value as text, always in the same order.
    pub fn terms(&self) -> Vec<(&'static str, String)> {
        let tools: Vec<&str> = self.tools.iter().map(|tool| tool.name()).collect();
        let mut terms = vec![
            ("tools", if tools.is_empty() { "none".to_owned() } else { tools.join(", ") }),
            ("per hour", format!("at most {} replies per thread", self.max_per_hour)),
            ("messages", format!("at most {}, of {} characters each", self.max_messages, self.max_characters)),
        ];
        let budget = match (self.tokens_per_day, self.money_per_day) {
            (None, None) => "no limit".to_owned(),
            (Some(tokens), None) => format!("{tokens} tokens a day"),
            (None, Some(money)) => format!("{money} a day"),
            (Some(tokens), Some(money)) => format!("{tokens} tokens or {money} a day"),
        };
        terms.push(("budget", budget));
        terms.push(("hours", self.when.hours.map_or_else(|| "always".to_owned(), |hours| hours.to_string())));
        if let Some(first) = self.when.first_contact {
            terms.push(("contacts", if first { "only new contacts" } else { "only known contacts" }.to_owned()));
        }
        if let Some(language) = &self.when.language {
            terms.push(("language", clean_line(language)));
        }
        if !self.when.words.is_empty() {
            terms.push(("words", clean_line(&self.when.words.join(", "))));
        }
        if let Some(minutes) = self.pause_after_person_minutes {
            terms.push(("pause", format!("for {minutes} minutes after a person wrote")));
        }
        if let Some(guard) = self.guard {
            let held = match guard {
                Guard::Hold => "held",
                Guard::Off => "not held",
            };
            terms.push(("guard", format!("replies with another contact's data are {held}")));
        }
        if self.allow_initiating {
            terms.push(("recipients", "may write to contacts who did not write first".to_owned()));
        }
        terms
    }

    /// Refuses values out of range.
    pub fn check(&self) -> Result<(), ContractError> {
        if self.pause_after_person_minutes.is_some_and(|minutes| minutes > LONGEST_PAUSE_MINUTES) {
            return Err(format!("pause_after_person_minutes must be between 0 and {LONGEST_PAUSE_MINUTES}.").into());
        }
        if !(1..=10).contains(&self.max_messages) {
            return Err("max_messages must be between 1 and 10.".into());
        }
        if !(1..=4_096).contains(&self.max_characters) {
            return Err("max_characters must be between 1 and 4096.".into());
        }
        if !(1..=1_000).contains(&self.max_per_hour) {
            return Err("max_per_hour must be between 1 and 1000.".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_written_and_kept() {
        for text in ["mon-fri 09:00-18:00", "sat 10:00-14:00", "22:00-06:00", "mon,wed-thu 00:00-24:00"] {
            assert_eq!(Hours::parse(text).expect(text).to_string(), text);
        }
        for text in ["9-18", "someday 09:00-18:00", "mon 25:00-26:00", ""] {
            assert!(Hours::parse(text).is_err(), "{text}");
        }
        // June 1, 2026 is a Monday.
        let at = |text: &str| Timestamp::parse(text).expect(text);
        let office = Hours::parse("mon-fri 09:00-18:00").expect("hours");
        assert!(office.hold(at("2026-06-01T09:00:00Z"), 0));
        assert!(!office.hold(at("2026-06-01T18:00:00Z"), 0));
        assert!(!office.hold(at("2026-05-31T12:00:00Z"), 0));
        assert!(office.hold(at("2026-06-01T08:00:00Z"), 3_600), "in a zone one hour ahead");
        let night = Hours::parse("fri 22:00-06:00").expect("hours");
        assert!(night.hold(at("2026-06-05T23:00:00Z"), 0));
        assert!(night.hold(at("2026-06-06T05:59:00Z"), 0), "still Friday's night");
        assert!(!night.hold(at("2026-06-05T05:00:00Z"), 0));
    }

    #[test]
    fn narrower_is_within_and_wider_is_not() {
        let usual = Contract::default();
        let narrow = Contract { tools: vec![Tool::Send], max_per_hour: 2, tokens_per_day: Some(10), ..usual.clone() };
        assert!(narrow.is_within(&usual));
        assert!(!usual.is_within(&narrow));
        assert!(!Contract { allow_initiating: true, ..usual.clone() }.is_within(&usual));
        let guards = |guard| Contract { guard, ..usual.clone() };
        assert!(guards(Some(Guard::Hold)).is_within(&usual) && !guards(Some(Guard::Off)).is_within(&usual));
        let pauses = |minutes| Contract { pause_after_person_minutes: minutes, ..usual.clone() };
        assert!(pauses(Some(90)).is_within(&pauses(Some(60))));
        assert!(!pauses(Some(30)).is_within(&pauses(Some(60))), "a shorter pause lets it answer more");
        assert!(!pauses(None).is_within(&pauses(Some(60))) && !pauses(Some(5)).is_within(&pauses(None)));
        let at = |hours: &str| {
            let when = Conditions { hours: Some(Hours::parse(hours).expect("hours")), ..Conditions::default() };
            Contract { when, ..usual.clone() }
        };
        assert!(at("mon-fri 09:00-18:00").is_within(&usual) && !usual.is_within(&at("mon-fri 09:00-18:00")));
        assert!(at("mon-tue 10:00-12:00").is_within(&at("mon-fri 09:00-18:00")));
        assert!(!at("sat 10:00-12:00").is_within(&at("mon-fri 09:00-18:00")));
        assert!(!at("mon 08:00-12:00").is_within(&at("mon-fri 09:00-18:00")));
        assert!(at("23:00-02:00").is_within(&at("22:00-06:00")) && !at("22:00-07:00").is_within(&at("22:00-06:00")));
    }

    #[test]
    fn money_is_written_as_people_write_it() {
        assert_eq!(Money::parse("5").map(|money| money.to_string()), Some("5.00".to_owned()));
        assert_eq!(Money::parse("0,25").map(|money| money.to_string()), Some("0.25".to_owned()));
        assert_eq!(Money(1).to_string(), "0.000001");
        assert_eq!(Money::parse("-1"), None);
    }
}
