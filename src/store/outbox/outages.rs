//! Outages: numbers over which no send succeeds.

use crate::domain::failure::Failure;
use crate::domain::ids::ConnectionId;
use crate::domain::outbox::outage::Outage;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json, readable};
use crate::store::{Result, Store, Update, Write};

const OUTAGES: &str = "SELECT x.connection_id AS id, x.since, x.last_at, x.failures, x.failure,
    (SELECT count(*) FROM outbox o WHERE o.connection_id = x.connection_id AND o.state = 'queued' AND o.hold IS NULL
        AND o.failure IS NOT NULL) AS retried FROM outages x";

impl Store {
    /// Returns `true` if any number has an outage, reported or not.
    pub async fn has_outages(&self) -> Result<bool> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM outages)").fetch_one(&self.readers).await?)
    }
}

impl Write {
    /// Records a failed send caused by the provider. Returns the outage including it.
    pub async fn note_outage(
        &mut self,
        connection: ConnectionId,
        failure: &Failure,
        now: Timestamp,
    ) -> Result<Option<Outage>> {
        sqlx::query(
            "INSERT INTO outages (connection_id, since, last_at, failures, failure) VALUES ($1, $2, $2, 1, $3)
             ON CONFLICT (connection_id) DO UPDATE SET since = min(since, excluded.since), last_at = excluded.last_at,
                failures = failures + 1, failure = excluded.failure",
        )
        .bind(connection.0)
        .bind(now.millis())
        .bind(json(failure))
        .execute(self.connection())
        .await?;
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{OUTAGES} WHERE x.connection_id = $1")))
            .bind(connection.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| outage(&RowReader::new(&row, "outages"))).transpose()
    }

    /// Returns which of these numbers have an outage, reported or not.
    pub async fn with_outage(&mut self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>> {
        let ids: Vec<i64> = connections.iter().map(|id| id.0).collect();
        let found = sqlx::query_scalar(
            "SELECT o.connection_id FROM json_each($1) w CROSS JOIN outages o ON o.connection_id = w.value",
        );
        let found: Vec<i64> = found.bind(json(&ids)).fetch_all(self.connection()).await?;
        Ok(found.into_iter().map(ConnectionId).collect())
    }

    /// Returns all outages, reported or not.
    pub async fn outages(&mut self) -> Result<Vec<Outage>> {
        let rows = sqlx::query(OUTAGES).fetch_all(self.connection()).await?;
        readable(&rows, "outages", outage)
    }

    /// Ends an outage. Returns `Missed` if there was none.
    pub async fn end_outage(&mut self, connection: ConnectionId) -> Result<Update> {
        let done = sqlx::query("DELETE FROM outages WHERE connection_id = $1")
            .bind(connection.0)
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }
}

fn outage(cells: &RowReader<'_>) -> Result<Outage> {
    Ok(Outage {
        connection: ConnectionId(cells.int("id")?),
        since: cells.time("since")?,
        last_at: cells.time("last_at")?,
        failures: cells.count("failures")?,
        failure: cells.json("failure")?,
        retried: cells.count("retried")?,
    })
}
