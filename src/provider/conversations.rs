//! The conversation API of a provider, for backfill.

use super::numbers::ProviderFuture;
use super::{MessagePage, ProviderError};
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;

/// A conversation as the provider stores it. A contact gets a new one after the last has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub id: String,
    pub last_active_at: Option<Timestamp>,
    pub last_message_id: Option<String>,
    /// How many messages the provider has stored. `None` where it does not report the count.
    pub messages_count: Option<u32>,
    /// The provider's counters and times, as threads store them.
    pub record: ConversationRecord,
}

/// A page of conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationPage {
    pub conversations: Vec<Conversation>,
    /// The cursor of the next page, which also names its list. `None` on the last page.
    pub next: Option<String>,
}

/// Lists conversations and stored messages.
pub trait Conversations: Send + Sync {
    /// Returns a page of a number's conversations that were active since this time. Older ones may be included.
    fn page<'a>(
        &'a self,
        connection: &'a Connection,
        since: Timestamp,
        after: Option<&'a str>,
    ) -> ProviderFuture<'a, ConversationPage>;

    /// Returns one conversation. `None` where the provider no longer has it.
    fn one<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Conversation>>;

    /// Returns a page of a conversation's messages, newest first.
    fn messages<'a>(
        &'a self,
        connection: &'a Connection,
        conversation: &'a str,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> ProviderFuture<'a, MessagePage>;

    /// Returns a page of a number's messages since a time, newest first, from the provider's second message list.
    fn history<'a>(
        &'a self,
        connection: &'a Connection,
        since: Timestamp,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> ProviderFuture<'a, MessagePage>;
}

/// Returns `true` if another list may work where this one failed. It cannot after a rejected key or a rate limit.
pub fn may_try_other_list(trouble: &ProviderError) -> bool {
    use crate::domain::failure::FailureClass;
    !matches!(trouble.class, FailureClass::Authorization | FailureClass::Throttled)
}
