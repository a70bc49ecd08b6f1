//! Threads for lists, and changes to them.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Sqlite, SqliteExecutor};

use crate::domain::agents::assignment::{AssignmentView, Mode};
use crate::domain::agents::run::RunState;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::contacts::view::ContactView;
use crate::domain::filter::{Filter, Is, Term};
use crate::domain::ids::{ConnectionId, ContactId, ThreadId};
use crate::domain::inbound::event::Direction;
use crate::domain::message::resolved::Resolved;
use crate::domain::message::snoozed::Snoozed;
use crate::domain::message::status::{DeliveryRecord, DeliveryStatus};
use crate::domain::numbers::connection::Environment;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::{ThreadRow, WaitingEntry};
use crate::store::codec::{RowReader, json, readable};
use crate::store::narrow::{self, FilterQuery, FilterTarget};
use crate::store::search_text::match_terms;
use crate::store::{Result, Store, Update, Write};

/// Maximum number of matches that are looked up one by one.
const FEW: u32 = 2_000;

pub(super) const ROW: &str = "SELECT t.id, t.contact_id, t.external_id, t.connection_id, c.name AS connection, c.organization, c.environment, p.name AS contact_name,
    coalesce((SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' AND a.value = substr(t.external_id, 10)),
        (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1)) AS phone,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id,
    t.unread, t.last_message_at, m.words, m.direction, m.progress, m.failed_at IS NOT NULL AS failed,
    t.window_closes_at, g.agent, g.mode, g.stale_since IS NOT NULL AS stale, t.person_wrote_at, coalesce(
        60 * json_extract(g.contract, '$.pause_after_person_minutes'),
        json_extract(c.settings, '$.pause_after_person_seconds'), 3600) AS pause_seconds,
    EXISTS (SELECT 1 FROM stops s WHERE s.lifted_at IS NULL AND (s.scope = 'all' OR (s.scope = 'agent' AND s.subject = g.agent)
        OR (s.scope = 'thread' AND s.subject = 't' || t.id))) AS stopped, t.taken_by, t.taken_until, t.waiting_since, t.waiting_reason, t.handed_off_at, t.held_elsewhere, t.holder_told_at, t.context_from, t.resolved_at, t.resolved_by, t.resolved_reason, t.snoozed_until, t.snoozed_by, t.snoozed_at,
    (SELECT json_group_array(x.label ORDER BY x.label) FROM thread_labels x WHERE x.thread_id = t.id) AS labels, p.opted_out, p.marketing_stopped_at IS NOT NULL AS no_marketing,
    t.told, t.new_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM messages o WHERE o.thread_id = t.id
        AND o.created_at >= t.new_at AND o.direction = 'outbound') AS is_new,
    coalesce((SELECT r.state FROM runs r WHERE r.thread_id = t.id AND r.state = 'running'),
        (SELECT r.state FROM runs r WHERE r.thread_id = t.id AND r.state = 'scheduled')) AS run
 FROM threads t JOIN connections c ON c.id = t.connection_id JOIN contacts p ON p.id = t.contact_id
    LEFT JOIN messages m ON m.id = t.last_message_id
    LEFT JOIN assignments g ON g.id = coalesce(
        (SELECT id FROM assignments x WHERE x.thread_id = t.id AND x.state = 'active'),
        (SELECT id FROM assignments x WHERE x.connection_id = t.connection_id AND x.thread_id IS NULL AND x.state = 'active' ORDER BY x.place LIMIT 1))";

impl Store {
    /// Returns matching threads, the latest first; with `is:waiting`, those that wait longest first.
    pub async fn threads(
        &self,
        wish: &FilterQuery<'_>,
        limit: u32,
        before: Option<ThreadId>,
    ) -> Result<Vec<ThreadRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(ROW);
        match before {
            Some(before) => {
                query.push(
                    " WHERE (t.last_message_at, t.id) < (SELECT b.last_message_at, b.id FROM threads b WHERE b.id = ",
                );
                query.push_bind(before.0).push(")");
            }
            None => {
                query.push(" WHERE 1 = 1");
            }
        }
        self.filter_threads(&mut query, wish).await?;
        query.push(if wish.filter.asks(Is::Waiting) && before.is_none() {
            " ORDER BY t.waiting_since, t.id LIMIT +"
        } else {
            " ORDER BY t.last_message_at DESC, t.id DESC LIMIT +"
        });
        query.push_bind(i64::from(limit));
        let rows = query.build().persistent(wish.filter.is_empty()).fetch_all(&self.readers).await?;
        readable(&rows, "threads", thread_row)
    }

    /// Returns the number of matching threads, counted up to a thousand.
    pub async fn count_threads(&self, wish: &FilterQuery<'_>) -> Result<u32> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT count(*) FROM (SELECT 1 FROM threads t JOIN connections c ON c.id = t.connection_id
             JOIN contacts p ON p.id = t.contact_id LEFT JOIN messages m ON m.id = t.last_message_id
             LEFT JOIN assignments g ON g.id = (SELECT x.id FROM assignments x WHERE x.connection_id = t.connection_id
                AND x.thread_id IS NULL AND x.state = 'active' ORDER BY x.place LIMIT 1) WHERE 1 = 1",
        );
        self.filter_threads(&mut query, wish).await?;
        query.push(" LIMIT 1000)");
        let count: i64 = query.build_query_scalar().persistent(false).fetch_one(&self.readers).await?;
        Ok(u32::try_from(count).unwrap_or(0))
    }

    /// Adds the filter's conditions. Rare words are matched by index first; common words are matched by scanning from
    /// the newest thread on, which finds enough of them soon.
    async fn filter_threads(&self, query: &mut QueryBuilder<Sqlite>, wish: &FilterQuery<'_>) -> Result<()> {
        let words = wish.filter.words();
        let Some(few) = self.few_with(words).await? else {
            narrow::push(query, wish, FilterTarget::Threads);
            return Ok(());
        };
        query.push(" AND t.id IN (SELECT value FROM json_each(").push_bind(json(&few)).push("))");
        let terms = wish.filter.terms.iter().filter(|term| !matches!(term, Term::Words(_))).cloned().collect();
        narrow::push(query, &FilterQuery { filter: &Filter { terms }, ..*wish }, FilterTarget::Threads);
        Ok(())
    }

    /// Returns the threads whose contact or last message contains these words; `None` if an index cannot tell: there
    /// are no words, too many matches, or a connection's name matches.
    async fn few_with(&self, words: &str) -> Result<Option<Vec<i64>>> {
        let terms = match_terms(words);
        // Prefixes of one or two letters match nearly every message.
        if terms.is_empty() || words.split_whitespace().any(|word| word.chars().count() < 3) {
            return Ok(None);
        }
        let pattern = narrow::pattern(words);
        let all: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM connections WHERE lower(name) LIKE $1 ESCAPE '\\')")
                .bind(&pattern)
                .fetch_one(&self.readers)
                .await?;
        let spoken = self.matching(&format!("{terms}*"), FEW, None).await?;
        if all || spoken.len() == FEW as usize {
            return Ok(None);
        }
        let people: Vec<i64> = sqlx::query_scalar("SELECT id FROM contacts WHERE folded LIKE $1 ESCAPE '\\' LIMIT +$2")
            .bind(&pattern)
            .bind(i64::from(FEW))
            .fetch_all(&self.readers)
            .await?;
        if people.len() == FEW as usize {
            return Ok(None);
        }
        let threads = sqlx::query_scalar(
            "SELECT t.id FROM json_each($1) n CROSS JOIN threads t ON t.contact_id = n.value
             UNION SELECT t.id FROM json_each($2) n CROSS JOIN messages m ON m.id = n.value
                CROSS JOIN threads t ON t.id = m.thread_id AND t.last_message_id = m.id",
        )
        .bind(json(&people))
        .bind(json(&spoken))
        .fetch_all(&self.readers)
        .await?;
        Ok(Some(threads))
    }

    /// Returns threads in which the contact waits and the service window is open, the next to close first.
    pub async fn closing(&self, now: Timestamp, limit: u32) -> Result<Vec<ThreadRow>> {
        let text = format!(
            "{ROW} WHERE t.window_closes_at > $1 AND p.opted_out = 0 AND t.resolved_at IS NULL
                AND (t.snoozed_until IS NULL OR t.snoozed_until >= t.window_closes_at)
                AND (t.waiting_since IS NOT NULL OR (m.direction = 'inbound' AND m.kind NOT IN ('reaction', 'sticker') AND m.test = 0))
             ORDER BY t.window_closes_at LIMIT +$2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(now.millis())
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        readable(&rows, "threads", thread_row)
    }

    /// Returns one thread.
    pub async fn thread(&self, id: ThreadId) -> Result<Option<ThreadRow>> {
        one(&self.readers, id).await
    }

    /// Returns the thread with a phone number over a connection.
    pub async fn thread_with(&self, connection: ConnectionId, number: &PhoneNumber) -> Result<Option<ThreadRow>> {
        let text = format!(
            "{ROW} WHERE t.connection_id = $1 AND t.contact_id =
                (SELECT contact_id FROM addresses WHERE kind = 'phone' AND value = $2)"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(connection.0)
            .bind(number.digits())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| thread_row(&RowReader::new(&row, "threads"))).transpose()
    }

    /// Returns the contacts of these threads.
    pub(crate) async fn people_of(
        &self,
        threads: impl Iterator<Item = ThreadId>,
    ) -> Result<HashMap<ThreadId, ContactView>> {
        let ids: Vec<i64> = threads.map(|thread| thread.0).collect();
        let rows = sqlx::query(
            "SELECT t.id, p.name AS contact_name,
                coalesce((SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' AND a.value = substr(t.external_id, 10)),
        (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1)) AS phone,
                (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id
             FROM threads t JOIN contacts p ON p.id = t.contact_id WHERE t.id IN (SELECT value FROM json_each($1))",
        )
        .bind(json(&ids))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "threads");
                Ok((ThreadId(cells.int("id")?), contact(&cells)?))
            })
            .collect()
    }

    /// Returns a person's draft in a thread; empty if there is none.
    pub async fn draft(&self, operator: &str, thread: ThreadId) -> Result<String> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM drafts WHERE operator = $1 AND thread_id = $2")
            .bind(operator)
            .bind(thread.0)
            .fetch_optional(&self.readers)
            .await?;
        Ok(body.unwrap_or_default())
    }

    /// Returns the contact of a thread, and whether they opted out.
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
    /// Sets the owner of a thread with the end of the ownership; `None` clears it.
    pub async fn take_thread(&mut self, thread: ThreadId, who: Option<(&str, Timestamp)>) -> Result<()> {
        sqlx::query("UPDATE threads SET taken_by = $2, taken_until = $3 WHERE id = $1")
            .bind(thread.0)
            .bind(who.map(|(operator, _)| operator))
            .bind(who.map(|(_, until)| until.millis()))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Extends the ownership if this person owns the thread.
    pub async fn extend_ownership(&mut self, thread: ThreadId, operator: &str, until: Timestamp) -> Result<()> {
        sqlx::query("UPDATE threads SET taken_until = $3 WHERE id = $1 AND taken_by = $2")
            .bind(thread.0)
            .bind(operator)
            .bind(until.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Stores that a person wrote in the thread, which pauses its agent.
    pub async fn person_wrote(&mut self, thread: ThreadId, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE threads SET person_wrote_at = max(coalesce(person_wrote_at, 0), $2) WHERE id = $1")
            .bind(thread.0)
            .bind(at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Ends the pause of the thread's agent.
    pub async fn end_pause(&mut self, thread: ThreadId) -> Result<()> {
        sqlx::query("UPDATE threads SET person_wrote_at = NULL WHERE id = $1")
            .bind(thread.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Resolves a thread, with the person and the reason. Returns `Missed` if it is resolved.
    pub async fn resolve_thread(
        &mut self,
        thread: ThreadId,
        (by, reason): (&str, &str),
        now: Timestamp,
    ) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE threads SET resolved_at = $2, resolved_by = $3, resolved_reason = $4 WHERE id = $1 AND resolved_at IS NULL",
        )
        .bind(thread.0)
        .bind(now.millis())
        .bind(by)
        .bind(reason)
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Reopens a thread. Returns `Missed` if it is open.
    pub async fn reopen_thread(&mut self, thread: ThreadId) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE threads SET resolved_at = NULL, resolved_by = NULL, resolved_reason = NULL
             WHERE id = $1 AND resolved_at IS NOT NULL",
        )
        .bind(thread.0)
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Sets or clears the time at which the thread's agent escalated it. Returns `Missed` if nothing changed.
    pub async fn hand_off(&mut self, thread: ThreadId, at: Option<Timestamp>) -> Result<Update> {
        let done = sqlx::query("UPDATE threads SET handed_off_at = $2 WHERE id = $1 AND handed_off_at IS NOT $2")
            .bind(thread.0)
            .bind(at.map(Timestamp::millis))
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Sets from when on an agent sees the thread's messages; `restore_context` restores the earlier time.
    pub async fn start_new_context(&mut self, thread: ThreadId, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE threads SET context_before = context_from, context_from = $2 WHERE id = $1")
            .bind(thread.0)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Restores the time before the last `start_new_context`.
    pub async fn restore_context(&mut self, thread: ThreadId) -> Result<()> {
        sqlx::query("UPDATE threads SET context_from = context_before, context_before = NULL WHERE id = $1")
            .bind(thread.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Stores an opt-out or opt-in of a thread's contact, over all numbers, with its source. An opt-out cancels
    /// messages scheduled at the provider.
    pub async fn opt_out(&mut self, thread: ThreadId, out: bool, by: &str, now: Timestamp) -> Result<()> {
        let contact: i64 = sqlx::query_scalar(
            "UPDATE contacts SET opted_out = $2, opted_out_by = CASE WHEN $2 THEN $3 END,
                opted_out_at = CASE WHEN $2 THEN $4 END
             WHERE id = (SELECT contact_id FROM threads WHERE id = $1) RETURNING id",
        )
        .bind(thread.0)
        .bind(out)
        .bind(by)
        .bind(now.millis())
        .fetch_one(self.connection())
        .await?;
        if out { self.recall_of_contact(ContactId(contact), now).await } else { Ok(()) }
    }

    /// Marks a thread as read. Returns `Missed` if it was read already.
    pub async fn clear_unread(&mut self, thread: ThreadId) -> Result<Update> {
        let done = sqlx::query("UPDATE threads SET unread = 0 WHERE id = $1 AND unread > 0")
            .bind(thread.0)
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Marks a thread as waiting for a person. The time of the first wait stays; the latest reason counts.
    pub async fn wait(&mut self, thread: ThreadId, reason: &str, since: Timestamp) -> Result<()> {
        self.wait_all(&[(thread, reason, since)]).await
    }

    /// Marks threads as waiting for a person, each with its reason and time. Ends their snooze.
    pub async fn wait_all(&mut self, waits: &[(ThreadId, &str, Timestamp)]) -> Result<()> {
        if waits.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = waits.iter().map(|(thread, reason, since)| (thread.0, reason, since.millis())).collect();
        sqlx::query(
            "WITH w (id, reason, since) AS MATERIALIZED (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1))
             UPDATE threads SET waiting_since = coalesce(waiting_since, w.since), waiting_reason = w.reason,
                snoozed_until = NULL, snoozed_by = NULL, snoozed_at = NULL
             FROM w WHERE threads.id = w.id",
        )
        .bind(json(&rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends a thread's wait for a person.
    pub async fn stop_waiting(&mut self, thread: ThreadId) -> Result<()> {
        sqlx::query(
            "UPDATE threads SET waiting_since = NULL, waiting_reason = NULL WHERE id = $1 AND waiting_since IS NOT NULL",
        )
        .bind(thread.0)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores a person's draft; an empty one is deleted.
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

/// Reads a contact from the columns of a thread.
pub(crate) fn contact(cells: &RowReader<'_>) -> Result<ContactView> {
    Ok(ContactView {
        name: cells.opt_untrusted("contact_name")?,
        phone_number: cells.opt_named("phone", |digits| PhoneNumber::parse_short(digits).ok())?,
        user_id: cells.opt_text("user_id")?,
    })
}

/// Returns one thread, over any database connection.
pub(crate) async fn one(over: impl SqliteExecutor<'_>, id: ThreadId) -> Result<Option<ThreadRow>> {
    let text = format!("{ROW} WHERE t.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(over).await?;
    row.map(|row| thread_row(&RowReader::new(&row, "threads"))).transpose()
}

pub(super) fn thread_row(cells: &RowReader<'_>) -> Result<ThreadRow> {
    let progress = cells.opt_named("progress", DeliveryStatus::from_name)?.unwrap_or(DeliveryStatus::Received);
    let failed = cells.flag("failed")? && !progress.proves_arrival();
    let mode = cells.opt_named("mode", Mode::from_name)?;
    Ok(ThreadRow {
        id: ThreadId(cells.int("id")?),
        contact_id: ContactId(cells.int("contact_id")?),
        external_id: cells.text("external_id")?,
        connection: cells.text("connection")?,
        connection_id: ConnectionId(cells.int("connection_id")?),
        organization: cells.text("organization")?,
        environment: cells.named("environment", Environment::from_name)?,
        contact: contact(cells)?,
        unread: cells.count("unread")?,
        last_message_at: cells.time("last_message_at")?,
        last_text: cells.opt_untrusted("words")?.unwrap_or_else(|| Untrusted::from("no message yet")),
        last_direction: cells.opt_named("direction", Direction::from_name)?.unwrap_or(Direction::Inbound),
        last_status: if failed { DeliveryStatus::Failed } else { DeliveryRecord::new(progress).status() },
        window_closes_at: cells.opt_time("window_closes_at")?,
        assignment: match cells.opt_text("agent")?.zip(mode) {
            Some((agent, mode)) => {
                Some(AssignmentView { agent, mode, stopped: cells.flag("stopped")?, stale: cells.flag("stale")? })
            }
            None => None,
        },
        taken_by: cells.opt_text("taken_by")?,
        taken_until: cells.opt_time("taken_until")?,
        waiting: cells
            .opt_time("waiting_since")?
            .zip(cells.opt_text("waiting_reason")?)
            .map(|(since, reason)| WaitingEntry { since, reason }),
        run: cells.opt_named("run", RunState::from_name)?,
        opted_out: cells.flag("opted_out")?,
        no_marketing: cells.flag("no_marketing")?,
        handed_off_at: cells.opt_time("handed_off_at")?,
        costs: None,
        resolved: match cells.opt_time("resolved_at")? {
            Some(at) => Some(Resolved {
                at,
                by: cells.opt_text("resolved_by")?.unwrap_or_default(),
                reason: cells.opt_text("resolved_reason")?.unwrap_or_default(),
            }),
            None => None,
        },
        snoozed: match cells.opt_time("snoozed_until")? {
            Some(until) => Some(Snoozed {
                until,
                by: cells.opt_text("snoozed_by")?.unwrap_or_default(),
                at: cells.opt_time("snoozed_at")?.unwrap_or(until),
            }),
            None => None,
        },
        labels: cells.json("labels")?,
        context_from: cells.opt_time("context_from")?,
        person_wrote_at: cells.opt_time("person_wrote_at")?,
        pause_seconds: cells.count("pause_seconds")?,
        held_elsewhere: crate::store::threads::holders::held(cells)?,
        new: cells.flag("is_new")?,
        conversation: cells.opt_json("told")?,
        present: vec![],
    })
}
