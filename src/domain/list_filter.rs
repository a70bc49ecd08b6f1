//! Filters of short lists, which the client applies: plain words, and for some lists a few terms. Unsupported terms
//! are refused, as in the filter language.

use crate::domain::code::Code;
use crate::domain::filter::is_term;
use crate::domain::inbound::delivery::EventPattern;
use crate::domain::refusal::Refusal;

/// A list that the client filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordList {
    Connections,
    Templates,
    Agents,
    Flows,
    Activity,
}

impl WordList {
    /// Returns the list's name and its supported terms.
    const fn takes(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Connections => ("connections", &["status", "account", "org", "env", "conn", "num"]),
            Self::Templates => ("templates", &["status", "category", "lang", "language"]),
            Self::Agents => ("agents", &[]),
            Self::Flows => ("Flows", &["status"]),
            Self::Activity => ("activity", &["event"]),
        }
    }

    /// Describes the supported input.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Templates => "words, and terms: status:approved category:utility lang:en",
            Self::Flows => "words, and status:published",
            Self::Connections => {
                "words, and terms: status:pending account:ID conn:NAME num:4567 org:acme env:production"
            }
            Self::Activity => "words, and event:NAME, such as event:conversation.*",
            Self::Agents => "plain words only",
        }
    }

    /// Refuses a term that this list does not support. Any other text counts as words.
    pub fn check(self, text: &str) -> Result<(), Refusal> {
        let (list, terms) = self.takes();
        let named = text.split_whitespace().filter_map(|part| part.split_once(':'));
        let odd = named.map(|(name, _)| name.to_ascii_lowercase()).find(|name| {
            let close = terms.iter().any(|term| term.len().abs_diff(name.len()) <= 1 && shares_letters(term, name));
            !terms.contains(&name.as_str()) && (is_term(name) || close)
        });
        let Some(name) = odd else { return Ok(()) };
        let why = format!("The list of {list} has no term `{name}:`.");
        let instead = match terms {
            [] => "This list takes plain words only.".to_owned(),
            terms => format!(
                "This list takes words, and {}.",
                terms.iter().map(|term| format!("{term}:")).collect::<Vec<_>>().join(" ")
            ),
        };
        Err(Refusal::new(Code::Filter, why, instead))
    }
}

/// A filter of the activity list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Only deliveries of these events.
    pub event: Option<EventPattern>,
    /// Text that a row contains; empty matches all.
    pub words: String,
}

impl ActivityFilter {
    /// Parses words and `event:NAME`; of several names the last one applies.
    pub fn read(text: &str) -> Self {
        let mut event = None;
        let mut words = vec![];
        for part in text.split_whitespace() {
            match part.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("event")) {
                Some((_, name)) => event = EventPattern::read(name),
                None => words.push(part),
            }
        }
        Self { event, words: words.join(" ") }
    }
}

/// Returns `true` if both differ by at most one letter, or in the order of letters.
fn shares_letters(term: &str, name: &str) -> bool {
    let mut left: Vec<char> = term.chars().collect();
    let mut missing = 0;
    for letter in name.chars() {
        match left.iter().position(|known| *known == letter) {
            Some(at) => drop(left.remove(at)),
            None => missing += 1,
        }
    }
    missing <= 1 && left.len() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_takes_words_and_an_event() {
        let read = ActivityFilter::read("rosa Event:conversation.ended field  EVENT:");
        assert_eq!((read.event, read.words.as_str()), (None, "rosa field"));
        let read = ActivityFilter::read("event:conversation.*");
        assert_eq!((read.event, read.words.as_str()), (EventPattern::read("conversation.*"), ""));
    }

    #[test]
    fn terms_that_a_list_does_not_take_are_refused_in_words() {
        for (list, text) in [
            (WordList::Templates, "status:approved lang:en order"),
            (WordList::Flows, "status:draft"),
            (WordList::Connections, "env:production status:pending account:1022"),
            (WordList::Agents, "helper"),
            (WordList::Activity, "https://example.org 12:30 wamid.x"),
            (WordList::Activity, "field:value"),
            (WordList::Activity, "event:conversation.* rosa"),
        ] {
            assert_eq!(list.check(text), Ok(()), "{text}");
        }
        for (list, text) in [
            (WordList::Templates, "is:unread"),
            (WordList::Templates, "staus:approved"),
            (WordList::Flows, "since:2h"),
            (WordList::Agents, "status:failed"),
            (WordList::Activity, "code:131047"),
            (WordList::Activity, "evnt:conversation.ended"),
            (WordList::Connections, "is:unread"),
        ] {
            let refusal = list.check(text).expect_err(text);
            assert_eq!(refusal.code, Code::Filter);
            assert!(refusal.remedy.contains("words"), "{refusal}");
        }
    }
}
