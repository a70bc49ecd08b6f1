//! Changes of a delivery: contacts, threads, messages, statuses and reactions. Duplicates are decided by the
//! database's unique keys.

use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::pricing::PricingRecord;
use crate::domain::costs::statement::PricingReport;
use crate::domain::ids::{ConnectionId, ContactId, EntryId, MessageId, ThreadId};
use crate::domain::inbound::decide::ThreadFacts;
use crate::domain::inbound::event::Direction;
use crate::domain::key::message_key;
use crate::domain::message::status::{DeliveryRecord, DeliveryStatus, StatusReport};
use crate::domain::outbox::entry::EntryState;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, folded, json};
use crate::store::inbound::load::{THREAD_FACTS, thread_facts};
use crate::store::inbound::rows::{MessageRow, NewInbound};
use crate::store::{Result, StoreError, Write};

/// A message that was just inserted.
#[derive(Debug, Clone, Copy)]
pub struct Inserted {
    pub id: MessageId,
    /// Whether it was edited or deleted before it arrived.
    pub changed: bool,
}

/// A message of ours that a status is about.
#[derive(Debug, Clone)]
pub struct Matched {
    pub message: MessageId,
    pub thread: ThreadId,
    pub entry: Option<(EntryId, EntryState)>,
}

impl Write {
    /// Returns the contact with these addresses, created if there is none. New addresses are added to a known
    /// contact; a number is also known in its other spelling. If the addresses belong to two contacts, the second is
    /// returned too.
    pub async fn contact(
        &mut self,
        addresses: &[Address],
        name: Option<&Untrusted>,
        now: Timestamp,
    ) -> Result<(ContactId, Option<ContactId>)> {
        let mut known: Option<(i64, Option<String>)> = None;
        let mut unknown = vec![];
        let mut other = None;
        for address in addresses {
            let (kind, value) = (address.kind(), address.key());
            let found: Option<(i64, Option<String>)> = sqlx::query_as(
                "SELECT p.id, p.name FROM addresses a JOIN contacts p ON p.id = a.contact_id WHERE a.kind = $1 AND a.value = $2",
            )
            .bind(kind)
            .bind(value)
            .fetch_optional(self.connection())
            .await?;
            match found {
                Some(found) => {
                    other = other.or(known.as_ref().filter(|(id, _)| *id != found.0).map(|_| found.0));
                    known = known.or(Some(found));
                }
                None => {
                    if let Address::Phone(number) = address {
                        for variant in number.variants() {
                            let found = self.by_phone(&variant).await?;
                            known = known.or(found);
                        }
                    }
                    unknown.push((kind, value));
                }
            }
        }
        let told = name.map(Untrusted::as_received);
        let (id, renamed) = match known {
            Some((id, name)) => (id, told.is_some() && name.as_deref() != told),
            None => {
                let new = sqlx::query_scalar(
                    "INSERT INTO contacts (name, folded, created_at) VALUES ($1, '', $2) RETURNING id",
                );
                (new.bind(told).bind(now.millis()).fetch_one(self.connection()).await?, false)
            }
        };
        for (kind, value) in &unknown {
            sqlx::query("INSERT INTO addresses (kind, value, contact_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(*kind)
                .bind(*value)
                .bind(id)
                .execute(self.connection())
                .await?;
        }
        if renamed {
            sqlx::query("UPDATE contacts SET name = $2 WHERE id = $1")
                .bind(id)
                .bind(told)
                .execute(self.connection())
                .await?;
        }
        if renamed || !unknown.is_empty() {
            self.update_search_text(id).await?;
        }
        Ok((ContactId(id), other.map(ContactId)))
    }

    async fn by_phone(&mut self, number: &PhoneNumber) -> Result<Option<(i64, Option<String>)>> {
        Ok(sqlx::query_as(
            "SELECT p.id, p.name FROM addresses a JOIN contacts p ON p.id = a.contact_id WHERE a.kind = 'phone' AND a.value = $1",
        )
        .bind(number.digits())
        .fetch_optional(self.connection())
        .await?)
    }

    /// Updates the text in which a contact's name and addresses are searched.
    pub(crate) async fn update_search_text(&mut self, contact: i64) -> Result<()> {
        let name: Option<String> = sqlx::query_scalar("SELECT name FROM contacts WHERE id = $1")
            .bind(contact)
            .fetch_one(self.connection())
            .await?;
        let values: Vec<String> = sqlx::query_scalar("SELECT value FROM addresses WHERE contact_id = $1")
            .bind(contact)
            .fetch_all(self.connection())
            .await?;
        let mut parts = vec![name.as_deref().unwrap_or_default()];
        parts.extend(values.iter().map(String::as_str));
        sqlx::query("UPDATE contacts SET folded = $2 WHERE id = $1")
            .bind(contact)
            .bind(folded(&parts))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Returns the thread of a contact over a connection, created if there is none.
    pub async fn thread(
        &mut self,
        connection: ConnectionId,
        contact: ContactId,
        external_id: &str,
        now: Timestamp,
    ) -> Result<ThreadFacts> {
        if let Some(known) = self.known_thread(connection, contact).await? {
            return Ok(known);
        }
        // There is one writer, and the unique key prevents a second thread in any case.
        sqlx::query(
            "INSERT INTO threads (connection_id, contact_id, external_id, last_message_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection_id, contact_id) DO NOTHING",
        )
        .bind(connection.0)
        .bind(contact.0)
        .bind(external_id)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        let made = self.known_thread(connection, contact).await?;
        made.ok_or_else(|| StoreError::Database(sqlx::Error::RowNotFound))
    }

    async fn known_thread(&mut self, connection: ConnectionId, contact: ContactId) -> Result<Option<ThreadFacts>> {
        let text = format!(
            "SELECT {THREAD_FACTS} FROM threads t JOIN contacts p ON p.id = t.contact_id
             WHERE t.connection_id = $1 AND t.contact_id = $2"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(connection.0)
            .bind(contact.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| thread_facts(&RowReader::new(&row, "threads"))).transpose()
    }

    /// Inserts a message. Returns `None`, and inserts nothing, if a message with its key exists.
    pub async fn insert_message(&mut self, new: &NewInbound<'_>) -> Result<Option<Inserted>> {
        let key = message_key(new.connection, new.provider_message_id);
        let keys = self.known_keys(&[key]).await?;
        if keys.known.contains(&key) {
            return Ok(None);
        }
        let id = MessageId(keys.newest + 1);
        self.insert_messages(&[MessageRow::new(id, new)]).await?;
        Ok(Some(Inserted { id, changed: keys.changed.contains(&key) }))
    }

    /// Adds a message to the search index.
    pub(crate) async fn index_words(&mut self, id: MessageId, thread: ThreadId, words: &Untrusted) -> Result<()> {
        sqlx::query("INSERT INTO message_words (rowid, words, tag) VALUES ($1, $2, $3)")
            .bind(id.0)
            .bind(words.as_received())
            .bind(thread.to_string())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Merges all stored statuses of a message of ours and stores the result. Returns the delivery record before and
    /// after.
    pub async fn merge_statuses(&mut self, message: MessageId) -> Result<(DeliveryRecord, DeliveryRecord)> {
        let row =
            sqlx::query("SELECT id, progress, failure, failed_at, provider_key, pricing FROM messages WHERE id = $1")
                .bind(message.0)
                .fetch_one(self.connection())
                .await?;
        let cells = RowReader::new(&row, "messages");
        let failure = cells.opt_json("failure")?;
        let before = DeliveryRecord {
            progress: cells.named("progress", DeliveryStatus::from_name)?,
            failed: cells.opt_time("failed_at")?.zip(failure),
        };
        let priced: PricingRecord = cells.opt_json("pricing")?.unwrap_or_default();
        let reports = self.status_reports(&cells.bytes("provider_key")?).await?;
        let after = reports.iter().fold(before.clone(), DeliveryRecord::merge);
        let pricing = reports.iter().fold(priced.clone(), PricingRecord::merge);
        if after != before || pricing != priced {
            sqlx::query("UPDATE messages SET progress = $2, failure = $3, failed_at = $4, pricing = $5 WHERE id = $1")
                .bind(message.0)
                .bind(after.progress.name())
                .bind(after.failure().map(json))
                .bind(after.failed.as_ref().map(|(at, _)| at.millis()))
                .bind((!pricing.is_empty()).then(|| json(&pricing)))
                .execute(self.connection())
                .await?;
        }
        Ok((before, after))
    }

    /// The stored statuses of a message, in order of arrival.
    async fn status_reports(&mut self, key: &[u8]) -> Result<Vec<StatusReport>> {
        let rows = sqlx::query(
            "SELECT id, status, at, failure, statement, conversation, price FROM statuses WHERE provider_key = $1 ORDER BY id",
        )
        .bind(key)
        .fetch_all(self.connection())
        .await?;
        let report = |row| {
            let cells = RowReader::new(row, "statuses");
            Ok(StatusReport {
                status: cells.named("status", DeliveryStatus::from_name)?,
                at: cells.time("at")?,
                failure: cells.opt_json("failure")?,
                pricing: PricingReport {
                    statement: cells.opt_json("statement")?,
                    conversation: cells.opt_json("conversation")?,
                    price: cells.opt_json("price")?,
                },
            })
        };
        rows.iter().map(report).collect()
    }

    /// Returns a message of ours by the provider's id.
    pub async fn outbound_by_key(&mut self, key: &[u8; 16]) -> Result<Option<Matched>> {
        let row = sqlx::query(
            "SELECT m.id, m.thread_id, o.id AS entry_id, o.state FROM messages m LEFT JOIN outbox o ON o.message_id = m.id
             WHERE m.provider_key = $1 AND m.direction = 'outbound'",
        )
        .bind(&key[..])
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| matched(&RowReader::new(&row, "messages"))).transpose()
    }

    /// Returns a message of ours by our reference.
    pub async fn outbound_by_reference(
        &mut self,
        connection: ConnectionId,
        reference: &str,
    ) -> Result<Option<Matched>> {
        let row = sqlx::query(
            "SELECT m.id, m.thread_id, o.id AS entry_id, o.state FROM outbox o JOIN messages m ON m.id = o.message_id
             WHERE o.reference = $1 AND o.connection_id = $2",
        )
        .bind(reference)
        .bind(connection.0)
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| matched(&RowReader::new(&row, "messages"))).transpose()
    }

    /// Returns the one uncertain entry of a thread with this text that was tried shortly before `at`. Returns `None`
    /// if several match.
    pub async fn uncertain_like(
        &mut self,
        thread: ThreadId,
        words: &Untrusted,
        at: Timestamp,
    ) -> Result<Option<Matched>> {
        let rows = sqlx::query(
            "SELECT m.id, m.thread_id, o.id AS entry_id, o.state FROM outbox o JOIN messages m ON m.id = o.message_id
             WHERE o.thread_id = $1 AND o.state = 'uncertain' AND m.words = $2 AND EXISTS (
                SELECT 1 FROM attempts a WHERE a.outbox_id = o.id AND a.started_at BETWEEN $3 - 600000 AND $3 + 5000)
             LIMIT 2",
        )
        .bind(thread.0)
        .bind(words.as_received())
        .bind(at.millis())
        .fetch_all(self.connection())
        .await?;
        match rows.as_slice() {
            [row] => Ok(Some(matched(&RowReader::new(row, "messages"))?)),
            _ => Ok(None),
        }
    }

    /// Stores a reaction in place of the earlier one; without an emoji it is removed.
    pub async fn react(
        &mut self,
        target: &[u8; 16],
        sender: Direction,
        emoji: Option<&Untrusted>,
        at: Timestamp,
    ) -> Result<()> {
        match emoji.filter(|emoji| !emoji.is_empty()) {
            Some(emoji) => {
                sqlx::query(
                    "INSERT INTO reactions (target_key, sender, emoji, at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (target_key, sender) DO UPDATE SET emoji = excluded.emoji, at = excluded.at
                     WHERE excluded.at >= reactions.at",
                )
                .bind(&target[..])
                .bind(sender.name())
                .bind(emoji.as_received())
                .bind(at.millis())
                .execute(self.connection())
                .await?;
            }
            None => {
                sqlx::query("DELETE FROM reactions WHERE target_key = $1 AND sender = $2 AND at <= $3")
                    .bind(&target[..])
                    .bind(sender.name())
                    .bind(at.millis())
                    .execute(self.connection())
                    .await?;
            }
        }
        Ok(())
    }
}

fn matched(cells: &RowReader<'_>) -> Result<Matched> {
    let state = cells.opt_named("state", EntryState::from_name)?;
    Ok(Matched {
        message: MessageId(cells.int("id")?),
        thread: ThreadId(cells.int("thread_id")?),
        entry: cells.opt_int("entry_id")?.map(EntryId).zip(state),
    })
}
