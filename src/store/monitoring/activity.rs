//! Alerts, and the activity stream of alerts, deliveries and audit rows.

use crate::domain::ids::{AlertId, AuditId, DeliveryId, EntryId, ThreadId};
use crate::domain::inbound::delivery::{DeliveryState, EventPattern, duplicate_of};
use crate::domain::list_filter::ActivityFilter;
use crate::domain::monitoring::activity::{ActivityKind, ActivityRow};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::AlertView;
use crate::store::codec::{RowReader, json, readable};
use crate::store::{Result, Store, Update, Write};

/// An alert to raise.
#[derive(Debug, Clone)]
pub struct NewAlert<'a> {
    pub kind: AlertKind,
    /// What the alert is about. Repeated alerts with the same kind and subject count as one.
    pub subject: &'a str,
    pub said: &'a str,
    pub thread: Option<ThreadId>,
}

impl Store {
    /// Returns alerts, deliveries and audit rows in one stream, newest first; open alerts lead. A filter that names
    /// an event returns only deliveries.
    pub async fn activity(&self, filter: &ActivityFilter, limit: u32) -> Result<Vec<ActivityRow>> {
        let words = filter.words.to_lowercase();
        let pattern = format!("%{}%", crate::store::search_text::escaped(&words));
        let [name, end] = filter.event.as_ref().map(EventPattern::globs).map_or([None, None], |globs| globs.map(Some));
        let mut rows = if filter.event.is_some() { vec![] } else { self.alerts(limit).await? };
        rows.retain(|row| row.text.line().to_lowercase().contains(&words));
        // Only the last 5000 bodies are searched.
        let found = sqlx::query(
            "SELECT d.id, event, path, d.state, received_at, repeats, note, thread_id, coalesce(
                 c.name, (SELECT '+' || value FROM addresses WHERE contact_id = c.id AND kind = 'phone' LIMIT 1)) AS contact
             FROM (SELECT * FROM deliveries ORDER BY id DESC LIMIT 5000) d
             LEFT JOIN threads t ON t.id = thread_id LEFT JOIN contacts c ON c.id = t.contact_id
             WHERE ($3 IS NULL OR lower(event) GLOB $3 OR lower(event) GLOB $4)
                AND ($2 = '%%' OR lower(d.state || ' ' || event || ' ' || path || ' ' || coalesce(note, '')) LIKE $2 ESCAPE '\\'
                    OR lower(CAST(body AS TEXT)) LIKE $2 ESCAPE '\\')
             ORDER BY d.id DESC LIMIT +$1",
        )
        .bind(i64::from(limit))
        .bind(&pattern)
        .bind(&name)
        .bind(end)
        .fetch_all(&self.readers)
        .await?;
        for row in &found {
            let cells = RowReader::new(row, "deliveries");
            let (event, path) = (cells.text("event")?, cells.text("path")?);
            let what = if event.is_empty() { &path } else { event.strip_prefix("whatsapp.").unwrap_or(&event) };
            let repeats = cells.count("repeats")?;
            let again = match repeats {
                0 => String::new(),
                repeats => format!(" (came {} times)", repeats + 1),
            };
            let whom = cells.opt_text("contact")?.map(|whom| format!("  {whom}")).unwrap_or_default();
            let note = cells.opt_text("note")?.unwrap_or_default();
            let duplicate_of = duplicate_of(&note);
            let note = if note.is_empty() { note } else { format!(": {note}") };
            rows.push(ActivityRow {
                at: cells.time("received_at")?,
                kind: ActivityKind::Delivery {
                    id: DeliveryId(cells.int("id")?),
                    state: cells.named("state", DeliveryState::from_name)?,
                    duplicate_of,
                    repeats,
                },
                text: Untrusted::new(format!("{what}{whom}{again}{note}")),
                thread: cells.opt_int("thread_id")?.map(ThreadId),
            });
        }
        let found = sqlx::query(
            "SELECT id, at, actor, action, subject, detail FROM (SELECT * FROM audit ORDER BY id DESC LIMIT 5000)
             WHERE $3 IS NULL
                AND ($2 = '%%' OR lower(actor || ' ' || action || ' ' || subject || ' ' || detail) LIKE $2 ESCAPE '\\')
             ORDER BY id DESC LIMIT +$1",
        )
        .bind(i64::from(limit))
        .bind(&pattern)
        .bind(&name)
        .fetch_all(&self.readers)
        .await?;
        for row in &found {
            let cells = RowReader::new(row, "audit");
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

    /// Returns alerts with their times, open ones first, then the newest.
    pub async fn alert_list(&self, open: bool, limit: u32) -> Result<Vec<AlertView>> {
        let rows = sqlx::query(
            "SELECT id, kind, subject, said, thread_id, raised_at, last_at, count, acked_by, acked_at FROM alerts
             WHERE acked_at IS NULL OR $1 = 0 ORDER BY acked_at IS NOT NULL, last_at DESC LIMIT +$2",
        )
        .bind(open)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        readable(&rows, "alerts", alert_view)
    }

    /// Returns one alert.
    pub async fn alert(&self, id: AlertId) -> Result<Option<AlertView>> {
        let row = sqlx::query(
            "SELECT id, kind, subject, said, thread_id, raised_at, last_at, count, acked_by, acked_at FROM alerts WHERE id = $1",
        )
        .bind(id.0)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| alert_view(&RowReader::new(&row, "alerts"))).transpose()
    }

    async fn alerts(&self, limit: u32) -> Result<Vec<ActivityRow>> {
        let rows = sqlx::query(
            "SELECT id, said, thread_id, last_at, count, acked_by FROM alerts ORDER BY acked_by IS NOT NULL, last_at DESC LIMIT +$1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "alerts");
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

fn alert_view(cells: &RowReader<'_>) -> Result<AlertView> {
    Ok(AlertView {
        id: AlertId(cells.int("id")?),
        kind: cells.text("kind")?,
        subject: cells.text("subject")?,
        said: cells.untrusted("said")?,
        thread_id: cells.opt_int("thread_id")?.map(ThreadId),
        raised_at: cells.time("raised_at")?,
        last_at: cells.time("last_at")?,
        count: cells.count("count")?,
        acked: cells.opt_text("acked_by")?.zip(cells.opt_time("acked_at")?),
    })
}

/// The result of acknowledging an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledgement {
    Done,
    /// This person acknowledged it before.
    Earlier(String),
}

impl Store {
    /// Returns the subjects of the open alerts of a kind.
    pub async fn open_alert_subjects(&self, kind: AlertKind) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT subject FROM alerts WHERE kind = $1 AND acked_at IS NULL")
            .bind(kind.as_str())
            .fetch_all(&self.readers)
            .await?)
    }
}

impl Write {
    /// Raises an alert, or counts it again while it is not acknowledged.
    pub async fn raise(&mut self, alert: &NewAlert<'_>, now: Timestamp) -> Result<()> {
        self.raise_all(std::slice::from_ref(alert), now).await
    }

    /// Raises several alerts, each with a different kind or subject.
    pub async fn raise_all(&mut self, alerts: &[NewAlert<'_>], now: Timestamp) -> Result<()> {
        if alerts.is_empty() {
            return Ok(());
        }
        let row = |alert: &NewAlert<'_>| {
            (alert.kind.as_str(), alert.subject.to_owned(), alert.said.to_owned(), alert.thread.map(|id| id.0))
        };
        sqlx::query(
            "INSERT INTO alerts (kind, subject, said, thread_id, raised_at, last_at)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, $2, $2 FROM json_each($1) WHERE true
             ON CONFLICT (kind, subject) WHERE acked_at IS NULL
                DO UPDATE SET count = count + 1, last_at = excluded.last_at, said = excluded.said",
        )
        .bind(json(&alerts.iter().map(row).collect::<Vec<_>>()))
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Returns `true` if such an alert was ever raised, open or not.
    pub async fn was_raised(&mut self, kind: AlertKind, subject: &str) -> Result<bool> {
        let raised: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM alerts WHERE kind = $1 AND subject = $2)")
            .bind(kind.as_str())
            .bind(subject)
            .fetch_one(self.connection())
            .await?;
        Ok(raised)
    }

    /// Updates the text of an open alert. An acknowledged one is not changed.
    pub async fn renew_alert(&mut self, alert: &NewAlert<'_>, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE alerts SET said = $3, last_at = $4 WHERE kind = $1 AND subject = $2 AND acked_at IS NULL AND said <> $3",
        )
        .bind(alert.kind.as_str())
        .bind(alert.subject)
        .bind(alert.said)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Acknowledges an open alert. Returns `None` if there is no such alert.
    pub async fn ack_alert(&mut self, id: AlertId, by: &str, now: Timestamp) -> Result<Option<Acknowledgement>> {
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
        Ok(before.map(|before| before.map_or(Acknowledgement::Done, Acknowledgement::Earlier)))
    }

    /// Adds an entry to the one alert about a cause that several entries share; `words` returns the text for their
    /// number.
    pub async fn raise_cause(
        &mut self,
        (kind, subject): (AlertKind, &str),
        entry: EntryId,
        thread: ThreadId,
        words: impl Fn(u32) -> String + Send,
        now: Timestamp,
    ) -> Result<()> {
        let open: Option<i64> =
            sqlx::query_scalar("SELECT id FROM alerts WHERE kind = $1 AND subject = $2 AND acked_at IS NULL")
                .bind(kind.as_str())
                .bind(subject)
                .fetch_optional(self.connection())
                .await?;
        if open.is_none() {
            // The earlier entries were acknowledged with their alert.
            sqlx::query("DELETE FROM alert_entries WHERE kind = $1 AND subject = $2")
                .bind(kind.as_str())
                .bind(subject)
                .execute(self.connection())
                .await?;
        }
        sqlx::query(
            "INSERT INTO alert_entries (kind, entry_id, subject) VALUES ($1, $2, $3)
             ON CONFLICT (kind, entry_id) DO UPDATE SET subject = excluded.subject",
        )
        .bind(kind.as_str())
        .bind(entry.0)
        .bind(subject)
        .execute(self.connection())
        .await?;
        let count = self.alert_entries(kind, subject).await?;
        let said = words(count);
        let alert = NewAlert { kind, subject, said: &said, thread: (count == 1).then_some(thread) };
        self.raise(&alert, now).await
    }

    async fn alert_entries(&mut self, kind: AlertKind, subject: &str) -> Result<u32> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM alert_entries WHERE kind = $1 AND subject = $2")
            .bind(kind.as_str())
            .bind(subject)
            .fetch_one(self.connection())
            .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Removes a settled entry from the alert about its cause, and clears the alert with the last entry.
    pub async fn clear_entry_alert(&mut self, kind: AlertKind, entry: EntryId, now: Timestamp) -> Result<()> {
        let subject: Option<String> =
            sqlx::query_scalar("DELETE FROM alert_entries WHERE kind = $1 AND entry_id = $2 RETURNING subject")
                .bind(kind.as_str())
                .bind(entry.0)
                .fetch_optional(self.connection())
                .await?;
        if let Some(subject) = subject
            && self.alert_entries(kind, &subject).await? == 0
        {
            self.end_alert(kind, &subject, now).await?.ignore();
        }
        Ok(())
    }

    /// Clears an alert whose cause is over. If the subject is an entry, the entry is also removed from the alert
    /// about its cause.
    pub async fn clear_alert(&mut self, kind: AlertKind, subject: &str, now: Timestamp) -> Result<()> {
        if let Ok(entry) = subject.parse::<EntryId>() {
            self.clear_entry_alert(kind, entry, now).await?;
        }
        self.end_alert(kind, subject, now).await?.ignore();
        Ok(())
    }

    /// Clears an open alert. Returns `Missed` if none is open.
    pub async fn end_alert(&mut self, kind: AlertKind, subject: &str, now: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE alerts SET acked_by = 'system', acked_at = $3 WHERE kind = $1 AND subject = $2 AND acked_at IS NULL",
        )
        .bind(kind.as_str())
        .bind(subject)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }
}
