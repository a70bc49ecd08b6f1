//! Holds of whole numbers, whose key or account the provider rejects.

use crate::domain::failure::Failure;
use crate::domain::ids::{ConnectionId, EntryId};
use crate::domain::outbox::limits::Hold;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Store, Write};

/// How long after the probe the other held entries are checked again.
const AFTER_PROBE: std::time::Duration = std::time::Duration::from_secs(900);

/// The hold of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNumber {
    pub kind: Hold,
    pub probe_at: Timestamp,
    /// Whether only a status can end the hold.
    pub by_status: bool,
}

impl HeldNumber {
    /// Reads the columns `held_kind`, `probe_at` and `by_status`, which are NULL if the number is not held.
    pub(crate) fn read(cells: &RowReader<'_>) -> Result<Option<Self>> {
        let Some(kind) = cells.opt_named("held_kind", Hold::from_name)? else { return Ok(None) };
        Ok(Some(Self { kind, probe_at: cells.time("probe_at")?, by_status: cells.flag("by_status")? }))
    }
}

impl Store {
    /// Returns why a number is held; `None` if it is not.
    pub async fn held_number(&self, connection: ConnectionId) -> Result<Option<Failure>> {
        let row = sqlx::query("SELECT connection_id AS id, failure FROM connection_holds WHERE connection_id = $1")
            .bind(connection.0)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| RowReader::new(&row, "connection_holds").json("failure")).transpose()
    }
}

impl Write {
    /// Returns the hold of a number; `None` if it is not held.
    pub async fn connection_hold(&mut self, connection: ConnectionId) -> Result<Option<HeldNumber>> {
        let row = sqlx::query(
            "SELECT connection_id AS id, kind AS held_kind, probe_at, by_status FROM connection_holds WHERE connection_id = $1",
        )
        .bind(connection.0)
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| HeldNumber::read(&RowReader::new(&row, "connection_holds"))).transpose()?.flatten())
    }

    /// Returns the numbers that are held because the base URL does not lead to the provider's API.
    pub async fn held_by_base_url(&mut self) -> Result<Vec<ConnectionId>> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT connection_id FROM connection_holds WHERE json_extract(failure, '$.class') = 'endpoint' ORDER BY 1",
        )
        .fetch_all(self.connection())
        .await?;
        Ok(ids.into_iter().map(ConnectionId).collect())
    }

    /// Returns the numbers whose key is rejected: those held for it, and those whose last provider check failed. With
    /// `said`, only failed checks with this note count.
    pub async fn refused_by_key(&mut self, said: Option<&str>) -> Result<Vec<ConnectionId>> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT connection_id FROM connection_holds WHERE json_extract(failure, '$.class') = 'authorization'
             UNION SELECT connection_id FROM proofs WHERE hop = 'provider' AND works = 0 AND ($1 IS NULL OR note = $1) ORDER BY 1",
        )
        .bind(said)
        .fetch_all(self.connection())
        .await?;
        Ok(ids.into_iter().map(ConnectionId).collect())
    }

    /// Returns `true` if a number is held until a status shows that it may send, and this entry was tried since.
    pub async fn status_ends_hold(&mut self, connection: ConnectionId, entry: EntryId) -> Result<bool> {
        let ends: Option<bool> = sqlx::query_scalar(
            "SELECT since <= (SELECT max(started_at) FROM attempts WHERE outbox_id = $2) FROM connection_holds
             WHERE connection_id = $1 AND by_status = 1",
        )
        .bind(connection.0)
        .bind(entry.0)
        .fetch_optional(self.connection())
        .await?;
        Ok(ends == Some(true))
    }

    /// Holds a number: only one entry at a time is sent, as a probe. Returns when the next probe is sent. A status of
    /// an entry sent before the hold does not count as a failed probe.
    pub async fn hold_connection(
        &mut self,
        connection: ConnectionId,
        failure: &Failure,
        status_of: Option<EntryId>,
        now: Timestamp,
        chance: f64,
    ) -> Result<Timestamp> {
        let kind = Hold::of_number(failure);
        let probes: i64 = sqlx::query_scalar(
            "INSERT INTO connection_holds (connection_id, kind, failure, by_status, since, probes, probe_at)
             VALUES ($1, $2, $3, $4, $5, 1, $5)
             ON CONFLICT (connection_id) DO UPDATE SET kind = excluded.kind, failure = excluded.failure,
                by_status = max(by_status, excluded.by_status), probes = probes + ($6 IS NULL
                    OR since <= coalesce((SELECT max(started_at) FROM attempts WHERE outbox_id = $6), 0))
             RETURNING probes",
        )
        .bind(connection.0)
        .bind(kind.name())
        .bind(json(failure))
        .bind(status_of.is_some())
        .bind(now.millis())
        .bind(status_of.map(|entry| entry.0))
        .fetch_one(self.connection())
        .await?;
        // A key can be corrected at any time, and a probe is cheap; an account takes longer.
        let rest = match kind {
            Hold::Account => RetryPolicy::PROBE.pause(u32::try_from(probes).unwrap_or(u32::MAX), None, chance),
            _ => RetryPolicy::default().pause(2, None, chance),
        };
        let probe_at = now.plus(rest);
        self.probe_at(connection, probe_at).await?;
        self.hold_due(connection, probe_at, None, now).await?;
        Ok(probe_at)
    }

    /// Sets when the next probe may be sent.
    pub async fn probe_at(&mut self, connection: ConnectionId, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE connection_holds SET probe_at = $2 WHERE connection_id = $1")
            .bind(connection.0)
            .bind(at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Holds the due entries of a held number and stores when they were due. The entry `next` is the next probe.
    pub async fn hold_due(
        &mut self,
        connection: ConnectionId,
        probe_at: Timestamp,
        next: Option<EntryId>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET hold = 'credentials', held_due_at = coalesce(held_due_at, due_at),
                due_at = CASE WHEN id = $2 THEN $3 ELSE $4 END
             WHERE connection_id = $1 AND state = 'queued' AND hold IS NOT 'operator' AND due_at <= $5",
        )
        .bind(connection.0)
        .bind(next.map(|entry| entry.0))
        .bind(probe_at.millis())
        .bind(probe_at.plus(AFTER_PROBE).millis())
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Makes the oldest held entry due now, as the next probe.
    pub async fn hold_due_now(&mut self, connection: ConnectionId, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE outbox SET due_at = $2 WHERE id = (SELECT min(id) FROM outbox
                WHERE connection_id = $1 AND state = 'queued' AND hold = 'credentials')",
        )
        .bind(connection.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Releases a number: its entries get their earlier due times and keep their order.
    pub async fn release_connection(&mut self, connection: ConnectionId) -> Result<()> {
        sqlx::query("DELETE FROM connection_holds WHERE connection_id = $1")
            .bind(connection.0)
            .execute(self.connection())
            .await?;
        sqlx::query(
            "UPDATE outbox SET hold = NULL, due_at = coalesce(held_due_at, due_at), held_due_at = NULL
             WHERE connection_id = $1 AND state = 'queued' AND hold = 'credentials'",
        )
        .bind(connection.0)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
