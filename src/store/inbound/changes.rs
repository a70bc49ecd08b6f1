//! Later changes: edited, deleted and repeated messages, moved addresses, marketing preferences, and names from a
//! phone. All of them are rare; plain messages need none of these statements.

use crate::domain::contacts::address::Address;
use crate::domain::ids::{ConnectionId, ContactId, DeliveryId, MessageId, ThreadId};
use crate::domain::inbound::event::{Direction, OtherStatus};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::message::inbound_content::Extras;
use crate::domain::numbers::connection::{Connection, ProviderName};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Write};

/// A stored message to be changed.
#[derive(Debug, Clone)]
pub struct KnownMessage {
    pub id: MessageId,
    pub thread: ThreadId,
    pub direction: Direction,
    pub delivery: Option<DeliveryId>,
    pub content: Content,
    pub extras: Extras,
}

/// An edit or a deletion of another message.
#[derive(Debug, Clone)]
pub struct LateChange {
    pub thread: ThreadId,
    pub direction: Direction,
    pub content: Content,
    pub at: Timestamp,
}

impl Write {
    /// Returns the message with this provider key.
    pub async fn known_message(&mut self, key: &[u8; 16]) -> Result<Option<KnownMessage>> {
        let row = sqlx::query(
            "SELECT id, thread_id, direction, delivery_id, content, extras FROM messages WHERE provider_key = $1",
        )
        .bind(&key[..])
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "messages");
            Ok(KnownMessage {
                id: MessageId(cells.int("id")?),
                thread: ThreadId(cells.int("thread_id")?),
                direction: cells.named("direction", Direction::from_name)?,
                delivery: cells.opt_int("delivery_id")?.map(DeliveryId),
                content: cells.json("content")?,
                extras: cells.opt_json("extras")?.unwrap_or_default(),
            })
        })
        .transpose()
    }

    /// Returns edits and deletions that arrived before their message, oldest first, without tests.
    pub async fn early_changes(&mut self, key: &[u8; 16]) -> Result<Vec<LateChange>> {
        let rows = sqlx::query(
            "SELECT id, thread_id, direction, content, created_at FROM messages WHERE kind = 'edit' AND reply_key = $1 AND test = 0
             UNION ALL SELECT id, thread_id, direction, content, created_at FROM messages WHERE kind = 'revoke' AND reply_key = $1 AND test = 0
             ORDER BY created_at, id",
        )
        .bind(&key[..])
        .fetch_all(self.connection())
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "messages");
                Ok(LateChange {
                    thread: ThreadId(cells.int("thread_id")?),
                    direction: cells.named("direction", Direction::from_name)?,
                    content: cells.json("content")?,
                    at: cells.time("created_at")?,
                })
            })
            .collect()
    }

    /// Stores a changed message and updates the search index.
    pub async fn rewrite_message(&mut self, known: &KnownMessage) -> Result<()> {
        let words = known.extras.around(known.content.words());
        sqlx::query("UPDATE messages SET kind = $2, content = $3, words = $4, extras = $5 WHERE id = $1")
            .bind(known.id.0)
            .bind(known.content.kind())
            .bind(json(&known.content))
            .bind(words.as_received())
            .bind(json(&known.extras))
            .execute(self.connection())
            .await?;
        sqlx::query("DELETE FROM message_words WHERE rowid = $1").bind(known.id.0).execute(self.connection()).await?;
        self.index_words(known.id, known.thread, &words).await
    }

    /// Replaces an address of a contact, also in their threads. If another contact has the new address, nothing is
    /// moved, and both contacts are returned. If the old address is unknown, nothing is done.
    pub async fn move_address(&mut self, from: &Address, to: &Address) -> Result<Option<(ContactId, ContactId)>> {
        let Some(contact) = self.address_known(from).await? else { return Ok(None) };
        if let Some(other) = self.address_known(to).await? {
            return Ok((other != contact).then_some((contact, other)));
        }
        let kind = |address: &Address| if address.phone().is_some() { "phone" } else { "user" };
        sqlx::query("UPDATE addresses SET kind = $3, value = $4 WHERE kind = $1 AND value = $2")
            .bind(kind(from))
            .bind(from.key())
            .bind(kind(to))
            .bind(to.key())
            .execute(self.connection())
            .await?;
        sqlx::query("UPDATE threads SET external_id = $3 WHERE contact_id = $1 AND external_id = $2")
            .bind(contact.0)
            .bind(from.external_id())
            .bind(to.external_id())
            .execute(self.connection())
            .await?;
        self.update_search_text(contact.0).await?;
        Ok(None)
    }

    /// Stores a marketing preference unless a newer one is known. Returns `true` if it changed. `by` names its
    /// source.
    #[must_use = "says whether anything changed"]
    pub async fn store_marketing_preference(
        &mut self,
        contact: ContactId,
        stop: bool,
        by: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE contacts SET marketing_stopped_at = CASE WHEN $2 THEN $3 END, marketing_told_at = $3,
                marketing_by = CASE WHEN $2 THEN $4 END
             WHERE id = $1 AND coalesce(marketing_told_at, 0) <= $3 AND (marketing_stopped_at IS NOT NULL) <> $2",
        )
        .bind(contact.0)
        .bind(stop)
        .bind(at.millis())
        .bind(by)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Returns `true` if the contact opted out of marketing.
    pub async fn stops_marketing(&mut self, contact: ContactId) -> Result<bool> {
        let stopped: Option<i64> = sqlx::query_scalar("SELECT marketing_stopped_at FROM contacts WHERE id = $1")
            .bind(contact.0)
            .fetch_one(self.connection())
            .await?;
        Ok(stopped.is_some())
    }

    /// Returns the contact with one of these addresses, in any spelling.
    pub async fn contact_with(&mut self, addresses: &[Address]) -> Result<Option<ContactId>> {
        for address in addresses {
            let other = address.phone().map(crate::domain::contacts::phone::PhoneNumber::variants).unwrap_or_default();
            for spelling in std::iter::once(address.clone()).chain(other.into_iter().map(Address::Phone)) {
                if let Some(contact) = self.address_known(&spelling).await? {
                    return Ok(Some(contact));
                }
            }
        }
        Ok(None)
    }

    /// Names a contact that has no name.
    pub async fn name_if_nameless(&mut self, contact: ContactId, name: &Untrusted) -> Result<()> {
        let done = sqlx::query("UPDATE contacts SET name = $2 WHERE id = $1 AND coalesce(name, '') = ''")
            .bind(contact.0)
            .bind(name.as_received())
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 1 { self.update_search_text(contact.0).await } else { Ok(()) }
    }

    /// Returns the threads of a provider's conversation, over all its connections.
    pub async fn threads_of_conversation(&mut self, provider: &ProviderName, id: &str) -> Result<Vec<ThreadId>> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT t.id FROM threads t JOIN connections c ON c.id = t.connection_id WHERE c.provider = $1 AND t.conversation = $2",
        )
        .bind(provider.as_str())
        .bind(id)
        .fetch_all(self.connection())
        .await?;
        Ok(ids.into_iter().map(ThreadId).collect())
    }

    /// Returns a contact's thread over a connection.
    pub async fn thread_with(&mut self, connection: ConnectionId, contact: ContactId) -> Result<Option<ThreadId>> {
        let id: Option<i64> = sqlx::query_scalar("SELECT id FROM threads WHERE connection_id = $1 AND contact_id = $2")
            .bind(connection.0)
            .bind(contact.0)
            .fetch_optional(self.connection())
            .await?;
        Ok(id.map(ThreadId))
    }

    /// Returns the connection of a message by the provider's id, for statuses that name no number.
    pub async fn connection_of_message(&mut self, provider: &ProviderName, id: &str) -> Result<Option<Connection>> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT id, phone_number_id FROM connections WHERE provider = $1")
                .bind(provider.as_str())
                .fetch_all(self.connection())
                .await?;
        for (connection, number) in rows {
            let key = message_key(ConnectionId(connection), id);
            let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM messages WHERE provider_key = $1")
                .bind(&key[..])
                .fetch_optional(self.connection())
                .await?;
            if found.is_some() {
                return self.connection_of(provider, &number).await;
            }
        }
        Ok(None)
    }

    /// Stores a status with an unknown name. `told_at` is the reported time, if that is implausible.
    pub async fn store_other_status(
        &mut self,
        key: &[u8; 16],
        told: &OtherStatus,
        (received_at, told_at): (Timestamp, Option<Timestamp>),
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO other_statuses (provider_key, word, at, received_at, raw, told_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (provider_key, word, at) DO NOTHING",
        )
        .bind(&key[..])
        .bind(told.word.as_received())
        .bind(told.at.millis())
        .bind(received_at.millis())
        .bind(&told.raw)
        .bind(told_at.map(Timestamp::millis))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Returns the name of the connection that has this number, in any spelling; `None` if the number is not ours.
    pub async fn own_number(&mut self, address: &Address) -> Result<Option<String>> {
        let Some(number) = address.phone() else { return Ok(None) };
        let mut spellings = vec![number.digits().to_owned()];
        spellings.extend(number.variants().iter().map(|other| other.digits().to_owned()));
        Ok(sqlx::query_scalar(
            "SELECT name FROM connections WHERE state = 'connected' AND phone_number IN (SELECT value FROM json_each($1)) LIMIT 1",
        )
        .bind(json(&spellings))
        .fetch_optional(self.connection())
        .await?)
    }

    /// Returns the contact of a thread.
    pub async fn contact_of_thread(&mut self, thread: ThreadId) -> Result<ContactId> {
        let id: i64 = sqlx::query_scalar("SELECT contact_id FROM threads WHERE id = $1")
            .bind(thread.0)
            .fetch_one(self.connection())
            .await?;
        Ok(ContactId(id))
    }

    /// Returns `true` if the contact of a thread opted out.
    pub async fn opted_out(&mut self, thread: ThreadId) -> Result<bool> {
        let out: bool = sqlx::query_scalar(
            "SELECT p.opted_out FROM threads t JOIN contacts p ON p.id = t.contact_id WHERE t.id = $1",
        )
        .bind(thread.0)
        .fetch_one(self.connection())
        .await?;
        Ok(out)
    }

    /// Adds an address to a contact, unless a contact has it already.
    pub async fn learn_address(&mut self, contact: ContactId, address: &Address) -> Result<()> {
        let kind = if address.phone().is_some() { "phone" } else { "user" };
        let done =
            sqlx::query("INSERT INTO addresses (kind, value, contact_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(kind)
                .bind(address.key())
                .bind(contact.0)
                .execute(self.connection())
                .await?;
        if done.rows_affected() == 1 { self.update_search_text(contact.0).await } else { Ok(()) }
    }

    /// Returns a connection as it is in this transaction.
    pub async fn connection_by_id(&mut self, id: ConnectionId) -> Result<Option<Connection>> {
        let found: Option<(String, String)> =
            sqlx::query_as("SELECT provider, phone_number_id FROM connections WHERE id = $1")
                .bind(id.0)
                .fetch_optional(self.connection())
                .await?;
        match found {
            Some((provider, number)) => self.connection_of(&ProviderName::new(provider), &number).await,
            None => Ok(None),
        }
    }
}
