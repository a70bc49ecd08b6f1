//! Webhook deliveries: HTTP requests of a provider, stored raw before they are parsed.

use serde::{Deserialize, Serialize};

use crate::domain::ids::MessageId;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::time::Timestamp;

/// A webhook request as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDelivery {
    pub provider: ProviderName,
    /// Request path with query; a signature may cover both.
    pub path: String,
    /// Headers that the provider's code reads, with lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub received_at: Timestamp,
}

impl RawDelivery {
    /// Returns the value of a header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// Prefix of the note on a delivery whose message arrived with an earlier delivery; the message id follows.
pub const DUPLICATE_OF: &str = "Duplicate of ";

/// Returns the message that a delivery's note names as the original.
pub fn duplicate_of(note: &str) -> Option<MessageId> {
    let (_, rest) = note.split_once(DUPLICATE_OF)?;
    rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?.parse().ok()
}

/// Identifies a delivery; two requests with the same key are the same delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The provider's time of the event. It comes first in the unique key, so that inserts append to the index.
    pub sent_at: Timestamp,
    /// Half a SHA-256 over the provider's delivery key and the body; without a delivery key, over the body.
    pub digest: [u8; 16],
}

/// State of a stored delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Stored and acknowledged, not applied yet.
    Pending,
    Applied,
    /// Contains items for a number without a connection.
    Quarantined,
    /// Signed correctly, but the body could not be parsed or applied.
    Unreadable,
    /// The signature was invalid; the delivery is never applied.
    Rejected,
}

impl DeliveryState {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Applied, Self::Quarantined, Self::Unreadable, Self::Rejected];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Quarantined => "quarantined",
            Self::Unreadable => "unreadable",
            Self::Rejected => "rejected",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A filter on event names: the provider's event name, or its part after a dot, such as `conversation.ended`. `*`
/// matches any text, as in `conversation.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPattern(String);

impl EventPattern {
    /// Parses a pattern, ignoring case; `None` if it is empty.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        (!text.is_empty()).then_some(Self(text))
    }

    /// Returns two SQLite `GLOB` patterns for lower-case names: one for the whole name and one for its end.
    pub fn globs(&self) -> [String; 2] {
        let mut glob = String::new();
        for letter in self.0.chars() {
            match letter {
                '?' | '[' => glob.extend(['[', letter, ']']),
                other => glob.push(other),
            }
        }
        let end = format!("*.{glob}");
        [glob, end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_events_is_a_name_its_end_or_a_family() {
        let globs = |text: &str| EventPattern::read(text).map(|pattern| pattern.globs());
        assert_eq!(globs(" Conversation.* "), Some(["conversation.*".into(), "*.conversation.*".into()]));
        assert_eq!(globs("a[b]?"), Some(["a[[]b][?]".into(), "*.a[[]b][?]".into()]), "only the star is special");
        assert_eq!(globs("  "), None);
    }

    #[test]
    fn a_note_names_the_message_that_had_come_before() {
        assert_eq!(duplicate_of("Duplicate of m12."), Some(MessageId(12)));
        assert_eq!(duplicate_of("Duplicate of m7, with another text: \u{201c}b\u{201d}."), Some(MessageId(7)));
        assert_eq!(duplicate_of("1 of 3 set aside. Duplicate of m3."), Some(MessageId(3)));
        assert_eq!(duplicate_of("no signature"), None);
        assert_eq!(duplicate_of("Duplicate of nothing"), None);
    }
}
