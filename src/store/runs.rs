//! Agent runs: scheduled with the message that asks for them, claimed under a lease, finished once.

use std::time::Duration;

use super::codec::Cells;
use super::{Result, Store, Write};
use crate::domain::assignment::Mode;
use crate::domain::ids::{AssignmentId, ConnectionId, RunId, ThreadId};
use crate::domain::run::RunState;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// A run whose time has come.
#[derive(Debug, Clone)]
pub struct DueRun {
    pub run: RunId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub agent: String,
    pub mode: Mode,
    pub batch_size: u32,
    pub first_contact: bool,
}

/// How a run ended.
#[derive(Debug)]
pub struct Finish<'a> {
    pub state: RunState,
    pub said: Option<&'a Untrusted>,
    pub trace: Option<&'a str>,
    pub error: Option<&'a str>,
}

impl Store {
    pub async fn next_run_due(&self) -> Result<Option<Timestamp>> {
        // Whoever works holds the thread's turn; the next run starts when that one has ended.
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT min(r.due_at) FROM runs r WHERE r.state = 'scheduled'
                AND NOT EXISTS (SELECT 1 FROM runs w WHERE w.thread_id = r.thread_id AND w.state = 'running')",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(due.map(Timestamp::from_millis))
    }
}

impl Write {
    /// Schedules a run for a message, or lets the one that collects wait for this message too. A run
    /// that works and has not sent is superseded.
    pub async fn schedule_run(
        &mut self,
        thread: ThreadId,
        assignment: AssignmentId,
        due_at: Timestamp,
        first_contact: bool,
        now: Timestamp,
    ) -> Result<RunId> {
        let superseded: Option<(i64, i64)> = sqlx::query_as(
            "UPDATE runs SET state = 'superseded', finished_at = $2, error = 'a newer message came first', lease_until = NULL
             WHERE thread_id = $1 AND state = 'running' RETURNING id, batch_size",
        )
        .bind(thread.0)
        .bind(now.millis())
        .fetch_optional(self.connection())
        .await?;
        // Words that are written but not yet on the wire answer a question that has changed.
        let unsent: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT DISTINCT r.id, r.batch_size FROM outbox o JOIN messages m ON m.id = o.message_id JOIN runs r ON r.id = m.run_id
             WHERE o.thread_id = $1 AND o.state = 'queued' AND r.state = 'answered'
                AND NOT EXISTS (SELECT 1 FROM outbox s JOIN messages n ON n.id = s.message_id
                                WHERE n.run_id = r.id AND s.state IN ('sending', 'accepted', 'uncertain'))",
        )
        .bind(thread.0)
        .fetch_all(self.connection())
        .await?;
        let mut carried = superseded.map_or(0, |(_, batch)| batch);
        for (run, batch) in unsent {
            self.discard_unsent_of(RunId(run), now).await?;
            sqlx::query("UPDATE runs SET state = 'superseded', error = 'a newer message came first' WHERE id = $1")
                .bind(run)
                .execute(self.connection())
                .await?;
            carried += batch;
        }
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO runs (thread_id, assignment_id, agent, mode, state, batch_size, due_at, created_at, first_contact)
             SELECT $1, g.id, g.agent, g.mode, 'scheduled', $3, $4, $5, $6 FROM assignments g WHERE g.id = $2
             ON CONFLICT (thread_id) WHERE state = 'scheduled' DO UPDATE SET due_at = excluded.due_at,
                batch_size = runs.batch_size + 1, assignment_id = excluded.assignment_id, agent = excluded.agent,
                mode = excluded.mode
             RETURNING id",
        )
        .bind(thread.0)
        .bind(assignment.0)
        .bind(1 + carried)
        .bind(due_at.millis())
        .bind(now.millis())
        .bind(first_contact)
        .fetch_one(self.connection())
        .await?;
        Ok(RunId(id))
    }

    /// Takes the next due run for a limited time.
    pub async fn claim_run(&mut self, now: Timestamp, lease: Duration) -> Result<Option<DueRun>> {
        let row = sqlx::query(
            "UPDATE runs SET state = 'running', started_at = $1, lease_until = $2 WHERE id = (
                SELECT r.id FROM runs r WHERE r.state = 'scheduled' AND r.due_at <= $1
                    AND NOT EXISTS (SELECT 1 FROM runs w WHERE w.thread_id = r.thread_id AND w.state = 'running')
                ORDER BY r.due_at LIMIT 1)
             RETURNING id, thread_id, agent, mode, batch_size, first_contact,
                (SELECT t.connection_id FROM threads t WHERE t.id = thread_id) AS connection_id",
        )
        .bind(now.millis())
        .bind(now.plus(lease).millis())
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| {
            let cells = Cells::new(&row, "runs");
            Ok(DueRun {
                run: RunId(cells.int("id")?),
                thread: ThreadId(cells.int("thread_id")?),
                connection: ConnectionId(cells.int("connection_id")?),
                agent: cells.text("agent")?,
                mode: cells.named("mode", Mode::from_name)?,
                batch_size: cells.count("batch_size")?,
                first_contact: cells.flag("first_contact")?,
            })
        })
        .transpose()
    }

    /// Ends a run that is still the one that works. `false`: it was superseded or cancelled meanwhile,
    /// and its words must not go out.
    pub async fn finish_run(&mut self, run: RunId, finish: &Finish<'_>, now: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE runs SET state = $2, finished_at = $3, said = $4, trace = $5, error = $6, lease_until = NULL
             WHERE id = $1 AND state = 'running'",
        )
        .bind(run.0)
        .bind(finish.state.name())
        .bind(now.millis())
        .bind(finish.said.map(Untrusted::as_received))
        .bind(finish.trace)
        .bind(finish.error)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// A person has the thread now: nothing that an agent has not sent goes out.
    pub async fn silence_agent(&mut self, thread: ThreadId, why: &str, now: Timestamp) -> Result<u64> {
        let runs = sqlx::query(
            "UPDATE runs SET state = 'cancelled', finished_at = $2, error = $3, lease_until = NULL
             WHERE thread_id = $1 AND state IN ('scheduled', 'running')",
        )
        .bind(thread.0)
        .bind(now.millis())
        .bind(why)
        .execute(self.connection())
        .await?;
        let entries = sqlx::query(
            "UPDATE outbox SET state = 'discarded', hold = NULL, settled_at = $2
             WHERE thread_id = $1 AND state = 'queued'
                AND message_id IN (SELECT id FROM messages WHERE thread_id = $1 AND run_id IS NOT NULL)",
        )
        .bind(thread.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(runs.rows_affected() + entries.rows_affected())
    }

    /// Runs of a dead process are taken up again: an agent asked twice does no harm, as its words go
    /// out once.
    pub async fn rescue_runs(&mut self, leased_until: Timestamp, now: Timestamp) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE runs SET state = 'scheduled', started_at = NULL, lease_until = NULL, due_at = $1
             WHERE state = 'running' AND lease_until <= $2
                AND NOT EXISTS (SELECT 1 FROM runs s WHERE s.thread_id = runs.thread_id AND s.state = 'scheduled')",
        )
        .bind(now.millis())
        .bind(leased_until.millis())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }
}
