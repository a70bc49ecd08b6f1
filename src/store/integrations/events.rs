//! Events for other programs, and their deliveries to endpoints.

use std::time::Duration;

use crate::domain::agents::requests::EventView;
use crate::domain::ids::{EventId, ThreadId};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, readable};
use crate::store::{Result, Store, Write};

/// An event to deliver to an endpoint.
#[derive(Debug, Clone)]
pub struct EventDelivery {
    pub endpoint: String,
    pub event: EventView,
    /// Number of earlier attempts.
    pub tried: u32,
}

const EVENT: &str = "SELECT e.id, e.at, e.kind, e.thread_id, e.data FROM events e";

fn event(cells: &RowReader<'_>) -> Result<EventView> {
    Ok(EventView {
        id: EventId(cells.int("id")?),
        at: cells.time("at")?,
        event: cells.text("kind")?,
        thread: cells.opt_int("thread_id")?.map(ThreadId),
        data: cells.json("data")?,
    })
}

impl Store {
    /// Returns the events after this one, oldest first.
    pub async fn events(&self, after: Option<EventId>, limit: u32) -> Result<Vec<EventView>> {
        let text = format!("{EVENT} WHERE e.id > $1 ORDER BY e.id LIMIT +$2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(after.map_or(0, |id| id.0))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        readable(&rows, "events", event)
    }

    /// Returns when the next event delivery is due.
    pub async fn next_event_delivery_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM event_deliveries WHERE state = 'waiting'")
            .fetch_one(&self.readers)
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }
}

impl Store {
    /// Returns the id of the newest event; zero if there is none.
    pub async fn newest_event(&self) -> Result<EventId> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(id) FROM events").fetch_one(&self.readers).await?;
        Ok(EventId(newest.unwrap_or(0)))
    }
}

impl Write {
    /// Claims the next event delivery with a lease. Within a thread, earlier events of an endpoint are delivered
    /// first.
    pub async fn claim_event_delivery(&mut self, now: Timestamp, lease: Duration) -> Result<Option<EventDelivery>> {
        let row = sqlx::query(
            "UPDATE event_deliveries SET lease_until = $2, due_at = $2 WHERE (endpoint, event_id) = (
                SELECT t.endpoint, t.event_id FROM event_deliveries t WHERE t.state = 'waiting' AND t.due_at <= $1
                    AND NOT EXISTS (SELECT 1 FROM event_deliveries p WHERE p.endpoint = t.endpoint AND p.thread_id = t.thread_id
                        AND p.event_id < t.event_id AND p.state = 'waiting')
                ORDER BY t.due_at, t.event_id LIMIT 1)
             RETURNING event_id AS id, endpoint, tried",
        )
        .bind(now.millis())
        .bind(now.plus(lease).millis())
        .fetch_optional(self.connection())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let cells = RowReader::new(&row, "event_deliveries");
        let text = format!("{EVENT} WHERE e.id = $1");
        let found = sqlx::query(sqlx::AssertSqlSafe(text)).bind(cells.int("id")?).fetch_one(self.connection()).await?;
        Ok(Some(EventDelivery {
            endpoint: cells.text("endpoint")?,
            event: event(&RowReader::new(&found, "events"))?,
            tried: cells.count("tried")?,
        }))
    }

    /// Gives up the deliveries of an event that cannot be read.
    pub async fn give_up_event(&mut self, event: EventId, note: &str) -> Result<()> {
        sqlx::query(
            "UPDATE event_deliveries SET state = 'given_up', lease_until = NULL, note = $2
             WHERE event_id = $1 AND state = 'waiting'",
        )
        .bind(event.0)
        .bind(note)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores the outcome of a delivery: delivered, to be retried, or given up.
    pub async fn settle_event_delivery(
        &mut self,
        delivery: &EventDelivery,
        told: bool,
        again_at: Option<Timestamp>,
        note: &str,
    ) -> Result<()> {
        let state = match (told, again_at) {
            (true, _) => "told",
            (false, Some(_)) => "waiting",
            (false, None) => "given_up",
        };
        sqlx::query(
            "UPDATE event_deliveries SET state = $3, tried = tried + 1, due_at = coalesce($4, due_at), lease_until = NULL, note = $5
             WHERE endpoint = $1 AND event_id = $2",
        )
        .bind(&delivery.endpoint)
        .bind(delivery.event.id.0)
        .bind(state)
        .bind(again_at.map(Timestamp::millis))
        .bind(note)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Deletes events before this time that have no waiting deliveries. Returns their number.
    pub async fn delete_events(&mut self, before: Timestamp) -> Result<u64> {
        let done = sqlx::query(
            "DELETE FROM events WHERE at < $1 AND NOT EXISTS
                (SELECT 1 FROM event_deliveries t WHERE t.event_id = events.id AND t.state = 'waiting')",
        )
        .bind(before.millis())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }
}
