//! History of templates, and statistics of messages sent with them.

use crate::domain::templates::requests::TemplateRecord;
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Store, Write};

const DAY: i64 = 86_400_000;

impl Store {
    /// Returns a template's history and statistics. A reply counts within a day.
    pub async fn template_record(&self, account: &str, name: &str, language: &str) -> Result<TemplateRecord> {
        let states: Vec<(i64, String, String)> = sqlx::query_as(
            "SELECT at, status, note FROM template_states
             WHERE business_account_id = $1 AND name = $2 AND language = $3 ORDER BY at",
        )
        .bind(account)
        .bind(name)
        .bind(language)
        .fetch_all(&self.readers)
        .await?;
        let row = sqlx::query(
            "SELECT 0 AS id, count(*) AS sent,
                sum(m.progress IN ('delivered', 'read', 'played')) AS delivered,
                sum(m.progress IN ('read', 'played')) AS read,
                sum(EXISTS (SELECT 1 FROM messages r WHERE r.thread_id = m.thread_id AND r.direction = 'inbound'
                    AND r.created_at > m.created_at AND r.created_at <= m.created_at + $3)) AS replied
             FROM messages m WHERE m.kind = 'template' AND json_extract(m.content, '$.name') = $1
                AND json_extract(m.content, '$.language') = $2 AND m.provider_key IS NOT NULL",
        )
        .bind(name)
        .bind(language)
        .bind(DAY)
        .fetch_one(&self.readers)
        .await?;
        let cells = RowReader::new(&row, "messages");
        let sum = |column| {
            Ok::<u32, crate::store::StoreError>(u32::try_from(cells.opt_int(column)?.unwrap_or(0)).unwrap_or(0))
        };
        let failed: Vec<(String, i64)> = sqlx::query_as(
            "SELECT coalesce(json_extract(m.failure, '$.code'), ''), count(*) AS n FROM messages m
             WHERE m.kind = 'template' AND json_extract(m.content, '$.name') = $1
                AND json_extract(m.content, '$.language') = $2 AND m.failure IS NOT NULL
             GROUP BY 1 ORDER BY n DESC LIMIT 20",
        )
        .bind(name)
        .bind(language)
        .fetch_all(&self.readers)
        .await?;
        Ok(TemplateRecord {
            name: name.to_owned(),
            language: language.to_owned(),
            states: states.into_iter().map(|(at, status, note)| (Timestamp::from_millis(at), status, note)).collect(),
            sent: sum("sent")?,
            delivered: sum("delivered")?,
            read: sum("read")?,
            replied: sum("replied")?,
            failed: failed.into_iter().map(|(code, count)| (code, u32::try_from(count).unwrap_or(u32::MAX))).collect(),
            scheduled: self.scheduled_with(name, language).await?,
        })
    }

    /// Returns the number of messages that wait to be sent with a template, here or scheduled at the provider.
    pub async fn scheduled_with(&self, name: &str, language: &str) -> Result<u32> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM outbox o JOIN messages m ON m.id = o.message_id
             WHERE o.state IN ('queued', 'scheduled') AND m.kind = 'template' AND json_extract(m.content, '$.name') = $1
                AND json_extract(m.content, '$.language') = $2",
        )
        .bind(name)
        .bind(language)
        .fetch_one(&self.readers)
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

impl Write {
    /// Stores a template's status if it differs from the last one.
    pub async fn note_template(
        &mut self,
        account: &str,
        (name, language): (&str, &str),
        status: &str,
        note: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO template_states (business_account_id, name, language, at, status, note)
             SELECT $1, $2, $3, $4, $5, $6 WHERE $5 IS NOT (
                 SELECT status FROM template_states
                 WHERE business_account_id = $1 AND name = $2 AND language = $3 ORDER BY at DESC LIMIT 1)
             ON CONFLICT DO NOTHING",
        )
        .bind(account)
        .bind(name)
        .bind(language)
        .bind(now.millis())
        .bind(status)
        .bind(note)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
