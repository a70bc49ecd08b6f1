//! Threads as lists show them, and what people change about them.

use super::codec::{Cells, folded};
use super::{Result, Store, Write};
use crate::domain::assignment::Mode;
use crate::domain::connection::Environment;
use crate::domain::event::Direction;
use crate::domain::ids::{ConnectionId, ContactId, ThreadId};
use crate::domain::phone::PhoneNumber;
use crate::domain::run::RunState;
use crate::domain::status::{DeliveryStatus, Standing};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::{AssignmentView, ContactView, ThreadRow, Waiting};

const ROW: &str = "SELECT t.id, t.external_id, t.connection_id, c.name AS connection, c.environment, p.name AS contact_name,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1) AS phone,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id,
    t.unread, t.last_message_at, m.words, m.direction, m.progress, m.failed_at IS NOT NULL AS failed,
    t.window_closes_at, g.agent, g.mode, t.taken_by, t.waiting_since, t.waiting_reason,
    coalesce((SELECT r.state FROM runs r WHERE r.thread_id = t.id AND r.state = 'running'),
        (SELECT r.state FROM runs r WHERE r.thread_id = t.id AND r.state = 'scheduled')) AS run
 FROM threads t JOIN connections c ON c.id = t.connection_id JOIN contacts p ON p.id = t.contact_id
    LEFT JOIN messages m ON m.id = t.last_message_id
    LEFT JOIN assignments g ON g.id = coalesce(
        (SELECT id FROM assignments x WHERE x.thread_id = t.id AND x.state = 'approved'),
        (SELECT id FROM assignments x WHERE x.connection_id = t.connection_id AND x.thread_id IS NULL AND x.state = 'approved'))";

impl Store {
    /// The most recently used threads, newest first.
    pub async fn threads(&self, text: &str, limit: u32, before: Option<ThreadId>) -> Result<Vec<ThreadRow>> {
        let pattern = format!("%{}%", escaped(&folded(&[text.trim().trim_start_matches('+')])));
        let narrowed = !text.trim().is_empty();
        let below = if before.is_some() {
            "(t.last_message_at, t.id) < (SELECT b.last_message_at, b.id FROM threads b WHERE b.id = $3)"
        } else {
            "$3 IS NULL"
        };
        let matching = if narrowed {
            "(p.folded LIKE $1 ESCAPE '\\' OR lower(m.words) LIKE $1 ESCAPE '\\' OR lower(c.name) LIKE $1 ESCAPE '\\')"
        } else {
            "$1 IS NOT NULL"
        };
        let text = format!("{ROW} WHERE {matching} AND {below} ORDER BY t.last_message_at DESC, t.id DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(pattern)
            .bind(i64::from(limit))
            .bind(before.map(|id| id.0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| thread_row(&Cells::new(row, "threads"))).collect()
    }

    pub async fn thread(&self, id: ThreadId) -> Result<Option<ThreadRow>> {
        let text = format!("{ROW} WHERE t.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await?;
        row.map(|row| thread_row(&Cells::new(&row, "threads"))).transpose()
    }

    pub async fn draft(&self, operator: &str, thread: ThreadId) -> Result<String> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM drafts WHERE operator = $1 AND thread_id = $2")
            .bind(operator)
            .bind(thread.0)
            .fetch_optional(&self.readers)
            .await?;
        Ok(body.unwrap_or_default())
    }

    /// The contact of a thread, with whether they asked not to be written to.
    pub async fn thread_contact(&self, thread: ThreadId) -> Result<Option<(ContactId, bool)>> {
        let row: Option<(i64, bool)> = sqlx::query_as(
            "SELECT p.id, p.opted_out FROM threads t JOIN contacts p ON p.id = t.contact_id WHERE t.id = $1",
        )
        .bind(thread.0)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|(id, opted_out)| (ContactId(id), opted_out)))
    }
}

impl Write {
    pub async fn take_thread(&mut self, thread: ThreadId, operator: Option<&str>) -> Result<()> {
        sqlx::query("UPDATE threads SET taken_by = $2 WHERE id = $1")
            .bind(thread.0)
            .bind(operator)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    pub async fn clear_unread(&mut self, thread: ThreadId) -> Result<bool> {
        let done = sqlx::query("UPDATE threads SET unread = 0 WHERE id = $1 AND unread > 0")
            .bind(thread.0)
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Somebody waits for a person. The first reason and time stay until they are answered.
    pub async fn wait(&mut self, thread: ThreadId, reason: &str, since: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE threads SET waiting_since = coalesce(waiting_since, $3), waiting_reason = $2 WHERE id = $1",
        )
        .bind(thread.0)
        .bind(reason)
        .bind(since.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    pub async fn stop_waiting(&mut self, thread: ThreadId) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE threads SET waiting_since = NULL, waiting_reason = NULL WHERE id = $1 AND waiting_since IS NOT NULL",
        )
        .bind(thread.0)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn save_draft(&mut self, operator: &str, thread: ThreadId, body: &str, now: Timestamp) -> Result<()> {
        if body.is_empty() {
            sqlx::query("DELETE FROM drafts WHERE operator = $1 AND thread_id = $2")
                .bind(operator)
                .bind(thread.0)
                .execute(self.connection())
                .await?;
        } else {
            sqlx::query(
                "INSERT INTO drafts (operator, thread_id, body, saved_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (operator, thread_id) DO UPDATE SET body = excluded.body, saved_at = excluded.saved_at",
            )
            .bind(operator)
            .bind(thread.0)
            .bind(body)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }
}

pub(super) fn contact(cells: &Cells<'_>) -> Result<ContactView> {
    Ok(ContactView {
        name: cells.opt_untrusted("contact_name")?,
        phone_number: cells.opt_named("phone", |digits| PhoneNumber::parse(digits).ok())?,
        user_id: cells.opt_text("user_id")?,
    })
}

/// What LIKE would read as a wildcard is meant to the letter.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn thread_row(cells: &Cells<'_>) -> Result<ThreadRow> {
    let progress = cells.opt_named("progress", DeliveryStatus::from_name)?.unwrap_or(DeliveryStatus::Received);
    let failed = cells.flag("failed")? && !progress.proves_arrival();
    let mode = cells.opt_named("mode", Mode::from_name)?;
    Ok(ThreadRow {
        id: ThreadId(cells.int("id")?),
        external_id: cells.text("external_id")?,
        connection: cells.text("connection")?,
        connection_id: ConnectionId(cells.int("connection_id")?),
        environment: cells.named("environment", Environment::from_name)?,
        contact: contact(cells)?,
        unread: cells.count("unread")?,
        last_message_at: cells.time("last_message_at")?,
        last_text: cells.opt_untrusted("words")?.unwrap_or_else(|| Untrusted::from("no message yet")),
        last_direction: cells.opt_named("direction", Direction::from_name)?.unwrap_or(Direction::Inbound),
        last_status: if failed { DeliveryStatus::Failed } else { Standing::new(progress).status() },
        window_closes_at: cells.opt_time("window_closes_at")?,
        assignment: cells.opt_text("agent")?.zip(mode).map(|(agent, mode)| AssignmentView { agent, mode }),
        taken_by: cells.opt_text("taken_by")?,
        waiting: cells
            .opt_time("waiting_since")?
            .zip(cells.opt_text("waiting_reason")?)
            .map(|(since, reason)| Waiting { since, reason }),
        run: cells.opt_named("run", RunState::from_name)?,
    })
}
