//! Threads that are put off until a time.

use crate::domain::ids::ThreadId;
use crate::domain::time::Timestamp;
use crate::store::{Result, Store, Update, Write};

impl Store {
    /// When the next snooze ends; `None` where no thread is snoozed.
    pub async fn next_snooze_end(&self) -> Result<Option<Timestamp>> {
        let at: Option<i64> =
            sqlx::query_scalar("SELECT min(snoozed_until) FROM threads WHERE snoozed_until IS NOT NULL")
                .fetch_one(&self.readers)
                .await?;
        Ok(at.map(Timestamp::from_millis))
    }
}

impl Write {
    /// Puts a thread off until a time; an earlier snooze is replaced.
    pub async fn snooze_thread(&mut self, thread: ThreadId, by: &str, until: Timestamp, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE threads SET snoozed_until = $2, snoozed_by = $3, snoozed_at = $4 WHERE id = $1")
            .bind(thread.0)
            .bind(until.millis())
            .bind(by)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Ends the snooze of a thread. Changes nothing where it is not snoozed.
    pub async fn end_snooze(&mut self, thread: ThreadId) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE threads SET snoozed_until = NULL, snoozed_by = NULL, snoozed_at = NULL
             WHERE id = $1 AND snoozed_until IS NOT NULL",
        )
        .bind(thread.0)
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Threads whose snooze ends by now, the earliest first, each with who snoozed it.
    pub async fn due_snoozes(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(ThreadId, String)>> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT id, coalesce(snoozed_by, '') FROM threads WHERE snoozed_until <= $1 ORDER BY snoozed_until LIMIT +$2",
        )
        .bind(now.millis())
        .bind(i64::from(limit))
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|(id, by)| (ThreadId(id), by)).collect())
    }

    /// A person is waited for from now on. A wait that stands keeps its time and its reason.
    pub async fn set_waiting_if_unset(&mut self, thread: ThreadId, reason: &str, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE threads SET waiting_since = $2, waiting_reason = $3 WHERE id = $1 AND waiting_since IS NULL",
        )
        .bind(thread.0)
        .bind(now.millis())
        .bind(reason)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
