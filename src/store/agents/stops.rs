//! Stops of agents, with the messages that they cancelled and those that had left shortly before.

use std::time::Duration;

use crate::domain::agents::requests::{CancelledRun, StopScope, StopView};
use crate::domain::ids::{EntryId, StopId, ThreadId};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json, readable, unreadable};
use crate::store::{Result, Store, Update, Write};

/// How long before a stop a message may have left to be listed with it.
const SHORTLY: Duration = Duration::from_secs(600);

/// Condition for the runs within a stop's scope: `$1` is the scope, `$2` its subject.
const OF_SCOPE: &str = "($1 = 'all' OR ($1 = 'agent' AND r.agent = $2) OR ($1 = 'thread' AND 't' || r.thread_id = $2))";

impl Store {
    /// Returns stops: active ones first, then the newest.
    pub async fn stops(&self, limit: u32) -> Result<Vec<StopView>> {
        let rows = sqlx::query(
            "SELECT id, scope, subject, reason, by, at, caught, departed, runs, lifted_by, lifted_at FROM stops
             ORDER BY lifted_at IS NOT NULL, id DESC LIMIT +$1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        readable(&rows, "stops", stop)
    }

    /// Returns one sentence for each active stop that cannot be read.
    pub async fn unreadable_stops(&self) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT id, scope, subject, caught, departed FROM stops WHERE lifted_at IS NULL")
            .fetch_all(&self.readers)
            .await?;
        Ok(unreadable(&rows, "stops", |cells| {
            let subject = cells.text("subject")?;
            let lists: [Vec<CancelledRun>; 2] = [cells.json("caught")?, cells.json("departed")?];
            StopScope::read(&cells.text("scope")?, &subject).ok_or_else(|| cells.corrupt("subject", &subject))?;
            Ok(lists)
        }))
    }
}

impl Store {
    /// Returns the scopes of the active stops.
    pub async fn open_stops(&self) -> Result<Vec<StopScope>> {
        let rows = sqlx::query("SELECT id, scope, subject FROM stops WHERE lifted_at IS NULL")
            .fetch_all(&self.readers)
            .await?;
        let read = |row| {
            let cells = RowReader::new(row, "stops");
            Ok(StopScope::read(&cells.text("scope")?, &cells.text("subject")?))
        };
        rows.iter().map(read).filter_map(Result::transpose).collect()
    }
}

impl Write {
    /// Returns who stopped exactly this scope, while the stop is active.
    pub async fn stopped_by(&mut self, what: &StopScope) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT by FROM stops WHERE scope = $1 AND subject = $2 AND lifted_at IS NULL")
            .bind(what.name())
            .bind(what.subject())
            .fetch_optional(self.connection())
            .await?)
    }

    /// Stops agents: cancels their runs and unsent messages, and stores these with the messages that left shortly
    /// before. Nothing is sent after the commit. A repeated stop cancels what came since.
    pub async fn stop(&mut self, what: &StopScope, by: &str, reason: &str, now: Timestamp) -> Result<StopView> {
        let (scope, subject) = (what.name(), what.subject());
        let listed = |state: &str| {
            format!(
                "SELECT o.id, o.thread_id, m.words, coalesce(p.name, (SELECT '+' || value FROM addresses a
                    WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1), '') AS contact
                 FROM outbox o JOIN messages m ON m.id = o.message_id JOIN runs r ON r.id = m.run_id
                    JOIN threads t ON t.id = o.thread_id JOIN contacts p ON p.id = t.contact_id
                 WHERE {state} AND {OF_SCOPE} ORDER BY o.id LIMIT 500"
            )
        };
        let queued = self.caught(listed("o.state = 'queued'"), scope, &subject).await?;
        let since = now.minus(SHORTLY).millis();
        let gone = listed(&format!("o.state IN ('sending', 'accepted', 'uncertain') AND o.created_at >= {since}"));
        let departed = self.caught(gone, scope, &subject).await?;
        let text = format!(
            "UPDATE outbox SET state = 'discarded', hold = NULL, settled_at = $3 WHERE state = 'queued' AND message_id IN
                (SELECT m.id FROM messages m JOIN runs r ON r.id = m.run_id WHERE {OF_SCOPE})"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(scope)
            .bind(&subject)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        let text = format!(
            "UPDATE runs AS r SET state = 'cancelled', finished_at = $3, error = $4, lease_until = NULL
             WHERE r.state IN ('scheduled', 'running', 'proposed') AND {OF_SCOPE} RETURNING thread_id"
        );
        let threads: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(text))
            .bind(scope)
            .bind(&subject)
            .bind(now.millis())
            .bind(format!("stopped by {by}"))
            .fetch_all(self.connection())
            .await?;
        // Contacts who were about to be answered now wait for a person.
        let waiting = threads.iter().copied().chain(queued.iter().map(|one| one.thread.0));
        for thread in waiting.collect::<std::collections::BTreeSet<_>>() {
            self.wait(ThreadId(thread), &format!("agent stopped by {by}"), now).await?;
        }
        let row = sqlx::query(
            "INSERT INTO stops (scope, subject, reason, by, at, caught, departed, runs) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (scope, subject) WHERE lifted_at IS NULL DO UPDATE SET caught = excluded.caught,
                departed = excluded.departed, runs = excluded.runs, by = excluded.by, at = excluded.at
             RETURNING id, scope, subject, reason, by, at, caught, departed, runs, lifted_by, lifted_at",
        )
        .bind(scope)
        .bind(&subject)
        .bind(reason)
        .bind(by)
        .bind(now.millis())
        .bind(json(&queued))
        .bind(json(&departed))
        .bind(i64::try_from(threads.len()).unwrap_or(i64::MAX))
        .fetch_one(self.connection())
        .await?;
        stop(&RowReader::new(&row, "stops"))
    }

    async fn caught(&mut self, text: String, scope: &str, subject: &str) -> Result<Vec<CancelledRun>> {
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(scope).bind(subject).fetch_all(self.connection()).await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "outbox");
                Ok(CancelledRun {
                    entry: EntryId(cells.int("id")?),
                    thread: ThreadId(cells.int("thread_id")?),
                    contact: crate::domain::text::clean_line(&cells.text("contact")?),
                    text: cells.untrusted("words")?,
                })
            })
            .collect()
    }

    /// Lifts a stop. Returns `Missed` if there was none.
    pub async fn lift_stop(&mut self, what: &StopScope, by: &str, now: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE stops SET lifted_by = $3, lifted_at = $4 WHERE scope = $1 AND subject = $2 AND lifted_at IS NULL",
        )
        .bind(what.name())
        .bind(what.subject())
        .bind(by)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }
}

fn stop(cells: &RowReader<'_>) -> Result<StopView> {
    let (scope, subject) = (cells.text("scope")?, cells.text("subject")?);
    Ok(StopView {
        id: StopId(cells.int("id")?),
        what: StopScope::read(&scope, &subject).ok_or_else(|| cells.corrupt("subject", &subject))?,
        reason: cells.text("reason")?,
        by: cells.text("by")?,
        at: cells.time("at")?,
        // A stop whose lists cannot be read is still active, and must be visible to be lifted.
        caught: cells.json("caught").unwrap_or_default(),
        departed: cells.json("departed").unwrap_or_default(),
        runs: cells.count("runs")?,
        lifted: cells.opt_text("lifted_by")?.zip(cells.opt_time("lifted_at")?),
    })
}
