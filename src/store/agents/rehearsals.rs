//! Rehearsals: the exchanges to play, and their results.

use crate::domain::agents::assignment::Assignment;
use crate::domain::agents::requests::{Exchange, Rehearsal};
use crate::domain::ids::{AssignmentId, MessageId, RehearsalId};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Store, Write};

/// A rehearsal with exchanges left to play.
#[derive(Debug, Clone)]
pub struct PendingRehearsal {
    pub id: RehearsalId,
    pub assignment: AssignmentId,
    pub agent_digest: String,
    /// The last message of each exchange's question, in the order of playing.
    pub wanted: Vec<MessageId>,
    pub played: Vec<Exchange>,
}

/// State of a rehearsal after a step: all wanted exchanges, those played, and the digest if it is complete.
#[derive(Debug)]
pub struct Played<'a> {
    pub wanted: &'a [MessageId],
    pub exchanges: &'a [Exchange],
    pub digest: Option<&'a str>,
}

impl Store {
    /// Returns the last message of each answered question within an assignment's scope, newest first.
    pub async fn exchanges(&self, assignment: &Assignment, limit: u32) -> Result<Vec<MessageId>> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT q.id FROM messages q WHERE q.connection_id = $1 AND ($2 IS NULL OR q.thread_id = $2)
                AND q.direction = 'inbound' AND q.test = 0 AND q.kind NOT IN ('reaction', 'sticker')
                AND (SELECT n.direction FROM messages n WHERE n.thread_id = q.thread_id AND n.kind <> 'reaction'
                        AND (n.created_at, n.id) > (q.created_at, q.id) ORDER BY n.created_at, n.id LIMIT 1) = 'outbound'
             ORDER BY q.id DESC LIMIT +$3",
        )
        .bind(assignment.connection.0)
        .bind(assignment.thread.map(|thread| thread.0))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        Ok(ids.into_iter().map(MessageId).collect())
    }

    /// Returns the last rehearsal of an assignment.
    pub async fn rehearsal(&self, assignment: AssignmentId) -> Result<Option<Rehearsal>> {
        let row = sqlx::query(
            "SELECT id, by, at, finished_at, agent_digest, json_array_length(wanted) AS wanted, played, digest
             FROM rehearsals WHERE assignment_id = $1 ORDER BY id DESC LIMIT 1",
        )
        .bind(assignment.0)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "rehearsals");
            Ok(Rehearsal {
                id: RehearsalId(cells.int("id")?),
                by: cells.text("by")?,
                at: cells.time("at")?,
                finished_at: cells.opt_time("finished_at")?,
                agent_digest: cells.text("agent_digest")?,
                wanted: cells.count("wanted")?,
                played: cells.json("played")?,
                digest: cells.opt_text("digest")?,
            })
        })
        .transpose()
    }

    /// Returns a rehearsal with exchanges left to play.
    pub async fn to_play(&self) -> Result<Option<PendingRehearsal>> {
        let row = sqlx::query(
            "SELECT id, assignment_id, agent_digest, wanted, played FROM rehearsals WHERE state = 'running' ORDER BY id LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "rehearsals");
            Ok(PendingRehearsal {
                id: RehearsalId(cells.int("id")?),
                assignment: AssignmentId(cells.int("assignment_id")?),
                agent_digest: cells.text("agent_digest")?,
                wanted: cells.json("wanted")?,
                played: cells.json("played")?,
            })
        })
        .transpose()
    }
}

impl Write {
    /// Begins a rehearsal; it replaces a running one of the same assignment.
    pub async fn begin_rehearsal(
        &mut self,
        assignment: AssignmentId,
        agent_digest: &str,
        wanted: &[MessageId],
        by: &str,
        now: Timestamp,
    ) -> Result<RehearsalId> {
        sqlx::query("DELETE FROM rehearsals WHERE assignment_id = $1 AND state = 'running'")
            .bind(assignment.0)
            .execute(self.connection())
            .await?;
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO rehearsals (assignment_id, agent_digest, state, by, at, wanted, played)
             VALUES ($1, $2, 'running', $3, $4, $5, '[]') RETURNING id",
        )
        .bind(assignment.0)
        .bind(agent_digest)
        .bind(by)
        .bind(now.millis())
        .bind(json(&wanted))
        .fetch_one(self.connection())
        .await?;
        Ok(RehearsalId(id))
    }

    /// Deletes a running rehearsal that cannot be played.
    pub async fn give_up_rehearsal(&mut self, id: RehearsalId) -> Result<()> {
        sqlx::query("DELETE FROM rehearsals WHERE id = $1 AND state = 'running'")
            .bind(id.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Stores the state after a step; a digest finishes the rehearsal.
    pub async fn store_rehearsal_step(&mut self, id: RehearsalId, played: &Played<'_>, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE rehearsals SET wanted = $5, played = $2, digest = $3, state = CASE WHEN $3 IS NULL THEN 'running' ELSE 'finished' END,
                finished_at = CASE WHEN $3 IS NULL THEN NULL ELSE $4 END WHERE id = $1 AND state = 'running'",
        )
        .bind(id.0)
        .bind(json(&played.exchanges))
        .bind(played.digest)
        .bind(now.millis())
        .bind(json(&played.wanted))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
