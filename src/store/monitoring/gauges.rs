//! Delivery statistics by connection, template, author and hour.

use crate::domain::monitoring::gauge::{HourBar, Metric};
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Store};

/// Counts of our messages that were accepted or failed since a time, by connection, kind, template and author.
const DAY: &str = "SELECT 0 AS id, c.name AS connection, m.kind, json_extract(m.content, '$.name') AS template, m.author, count(*) AS sent,
        sum(m.progress IN ('delivered', 'read', 'played')) AS delivered,
        sum(m.progress IN ('read', 'played')) AS read,
        sum(m.failed_at IS NOT NULL AND m.progress NOT IN ('delivered', 'read', 'played')) AS failed,
        sum(EXISTS (SELECT 1 FROM messages r WHERE r.thread_id = m.thread_id AND r.created_at > m.created_at
            AND r.created_at < m.created_at + 86400000 AND r.direction = 'inbound' AND r.kind <> 'reaction')) AS replied
    FROM outbox o JOIN messages m ON m.id = o.message_id JOIN connections c ON c.id = o.connection_id
    WHERE o.created_at >= $1 AND m.kind <> 'reaction' AND (o.state = 'accepted' OR m.failed_at IS NOT NULL)
    GROUP BY c.name, m.kind = 'template', template, m.author";

impl Store {
    /// Returns counts by connection, by template and by author, each with the highest number first.
    pub async fn delivery_metrics(&self, since: Timestamp) -> Result<Vec<Metric>> {
        let rows = sqlx::query(DAY).bind(since.millis()).fetch_all(&self.readers).await?;
        let mut metrics: Vec<Metric> = vec![];
        for row in &rows {
            let cells = RowReader::new(row, "outbox");
            let mut names = vec![("connection", cells.text("connection")?)];
            if cells.text("kind")? == "template" {
                names.extend(cells.opt_text("template")?.map(|name| ("template", name)));
            }
            names.extend(cells.opt_text("author")?.map(|name| ("author", name)));
            for (by, name) in names {
                let at = match metrics.iter().position(|known| known.by == by && known.name == name) {
                    Some(at) => at,
                    None => {
                        metrics.push(Metric { by: by.to_owned(), name, ..Metric::default() });
                        metrics.len() - 1
                    }
                };
                let metric = &mut metrics[at];
                metric.sent += cells.count("sent")?;
                metric.delivered += cells.count("delivered")?;
                metric.read += cells.count("read")?;
                metric.failed += cells.count("failed")?;
                metric.replied += cells.count("replied")?;
            }
        }
        for metric in &mut metrics {
            metric.pending = metric.sent.saturating_sub(metric.delivered + metric.failed);
        }
        let rank = |by: &str| ["connection", "template", "author"].iter().position(|known| *known == by);
        metrics.sort_by(|a, b| rank(&a.by).cmp(&rank(&b.by)).then(b.sent.cmp(&a.sent)).then(a.name.cmp(&b.name)));
        Ok(metrics)
    }

    /// Returns the numbers of received, sent and failed messages in each hour since a time.
    pub async fn hours(&self, since: Timestamp) -> Result<Vec<HourBar>> {
        let rows = sqlx::query(
            "SELECT hour AS id, sum(inbound) AS inbound, sum(sent) AS sent, sum(failed) AS failed FROM (
                SELECT m.received_at / 3600000 AS hour, 1 AS inbound, 0 AS sent, 0 AS failed FROM connections c
                    JOIN messages m ON m.connection_id = c.id
                    WHERE m.direction = 'inbound' AND m.received_at >= $1
                UNION ALL
                SELECT o.created_at / 3600000, 0, o.state = 'accepted', m.failed_at IS NOT NULL
                    FROM outbox o JOIN messages m ON m.id = o.message_id WHERE o.created_at >= $1)
             GROUP BY hour ORDER BY hour",
        )
        .bind(since.millis())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "hours");
                Ok(HourBar {
                    hour: cells.int("id")?,
                    inbound: cells.count("inbound")?,
                    sent: cells.count("sent")?,
                    failed: cells.count("failed")?,
                })
            })
            .collect()
    }

    /// Returns how often limits were exceeded: rejections for sending too fast, and business-initiated messages to
    /// one contact within an hour. A message that the provider sends later counts at its sending time.
    pub async fn breaches(&self, since: Timestamp) -> Result<u32> {
        let count: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM outbox o CROSS JOIN attempts a ON a.outbox_id = o.id WHERE o.created_at >= $1
                    AND json_extract(a.failure, '$.class') = 'throttled' AND json_extract(a.failure, '$.code') <> '')
                + (SELECT count(*) FROM (
                    SELECT a.id, a.thread_id, coalesce(a.goes_at, a.started_at) AS at
                        FROM outbox o CROSS JOIN attempts a ON a.outbox_id = o.id
                        WHERE o.created_at >= $1 AND a.business_initiated = 1 AND a.outcome = 'accepted'
                        AND (a.goes_at IS NULL OR o.state <> 'discarded')) x
                    WHERE EXISTS (SELECT 1 FROM attempts b WHERE b.thread_id = x.thread_id AND b.id <> x.id
                            AND b.business_initiated = 1 AND b.outcome = 'accepted' AND b.goes_at IS NULL
                            AND b.started_at > x.at - 3600000 AND (b.started_at < x.at OR (b.started_at = x.at AND b.id < x.id)))
                        OR EXISTS (SELECT 1 FROM attempts b JOIN outbox p ON p.id = b.outbox_id
                            WHERE b.thread_id = x.thread_id AND b.id <> x.id
                            AND b.business_initiated = 1 AND b.outcome = 'accepted' AND p.state <> 'discarded'
                            AND b.goes_at > x.at - 3600000 AND (b.goes_at < x.at OR (b.goes_at = x.at AND b.id < x.id))))",
        )
        .bind(since.millis())
        .fetch_one(&self.readers)
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
