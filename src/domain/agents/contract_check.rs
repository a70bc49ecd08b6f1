//! Checks whether a reply is within its contract. A reply that violates it is held for a person with the reasons;
//! replies are never shortened to fit.

use serde::{Deserialize, Serialize};

use crate::domain::agents::contract::{Contract, Tool};
use crate::domain::agents::foreign_data::DatumKind;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::text::clean_line;

/// One message of an agent's reply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyPart {
    pub text: String,
    /// The message that it quotes, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}

/// How a reply violates its contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContractViolation {
    TooMany {
        messages: usize,
        most: u32,
    },
    TooLong {
        characters: usize,
        most: u32,
    },
    /// Reply and contact use different languages; both were detected with confidence. ISO 639-1 codes.
    Language {
        asked: String,
        answered: String,
    },
    Forbidden {
        tool: String,
    },
    /// The reply contains data of another contact; `thread` is a thread of that contact, or `None` if the contact
    /// belongs to another organization.
    ForeignDatum {
        kind: DatumKind,
        thread: Option<ThreadId>,
    },
    NotAllowedToSpeak,
}

/// Describes the violation as the second half of a sentence.
impl ContractViolation {
    /// Describes the violation as the second half of a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::TooMany { messages, most } => format!("it has {messages} messages; the contract allows {most}"),
            Self::TooLong { characters, most } => {
                format!("a message has {characters} characters; the contract allows {most}")
            }
            Self::Language { asked, answered } => {
                format!("it is in {}, and the contact writes {}", language(answered), language(asked))
            }
            Self::Forbidden { tool } => {
                format!("it called the tool {}, which its contract does not allow", clean_line(tool))
            }
            Self::ForeignDatum { kind, thread: Some(thread) } => {
                format!("it contains the {} of another contact ({thread})", kind.title())
            }
            Self::ForeignDatum { kind, thread: None } => {
                format!("it contains the {} of another organization's contact", kind.title())
            }
            Self::NotAllowedToSpeak => format!("its contract does not allow {}", Tool::Send.name()),
        }
    }
}

/// Returns the English name of a common language, else its code.
fn language(code: &str) -> String {
    let names = [
        ("en", "English"),
        ("es", "Spanish"),
        ("pt", "Portuguese"),
        ("fr", "French"),
        ("de", "German"),
        ("it", "Italian"),
        ("nl", "Dutch"),
        ("ru", "Russian"),
        ("ar", "Arabic"),
        ("hi", "Hindi"),
        ("id", "Indonesian"),
        ("tr", "Turkish"),
        ("zh", "Chinese"),
        ("ja", "Japanese"),
    ];
    names.iter().find(|(known, _)| *known == code).map_or_else(|| clean_line(code), |(_, name)| (*name).to_owned())
}

/// What a reply is checked against, besides the contract.
#[derive(Debug, Clone, Default)]
pub struct Measure<'a> {
    /// Languages of the contact and of the reply; `None` unless both were detected with confidence.
    pub languages: Option<(&'a str, &'a str)>,
    /// Other contacts' data in the reply; the thread is `None` for a contact of another organization.
    pub foreign: &'a [(DatumKind, Option<ThreadId>)],
    /// Tools that the agent called without permission.
    pub refused: &'a [String],
}

/// Returns all contract violations of a reply.
pub fn breaches(contract: &Contract, words: &[ReplyPart], measure: &Measure<'_>) -> Vec<ContractViolation> {
    let mut found: Vec<ContractViolation> =
        measure.refused.iter().map(|tool| ContractViolation::Forbidden { tool: tool.clone() }).collect();
    if words.is_empty() {
        return found;
    }
    if !contract.allows(Tool::Send) {
        found.push(ContractViolation::NotAllowedToSpeak);
    }
    if words.len() > contract.max_messages as usize {
        found.push(ContractViolation::TooMany { messages: words.len(), most: contract.max_messages });
    }
    let longest = words.iter().map(|one| one.text.chars().count()).max().unwrap_or(0);
    if longest > contract.max_characters as usize {
        found.push(ContractViolation::TooLong { characters: longest, most: contract.max_characters });
    }
    if let Some((asked, answered)) = measure.languages.filter(|(asked, answered)| asked != answered) {
        found.push(ContractViolation::Language { asked: asked.to_owned(), answered: answered.to_owned() });
    }
    found.extend(
        measure.foreign.iter().map(|(kind, thread)| ContractViolation::ForeignDatum { kind: *kind, thread: *thread }),
    );
    found
}

/// Makes the reply quote the questions of a batch with several questions, unless the agent set quotes itself.
pub fn quote_questions(batch: &[(MessageId, &str)], words: &mut [ReplyPart]) {
    let questions: Vec<MessageId> =
        batch.iter().filter(|(_, text)| text.contains(['?', '？', '؟'])).map(|(id, _)| *id).collect();
    if questions.len() < 2 || words.iter().any(|one| one.reply_to.is_some()) {
        return;
    }
    if words.len() == questions.len() {
        for (one, question) in words.iter_mut().zip(&questions) {
            one.reply_to = Some(*question);
        }
    } else if let (Some(first), Some(last)) = (words.first_mut(), questions.last()) {
        first.reply_to = Some(*last);
    }
}

/// Puts the agent's introduction before its first reply to a contact, unless the reply already contains it.
pub fn introduce(introduction: &str, words: &mut [ReplyPart]) {
    let own = introduction.trim();
    let said = |one: &ReplyPart| one.text.to_lowercase().contains(&own.to_lowercase());
    if own.is_empty() || words.iter().any(said) {
        return;
    }
    if let Some(first) = words.first_mut() {
        first.text = format!("{own} {}", first.text.trim_start());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(texts: &[&str]) -> Vec<ReplyPart> {
        texts.iter().map(|text| ReplyPart { text: (*text).to_owned(), reply_to: None }).collect()
    }

    #[test]
    fn each_breach_is_found_alone() {
        let contract = Contract::default();
        let found = |texts: &[&str], measure: Measure<'_>| breaches(&contract, &words(texts), &measure);
        assert_eq!(found(&["fine"], Measure::default()), []);
        assert_eq!(found(&["a"; 12], Measure::default()), [ContractViolation::TooMany { messages: 12, most: 3 }]);
        let long = "x".repeat(701);
        assert_eq!(found(&[&long], Measure::default()), [ContractViolation::TooLong { characters: 701, most: 700 }]);
        let measure = Measure { languages: Some(("es", "en")), ..Measure::default() };
        assert_eq!(found(&["hello"], measure)[0].words(), "it is in English, and the contact writes Spanish");
        let refused = ["admin.delete".to_owned()];
        let measure = Measure { refused: &refused, ..Measure::default() };
        assert_eq!(found(&[], measure), [ContractViolation::Forbidden { tool: "admin.delete".into() }]);
        let mute = Contract { tools: vec![Tool::HandOff], ..contract.clone() };
        assert_eq!(breaches(&mute, &words(&["hi"]), &Measure::default()), [ContractViolation::NotAllowedToSpeak]);
    }

    #[test]
    fn questions_are_quoted_where_there_are_several() {
        let batch = [(MessageId(1), "when?"), (MessageId(2), "thanks"), (MessageId(3), "how much?")];
        let mut two = words(&["At nine.", "Five."]);
        quote_questions(&batch, &mut two);
        assert_eq!([two[0].reply_to, two[1].reply_to], [Some(MessageId(1)), Some(MessageId(3))]);
        let mut one = words(&["At nine, for five."]);
        quote_questions(&batch, &mut one);
        assert_eq!(one[0].reply_to, Some(MessageId(3)));
        let mut alone = words(&["Yes."]);
        quote_questions(&batch[..2], &mut alone);
        assert_eq!(alone[0].reply_to, None);
    }

    #[test]
    fn an_introduction_stands_once() {
        let mut fresh = words(&["We open at nine."]);
        introduce("I am Lumen's assistant.", &mut fresh);
        assert_eq!(fresh[0].text, "I am Lumen's assistant. We open at nine.");
        introduce("I am Lumen's assistant.", &mut fresh);
        assert_eq!(fresh[0].text.matches("assistant").count(), 1);
    }
}
