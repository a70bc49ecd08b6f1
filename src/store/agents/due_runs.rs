//! Runs that are due, or that wait for the end of a burst of messages.

use sqlx::sqlite::SqliteRow;

use crate::domain::agents::assignment::Mode;
use crate::domain::ids::{AssignmentId, ConnectionId, RunId, ThreadId};
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Store};

/// A run that is due.
#[derive(Debug, Clone)]
pub struct DueRun {
    pub run: RunId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub assignment: AssignmentId,
    pub agent: String,
    pub mode: Mode,
    pub batch_size: u32,
    pub first_contact: bool,
}

impl Store {
    /// Returns the runs of agents that reply by themselves and that wait for the end of a burst, at most 200.
    pub async fn waiting_runs(&self, now: Timestamp) -> Result<Vec<DueRun>> {
        let rows = sqlx::query(
            "SELECT r.id, r.thread_id, r.assignment_id, r.agent, r.mode, r.batch_size, r.first_contact, t.connection_id
             FROM runs r JOIN threads t ON t.id = r.thread_id
             WHERE r.state = 'scheduled' AND r.due_at > $1 AND r.mode = 'auto'
                AND NOT EXISTS (SELECT 1 FROM runs w WHERE w.thread_id = r.thread_id AND w.state = 'running')
             ORDER BY r.due_at LIMIT 200",
        )
        .bind(now.millis())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(due_run).collect()
    }
}

/// Reads a run with the connection of its thread.
pub(super) fn due_run(row: &SqliteRow) -> Result<DueRun> {
    let cells = RowReader::new(row, "runs");
    Ok(DueRun {
        run: RunId(cells.int("id")?),
        thread: ThreadId(cells.int("thread_id")?),
        connection: ConnectionId(cells.int("connection_id")?),
        assignment: AssignmentId(cells.int("assignment_id")?),
        agent: cells.text("agent")?,
        mode: cells.named("mode", Mode::from_name)?,
        batch_size: cells.count("batch_size")?,
        first_contact: cells.flag("first_contact")?,
    })
}
