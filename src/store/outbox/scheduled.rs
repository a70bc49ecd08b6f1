//! What a provider keeps until its time: found when it is to be asked about, called back, or let go.

use std::time::Duration;

use crate::domain::ids::{ConnectionId, ContactId, EntryId, MessageId, ThreadId};
use crate::domain::outbox::entry::{EntryState, Outgoing};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, readable};
use crate::store::{Result, Store, Update, Write};

/// How long after its time a message that nobody has spoken of is asked about.
const ASK_AFTER: Duration = Duration::from_secs(120);

/// An entry that the provider keeps.
#[derive(Debug, Clone)]
pub struct ScheduledAtProvider {
    pub entry: EntryId,
    pub message: MessageId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub provider_message_id: String,
    /// When the provider is to send it.
    pub goes_at: Timestamp,
    /// How often the provider was asked in vain.
    pub looks: u32,
    /// At whose word it is being called back.
    pub recalled_by: Option<String>,
}

impl Store {
    /// When the next kept entry is to be asked about or called back.
    pub async fn next_kept_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM outbox WHERE state = 'scheduled'")
            .fetch_one(&self.readers)
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// The kept entry that is due.
    pub async fn kept_due(&self, now: Timestamp) -> Result<Option<ScheduledAtProvider>> {
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
    /// What was handed over ahead of its time is kept there until then.
    pub(crate) async fn keep_until_it_goes(&mut self, entry: EntryId, goes_at: Timestamp) -> Result<()> {
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

    /// Says that a kept entry is to be called back, at once.
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

    /// Calls back everything that is kept for a contact who wants nothing more, over whichever number.
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

    /// What providers keep for a contact until its time, over whichever number, and what nobody calls back yet.
    pub async fn kept_for(&mut self, contact: ContactId) -> Result<Vec<(EntryId, ConnectionId, Outgoing)>> {
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

    /// The provider was asked in vain: when to ask again.
    pub async fn ask_again(&mut self, entry: EntryId, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE outbox SET looks = looks + 1, due_at = $2 WHERE id = $1 AND state = 'scheduled'")
            .bind(entry.0)
            .bind(at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// At whose word an entry is being called back.
    pub async fn recalled_by(&mut self, entry: EntryId) -> Result<Option<String>> {
        let by: Option<Option<String>> = sqlx::query_scalar("SELECT recalled_by FROM outbox WHERE id = $1")
            .bind(entry.0)
            .fetch_optional(self.connection())
            .await?;
        Ok(by.flatten())
    }

    /// The entry behind a provider's id, if we have called it back; whether that was still to be proved.
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
