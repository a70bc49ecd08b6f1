//! Stores the changes of a batch of inbound messages, in a fixed number of statements per chunk.

use std::borrow::Cow;

use sqlx::QueryBuilder;

use crate::domain::event_name::EventName;
use crate::domain::ids::{ConnectionId, DeliveryId, MessageId, ThreadId};
use crate::domain::inbound::event::{Direction, Origin};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::status::DeliveryStatus;
use crate::domain::time::Timestamp;
use crate::store::codec::json;
use crate::store::multi_row::chunks;
use crate::store::{Result, Write};

/// A message that arrived, or one that was sent over our number from another app.
#[derive(Debug)]
pub struct NewInbound<'a> {
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub direction: Direction,
    pub origin: &'a Origin,
    pub content: &'a Content,
    pub provider_message_id: &'a str,
    pub reply_to: Option<&'a str>,
    pub test: bool,
    pub created_at: Timestamp,
    pub received_at: Timestamp,
    /// `None` if it was backfilled from the provider's list.
    pub delivery: Option<DeliveryId>,
    pub author: Option<&'a str>,
    pub extras: &'a Extras,
}

/// A message row to insert. Its id is assigned in advance, because there is only one writer.
#[derive(Debug)]
pub struct MessageRow {
    pub id: MessageId,
    pub thread: ThreadId,
    connection: ConnectionId,
    direction: Direction,
    origin: String,
    kind: String,
    content: String,
    words: String,
    provider_message_id: String,
    key: [u8; 16],
    reply_to: Option<String>,
    reply_key: Option<Vec<u8>>,
    author: Option<String>,
    test: bool,
    created_at: Timestamp,
    received_at: Timestamp,
    delivery: Option<DeliveryId>,
    extras: Option<String>,
    /// How routing decided who answers; and if no agent answers, why.
    pub route: Option<String>,
    pub not_routed: Option<&'static str>,
}

impl MessageRow {
    /// Creates the row of a message with this id.
    pub fn new(id: MessageId, new: &NewInbound<'_>) -> Self {
        // An edit or deletion is linked to its message like a quote.
        let reply_to = match new.content {
            Content::Edit { target, .. } | Content::Deletion { target } => Some(target.as_str()),
            _ => new.reply_to,
        };
        Self {
            id,
            thread: new.thread,
            connection: new.connection,
            direction: new.direction,
            origin: new.origin.name().to_owned(),
            kind: new.content.kind().to_owned(),
            content: json(new.content),
            words: new.extras.around(new.content.words()).as_received().to_owned(),
            provider_message_id: new.provider_message_id.to_owned(),
            key: message_key(new.connection, new.provider_message_id),
            reply_to: reply_to.map(str::to_owned),
            reply_key: reply_to.map(|id| message_key(new.connection, id).to_vec()),
            author: new.author.map(str::to_owned),
            test: new.test,
            created_at: new.created_at,
            received_at: new.received_at,
            delivery: new.delivery,
            extras: (!new.extras.is_empty()).then(|| json(new.extras)),
            route: None,
            not_routed: None,
        }
    }
}

/// Changes that messages make to one thread.
#[derive(Debug, Clone)]
pub struct ThreadTouch {
    pub thread: ThreadId,
    pub message: MessageId,
    pub at: Timestamp,
    pub unread: u32,
    pub window_closes_at: Option<Timestamp>,
    pub conversation: Option<String>,
    /// Why it waits for a person, and since when.
    pub waits: Option<(Cow<'static, str>, Timestamp)>,
    /// Whether it was answered, which ends an earlier wait.
    pub answered: bool,
    /// When a person wrote in it.
    pub person_wrote_at: Option<Timestamp>,
    /// Since when its contact is new.
    pub new_at: Option<Timestamp>,
    /// The provider's counts of its conversation.
    pub counts: Option<ConversationRecord>,
    /// Whether another conversation was counted in between; earlier counts do not apply then.
    pub counted_anew: bool,
    /// External id of the number that the contact wrote from; replies go there.
    pub from: Option<String>,
}

impl ThreadTouch {
    /// Creates the changes of a message that only moves its thread to the top.
    pub const fn plain(thread: ThreadId, message: MessageId, at: Timestamp) -> Self {
        Self {
            thread,
            message,
            at,
            unread: 0,
            window_closes_at: None,
            conversation: None,
            waits: None,
            answered: false,
            person_wrote_at: None,
            new_at: None,
            counts: None,
            counted_anew: false,
            from: None,
        }
    }

    /// Adds the changes of a later message.
    pub fn then(&mut self, next: Self) {
        if next.at >= self.at {
            (self.message, self.at) = (next.message, next.at);
        }
        if next.window_closes_at >= self.window_closes_at {
            self.from = next.from.or_else(|| self.from.take());
        }
        self.unread += next.unread;
        self.window_closes_at = self.window_closes_at.max(next.window_closes_at);
        self.conversation = next.conversation.or_else(|| self.conversation.take());
        self.new_at = next.new_at.or(self.new_at);
        let another = self.counts.as_ref().zip(next.counts.as_ref()).is_some_and(|(one, two)| one.id != two.id);
        self.counted_anew = self.counted_anew || next.counted_anew || another;
        self.counts = match (self.counts.take(), next.counts) {
            (Some(before), Some(after)) if before.id == after.id && before.messages_count > after.messages_count => {
                Some(before)
            }
            (before, after) => after.or(before),
        };
        self.person_wrote_at = self.person_wrote_at.max(next.person_wrote_at);
        self.answered = self.answered || next.answered;
        let before = self.waits.take().filter(|_| !next.answered);
        self.waits = waits_after(before, next.waits);
    }
}

/// Returns a wait after a further reason: the first time stays until the thread is answered, and the latest reason
/// counts.
pub fn waits_after(
    before: Option<(Cow<'static, str>, Timestamp)>,
    next: Option<(Cow<'static, str>, Timestamp)>,
) -> Option<(Cow<'static, str>, Timestamp)> {
    match (before, next) {
        (Some((_, since)), Some((reason, _))) => Some((reason, since)),
        (before, next) => next.or(before),
    }
}

/// An event for other programs.
#[derive(Debug)]
pub struct EventRow {
    pub at: Timestamp,
    pub event: EventName,
    pub thread: Option<ThreadId>,
    pub data: String,
}

impl Write {
    /// Inserts messages and adds them to the search index. A message whose key exists is an error about values.
    pub async fn insert_messages(&mut self, messages: &[MessageRow]) -> Result<()> {
        for rows in chunks(messages) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO messages (id, thread_id, connection_id, direction, origin, kind, content, words, progress,
                    provider_message_id, provider_key, reply_to, author, test, created_at, received_at, delivery_id, reply_key,
                    extras, route, not_routed) ",
            );
            insert.push_values(rows, |mut row, message| {
                let progress = match message.direction {
                    Direction::Inbound => DeliveryStatus::Received,
                    Direction::Outbound => DeliveryStatus::Accepted,
                };
                row.push_bind(message.id.0)
                    .push_bind(message.thread.0)
                    .push_bind(message.connection.0)
                    .push_bind(message.direction.name())
                    .push_bind(&message.origin)
                    .push_bind(&message.kind)
                    .push_bind(&message.content)
                    .push_bind(&message.words)
                    .push_bind(progress.name())
                    .push_bind(&message.provider_message_id)
                    .push_bind(&message.key[..])
                    .push_bind(message.reply_to.as_deref())
                    .push_bind(message.author.as_deref())
                    .push_bind(message.test)
                    .push_bind(message.created_at.millis())
                    .push_bind(message.received_at.millis())
                    .push_bind(message.delivery.map(|id| id.0))
                    .push_bind(message.reply_key.as_deref())
                    .push_bind(message.extras.as_deref())
                    .push_bind(message.route.as_deref())
                    .push_bind(message.not_routed);
            });
            insert.build().execute(self.connection()).await?;
            let mut words = QueryBuilder::new("INSERT INTO message_words (rowid, words, tag) ");
            words.push_values(rows, |mut row, message| {
                row.push_bind(message.id.0).push_bind(&message.words).push_bind(message.thread.to_string());
            });
            words.build().execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Moves threads to the top of the list with their newest message, and extends their service windows; an older
    /// message never shortens one.
    pub async fn touch_threads(&mut self, touches: &[ThreadTouch]) -> Result<()> {
        if touches.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = touches
            .iter()
            .map(|touch| {
                let (reason, since) = touch.waits.as_ref().map(|(reason, since)| (&**reason, since.millis())).unzip();
                let wrote = touch.person_wrote_at.map(Timestamp::millis);
                let window = touch.window_closes_at.map(Timestamp::millis);
                let at = touch.at.millis();
                let row =
                    (touch.thread.0, touch.message.0, at, touch.unread, window, &touch.conversation, reason, since);
                let counts = touch.counts.as_ref();
                let count = counts.and_then(|counts| counts.messages_count);
                let id = counts.and_then(|counts| counts.id.as_deref());
                let new_at = touch.new_at.map(Timestamp::millis);
                let person = (touch.answered, wrote);
                (row, new_at, counts.map(json), count, id, &touch.from, touch.counted_anew, person)
            })
            .collect();
        sqlx::query(
            "WITH w (id, message, at, unread, closes_at, conversation, reason, since, new_at, counts, count, counts_id, sender, anew, answered, wrote) AS MATERIALIZED (
                SELECT value -> 0 ->> 0, value -> 0 ->> 1, value -> 0 ->> 2, value -> 0 ->> 3, value -> 0 ->> 4, value -> 0 ->> 5,
                    value -> 0 ->> 6, value -> 0 ->> 7, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                    value ->> 5, value ->> 6, value -> 7 ->> 0, value -> 7 ->> 1 FROM json_each($1))
             UPDATE threads SET unread = threads.unread + w.unread,
                -- Answers go where the window is open: to the number of the newest message that opened it.
                external_id = CASE WHEN w.closes_at >= coalesce(window_closes_at, 0) THEN coalesce(w.sender, external_id)
                    ELSE external_id END,
                last_message_id = CASE WHEN w.at >= last_message_at OR last_message_id IS NULL THEN w.message ELSE last_message_id END,
                last_message_at = CASE WHEN last_message_id IS NULL THEN w.at ELSE max(last_message_at, w.at) END,
                window_closes_at = CASE WHEN w.closes_at IS NULL THEN window_closes_at
                    ELSE max(coalesce(window_closes_at, 0), w.closes_at) END,
                conversation = coalesce(w.conversation, threads.conversation),
                waiting_since = CASE WHEN w.answered THEN w.since WHEN w.reason IS NULL THEN waiting_since
                    ELSE coalesce(waiting_since, w.since) END,
                waiting_reason = CASE WHEN w.answered THEN w.reason ELSE coalesce(w.reason, waiting_reason) END,
                person_wrote_at = CASE WHEN w.wrote IS NULL THEN person_wrote_at
                    ELSE max(coalesce(person_wrote_at, 0), w.wrote) END,
                -- What a person has to read opens a resolved thread again.
                resolved_at = CASE WHEN w.unread > 0 THEN NULL ELSE resolved_at END,
                resolved_by = CASE WHEN w.unread > 0 THEN NULL ELSE resolved_by END,
                resolved_reason = CASE WHEN w.unread > 0 THEN NULL ELSE resolved_reason END,
                -- What a person has to read, and what waits for one, ends a snooze.
                snoozed_until = CASE WHEN w.unread > 0 OR w.reason IS NOT NULL THEN NULL ELSE snoozed_until END,
                snoozed_by = CASE WHEN w.unread > 0 OR w.reason IS NOT NULL THEN NULL ELSE snoozed_by END,
                snoozed_at = CASE WHEN w.unread > 0 OR w.reason IS NOT NULL THEN NULL ELSE snoozed_at END,
                new_at = coalesce(w.new_at, threads.new_at),
                -- What the provider counts only grows within one conversation.
                told = CASE WHEN w.counts IS NULL OR (NOT w.anew AND json_extract(told, '$.id') IS w.counts_id
                    AND coalesce(json_extract(told, '$.messages_count'), 0) > coalesce(w.count, 0)) THEN told ELSE w.counts END
             FROM w WHERE threads.id = w.id",
        )
        .bind(json(&rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores events, each with deliveries to its endpoints.
    pub async fn insert_events(&mut self, events: &[EventRow], endpoints: &[Vec<&str>]) -> Result<()> {
        let mut wanting = endpoints.iter();
        for rows in chunks(events) {
            let mut insert = QueryBuilder::new("INSERT INTO events (at, kind, thread_id, data) ");
            insert.push_values(rows, |mut row, event| {
                row.push_bind(event.at.millis())
                    .push_bind(event.event.as_str())
                    .push_bind(event.thread.map(|thread| thread.0))
                    .push_bind(&event.data);
            });
            insert.push(" RETURNING id");
            let mut ids: Vec<i64> = insert.build_query_scalar().fetch_all(self.connection()).await?;
            // Ids increase in the order of the rows.
            ids.sort_unstable();
            let told: Vec<_> = ids
                .iter()
                .zip(rows)
                .zip(wanting.by_ref())
                .flat_map(|((id, event), endpoints)| endpoints.iter().map(move |endpoint| (endpoint, *id, event)))
                .collect();
            for told in chunks(&told) {
                let mut insert =
                    QueryBuilder::new("INSERT INTO event_deliveries (endpoint, event_id, thread_id, state, due_at) ");
                insert.push_values(told, |mut row, (endpoint, id, event)| {
                    row.push_bind(**endpoint)
                        .push_bind(*id)
                        .push_bind(event.thread.map(|thread| thread.0))
                        .push("'waiting'")
                        .push_bind(event.at.millis());
                });
                insert.build().execute(self.connection()).await?;
            }
        }
        Ok(())
    }
}
