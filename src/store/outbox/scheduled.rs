//! Messages scheduled at the provider: status queries and cancellations.

use std::time::Duration;

use crate::domain::ids::{ConnectionId, ContactId, EntryId, MessageId, ThreadId};
use crate::domain::outbox::entry::{EntryState, Outgoing};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, readable};
use crate::store::{Result, Store, Update, Write};

/// How long after its time a message without a status is queried.
const ASK_AFTER: Duration = Duration::from_secs(120);

/// An entry that is scheduled at the provider.
#[derive(Debug, Clone)]
pub struct ScheduledAtProvider {
    pub entry: EntryId,
    pub message: MessageId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub provider_message_id: String,
    /// When the provider sends it.
    pub goes_at: Timestamp,
    /// Number of queries without a result.
    pub looks: u32,
    /// Who requested its cancellation, if someone did.
    pub recalled_by: Option<String>,
}

impl Store {
    /// Returns when the next scheduled entry is due for a query or cancellation.
    pub async fn next_kept_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM outbox WHERE state = 'scheduled'")
            .fetch_one(&self.readers)
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// Returns the scheduled entry that is due for a query or cancellation.
    pub async fn next_scheduled_due(&self, now: Timestamp) -> Result<Option<ScheduledAtProvider>> {
        let row = sqlx::query(
            "SELECT o.id, o.message_id, o.thread_id, o.connection_id, o.not_before, o.looks, o.recalled_by,
                m.provider_message_id
             FROM outbox o JOIN messages m ON m.id = o.message_id
             WHERE o.state = 'scheduled' AND o.due_at <= $1 ORDER BY o.due_at LIMIT 1",
        )
        .bind(now.millis())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "outbox");
            Ok(ScheduledAtProvider {
                entry: EntryId(cells.int("id")?),
                message: MessageId(cells.int("message_id")?),
                thread: ThreadId(cells.int("thread_id")?),
                connection: ConnectionId(cells.int("connection_id")?),
                provider_message_id: cells.text("provider_message_id")?,
                goes_at: cells.time("not_before")?,
                looks: cells.count("looks")?,
                recalled_by: cells.opt_text("recalled_by")?,
            })
        })
        .transpose()
    }
}

impl Write {
    /// Marks an accepted entry as scheduled at the provider until its time.
    pub(crate) async fn mark_scheduled(&mut self, entry: EntryId, goes_at: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET state = $2, settled_at = NULL, settled_by = NULL, due_at = $3, looks = 0 WHERE id = $1",
        )
        .bind(entry.0)
        .bind(EntryState::Scheduled.name())
        .bind(goes_at.plus(ASK_AFTER).millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Requests the cancellation of a scheduled entry, due now. Returns `Missed` if it is not scheduled or its
    /// cancellation was requested before.
    pub async fn recall(&mut self, entry: EntryId, by: &str, now: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE outbox SET recalled_at = $2, recalled_by = $3, due_at = $2, looks = 0
             WHERE id = $1 AND state = 'scheduled' AND recalled_at IS NULL",
        )
        .bind(entry.0)
        .bind(now.millis())
        .bind(by)
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Requests the cancellation of all scheduled messages to a contact who opted out, over all numbers.
    pub(crate) async fn recall_of_contact(&mut self, contact: ContactId, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET recalled_at = $2, recalled_by = $3, due_at = $2, looks = 0
             WHERE state = 'scheduled' AND recalled_at IS NULL AND thread_id IN
                (SELECT id FROM threads WHERE contact_id = $1)",
        )
        .bind(contact.0)
        .bind(now.millis())
        .bind("the contact, who opted out")
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Returns the messages to a contact that are scheduled at a provider, over all numbers, without those being
    /// cancelled.
    pub async fn scheduled_for_contact(
        &mut self,
        contact: ContactId,
    ) -> Result<Vec<(EntryId, ConnectionId, Outgoing)>> {
        let rows = sqlx::query(
            "SELECT id, connection_id, outgoing FROM outbox WHERE state = 'scheduled' AND recalled_at IS NULL
                AND thread_id IN (SELECT id FROM threads WHERE contact_id = $1)",
        )
        .bind(contact.0)
        .fetch_all(self.connection())
        .await?;
        readable(&rows, "outbox", |cells| {
            Ok((EntryId(cells.int("id")?), ConnectionId(cells.int("connection_id")?), cells.json("outgoing")?))
        })
    }

    /// Counts a query without a result, and sets when to query again.
    pub async fn ask_again(&mut self, entry: EntryId, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE outbox SET looks = looks + 1, due_at = $2 WHERE id = $1 AND state = 'scheduled'")
            .bind(entry.0)
            .bind(at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Returns who requested an entry's cancellation; `None` if no one did.
    pub async fn recalled_by(&mut self, entry: EntryId) -> Result<Option<String>> {
        let by: Option<Option<String>> = sqlx::query_scalar("SELECT recalled_by FROM outbox WHERE id = $1")
            .bind(entry.0)
            .fetch_optional(self.connection())
            .await?;
        Ok(by.flatten())
    }

    /// Returns the entry with a provider's key if its cancellation was requested, and whether it is still scheduled.
    pub async fn find_cancelled_scheduled(&mut self, key: &[u8; 16]) -> Result<Option<(EntryId, ThreadId, bool)>> {
        let row: Option<(i64, i64, bool)> = sqlx::query_as(
            "SELECT o.id, o.thread_id, o.state = 'scheduled' FROM messages m JOIN outbox o ON o.message_id = m.id
             WHERE m.provider_key = $1 AND o.recalled_at IS NOT NULL AND o.state IN ('scheduled', 'discarded')",
        )
        .bind(&key[..])
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|(entry, thread, open)| (EntryId(entry), ThreadId(thread), open)))
    }
}
