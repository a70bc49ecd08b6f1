//! What the database holds by the clock, brought along when the clock is set back: nothing that was due
//! soon waits for hours because a time was written down by a clock that was ahead.

use std::time::Duration;

use super::{Result, Write};
use crate::domain::time::Timestamp;

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
    ("tellings", "due_at", "state = 'waiting'"),
];

impl Write {
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
