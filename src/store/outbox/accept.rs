//! Records the provider's acceptance of entries, with its message ids, in a fixed number of statements.

use std::collections::HashMap;

use crate::domain::failure::Failure;
use crate::domain::ids::{AttemptId, ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::inbound::event::Direction;
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::outbox::entry::SettledBy;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Write};

/// An entry that the provider accepted, its provider id, and what showed it.
#[derive(Debug, Clone)]
pub struct Acceptance<'a> {
    pub entry: EntryId,
    pub message: MessageId,
    pub connection: ConnectionId,
    pub provider_message_id: &'a str,
    pub by: SettledBy,
}

/// Findings about an accepted entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Another message of ours that has the same provider id.
    pub shared: Option<MessageId>,
    /// Whether statuses of it arrived before.
    pub reported: bool,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct FinishedAttempt<'a> {
    pub attempt: AttemptId,
    pub outcome: &'a str,
    pub http_status: Option<u16>,
    pub failure: Option<&'a Failure>,
    /// The provider's response as received.
    pub response: &'a str,
}

/// Data about an entry that is loaded before its acceptance is stored.
#[derive(Default)]
struct Found {
    /// The row created by a webhook that reported the message first.
    stranger: Option<MessageId>,
    accepted: Accepted,
    content: Option<String>,
    goes_at: Option<Timestamp>,
}

impl Write {
    /// Stores that the provider accepted these entries, or scheduled them. A row that a webhook created earlier, and
    /// statuses under the id, become part of this message. If another message of ours has the id, both keep it, and
    /// its statuses stay with the first. Returns the findings in the order of the entries.
    pub async fn accept_entries(&mut self, entries: &[Acceptance<'_>], now: Timestamp) -> Result<Vec<Accepted>> {
        if entries.is_empty() {
            return Ok(vec![]);
        }
        let mut found = self.before_acceptance(entries).await?;
        let mut rows = vec![];
        for one in entries {
            let known = found.entry(one.entry).or_default();
            if let Some(stranger) = known.stranger {
                self.take_row(stranger, one.message).await?;
            }
            let key = message_key(one.connection, one.provider_message_id);
            // Keys are unique, so the second message with an id gets its own key.
            let own_key = match known.accepted.shared {
                Some(_) => message_key(one.connection, &format!("{}\n{}", one.provider_message_id, one.entry)),
                None => key,
            };
            let ids = (one.entry.0, one.message.0, one.provider_message_id);
            rows.push((ids, hex::encode(key), hex::encode(own_key), one.by.name()));
        }
        let rows = json(&rows);
        // One round trip to the database's thread for three statements.
        sqlx::query(
            "UPDATE messages SET provider_message_id = w.value -> 0 ->> 2, provider_key = unhex(w.value ->> 2),
                failure = NULL, failed_at = NULL, progress = CASE WHEN progress = 'queued' THEN 'accepted' ELSE progress END
             FROM json_each($1) w WHERE messages.id = w.value -> 0 ->> 1;
             UPDATE attempts SET provider_key = unhex(w.value ->> 1), provider_message_id = w.value -> 0 ->> 2
             FROM json_each($1) w WHERE attempts.id = (
                SELECT max(a.id) FROM attempts a WHERE a.outbox_id = w.value -> 0 ->> 0 AND a.upload = 0);
             UPDATE outbox SET state = 'accepted', failure = NULL, settled_by = w.value ->> 3, settled_at = $2,
                lease_until = NULL, hold = NULL
             FROM json_each($1) w WHERE outbox.id = w.value -> 0 ->> 0",
        )
        .bind(&rows)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        for one in entries {
            let known = found.entry(one.entry).or_default();
            // A reaction is shown on its message only once the provider has accepted it.
            if let Some(Content::Reaction { target, emoji }) =
                known.content.as_deref().and_then(|content| serde_json::from_str(content).ok())
            {
                let target = message_key(one.connection, &target);
                self.react(&target, Direction::Outbound, emoji.as_ref(), now).await?;
            }
            if let Some(goes_at) = known.goes_at.filter(|goes_at| *goes_at > now) {
                self.mark_scheduled(one.entry, goes_at).await?;
            }
        }
        Ok(entries.iter().map(|one| found.get(&one.entry).map(|found| found.accepted).unwrap_or_default()).collect())
    }

    async fn before_acceptance(&mut self, entries: &[Acceptance<'_>]) -> Result<HashMap<EntryId, Found>> {
        let wanted: Vec<_> = entries
            .iter()
            .map(|one| {
                let key = message_key(one.connection, one.provider_message_id);
                (one.entry.0, one.message.0, hex::encode(key))
            })
            .collect();
        let rows = sqlx::query(
            "WITH w (id, message, key) AS MATERIALIZED (
                SELECT value ->> 0, value ->> 1, unhex(value ->> 2) FROM json_each($1))
             SELECT w.id, s.id AS other, s.direction = 'outbound'
                    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = s.id) AS stranger,
                CASE WHEN m.kind = 'reaction' THEN m.content END AS content, a.goes_at,
                EXISTS (SELECT 1 FROM statuses t WHERE t.provider_key = w.key) AS reported
             FROM w CROSS JOIN messages m ON m.id = w.message
                LEFT JOIN messages s ON s.provider_key = w.key AND s.id <> w.message
                LEFT JOIN attempts a ON a.id = (
                    SELECT max(b.id) FROM attempts b WHERE b.outbox_id = w.id AND b.upload = 0)",
        )
        .bind(json(&wanted))
        .fetch_all(self.connection())
        .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let cells = RowReader::new(row, "outbox");
            let other = cells.opt_int("other")?.map(MessageId);
            let told = other.is_some() && cells.flag("stranger")?;
            let accepted = Accepted { shared: other.filter(|_| !told), reported: cells.flag("reported")? };
            let goes_at = cells.opt_time("goes_at")?;
            let of = Found { stranger: other.filter(|_| told), accepted, content: cells.opt_text("content")?, goes_at };
            found.insert(EntryId(cells.int("id")?), of);
        }
        Ok(found)
    }

    /// Removes the row that a webhook created for a message of ours.
    async fn take_row(&mut self, stranger: MessageId, message: MessageId) -> Result<()> {
        sqlx::query("UPDATE threads SET last_message_id = $2 WHERE last_message_id = $1")
            .bind(stranger.0)
            .bind(message.0)
            .execute(self.connection())
            .await?;
        for text in [
            "DELETE FROM message_words WHERE rowid = $1",
            // Dependent rows are removed too; our message has its own file.
            "DELETE FROM media WHERE message_id = $1",
            "DELETE FROM merged_messages WHERE message_id = $1",
            "DELETE FROM messages WHERE id = $1",
        ] {
            sqlx::query(text).bind(stranger.0).execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Stores how attempts ended.
    pub async fn finish_attempts(&mut self, finished: &[FinishedAttempt<'_>], now: Timestamp) -> Result<()> {
        let rows: Vec<_> = finished
            .iter()
            .map(|one| (one.attempt.0, one.outcome, one.http_status, one.failure.map(json), one.response))
            .collect();
        sqlx::query(
            "UPDATE attempts SET finished_at = $2, outcome = w.value ->> 1, http_status = w.value ->> 2,
                failure = w.value ->> 3, response = w.value ->> 4
             FROM json_each($1) w WHERE attempts.id = w.value ->> 0 AND (finished_at IS NULL OR outcome = 'uncertain')",
        )
        .bind(json(&rows))
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Returns those of these entries for which the attempt's response still counts: the entry is being sent, or
    /// became uncertain when its lease expired, and this is its last attempt.
    pub async fn awaiting_answer(&mut self, attempts: &[(EntryId, AttemptId)]) -> Result<Vec<EntryId>> {
        let rows: Vec<_> = attempts.iter().map(|(entry, attempt)| (entry.0, attempt.0)).collect();
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT o.id FROM json_each($1) w CROSS JOIN outbox o ON o.id = w.value ->> 0
             WHERE o.state IN ('sending', 'uncertain')
                AND w.value ->> 1 = (SELECT max(a.id) FROM attempts a WHERE a.outbox_id = o.id AND a.upload = 0)",
        )
        .bind(json(&rows))
        .fetch_all(self.connection())
        .await?;
        Ok(ids.into_iter().map(EntryId).collect())
    }

    /// Ends the wait of threads whose messages the provider accepted, unless an agent escalated the thread or a
    /// suggested reply waits for a person.
    pub async fn answered(&mut self, answers: &[(ThreadId, MessageId)]) -> Result<()> {
        let rows: Vec<_> = answers.iter().map(|(thread, message)| (thread.0, message.0)).collect();
        sqlx::query(
            "UPDATE threads SET waiting_since = NULL, waiting_reason = NULL
             WHERE waiting_since IS NOT NULL AND id IN (
                SELECT w.value ->> 0 FROM json_each($1) w CROSS JOIN messages m ON m.id = w.value ->> 1
                WHERE m.kind <> 'reaction' AND (m.run_id IS NULL OR (threads.handed_off_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.thread_id = threads.id AND r.state = 'proposed'))))",
        )
        .bind(json(&rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
