//! Contacts: search, rename, and merges that can be undone.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::address::Address;
use crate::domain::contacts::view::OptOutSource;
use crate::domain::contacts::view::{ContactRow, ContactView};
use crate::domain::ids::{ContactId, ThreadId};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, folded, json, readable};
use crate::store::search_text::escaped;
use crate::store::{Result, Store, Write};

/// What a merge moved, to undo it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Moved {
    addresses: Vec<(String, String)>,
    /// Threads whose contact changed.
    threads: Vec<i64>,
    /// Threads whose messages were moved into another one: from, into.
    emptied: Vec<(i64, i64)>,
    folded: String,
}

/// Tables whose rows move with a thread's messages when two threads are merged.
const FOLLOW: [&str; 4] = ["outbox", "attempts", "notes", "runs"];

const CONTACT: &str = "SELECT p.id, p.name AS contact_name, p.opted_out, p.opted_out_at, p.opted_out_by, p.marketing_stopped_at, p.marketing_by,
                (SELECT group_concat(a.kind || ':' || a.value, char(10)) FROM addresses a WHERE a.contact_id = p.id) AS addresses,
                (SELECT group_concat(t.id || ' ' || t.last_message_at || ' ' || c.name, char(10)) FROM threads t
                    JOIN connections c ON c.id = t.connection_id WHERE t.contact_id = p.id) AS threads,
                (SELECT count(*) FROM contact_merges g WHERE g.kept_id = p.id AND g.undone_at IS NULL) AS merged,
                (SELECT n.body FROM threads t JOIN notes n ON n.thread_id = t.id WHERE t.contact_id = p.id
                    ORDER BY n.at DESC, n.id DESC LIMIT 1) AS note
    FROM contacts p";

impl Store {
    /// Returns one contact.
    pub async fn contact_row(&self, id: ContactId) -> Result<Option<ContactRow>> {
        let text = format!("{CONTACT} WHERE p.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await?;
        row.map(|row| contact_row(&RowReader::new(&row, "contacts"))).transpose()
    }

    /// Returns contacts whose name or number contains the letters in this order, also with others between; exact
    /// matches come first.
    pub async fn contacts(&self, text: &str, limit: u32) -> Result<Vec<ContactRow>> {
        let plain = folded(&[text.trim().trim_start_matches('+')]);
        let exact = format!("%{}%", escaped(&plain));
        let mut loose = String::from("%");
        for letter in plain.chars().filter(|letter| !letter.is_whitespace()) {
            loose.push_str(&escaped(&letter.to_string()));
            loose.push('%');
        }
        // Details are loaded only for the listed contacts, not for all that are compared.
        let query = format!(
            "{CONTACT} WHERE p.id IN (SELECT f.id FROM contacts f
                WHERE f.merged_into IS NULL AND (f.folded LIKE $1 ESCAPE '\\' OR f.folded LIKE $2 ESCAPE '\\')
                ORDER BY f.folded NOT LIKE $1 ESCAPE '\\', f.folded LIMIT +$3)
             ORDER BY p.folded NOT LIKE $1 ESCAPE '\\', p.folded"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(exact)
            .bind(loose)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        readable(&rows, "contacts", contact_row)
    }

    /// Returns the contact of a thread.
    pub async fn contact_of(&self, thread: ThreadId) -> Result<Option<ContactId>> {
        let id: Option<i64> = sqlx::query_scalar("SELECT contact_id FROM threads WHERE id = $1")
            .bind(thread.0)
            .fetch_optional(&self.readers)
            .await?;
        Ok(id.map(ContactId))
    }
}

/// Returns the source of a preference, if both source and time are stored.
fn opt_out_source(by: Option<String>, at: Option<Timestamp>) -> Option<OptOutSource> {
    by.zip(at).map(|(by, at)| OptOutSource { by, at })
}

fn contact_row(cells: &RowReader<'_>) -> Result<ContactRow> {
    let list = |text: Option<String>| text.unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    let addresses = list(cells.opt_text("addresses")?);
    let first = |kind: &str| addresses.iter().find_map(|one| one.strip_prefix(kind).map(str::to_owned));
    let threads = list(cells.opt_text("threads")?).into_iter().filter_map(|line| {
        let mut parts = line.splitn(3, ' ');
        let (id, at) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((ThreadId(id), Timestamp::from_millis(at), parts.next()?.to_owned()))
    });
    let mut threads: Vec<_> = threads.collect();
    threads.sort_by_key(|(_, at, _)| std::cmp::Reverse(*at));
    Ok(ContactRow {
        id: ContactId(cells.int("id")?),
        contact: ContactView {
            name: cells.opt_untrusted("contact_name")?,
            phone_number: first("phone:")
                .and_then(|digits| crate::domain::contacts::phone::PhoneNumber::parse_short(&digits).ok()),
            user_id: first("user:"),
        },
        addresses,
        threads,
        opted_out: cells.flag("opted_out")?,
        opted_out_by: opt_out_source(cells.opt_text("opted_out_by")?, cells.opt_time("opted_out_at")?),
        no_marketing: cells.opt_time("marketing_stopped_at")?.is_some(),
        no_marketing_by: opt_out_source(cells.opt_text("marketing_by")?, cells.opt_time("marketing_stopped_at")?),
        merged: cells.count("merged")?,
        note: cells.opt_untrusted("note")?,
    })
}

impl Write {
    /// Stores a contact's name that a person chose.
    pub async fn name_contact(&mut self, contact: ContactId, name: &Untrusted) -> Result<()> {
        sqlx::query("UPDATE contacts SET name = $2 WHERE id = $1")
            .bind(contact.0)
            .bind(name.as_received())
            .execute(self.connection())
            .await?;
        self.update_search_text(contact.0).await
    }

    /// Returns `true` if the contact exists and was not merged into another one.
    pub async fn contact_exists(&mut self, contact: ContactId) -> Result<bool> {
        let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM contacts WHERE id = $1 AND merged_into IS NULL")
            .bind(contact.0)
            .fetch_optional(self.connection())
            .await?;
        Ok(found.is_some())
    }

    /// Returns the contact with exactly this address.
    pub async fn address_known(&mut self, address: &Address) -> Result<Option<ContactId>> {
        let kind = if address.phone().is_some() { "phone" } else { "user" };
        let id: Option<i64> = sqlx::query_scalar("SELECT contact_id FROM addresses WHERE kind = $1 AND value = $2")
            .bind(kind)
            .bind(address.key())
            .fetch_optional(self.connection())
            .await?;
        Ok(id.map(ContactId))
    }

    /// Merges two contacts. Their threads over the same number become one, ordered by time.
    pub async fn merge_contacts(&mut self, kept: ContactId, gone: ContactId, by: &str, now: Timestamp) -> Result<()> {
        let mut moved = Moved {
            addresses: sqlx::query_as("SELECT kind, value FROM addresses WHERE contact_id = $1")
                .bind(gone.0)
                .fetch_all(self.connection())
                .await?,
            ..Moved::default()
        };
        let merge: i64 = sqlx::query_scalar(
            "INSERT INTO contact_merges (kept_id, gone_id, moved, at, by) VALUES ($1, $2, '{}', $3, $4) RETURNING id",
        )
        .bind(kept.0)
        .bind(gone.0)
        .bind(now.millis())
        .bind(by)
        .fetch_one(self.connection())
        .await?;
        let threads: Vec<(i64, Option<i64>)> = sqlx::query_as(
            "SELECT t.id, (SELECT k.id FROM threads k WHERE k.contact_id = $2 AND k.connection_id = t.connection_id)
             FROM threads t WHERE t.contact_id = $1",
        )
        .bind(gone.0)
        .bind(kept.0)
        .fetch_all(self.connection())
        .await?;
        for (thread, into) in threads {
            match into {
                None => {
                    sqlx::query("UPDATE threads SET contact_id = $2 WHERE id = $1")
                        .bind(thread)
                        .bind(kept.0)
                        .execute(self.connection())
                        .await?;
                    moved.threads.push(thread);
                }
                Some(into) => {
                    sqlx::query("INSERT INTO merged_messages (merge_id, message_id) SELECT $1, id FROM messages WHERE thread_id = $2")
                        .bind(merge)
                        .bind(thread)
                        .execute(self.connection())
                        .await?;
                    self.move_messages(merge, into).await?;
                    self.settle_threads(thread, into).await?;
                    moved.emptied.push((thread, into));
                }
            }
        }
        sqlx::query("UPDATE addresses SET contact_id = $2 WHERE contact_id = $1")
            .bind(gone.0)
            .bind(kept.0)
            .execute(self.connection())
            .await?;
        // An opt-out of either contact applies to the merged one.
        let opted_out: bool = sqlx::query_scalar(
            "UPDATE contacts SET opted_out = max(contacts.opted_out, g.opted_out),
                opted_out_by = coalesce(contacts.opted_out_by, g.opted_out_by),
                opted_out_at = coalesce(contacts.opted_out_at, g.opted_out_at),
                marketing_stopped_at = coalesce(contacts.marketing_stopped_at, g.marketing_stopped_at),
                marketing_by = coalesce(contacts.marketing_by, g.marketing_by),
                marketing_told_at = nullif(max(coalesce(contacts.marketing_told_at, 0), coalesce(g.marketing_told_at, 0)), 0)
             FROM (SELECT * FROM contacts WHERE id = $2) g WHERE contacts.id = $1 RETURNING contacts.opted_out",
        )
        .bind(kept.0)
        .bind(gone.0)
        .fetch_one(self.connection())
        .await?;
        if opted_out {
            self.recall_of_contact(kept, now).await?;
        }
        sqlx::query("UPDATE contacts SET merged_into = $2, folded = '' WHERE id = $1")
            .bind(gone.0)
            .bind(kept.0)
            .execute(self.connection())
            .await?;
        sqlx::query("UPDATE contact_merges SET moved = $2 WHERE id = $1")
            .bind(merge)
            .bind(json(&moved))
            .execute(self.connection())
            .await?;
        self.update_search_text(kept.0).await
    }

    /// Undoes the last merge of a contact and returns the separated contact; `None` if there is no merge.
    pub async fn split_contact(&mut self, kept: ContactId, now: Timestamp) -> Result<Option<ContactId>> {
        let row = sqlx::query(
            "SELECT id, gone_id, moved FROM contact_merges WHERE kept_id = $1 AND undone_at IS NULL ORDER BY id DESC LIMIT 1",
        )
        .bind(kept.0)
        .fetch_optional(self.connection())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let cells = RowReader::new(&row, "contact_merges");
        let (merge, gone) = (cells.int("id")?, ContactId(cells.int("gone_id")?));
        let moved: Moved = cells.json("moved")?;
        sqlx::query("UPDATE contacts SET merged_into = NULL WHERE id = $1")
            .bind(gone.0)
            .execute(self.connection())
            .await?;
        for (kind, value) in &moved.addresses {
            sqlx::query("UPDATE addresses SET contact_id = $3 WHERE kind = $1 AND value = $2")
                .bind(kind)
                .bind(value)
                .bind(gone.0)
                .execute(self.connection())
                .await?;
        }
        for thread in &moved.threads {
            sqlx::query("UPDATE threads SET contact_id = $2 WHERE id = $1")
                .bind(thread)
                .bind(gone.0)
                .execute(self.connection())
                .await?;
        }
        for (thread, into) in &moved.emptied {
            self.move_messages(merge, *thread).await?;
            self.settle_threads(*into, *thread).await?;
            self.settle_threads(*thread, *into).await?;
        }
        sqlx::query("UPDATE contact_merges SET undone_at = $2 WHERE id = $1")
            .bind(merge)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        self.update_search_text(kept.0).await?;
        self.update_search_text(gone.0).await?;
        Ok(Some(gone))
    }

    /// Moves a merge's messages, with their dependent rows, into a thread.
    async fn move_messages(&mut self, merge: i64, into: i64) -> Result<()> {
        let of_merge = "(SELECT message_id FROM merged_messages WHERE merge_id = $1)";
        for table in FOLLOW {
            let condition = match table {
                "outbox" => format!("message_id IN {of_merge}"),
                "attempts" => format!("outbox_id IN (SELECT id FROM outbox WHERE message_id IN {of_merge})"),
                // Open runs stay in their thread, because a thread can have only one.
                "runs" => format!(
                    "id IN (SELECT run_id FROM messages WHERE id IN {of_merge}) AND state NOT IN ('scheduled', 'running', 'proposed')"
                ),
                _ => format!("thread_id IN (SELECT DISTINCT thread_id FROM messages WHERE id IN {of_merge})"),
            };
            let text = format!("UPDATE {table} SET thread_id = $2 WHERE {condition}");
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(merge).bind(into).execute(self.connection()).await?;
        }
        let text = format!("UPDATE messages SET thread_id = $2 WHERE id IN {of_merge}");
        sqlx::query(sqlx::AssertSqlSafe(text)).bind(merge).bind(into).execute(self.connection()).await?;
        Ok(())
    }

    /// Recomputes the summary of two threads after messages moved between them.
    async fn settle_threads(&mut self, from: i64, into: i64) -> Result<()> {
        sqlx::query(
            "UPDATE threads SET
                window_closes_at = nullif(max(coalesce(window_closes_at, 0), coalesce((SELECT f.window_closes_at FROM threads f WHERE f.id = $1), 0)), 0),
                unread = unread + (SELECT f.unread FROM threads f WHERE f.id = $1),
                waiting_since = coalesce(waiting_since, (SELECT f.waiting_since FROM threads f WHERE f.id = $1)),
                waiting_reason = coalesce(waiting_reason, (SELECT f.waiting_reason FROM threads f WHERE f.id = $1)),
                resolved_at = CASE WHEN (SELECT f.resolved_at FROM threads f WHERE f.id = $1) IS NULL THEN NULL ELSE resolved_at END,
                snoozed_until = CASE WHEN (SELECT f.snoozed_until FROM threads f WHERE f.id = $1) IS NULL THEN NULL ELSE snoozed_until END,
                last_message_id = (SELECT m.id FROM messages m WHERE m.thread_id = $2 AND m.kind <> 'reaction'
                    ORDER BY m.created_at DESC, m.id DESC LIMIT 1),
                last_message_at = coalesce((SELECT m.created_at FROM messages m WHERE m.thread_id = $2 AND m.kind <> 'reaction'
                    ORDER BY m.created_at DESC, m.id DESC LIMIT 1), last_message_at)
             WHERE id = $2",
        )
        .bind(from)
        .bind(into)
        .execute(self.connection())
        .await?;
        sqlx::query(
            "INSERT OR IGNORE INTO thread_labels (thread_id, label, added_by, added_at)
                SELECT $2, label, added_by, added_at FROM thread_labels WHERE thread_id = $1",
        )
        .bind(from)
        .bind(into)
        .execute(self.connection())
        .await?;
        sqlx::query(
            "UPDATE threads SET unread = 0, waiting_since = NULL, waiting_reason = NULL, snoozed_until = NULL,
                last_message_id = (SELECT m.id FROM messages m WHERE m.thread_id = $1 AND m.kind <> 'reaction'
                    ORDER BY m.created_at DESC, m.id DESC LIMIT 1)
             WHERE id = $1",
        )
        .bind(from)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
