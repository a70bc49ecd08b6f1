//! Alerts, the audit, and the stream of what happened.

use super::codec::Cells;
use super::{Result, Store, Write};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{AlertId, AuditId, DeliveryId, ThreadId};
use crate::domain::role::Actor;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::{ActivityKind, ActivityRow};

/// A condition that wants a person.
#[derive(Debug, Clone)]
pub struct NewAlert<'a> {
    /// What sort of trouble: `dead_letter`, `delivery_failed`, `credentials` …
    pub kind: &'a str,
    /// What it is about; the same trouble with the same subject is one alert that counts.
    pub subject: &'a str,
    pub said: &'a str,
    pub thread: Option<ThreadId>,
}

impl Store {
    /// Alerts, deliveries and audited changes in one stream, newest first; open alerts lead.
    pub async fn activity(&self, limit: u32) -> Result<Vec<ActivityRow>> {
        let mut rows = self.alerts(limit).await?;
        let found = sqlx::query(
            "SELECT id, event, path, state, received_at, repeats, note FROM deliveries ORDER BY id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        for row in &found {
            let cells = Cells::new(row, "deliveries");
            let (event, path) = (cells.text("event")?, cells.text("path")?);
            let what = if event.is_empty() { path } else { event };
            let again = match cells.count("repeats")? {
                0 => String::new(),
                repeats => format!(" (came {} times)", repeats + 1),
            };
            let note = cells.opt_text("note")?.map(|note| format!(": {note}")).unwrap_or_default();
            rows.push(ActivityRow {
                at: cells.time("received_at")?,
                kind: ActivityKind::Delivery {
                    id: DeliveryId(cells.int("id")?),
                    state: cells.named("state", DeliveryState::from_name)?,
                },
                text: Untrusted::new(format!("{what}{again}{note}")),
                thread: None,
            });
        }
        let found = sqlx::query("SELECT id, at, actor, action, subject, detail FROM audit ORDER BY id DESC LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        for row in &found {
            let cells = Cells::new(row, "audit");
            let (action, subject, detail) = (cells.text("action")?, cells.text("subject")?, cells.text("detail")?);
            rows.push(ActivityRow {
                at: cells.time("at")?,
                kind: ActivityKind::Audit { id: AuditId(cells.int("id")?), actor: cells.text("actor")? },
                text: Untrusted::new(format!("{action} {subject} {detail}").trim_end().to_owned()),
                thread: subject.parse().ok(),
            });
        }
        let open = |row: &ActivityRow| matches!(row.kind, ActivityKind::Alert { acknowledged_by: None, .. });
        rows.sort_by(|a, b| open(b).cmp(&open(a)).then(b.at.cmp(&a.at)));
        rows.truncate(limit as usize);
        Ok(rows)
    }

    async fn alerts(&self, limit: u32) -> Result<Vec<ActivityRow>> {
        let rows = sqlx::query(
            "SELECT id, said, thread_id, last_at, count, acked_by FROM alerts ORDER BY acked_by IS NOT NULL, last_at DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = Cells::new(row, "alerts");
                Ok(ActivityRow {
                    at: cells.time("last_at")?,
                    kind: ActivityKind::Alert {
                        id: AlertId(cells.int("id")?),
                        acknowledged_by: cells.opt_text("acked_by")?,
                        count: cells.count("count")?,
                    },
                    text: cells.untrusted("said")?,
                    thread: cells.opt_int("thread_id")?.map(ThreadId),
                })
            })
            .collect()
    }
}

impl Write {
    /// Raises an alert, or counts it again while nobody has acknowledged it. Says whether it is new.
    pub async fn raise(&mut self, alert: &NewAlert<'_>, now: Timestamp) -> Result<bool> {
        let count: i64 = sqlx::query_scalar(
            "INSERT INTO alerts (kind, subject, said, thread_id, raised_at, last_at) VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (kind, subject) WHERE acked_at IS NULL
                DO UPDATE SET count = count + 1, last_at = excluded.last_at, said = excluded.said
             RETURNING count",
        )
        .bind(alert.kind)
        .bind(alert.subject)
        .bind(alert.said)
        .bind(alert.thread.map(|id| id.0))
        .bind(now.millis())
        .fetch_one(self.connection())
        .await?;
        Ok(count == 1)
    }

    /// `None`: there is no such alert. Otherwise who had acknowledged it before, if anybody.
    pub async fn ack_alert(&mut self, id: AlertId, by: &str, now: Timestamp) -> Result<Option<Option<String>>> {
        let before: Option<Option<String>> = sqlx::query_scalar("SELECT acked_by FROM alerts WHERE id = $1")
            .bind(id.0)
            .fetch_optional(self.connection())
            .await?;
        if before == Some(None) {
            sqlx::query("UPDATE alerts SET acked_by = $2, acked_at = $3 WHERE id = $1")
                .bind(id.0)
                .bind(by)
                .bind(now.millis())
                .execute(self.connection())
                .await?;
        }
        Ok(before)
    }

    /// Trouble that is over takes its alert along.
    pub async fn clear_alert(&mut self, kind: &str, subject: &str, now: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE alerts SET acked_by = 'system', acked_at = $3 WHERE kind = $1 AND subject = $2 AND acked_at IS NULL",
        )
        .bind(kind)
        .bind(subject)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Every change has a row with its actor, in the same transaction.
    pub async fn audit(
        &mut self,
        actor: &Actor,
        action: &str,
        subject: &str,
        detail: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query("INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)")
            .bind(now.millis())
            .bind(actor.to_string())
            .bind(action)
            .bind(subject)
            .bind(detail)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
