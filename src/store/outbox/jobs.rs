//! Bulk actions, stored as jobs so that they continue after a restart.

use crate::domain::access::actor::Actor;
use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::ids::EntryId;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::job::{BulkAction, JobState, JobView};
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Store, Update, Write};

/// A running job.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: i64,
    pub action: BulkAction,
    pub terms: String,
    pub actor: Actor,
    /// Scope of the entries that it processes.
    pub scope: Scope,
    pub last_id: i64,
    pub up_to_id: i64,
    pub created_at: Timestamp,
}

impl Store {
    /// Returns the running job, if there is one.
    pub async fn running_job(&self) -> Result<Option<Job>> {
        let row = sqlx::query(
            "SELECT id, action, terms, actor, role, last_id, up_to_id, created_at, organization, environment FROM jobs WHERE state = 'running' ORDER BY id LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "jobs");
            let role = cells.named("role", |name| {
                [Role::Viewer, Role::Operator, Role::Admin].into_iter().find(|role| role.name() == name)
            })?;
            Ok(Job {
                id: cells.int("id")?,
                action: cells.named("action", BulkAction::from_name)?,
                terms: cells.text("terms")?,
                actor: Actor::Operator { name: cells.text("actor")?, role },
                scope: crate::store::integrations::tokens::scope(&cells)?,
                last_id: cells.int("last_id")?,
                up_to_id: cells.int("up_to_id")?,
                created_at: cells.time("created_at")?,
            })
        })
        .transpose()
    }

    /// Returns the last jobs, newest first.
    pub async fn jobs(&self) -> Result<Vec<JobView>> {
        let rows = sqlx::query(
            "SELECT j.id, j.action, j.terms, j.actor, j.state, j.total, j.done, j.refused, j.said, j.created_at, j.ended_at,
                (SELECT count(*) FROM outbox o WHERE o.job_id = j.id AND o.state IN ('accepted', 'scheduled')) AS taken,
                (SELECT count(*) FROM outbox o WHERE o.job_id = j.id AND o.state IN ('failed', 'dead')) AS failed_again,
                (SELECT count(*) FROM outbox o WHERE o.job_id = j.id AND o.state IN ('queued', 'sending', 'uncertain')) AS under_way
             FROM jobs j ORDER BY j.id DESC LIMIT 20",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "jobs");
                Ok(JobView {
                    id: cells.int("id")?,
                    action: cells.named("action", BulkAction::from_name)?,
                    terms: cells.text("terms")?,
                    actor: cells.text("actor")?,
                    state: cells.named("state", JobState::from_name)?,
                    total: cells.count("total")?,
                    done: cells.count("done")?,
                    refused: cells.count("refused")?,
                    taken: cells.count("taken")?,
                    failed_again: cells.count("failed_again")?,
                    under_way: cells.count("under_way")?,
                    said: cells.opt_text("said")?,
                    created_at: cells.time("created_at")?,
                    ended_at: cells.opt_time("ended_at")?,
                })
            })
            .collect()
    }
}

impl Write {
    /// Stores a running job and returns its id.
    pub async fn begin_job(
        &mut self,
        action: BulkAction,
        terms: &str,
        (who, role, scope): (&str, Role, &Scope),
        total: u32,
        up_to_id: i64,
        now: Timestamp,
    ) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "INSERT INTO jobs (action, terms, actor, role, state, total, up_to_id, created_at, organization, environment)
             VALUES ($1, $2, $3, $4, 'running', $5, $6, $7, $8, $9) RETURNING id",
        )
        .bind(action.name())
        .bind(terms)
        .bind(who)
        .bind(role.name())
        .bind(total)
        .bind(up_to_id)
        .bind(now.millis())
        .bind(scope.organization.as_deref())
        .bind(scope.environment.map(Environment::name))
        .fetch_one(self.connection())
        .await?)
    }

    /// Stores the progress of one step: numbers done and refused, and the last reason. Returns `Missed` if the job
    /// was stopped.
    pub async fn step_job(
        &mut self,
        id: i64,
        (done, refused): (u32, u32),
        last_id: i64,
        said: Option<&str>,
    ) -> Result<Update> {
        let stepped = sqlx::query(
            "UPDATE jobs SET done = done + $2, refused = refused + $3, last_id = $4, said = coalesce($5, said)
             WHERE id = $1 AND state = 'running'",
        )
        .bind(id)
        .bind(done)
        .bind(refused)
        .bind(last_id)
        .bind(said)
        .execute(self.connection())
        .await?;
        Ok(Update::of(stepped.rows_affected()))
    }

    /// Links retried entries to a job, which counts their outcomes.
    pub async fn tried_by_job(&mut self, id: i64, entries: &[EntryId]) -> Result<()> {
        for entry in entries {
            sqlx::query("UPDATE outbox SET job_id = $2 WHERE id = $1")
                .bind(entry.0)
                .bind(id)
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Ends a running job. Returns `Missed` if it is not running.
    pub async fn end_job(&mut self, id: i64, state: JobState, now: Timestamp) -> Result<Update> {
        let done = sqlx::query("UPDATE jobs SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'running'")
            .bind(id)
            .bind(state.name())
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Resumes a stopped job after the last entry that it processed.
    pub async fn resume_job(&mut self, id: i64) -> Result<Update> {
        let resumed =
            sqlx::query("UPDATE jobs SET state = 'running', ended_at = NULL WHERE id = $1 AND state = 'stopped'")
                .bind(id)
                .execute(self.connection())
                .await?;
        Ok(Update::of(resumed.rows_affected()))
    }

    /// Deletes a stopped job. Its id may be reused.
    pub async fn delete_job(&mut self, id: i64) -> Result<Update> {
        let stopped = "UPDATE outbox SET job_id = NULL
             WHERE job_id = $1 AND EXISTS (SELECT 1 FROM jobs WHERE id = $1 AND state = 'stopped')";
        sqlx::query(stopped).bind(id).execute(self.connection()).await?;
        let gone = sqlx::query("DELETE FROM jobs WHERE id = $1 AND state = 'stopped'")
            .bind(id)
            .execute(self.connection())
            .await?;
        Ok(Update::of(gone.rows_affected()))
    }
}
