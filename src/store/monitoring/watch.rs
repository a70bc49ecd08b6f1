//! State of the watcher: test webhooks, backfills, and which alerts were passed to the alert command.

use crate::domain::ids::{AlertId, ConnectionId, DeliveryId, ThreadId};
use crate::domain::message::status::DeliveryRecord;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::inbound::deliveries;
use crate::store::{Result, Store, StoredDelivery, Write};

impl Store {
    /// Returns one stored request, for inspection.
    pub async fn raw_delivery(&self, id: DeliveryId) -> Result<Option<StoredDelivery>> {
        let row = sqlx::query(
            "SELECT id, provider, path, headers, body, received_at, event, progress FROM deliveries WHERE id = $1",
        )
        .bind(id.0)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| deliveries::stored(&RowReader::new(&row, "deliveries"))).transpose()
    }

    /// Returns when a connection's last test webhook was requested.
    pub async fn last_canary(&self, connection: ConnectionId) -> Result<Option<Timestamp>> {
        let at: Option<i64> = sqlx::query_scalar("SELECT max(sent_at) FROM canaries WHERE connection_id = $1")
            .bind(connection.0)
            .fetch_one(&self.readers)
            .await?;
        Ok(at.map(Timestamp::from_millis))
    }

    /// Returns when a connection was last compared with the provider's list.
    pub async fn last_backfill(&self, connection: ConnectionId) -> Result<Option<Timestamp>> {
        let at: Option<i64> = sqlx::query_scalar("SELECT max(at) FROM backfills WHERE connection_id = $1")
            .bind(connection.0)
            .fetch_one(&self.readers)
            .await?;
        Ok(at.map(Timestamp::from_millis))
    }

    /// Returns `true` if a message with this key is stored, from its current or an earlier series of attempts.
    pub async fn is_known(&self, key: &[u8; 16]) -> Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM messages WHERE provider_key = $1 UNION ALL SELECT 1 FROM attempts WHERE provider_key = $1 LIMIT 1",
        )
        .bind(&key[..])
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }

    /// Returns the delivery record of our message with this key.
    pub async fn delivery_record_of(&self, key: &[u8; 16]) -> Result<Option<DeliveryRecord>> {
        let row = sqlx::query(
            "SELECT progress, failure, failed_at FROM messages WHERE provider_key = $1 AND direction = 'outbound'",
        )
        .bind(&key[..])
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| crate::store::threads::messages::standing(&RowReader::new(&row, "messages"))).transpose()
    }

    /// Returns the failures of each connection since a time, with the most frequent code and its number.
    pub async fn failures_since(&self, since: Timestamp) -> Result<Vec<(ConnectionId, u32, String, u32)>> {
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(
            "SELECT o.connection_id, coalesce(json_extract(o.failure, '$.code'), ''), count(*) AS n FROM outbox o
             WHERE o.state IN ('failed', 'dead') AND o.settled_at >= $1 GROUP BY 1, 2 ORDER BY n DESC",
        )
        .bind(since.millis())
        .fetch_all(&self.readers)
        .await?;
        let mut sums: Vec<(ConnectionId, u32, String, u32)> = vec![];
        for (connection, code, count) in rows {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            match sums.iter_mut().find(|(known, ..)| known.0 == connection) {
                Some(sum) => sum.1 += count,
                None => sums.push((ConnectionId(connection), count, code, count)),
            }
        }
        Ok(sums)
    }

    /// Returns how many threads have waited for a person since before a time, and the one that waits longest.
    pub async fn waiting_since_before(&self, before: Timestamp) -> Result<Option<(u32, ThreadId, Timestamp)>> {
        let row: Option<(i64, i64)> = sqlx::query_as(
            "SELECT id, waiting_since FROM threads WHERE waiting_since < $1 AND snoozed_until IS NULL ORDER BY waiting_since LIMIT 1",
        )
        .bind(before.millis())
        .fetch_optional(&self.readers)
        .await?;
        let Some((thread, since)) = row else { return Ok(None) };
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM threads WHERE waiting_since < $1 AND snoozed_until IS NULL")
                .bind(before.millis())
                .fetch_one(&self.readers)
                .await?;
        Ok(Some((u32::try_from(count).unwrap_or(u32::MAX), ThreadId(thread), Timestamp::from_millis(since))))
    }

    /// Returns, for each connection, since when its oldest sendable entry is due: entries without a hold, a pause
    /// after a failure, or an earlier entry in their thread.
    pub async fn oldest_due(&self, now: Timestamp) -> Result<Vec<(ConnectionId, Timestamp)>> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT o.connection_id, min(o.due_at) FROM outbox o WHERE o.state = 'queued' AND o.hold IS NULL
                AND o.due_at <= $1 AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.thread_id = o.thread_id AND b.id < o.id
                    AND b.state IN ('queued', 'sending', 'uncertain') AND (b.not_before IS NULL OR b.not_before <= $1))
             GROUP BY o.connection_id",
        )
        .bind(now.millis())
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(|(id, due)| (ConnectionId(id), Timestamp::from_millis(due))).collect())
    }

    /// Returns how many alerts were passed to the alert command since a time.
    pub async fn alerts_told_since(&self, since: Timestamp) -> Result<u32> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM alerts WHERE told_at >= $1")
            .bind(since.millis())
            .fetch_one(&self.readers)
            .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Returns open alerts that were not passed to the alert command: id, kind, subject and text.
    pub async fn alerts_to_notify(&self, limit: u32) -> Result<Vec<(AlertId, String, String, String)>> {
        let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
            "SELECT id, kind, subject, said FROM alerts WHERE acked_at IS NULL AND told_at IS NULL ORDER BY id LIMIT +$1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(|(id, kind, subject, said)| (AlertId(id), kind, subject, said)).collect())
    }
}

impl Write {
    /// Stores that a test webhook was requested, and returns its id.
    pub async fn send_canary(&mut self, connection: ConnectionId, now: Timestamp) -> Result<i64> {
        Ok(sqlx::query_scalar("INSERT INTO canaries (connection_id, sent_at) VALUES ($1, $2) RETURNING id")
            .bind(connection.0)
            .bind(now.millis())
            .fetch_one(self.connection())
            .await?)
    }

    /// Deletes a test webhook that could not be requested.
    pub async fn delete_canary(&mut self, id: i64) -> Result<()> {
        sqlx::query("DELETE FROM canaries WHERE id = $1").bind(id).execute(self.connection()).await?;
        Ok(())
    }

    /// Records that a test webhook arrived. Returns its connection and when it was requested; `None` if none was
    /// expected. A test for this number is preferred, but providers may name any number in a test.
    pub async fn record_canary_return(
        &mut self,
        provider: &ProviderName,
        phone_number_id: &str,
        at: Timestamp,
    ) -> Result<Option<(ConnectionId, Timestamp)>> {
        let sent: Option<(i64, i64)> = sqlx::query_as(
            "UPDATE canaries SET back_at = $3 WHERE id = (
                 SELECT k.id FROM connections c JOIN canaries k ON k.connection_id = c.id AND k.back_at IS NULL
                 WHERE c.provider = $1 ORDER BY c.phone_number_id <> $2, k.sent_at LIMIT 1)
             RETURNING connection_id, sent_at",
        )
        .bind(provider.as_str())
        .bind(phone_number_id)
        .bind(at.millis())
        .fetch_optional(self.connection())
        .await?;
        Ok(sent.map(|(connection, sent)| (ConnectionId(connection), Timestamp::from_millis(sent))))
    }

    /// Marks test webhooks requested before a time as lost. Returns their connections.
    pub async fn lost_canaries(&mut self, before: Timestamp) -> Result<Vec<ConnectionId>> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "UPDATE canaries SET back_at = 0 WHERE back_at IS NULL AND sent_at < $1 RETURNING connection_id",
        )
        .bind(before.millis())
        .fetch_all(self.connection())
        .await?;
        Ok(ids.into_iter().map(ConnectionId).collect())
    }

    /// Stores the result of a backfill.
    pub async fn record_backfill(
        &mut self,
        connection: ConnectionId,
        now: Timestamp,
        listed: usize,
        filled: usize,
        said: &str,
    ) -> Result<()> {
        sqlx::query("INSERT INTO backfills (connection_id, at, listed, filled, said) VALUES ($1, $2, $3, $4, $5)")
            .bind(connection.0)
            .bind(now.millis())
            .bind(listed as i64)
            .bind(filled as i64)
            .bind(said)
            .execute(self.connection())
            .await?;
        // Only the last thousand comparisons are kept; the messages themselves record what was added.
        sqlx::query("DELETE FROM backfills WHERE id <= (SELECT max(id) - 1000 FROM backfills)")
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Stores that the alert command was run for an alert.
    pub async fn mark_notified(&mut self, id: AlertId, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE alerts SET told_at = $2 WHERE id = $1")
            .bind(id.0)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Returns one stored request in any state.
    pub async fn stored_delivery(&mut self, id: DeliveryId) -> Result<Option<StoredDelivery>> {
        let row = sqlx::query(
            "SELECT id, provider, path, headers, body, received_at, event, progress FROM deliveries WHERE id = $1",
        )
        .bind(id.0)
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| deliveries::stored(&RowReader::new(&row, "deliveries"))).transpose()
    }
}
