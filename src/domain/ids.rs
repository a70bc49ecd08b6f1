//! Typed ids. Each type prints with its own letter (`t12`, `m345`), so that a copied id shows its kind and a command
//! can reject an id of the wrong kind.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{given}` is not the id of {wanted}: those look like `{letter}12`")]
pub struct BadId {
    given: String,
    wanted: &'static str,
    letter: char,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $letter:literal $wanted:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $letter, self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix($letter)
                    .and_then(|digits| digits.parse::<i64>().ok())
                    // Id 0 is valid for three kinds: the position before the first event, the position before the
                    // first audit row, and an alert that could not be stored.
                    .filter(|number| *number > 0 || (*number == 0 && matches!($letter, 'a' | 'e' | 'u')))
                    .map(Self)
                    .ok_or_else(|| BadId { given: text.to_owned(), wanted: $wanted, letter: $letter })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A business number connected through a provider.
    ConnectionId 'c' "a connection";
    /// A person who exchanges messages with a business number.
    ContactId 'p' "a contact";
    /// All messages with one contact over one connection.
    ThreadId 't' "a thread";
    /// A message.
    MessageId 'm' "a message";
    /// An outbox entry.
    EntryId 'o' "an outbox entry";
    /// One attempt to send an outbox entry.
    AttemptId 'x' "an attempt";
    /// An HTTP request from a provider, stored raw.
    DeliveryId 'd' "a webhook delivery";
    /// One attempt of an agent to answer.
    RunId 'r' "an agent run";
    /// An assignment of an agent.
    AssignmentId 'g' "an assignment";
    /// A condition that requires a person.
    AlertId 'a' "an alert";
    /// The setup of a number.
    SetupId 's' "a setup";
    /// A replay of past exchanges with an agent.
    RehearsalId 'h' "a rehearsal";
    /// A stop of agents.
    StopId 'z' "a stop";
    /// An event for other programs.
    EventId 'e' "an event";
    /// A row of the audit log.
    AuditId 'u' "an audit row";
    /// An uploaded file that a message can use.
    UploadId 'f' "an uploaded file";
    /// A program's token.
    TokenId 'k' "a token";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused_with_the_right_shape() {
        assert_eq!("t12".parse(), Ok(ThreadId(12)));
        let refused = "m12".parse::<ThreadId>().expect_err("a message is no thread");
        assert_eq!(refused.to_string(), "`m12` is not the id of a thread: those look like `t12`");
        assert!("t-1".parse::<ThreadId>().is_err());
        assert!("t".parse::<ThreadId>().is_err());
    }
}
