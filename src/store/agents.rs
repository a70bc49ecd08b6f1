//! Assignments, and what is known about agents and their runs.

use super::codec::Cells;
use super::threads::contact;
use super::{Result, Store, Write};
use crate::domain::assignment::{Assignment, AssignmentState, Mode};
use crate::domain::ids::{AssignmentId, ConnectionId, RunId, ThreadId};
use crate::domain::run::RunState;
use crate::domain::time::Timestamp;
use crate::domain::view::{AssignmentRow, RunView};

const ASSIGNMENT: &str =
    "SELECT g.id, g.connection_id, g.thread_id, g.agent, g.mode, g.state, g.from_file, g.proposed_by,
    g.proposed_at, g.decided_by, g.decided_at, g.reason, c.name AS connection
 FROM assignments g JOIN connections c ON c.id = g.connection_id";

/// An agent's runs since a time: how many, how many failed, and the last one.
pub(crate) type RunTally = (String, u32, u32, Option<Timestamp>, Option<RunState>);

const RUN: &str = "SELECT r.id, r.thread_id, p.name AS contact_name,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1) AS phone,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id,
    r.agent, r.state, r.batch_size, r.due_at, r.started_at, r.finished_at, r.said, r.error
 FROM runs r JOIN threads t ON t.id = r.thread_id JOIN contacts p ON p.id = t.contact_id";

fn run(cells: &Cells<'_>) -> Result<RunView> {
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
    })
}

impl Store {
    /// Those that wait for a decision first, then those in force, then the rest, newest first.
    pub async fn assignments(&self) -> Result<Vec<AssignmentRow>> {
        let text = format!(
            "{ASSIGNMENT} ORDER BY CASE g.state WHEN 'proposed' THEN 0 WHEN 'approved' THEN 1 ELSE 2 END, g.id DESC LIMIT 100"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&self.readers).await?;
        rows.iter().map(|row| assignment(&Cells::new(row, "assignments"))).collect()
    }

    pub async fn runs(&self, limit: u32) -> Result<Vec<RunView>> {
        let text = format!("{RUN} ORDER BY r.id DESC LIMIT $1");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(i64::from(limit)).fetch_all(&self.readers).await?;
        rows.iter().map(|row| run(&Cells::new(row, "runs"))).collect()
    }

    pub async fn run(&self, id: RunId) -> Result<Option<RunView>> {
        let text = format!("{RUN} WHERE r.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await?;
        row.map(|row| run(&Cells::new(&row, "runs"))).transpose()
    }

    /// Runs of a thread that were open at a time or began after it, oldest first.
    pub async fn runs_of(&self, thread: ThreadId, since: Timestamp) -> Result<Vec<RunView>> {
        let text = format!(
            "{RUN} WHERE r.thread_id = $1 AND (r.finished_at IS NULL OR r.finished_at >= $2) ORDER BY r.id DESC LIMIT 20"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(thread.0).bind(since.millis()).fetch_all(&self.readers).await?;
        rows.iter().rev().map(|row| run(&Cells::new(row, "runs"))).collect()
    }

    /// What these agents did since a time, from an index: runs are many.
    pub async fn run_tallies(&self, agents: &[&str], since: Timestamp) -> Result<Vec<RunTally>> {
        let mut tallies = vec![];
        for agent in agents {
            let row = sqlx::query(
                "SELECT 0 AS id, count(*) AS runs, count(*) FILTER (WHERE state = 'failed') AS failed
                 FROM runs WHERE agent = $1 AND created_at >= $2",
            )
            .bind(*agent)
            .bind(since.millis())
            .fetch_one(&self.readers)
            .await?;
            let cells = Cells::new(&row, "runs");
            let last = sqlx::query(
                "SELECT id, coalesce(finished_at, started_at, due_at) AS at, state FROM runs WHERE agent = $1
                 ORDER BY created_at DESC LIMIT 1",
            )
            .bind(*agent)
            .fetch_optional(&self.readers)
            .await?;
            let (at, state) = match &last {
                None => (None, None),
                Some(row) => {
                    let last = Cells::new(row, "runs");
                    (last.opt_time("at")?, Some(last.named("state", RunState::from_name)?))
                }
            };
            tallies.push(((*agent).to_owned(), cells.count("runs")?, cells.count("failed")?, at, state));
        }
        Ok(tallies)
    }
}

impl Write {
    /// The assignment in force for a thread: its own, else its connection's.
    pub async fn assignment_for(&mut self, thread: ThreadId, connection: ConnectionId) -> Result<Option<Assignment>> {
        let text = format!(
            "{ASSIGNMENT} WHERE g.state = 'approved' AND (g.thread_id = $1 OR (g.connection_id = $2 AND g.thread_id IS NULL))
             ORDER BY g.thread_id IS NULL LIMIT 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(thread.0)
            .bind(connection.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| Ok(assignment(&Cells::new(&row, "assignments"))?.assignment)).transpose()
    }

    pub async fn assignment(&mut self, id: AssignmentId) -> Result<Option<AssignmentRow>> {
        let text = format!("{ASSIGNMENT} WHERE g.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(self.connection()).await?;
        row.map(|row| assignment(&Cells::new(&row, "assignments"))).transpose()
    }

    /// The connection-wide assignment in force.
    pub async fn approved_for_connection(&mut self, connection: ConnectionId) -> Result<Option<AssignmentRow>> {
        let text = format!("{ASSIGNMENT} WHERE g.connection_id = $1 AND g.thread_id IS NULL AND g.state = 'approved'");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(connection.0).fetch_optional(self.connection()).await?;
        row.map(|row| assignment(&Cells::new(&row, "assignments"))).transpose()
    }

    pub async fn propose_assignment(
        &mut self,
        connection: ConnectionId,
        agent: &str,
        mode: Mode,
        proposed_by: &str,
        from_file: bool,
        now: Timestamp,
    ) -> Result<AssignmentId> {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO assignments (connection_id, agent, mode, state, from_file, proposed_by, proposed_at)
             VALUES ($1, $2, $3, 'proposed', $4, $5, $6) RETURNING id",
        )
        .bind(connection.0)
        .bind(agent)
        .bind(mode.name())
        .bind(from_file)
        .bind(proposed_by)
        .bind(now.millis())
        .fetch_one(self.connection())
        .await?;
        Ok(AssignmentId(id))
    }

    pub async fn decide_assignment(
        &mut self,
        id: AssignmentId,
        state: AssignmentState,
        by: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query("UPDATE assignments SET state = $2, decided_by = $3, decided_at = $4, reason = coalesce($5, reason) WHERE id = $1")
            .bind(id.0)
            .bind(state.name())
            .bind(by)
            .bind(now.millis())
            .bind(reason)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

fn assignment(cells: &Cells<'_>) -> Result<AssignmentRow> {
    Ok(AssignmentRow {
        assignment: Assignment {
            id: AssignmentId(cells.int("id")?),
            connection: ConnectionId(cells.int("connection_id")?),
            thread: cells.opt_int("thread_id")?.map(ThreadId),
            agent: cells.text("agent")?,
            mode: cells.named("mode", Mode::from_name)?,
            state: cells.named("state", AssignmentState::from_name)?,
            from_file: cells.flag("from_file")?,
            proposed_by: cells.text("proposed_by")?,
            proposed_at: cells.time("proposed_at")?,
            decided_by: cells.opt_text("decided_by")?,
            decided_at: cells.opt_time("decided_at")?,
            reason: cells.opt_text("reason")?,
        },
        connection_name: cells.text("connection")?,
    })
}
