//! Loads our messages for a batch of statuses, and stores the changes, in a fixed number of statements per chunk.

use std::collections::HashMap;

use sqlx::QueryBuilder;

use crate::domain::costs::pricing::PricingRecord;
use crate::domain::failure::Failure;
use crate::domain::ids::{ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::message::status::{DeliveryRecord, DeliveryStatus, StatusReport};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::multi_row::chunks;
use crate::store::{Result, Write};

/// Facts about a message of ours that a status needs.
#[derive(Debug, Clone)]
pub struct KnownOutbound {
    pub message: MessageId,
    pub thread: ThreadId,
    /// Its delivery record.
    pub record: DeliveryRecord,
    /// What was reported about its charge.
    pub pricing: PricingRecord,
    pub entry: Option<(EntryId, EntryState)>,
    /// Whether its number is held until a status shows that it may send.
    pub awaits_proof: bool,
}

/// A status as it was reported.
#[derive(Debug)]
pub struct StatusRow {
    pub key: [u8; 16],
    pub report: StatusReport,
    pub raw: String,
    pub received_at: Timestamp,
    /// The reported time, if it is implausible.
    pub told_at: Option<Timestamp>,
}

const OUTBOUND: &str = "WITH wanted (key) AS MATERIALIZED (SELECT unhex(value) FROM json_each($1))
    SELECT m.id, m.provider_key, m.thread_id, m.progress, m.failure, m.failed_at, m.pricing, o.id AS entry_id, o.state,
        EXISTS (SELECT 1 FROM connection_holds h WHERE h.connection_id = m.connection_id AND h.by_status = 1) AS awaits_proof
    FROM wanted w CROSS JOIN messages m ON m.provider_key = w.key LEFT JOIN outbox o ON o.message_id = m.id
    WHERE m.direction = 'outbound'";

/// An entry in flight that a report names by our reference.
#[derive(Debug, Clone, Copy)]
pub struct InFlight {
    /// Its position among the queried references.
    pub place: usize,
    pub entry: EntryId,
    pub message: MessageId,
    pub thread: ThreadId,
}

const IN_FLIGHT: &str = "WITH w (place, connection, reference, key) AS MATERIALIZED (
        SELECT key, value ->> 0, value ->> 1, unhex(value ->> 2) FROM json_each($1))
    SELECT w.place, o.id, o.message_id, o.thread_id
    FROM w CROSS JOIN outbox o ON o.reference = w.reference AND o.connection_id = w.connection AND o.state = 'sending'
    WHERE NOT EXISTS (SELECT 1 FROM statuses s WHERE s.provider_key = w.key)
        AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.provider_key = w.key)
        AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.provider_key = w.key)
        AND NOT EXISTS (SELECT 1 FROM json_each($2) k CROSS JOIN alert_entries e ON e.kind = k.value AND e.entry_id = o.id)
        AND NOT EXISTS (SELECT 1 FROM json_each($2) k CROSS JOIN alerts a ON a.kind = k.value
            AND a.subject = 'o' || o.id AND a.acked_at IS NULL)";

impl Write {
    /// Returns the entries in flight that reports name by our reference, each with the connection and the key under
    /// which it is reported. Those of which something is stored under the key, or with an open alert of these kinds,
    /// are left out.
    pub async fn in_flight(
        &mut self,
        named: &[(ConnectionId, &str, &str, [u8; 16])],
        alerts: &[AlertKind],
    ) -> Result<Vec<InFlight>> {
        if named.is_empty() {
            return Ok(vec![]);
        }
        let rows: Vec<_> =
            named.iter().map(|(connection, reference, _, key)| (connection.0, reference, hex::encode(key))).collect();
        let kinds: Vec<&str> = alerts.iter().map(|kind| kind.as_str()).collect();
        let found: Vec<(i64, i64, i64, i64)> =
            sqlx::query_as(IN_FLIGHT).bind(json(&rows)).bind(json(&kinds)).fetch_all(self.connection()).await?;
        let found = found.into_iter().map(|(place, entry, message, thread)| InFlight {
            place: usize::try_from(place).unwrap_or(usize::MAX),
            entry: EntryId(entry),
            message: MessageId(message),
            thread: ThreadId(thread),
        });
        Ok(found.collect())
    }

    /// Returns our messages with these keys; unknown keys are left out.
    pub async fn known_outbound(&mut self, keys: &[[u8; 16]]) -> Result<HashMap<[u8; 16], KnownOutbound>> {
        let keys: Vec<String> = keys.iter().map(hex::encode).collect();
        let rows = sqlx::query(OUTBOUND).bind(json(&keys)).fetch_all(self.connection()).await?;
        let mut known = HashMap::with_capacity(rows.len());
        for row in &rows {
            let cells = RowReader::new(row, "messages");
            let Ok(key) = <[u8; 16]>::try_from(cells.bytes("provider_key")?) else { continue };
            let state = cells.opt_named("state", EntryState::from_name)?;
            let record = DeliveryRecord {
                progress: cells.named("progress", DeliveryStatus::from_name)?,
                failed: cells.opt_time("failed_at")?.zip(cells.opt_json("failure")?),
            };
            let outbound = KnownOutbound {
                message: MessageId(cells.int("id")?),
                thread: ThreadId(cells.int("thread_id")?),
                record,
                pricing: cells.opt_json("pricing")?.unwrap_or_default(),
                entry: cells.opt_int("entry_id")?.map(EntryId).zip(state),
                awaits_proof: cells.flag("awaits_proof")?,
            };
            known.insert(key, outbound);
        }
        Ok(known)
    }

    /// Stores statuses as received. A known status is left unchanged, except for its reported charge: of different
    /// reports the greater text is stored, so that the result does not depend on their order.
    pub async fn insert_statuses(&mut self, statuses: &[StatusRow]) -> Result<()> {
        for rows in chunks(statuses) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO statuses (provider_key, status, at, received_at, failure, raw, told_at, statement, conversation, price) ",
            );
            insert.push_values(rows, |mut row, status| {
                row.push_bind(&status.key[..])
                    .push_bind(status.report.status.name())
                    .push_bind(status.report.at.millis())
                    .push_bind(status.received_at.millis())
                    .push_bind(status.report.failure.as_ref().map(json))
                    .push_bind(&status.raw)
                    .push_bind(status.told_at.map(Timestamp::millis))
                    .push_bind(status.report.pricing.statement.as_ref().map(json))
                    .push_bind(status.report.pricing.conversation.as_ref().map(json))
                    .push_bind(status.report.pricing.price.as_ref().map(json));
            });
            insert.push(
                " ON CONFLICT (provider_key, status, at) DO UPDATE SET
                    statement = nullif(max(coalesce(statement, ''), coalesce(excluded.statement, '')), ''),
                    conversation = nullif(max(coalesce(conversation, ''), coalesce(excluded.conversation, '')), ''),
                    price = nullif(max(coalesce(price, ''), coalesce(excluded.price, '')), '')
                 WHERE coalesce(excluded.statement, excluded.conversation, excluded.price) IS NOT NULL",
            );
            insert.build().execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Stores the delivery records and reported charges of our messages. A stored failure is never removed.
    pub async fn advance_messages(&mut self, records: &[(MessageId, DeliveryRecord, PricingRecord)]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = records
            .iter()
            .map(|(message, record, pricing)| {
                let pricing = (!pricing.is_empty()).then(|| json(pricing));
                let failed_at = record.failed.as_ref().map(|(at, _)| at.millis());
                (message.0, record.progress.name(), record.failure().map(json), failed_at, pricing)
            })
            .collect();
        sqlx::query(
            "WITH w (id, progress, failure, failed_at, pricing) AS MATERIALIZED (
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1))
             UPDATE messages SET progress = w.progress, failure = coalesce(w.failure, messages.failure),
                failed_at = coalesce(w.failed_at, messages.failed_at), pricing = coalesce(w.pricing, messages.pricing)
             FROM w WHERE messages.id = w.id",
        )
        .bind(json(&rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Fails entries that the provider had accepted, as statuses report.
    pub async fn fail_entries(&mut self, failed: &[(EntryId, Failure)], now: Timestamp) -> Result<()> {
        if failed.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = failed.iter().map(|(entry, failure)| (entry.0, json(failure))).collect();
        sqlx::query(
            "WITH w (id, failure) AS MATERIALIZED (SELECT value ->> 0, value ->> 1 FROM json_each($1))
             UPDATE outbox SET state = $2, failure = w.failure, settled_by = $3, settled_at = $4, lease_until = NULL, hold = NULL
             FROM w WHERE outbox.id = w.id",
        )
        .bind(json(&rows))
        .bind(EntryState::Failed.name())
        .bind(SettledBy::Status.name())
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
