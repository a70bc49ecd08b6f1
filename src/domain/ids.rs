//! Typed ids. Each prints with a letter of its own (`t12`, `m345`), so that an id copied from
//! anywhere says what it names, and a command given the wrong kind can say so.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

/// A text that is not an id of the wanted kind.
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
                    // Before the first event is a place to go on from, before the first row of the audit too, and
                    // an alert that cannot be stored has no number yet; nothing else is called nought.
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
    /// One business number reached through one provider.
    ConnectionId 'c' "a connection";
    /// A person who writes to us.
    ContactId 'p' "a contact";
    /// Everything exchanged with one contact over one connection.
    ThreadId 't' "a thread";
    /// One bubble.
    MessageId 'm' "a message";
    /// What must be sent.
    EntryId 'o' "an outbox entry";
    /// One try at sending an entry.
    AttemptId 'x' "an attempt";
    /// One HTTP request from a provider, stored raw.
    DeliveryId 'd' "a webhook delivery";
    /// One try of an agent to answer.
    RunId 'r' "an agent run";
    /// Which agent answers what.
    AssignmentId 'g' "an assignment";
    /// A condition that wants a person.
    AlertId 'a' "an alert";
    /// A number that is being set up, or was disconnected.
    SetupId 's' "a setup";
    /// Real exchanges put to an agent again.
    RehearsalId 'h' "a rehearsal";
    /// Agents that were told to be silent.
    StopId 'z' "a stop";
    /// Something that happened, for other programs.
    EventId 'e' "an event";
    /// One line of the audit.
    AuditId 'u' "an audit row";
    /// A file that was handed over, for a message to carry.
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
