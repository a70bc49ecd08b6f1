//! Written conversations with checks of the reply: an agent is tested with them without a person and without a model that
//! judges. Pure: who asks the agent is elsewhere.

use serde::{Deserialize, Serialize};

use crate::domain::agents::anonymize::anonymize;
use crate::domain::error_text::error_text;
use crate::domain::language;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

error_text! {
    /// Why conversations cannot be used.
    ConversationError
}

/// Conversations that one agent keeps, or that one file holds, at most.
pub const MAX_CONVERSATIONS: usize = 100;
/// Messages of one conversation.
const MAX_TURNS: usize = 40;
/// Characters of one message, name or pattern.
const MAX_TEXT: usize = 4_096;
/// Size of a compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 64 * 1024;

/// Who says a message of a written conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Contact,
    Us,
}

/// One message of a written conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    pub from: Speaker,
    pub text: String,
}

/// What the reply has to be. What is missing is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// ISO 639-1. A reply whose language cannot be recognized passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Each appears in the reply; upper and lower case are the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must_not: Vec<String>,
    /// Regular expressions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must_match: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must_not_match: Vec<String>,
    /// Tools that are called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Characters of all messages together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_characters: Option<u32>,
    /// Whether the agent escalates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_off: Option<bool>,
}

/// A conversation that an agent is tested with: it replies to the last messages of the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    pub name: String,
    /// Oldest first; the last one is of the contact.
    pub turns: Vec<Turn>,
    #[serde(default)]
    pub expect: Expectation,
}

/// A file of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationFile {
    pub conversations: Vec<Conversation>,
}

/// What an agent replied to a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    pub messages: Vec<String>,
    pub tools: Vec<String>,
    pub hand_off: Option<String>,
    /// Why there is no reply.
    pub error: Option<String>,
}

/// What came of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationResult {
    pub name: String,
    pub agent: String,
    /// What the agent was.
    pub agent_digest: String,
    pub at: Timestamp,
    /// What the reply does not meet, one sentence's second half each; empty if it passed.
    pub failures: Vec<String>,
    /// `None` if there was no reply.
    pub reply: Option<Untrusted>,
    pub tools: Vec<String>,
    pub hand_off: Option<String>,
    pub took_ms: u64,
    pub tokens: u64,
}

impl ConversationResult {
    pub const fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

fn pattern(text: &str) -> Result<regex::Regex, ConversationError> {
    regex::RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).build().map_err(|_| {
        ConversationError::from(format!("`{}` is not a regular expression, or a very large one.", clean_line(text)))
    })
}

impl Conversation {
    /// Returns why it cannot be used.
    pub fn check(&self) -> Result<(), ConversationError> {
        let name = clean_line(&self.name);
        let wrong = |why: &str| Err(ConversationError::from(format!("Conversation `{name}`: {why}")));
        if name.trim().is_empty() {
            return wrong("it needs a name.");
        }
        if self.turns.len() > MAX_TURNS || self.turns.last().is_none_or(|turn| turn.from != Speaker::Contact) {
            return wrong("it needs 1 to 40 messages, the last one from the contact.");
        }
        let expect = &self.expect;
        let texts = [&expect.must, &expect.must_not, &expect.must_match, &expect.must_not_match, &expect.tools];
        let texts = texts.into_iter().flatten().chain(self.turns.iter().map(|turn| &turn.text)).chain([&self.name]);
        if texts.clone().any(|text| text.chars().count() > MAX_TEXT || text.is_empty()) {
            return wrong("its texts have between 1 and 4,096 characters.");
        }
        for text in expect.must_match.iter().chain(&expect.must_not_match) {
            pattern(text)?;
        }
        Ok(())
    }

    /// Returns the number of messages at its end that are to be answered.
    pub fn batch_size(&self) -> usize {
        self.turns.iter().rev().take_while(|turn| turn.from == Speaker::Contact).count()
    }
}

impl Expectation {
    /// Returns what a reply does not meet, one sentence's second half each.
    pub fn failures(&self, reply: &Reply) -> Vec<String> {
        if let Some(error) = &reply.error {
            return vec![format!("it failed: {}", clean_line(error))];
        }
        let text = reply.messages.join("\n\n");
        let folded = text.to_lowercase();
        let holds = |word: &String| folded.contains(&word.to_lowercase());
        let matches = |one: &String| pattern(one).is_ok_and(|pattern| pattern.is_match(&text));
        let mut found = vec![];
        let mut add = |is_wrong: bool, why: String| {
            if is_wrong {
                found.push(why);
            }
        };
        if let Some(wanted) = &self.language {
            let told = language::detect(&text);
            let why = format!("it is in {}, not in {}", told.unwrap_or_default(), clean_line(wanted));
            add(told.is_some_and(|told| !told.eq_ignore_ascii_case(wanted)), why);
        }
        for word in &self.must {
            add(!holds(word), format!("it lacks \"{}\"", clean_line(word)));
        }
        for word in &self.must_not {
            add(holds(word), format!("it contains \"{}\"", clean_line(word)));
        }
        for one in &self.must_match {
            add(!matches(one), format!("it does not match /{}/", clean_line(one)));
        }
        for one in &self.must_not_match {
            add(matches(one), format!("it matches /{}/", clean_line(one)));
        }
        for tool in &self.tools {
            let called = reply.tools.iter().any(|called| called.eq_ignore_ascii_case(tool));
            add(!called, format!("it did not call {}", clean_line(tool)));
        }
        if let Some(most) = self.max_characters {
            let characters = text.chars().count();
            add(characters > most as usize, format!("it has {characters} characters, more than {most}"));
        }
        match (self.hand_off, &reply.hand_off) {
            (Some(true), None) => add(true, "it does not escalate".to_owned()),
            (Some(false), Some(reason)) => add(true, format!("it escalates: {}", clean_line(reason))),
            _ => {}
        }
        found
    }
}

/// What a placeholder stands for while an agent is tested.
const SAMPLES: [(&str, &str); 4] = [
    ("{name}", "Alex Sample"),
    ("{phone}", "+1 555 010 0199"),
    ("{order}", "ORD-100200"),
    ("{iban}", "DE02 1203 0000 0000 2020 51"),
];

/// Returns a text with sample values in the place of placeholders.
pub fn filled_in(text: &str) -> String {
    SAMPLES.iter().fold(text.to_owned(), |text, (placeholder, sample)| text.replace(placeholder, sample))
}

/// Returns the turns of a real exchange with placeholders in the place of the contact's name and of numbers.
pub fn pinned_turns(turns: &[(Speaker, String)], contact: Option<&str>) -> Vec<Turn> {
    let kept = turns.iter().skip(turns.len().saturating_sub(MAX_TURNS));
    kept.map(|(from, text)| Turn { from: *from, text: anonymize(text, contact) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply { messages: vec![text.to_owned()], ..Reply::default() }
    }

    #[test]
    fn each_check_fails_alone() {
        let words = |text: &str| vec![text.to_owned()];
        let usual = Expectation::default();
        let said = reply("We open at nine on weekdays, and you are welcome.");
        for (expect, why) in [
            (Expectation { language: Some("de".into()), ..usual.clone() }, "it is in en, not in de"),
            (Expectation { must: words("ten"), ..usual.clone() }, "it lacks \"ten\""),
            (Expectation { must_not: words("NINE"), ..usual.clone() }, "it contains \"NINE\""),
            (Expectation { must_match: words(r"\d{2}:\d{2}"), ..usual.clone() }, r"it does not match /\d{2}:\d{2}/"),
            (Expectation { must_not_match: words("n.ne"), ..usual.clone() }, "it matches /n.ne/"),
            (Expectation { tools: words("whatsapp.getStatus"), ..usual.clone() }, "it did not call whatsapp.getStatus"),
            (Expectation { max_characters: Some(10), ..usual.clone() }, "it has 49 characters, more than 10"),
            (Expectation { hand_off: Some(true), ..usual.clone() }, "it does not escalate"),
        ] {
            assert_eq!(expect.failures(&said), [why], "{expect:?}");
        }
        let met = Expectation {
            language: Some("en".into()),
            must: words("nine"),
            must_match: words("^We"),
            hand_off: Some(false),
            ..usual
        };
        assert_eq!(met.failures(&said), Vec::<String>::new());
        let failed = Reply { error: Some("HTTP 500".into()), ..Reply::default() };
        assert_eq!(met.failures(&failed), ["it failed: HTTP 500"]);
    }

    #[test]
    fn names_and_numbers_of_a_real_exchange_become_placeholders() {
        let text = "I am Rosa Field (rosa), call +1 555-010-0002 about ORD-48213, IBAN DE89 3704 0044 0532 0130 00.";
        let turns = pinned_turns(&[(Speaker::Contact, text.to_owned())], Some("Rosa Field"));
        assert_eq!(turns[0].text, "I am {name} ({name}), call {phone} about {order}, IBAN {iban}.");
        assert_eq!(filled_in("Hi {name}, {order}"), "Hi Alex Sample, ORD-100200");
    }
}
