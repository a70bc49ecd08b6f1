//! Agent runs: scheduled with the message that they answer, claimed under a lease, and finished once.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::QueryBuilder;

use super::due_runs::{DueRun, due_run};
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::contract::Money;
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::requests::{AgentAction, RunRecord, RunView, ToolCall};
use crate::domain::agents::run::RunState;
use crate::domain::ids::{AssignmentId, ConnectionId, MessageId, RunId, ThreadId};
use crate::domain::message::status::{DeliveryRecord, DeliveryStatus};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::agents::assignments::money;
use crate::store::codec::{RowReader, json, readable};
use crate::store::multi_row::chunks;
use crate::store::threads::thread::contact;
use crate::store::{Result, Store, Update, Write};

const RUN: &str = "SELECT r.id, r.thread_id, p.name AS contact_name,
    coalesce((SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' AND a.value = substr(t.external_id, 10)),
        (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1)) AS phone,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id,
    r.agent, r.state, r.batch_size, r.due_at, r.started_at, r.finished_at, r.said, r.error, r.breaches, r.decided_by
 FROM runs r JOIN threads t ON t.id = r.thread_id JOIN contacts p ON p.id = t.contact_id";

fn run(cells: &RowReader<'_>) -> Result<RunView> {
    Ok(RunView {
        id: RunId(cells.int("id")?),
        thread_id: ThreadId(cells.int("thread_id")?),
        contact: contact(cells)?,
        agent: cells.text("agent")?,
        state: cells.named("state", RunState::from_name)?,
        batch_size: cells.count("batch_size")?,
        due_at: cells.time("due_at")?,
        started_at: cells.opt_time("started_at")?,
        finished_at: cells.opt_time("finished_at")?,
        said: cells.opt_untrusted("said")?,
        error: cells.opt_untrusted("error")?,
        breaches: cells.opt_json("breaches")?.unwrap_or_default(),
        decided_by: cells.opt_text("decided_by")?,
    })
}

/// How a run ended, with everything that its record contains.
#[derive(Debug, Default)]
pub struct Finish<'a> {
    pub said: Option<&'a Untrusted>,
    pub words: &'a [ReplyPart],
    pub acts: &'a [AgentAction],
    pub calls: &'a [ToolCall],
    pub given: Option<&'a str>,
    pub trace: Option<&'a str>,
    pub error: Option<&'a str>,
    pub breaches: &'a [String],
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub usage_estimated: bool,
    pub cost: Money,
    pub agent_digest: &'a str,
}

/// Number of runs and outbox entries cancelled when agents were silenced.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Silenced {
    pub runs: u64,
    pub entries: u64,
}

impl Store {
    /// Returns the last runs, of one thread or of all.
    pub async fn runs(&self, thread: Option<ThreadId>, limit: u32, before: Option<RunId>) -> Result<Vec<RunView>> {
        let condition = if thread.is_some() { "r.thread_id = $1" } else { "$1 IS NULL" };
        let text = format!("{RUN} WHERE {condition} AND r.id < $2 ORDER BY r.id DESC LIMIT +$3");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(thread.map(|thread| thread.0))
            .bind(before.map_or(i64::MAX, |id| id.0))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        readable(&rows, "runs", run)
    }

    /// Returns one run.
    pub async fn run(&self, id: RunId) -> Result<Option<RunView>> {
        let text = format!("{RUN} WHERE r.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await?;
        row.map(|row| run(&RowReader::new(&row, "runs"))).transpose()
    }

    /// Returns the run with a suggested reply in a thread.
    pub async fn proposed_in(&self, thread: ThreadId) -> Result<Option<RunId>> {
        let id: Option<i64> = sqlx::query_scalar("SELECT id FROM runs WHERE thread_id = $1 AND state = 'proposed'")
            .bind(thread.0)
            .fetch_optional(&self.readers)
            .await?;
        Ok(id.map(RunId))
    }

    /// Returns everything about one run.
    pub async fn run_record(&self, id: RunId) -> Result<Option<RunRecord>> {
        let Some(view) = self.run(id).await? else { return Ok(None) };
        let row = sqlx::query(
            "SELECT id, assignment_id, mode, given, words, calls, trace, tokens_in, tokens_out, usage_estimated, cost, agent_digest,
                decided_at FROM runs WHERE id = $1",
        )
        .bind(id.0)
        .fetch_one(&self.readers)
        .await?;
        let cells = RowReader::new(&row, "runs");
        let (words, acts): (Vec<ReplyPart>, Vec<AgentAction>) = cells.opt_json("words")?.unwrap_or_default();
        let rows = sqlx::query(
            "SELECT id, words, progress, failed_at IS NOT NULL AS failed FROM messages WHERE run_id = $1 ORDER BY id",
        )
        .bind(id.0)
        .fetch_all(&self.readers)
        .await?;
        let mut messages = vec![];
        for row in &rows {
            let cells = RowReader::new(row, "messages");
            let progress = cells.named("progress", DeliveryStatus::from_name)?;
            let failed = cells.flag("failed")? && !progress.proves_arrival();
            let status = if failed { DeliveryStatus::Failed } else { DeliveryRecord::new(progress).status() };
            messages.push((MessageId(cells.int("id")?), cells.untrusted("words")?, status));
        }
        Ok(Some(RunRecord {
            run: view,
            assignment: AssignmentId(cells.int("assignment_id")?),
            mode: cells.named("mode", Mode::from_name)?,
            given: cells.opt_untrusted("given")?,
            words,
            acts,
            calls: cells.opt_json("calls")?.unwrap_or_default(),
            trace: cells.opt_untrusted("trace")?,
            tokens_in: cells.int("tokens_in")?.try_into().unwrap_or(0),
            tokens_out: cells.int("tokens_out")?.try_into().unwrap_or(0),
            usage_estimated: cells.flag("usage_estimated")?,
            cost: money(&cells, "cost")?,
            agent_digest: cells.opt_text("agent_digest")?,
            decided_at: cells.opt_time("decided_at")?,
            messages,
        }))
    }

    /// Returns the runs of a thread that were open at a time or began after it, oldest first.
    pub async fn runs_of(&self, thread: ThreadId, since: Timestamp) -> Result<Vec<RunView>> {
        let text = format!(
            "{RUN} WHERE r.thread_id = $1 AND (r.finished_at IS NULL OR r.finished_at >= $2) ORDER BY r.id DESC LIMIT 20"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(thread.0).bind(since.millis()).fetch_all(&self.readers).await?;
        rows.iter().rev().map(|row| run(&RowReader::new(row, "runs"))).collect()
    }

    /// Returns when the next run is due.
    pub async fn next_run_due(&self) -> Result<Option<Timestamp>> {
        // A running run blocks its thread; the next run starts after it.
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT min(r.due_at) FROM runs r WHERE r.state = 'scheduled'
                AND NOT EXISTS (SELECT 1 FROM runs w WHERE w.thread_id = r.thread_id AND w.state = 'running')",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(due.map(Timestamp::from_millis))
    }
}

/// A run to schedule.
#[derive(Debug, Clone, Copy)]
pub struct NewRun {
    pub thread: ThreadId,
    pub assignment: AssignmentId,
    /// Number of messages that the run answers.
    pub messages: i64,
    pub due_at: Timestamp,
    pub first_contact: bool,
}

impl Write {
    /// Schedules runs. A thread has at most one scheduled run; a newer message postpones it and is added to it.
    pub async fn schedule_runs(&mut self, runs: &[NewRun], now: Timestamp) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = runs
            .iter()
            .map(|run| (run.thread.0, run.assignment.0, run.messages, run.due_at.millis(), run.first_contact))
            .collect();
        sqlx::query(
            "INSERT INTO runs (thread_id, assignment_id, agent, mode, state, batch_size, due_at, created_at, first_contact)
             SELECT w.value ->> 0, g.id, g.agent, g.mode, 'scheduled', w.value ->> 2, w.value ->> 3, $2, w.value ->> 4
             FROM json_each($1) w CROSS JOIN assignments g ON g.id = w.value ->> 1 WHERE true
             ON CONFLICT (thread_id) WHERE state = 'scheduled' DO UPDATE SET due_at = excluded.due_at,
                batch_size = runs.batch_size + 1, assignment_id = excluded.assignment_id, agent = excluded.agent,
                mode = excluded.mode",
        )
        .bind(json(&rows))
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Supersedes what answers an outdated question: a running run, a suggested reply, and unsent messages. Returns
    /// the number of messages that these answered.
    pub async fn supersede(&mut self, thread: ThreadId, now: Timestamp) -> Result<i64> {
        let superseded: Option<(i64, i64)> = sqlx::query_as(
            "UPDATE runs SET state = 'superseded', finished_at = $2, error = 'a newer message came first', lease_until = NULL
             WHERE thread_id = $1 AND state = 'running' RETURNING id, batch_size",
        )
        .bind(thread.0)
        .bind(now.millis())
        .fetch_optional(self.connection())
        .await?;
        // Queued messages of an agent answer an outdated question.
        let unsent: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT DISTINCT r.id, r.batch_size FROM outbox o JOIN messages m ON m.id = o.message_id JOIN runs r ON r.id = m.run_id
             WHERE o.thread_id = $1 AND o.state = 'queued' AND r.state = 'answered' AND r.decided_by IS NULL
                AND (o.not_before IS NULL OR o.not_before <= $2)
                AND NOT EXISTS (SELECT 1 FROM outbox s JOIN messages n ON n.id = s.message_id
                                WHERE n.run_id = r.id AND s.state IN ('sending', 'accepted', 'uncertain'))",
        )
        .bind(thread.0)
        .bind(now.millis())
        .fetch_all(self.connection())
        .await?;
        let mut carried = superseded.map_or(0, |(_, batch)| batch) + self.let_proposal_fall(thread, now).await?;
        for (run, batch) in unsent {
            self.discard_unsent_of(RunId(run), now).await?;
            sqlx::query("UPDATE runs SET state = 'superseded', error = 'a newer message came first' WHERE id = $1")
                .bind(run)
                .execute(self.connection())
                .await?;
            carried += batch;
        }
        Ok(carried)
    }

    /// Claims the next due runs with a lease: at most `limit`, and one per thread.
    pub async fn claim_runs(&mut self, now: Timestamp, lease: Duration, limit: usize) -> Result<Vec<DueRun>> {
        // A thread has at most one scheduled run.
        let rows = sqlx::query(
            "UPDATE runs SET state = 'running', started_at = $1, lease_until = $2
             WHERE id IN (SELECT r.id FROM runs r WHERE r.state = 'scheduled' AND r.due_at <= $1
                AND NOT EXISTS (SELECT 1 FROM runs w WHERE w.thread_id = r.thread_id AND w.state = 'running')
                ORDER BY r.due_at LIMIT +$3)
             RETURNING id, due_at, thread_id, assignment_id, agent, mode, batch_size, first_contact,
                (SELECT t.connection_id FROM threads t WHERE t.id = thread_id) AS connection_id",
        )
        .bind(now.millis())
        .bind(now.plus(lease).millis())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.connection())
        .await?;
        let claimed: Result<Vec<(i64, DueRun)>> =
            rows.iter().map(|row| Ok((RowReader::new(row, "runs").int("due_at")?, due_run(row)?))).collect();
        let mut claimed = claimed?;
        claimed.sort_by_key(|(due_at, run)| (*due_at, run.run));
        Ok(claimed.into_iter().map(|(_, run)| run).collect())
    }

    /// Fails a run whose row cannot be read. Returns its thread.
    pub async fn fail_unreadable_run(&mut self, run: RunId, why: &str, now: Timestamp) -> Result<ThreadId> {
        let thread: i64 = sqlx::query_scalar(
            "UPDATE runs SET state = 'failed', error = $2, finished_at = $3, lease_until = NULL WHERE id = $1
             RETURNING thread_id",
        )
        .bind(run.0)
        .bind(why)
        .bind(now.millis())
        .fetch_one(self.connection())
        .await?;
        Ok(ThreadId(thread))
    }

    /// Starts a run at once, for an agent that connects by itself. Returns `None` if a run is active in the thread.
    pub async fn open_run(
        &mut self,
        (thread, connection): (ThreadId, ConnectionId),
        assignment: AssignmentId,
        (agent, mode): (&str, Mode),
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<DueRun>> {
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO runs (thread_id, assignment_id, agent, mode, state, batch_size, due_at, created_at, started_at,
                               lease_until, first_contact)
             VALUES ($1, $2, $3, $4, 'running', 1, $5, $5, $5, $6, 0) ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(thread.0)
        .bind(assignment.0)
        .bind(agent)
        .bind(mode.name())
        .bind(now.millis())
        .bind(now.plus(lease).millis())
        .fetch_optional(self.connection())
        .await?;
        Ok(id.map(|id| DueRun {
            run: RunId(id),
            thread,
            connection,
            assignment,
            agent: agent.to_owned(),
            mode,
            batch_size: 1,
            first_contact: false,
        }))
    }

    /// Finishes running runs. Returns those that were finished; one that was superseded or cancelled meanwhile is left
    /// out, and its reply must not be sent.
    pub async fn finish_runs(
        &mut self,
        finishes: &[(RunId, RunState, Finish<'_>)],
        now: Timestamp,
    ) -> Result<HashSet<RunId>> {
        let whole = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
        let mut finished = HashSet::new();
        for rows in chunks(finishes) {
            let mut update = QueryBuilder::new(
                "WITH w (id, state, said, trace, error, words, calls, given, breaches, tokens_in, tokens_out, cost,
                    agent_digest, usage_estimated) AS (",
            );
            update.push_values(rows, |mut row, (run, state, finish)| {
                row.push_bind(run.0)
                    .push_bind(state.name())
                    .push_bind(finish.said.map(Untrusted::as_received))
                    .push_bind(finish.trace)
                    .push_bind(finish.error)
                    .push_bind(json(&(finish.words, finish.acts)))
                    .push_bind(json(&finish.calls))
                    .push_bind(finish.given)
                    .push_bind((!finish.breaches.is_empty()).then(|| json(&finish.breaches)))
                    .push_bind(whole(finish.tokens_in))
                    .push_bind(whole(finish.tokens_out))
                    .push_bind(whole(finish.cost.0))
                    .push_bind(finish.agent_digest)
                    .push_bind(i64::from(finish.usage_estimated));
            });
            update.push(") UPDATE runs SET state = w.state, finished_at = ");
            update.push_bind(now.millis());
            update.push(
                ", said = w.said, trace = w.trace, error = w.error, lease_until = NULL, words = w.words, calls = w.calls,
                    given = w.given, breaches = w.breaches, tokens_in = w.tokens_in, tokens_out = w.tokens_out,
                    cost = w.cost, agent_digest = w.agent_digest, usage_estimated = w.usage_estimated
                 FROM w WHERE runs.id = w.id AND runs.state = 'running' RETURNING runs.id",
            );
            let ids: Vec<i64> = update.build_query_scalar().fetch_all(self.connection()).await?;
            finished.extend(ids.into_iter().map(RunId));
        }
        Ok(finished)
    }

    /// Stores a person's decision about a suggested reply. Returns `Missed` if it no longer waits.
    pub async fn decide_run(
        &mut self,
        run: RunId,
        state: RunState,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE runs SET state = $2, decided_by = $3, decided_at = $4, error = CASE $5 WHEN '' THEN error ELSE $5 END
             WHERE id = $1 AND state = 'proposed'",
        )
        .bind(run.0)
        .bind(state.name())
        .bind(by)
        .bind(now.millis())
        .bind(why)
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Supersedes the suggested reply in a thread. Returns the number of messages that it answers.
    pub async fn let_proposal_fall(&mut self, thread: ThreadId, now: Timestamp) -> Result<i64> {
        let batch: Option<i64> = sqlx::query_scalar(
            "UPDATE runs SET state = 'superseded', finished_at = $2, error = 'a newer message came before anybody decided'
             WHERE thread_id = $1 AND state = 'proposed' RETURNING batch_size",
        )
        .bind(thread.0)
        .bind(now.millis())
        .fetch_optional(self.connection())
        .await?;
        Ok(batch.unwrap_or(0))
    }

    /// Cancels the runs and unsent messages of a thread's agent, because a person has the thread.
    pub async fn silence_agent(&mut self, thread: ThreadId, why: &str, now: Timestamp) -> Result<Silenced> {
        self.silence_agents(&[thread], why, now).await
    }

    /// Cancels the runs and unsent messages of agents in several threads.
    pub async fn silence_agents(&mut self, threads: &[ThreadId], why: &str, now: Timestamp) -> Result<Silenced> {
        if threads.is_empty() {
            return Ok(Silenced { runs: 0, entries: 0 });
        }
        let threads = json(&threads.iter().map(|thread| thread.0).collect::<Vec<_>>());
        let runs = sqlx::query(
            "UPDATE runs SET state = 'cancelled', finished_at = $2, error = $3, lease_until = NULL
             WHERE thread_id IN (SELECT value FROM json_each($1)) AND state IN ('scheduled', 'running', 'proposed')",
        )
        .bind(&threads)
        .bind(now.millis())
        .bind(why)
        .execute(self.connection())
        .await?;
        let entries = sqlx::query(
            "UPDATE outbox SET state = 'discarded', hold = NULL, settled_at = $2
             WHERE thread_id IN (SELECT value FROM json_each($1)) AND state = 'queued'
                AND (not_before IS NULL OR not_before <= $2)
                AND EXISTS (SELECT 1 FROM messages m WHERE m.id = outbox.message_id AND m.run_id IS NOT NULL)",
        )
        .bind(&threads)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(Silenced { runs: runs.rows_affected(), entries: entries.rows_affected() })
    }

    /// Cancels the runs and unsent messages of an assignment that has ended. Its threads wait for a person. Returns
    /// their number.
    pub async fn end_runs_of(&mut self, assignment: AssignmentId, why: &str, now: Timestamp) -> Result<u64> {
        sqlx::query(
            "UPDATE outbox SET state = 'discarded', hold = NULL, settled_at = $2 WHERE state = 'queued' AND message_id IN
                (SELECT m.id FROM messages m JOIN runs r ON r.id = m.run_id WHERE r.assignment_id = $1)",
        )
        .bind(assignment.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        let threads: Vec<i64> = sqlx::query_scalar(
            "UPDATE runs SET state = 'cancelled', finished_at = $2, error = $3, lease_until = NULL
             WHERE assignment_id = $1 AND state IN ('scheduled', 'running', 'proposed') RETURNING thread_id",
        )
        .bind(assignment.0)
        .bind(now.millis())
        .bind(why)
        .fetch_all(self.connection())
        .await?;
        for thread in &threads {
            self.wait(ThreadId(*thread), why, now).await?;
        }
        Ok(threads.len() as u64)
    }

    /// Reschedules runs of a dead process. Asking an agent twice is safe, because its reply is sent once.
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
