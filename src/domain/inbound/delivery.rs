//! Webhook deliveries: HTTP requests of a provider, stored raw before they are understood.

use serde::{Deserialize, Serialize};

use crate::domain::ids::MessageId;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::time::Timestamp;

/// One request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDelivery {
    pub provider: ProviderName,
    /// The path it was posted to, with its query: a signature may cover both.
    pub path: String,
    /// Lower-case names; only those that the provider's reading needs are kept.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub received_at: Timestamp,
}

impl RawDelivery {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// The beginning of what is noted about a delivery whose message had come with another one; its id follows.
pub const DUPLICATE_OF: &str = "Duplicate of ";

/// The message that had come before, as a delivery's note names it.
pub fn duplicate_of(note: &str) -> Option<MessageId> {
    let (_, rest) = note.split_once(DUPLICATE_OF)?;
    rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?.parse().ok()
}

/// What makes two requests the same delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The provider's time of the event; leads the unique key so that inserts append.
    pub sent_at: Timestamp,
    /// Half a SHA-256 over the provider's delivery key, else over the body.
    pub digest: [u8; 16],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Stored and acknowledged, not yet applied.
    Pending,
    Applied,
    /// For a number that no connection has.
    Quarantined,
    /// Correctly signed, but its body could not be read or applied.
    Unreadable,
    /// The signature was wrong: never applied.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_the_message_that_had_come_before() {
        assert_eq!(duplicate_of("Duplicate of m12."), Some(MessageId(12)));
        assert_eq!(duplicate_of("Duplicate of m7, with another text: \u{201c}b\u{201d}."), Some(MessageId(7)));
        assert_eq!(duplicate_of("1 of 3 set aside. Duplicate of m3."), Some(MessageId(3)));
        assert_eq!(duplicate_of("no signature"), None);
        assert_eq!(duplicate_of("Duplicate of nothing"), None);
    }
}
