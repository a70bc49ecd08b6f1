//! The outbox's writing side: enqueue, claim under a lease, keep every attempt, settle, rescue.

use std::time::Duration;

use crate::domain::failure::Failure;
use crate::domain::ids::{AttemptId, ConnectionId, EntryId, MessageId, RunId, ThreadId};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::message::holder::HeldElsewhere;
use crate::domain::outbox::entry::{EntryState, Outgoing};
use crate::domain::outbox::limits::Hold;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::inbound::rows::ThreadTouch;
use crate::store::outbox::holds::HeldNumber;
use crate::store::threads::holders::held;
use crate::store::{Result, Store, Write};

/// A message to be written down together with its entry.
#[derive(Debug)]
pub struct NewEntry<'a> {
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub outgoing: &'a Outgoing,
    pub author: &'a str,
    pub run: Option<RunId>,
    pub business_initiated: bool,
    pub not_before: Option<Timestamp>,
    /// When it is the provider's turn, where that is before its time.
    pub hand_over: Option<Timestamp>,
    pub now: Timestamp,
}

/// The head of a thread's queue, due now.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub entry: EntryId,
    pub message: MessageId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub outgoing: Outgoing,
    pub freeform: bool,
    pub business_initiated: bool,
    pub series: u32,
    /// Attempts of this series before the coming one.
    pub tried: u32,
    pub window_closes_at: Option<Timestamp>,
    pub opted_out: bool,
    pub run: Option<RunId>,
    /// Another app holds the conversation: sending takes it over.
    pub held_elsewhere: Option<HeldElsewhere>,
    /// Its whole number is held, and this may be the probe.
    pub held: Option<HeldNumber>,
}

/// When was sent before: what the limits are reckoned from.
#[derive(Debug, Default)]
pub struct Pace {
    pub connection: Vec<Timestamp>,
    pub pair: Vec<Timestamp>,
    /// What the business began with the contact within the hour, and what it is to begin later.
    pub business_initiated: Vec<Timestamp>,
}

/// An entry whose answer was lost.
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

/// What is sent later on purpose does not stand in the way of what is sent now, and what the hourly rule holds does
/// not stand in the way of an answer. A file goes up first.
const HEAD: &str =
    "NOT EXISTS (SELECT 1 FROM media f WHERE f.message_id = o.message_id AND f.state = 'kept' AND f.provider_id = '')
    AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.thread_id = o.thread_id AND p.id < o.id
    AND p.state IN ('queued', 'sending', 'uncertain') AND (p.not_before IS NULL OR p.not_before <= $1)
    AND NOT (p.business_initiated = 1 AND o.business_initiated = 0 AND EXISTS (SELECT 1 FROM outbox q
        WHERE q.thread_id = o.thread_id AND q.id <= p.id AND q.state = 'queued' AND q.hold = 'hourly_policy')))";

impl Store {
    /// When the next entry may be claimed.
    pub async fn next_entry_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let text = format!(
            "SELECT o.due_at FROM outbox o WHERE o.state = 'queued' AND o.hold IS NOT 'operator' AND {HEAD}
             ORDER BY o.due_at, o.id LIMIT 1"
        );
        let due: Option<i64> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(now.millis()).fetch_optional(&self.readers).await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// When the next uncertain entry is to be looked up.
    pub async fn next_look_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM outbox WHERE state = 'uncertain'")
            .fetch_one(&self.readers)
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// The uncertain entry that is due for a look, or the named one at once.
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
    /// Writes message and entry together: what is queued is seen, and what is seen is queued.
    pub async fn enqueue(&mut self, new: &NewEntry<'_>) -> Result<(MessageId, EntryId)> {
        let written_at = self.health.arrival(new.now);
        let words = new.outgoing.content.words();
        let message: i64 = sqlx::query_scalar(
            "INSERT INTO messages (thread_id, connection_id, direction, origin, kind, content, words, progress, reply_to,
                                   author, created_at, received_at, run_id, reply_key)
             VALUES ($1, $2, 'outbound', 'api', $3, $4, $5, 'queued', $6, $7, $8, $8, $9, $10) RETURNING id",
        )
        .bind(new.thread.0)
        .bind(new.connection.0)
        .bind(new.outgoing.content.kind())
        .bind(json(&new.outgoing.content))
        .bind(words.as_received())
        .bind(new.outgoing.reply_to.as_deref())
        .bind(new.author)
        .bind(written_at.millis())
        .bind(new.run.map(|run| run.0))
        .bind(new.outgoing.reply_to.as_deref().map(|id| message_key(new.connection, id).to_vec()))
        .fetch_one(self.connection())
        .await?;
        let message = MessageId(message);
        self.index_words(message, new.thread, &words).await?;
        if !matches!(new.outgoing.content, Content::Reaction { .. }) {
            self.touch_threads(&[ThreadTouch::plain(new.thread, message, written_at)]).await?;
        }
        let entry: i64 = sqlx::query_scalar(
            "INSERT INTO outbox (message_id, thread_id, connection_id, state, reference, outgoing, business_initiated,
                                 freeform, due_at, created_at, not_before)
             VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, coalesce($10, $9, $8), $8, $9) RETURNING id",
        )
        .bind(message.0)
        .bind(new.thread.0)
        .bind(new.connection.0)
        .bind(&new.outgoing.reference)
        .bind(json(new.outgoing))
        .bind(new.business_initiated)
        .bind(matches!(new.outgoing.content, Content::Template { .. }).then_some(0).unwrap_or(1))
        .bind(new.now.millis())
        .bind(new.not_before.map(Timestamp::millis))
        .bind(new.hand_over.map(Timestamp::millis))
        .fetch_one(self.connection())
        .await?;
        if let Some(media) = new.outgoing.content.media().filter(|media| media.file.is_some()) {
            self.keep_own_media(message, new.connection, media, new.now).await?;
        }
        Ok((message, EntryId(entry)))
    }

    /// The newest entry of this author in a thread that was never on the wire, or that the provider still keeps.
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

    /// Holds an entry until a person releases it, with the reason; releasing what another app's conversation holds takes
    /// that conversation over.
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

    /// Ends a person's hold: it is due when it was due before. What nobody holds and is to go later goes now; a
    /// pause after a failed try is kept all the same.
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

    /// The oldest due entry that no earlier one of its thread stands before.
    pub async fn head(&mut self, now: Timestamp) -> Result<Option<Claimed>> {
        let text = format!(
            "SELECT o.id, o.message_id, o.thread_id, o.connection_id, o.outgoing, o.freeform, o.business_initiated, o.series,
                    o.tried, t.window_closes_at, t.held_elsewhere, t.holder_told_at, p.opted_out, m.run_id, h.kind AS held_kind, h.probe_at, h.by_status
             FROM outbox o JOIN threads t ON t.id = o.thread_id JOIN contacts p ON p.id = t.contact_id
                JOIN messages m ON m.id = o.message_id LEFT JOIN connection_holds h ON h.connection_id = o.connection_id
             WHERE o.state = 'queued' AND o.due_at <= $1 AND o.hold IS NOT 'operator' AND {HEAD}
             ORDER BY o.due_at, o.id LIMIT 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(now.millis()).fetch_optional(self.connection()).await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "outbox");
            Ok(Claimed {
                entry: EntryId(cells.int("id")?),
                message: MessageId(cells.int("message_id")?),
                thread: ThreadId(cells.int("thread_id")?),
                connection: ConnectionId(cells.int("connection_id")?),
                outgoing: cells.json("outgoing")?,
                freeform: cells.flag("freeform")?,
                business_initiated: cells.flag("business_initiated")?,
                held_elsewhere: held(&cells)?,
                series: cells.count("series")?,
                tried: cells.count("tried")?,
                window_closes_at: cells.opt_time("window_closes_at")?,
                opted_out: cells.flag("opted_out")?,
                run: cells.opt_int("run_id")?.map(RunId),
                held: HeldNumber::read(&cells)?,
            })
        })
        .transpose()
    }

    /// What went before, as far back as the limits look. Times beyond that ahead of `now` are of a clock that
    /// was set back since.
    pub async fn pace(&mut self, claimed: &Claimed, now: Timestamp, pair: Duration) -> Result<Pace> {
        let connection: Vec<i64> = sqlx::query_scalar(
            "SELECT started_at FROM attempts WHERE connection_id = $1 AND started_at > $2 AND started_at <= $3 AND upload = 0",
        )
        .bind(claimed.connection.0)
        .bind(now.minus(Duration::from_secs(1)).millis())
        .bind(now.plus(Duration::from_secs(1)).millis())
        .fetch_all(self.connection())
        .await?;
        let pair: Vec<i64> = sqlx::query_scalar(
            "SELECT started_at FROM attempts WHERE thread_id = $1 AND started_at > $2 AND started_at <= $3 AND upload = 0",
        )
        .bind(claimed.thread.0)
        .bind(now.minus(pair).millis())
        .bind(now.plus(pair).millis())
        .fetch_all(self.connection())
        .await?;
        // An attempt that may have arrived counts like one that did. What was handed over ahead counts when it goes.
        let business_initiated: Vec<i64> = sqlx::query_scalar(
            "SELECT coalesce(a.paced_at, a.started_at) FROM attempts a
             WHERE a.business_initiated = 1 AND coalesce(a.paced_at, a.started_at) > $2 AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'uncertain'))
                AND a.thread_id IN (SELECT id FROM threads WHERE contact_id = (SELECT contact_id FROM threads WHERE id = $1))
                AND a.goes_at IS NULL
             UNION ALL
             SELECT a.goes_at FROM attempts a JOIN outbox o ON o.id = a.outbox_id
             WHERE a.business_initiated = 1 AND a.goes_at > $2 AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'uncertain'))
                AND a.thread_id IN (SELECT id FROM threads WHERE contact_id = (SELECT contact_id FROM threads WHERE id = $1))
                AND o.state <> 'discarded'",
        )
        .bind(claimed.thread.0)
        .bind(now.minus(Duration::from_secs(3_600)).millis())
        .fetch_all(self.connection())
        .await?;
        let times = |millis: Vec<i64>| millis.into_iter().map(Timestamp::from_millis).collect();
        Ok(Pace { connection: times(connection), pair: times(pair), business_initiated: times(business_initiated) })
    }

    /// Holds an entry back until a time, under the name of a rule.
    pub async fn hold_entry(&mut self, entry: EntryId, hold: Option<Hold>, due_at: Timestamp) -> Result<()> {
        // What a person holds has no time of its own: when it was due is kept for its release.
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

    /// A template waits until the list that says of which kind it is has been fetched; it is asked about again then.
    pub async fn await_list(&mut self, entry: EntryId, again_at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE outbox SET awaits_list = 1, hold = NULL, due_at = $2 WHERE id = $1 AND state = 'queued'")
            .bind(entry.0)
            .bind(again_at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Takes the entry for a limited time and writes the attempt down, before anything is sent. What is handed
    /// over ahead of its time says when it goes.
    pub async fn begin_attempt(
        &mut self,
        claimed: &Claimed,
        request: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<AttemptId> {
        sqlx::query(
            "UPDATE outbox SET state = 'sending', hold = NULL, held_due_at = NULL, tried = tried + 1, lease_until = $2, failure = NULL
             WHERE id = $1 AND state = 'queued'",
        )
        .bind(claimed.entry.0)
        .bind(now.plus(lease).millis())
        .execute(self.connection())
        .await?;
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO attempts (outbox_id, connection_id, thread_id, business_initiated, series, number, started_at, request,
                                   goes_at)
             VALUES ($1, $2, $3, $4, $5,
                (SELECT 1 + count(*) FROM attempts WHERE outbox_id = $1 AND series = $5), $6, $7, $8) RETURNING id",
        )
        .bind(claimed.entry.0)
        .bind(claimed.connection.0)
        .bind(claimed.thread.0)
        .bind(claimed.business_initiated)
        .bind(claimed.series)
        .bind(now.millis())
        .bind(request)
        .bind(claimed.outgoing.at.map(Timestamp::millis))
        .fetch_one(self.connection())
        .await?;
        Ok(AttemptId(id))
    }

    pub async fn finish_attempt(
        &mut self,
        attempt: AttemptId,
        now: Timestamp,
        outcome: &str,
        http_status: Option<u16>,
        failure: Option<&Failure>,
        response: &str,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE attempts SET finished_at = $2, outcome = $3, http_status = $4, failure = $5, response = $6
             WHERE id = $1 AND (finished_at IS NULL OR outcome = 'uncertain')",
        )
        .bind(attempt.0)
        .bind(now.millis())
        .bind(outcome)
        .bind(http_status)
        .bind(failure.map(json))
        .bind(response)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Whether what the provider answered to this attempt still decides: the entry is being sent, or is uncertain
    /// since its lease ended before the answer came, and this is its last attempt.
    pub async fn awaits_answer(&mut self, entry: EntryId, attempt: AttemptId) -> Result<bool> {
        let awaits: Option<bool> = sqlx::query_scalar(
            "SELECT state IN ('sending', 'uncertain') AND $2 = (SELECT max(id) FROM attempts WHERE outbox_id = $1 AND upload = 0)
             FROM outbox WHERE id = $1",
        )
        .bind(entry.0)
        .bind(attempt.0)
        .fetch_optional(self.connection())
        .await?;
        Ok(awaits == Some(true))
    }

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
