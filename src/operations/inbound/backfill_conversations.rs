//! Backfill by conversation: finds what a list of the newest messages does not reach. It makes a bounded number of
//! requests at a time, and continues where it stopped, also after a restart.

use serde::{Deserialize, Serialize};

use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::operations::inbound::comparison::Comparison;
use crate::operations::{Result, System};
use crate::provider::conversations::{Conversation, Conversations};
use crate::provider::{MessagePage, ProviderError};
use crate::store::Write;

/// Maximum number of requests to the provider in one pass.
const MAX_REQUESTS: usize = 60;

/// Where a pass stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Start of the comparison, in milliseconds since 1970.
    since: i64,
    /// Whether every conversation is read, not only those whose last message is missing.
    #[serde(default)]
    whole: bool,
    /// Cursor of the page of conversations being read; `None` for the first page.
    page: Option<String>,
    /// Ids of the conversations on this page that were read.
    #[serde(default)]
    read: Vec<String>,
    /// The conversation being read, with the cursor of its next page of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<(String, Option<String>)>,
}

/// Result of a pass: where it stopped (`None` if it read everything), and the provider's error if one stopped it.
#[derive(Debug, Default)]
pub(super) struct Pass {
    pub left: Option<Progress>,
    pub trouble: Option<ProviderError>,
}

fn subject(connection: &Connection) -> String {
    format!("backfill:{}", connection.id)
}

/// Returns where the last pass stopped, or `None` if it read everything.
pub(super) async fn progress(system: &System, connection: &Connection) -> Result<Option<Progress>> {
    let kept = system.store().snapshot(&subject(connection)).await?;
    Ok(kept.and_then(|(state, _)| serde_json::from_str(&state).ok()))
}

/// Stores where a pass stopped. Runs in the caller's transaction.
pub(super) async fn keep(write: &mut Write, connection: &Connection, pass: &Pass, now: Timestamp) -> Result<()> {
    let state = pass.left.as_ref().and_then(|left| serde_json::to_string(left).ok());
    Ok(write.store_snapshot(&subject(connection), state.as_deref().unwrap_or("done"), now).await?)
}

/// Reads the conversations that may have missing messages. With `whole`, it also reads those whose last message is
/// stored, because the list of the newest messages did not reach back far enough.
pub(super) async fn read_conversations(
    system: &System,
    connection: &Connection,
    source: &dyn Conversations,
    comparison: &mut Comparison,
    whole: bool,
) -> Result<Pass> {
    let new = || Progress { since: comparison.since.millis(), whole, ..Progress::default() };
    let mut at = progress(system, connection).await?.unwrap_or_else(new);
    at.whole |= whole;
    comparison.since = comparison.since.min(Timestamp::from_millis(at.since));
    let mut reader = Reader { system, connection, source, left: MAX_REQUESTS };
    loop {
        match reader.step(&mut at, comparison).await? {
            Step::On => {}
            Step::End => return Ok(Pass::default()),
            Step::Spent => return Ok(Pass { left: Some(at), trouble: None }),
            Step::Trouble(trouble) => return Ok(Pass { left: Some(at), trouble: Some(trouble) }),
        }
    }
}

enum Step {
    On,
    /// Everything was read.
    End,
    /// The requests of this pass are used up.
    Spent,
    Trouble(ProviderError),
}

struct Reader<'r> {
    system: &'r System,
    connection: &'r Connection,
    source: &'r dyn Conversations,
    left: usize,
}

impl Reader<'_> {
    /// Reads the rest of an interrupted conversation, then one page of conversations.
    async fn step(&mut self, at: &mut Progress, comparison: &mut Comparison) -> Result<Step> {
        if let Some((id, after)) = at.conversation.clone() {
            if !self.count_query() {
                return Ok(Step::Spent);
            }
            // The conversation may be deleted by now, and its cursor with it.
            match self.source.one(self.connection, &id).await {
                Ok(Some(_)) => {
                    if let Some(step) = self.read(at, comparison, &id, after).await? {
                        return Ok(step);
                    }
                }
                Ok(None) => {}
                Err(trouble) => return Ok(Step::Trouble(trouble)),
            }
            at.conversation = None;
            at.read.push(id);
        }
        if !self.count_query() {
            return Ok(Step::Spent);
        }
        let page = match self.source.page(self.connection, comparison.since, at.page.as_deref()).await {
            Ok(page) => page,
            Err(trouble) => return Ok(Step::Trouble(trouble)),
        };
        for conversation in &page.conversations {
            if at.read.contains(&conversation.id) || !self.is_wanted(comparison, conversation, at.whole).await? {
                continue;
            }
            if let Some(step) = self.read(at, comparison, &conversation.id, None).await? {
                return Ok(step);
            }
            at.read.push(conversation.id.clone());
        }
        at.read.clear();
        match page.next {
            Some(next) => at.page = Some(next),
            None => return Ok(Step::End),
        }
        Ok(Step::On)
    }

    const fn count_query(&mut self) -> bool {
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    async fn is_wanted(&self, comparison: &Comparison, one: &Conversation, whole: bool) -> Result<bool> {
        if one.last_active_at.is_some_and(|active| active < comparison.since) || one.messages_count == Some(0) {
            return Ok(false);
        }
        match &one.last_message_id {
            Some(last) if !comparison.is_read(last) => Ok(!comparison.is_stored(self.system, last).await? || whole),
            Some(_) => Ok(whole),
            None => Ok(true),
        }
    }

    /// Reads the messages of a conversation, back to the start of the comparison. Returns the reason if it stopped
    /// earlier.
    async fn read(
        &mut self,
        at: &mut Progress,
        comparison: &mut Comparison,
        id: &str,
        mut after: Option<String>,
    ) -> Result<Option<Step>> {
        loop {
            if !self.count_query() {
                at.conversation = Some((id.to_owned(), after));
                return Ok(Some(Step::Spent));
            }
            let page = self.source.messages(self.connection, id, after.as_deref(), comparison.now).await;
            let MessagePage { messages, next } = match page {
                Ok(page) => page,
                Err(trouble) => {
                    at.conversation = Some((id.to_owned(), after));
                    return Ok(Some(Step::Trouble(trouble)));
                }
            };
            let oldest = messages.iter().map(|message| message.sent_at).min();
            for message in messages {
                comparison.take(self.system, message).await?;
            }
            if next.is_none() || next == after || oldest.is_none_or(|oldest| oldest < comparison.since) {
                return Ok(None);
            }
            after = next;
        }
    }
}
