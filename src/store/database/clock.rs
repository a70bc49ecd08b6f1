//! Moves stored times when the clock is changed, so that nothing due soon waits for hours because its time was stored
//! by a clock that was ahead.

use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::store::{Result, Write};

/// Times that the engine computed: table, column and condition. Times that a person chose are not moved.
const RECKONED: [(&str, &str, &str); 9] = [
    (
        "outbox",
        "due_at",
        "state IN ('queued', 'uncertain')
            AND (not_before IS NULL OR not_before < due_at OR not_before - created_at <= 300000)",
    ),
    // The undo period, as opposed to a time that a person chose.
    ("outbox", "not_before", "state = 'queued' AND not_before - created_at <= 300000"),
    ("outbox", "lease_until", "state = 'sending'"),
    ("runs", "due_at", "state = 'scheduled'"),
    ("runs", "lease_until", "state = 'running'"),
    ("media", "due_at", "state = 'wanted'"),
    ("setups", "due_at", "state IN ('running', 'waiting')"),
    ("event_deliveries", "due_at", "state = 'waiting'"),
    // Chosen by the clock that was ahead: what was chosen before that stays.
    ("threads", "snoozed_until", "snoozed_at > $2"),
];

/// Period of the hourly policy.
const HOUR: Duration = Duration::from_secs(3_600);

impl Write {
    /// Keeps the hour between business-initiated messages when the clock is changed: sends within the hour before the
    /// change are moved to the new clock. `was` is the time before the change.
    pub async fn pace_by_clock(&mut self, was: Timestamp, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE attempts SET paced_at = coalesce(paced_at, started_at) + $1
             WHERE business_initiated = 1 AND goes_at IS NULL AND coalesce(paced_at, started_at) > $2",
        )
        .bind(now.millis() - was.millis())
        .bind(was.minus(HOUR).millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Sets later sends of business-initiated messages to `now`: they were stored by a clock that was ahead by an
    /// unknown amount, so their hour begins now.
    pub async fn pace_from_now(&mut self, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE attempts SET paced_at = $1
             WHERE business_initiated = 1 AND goes_at IS NULL AND coalesce(paced_at, started_at) > $1",
        )
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Moves due times back by as much as the clock was; `now` is the time after the change. Nothing becomes due
    /// before `now`. Returns the number of rows moved.
    pub async fn set_clock_back(&mut self, by: Duration, now: Timestamp) -> Result<u64> {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let mut moved = 0;
        for (table, column, which) in RECKONED {
            let text = format!("UPDATE {table} SET {column} = max({column} - $1, $2) WHERE {column} > $2 AND {which}");
            let done =
                sqlx::query(sqlx::AssertSqlSafe(text)).bind(by).bind(now.millis()).execute(self.connection()).await?;
            moved += done.rows_affected();
        }
        Ok(moved)
    }
}
