//! A provider's counters of a conversation, and dry runs of agents on test messages.

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// The latest conversation record from the provider. Source: webhooks, `conversation.kapso`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationRecord {
    /// The provider's conversation id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the conversation started at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Number of messages at the provider, in both directions.
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
    /// Number of its messages stored here; set only in queries for one thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
}

impl ConversationRecord {
    /// Returns how many messages the provider has that are not stored here; 0 if that is unknown.
    pub fn missing(&self) -> u64 {
        match (self.messages_count, self.stored) {
            (Some(there), Some(here)) => there.saturating_sub(here),
            _ => 0,
        }
    }
}

/// An agent's hypothetical reply to a provider's test message. It is not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    pub agent: String,
    /// `None` while the agent runs.
    pub finished_at: Option<Timestamp>,
    /// The reply; `None` if the agent would not reply.
    pub said: Option<Untrusted>,
    pub error: Option<Untrusted>,
}

impl DryRun {
    /// Describes the dry run in one paragraph, shown below the message.
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
