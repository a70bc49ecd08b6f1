//! Backfill by conversation: finds what a list of the newest messages does not reach. It makes a bounded number of
//! requests at a time, and goes on where it stopped, also after a restart.

use serde::{Deserialize, Serialize};

use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::operations::inbound::comparison::Comparison;
use crate::operations::{Result, System};
use crate::provider::conversations::{Conversation, Conversations};
use crate::provider::{MessagePage, ProviderError};
use crate::store::Write;

/// Requests to the provider in one go.
const MAX_REQUESTS: usize = 60;

/// Where it stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// How far back it looks, in milliseconds since 1970.
    since: i64,
    /// Every conversation is read, not only those whose last message is missing.
    #[serde(default)]
    whole: bool,
    /// The cursor of the page of conversations that is being read; nothing at the first.
    page: Option<String>,
    /// Conversations of this page that were read.
    #[serde(default)]
    read: Vec<String>,
    /// The conversation that is being read, with the cursor of its next messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<(String, Option<String>)>,
}

/// Where it stopped, or that it came to its end; and why it could not go on, where it could not.
#[derive(Debug, Default)]
pub(super) struct Pass {
    pub left: Option<Progress>,
    pub trouble: Option<ProviderError>,
}

fn subject(connection: &Connection) -> String {
    format!("backfill:{}", connection.id)
}

/// Where the last pass stopped, if it did not come to its end.
pub(super) async fn progress(system: &System, connection: &Connection) -> Result<Option<Progress>> {
    let kept = system.store().snapshot(&subject(connection)).await?;
    Ok(kept.and_then(|(state, _)| serde_json::from_str(&state).ok()))
}

/// Keeps where a pass stopped, in the transaction of what it found.
pub(super) async fn keep(write: &mut Write, connection: &Connection, pass: &Pass, now: Timestamp) -> Result<()> {
    let state = pass.left.as_ref().and_then(|left| serde_json::to_string(left).ok());
    Ok(write.keep_snapshot(&subject(connection), state.as_deref().unwrap_or("done"), now).await?)
}

/// Reads the conversations that have something to tell. `whole` ones are read also where their last message is here:
/// the list of the newest messages did not reach back far enough.
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
    /// The rest of a conversation that was being read, then one page of conversations.
    async fn step(&mut self, at: &mut Progress, comparison: &mut Comparison) -> Result<Step> {
        if let Some((id, after)) = at.conversation.clone() {
            if !self.may_ask() {
                return Ok(Step::Spent);
            }
            // It may be gone by now, and its cursor with it.
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
        if !self.may_ask() {
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

    const fn may_ask(&mut self) -> bool {
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    async fn is_wanted(&self, comparison: &Comparison, one: &Conversation, whole: bool) -> Result<bool> {
        if one.last_active_at.is_some_and(|active| active < comparison.since) || one.messages_count == Some(0) {
            return Ok(false);
        }
        match &one.last_message_id {
            Some(last) if !comparison.is_read(last) => Ok(!comparison.is_here(self.system, last).await? || whole),
            Some(_) => Ok(whole),
            None => Ok(true),
        }
    }

    /// Reads what was said in a conversation, back to where the comparison begins. Returns why it stopped before.
    async fn read(
        &mut self,
        at: &mut Progress,
        comparison: &mut Comparison,
        id: &str,
        mut after: Option<String>,
    ) -> Result<Option<Step>> {
        loop {
            if !self.may_ask() {
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
