//! What was last seen of numbers and templates, so that a change is noticed, also across a restart.

use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::time::Timestamp;
use crate::store::{Result, Store, Update, Write};

impl Store {
    /// Everything seen under a beginning, by name.
    pub async fn snapshots(&self, beginning: &str) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as(
            "SELECT subject, state FROM provider_snapshots WHERE subject >= $1 AND subject < $1 || char(1114111)",
        )
        .bind(beginning)
        .fetch_all(&self.readers)
        .await?)
    }

    /// Since when what was seen under each name that begins so is as it is.
    pub async fn snapshot_times(&self, beginning: &str) -> Result<Vec<(String, Timestamp)>> {
        let seen: Vec<(String, i64)> = sqlx::query_as(
            "SELECT subject, at FROM provider_snapshots WHERE subject >= $1 AND subject < $1 || char(1114111)",
        )
        .bind(beginning)
        .fetch_all(&self.readers)
        .await?;
        Ok(seen.into_iter().map(|(subject, at)| (subject, Timestamp::from_millis(at))).collect())
    }

    /// The last thing seen under this name, and since when it is so.
    pub async fn snapshot(&self, subject: &str) -> Result<Option<(String, Timestamp)>> {
        let seen: Option<(String, i64)> = sqlx::query_as("SELECT state, at FROM provider_snapshots WHERE subject = $1")
            .bind(subject)
            .fetch_optional(&self.readers)
            .await?;
        Ok(seen.map(|(state, at)| (state, Timestamp::from_millis(at))))
    }

    /// Trouble that was there when it was last looked for, as `trouble:kind:subject`.
    pub async fn conditions(&self) -> Result<Vec<String>> {
        Ok(self.snapshots("trouble:").await?.into_iter().map(|(subject, _)| subject).collect())
    }
}

impl Write {
    /// Trouble that lasts begins once. Misses what lasts already.
    pub async fn raise_condition(&mut self, kind: AlertKind, subject: &str, now: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "INSERT INTO provider_snapshots (subject, state, at) VALUES ($1, 'on', $2) ON CONFLICT DO NOTHING",
        )
        .bind(kind.condition_name(subject))
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// It is over; when it comes again, it is new. Misses what was not there.
    pub async fn clear_condition(&mut self, kind: AlertKind, subject: &str) -> Result<Update> {
        let done = sqlx::query("DELETE FROM provider_snapshots WHERE subject = $1")
            .bind(kind.condition_name(subject))
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }

    pub async fn keep_snapshot(&mut self, subject: &str, state: &str, now: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO provider_snapshots (subject, state, at) VALUES ($1, $2, $3)
             ON CONFLICT (subject) DO UPDATE SET state = excluded.state, at = excluded.at",
        )
        .bind(subject)
        .bind(state)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
