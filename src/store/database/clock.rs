//! What the database holds by the clock, brought along when the clock is set back: nothing that was due
//! soon waits for hours because a time was written down by a clock that was ahead.

use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::store::{Result, Write};

/// Times that the engine itself reckoned, with the rows they count for. What a person chose stays.
const RECKONED: [(&str, &str, &str); 8] = [
    (
        "outbox",
        "due_at",
        "state IN ('queued', 'uncertain')
            AND (not_before IS NULL OR not_before < due_at OR not_before - created_at <= 300000)",
    ),
    // The time for undoing, as opposed to a time that somebody chose.
    ("outbox", "not_before", "state = 'queued' AND not_before - created_at <= 300000"),
    ("outbox", "lease_until", "state = 'sending'"),
    ("runs", "due_at", "state = 'scheduled'"),
    ("runs", "lease_until", "state = 'running'"),
    ("media", "due_at", "state = 'wanted'"),
    ("setups", "due_at", "state IN ('running', 'waiting')"),
    ("event_deliveries", "due_at", "state = 'waiting'"),
];

/// How far back the hourly policy looks.
const HOUR: Duration = Duration::from_secs(3_600);

impl Write {
    /// Keeps the hour between two business-initiated messages as long as it is, though the clock was set: what went
    /// within an hour before counts by the clock as it is now. `was` is the time before the change.
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

    /// What is written down as later than now went by a clock that was ahead, at a time that nobody knows: the hour
    /// after it begins now.
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

    /// Moves what the engine is to do by the old clock back by as much as the clock was: `now` is the time
    /// after the change. Nothing becomes due before `now`. Returns how many rows were moved.
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
