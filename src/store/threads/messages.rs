//! Messages for lists, details and search.

use crate::store::search_text::match_terms;
use std::collections::BTreeMap;

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::failure::Failure;
use crate::domain::ids::{AttemptId, DeliveryId, EntryId, MessageId, RunId, ThreadId};
use crate::domain::inbound::event::{Direction, Origin};
use crate::domain::message::content::Content;
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::other_status::OtherStatusView;
use crate::domain::message::status::{DeliveryRecord, DeliveryStatus};
use crate::domain::message::status_view::StatusView;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::outbox::limits::Hold;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::{AttemptView, EntryBrief, FoundMessage, MessageDetail, MessageView, Reaction};
use crate::store::codec::{RowReader, json, readable};
use crate::store::narrow::{self, FilterQuery, FilterTarget};
use crate::store::{Result, Store};

pub(super) const MESSAGE: &str = "SELECT m.id, m.thread_id, m.direction, m.kind, m.words, m.progress, m.failure, m.failed_at,
    CASE WHEN m.kind = 'template' AND json_valid(m.content) THEN json_extract(m.content, '$.rendered') END AS rendered,
    m.provider_message_id, m.created_at, m.origin, m.author, m.test, m.content, m.received_at, m.delivery_id, m.run_id, m.not_routed, m.route, m.extras, m.pricing,
    (SELECT nc.organization FROM connections nc WHERE nc.id = m.connection_id) AS organization,
    (SELECT nc.environment FROM connections nc WHERE nc.id = m.connection_id) AS environment,
    (SELECT na.value FROM threads nt JOIN addresses na ON na.contact_id = nt.contact_id AND na.kind = 'phone'
        WHERE nt.id = m.thread_id LIMIT 1) AS phone_number,
    (SELECT q.words FROM messages q WHERE q.provider_key = m.reply_key) AS quotes,
    m.reply_to,
    (SELECT group_concat(x.sender || ' ' || x.emoji, char(10)) FROM reactions x WHERE x.target_key = m.provider_key) AS reactions,
    o.id AS entry_id, o.state,
    CASE WHEN o.hold = 'credentials' THEN coalesce((SELECT h.kind FROM connection_holds h WHERE h.connection_id = o.connection_id),
        o.hold) WHEN o.hold IS NULL AND o.state = 'queued' AND o.awaits_list THEN 'template_list' ELSE o.hold END AS hold, o.due_at, o.not_before, o.settled_by, o.recalled_by, o.failure AS entry_failure,
    (SELECT count(*) FROM attempts a WHERE a.outbox_id = o.id AND a.upload = 0) AS attempts,
    (SELECT min(b.id) FROM outbox b WHERE b.thread_id = o.thread_id AND b.id < o.id AND o.state = 'queued'
        AND b.state IN ('queued', 'sending', 'uncertain') AND (b.not_before IS NULL OR b.not_before <= o.due_at)
        AND NOT (b.business_initiated = 1 AND o.business_initiated = 0 AND EXISTS (SELECT 1 FROM outbox q
        WHERE q.thread_id = o.thread_id AND q.id <= b.id AND q.state = 'queued' AND q.hold = 'hourly_policy'))) AS behind,
    f.state AS media_state, f.mime_type AS media_type, f.bytes AS media_bytes, f.file AS media_file, f.said AS media_said,
    f.fetched_at,
    (SELECT da.agent FROM assignments da WHERE da.id = y.assignment_id) AS dry_agent, y.finished_at AS dry_finished_at,
    y.said AS dry_said, y.error AS dry_error
 FROM messages m LEFT JOIN outbox o ON o.message_id = m.id LEFT JOIN media f ON f.message_id = m.id
    LEFT JOIN dry_runs y ON y.message_id = m.id";

/// Number of search matches that are checked for the other terms at a time.
const STEP: u32 = 2_000;

impl Store {
    /// Returns a page of a thread's messages around this one, newest first.
    pub async fn messages_around(&self, thread: ThreadId, id: MessageId, limit: u32) -> Result<Vec<MessageView>> {
        let newer: Option<i64> = sqlx::query_scalar(
            "SELECT n.id FROM messages n WHERE n.thread_id = $1
                AND (n.created_at, n.id) > (SELECT b.created_at, b.id FROM messages b WHERE b.id = $2)
             ORDER BY n.created_at, n.id LIMIT 1 OFFSET $3",
        )
        .bind(thread.0)
        .bind(id.0)
        .bind(i64::from(limit / 3))
        .fetch_optional(&self.readers)
        .await?;
        self.messages(thread, limit, newer.map(MessageId)).await
    }

    /// Returns a thread's messages, newest first.
    pub async fn messages(&self, thread: ThreadId, limit: u32, before: Option<MessageId>) -> Result<Vec<MessageView>> {
        readable(&self.message_rows(thread, limit, before).await?, "messages", message)
    }

    /// Returns a thread's messages, newest first, with their contents.
    pub async fn transcript(
        &self,
        thread: ThreadId,
        limit: u32,
    ) -> Result<(Vec<MessageView>, BTreeMap<MessageId, Content>)> {
        let rows = self.message_rows(thread, limit, None).await?;
        let messages = readable(&rows, "messages", message)?;
        let mut contents = contents_of(&rows)?;
        contents.retain(|id, _| messages.iter().any(|message| message.id == *id));
        Ok((messages, contents))
    }

    async fn message_rows(
        &self,
        thread: ThreadId,
        limit: u32,
        before: Option<MessageId>,
    ) -> Result<Vec<sqlx::sqlite::SqliteRow>> {
        let below = if before.is_some() {
            "(m.created_at, m.id) < (SELECT b.created_at, b.id FROM messages b WHERE b.id = $3)"
        } else {
            "$3 IS NULL"
        };
        let text = format!(
            "{MESSAGE} WHERE m.thread_id = $1 AND {below} AND m.kind <> 'reaction'
             ORDER BY m.created_at DESC, m.id DESC LIMIT +$2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(thread.0)
            .bind(i64::from(limit))
            .bind(before.map(|id| id.0))
            .fetch_all(&self.readers)
            .await?;
        Ok(rows)
    }

    /// Returns the contents of these messages, as far as they can be read.
    pub async fn contents(&self, ids: &[MessageId]) -> Result<BTreeMap<MessageId, Content>> {
        let ids = json(&ids.iter().map(|id| id.0).collect::<Vec<_>>());
        let rows = sqlx::query("SELECT id, content FROM messages WHERE id IN (SELECT value FROM json_each($1))")
            .bind(ids)
            .fetch_all(&self.readers)
            .await?;
        contents_of(&rows)
    }

    /// Returns one message with its content, statuses and attempts.
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageDetail>> {
        let text = format!("{MESSAGE} WHERE m.id = $1");
        let Some(row) = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let cells = RowReader::new(&row, "messages");
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
            not_routed: cells.opt_text("not_routed")?,
            route: cells.opt_text("route")?.map(|trace| trace.lines().map(str::to_owned).collect()).unwrap_or_default(),
            statuses: self.statuses(key.as_deref()).await?,
            other_statuses: self.other_statuses(key.as_deref()).await?,
            tries,
            extras: cells.opt_json("extras")?.unwrap_or_default(),
            pricing: cells.opt_json("pricing")?.unwrap_or_default(),
            message,
        }))
    }

    /// Returns messages that contain all words and match the terms, newest first. The last word may be a prefix;
    /// prefixes are searched only if whole words do not fill the page, because they cost more.
    pub async fn search(
        &self,
        wish: &FilterQuery<'_>,
        limit: u32,
        before: Option<MessageId>,
    ) -> Result<Vec<FoundMessage>> {
        let whole = match_terms(wish.filter.words());
        let mut rows = self.found(wish, &whole, limit, before).await?;
        if !whole.is_empty() && rows.len() < limit as usize {
            rows = self.found(wish, &format!("{whole}*"), limit, before).await?;
        }
        let found: Vec<MessageView> = readable(&rows, "messages", message)?;
        let people = self.people_of(found.iter().map(|message| message.thread_id)).await?;
        Ok(found
            .into_iter()
            .filter_map(|message| {
                people.get(&message.thread_id).map(|contact| FoundMessage { contact: contact.clone(), message })
            })
            .collect())
    }

    /// Returns the rows of a search. Word matches are checked newest first in steps, which bounds the cost of a rare
    /// term among common words.
    async fn found(
        &self,
        wish: &FilterQuery<'_>,
        terms: &str,
        limit: u32,
        before: Option<MessageId>,
    ) -> Result<Vec<sqlx::sqlite::SqliteRow>> {
        if terms.is_empty() && wish.filter.is_empty() {
            return Ok(vec![]);
        }
        let only_words = wish.filter.terms.len() == 1;
        let mut found = vec![];
        let mut below = before;
        loop {
            let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new(MESSAGE);
            let mut step = None;
            if terms.is_empty() {
                query.push(" WHERE m.id < ").push_bind(below.map_or(i64::MAX, |id| id.0));
            } else {
                let size = if only_words { limit } else { STEP };
                let ids = self.matching(terms, size, below).await?;
                step = ids.last().copied().filter(|_| ids.len() == size as usize && !only_words);
                let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
                query.push(format!(" WHERE m.id IN ({list})"));
            }
            narrow::push(&mut query, wish, FilterTarget::Messages);
            query
                .push(" AND m.kind <> 'reaction' ORDER BY m.id DESC LIMIT +")
                .push_bind(i64::from(limit) - found.len() as i64);
            found.extend(query.build().persistent(false).fetch_all(&self.readers).await?);
            match step {
                Some(last) if found.len() < limit as usize => below = Some(MessageId(last)),
                _ => return Ok(found),
            }
        }
    }

    /// Returns the ids of messages that match the search terms, newest first.
    pub(crate) async fn matching(&self, terms: &str, limit: u32, before: Option<MessageId>) -> Result<Vec<i64>> {
        let ids = sqlx::query_scalar(
            "SELECT rowid FROM message_words WHERE message_words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT +$3",
        )
        .bind(terms)
        .bind(before.map_or(i64::MAX, |id| id.0))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        Ok(ids)
    }

    /// Returns the thread and provider id of a message, for quotes and read marks.
    pub async fn provider_id(&self, message: MessageId) -> Result<Option<(ThreadId, Option<String>)>> {
        let row: Option<(i64, Option<String>)> =
            sqlx::query_as("SELECT thread_id, provider_message_id FROM messages WHERE id = $1")
                .bind(message.0)
                .fetch_optional(&self.readers)
                .await?;
        Ok(row.map(|(thread, id)| (ThreadId(thread), id)))
    }

    /// Returns the newest message from the contact.
    pub async fn last_inbound_message(&self, thread: ThreadId) -> Result<Option<MessageId>> {
        let id: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM messages WHERE thread_id = $1 AND direction = 'inbound' AND kind <> 'reaction'
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(thread.0)
        .fetch_optional(&self.readers)
        .await?;
        Ok(id.map(MessageId))
    }

    /// Returns the provider's id of the newest message from the contact.
    pub async fn last_inbound(&self, thread: ThreadId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT provider_message_id FROM messages WHERE thread_id = $1 AND direction = 'inbound' AND test = 0
                AND kind NOT IN ('call', 'system', 'edit', 'revoke', 'request_welcome', 'handover')
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(thread.0)
        .fetch_optional(&self.readers)
        .await?
        .flatten())
    }

    /// Returns the statuses under a provider key, in order of receipt.
    pub(crate) async fn statuses(&self, key: Option<&[u8]>) -> Result<Vec<StatusView>> {
        let rows = sqlx::query(
            "SELECT id, status, at, received_at, failure, raw, told_at FROM statuses WHERE provider_key = $1 ORDER BY received_at, id",
        )
        .bind(key)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "statuses");
                Ok(StatusView {
                    status: cells.named("status", DeliveryStatus::from_name)?,
                    at: cells.time("at")?,
                    received_at: cells.time("received_at")?,
                    failure: cells.opt_json("failure")?,
                    raw: cells.untrusted("raw")?,
                    told_at: cells.opt_time("told_at")?,
                })
            })
            .collect()
    }

    async fn other_statuses(&self, key: Option<&[u8]>) -> Result<Vec<OtherStatusView>> {
        let rows = sqlx::query(
            "SELECT id, word, at, received_at, raw, told_at FROM other_statuses WHERE provider_key = $1 ORDER BY received_at, id",
        )
        .bind(key)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "other_statuses");
                Ok(OtherStatusView {
                    word: cells.untrusted("word")?,
                    at: cells.time("at")?,
                    received_at: cells.time("received_at")?,
                    raw: cells.untrusted("raw")?,
                    told_at: cells.opt_time("told_at")?,
                })
            })
            .collect()
    }

    /// Returns the attempts of an entry, oldest first, each with its statuses.
    pub(crate) async fn attempts(&self, entry: EntryId) -> Result<Vec<AttemptView>> {
        let rows = sqlx::query(
            "SELECT id, series, number, started_at, finished_at, outcome, http_status, failure, request, response, upload,
                provider_message_id, provider_key FROM attempts WHERE outbox_id = $1 ORDER BY id",
        )
        .bind(entry.0)
        .fetch_all(&self.readers)
        .await?;
        let mut tries: Vec<AttemptView> = vec![];
        for row in &rows {
            let cells = RowReader::new(row, "attempts");
            let provider_message_id = cells.opt_text("provider_message_id")?;
            // Statuses under this attempt's id; a later attempt does not change them.
            let statuses = match &provider_message_id {
                Some(_) => self.statuses(Some(&cells.bytes("provider_key")?)).await?,
                None => vec![],
            };
            tries.push(AttemptView {
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
                upload: cells.flag("upload")?,
                provider_message_id,
                statuses,
            });
        }
        Ok(tries)
    }
}

/// Reads a message's delivery record from its columns.
pub(crate) fn standing(cells: &RowReader<'_>) -> Result<DeliveryRecord> {
    let failure: Option<Failure> = cells.opt_json("failure")?;
    Ok(DeliveryRecord {
        progress: cells.named("progress", DeliveryStatus::from_name)?,
        failed: cells.opt_time("failed_at")?.zip(failure),
    })
}

/// Returns the contents of these rows' messages, as far as they can be read.
pub(super) fn contents_of(rows: &[sqlx::sqlite::SqliteRow]) -> Result<BTreeMap<MessageId, Content>> {
    let mut contents = BTreeMap::new();
    for row in rows {
        let cells = RowReader::new(row, "messages");
        if let Some(content) = cells.opt_json("content")? {
            contents.insert(MessageId(cells.int("id")?), content);
        }
    }
    Ok(contents)
}

pub(super) fn message(cells: &RowReader<'_>) -> Result<MessageView> {
    let standing = standing(cells)?;
    let state = cells.opt_named("state", EntryState::from_name)?;
    let entry = match cells.opt_int("entry_id")?.map(EntryId).zip(state) {
        None => None,
        Some((id, state)) => Some(EntryBrief {
            id,
            state,
            hold: cells.opt_named("hold", Hold::from_name)?,
            due_at: cells.opt_time("due_at")?.unwrap_or(Timestamp::EPOCH),
            not_before: cells.opt_time("not_before")?,
            settled_by: cells.opt_named("settled_by", SettledBy::from_name)?,
            recalled_by: cells.opt_text("recalled_by")?,
            behind: cells.opt_int("behind")?.map(EntryId),
        }),
    };
    let extras: Option<Extras> = cells.opt_json("extras")?;
    let repeats = extras.map_or(0, |extras| u32::try_from(extras.repeated_by.len()).unwrap_or(u32::MAX));
    let quotes = cells.opt_untrusted("quotes")?;
    let unknown_quote = cells.opt_text("reply_to")?.map(|_| Untrusted::from("a message that is not here"));
    let error = match standing.failure() {
        Some(failure) => Some(failure.clone()),
        None => cells.opt_json("entry_failure")?,
    };
    Ok(MessageView {
        repeats,
        id: MessageId(cells.int("id")?),
        thread_id: ThreadId(cells.int("thread_id")?),
        organization: cells.opt_text("organization")?.unwrap_or_default(),
        environment: cells.opt_named("environment", Environment::from_name)?,
        phone_number: cells.opt_named("phone_number", |digits| PhoneNumber::parse_short(digits).ok())?,
        direction: cells.named("direction", Direction::from_name)?,
        kind: cells.text("kind")?,
        text: cells.untrusted("words")?,
        rendered: cells.opt_untrusted("rendered")?,
        status: standing.status(),
        provider_message_id: cells.opt_text("provider_message_id")?,
        created_at: cells.time("created_at")?,
        error,
        attempts: cells.count("attempts")?,
        origin: Origin::from_name(&cells.text("origin")?),
        author: cells.opt_text("author")?,
        quotes: quotes.or(unknown_quote),
        reactions: reactions(cells.opt_text("reactions")?.as_deref()),
        run: cells.opt_int("run_id")?.map(RunId),
        test: cells.flag("test")?,
        dry_run: crate::store::threads::conversations::dry_run(cells)?,
        contradictory: standing.contradictory(),
        entry,
        media: crate::store::media::files::view(cells)?,
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
