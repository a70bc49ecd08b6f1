//! Snapshots of numbers and templates at the provider, so that changes are noticed across restarts. Conditions are
//! stored here too.

use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::time::Timestamp;
use crate::store::{Result, Store, Update, Write};

impl Store {
    /// Returns all snapshots whose names have this prefix, as name and state.
    pub async fn snapshots(&self, beginning: &str) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as(
            "SELECT subject, state FROM provider_snapshots WHERE subject >= $1 AND subject < $1 || char(1114111)",
        )
        .bind(beginning)
        .fetch_all(&self.readers)
        .await?)
    }

    /// Returns since when each snapshot whose name has this prefix has its state.
    pub async fn snapshot_times(&self, beginning: &str) -> Result<Vec<(String, Timestamp)>> {
        let seen: Vec<(String, i64)> = sqlx::query_as(
            "SELECT subject, at FROM provider_snapshots WHERE subject >= $1 AND subject < $1 || char(1114111)",
        )
        .bind(beginning)
        .fetch_all(&self.readers)
        .await?;
        Ok(seen.into_iter().map(|(subject, at)| (subject, Timestamp::from_millis(at))).collect())
    }

    /// Returns the state of a snapshot, and since when it has it.
    pub async fn snapshot(&self, subject: &str) -> Result<Option<(String, Timestamp)>> {
        let seen: Option<(String, i64)> = sqlx::query_as("SELECT state, at FROM provider_snapshots WHERE subject = $1")
            .bind(subject)
            .fetch_optional(&self.readers)
            .await?;
        Ok(seen.map(|(state, at)| (state, Timestamp::from_millis(at))))
    }

    /// Returns the active conditions, as `trouble:kind:subject`.
    pub async fn conditions(&self) -> Result<Vec<String>> {
        Ok(self.snapshots("trouble:").await?.into_iter().map(|(subject, _)| subject).collect())
    }
}

impl Write {
    /// Stores an active condition. Returns `Missed` if it is active already.
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

    /// Clears a condition. Returns `Missed` if it was not active.
    pub async fn clear_condition(&mut self, kind: AlertKind, subject: &str) -> Result<Update> {
        let done = sqlx::query("DELETE FROM provider_snapshots WHERE subject = $1")
            .bind(kind.condition_name(subject))
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Stores the state of a snapshot and since when it has it.
    pub async fn store_snapshot(&mut self, subject: &str, state: &str, now: Timestamp) -> Result<()> {
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
