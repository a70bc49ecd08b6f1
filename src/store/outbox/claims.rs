//! Claims of due entries: the heads of the queues, earlier sends for the rate limits, and new attempts, each for many
//! entries in a few statements.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::domain::ids::{AttemptId, ConnectionId, ContactId, EntryId, MessageId, RunId, ThreadId};
use crate::domain::message::holder::HeldElsewhere;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::outbox::holds::HeldNumber;
use crate::store::threads::holders::held;
use crate::store::{Result, StoreError, Write};

/// The head of a thread's queue, due now.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub entry: EntryId,
    pub message: MessageId,
    pub thread: ThreadId,
    pub contact: ContactId,
    pub connection: ConnectionId,
    pub outgoing: Outgoing,
    pub freeform: bool,
    pub business_initiated: bool,
    pub series: u32,
    /// Number of earlier attempts in this series.
    pub tried: u32,
    pub window_closes_at: Option<Timestamp>,
    pub opted_out: bool,
    pub run: Option<RunId>,
    /// The app that holds the conversation, if it is another one; sending takes it over.
    pub held_elsewhere: Option<HeldElsewhere>,
    /// The hold of its number; this entry may be the probe.
    pub held: Option<HeldNumber>,
}

/// Times of earlier sends, to which the rate limits apply.
#[derive(Debug, Default)]
pub struct Pace {
    pub connection: Vec<Timestamp>,
    pub pair: Vec<Timestamp>,
    /// Business-initiated messages to the contact within the hour, and those scheduled for later.
    pub business_initiated: Vec<Timestamp>,
}

/// Earlier sends of all connections, threads and contacts in a round of claims.
#[derive(Debug, Default)]
pub struct Paces {
    connections: HashMap<ConnectionId, Vec<Timestamp>>,
    threads: HashMap<ThreadId, Vec<Timestamp>>,
    contacts: HashMap<ContactId, Vec<Timestamp>>,
}

impl Paces {
    /// Returns the sends that count for one entry.
    pub fn of(&self, claimed: &Claimed) -> Pace {
        Pace {
            connection: self.connections.get(&claimed.connection).cloned().unwrap_or_default(),
            pair: self.threads.get(&claimed.thread).cloned().unwrap_or_default(),
            business_initiated: self.contacts.get(&claimed.contact).cloned().unwrap_or_default(),
        }
    }

    /// Counts a send at this time before it is stored.
    pub fn goes(&mut self, claimed: &Claimed, now: Timestamp) {
        self.connections.entry(claimed.connection).or_default().push(now);
        self.threads.entry(claimed.thread).or_default().push(now);
        if claimed.business_initiated {
            self.contacts.entry(claimed.contact).or_default().push(claimed.outgoing.at.unwrap_or(now));
        }
    }
}

/// Condition for the head of a queue. An entry scheduled for later does not block those after it, and an entry held
/// by the hourly policy does not block a reply. Its file must be uploaded first.
pub(super) const HEAD: &str =
    "NOT EXISTS (SELECT 1 FROM media f WHERE f.message_id = o.message_id AND f.state = 'kept' AND f.provider_id = '')
    AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.thread_id = o.thread_id AND p.id < o.id
    AND p.state IN ('queued', 'sending', 'uncertain') AND (p.not_before IS NULL OR p.not_before <= $1)
    AND NOT (p.business_initiated = 1 AND o.business_initiated = 0 AND EXISTS (SELECT 1 FROM outbox q
        WHERE q.thread_id = o.thread_id AND q.id <= p.id AND q.state = 'queued' AND q.hold = 'hourly_policy')))";

impl Write {
    /// Returns the oldest due heads, at most one per contact. An error about a row names it.
    pub async fn heads(&mut self, now: Timestamp, limit: usize) -> Result<Vec<Claimed>> {
        let text = format!(
            "SELECT o.id, o.message_id, o.thread_id, t.contact_id, o.connection_id, o.outgoing, o.freeform, o.business_initiated, o.series,
                    o.tried, t.window_closes_at, t.held_elsewhere, t.holder_told_at, p.opted_out, m.run_id, h.kind AS held_kind, h.probe_at, h.by_status
             FROM outbox o JOIN threads t ON t.id = o.thread_id JOIN contacts p ON p.id = t.contact_id
                JOIN messages m ON m.id = o.message_id LEFT JOIN connection_holds h ON h.connection_id = o.connection_id
             WHERE o.state = 'queued' AND o.due_at <= $1 AND o.hold IS NOT 'operator' AND {HEAD}
             ORDER BY o.due_at, o.id LIMIT +$2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(now.millis())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.connection())
            .await?;
        let mut contacts = BTreeSet::new();
        let mut heads = Vec::with_capacity(rows.len());
        for row in &rows {
            let cells = RowReader::new(row, "outbox");
            let contact = ContactId(cells.int("contact_id")?);
            // Whether a contact's next entry is allowed depends on whether the one before it is sent.
            if !contacts.insert(contact) {
                continue;
            }
            heads.push(Claimed {
                entry: EntryId(cells.int("id")?),
                message: MessageId(cells.int("message_id")?),
                thread: ThreadId(cells.int("thread_id")?),
                contact,
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
            });
        }
        Ok(heads)
    }

    /// Returns earlier sends, as far back as the limits look. Later times beyond that come from a clock that was set
    /// back, and are ignored.
    pub async fn paces(&mut self, heads: &[Claimed], now: Timestamp, pair: Duration) -> Result<Paces> {
        let connections: BTreeSet<i64> = heads.iter().map(|head| head.connection.0).collect();
        let threads: Vec<i64> = heads.iter().map(|head| head.thread.0).collect();
        let second = Duration::from_secs(1);
        let attempts: Vec<(bool, i64, i64)> = sqlx::query_as(
            "SELECT 1, a.connection_id, a.started_at FROM json_each($1) w CROSS JOIN attempts a ON a.connection_id = w.value
             WHERE a.started_at > $3 AND a.started_at <= $4 AND a.upload = 0
             UNION ALL
             SELECT 0, a.thread_id, a.started_at FROM json_each($2) w CROSS JOIN attempts a ON a.thread_id = w.value
             WHERE a.started_at > $5 AND a.started_at <= $6 AND a.upload = 0",
        )
        .bind(json(&connections))
        .bind(json(&threads))
        .bind(now.minus(second).millis())
        .bind(now.plus(second).millis())
        .bind(now.minus(pair).millis())
        .bind(now.plus(pair).millis())
        .fetch_all(self.connection())
        .await?;
        let mut paces = Paces::default();
        for (of_connection, id, at) in attempts {
            let at = Timestamp::from_millis(at);
            if of_connection {
                paces.connections.entry(ConnectionId(id)).or_default().push(at);
            } else {
                paces.threads.entry(ThreadId(id)).or_default().push(at);
            }
        }
        let contacts: Vec<i64> =
            heads.iter().filter(|head| head.business_initiated).map(|head| head.contact.0).collect();
        if contacts.is_empty() {
            return Ok(paces);
        }
        // An attempt that may have arrived counts like one that did. A message scheduled at the provider counts at
        // its sending time.
        let business_initiated: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT t.contact_id, coalesce(a.paced_at, a.started_at)
             FROM json_each($1) w CROSS JOIN threads t ON t.contact_id = w.value CROSS JOIN attempts a ON a.thread_id = t.id
             WHERE a.business_initiated = 1 AND coalesce(a.paced_at, a.started_at) > $2
                AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'uncertain')) AND a.goes_at IS NULL
             UNION ALL
             SELECT t.contact_id, a.goes_at
             FROM json_each($1) w CROSS JOIN threads t ON t.contact_id = w.value CROSS JOIN attempts a ON a.thread_id = t.id
                JOIN outbox o ON o.id = a.outbox_id
             WHERE a.business_initiated = 1 AND a.goes_at > $2
                AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'uncertain')) AND o.state <> 'discarded'",
        )
        .bind(json(&contacts))
        .bind(now.minus(Duration::from_secs(3_600)).millis())
        .fetch_all(self.connection())
        .await?;
        for (contact, at) in business_initiated {
            paces.contacts.entry(ContactId(contact)).or_default().push(Timestamp::from_millis(at));
        }
        Ok(paces)
    }

    /// Marks entries as being sent, under a lease, and stores their attempts with the requests, before anything is
    /// sent. Returns the attempts in the order of the entries.
    pub async fn begin_attempts(
        &mut self,
        claimed: &[(&Claimed, &str)],
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<AttemptId>> {
        if claimed.is_empty() {
            return Ok(vec![]);
        }
        let entries: Vec<i64> = claimed.iter().map(|(claimed, _)| claimed.entry.0).collect();
        sqlx::query(
            "UPDATE outbox SET state = 'sending', hold = NULL, held_due_at = NULL, tried = tried + 1, lease_until = $2, failure = NULL
             WHERE id IN (SELECT value FROM json_each($1)) AND state = 'queued'",
        )
        .bind(json(&entries))
        .bind(now.plus(lease).millis())
        .execute(self.connection())
        .await?;
        let rows: Vec<_> = claimed
            .iter()
            .map(|(claimed, request)| {
                let ids = (claimed.entry.0, claimed.connection.0, claimed.thread.0);
                let goes_at = claimed.outgoing.at.map(Timestamp::millis);
                (ids, u8::from(claimed.business_initiated), claimed.series, request, goes_at)
            })
            .collect();
        let begun: Vec<(i64, i64)> = sqlx::query_as(
            "WITH w (entry, connection, thread, business_initiated, series, request, goes_at) AS MATERIALIZED (
                SELECT value -> 0 ->> 0, value -> 0 ->> 1, value -> 0 ->> 2, value ->> 1, value ->> 2, value ->> 3, value ->> 4
                FROM json_each($1))
             INSERT INTO attempts (outbox_id, connection_id, thread_id, business_initiated, series, number, started_at, request,
                                   goes_at)
             SELECT entry, connection, thread, business_initiated, series,
                (SELECT 1 + count(*) FROM attempts a WHERE a.outbox_id = w.entry AND a.series = w.series), $2, request, goes_at
             FROM w WHERE true RETURNING id, outbox_id",
        )
        .bind(json(&rows))
        .bind(now.millis())
        .fetch_all(self.connection())
        .await?;
        let begun: HashMap<i64, i64> = begun.into_iter().map(|(attempt, entry)| (entry, attempt)).collect();
        let attempts = entries.iter().map(|entry| begun.get(entry).copied().map(AttemptId));
        attempts.collect::<Option<_>>().ok_or_else(|| StoreError::Database(sqlx::Error::RowNotFound))
    }
}
