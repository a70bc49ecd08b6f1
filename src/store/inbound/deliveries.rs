//! Webhook deliveries, stored as received.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::QueryBuilder;

use crate::domain::ids::{DeliveryId, ThreadId};
use crate::domain::inbound::delivery::{DeliveryKey, DeliveryState, EventPattern, RawDelivery};
use crate::domain::inbound::set_aside::Progress;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::{DeliveryDetail, DeliveryRow};
use crate::store::codec::{RowReader, json, readable};
use crate::store::multi_row::chunks;
use crate::store::{NewAlert, Result, Store, StoreError, Update, Write};

/// Number of requests with an invalid signature kept for inspection.
const REJECTED_KEPT: i64 = 200;

/// A received request to be stored.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub raw: Arc<RawDelivery>,
    pub key: DeliveryKey,
    pub event: String,
}

/// A stored request to be applied.
#[derive(Debug, Clone)]
pub struct StoredDelivery {
    pub id: DeliveryId,
    pub raw: Arc<RawDelivery>,
    pub event: String,
    /// How far it was applied before, if it was applied partly.
    pub progress: Option<Progress>,
}

/// An applied delivery: its id, the name of its event, the thread that it changed, and a note.
pub type Done = (DeliveryId, String, Option<ThreadId>, Option<String>);

impl Store {
    /// Returns deliveries with this state and event, newest first.
    pub async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        event: Option<&EventPattern>,
        limit: u32,
        before: Option<DeliveryId>,
    ) -> Result<Vec<DeliveryRow>> {
        // The state is part of the statement's text, so that its partial index is used.
        let of_state = state.map(|state| format!("state = '{}' AND ", state.name())).unwrap_or_default();
        let of_event = if event.is_some() { "(lower(event) GLOB $3 OR lower(event) GLOB $4) AND " } else { "" };
        let text = format!(
            "SELECT id, path, event, state, received_at, length(body) AS bytes, repeats, note FROM deliveries
             WHERE {of_state}{of_event}id < $1 ORDER BY id DESC LIMIT +$2"
        );
        let [name, end] = event.map_or_else(Default::default, EventPattern::globs);
        let mut query =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(before.map_or(i64::MAX, |id| id.0)).bind(i64::from(limit));
        if event.is_some() {
            query = query.bind(name).bind(end);
        }
        let rows = query.fetch_all(&self.readers).await?;
        readable(&rows, "deliveries", delivery_row)
    }

    /// Returns one delivery with its headers and body.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>> {
        let row = sqlx::query(
            "SELECT id, provider, path, event, state, received_at, length(body) AS bytes, repeats, note, headers, body
             FROM deliveries WHERE id = $1",
        )
        .bind(id.0)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "deliveries");
            let headers: Vec<(String, Untrusted)> = cells.json("headers")?;
            let body = String::from_utf8_lossy(&cells.bytes("body")?).into_owned();
            Ok(DeliveryDetail {
                row: delivery_row(&cells)?,
                provider: cells.text("provider")?,
                headers,
                body: Untrusted::new(body),
                verdict: String::new(),
                signed: false,
            })
        })
        .transpose()
    }
}

impl Write {
    /// Stores deliveries in a few statements. A delivery that is stored already only counts as a repeat. Returns the
    /// new ones with their positions in `batch`, and the number of repeats.
    pub async fn insert_deliveries(&mut self, batch: Vec<NewDelivery>) -> Result<(Vec<(usize, StoredDelivery)>, u64)> {
        let mut repeats = 0;
        let mut ids: HashMap<(i64, Vec<u8>), i64> = HashMap::new();
        for rows in chunks(&batch) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO deliveries (provider, path, headers, body, received_at, sent_at, digest, state, event) ",
            );
            insert.push_values(rows, |mut row, arrived| {
                row.push_bind(arrived.raw.provider.as_str())
                    .push_bind(&arrived.raw.path)
                    .push_bind(json(&arrived.raw.headers))
                    .push_bind(&arrived.raw.body[..])
                    .push_bind(arrived.raw.received_at.millis())
                    .push_bind(arrived.key.sent_at.millis())
                    .push_bind(&arrived.key.digest[..])
                    .push("'pending'")
                    .push_bind(&arrived.event);
            });
            insert.push(
                " ON CONFLICT (sent_at, digest) DO UPDATE SET repeats = repeats + 1
                RETURNING id, sent_at, digest, repeats > 0",
            );
            let told: Vec<(i64, i64, Vec<u8>, bool)> = insert.build_query_as().fetch_all(self.connection()).await?;
            repeats += told.iter().filter(|(.., again)| *again).count() as u64;
            let new = told.into_iter().filter(|(.., again)| !*again);
            ids.extend(new.map(|(id, sent_at, digest, _)| ((sent_at, digest), id)));
        }
        let stored = batch.into_iter().enumerate().filter_map(|(at, arrived)| {
            let id = ids.remove(&(arrived.key.sent_at.millis(), arrived.key.digest.to_vec()))?;
            Some((at, StoredDelivery { id: DeliveryId(id), raw: arrived.raw, event: arrived.event, progress: None }))
        });
        Ok((stored.collect(), repeats))
    }

    /// Returns the oldest pending deliveries, and whether something was written: a delivery whose row cannot be read
    /// is marked as unreadable, with an alert.
    pub async fn pending_deliveries(&mut self, limit: u32, now: Timestamp) -> Result<(Vec<StoredDelivery>, bool)> {
        let mut marked = false;
        loop {
            let rows = sqlx::query(
                "SELECT id, provider, path, headers, body, received_at, event, progress FROM deliveries
                 WHERE state = 'pending' ORDER BY id LIMIT +$1",
            )
            .bind(i64::from(limit))
            .fetch_all(self.connection())
            .await?;
            self.health.note_pending(!rows.is_empty());
            let mut pending = vec![];
            for row in &rows {
                let cells = RowReader::new(row, "deliveries");
                match stored(&cells) {
                    Ok(delivery) => pending.push(delivery),
                    Err(StoreError::Corrupt { column, key, .. }) => {
                        self.mark_unreadable_row(key, column, now).await?;
                        marked = true;
                    }
                    Err(error) => return Err(error),
                }
            }
            if !pending.is_empty() || rows.is_empty() {
                return Ok((pending, marked));
            }
        }
    }

    async fn mark_unreadable_row(&mut self, key: i64, column: &str, now: Timestamp) -> Result<()> {
        let id = DeliveryId(key);
        let note = format!("its database row cannot be read (column {column})");
        sqlx::query("UPDATE deliveries SET state = 'unreadable', note = $2 WHERE id = $1")
            .bind(key)
            .bind(&note)
            .execute(self.connection())
            .await?;
        let said = format!("{id} is not applied: {note}. Restore a backup, or correct the row, and replay it.");
        let subject = format!("deliveries {key}");
        self.raise(&NewAlert { kind: AlertKind::UnreadableRows, subject: &subject, said: &said, thread: None }, now)
            .await
    }

    /// Returns `true` if deliveries may be pending; new ones must wait behind them.
    pub fn may_have_pending(&self) -> bool {
        self.health.may_have_pending()
    }

    /// Notes that deliveries of this transaction stay pending.
    pub fn mark_pending(&self) {
        self.health.note_pending(true);
    }

    /// Stores the state of a delivery, with the name of its event and a note.
    pub async fn mark_delivery(
        &mut self,
        id: DeliveryId,
        state: DeliveryState,
        event: &str,
        note: Option<&str>,
    ) -> Result<()> {
        sqlx::query("UPDATE deliveries SET state = $2, event = $3, note = $4 WHERE id = $1")
            .bind(id.0)
            .bind(state.name())
            .bind(event)
            .bind(note)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Marks deliveries as applied.
    pub async fn mark_applied(&mut self, applied: &[Done]) -> Result<()> {
        if applied.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> =
            applied.iter().map(|(id, event, thread, note)| (id.0, event, thread.map(|it| it.0), note)).collect();
        sqlx::query(
            "WITH told (id, event, thread, note) AS MATERIALIZED (
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($1))
             UPDATE deliveries SET state = 'applied', note = told.note, event = told.event, progress = NULL,
                                   thread_id = coalesce(told.thread, thread_id)
             FROM told WHERE deliveries.id = told.id",
        )
        .bind(json(&rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores how far a delivery was applied, with its state and the reasons of items set aside.
    pub async fn keep_progress(
        &mut self,
        id: DeliveryId,
        state: DeliveryState,
        event: &str,
        progress: &Progress,
    ) -> Result<()> {
        if state == DeliveryState::Pending {
            self.mark_pending();
        }
        sqlx::query("UPDATE deliveries SET state = $2, event = $3, note = $4, progress = $5 WHERE id = $1")
            .bind(id.0)
            .bind(state.name())
            .bind(event)
            .bind(progress.note())
            .bind(json(progress))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Marks a delivery as pending again. Returns `Missed` if its signature was invalid, or if it is pending already.
    pub async fn replay_delivery(&mut self, id: DeliveryId) -> Result<Update> {
        self.mark_pending();
        let done =
            sqlx::query("UPDATE deliveries SET state = 'pending', note = NULL WHERE id = $1 AND state NOT IN ('rejected', 'pending')")
                .bind(id.0)
                .execute(self.connection())
                .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Marks all quarantined deliveries as pending again, and acknowledges the alerts about numbers that have a
    /// connection now. Returns the number of deliveries.
    pub async fn release_quarantine(&mut self, now: Timestamp) -> Result<u64> {
        self.mark_pending();
        let done = sqlx::query("UPDATE deliveries SET state = 'pending', note = NULL WHERE state = 'quarantined'")
            .execute(self.connection())
            .await?;
        sqlx::query(
            "UPDATE alerts SET acked_by = 'system', acked_at = $1 WHERE kind = 'quarantine' AND acked_at IS NULL
                AND subject IN (SELECT 'phone_number_id ' || phone_number_id FROM connections)",
        )
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }

    /// Stores a request with an invalid signature for inspection, and deletes the oldest beyond `REJECTED_KEPT`.
    pub async fn store_rejected(&mut self, arrived: &NewDelivery, note: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO deliveries (provider, path, headers, body, received_at, sent_at, digest, state, event, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'rejected', $8, $9)
             ON CONFLICT (sent_at, digest) DO UPDATE SET repeats = repeats + 1",
        )
        .bind(arrived.raw.provider.as_str())
        .bind(&arrived.raw.path)
        .bind(json(&arrived.raw.headers))
        .bind(&arrived.raw.body[..])
        .bind(arrived.raw.received_at.millis())
        .bind(arrived.key.sent_at.millis())
        .bind(&arrived.key.digest[..])
        .bind(&arrived.event)
        .bind(note)
        .execute(self.connection())
        .await?;
        sqlx::query(
            "DELETE FROM deliveries WHERE state = 'rejected' AND id <=
                (SELECT id FROM deliveries WHERE state = 'rejected' ORDER BY id DESC LIMIT 1 OFFSET $1)",
        )
        .bind(REJECTED_KEPT)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

/// Reads a stored request from a row.
pub(crate) fn stored(cells: &RowReader<'_>) -> Result<StoredDelivery> {
    Ok(StoredDelivery {
        id: DeliveryId(cells.int("id")?),
        raw: Arc::new(RawDelivery {
            provider: ProviderName::new(cells.text("provider")?),
            path: cells.text("path")?,
            headers: cells.json("headers")?,
            body: cells.bytes("body")?,
            received_at: cells.time("received_at")?,
        }),
        event: cells.text("event")?,
        // If the progress cannot be read, the delivery is applied from the start; stored messages are not applied
        // twice.
        progress: cells.opt_json("progress").unwrap_or_default(),
    })
}

fn delivery_row(cells: &RowReader<'_>) -> Result<DeliveryRow> {
    Ok(DeliveryRow {
        id: DeliveryId(cells.int("id")?),
        path: cells.text("path")?,
        event: cells.text("event")?,
        state: cells.named("state", DeliveryState::from_name)?,
        received_at: cells.time("received_at")?,
        bytes: cells.int("bytes")?.cast_unsigned(),
        repeats: cells.count("repeats")?,
        note: cells.opt_untrusted("note")?,
    })
}
