//! The provider's counts of conversations, and dry runs of test messages.

use std::collections::BTreeMap;

use crate::domain::ids::{AssignmentId, MessageId, ThreadId};
use crate::domain::message::conversation::{ConversationRecord, DryRun};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Store, Write};

impl Store {
    /// Returns the number of a thread's messages since its conversation began at the provider, without tests and
    /// messages that the provider never got.
    pub async fn stored_since(&self, thread: ThreadId, began: Timestamp) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM messages WHERE thread_id = $1 AND created_at >= $2 AND test = 0
                AND provider_message_id IS NOT NULL",
        )
        .bind(thread.0)
        .bind(began.millis())
        .fetch_one(&self.readers)
        .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Returns the provider's latest id of a thread's conversation; `None` if it reported none.
    pub async fn conversation_of(&self, thread: ThreadId) -> Result<Option<String>> {
        let id: Option<Option<String>> =
            sqlx::query_scalar("SELECT coalesce(json_extract(told, '$.id'), conversation) FROM threads WHERE id = $1")
                .bind(thread.0)
                .fetch_optional(&self.readers)
                .await?;
        Ok(id.flatten())
    }

    /// Returns the next test message whose dry run is due, with its assignment.
    pub async fn next_dry_run(&self) -> Result<Option<(MessageId, AssignmentId)>> {
        let row: Option<(i64, i64)> = sqlx::query_as(
            "SELECT message_id, assignment_id FROM dry_runs WHERE finished_at IS NULL ORDER BY message_id LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|(message, assignment)| (MessageId(message), AssignmentId(assignment))))
    }
}

impl Write {
    /// Stores the provider's counts of conversations, unless a higher count of the same conversation is stored.
    pub async fn note_conversations(&mut self, told: &[(ThreadId, ConversationRecord)]) -> Result<()> {
        let mut newest: BTreeMap<ThreadId, &ConversationRecord> = BTreeMap::new();
        for (thread, next) in told {
            let known = newest.entry(*thread).or_insert(next);
            if known.id != next.id || known.messages_count <= next.messages_count {
                *known = next;
            }
        }
        if newest.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = newest
            .iter()
            .map(|(thread, told)| {
                let count = told.messages_count.and_then(|count| i64::try_from(count).ok());
                (thread.0, json(told), count, told.id.as_deref())
            })
            .collect();
        sqlx::query(
            "WITH w (id, told, count, told_id) AS MATERIALIZED (
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($1))
             UPDATE threads SET told = CASE WHEN json_extract(threads.told, '$.id') IS w.told_id
                    AND coalesce(json_extract(threads.told, '$.messages_count'), 0) > coalesce(w.count, 0)
                THEN threads.told ELSE w.told END
             FROM w WHERE threads.id = w.id",
        )
        .bind(json(&rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores the provider's counts of a message's conversation, if the message is known.
    pub async fn note_conversation_of(&mut self, key: &[u8; 16], told: &ConversationRecord) -> Result<()> {
        let thread: Option<i64> = sqlx::query_scalar("SELECT thread_id FROM messages WHERE provider_key = $1")
            .bind(&key[..])
            .fetch_optional(self.connection())
            .await?;
        match thread {
            Some(thread) => self.note_conversations(&[(ThreadId(thread), told.clone())]).await,
            None => Ok(()),
        }
    }

    /// Schedules a dry run of an agent on a test message.
    pub async fn plan_dry_run(&mut self, message: MessageId, assignment: AssignmentId, now: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO dry_runs (message_id, assignment_id, asked_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(message.0)
        .bind(assignment.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores the agent's answer of a dry run, or its error.
    pub async fn finish_dry_run(
        &mut self,
        message: MessageId,
        said: Option<&str>,
        error: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query("UPDATE dry_runs SET finished_at = $2, said = $3, error = $4 WHERE message_id = $1")
            .bind(message.0)
            .bind(now.millis())
            .bind(said)
            .bind(error)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

/// Reads the dry run of a message; `None` if it has none.
pub(crate) fn dry_run(cells: &RowReader<'_>) -> Result<Option<DryRun>> {
    let Some(agent) = cells.opt_text("dry_agent")? else { return Ok(None) };
    Ok(Some(DryRun {
        agent,
        finished_at: cells.opt_time("dry_finished_at")?,
        said: cells.opt_text("dry_said")?.map(Untrusted::new),
        error: cells.opt_text("dry_error")?.map(Untrusted::new),
    }))
}
