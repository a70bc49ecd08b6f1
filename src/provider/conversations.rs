//! What a provider keeps of conversations: which there are, and what was said in each.

use super::numbers::ProviderFuture;
use super::{Listed, ProviderError};
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;

/// A conversation as the provider has it. A contact has a new one after one has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub id: String,
    pub last_active_at: Option<Timestamp>,
    pub last_message_id: Option<String>,
    /// How many messages it has there, where that is told.
    pub messages_count: Option<u32>,
    /// What the provider counts of it, as threads keep it.
    pub record: ConversationRecord,
}

/// A page of conversations. The cursor of the next one is opaque: it also says which list it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationPage {
    pub conversations: Vec<Conversation>,
    pub next: Option<String>,
}

/// Conversations and stored messages, for backfill.
pub trait Conversations: Send + Sync {
    /// A page of conversations over a number that were active since this time; others may come along.
    fn page<'a>(
        &'a self,
        connection: &'a Connection,
        since: Timestamp,
        after: Option<&'a str>,
    ) -> ProviderFuture<'a, ConversationPage>;

    /// One conversation; nothing where the provider has it no more.
    fn one<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Conversation>>;

    /// A page of what was said in a conversation, newest first.
    fn messages<'a>(
        &'a self,
        connection: &'a Connection,
        conversation: &'a str,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> ProviderFuture<'a, Listed>;

    /// A page of everything said over a number since a time, newest first, from the provider's second list.
    fn history<'a>(
        &'a self,
        connection: &'a Connection,
        since: Timestamp,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> ProviderFuture<'a, Listed>;
}

/// Whether another list may answer where this one failed: a refused key is refused there, too.
pub fn may_ask_elsewhere(trouble: &ProviderError) -> bool {
    use crate::domain::failure::FailureClass;
    !matches!(trouble.class, FailureClass::Authorization | FailureClass::Throttled)
}
