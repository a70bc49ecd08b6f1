//! Writes to the outbox queue: enqueue, hold, release, and lookups of uncertain entries.

use sqlx::QueryBuilder;

use crate::domain::failure::Failure;
use crate::domain::ids::{ConnectionId, EntryId, MessageId, RunId, ThreadId};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::outbox::entry::{EntryState, Outgoing};
use crate::domain::outbox::limits::Hold;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::inbound::rows::ThreadTouch;
use crate::store::multi_row::chunks;
use crate::store::outbox::claims::HEAD;
use crate::store::{Result, Store, StoreError, Write};

/// A message to be stored with its entry.
#[derive(Debug)]
pub struct NewEntry<'a> {
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub outgoing: &'a Outgoing,
    pub author: &'a str,
    pub run: Option<RunId>,
    pub business_initiated: bool,
    pub not_before: Option<Timestamp>,
    /// When the entry may be handed to the provider, if that is before its sending time.
    pub provider_takes_at: Option<Timestamp>,
    pub now: Timestamp,
}

/// An entry whose response was lost.
#[derive(Debug, Clone)]
pub struct UncertainEntry {
    pub entry: EntryId,
    pub message: MessageId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub outgoing: Outgoing,
    pub looks: u32,
    pub last_attempt_at: Timestamp,
}

impl Store {
    /// Returns when the next entry can be claimed.
    pub async fn next_entry_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let text = format!(
            "SELECT o.due_at FROM outbox o WHERE o.state = 'queued' AND o.hold IS NOT 'operator' AND {HEAD}
             ORDER BY o.due_at, o.id LIMIT 1"
        );
        let due: Option<i64> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(now.millis()).fetch_optional(&self.readers).await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// Returns when the next uncertain entry is due for reconciling.
    pub async fn next_look_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM outbox WHERE state = 'uncertain'")
            .fetch_one(&self.readers)
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// Returns the uncertain entry that is due for reconciling, or the named one regardless of its time.
    pub async fn doubtful(&self, now: Timestamp, named: Option<EntryId>) -> Result<Option<UncertainEntry>> {
        let row = sqlx::query(
            "SELECT o.id, o.message_id, o.thread_id, o.connection_id, o.outgoing, o.looks,
                (SELECT max(a.started_at) FROM attempts a WHERE a.outbox_id = o.id) AS last_attempt_at
             FROM outbox o
             WHERE o.state = 'uncertain' AND (o.id = $2 OR ($2 IS NULL AND o.due_at <= $1)) ORDER BY o.due_at LIMIT 1",
        )
        .bind(now.millis())
        .bind(named.map(|id| id.0))
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "outbox");
            Ok(UncertainEntry {
                entry: EntryId(cells.int("id")?),
                message: MessageId(cells.int("message_id")?),
                thread: ThreadId(cells.int("thread_id")?),
                connection: ConnectionId(cells.int("connection_id")?),
                outgoing: cells.json("outgoing")?,
                looks: cells.count("looks")?,
                last_attempt_at: cells.opt_time("last_attempt_at")?.unwrap_or(Timestamp::EPOCH),
            })
        })
        .transpose()
    }
}

impl Write {
    /// Stores message and entry together, so that every queued message is visible and every visible one is queued.
    pub async fn enqueue(&mut self, new: &NewEntry<'_>) -> Result<(MessageId, EntryId)> {
        let enqueued = self.enqueue_all(std::slice::from_ref(new)).await?;
        enqueued.into_iter().next().ok_or_else(|| StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// Stores messages with their entries, in this order, in a fixed number of statements per chunk. Returns their ids
    /// in the same order.
    pub async fn enqueue_all(&mut self, new: &[NewEntry<'_>]) -> Result<Vec<(MessageId, EntryId)>> {
        let mut enqueued = Vec::with_capacity(new.len());
        for rows in chunks(new) {
            let rows: Vec<_> = rows.iter().map(|one| (one, self.health.arrival(one.now))).collect();
            let messages = self.insert_own_messages(&rows).await?;
            let entries = self.insert_entries(&rows, &messages).await?;
            let mut touches: Vec<ThreadTouch> = vec![];
            for ((one, written_at), message) in rows.iter().zip(&messages) {
                if !matches!(one.outgoing.content, Content::Reaction { .. }) {
                    let touch = ThreadTouch::plain(one.thread, *message, *written_at);
                    match touches.iter_mut().find(|known| known.thread == one.thread) {
                        Some(known) => known.then(touch),
                        None => touches.push(touch),
                    }
                }
                if let Some(media) = one.outgoing.content.media().filter(|media| media.file.is_some()) {
                    self.keep_own_media(*message, one.connection, media, one.now).await?;
                }
            }
            self.touch_threads(&touches).await?;
            enqueued.extend(messages.into_iter().zip(entries));
        }
        Ok(enqueued)
    }

    /// Inserts our own messages, each with the time at which it was written, and adds them to the search index.
    async fn insert_own_messages(&mut self, rows: &[(&NewEntry<'_>, Timestamp)]) -> Result<Vec<MessageId>> {
        let mut insert = QueryBuilder::new(
            "INSERT INTO messages (thread_id, connection_id, direction, origin, kind, content, words, progress, reply_to,
                                   author, created_at, received_at, run_id, reply_key) ",
        );
        insert.push_values(rows, |mut row, (one, written_at)| {
            let outgoing = one.outgoing;
            let reply_key = outgoing.reply_to.as_deref().map(|id| message_key(one.connection, id).to_vec());
            row.push_bind(one.thread.0)
                .push_bind(one.connection.0)
                .push("'outbound', 'api'")
                .push_bind(outgoing.content.kind())
                .push_bind(json(&outgoing.content))
                .push_bind(outgoing.content.words().as_received().to_owned())
                .push("'queued'")
                .push_bind(outgoing.reply_to.as_deref())
                .push_bind(one.author)
                .push_bind(written_at.millis())
                .push_bind(written_at.millis())
                .push_bind(one.run.map(|run| run.0))
                .push_bind(reply_key);
        });
        insert.push(" RETURNING id");
        let mut ids: Vec<i64> = insert.build_query_scalar().fetch_all(self.connection()).await?;
        // Ids increase in the order of the rows.
        ids.sort_unstable();
        let mut words = QueryBuilder::new("INSERT INTO message_words (rowid, words, tag) ");
        words.push_values(rows.iter().zip(&ids), |mut row, ((one, _), id)| {
            let words = one.outgoing.content.words().as_received().to_owned();
            row.push_bind(*id).push_bind(words).push_bind(one.thread.to_string());
        });
        words.build().execute(self.connection()).await?;
        Ok(ids.into_iter().map(MessageId).collect())
    }

    /// Inserts the entries of our own messages.
    async fn insert_entries(
        &mut self,
        rows: &[(&NewEntry<'_>, Timestamp)],
        messages: &[MessageId],
    ) -> Result<Vec<EntryId>> {
        let mut insert = QueryBuilder::new(
            "INSERT INTO outbox (message_id, thread_id, connection_id, state, reference, outgoing, business_initiated,
                                 freeform, due_at, created_at, not_before) ",
        );
        insert.push_values(rows.iter().zip(messages), |mut row, ((one, _), message)| {
            let freeform = !matches!(one.outgoing.content, Content::Template { .. });
            let due_at = one.provider_takes_at.or(one.not_before).unwrap_or(one.now);
            row.push_bind(message.0)
                .push_bind(one.thread.0)
                .push_bind(one.connection.0)
                .push("'queued'")
                .push_bind(&one.outgoing.reference)
                .push_bind(json(one.outgoing))
                .push_bind(one.business_initiated)
                .push_bind(freeform)
                .push_bind(due_at.millis())
                .push_bind(one.now.millis())
                .push_bind(one.not_before.map(Timestamp::millis));
        });
        insert.push(" RETURNING id");
        let mut ids: Vec<i64> = insert.build_query_scalar().fetch_all(self.connection()).await?;
        ids.sort_unstable();
        Ok(ids.into_iter().map(EntryId).collect())
    }

    /// Returns an author's newest entry in a thread that was never in flight, or that is scheduled at the provider.
    pub async fn last_unsent(
        &mut self,
        thread: ThreadId,
        author: &str,
    ) -> Result<Option<(EntryId, EntryState, Content)>> {
        let row = sqlx::query(
            "SELECT o.id, o.state, m.content FROM outbox o JOIN messages m ON m.id = o.message_id
             WHERE o.thread_id = $1 AND m.author = $2 AND ((o.state = 'scheduled' AND o.recalled_at IS NULL)
                OR (o.state = 'queued' AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.outbox_id = o.id)))
             ORDER BY o.id DESC LIMIT 1",
        )
        .bind(thread.0)
        .bind(author)
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "outbox");
            Ok((EntryId(cells.int("id")?), cells.named("state", EntryState::from_name)?, cells.json("content")?))
        })
        .transpose()
    }

    /// Holds an entry until a person releases it, with the reason. Releasing an entry held because of another app
    /// takes the conversation over.
    pub async fn hold_for_person(&mut self, entry: EntryId, failure: &Failure) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET hold = 'operator', held_due_at = coalesce(held_due_at, due_at), failure = $2
             WHERE id = $1 AND state = 'queued'",
        )
        .bind(entry.0)
        .bind(json(failure))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Releases an entry. One that a person held gets its earlier due time; one that was to be sent later is sent
    /// now, except for a pause after a failure.
    pub async fn release_entry(&mut self, entry: EntryId, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET hold = NULL, held_due_at = NULL,
                failure = CASE WHEN hold = 'operator' AND json_extract(failure, '$.title') = $3 THEN NULL ELSE failure END,
                due_at = CASE WHEN hold = 'operator' THEN coalesce(held_due_at, due_at)
                    WHEN failure IS NOT NULL THEN due_at ELSE $2 END,
                not_before = CASE WHEN hold = 'operator' THEN not_before END,
                outgoing = CASE WHEN hold = 'operator' AND json_extract(failure, '$.title') = $3
                        THEN json_set(outgoing, '$.take_over', json('true'))
                    WHEN hold = 'operator' THEN outgoing ELSE json_remove(outgoing, '$.at') END
             WHERE id = $1 AND state = 'queued' AND hold IS NOT 'credentials'",
        )
        .bind(entry.0)
        .bind(now.millis())
        .bind(Failure::ANOTHER_APP)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Holds an entry until a time, with the rule that holds it.
    pub async fn hold_entry(&mut self, entry: EntryId, hold: Option<Hold>, due_at: Timestamp) -> Result<()> {
        // A hold by a person has no end; the due time is stored for its release.
        sqlx::query(
            "UPDATE outbox SET hold = $2, held_due_at = CASE WHEN $2 = 'operator' THEN coalesce(held_due_at, due_at) END,
                due_at = $3, awaits_list = 0 WHERE id = $1 AND state = 'queued'",
        )
        .bind(entry.0)
        .bind(hold.map(Hold::name))
        .bind(due_at.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Postpones a template until the template list is fetched, which tells whether it is marketing.
    pub async fn await_list(&mut self, entry: EntryId, again_at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE outbox SET awaits_list = 1, hold = NULL, due_at = $2 WHERE id = $1 AND state = 'queued'")
            .bind(entry.0)
            .bind(again_at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Returns the state of an entry, with its message, thread and connection.
    pub async fn entry_state(
        &mut self,
        entry: EntryId,
    ) -> Result<Option<(EntryState, MessageId, ThreadId, ConnectionId)>> {
        let row = sqlx::query("SELECT id, state, message_id, thread_id, connection_id FROM outbox WHERE id = $1")
            .bind(entry.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "outbox");
            Ok((
                cells.named("state", EntryState::from_name)?,
                MessageId(cells.int("message_id")?),
                ThreadId(cells.int("thread_id")?),
                ConnectionId(cells.int("connection_id")?),
            ))
        })
        .transpose()
    }
}
