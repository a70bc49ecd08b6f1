//! What a provider counts of a conversation, beside what is here; and what an agent would say to a test.

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// A conversation as the provider told of it last. Source: webhooks, `conversation.kapso`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationRecord {
    /// The provider's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it began there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// How many messages the provider has in it, of both directions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_text: Option<Untrusted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<Timestamp>,
    /// How many of its messages are stored here; counted where one thread is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
}

impl ConversationRecord {
    /// How many messages the provider has that are not here; 0 where that cannot be told.
    pub fn missing(&self) -> u64 {
        match (self.messages_count, self.stored) {
            (Some(there), Some(here)) => there.saturating_sub(here),
            _ => 0,
        }
    }
}

/// What an agent would have said to a provider's test message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    pub agent: String,
    /// None while it is asked.
    pub finished_at: Option<Timestamp>,
    /// Its words; none where it would say nothing.
    pub said: Option<Untrusted>,
    pub error: Option<Untrusted>,
}

impl DryRun {
    /// In one paragraph, as it stands below the message.
    pub fn words(&self) -> String {
        match (&self.said, &self.error, self.finished_at) {
            (_, Some(error), _) => format!("dry run of {} failed: {}", self.agent, error.line()),
            (Some(said), None, _) => format!("{} would say: {}", self.agent, said.line()),
            (None, None, Some(_)) => format!("{} would say nothing", self.agent),
            (None, None, None) => format!("{} is asked what it would say", self.agent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_never_guessed() {
        let told = |there, here| ConversationRecord { messages_count: there, stored: here, ..Default::default() };
        assert_eq!(told(Some(5), Some(3)).missing(), 2);
        assert_eq!(told(Some(3), Some(5)).missing(), 0, "what arrived since is not counted there yet");
        assert_eq!(told(Some(5), None).missing() + told(None, Some(3)).missing(), 0);
    }
}
