//! Outbox entries for lists and details; those that need attention come first.

use sqlx::{QueryBuilder, Sqlite};

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::outbox::entry::{EntryState, FailedBy, SettledBy};
use crate::domain::outbox::limits::Hold;
use crate::domain::view::{EntryDetail, EntryRow};
use crate::store::codec::{RowReader, readable};
use crate::store::narrow::{self, FilterQuery, FilterTarget, push_late};
use crate::store::threads::messages::standing;
use crate::store::threads::thread::contact;
use crate::store::{Result, Store};

const ENTRY: &str = "SELECT o.id, o.message_id, o.thread_id, c.name AS connection, p.name AS contact_name,
    coalesce((SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' AND a.value = substr(t.external_id, 10)),
        (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1)) AS phone,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id,
    m.words, o.state, m.progress, m.failure, m.failed_at, coalesce(o.failure, CASE WHEN o.hold = 'credentials' THEN h.failure END) AS entry_failure,
    CASE WHEN o.hold = 'credentials' THEN coalesce(h.kind, o.hold)
        WHEN o.hold IS NULL AND o.state = 'queued' AND o.awaits_list THEN 'template_list' ELSE o.hold END AS hold, o.due_at, o.not_before, o.created_at,
    (SELECT count(*) FROM attempts a WHERE a.outbox_id = o.id AND a.upload = 0) AS attempts, m.author, o.settled_by, o.recalled_by,
    (SELECT min(b.id) FROM outbox b WHERE b.thread_id = o.thread_id AND b.id < o.id AND o.state = 'queued'
        AND b.state IN ('queued', 'sending', 'uncertain') AND (b.not_before IS NULL OR b.not_before <= o.due_at)
        AND NOT (b.business_initiated = 1 AND o.business_initiated = 0 AND EXISTS (SELECT 1 FROM outbox q
        WHERE q.thread_id = o.thread_id AND q.id <= b.id AND q.state = 'queued' AND q.hold = 'hourly_policy'))) AS behind,
    o.reference, o.series, o.evidence, json_extract(o.evidence, '$.said') AS looked, m.provider_message_id, m.provider_key
 FROM outbox o JOIN messages m ON m.id = o.message_id JOIN threads t ON t.id = o.thread_id
    JOIN contacts p ON p.id = t.contact_id JOIN connections c ON c.id = o.connection_id
    LEFT JOIN connection_holds h ON h.connection_id = o.connection_id";

/// Columns that determine the cost of an entry.
const SENDS: &str = "o.connection_id, CASE WHEN m.kind = 'template' THEN json_extract(m.content, '$.name') END AS template,
    coalesce((SELECT a.value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' AND a.value = substr(t.external_id, 10)),
        (SELECT a.value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1)) AS number";

/// Entries that need attention, in order of rank, then all others. Each rank is found by its own index.
const RANKS: [&str; 7] = [
    "(o.state = 'failed' OR (o.state = 'accepted' AND m.failed_at IS NOT NULL))",
    "o.state = 'uncertain'",
    "o.state = 'dead'",
    "(o.state = 'queued' AND (o.hold IS NOT NULL OR o.not_before IS NOT NULL))",
    "o.state = 'scheduled'",
    "late",
    "o.state IN ('queued', 'sending')",
];

/// Entries that a bulk action treats alike.
#[derive(Debug, Clone)]
pub struct BulkGroup {
    pub state: EntryState,
    pub held: bool,
    pub freeform: bool,
    pub business_initiated: bool,
    pub opted_out: bool,
    pub window_open: bool,
    /// Whether the provider's list was queried and did not settle them.
    pub not_listed: bool,
    /// Connection, template and the contact's number, where they were asked for.
    pub sends: Option<(ConnectionId, Option<String>, Option<PhoneNumber>)>,
    pub count: u32,
}

impl Store {
    /// Returns outbox entries. Without `before`, those that need attention come first, in the order of `RANKS`; then
    /// the newest.
    pub async fn entries(&self, wish: &FilterQuery<'_>, limit: u32, before: Option<EntryId>) -> Result<Vec<EntryRow>> {
        let mut found: Vec<EntryRow> = vec![];
        if before.is_none() {
            for rank in RANKS {
                let room = limit.saturating_sub(found.len() as u32);
                for row in self.ranked(wish, rank, room).await? {
                    if found.iter().all(|known| known.id != row.id) {
                        found.push(row);
                    }
                }
            }
        }
        let room = i64::from(limit) - found.len() as i64;
        if room > 0 {
            let mut query = QueryBuilder::<Sqlite>::new(ENTRY);
            query.push(" WHERE o.id < ").push_bind(before.map_or(i64::MAX, |id| id.0));
            let shown = found.iter().map(|row| row.id.0.to_string()).collect::<Vec<_>>().join(",");
            query.push(format!(" AND o.id NOT IN ({shown})"));
            narrow::push(&mut query, wish, FilterTarget::Entries);
            query.push(" ORDER BY o.id DESC LIMIT +").push_bind(room);
            let rows = query.build().persistent(false).fetch_all(&self.readers).await?;
            for row in &rows {
                found.push(entry(&RowReader::new(row, "outbox"))?);
            }
        }
        Ok(found)
    }

    async fn ranked(&self, wish: &FilterQuery<'_>, rank: &str, room: u32) -> Result<Vec<EntryRow>> {
        if room == 0 {
            return Ok(vec![]);
        }
        // Ids are found first, each by its own index; then one page of rows is loaded.
        let within = match rank {
            "late" => {
                "o.id IN (SELECT id FROM outbox WHERE state = 'queued' UNION SELECT x.id FROM outbox x WHERE x.state = 'accepted' AND x.created_at > "
            }
            rank if rank.contains("failed_at") => {
                "o.id IN (SELECT id FROM outbox WHERE state IN ('failed', 'dead') UNION SELECT x.id FROM messages f JOIN outbox x ON x.message_id = f.id WHERE f.failed_at IS NOT NULL)"
            }
            _ => "1 = 1",
        };
        let mut query = QueryBuilder::<Sqlite>::new(ENTRY);
        query.push(" WHERE ").push(within);
        if rank == "late" {
            // Messages without a status for more than three days are found only by a filter.
            query.push_bind(wish.now.minus(std::time::Duration::from_secs(3 * 86_400)).millis()).push(") AND ");
            push_late(&mut query, "o", wish.now);
        } else {
            query.push(" AND ").push(rank);
        }
        narrow::push(&mut query, wish, FilterTarget::Entries);
        query.push(" ORDER BY o.id DESC LIMIT +").push_bind(i64::from(room));
        let rows = query.build().persistent(false).fetch_all(&self.readers).await?;
        readable(&rows, "outbox", entry)
    }

    /// Returns the ids of matching entries above one id and up to another, in order of creation.
    pub async fn entries_in_order(
        &self,
        wish: &FilterQuery<'_>,
        above: i64,
        up_to: i64,
        limit: u32,
    ) -> Result<Vec<EntryId>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT o.id FROM outbox o JOIN messages m ON m.id = o.message_id JOIN threads t ON t.id = o.thread_id
             JOIN contacts p ON p.id = t.contact_id WHERE o.id > ",
        );
        query.push_bind(above).push(" AND o.id <= ").push_bind(up_to);
        narrow::push(&mut query, wish, FilterTarget::Entries);
        query.push(" ORDER BY o.id LIMIT +").push_bind(i64::from(limit));
        let ids: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(&self.readers).await?;
        Ok(ids.into_iter().map(EntryId).collect())
    }

    /// Returns the matching entries in groups that a bulk action treats alike, counted up to `most`. With `sends`, the
    /// groups are also split by what determines the cost.
    pub async fn bulk_counts(
        &self,
        wish: &FilterQuery<'_>,
        up_to: i64,
        most: u32,
        sends: bool,
    ) -> Result<Vec<BulkGroup>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT 0 AS id, state, held, freeform, business_initiated, opted_out, window_open, not_listed, connection_id, template, number,
                count(*) AS n FROM (SELECT ",
        );
        query.push(if sends { SENDS } else { "NULL AS connection_id, NULL AS template, NULL AS number" }).push(
            ", o.state, o.hold IS NOT NULL AS held, o.evidence IS NOT NULL AS not_listed, o.freeform, o.business_initiated, p.opted_out, coalesce(t.window_closes_at, 0) > ",
        );
        query.push_bind(wish.now.millis());
        query.push(
            " AS window_open FROM outbox o JOIN messages m ON m.id = o.message_id JOIN threads t ON t.id = o.thread_id
              JOIN contacts p ON p.id = t.contact_id WHERE o.id <= ",
        );
        query.push_bind(up_to);
        narrow::push(&mut query, wish, FilterTarget::Entries);
        query.push(" LIMIT +").push_bind(i64::from(most));
        query.push(
            ") GROUP BY state, held, freeform, business_initiated, opted_out, window_open, not_listed, connection_id, template, number",
        );
        let rows = query.build().persistent(false).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "outbox");
                Ok(BulkGroup {
                    state: cells.named("state", EntryState::from_name)?,
                    held: cells.flag("held")?,
                    freeform: cells.flag("freeform")?,
                    business_initiated: cells.flag("business_initiated")?,
                    opted_out: cells.flag("opted_out")?,
                    window_open: cells.flag("window_open")?,
                    not_listed: cells.flag("not_listed")?,
                    sends: match cells.opt_int("connection_id")?.map(ConnectionId) {
                        None => None,
                        Some(connection) => {
                            let number = cells.opt_named("number", |digits| PhoneNumber::parse_short(digits).ok())?;
                            Some((connection, cells.opt_text("template")?, number))
                        }
                    },
                    count: cells.count("n")?,
                })
            })
            .collect()
    }

    /// Returns the entries of a thread since a time, oldest first, without reactions.
    pub async fn entries_after(
        &self,
        thread: ThreadId,
        since: crate::domain::time::Timestamp,
    ) -> Result<Vec<EntryRow>> {
        let text = format!(
            "{ENTRY} WHERE o.thread_id = $1 AND o.created_at >= $2 AND m.kind <> 'reaction' ORDER BY o.id LIMIT 20"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(thread.0).bind(since.millis()).fetch_all(&self.readers).await?;
        readable(&rows, "outbox", entry)
    }

    /// Returns the greatest entry id; zero if there is none.
    pub async fn newest_entry(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM outbox").fetch_one(&self.readers).await?)
    }

    /// Returns one entry with its statuses and attempts.
    pub async fn entry(&self, id: EntryId) -> Result<Option<EntryDetail>> {
        let text = format!("{ENTRY} WHERE o.id = $1");
        let Some(row) = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let cells = RowReader::new(&row, "outbox");
        let provider_message_id = cells.opt_text("provider_message_id")?;
        let key = if provider_message_id.is_some() { Some(cells.bytes("provider_key")?) } else { None };
        Ok(Some(EntryDetail {
            row: entry(&cells)?,
            reference: cells.text("reference")?,
            series: cells.count("series")?,
            contradictory: standing(&cells)?.contradictory(),
            evidence: cells.opt_json("evidence")?,
            curl: None,
            provider_message_id,
            statuses: self.statuses(key.as_deref()).await?,
            tries: self.attempts(id).await?,
        }))
    }
}

fn entry(cells: &RowReader<'_>) -> Result<EntryRow> {
    let standing = standing(cells)?;
    let error = match standing.failure() {
        Some(failure) => Some(failure.clone()),
        None => cells.opt_json("entry_failure")?,
    };
    let state = cells.named("state", EntryState::from_name)?;
    let settled_by = cells.opt_named("settled_by", SettledBy::from_name)?;
    Ok(EntryRow {
        id: EntryId(cells.int("id")?),
        message_id: MessageId(cells.int("message_id")?),
        thread_id: ThreadId(cells.int("thread_id")?),
        connection: cells.text("connection")?,
        contact: contact(cells)?,
        text: cells.untrusted("words")?,
        state,
        status: standing.status(),
        hold: cells.opt_named("hold", Hold::from_name)?,
        due_at: cells.time("due_at")?,
        not_before: cells.opt_time("not_before")?,
        created_at: cells.time("created_at")?,
        attempts: cells.count("attempts")?,
        error,
        author: cells.opt_text("author")?,
        settled_by,
        failed_by: FailedBy::of(state, settled_by),
        recalled_by: cells.opt_text("recalled_by")?,
        looked: cells.opt_text("looked")?,
        behind: cells.opt_int("behind")?.map(EntryId),
    })
}
