//! Messages and outbox entries as lists and details show them.

use super::codec::Cells;
use super::threads::{contact, escaped};
use super::{Result, Store};
use crate::domain::event::{Direction, Origin};
use crate::domain::failure::Failure;
use crate::domain::ids::{AttemptId, DeliveryId, EntryId, MessageId, RunId, ThreadId};
use crate::domain::limits::Hold;
use crate::domain::outbox::{EntryState, SettledBy};
use crate::domain::status::{DeliveryStatus, Standing};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::{
    AttemptView, EntryBrief, EntryDetail, EntryRow, MessageDetail, MessageView, Reaction, StatusView,
};

const MESSAGE: &str = "SELECT m.id, m.thread_id, m.direction, m.kind, m.words, m.progress, m.failure, m.failed_at,
    m.provider_message_id, m.created_at, m.origin, m.author, m.test, m.content, m.received_at, m.delivery_id, m.run_id,
    (SELECT q.words FROM messages q WHERE q.provider_key = m.reply_key) AS quotes,
    m.reply_to,
    (SELECT group_concat(x.sender || ' ' || x.emoji, char(10)) FROM reactions x WHERE x.target_key = m.provider_key) AS reactions,
    o.id AS entry_id, o.state, o.hold, o.due_at, o.settled_by, o.failure AS entry_failure,
    (SELECT count(*) FROM attempts a WHERE a.outbox_id = o.id) AS attempts
 FROM messages m LEFT JOIN outbox o ON o.message_id = m.id";

const ENTRY: &str = "SELECT o.id, o.message_id, o.thread_id, c.name AS connection, p.name AS contact_name,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'phone' LIMIT 1) AS phone,
    (SELECT value FROM addresses a WHERE a.contact_id = p.id AND a.kind = 'user' LIMIT 1) AS user_id,
    m.words, o.state, m.progress, m.failure, m.failed_at, o.failure AS entry_failure, o.hold, o.due_at, o.created_at,
    (SELECT count(*) FROM attempts a WHERE a.outbox_id = o.id) AS attempts, m.author, o.settled_by,
    (SELECT min(b.id) FROM outbox b WHERE b.thread_id = o.thread_id AND b.id < o.id AND o.state = 'queued'
        AND b.state IN ('queued', 'sending', 'uncertain')) AS behind,
    o.reference, m.provider_message_id, m.provider_key
 FROM outbox o JOIN messages m ON m.id = o.message_id JOIN threads t ON t.id = o.thread_id
    JOIN contacts p ON p.id = t.contact_id JOIN connections c ON c.id = o.connection_id";

impl Store {
    /// A thread's messages, newest first.
    pub async fn messages(&self, thread: ThreadId, limit: u32, before: Option<MessageId>) -> Result<Vec<MessageView>> {
        let below = if before.is_some() {
            "(m.created_at, m.id) < (SELECT b.created_at, b.id FROM messages b WHERE b.id = $3)"
        } else {
            "$3 IS NULL"
        };
        let text = format!(
            "{MESSAGE} WHERE m.thread_id = $1 AND {below} AND m.kind <> 'reaction'
             ORDER BY m.created_at DESC, m.id DESC LIMIT $2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(thread.0)
            .bind(i64::from(limit))
            .bind(before.map(|id| id.0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| message(&Cells::new(row, "messages"))).collect()
    }

    pub async fn message(&self, id: MessageId) -> Result<Option<MessageDetail>> {
        let text = format!("{MESSAGE} WHERE m.id = $1");
        let Some(row) = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let cells = Cells::new(&row, "messages");
        let message = message(&cells)?;
        let tries = match &message.entry {
            Some(entry) => self.attempts(entry.id).await?,
            None => vec![],
        };
        let key: Option<Vec<u8>> = sqlx::query_scalar("SELECT provider_key FROM messages WHERE id = $1")
            .bind(id.0)
            .fetch_one(&self.readers)
            .await?;
        Ok(Some(MessageDetail {
            content: cells.json("content")?,
            received_at: cells.time("received_at")?,
            delivery: cells.opt_int("delivery_id")?.map(DeliveryId),
            run: cells.opt_int("run_id")?.map(RunId),
            statuses: self.statuses(key.as_deref()).await?,
            tries,
            message,
        }))
    }

    /// Messages that hold all the words, newest first. The last word may be a beginning; where the
    /// words as they stand fill the page already, beginnings are not asked for: they cost more.
    pub async fn search(&self, text: &str, limit: u32, before: Option<MessageId>) -> Result<Vec<MessageView>> {
        let whole = match_terms(text);
        if whole.is_empty() {
            return Ok(vec![]);
        }
        let mut ids = self.matching(&whole, limit, before).await?;
        if ids.len() < limit as usize {
            ids = self.matching(&format!("{whole}*"), limit, before).await?;
        }
        let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let text = format!("{MESSAGE} WHERE m.id IN ({list}) ORDER BY m.id DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).persistent(false).fetch_all(&self.readers).await?;
        rows.iter().map(|row| message(&Cells::new(row, "messages"))).collect()
    }

    async fn matching(&self, terms: &str, limit: u32, before: Option<MessageId>) -> Result<Vec<i64>> {
        let ids = sqlx::query_scalar(
            "SELECT rowid FROM message_words WHERE message_words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
        )
        .bind(terms)
        .bind(before.map_or(i64::MAX, |id| id.0))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        Ok(ids)
    }

    /// Outbox entries: what wants attention first, then newest first.
    pub async fn entries(
        &self,
        states: &[EntryState],
        text: &str,
        limit: u32,
        before: Option<EntryId>,
    ) -> Result<Vec<EntryRow>> {
        let names = states.iter().map(|state| format!("'{}'", state.name())).collect::<Vec<_>>().join(",");
        let of_state = if states.is_empty() { "1 = 1".to_owned() } else { format!("o.state IN ({names})") };
        let order = if states.is_empty() && before.is_none() {
            "CASE o.state WHEN 'uncertain' THEN 0 WHEN 'dead' THEN 1 WHEN 'refused' THEN 1 WHEN 'sending' THEN 2
                WHEN 'queued' THEN 2 ELSE CASE WHEN m.failed_at IS NOT NULL THEN 1 ELSE 3 END END, o.id DESC"
        } else {
            "o.id DESC"
        };
        let query = format!(
            "{ENTRY} WHERE {of_state} AND o.id < $1
                AND ($2 = '%%' OR p.folded LIKE $2 ESCAPE '\\' OR lower(m.words) LIKE $2 ESCAPE '\\' OR o.state LIKE $2)
             ORDER BY {order} LIMIT $3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(before.map_or(i64::MAX, |id| id.0))
            .bind(format!("%{}%", escaped(&text.trim().trim_start_matches('+').to_lowercase())))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| entry(&Cells::new(row, "outbox"))).collect()
    }

    pub async fn entry(&self, id: EntryId) -> Result<Option<EntryDetail>> {
        let text = format!("{ENTRY} WHERE o.id = $1");
        let Some(row) = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let cells = Cells::new(&row, "outbox");
        let provider_message_id = cells.opt_text("provider_message_id")?;
        let key = if provider_message_id.is_some() { Some(cells.bytes("provider_key")?) } else { None };
        Ok(Some(EntryDetail {
            row: entry(&cells)?,
            reference: cells.text("reference")?,
            provider_message_id,
            statuses: self.statuses(key.as_deref()).await?,
            tries: self.attempts(id).await?,
        }))
    }

    /// The thread and provider id of a message, for quoting and for read marks.
    pub async fn provider_id(&self, message: MessageId) -> Result<Option<(ThreadId, Option<String>)>> {
        let row: Option<(i64, Option<String>)> =
            sqlx::query_as("SELECT thread_id, provider_message_id FROM messages WHERE id = $1")
                .bind(message.0)
                .fetch_optional(&self.readers)
                .await?;
        Ok(row.map(|(thread, id)| (ThreadId(thread), id)))
    }

    /// The provider's id of the newest message that a contact wrote.
    pub async fn last_inbound(&self, thread: ThreadId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT provider_message_id FROM messages WHERE thread_id = $1 AND direction = 'inbound' AND test = 0
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(thread.0)
        .fetch_optional(&self.readers)
        .await?
        .flatten())
    }

    async fn statuses(&self, key: Option<&[u8]>) -> Result<Vec<StatusView>> {
        let rows = sqlx::query(
            "SELECT id, status, at, received_at, failure, raw FROM statuses WHERE provider_key = $1 ORDER BY received_at, id",
        )
        .bind(key)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = Cells::new(row, "statuses");
                Ok(StatusView {
                    status: cells.named("status", DeliveryStatus::from_name)?,
                    at: cells.time("at")?,
                    received_at: cells.time("received_at")?,
                    failure: cells.opt_json("failure")?,
                    raw: cells.untrusted("raw")?,
                })
            })
            .collect()
    }

    async fn attempts(&self, entry: EntryId) -> Result<Vec<AttemptView>> {
        let rows = sqlx::query(
            "SELECT id, series, number, started_at, finished_at, outcome, http_status, failure, request, response
             FROM attempts WHERE outbox_id = $1 ORDER BY id",
        )
        .bind(entry.0)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = Cells::new(row, "attempts");
                Ok(AttemptView {
                    id: AttemptId(cells.int("id")?),
                    series: cells.count("series")?,
                    number: cells.count("number")?,
                    started_at: cells.time("started_at")?,
                    finished_at: cells.opt_time("finished_at")?,
                    outcome: cells.opt_text("outcome")?,
                    http_status: cells.opt_int("http_status")?.and_then(|code| u16::try_from(code).ok()),
                    failure: cells.opt_json("failure")?,
                    request: cells.untrusted("request")?,
                    response: cells.untrusted("response")?,
                })
            })
            .collect()
    }
}

/// Every word quoted: raw text would be read as a query language.
fn match_terms(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(|word| format!("words:\"{}\"", word.replace('"', "\"\"")))
        .collect();
    words.join(" ")
}

fn standing(cells: &Cells<'_>) -> Result<Standing> {
    let failure: Option<Failure> = cells.opt_json("failure")?;
    Ok(Standing {
        progress: cells.named("progress", DeliveryStatus::from_name)?,
        failed: cells.opt_time("failed_at")?.zip(failure),
    })
}

fn message(cells: &Cells<'_>) -> Result<MessageView> {
    let standing = standing(cells)?;
    let state = cells.opt_named("state", EntryState::from_name)?;
    let entry = match cells.opt_int("entry_id")?.map(EntryId).zip(state) {
        None => None,
        Some((id, state)) => Some(EntryBrief {
            id,
            state,
            hold: cells.opt_named("hold", Hold::from_name)?,
            due_at: cells.opt_time("due_at")?.unwrap_or(Timestamp::EPOCH),
            settled_by: cells.opt_named("settled_by", SettledBy::from_name)?,
        }),
    };
    let quotes = cells.opt_untrusted("quotes")?;
    let unknown_quote = cells.opt_text("reply_to")?.map(|_| Untrusted::from("a message that is not here"));
    let error = match standing.failure() {
        Some(failure) => Some(failure.clone()),
        None => cells.opt_json("entry_failure")?,
    };
    Ok(MessageView {
        id: MessageId(cells.int("id")?),
        thread_id: ThreadId(cells.int("thread_id")?),
        direction: cells.named("direction", Direction::from_name)?,
        kind: cells.text("kind")?,
        text: cells.untrusted("words")?,
        status: standing.status(),
        provider_message_id: cells.opt_text("provider_message_id")?,
        created_at: cells.time("created_at")?,
        error,
        attempts: cells.count("attempts")?,
        origin: Origin::from_name(&cells.text("origin")?),
        author: cells.opt_text("author")?,
        quotes: quotes.or(unknown_quote),
        reactions: reactions(cells.opt_text("reactions")?.as_deref()),
        test: cells.flag("test")?,
        contradictory: standing.contradictory(),
        entry,
    })
}

fn reactions(list: Option<&str>) -> Vec<Reaction> {
    list.unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(sender, emoji)| {
            Some(Reaction { from: Direction::from_name(sender)?, emoji: Untrusted::from(emoji) })
        })
        .collect()
}

fn entry(cells: &Cells<'_>) -> Result<EntryRow> {
    let standing = standing(cells)?;
    let error = match standing.failure() {
        Some(failure) => Some(failure.clone()),
        None => cells.opt_json("entry_failure")?,
    };
    Ok(EntryRow {
        id: EntryId(cells.int("id")?),
        message_id: MessageId(cells.int("message_id")?),
        thread_id: ThreadId(cells.int("thread_id")?),
        connection: cells.text("connection")?,
        contact: contact(cells)?,
        text: cells.untrusted("words")?,
        state: cells.named("state", EntryState::from_name)?,
        status: standing.status(),
        hold: cells.opt_named("hold", Hold::from_name)?,
        due_at: cells.time("due_at")?,
        created_at: cells.time("created_at")?,
        attempts: cells.count("attempts")?,
        error,
        author: cells.opt_text("author")?,
        settled_by: cells.opt_named("settled_by", SettledBy::from_name)?,
        behind: cells.opt_int("behind")?.map(EntryId),
    })
}

#[cfg(test)]
mod tests {
    use super::match_terms;

    #[test]
    fn what_people_type_is_never_a_query_language() {
        assert_eq!(match_terms("hola* OR \"x"), "words:\"hola\" words:\"OR\" words:\"x\"");
        assert_eq!(match_terms("NEAR(a b)"), "words:\"NEAR\" words:\"a\" words:\"b\"");
        assert_eq!(match_terms("  ?!  "), "");
    }
}
