//! Assignments with their contracts, and usage of agents.

use std::collections::HashMap;

use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::assignment::{Assignment, AssignmentState, Mode};
use crate::domain::agents::contract::Money;
use crate::domain::agents::requests::AssignmentRow;
use crate::domain::agents::routing::Candidate;
use crate::domain::agents::run::RunState;
use crate::domain::ids::{AssignmentId, ConnectionId, ThreadId};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json, readable, unreadable};
use crate::store::threads::thread::contact;
use crate::store::{Result, Store, Update, Write};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Length of a period of `agent_usage`, in milliseconds. Usage counts until its whole period is more than a day old.
const PERIOD: i64 = 300_000;

const ASSIGNMENT: &str = "SELECT g.id, g.connection_id, g.thread_id, g.agent, g.mode, g.state, g.from_file, g.place,
    g.contract, g.agent_digest, g.stale_since, g.evidence, g.proposed_by, g.proposed_at, g.approved_by, g.approved_at, g.approved_person,
    g.approved_digest, g.decided_by, g.decided_at, g.reason, g.expires_at, g.snoozed_until, c.name AS connection, p.name AS contact_name,
    coalesce((SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' AND a.value = substr(t.external_id, 10)),
        (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1)) AS phone,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id
 FROM assignments g JOIN connections c ON c.id = g.connection_id
    LEFT JOIN threads t ON t.id = g.thread_id LEFT JOIN contacts p ON p.id = t.contact_id";

/// Activity of an agent since a time.
#[derive(Debug, Clone, Default)]
pub struct RunTally {
    pub runs: u32,
    pub failed: u32,
    pub held: u32,
    pub tokens: u64,
    pub cost: Money,
    pub half_took_ms: Option<u64>,
    pub last: Option<(Timestamp, RunState)>,
}

impl Store {
    /// Returns assignments: those that wait for a decision first, then active ones, then the rest, newest first.
    pub async fn assignments(&self, limit: u32) -> Result<Vec<AssignmentRow>> {
        let text = format!(
            "{ASSIGNMENT} ORDER BY CASE g.state WHEN 'proposed' THEN 0 WHEN 'approved' THEN 0 WHEN 'active' THEN 1 ELSE 2 END,
                g.id DESC LIMIT +$1"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(i64::from(limit)).fetch_all(&self.readers).await?;
        readable(&rows, "assignments", assignment)
    }

    /// Returns one assignment.
    pub async fn assignment_row(&self, id: AssignmentId) -> Result<Option<AssignmentRow>> {
        let text = format!("{ASSIGNMENT} WHERE g.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await?;
        row.map(|row| assignment(&RowReader::new(&row, "assignments"))).transpose()
    }

    /// Returns the active assignments of whole numbers, in the order in which they are tried.
    pub async fn assignments_of_numbers(&self) -> Result<Vec<Assignment>> {
        let text = format!(
            "{ASSIGNMENT} WHERE g.state = 'active' AND g.thread_id IS NULL ORDER BY g.place = 0, g.place, g.id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&self.readers).await?;
        Ok(readable(&rows, "assignments", assignment)?.into_iter().map(|row| row.assignment).collect())
    }

    /// Returns the other active assignments of the same number, or of the same thread.
    pub async fn assignments_beside(&self, one: &Assignment) -> Result<Vec<Assignment>> {
        let text = format!(
            "{ASSIGNMENT} WHERE g.state = 'active' AND g.id <> $1 AND g.connection_id = $2 AND g.thread_id IS $3 ORDER BY g.id DESC"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(one.id.0)
            .bind(one.connection.0)
            .bind(one.thread.map(|thread| thread.0))
            .fetch_all(&self.readers)
            .await?;
        Ok(readable(&rows, "assignments", assignment)?.into_iter().map(|row| row.assignment).collect())
    }

    /// Returns one sentence for each assignment that cannot be read; lists leave these out.
    pub async fn unreadable_assignments(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(ASSIGNMENT).fetch_all(&self.readers).await?;
        Ok(unreadable(&rows, "assignments", assignment))
    }

    /// Returns the usage of an assignment: all runs, those answered, held and failed, and their cost.
    pub async fn use_of(&self, id: AssignmentId) -> Result<([u32; 4], Money)> {
        let row = sqlx::query(
            "SELECT 0 AS id, count(*) AS runs, count(*) FILTER (WHERE state IN ('answered', 'handed_off')) AS answered,
                count(*) FILTER (WHERE breaches IS NOT NULL) AS held, count(*) FILTER (WHERE state = 'failed') AS failed,
                coalesce(sum(cost), 0) AS cost FROM runs WHERE assignment_id = $1",
        )
        .bind(id.0)
        .fetch_one(&self.readers)
        .await?;
        let cells = RowReader::new(&row, "runs");
        let counts = [cells.count("runs")?, cells.count("answered")?, cells.count("held")?, cells.count("failed")?];
        Ok((counts, money(&cells, "cost")?))
    }

    /// Returns active assignments that expire, and those that wait for a decision.
    pub async fn assignments_to_end(&self) -> Result<Vec<Assignment>> {
        let text = format!(
            "{ASSIGNMENT} WHERE g.state IN ('proposed', 'approved') OR (g.state = 'active' AND g.expires_at IS NOT NULL)"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&self.readers).await?;
        readable(&rows, "assignments", |cells| Ok(assignment(cells)?.assignment))
    }

    /// Returns an agent's activity since a time, by an index.
    pub async fn run_tally(&self, agent: &str, since: Timestamp) -> Result<RunTally> {
        let row = sqlx::query(
            "SELECT 0 AS id, count(*) AS runs, count(*) FILTER (WHERE state = 'failed') AS failed,
                count(*) FILTER (WHERE breaches IS NOT NULL) AS held,
                coalesce(sum(tokens_in + tokens_out), 0) AS tokens, coalesce(sum(cost), 0) AS cost
             FROM runs WHERE agent = $1 AND created_at >= $2",
        )
        .bind(agent)
        .bind(since.millis())
        .fetch_one(&self.readers)
        .await?;
        let cells = RowReader::new(&row, "runs");
        let took: Vec<i64> = sqlx::query_scalar(
            "SELECT finished_at - started_at FROM runs WHERE agent = $1 AND created_at >= $2
                AND started_at IS NOT NULL AND finished_at IS NOT NULL ORDER BY 1 LIMIT 10000",
        )
        .bind(agent)
        .bind(since.millis())
        .fetch_all(&self.readers)
        .await?;
        let last = sqlx::query(
            "SELECT id, coalesce(finished_at, started_at, due_at) AS at, state FROM runs WHERE agent = $1
             ORDER BY created_at DESC LIMIT 1",
        )
        .bind(agent)
        .fetch_optional(&self.readers)
        .await?;
        let last = last.map(|row| {
            let cells = RowReader::new(&row, "runs");
            Ok::<_, crate::store::StoreError>((cells.time("at")?, cells.named("state", RunState::from_name)?))
        });
        Ok(RunTally {
            runs: cells.count("runs")?,
            failed: cells.count("failed")?,
            held: cells.count("held")?,
            tokens: cells.int("tokens")?.try_into().unwrap_or(0),
            cost: money(&cells, "cost")?,
            half_took_ms: took.get(took.len() / 2).and_then(|took| u64::try_from(*took).ok()),
            last: last.transpose()?,
        })
    }
}

impl Store {
    /// Returns the tokens and the money that an assignment used within the last day.
    pub async fn used_in_a_day(&self, assignment: AssignmentId, now: Timestamp) -> Result<(u64, u64)> {
        let (tokens, money): (i64, i64) = sqlx::query_as(
            "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM agent_usage
             WHERE assignment_id = $1 AND period > $2",
        )
        .bind(assignment.0)
        .bind(now.millis() - DAY - PERIOD)
        .fetch_one(&self.readers)
        .await?;
        Ok((u64::try_from(tokens).unwrap_or(0), u64::try_from(money).unwrap_or(0)))
    }
}

impl Write {
    /// Returns the assignments that could answer in one thread.
    pub async fn candidates_in(
        &mut self,
        thread: ThreadId,
        connection: ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<Candidate>> {
        Ok(self.candidates(&[(thread, connection)], now).await?.remove(&thread).unwrap_or_default())
    }

    /// Returns the assignments that could answer in each thread, in the order in which they are tried, with their
    /// usage.
    pub async fn candidates(
        &mut self,
        threads: &[(ThreadId, ConnectionId)],
        now: Timestamp,
    ) -> Result<HashMap<ThreadId, Vec<Candidate>>> {
        let mut candidates: HashMap<ThreadId, Vec<Candidate>> = HashMap::new();
        if threads.is_empty() {
            return Ok(candidates);
        }
        let asked: Vec<(i64, String, i64)> =
            threads.iter().map(|(thread, connection)| (thread.0, thread.to_string(), connection.0)).collect();
        let text = format!(
            "WITH wanted (thread, subject, connection) AS MATERIALIZED (
                SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1)),
             used (assignment, tokens, money) AS MATERIALIZED (
                SELECT assignment_id, sum(tokens), sum(cost) FROM agent_usage WHERE period > $2 - {DAY} - {PERIOD}
                GROUP BY assignment_id)
             SELECT w.thread AS asked, a.*,
                (SELECT count(*) FROM runs r WHERE r.thread_id = w.thread AND r.agent = a.agent AND r.finished_at > $2 - {HOUR}
                    AND r.state IN ('answered', 'handed_off')) AS replies,
                coalesce((SELECT u.tokens FROM used u WHERE u.assignment = a.id), 0) AS tokens,
                coalesce((SELECT u.money FROM used u WHERE u.assignment = a.id), 0) AS money,
                (SELECT s.by || CASE s.reason WHEN '' THEN '' ELSE ': ' || s.reason END FROM stops s WHERE s.lifted_at IS NULL
                    AND (s.scope = 'all' OR (s.scope = 'agent' AND s.subject = a.agent) OR (s.scope = 'thread' AND s.subject = w.subject))
                    LIMIT 1) AS stopped
             FROM wanted w JOIN ({ASSIGNMENT} WHERE g.state = 'active' AND (g.expires_at IS NULL OR g.expires_at > $2)) a
                ON a.thread_id = w.thread OR (a.connection_id = w.connection AND a.thread_id IS NULL)
             ORDER BY a.thread_id IS NULL, a.place = 0, a.place"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(json(&asked))
            .bind(now.millis())
            .fetch_all(self.connection())
            .await?;
        let readable = readable(&rows, "assignments", |cells| {
            let candidate = Candidate {
                assignment: assignment(cells)?.assignment,
                replies: cells.count("replies")?,
                tokens: u64::try_from(cells.int("tokens")?).unwrap_or(0),
                money: u64::try_from(cells.int("money")?).unwrap_or(0),
                stopped: cells.opt_text("stopped")?,
            };
            Ok((ThreadId(cells.int("asked")?), candidate))
        })?;
        for (thread, candidate) in readable {
            candidates.entry(thread).or_default().push(candidate);
        }
        Ok(candidates)
    }

    /// Returns one assignment as it is in this transaction.
    pub async fn assignment(&mut self, id: AssignmentId) -> Result<Option<AssignmentRow>> {
        let text = format!("{ASSIGNMENT} WHERE g.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(self.connection()).await?;
        row.map(|row| assignment(&RowReader::new(&row, "assignments"))).transpose()
    }

    /// Returns assignments as they are in this transaction. Those that cannot be read are left out.
    pub async fn assignments_with(&mut self, ids: &[AssignmentId]) -> Result<Vec<AssignmentRow>> {
        let text = format!("{ASSIGNMENT} WHERE g.id IN (SELECT value FROM json_each($1))");
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(json(&ids)).fetch_all(self.connection()).await?;
        readable(&rows, "assignments", assignment)
    }

    /// Returns the active assignment that this one would replace.
    pub async fn replaced_assignment(&mut self, other: &Assignment) -> Result<Option<Assignment>> {
        let text = format!(
            "{ASSIGNMENT} WHERE g.state = 'active' AND g.id <> $1 AND g.connection_id = $2 AND g.thread_id IS $3
                AND (g.thread_id IS NOT NULL OR g.place = $4)"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(other.id.0)
            .bind(other.connection.0)
            .bind(other.thread.map(|thread| thread.0))
            .bind(i64::from(other.place))
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| Ok(assignment(&RowReader::new(&row, "assignments"))?.assignment)).transpose()
    }

    /// Returns all active and undecided assignments, of one connection or of all.
    pub async fn assignments_open(&mut self, connection: Option<ConnectionId>) -> Result<Vec<AssignmentRow>> {
        let text = format!(
            "{ASSIGNMENT} WHERE g.state IN ('proposed', 'approved', 'active')
                AND ($1 IS NULL OR g.connection_id = $1) ORDER BY g.id"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(connection.map(|id| id.0)).fetch_all(self.connection()).await?;
        readable(&rows, "assignments", assignment)
    }

    /// Stores a proposal. One with conditions gets its own place on its connection, or the place of an open one with
    /// the same conditions.
    pub async fn propose(
        &mut self,
        proposal: &Proposal,
        proposed_by: &str,
        from_file: bool,
        now: Timestamp,
    ) -> Result<AssignmentId> {
        let mut place = 0;
        if proposal.thread.is_none() && !proposal.contract.when.is_empty() {
            let open = self.assignments_open(Some(proposal.connection)).await?;
            let same = open
                .iter()
                .find(|row| row.assignment.thread.is_none() && row.assignment.contract.when == proposal.contract.when);
            place = match same {
                Some(row) => row.assignment.place,
                None => open.iter().map(|row| row.assignment.place).max().unwrap_or(0) + 1,
            };
        }
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO assignments (connection_id, thread_id, agent, mode, state, from_file, place, contract, proposed_by,
                                      proposed_at, expires_at)
             VALUES ($1, $2, $3, $4, 'proposed', $5, $6, $7, $8, $9, $10) RETURNING id",
        )
        .bind(proposal.connection.0)
        .bind(proposal.thread.map(|thread| thread.0))
        .bind(&proposal.agent)
        .bind(proposal.mode.name())
        .bind(from_file)
        .bind(i64::from(place))
        .bind(json(&proposal.contract))
        .bind(proposed_by)
        .bind(now.millis())
        .bind(proposal.expires_at.map(Timestamp::millis))
        .fetch_one(self.connection())
        .await?;
        Ok(AssignmentId(id))
    }

    /// Stores the first of two approvals, with the agent's current digest. An active assignment that is stale stays
    /// silent until the second approval.
    pub async fn approve_first(
        &mut self,
        id: AssignmentId,
        (by, person): (&str, &str),
        agent_digest: &str,
        now: Timestamp,
    ) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE assignments SET state = CASE state WHEN 'active' THEN 'active' ELSE 'approved' END,
                approved_by = $2, approved_person = $3, approved_digest = $4, approved_at = $5
             WHERE id = $1 AND state IN ('proposed', 'approved', 'active')",
        )
        .bind(id.0)
        .bind(by)
        .bind(person)
        .bind(agent_digest)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Activates an assignment for the agent's current digest, with the digest of the rehearsal if there is one.
    pub async fn activate(
        &mut self,
        id: AssignmentId,
        by: &str,
        agent_digest: &str,
        evidence: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE assignments SET state = 'active', decided_by = $2, decided_at = $3, agent_digest = $4,
                stale_since = NULL, evidence = $5 WHERE id = $1",
        )
        .bind(id.0)
        .bind(by)
        .bind(now.millis())
        .bind(agent_digest)
        .bind(evidence)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends an open assignment. Returns `Missed` if it has ended already.
    pub async fn end_assignment(
        &mut self,
        id: AssignmentId,
        state: AssignmentState,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE assignments SET state = $2, decided_by = $3, decided_at = $4, reason = $5
             WHERE id = $1 AND state IN ('proposed', 'approved', 'active')",
        )
        .bind(id.0)
        .bind(state.name())
        .bind(by)
        .bind(now.millis())
        .bind(reason)
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Marks an assignment as stale since a time; `None` clears the mark.
    pub async fn set_stale(&mut self, id: AssignmentId, since: Option<Timestamp>) -> Result<()> {
        sqlx::query("UPDATE assignments SET stale_since = $2 WHERE id = $1")
            .bind(id.0)
            .bind(since.map(Timestamp::millis))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Stores until when the decision about an assignment is postponed.
    pub async fn snooze(&mut self, id: AssignmentId, until: Timestamp) -> Result<()> {
        sqlx::query("UPDATE assignments SET snoozed_until = $2 WHERE id = $1")
            .bind(id.0)
            .bind(until.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

/// Reads an amount of money; a negative one is read as zero.
pub(crate) fn money(cells: &RowReader<'_>, column: &'static str) -> Result<Money> {
    Ok(Money(cells.int(column)?.try_into().unwrap_or(0)))
}

fn assignment(cells: &RowReader<'_>) -> Result<AssignmentRow> {
    let thread = cells.opt_int("thread_id")?.map(ThreadId);
    Ok(AssignmentRow {
        assignment: Assignment {
            id: AssignmentId(cells.int("id")?),
            connection: ConnectionId(cells.int("connection_id")?),
            thread,
            agent: cells.text("agent")?,
            mode: cells.named("mode", Mode::from_name)?,
            state: cells.named("state", AssignmentState::from_name)?,
            from_file: cells.flag("from_file")?,
            place: cells.count("place")?,
            contract: cells.json("contract")?,
            agent_digest: cells.opt_text("agent_digest")?,
            stale_since: cells.opt_time("stale_since")?,
            evidence: cells.opt_text("evidence")?,
            proposed_by: cells.text("proposed_by")?,
            proposed_at: cells.time("proposed_at")?,
            approved_by: cells.opt_text("approved_by")?,
            approved_at: cells.opt_time("approved_at")?,
            approved_person: cells.opt_text("approved_person")?,
            approved_digest: cells.opt_text("approved_digest")?,
            decided_by: cells.opt_text("decided_by")?,
            decided_at: cells.opt_time("decided_at")?,
            reason: cells.opt_text("reason")?,
            expires_at: cells.opt_time("expires_at")?,
            snoozed_until: cells.opt_time("snoozed_until")?,
        },
        connection_name: cells.text("connection")?,
        contact: thread.map(|_| contact(cells)).transpose()?,
    })
}
