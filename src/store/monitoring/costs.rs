//! Sent messages with what was reported about their charges.

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::pricing::PricingRecord;
use crate::domain::ids::{ConnectionId, MessageId, ThreadId};
use crate::domain::message::status::DeliveryStatus;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, readable};
use crate::store::threads::messages::standing;
use crate::store::{Result, Store};

/// A sent message, as far as its costs need to know.
#[derive(Debug)]
pub struct PricedMessage {
    pub message: MessageId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    /// The name of its template, where it is one.
    pub template: Option<String>,
    /// The contact's number; `None` where it is withheld.
    pub number: Option<PhoneNumber>,
    pub status: DeliveryStatus,
    pub pricing: PricingRecord,
    pub sent_at: Timestamp,
}

const COLUMNS: &str = "m.id, m.thread_id, m.connection_id, m.progress, m.failure, m.failed_at, m.pricing, m.created_at,
    CASE WHEN m.kind = 'template' THEN json_extract(m.content, '$.name') END AS template,
    coalesce((SELECT a.value FROM addresses a WHERE a.contact_id = t.contact_id AND a.kind = 'phone' AND a.value = substr(t.external_id, 10)),
        (SELECT a.value FROM addresses a WHERE a.contact_id = t.contact_id AND a.kind = 'phone' LIMIT 1)) AS number";

/// What the provider has and may charge: no reactions, no tests, nothing that waits here.
const CHARGEABLE: &str =
    "m.direction = 'outbound' AND m.kind <> 'reaction' AND m.test = 0 AND m.provider_key IS NOT NULL";

impl Store {
    /// Sent messages from a place in time on, in order, up to a time; at most so many.
    pub async fn priced_messages(
        &self,
        (from, after): (Timestamp, MessageId),
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<PricedMessage>> {
        let text = format!(
            "SELECT {COLUMNS} FROM messages m CROSS JOIN threads t ON t.id = m.thread_id
             WHERE {CHARGEABLE} AND (m.created_at, m.id) > ($1, $2) AND m.created_at < $3
             ORDER BY m.created_at, m.id LIMIT +$4"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(from.millis())
            .bind(after.0)
            .bind(to.millis())
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        readable(&rows, "messages", priced)
    }

    /// The newest sent messages of a thread; at most so many.
    pub async fn priced_messages_of(&self, thread: ThreadId, limit: u32) -> Result<Vec<PricedMessage>> {
        let text = format!(
            "SELECT {COLUMNS} FROM messages m CROSS JOIN threads t ON t.id = m.thread_id
             WHERE {CHARGEABLE} AND m.thread_id = $1 ORDER BY m.created_at DESC, m.id DESC LIMIT +$2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(thread.0)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        readable(&rows, "messages", priced)
    }
}

fn priced(cells: &RowReader<'_>) -> Result<PricedMessage> {
    Ok(PricedMessage {
        message: MessageId(cells.int("id")?),
        thread: ThreadId(cells.int("thread_id")?),
        connection: ConnectionId(cells.int("connection_id")?),
        template: cells.opt_text("template")?,
        number: cells.opt_named("number", |digits| PhoneNumber::parse_short(digits).ok())?,
        status: standing(cells)?.status(),
        pricing: cells.opt_json("pricing")?.unwrap_or_default(),
        sent_at: cells.time("created_at")?,
    })
}
