//! State changes of outbox entries after attempts: end, requeue, uncertain, new series, and recovery.

use crate::domain::failure::Failure;
use crate::domain::ids::{EntryId, MessageId, RunId, ThreadId};
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::outbox::limits::Hold;
use crate::domain::time::Timestamp;
use crate::domain::view::Evidence;
use crate::store::codec::json;
use crate::store::{Result, Write};

impl Write {
    /// Moves an entry to a final state.
    pub async fn end_entry(
        &mut self,
        entry: EntryId,
        state: EntryState,
        failure: Option<&Failure>,
        by: Option<SettledBy>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET state = $2, failure = $3, settled_by = $4, settled_at = $5, lease_until = NULL, hold = NULL
             WHERE id = $1",
        )
        .bind(entry.0)
        .bind(state.name())
        .bind(failure.map(json))
        .bind(by.map(SettledBy::name))
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Marks a message as failed until a person retries it.
    pub async fn fail_message(&mut self, message: MessageId, failure: &Failure, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE messages SET failure = $2, failed_at = $3 WHERE id = $1")
            .bind(message.0)
            .bind(json(failure))
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Requeues an entry after an attempt that certainly did not arrive.
    pub async fn requeue(
        &mut self,
        entry: EntryId,
        failure: &Failure,
        due_at: Timestamp,
        hold: Option<Hold>,
        counts: bool,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET state = 'queued', lease_until = NULL, failure = $2, due_at = $3, hold = $4,
                held_due_at = CASE WHEN $4 IS NULL THEN NULL ELSE coalesce(held_due_at, due_at) END,
                tried = CASE WHEN $5 THEN tried ELSE tried - 1 END
             WHERE id = $1",
        )
        .bind(entry.0)
        .bind(json(failure))
        .bind(due_at.millis())
        .bind(hold.map(Hold::name))
        .bind(counts)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Postpones an entry whose file could not be uploaded; it was never in flight.
    pub async fn postpone(
        &mut self,
        entry: EntryId,
        failure: &Failure,
        due_at: Timestamp,
        hold: Option<Hold>,
        counts: bool,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET failure = $2, due_at = $3, hold = $4,
                held_due_at = CASE WHEN $4 IS NULL THEN NULL ELSE coalesce(held_due_at, due_at) END,
                tried = CASE WHEN $5 THEN tried + 1 ELSE tried END
             WHERE id = $1 AND state = 'queued'",
        )
        .bind(entry.0)
        .bind(json(failure))
        .bind(due_at.millis())
        .bind(hold.map(Hold::name))
        .bind(counts)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Marks an entry as uncertain; `look_at` is when the provider's list is queried.
    pub async fn mark_uncertain(&mut self, entry: EntryId, failure: &Failure, look_at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE outbox SET state = 'uncertain', lease_until = NULL, failure = $2, due_at = $3, looks = 0 WHERE id = $1")
            .bind(entry.0)
            .bind(json(failure))
            .bind(look_at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Stores what the provider's list showed, for the person who decides.
    pub async fn store_evidence(&mut self, entry: EntryId, evidence: &Evidence) -> Result<()> {
        sqlx::query("UPDATE outbox SET evidence = $2 WHERE id = $1")
            .bind(entry.0)
            .bind(json(evidence))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Counts a query of the provider's list without a result, and sets when to query again.
    pub async fn looked(&mut self, entry: EntryId, again_at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE outbox SET looks = looks + 1, due_at = $2 WHERE id = $1 AND state = 'uncertain'")
            .bind(entry.0)
            .bind(again_at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Returns the entry of which an earlier attempt has this provider key.
    pub async fn earlier_attempt(&mut self, key: &[u8; 16]) -> Result<Option<(EntryId, MessageId, ThreadId)>> {
        let row: Option<(i64, i64, i64)> = sqlx::query_as(
            "SELECT o.id, o.message_id, o.thread_id FROM attempts a JOIN outbox o ON o.id = a.outbox_id
                JOIN messages m ON m.id = o.message_id
             WHERE a.provider_key = $1 AND m.provider_key IS NOT $1 LIMIT 1",
        )
        .bind(&key[..])
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|(entry, message, thread)| (EntryId(entry), MessageId(message), ThreadId(thread))))
    }

    /// Records that an earlier attempt arrived: the message gets that attempt's provider id.
    #[must_use = "where the message has another id by now, nothing was changed"]
    pub async fn take_earlier(&mut self, entry: EntryId, message: MessageId, key: &[u8; 16]) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE messages SET provider_key = $3, failure = NULL, failed_at = NULL, progress = 'accepted',
                provider_message_id = (SELECT a.provider_message_id FROM attempts a WHERE a.outbox_id = $2 AND a.provider_key = $3)
             WHERE id = $1 AND EXISTS (SELECT 1 FROM attempts a WHERE a.outbox_id = $2 AND a.provider_key = $3
                AND a.provider_message_id IS NOT NULL)",
        )
        .bind(message.0)
        .bind(entry.0)
        .bind(&key[..])
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Requeues an entry that the provider accepted and later reported as failed. The attempt keeps its id and
    /// statuses; the message gets the id of its next attempt.
    pub async fn requeue_failed(
        &mut self,
        (entry, message): (EntryId, MessageId),
        reference: &str,
        failure: &Failure,
        due_at: Timestamp,
        hold: Option<Hold>,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET state = 'queued', failure = $3, due_at = $4, hold = $5, reference = $2,
                held_due_at = CASE WHEN $5 IS NULL THEN NULL ELSE coalesce(not_before, created_at) END,
                outgoing = json_remove(json_set(outgoing, '$.reference', $2), '$.at'), settled_at = NULL, settled_by = NULL
             WHERE id = $1",
        )
        .bind(entry.0)
        .bind(reference)
        .bind(json(failure))
        .bind(due_at.millis())
        .bind(hold.map(Hold::name))
        .execute(self.connection())
        .await?;
        sqlx::query(
            "UPDATE messages SET failure = NULL, failed_at = NULL, progress = 'queued', provider_message_id = NULL,
                provider_key = NULL WHERE id = $1",
        )
        .bind(message.0)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Returns the number of attempts in an entry's current series.
    pub async fn attempt_count(&mut self, entry: EntryId) -> Result<u32> {
        let tried: i64 = sqlx::query_scalar("SELECT tried FROM outbox WHERE id = $1")
            .bind(entry.0)
            .fetch_one(self.connection())
            .await?;
        Ok(u32::try_from(tried).unwrap_or(u32::MAX))
    }

    /// Returns entries in flight whose lease has expired, or ends after `longest`, which means that the clock was set
    /// back. They may have arrived.
    pub async fn abandoned(&mut self, now: Timestamp, longest: Timestamp) -> Result<Vec<(EntryId, ThreadId)>> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT id, thread_id FROM outbox WHERE state = 'sending' AND (lease_until <= $1 OR lease_until > $2)",
        )
        .bind(now.millis())
        .bind(longest.millis())
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|(entry, thread)| (EntryId(entry), ThreadId(thread))).collect())
    }

    /// Ends the attempts that a dead process left open, as uncertain.
    pub async fn abandon_attempts(&mut self, entry: EntryId, failure: &Failure, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE attempts SET finished_at = $2, outcome = 'uncertain', failure = $3
             WHERE outbox_id = $1 AND finished_at IS NULL",
        )
        .bind(entry.0)
        .bind(now.millis())
        .bind(json(failure))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Starts a new series of attempts with its own reference; earlier attempts stay.
    pub async fn new_series(
        &mut self,
        entry: EntryId,
        message: MessageId,
        reference: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET state = 'queued', series = series + 1, tried = 0, due_at = $3, hold = NULL, held_due_at = NULL, failure = NULL,
                reference = $2, outgoing = json_remove(json_set(outgoing, '$.reference', $2), '$.at'), settled_at = NULL,
                settled_by = NULL, recalled_at = NULL, recalled_by = NULL
             WHERE id = $1",
        )
        .bind(entry.0)
        .bind(reference)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        sqlx::query(
            "UPDATE messages SET failure = NULL, failed_at = NULL, progress = 'queued', provider_message_id = NULL,
                provider_key = NULL WHERE id = $1",
        )
        .bind(message.0)
        .execute(self.connection())
        .await?;
        // Media ids expire, so a new series uploads the file again.
        self.uploaded(message, "").await
    }

    /// Discards the unsent entries of a run. Returns their number.
    pub async fn discard_unsent_of(&mut self, run: RunId, now: Timestamp) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE outbox SET state = 'discarded', hold = NULL, settled_at = $2
             WHERE state = 'queued' AND message_id IN (SELECT id FROM messages WHERE run_id = $1)",
        )
        .bind(run.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }
}
