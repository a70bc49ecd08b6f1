//! Loads what a batch of inbound messages needs, in a fixed number of statements.

use std::collections::{HashMap, HashSet};

use crate::domain::contacts::address::Address;
use crate::domain::ids::{ConnectionId, ContactId, ThreadId};
use crate::domain::inbound::decide::ThreadFacts;
use crate::domain::numbers::connection::Connection;
use crate::store::codec::{RowReader, json};
use crate::store::numbers::connections;
use crate::store::{Result, Write};

/// Columns of a thread for [`ThreadFacts`], from `threads t JOIN contacts p`.
pub(super) const THREAD_FACTS: &str = "t.id, p.id AS contact_id, t.taken_by, t.last_message_id, t.handed_off_at, t.resolved_at, t.snoozed_until, t.held_elsewhere, t.person_wrote_at, p.opted_out,
    EXISTS (SELECT 1 FROM connections k JOIN addresses a ON a.kind = 'phone' AND a.value = k.phone_number
        WHERE a.contact_id = p.id AND k.state = 'connected') AS ours,
    EXISTS (SELECT 1 FROM assignments g WHERE g.state = 'active'
        AND (g.thread_id = t.id OR (g.connection_id = t.connection_id AND g.thread_id IS NULL))) AS has_agents,
    EXISTS (SELECT 1 FROM runs r WHERE r.thread_id = t.id AND r.state = 'proposed') AS has_proposal,
    (EXISTS (SELECT 1 FROM runs r WHERE r.thread_id = t.id AND r.state = 'running')
        OR EXISTS (SELECT 1 FROM outbox o WHERE o.thread_id = t.id AND o.state = 'queued')) AS is_busy";

/// A contact that is known under an address.
#[derive(Debug, Clone)]
pub struct KnownContact {
    pub contact: ContactId,
    pub name: Option<String>,
}

/// Contacts with the queried addresses, and their threads over the queried connections.
#[derive(Debug, Default)]
pub struct KnownContacts {
    pub contacts: HashMap<Address, KnownContact>,
    pub threads: HashMap<(ConnectionId, ContactId), ThreadFacts>,
}

/// Provider keys of stored messages, and of messages that were edited or deleted before they arrived.
#[derive(Debug, Default)]
pub struct KnownKeys {
    pub known: HashSet<[u8; 16]>,
    pub changed: HashSet<[u8; 16]>,
    /// The greatest id of all messages.
    pub newest: i64,
}

/// Returns the statement for contacts. Its join order is fixed, so that each address is looked up by its primary key.
fn people_text() -> String {
    format!(
        "SELECT w.key AS place, p.id AS known_id, p.name, {THREAD_FACTS}
         FROM json_each($1) w CROSS JOIN addresses x ON x.kind = w.value ->> 0 AND x.value = w.value ->> 1
            CROSS JOIN contacts p ON p.id = x.contact_id
            LEFT JOIN threads t ON t.connection_id = w.value ->> 2 AND t.contact_id = p.id"
    )
}

const KEYS: &str = "WITH wanted (key) AS MATERIALIZED (SELECT unhex(value) FROM json_each($1))
    SELECT 'newest', coalesce(max(id), 0), NULL FROM messages
    UNION ALL SELECT 'known', 0, m.provider_key FROM wanted w CROSS JOIN messages m ON m.provider_key = w.key
    UNION ALL SELECT 'changed', 0, m.reply_key FROM wanted w CROSS JOIN messages m ON m.reply_key = w.key AND m.kind = 'edit' AND m.test = 0
    UNION ALL SELECT 'changed', 0, m.reply_key FROM wanted w CROSS JOIN messages m ON m.reply_key = w.key AND m.kind = 'revoke' AND m.test = 0";

impl Write {
    /// Returns the connections with these provider numbers, of any provider.
    pub async fn connections_of(&mut self, numbers: &[&str]) -> Result<Vec<Connection>> {
        let text = format!("{} WHERE phone_number_id IN (SELECT value FROM json_each($1))", connections::CONNECTION);
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(json(&numbers)).fetch_all(self.connection()).await?;
        rows.iter().map(|row| connections::connection(&RowReader::new(row, "connections"))).collect()
    }

    /// Returns the contacts with these addresses, and their threads over the connection given with each.
    pub async fn known_people(&mut self, wanted: &[(&Address, ConnectionId)]) -> Result<KnownContacts> {
        let mut people = KnownContacts::default();
        if wanted.is_empty() {
            return Ok(people);
        }
        let asked: Vec<(&str, &str, i64)> =
            wanted.iter().map(|(address, connection)| (address.kind(), address.key(), connection.0)).collect();
        let text = people_text();
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(json(&asked)).fetch_all(self.connection()).await?;
        for row in &rows {
            let cells = RowReader::new(row, "contacts");
            let Some((address, connection)) = usize::try_from(cells.int("place")?).ok().and_then(|at| wanted.get(at))
            else {
                continue;
            };
            let contact = ContactId(cells.int("known_id")?);
            if cells.opt_int("id")?.is_some() {
                people.threads.insert((*connection, contact), thread_facts(&cells)?);
            }
            let known = KnownContact { contact, name: cells.opt_text("name")? };
            people.contacts.insert((*address).clone(), known);
        }
        Ok(people)
    }

    /// Returns `true` if a contact has one of our own numbers.
    pub async fn is_ours(&mut self, contact: ContactId) -> Result<bool> {
        let ours: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM connections k JOIN addresses a ON a.kind = 'phone' AND a.value = k.phone_number
                WHERE a.contact_id = $1 AND k.state = 'connected')",
        )
        .bind(contact.0)
        .fetch_one(self.connection())
        .await?;
        Ok(ours)
    }

    /// Returns the connected numbers.
    pub async fn own_numbers(&mut self) -> Result<Vec<String>> {
        let numbers = sqlx::query_scalar("SELECT phone_number FROM connections WHERE state = 'connected'");
        Ok(numbers.fetch_all(self.connection()).await?)
    }

    /// Returns the connected numbers with the names of their connections.
    pub async fn own_names(&mut self) -> Result<HashMap<String, String>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT phone_number, name FROM connections WHERE state = 'connected'")
                .fetch_all(self.connection())
                .await?;
        Ok(rows.into_iter().collect())
    }

    /// Returns which of these messages are stored, which were changed before they arrived, and the greatest id of all
    /// messages.
    pub async fn known_keys(&mut self, keys: &[[u8; 16]]) -> Result<KnownKeys> {
        let keys: Vec<String> = keys.iter().map(hex::encode).collect();
        let rows: Vec<(String, i64, Option<Vec<u8>>)> =
            sqlx::query_as(KEYS).bind(json(&keys)).fetch_all(self.connection()).await?;
        let mut found = KnownKeys::default();
        for (what, newest, key) in rows {
            let key = key.and_then(|key| <[u8; 16]>::try_from(key).ok());
            match (what.as_str(), key) {
                ("newest", _) => found.newest = newest,
                ("known", Some(key)) => drop(found.known.insert(key)),
                (_, Some(key)) => drop(found.changed.insert(key)),
                (_, None) => {}
            }
        }
        Ok(found)
    }
}

/// Reads the columns of [`THREAD_FACTS`].
pub(super) fn thread_facts(cells: &RowReader<'_>) -> Result<ThreadFacts> {
    Ok(ThreadFacts {
        thread: ThreadId(cells.int("id")?),
        contact: ContactId(cells.int("contact_id")?),
        taken_by: cells.opt_text("taken_by")?,
        opted_out: cells.flag("opted_out")?,
        first: cells.opt_int("last_message_id")?.is_none(),
        handed_off: cells.opt_int("handed_off_at")?.is_some(),
        resolved: cells.opt_int("resolved_at")?.is_some(),
        snoozed: cells.opt_int("snoozed_until")?.is_some(),
        person_wrote_at: cells.opt_time("person_wrote_at")?,
        held_elsewhere: cells.opt_text("held_elsewhere")?.is_some(),
        ours: cells.flag("ours")?,
        has_agents: cells.flag("has_agents")?,
        has_proposal: cells.flag("has_proposal")?,
        is_busy: cells.flag("is_busy")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contacts::phone::PhoneNumber;
    use crate::store::Store;

    /// Every lookup per message uses an index.
    #[tokio::test]
    async fn nothing_that_grows_is_scanned() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).await.expect("opened");
        let mut write = store.write().await.expect("a transaction");
        for question in [people_text(), KEYS.to_owned()] {
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {question}")))
                    .bind("[]")
                    .fetch_all(write.connection())
                    .await
                    .expect("a plan");
            for (.., step) in &plan {
                let small = ["SCAN w", "SCAN k", "SCAN json_each", "SCAN wanted"];
                let scans = step.starts_with("SCAN") && !small.iter().any(|small| step.starts_with(small));
                assert!(!scans || step == "SCAN CONSTANT ROW", "{step}\n{question}");
            }
        }
        let address = Address::Phone(PhoneNumber::parse("+15550100002").expect("a number"));
        let people = write.known_people(&[(&address, ConnectionId(1))]).await.expect("asked");
        assert!(people.contacts.is_empty() && people.threads.is_empty());
        assert_eq!(write.known_keys(&[[7; 16]]).await.expect("asked").newest, 0);
    }
}
