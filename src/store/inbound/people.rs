//! Creates the contacts and threads of people who write for the first time, in a fixed number of statements per chunk.

use sqlx::QueryBuilder;

use crate::domain::contacts::address::Address;
use crate::domain::ids::ConnectionId;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::{folded, json};
use crate::store::multi_row::chunks;
use crate::store::{Result, Write};

/// A person who is unknown under each of these addresses.
#[derive(Debug, Clone, Copy)]
pub struct NewPerson<'a> {
    pub addresses: &'a [Address],
    pub name: Option<&'a Untrusted>,
}

/// A thread of a new person.
#[derive(Debug, Clone)]
pub struct NewThread {
    /// The position of the person among the new ones.
    pub person: usize,
    pub connection: ConnectionId,
    pub external_id: String,
    /// Time of its first message.
    pub at: Timestamp,
}

impl Write {
    /// Returns `true` if a contact has one of these phone numbers, given as digits.
    pub async fn knows_number(&mut self, numbers: &[String]) -> Result<bool> {
        if numbers.is_empty() {
            return Ok(false);
        }
        let known = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM json_each($1) w CROSS JOIN addresses a ON a.kind = 'phone' AND a.value = w.value)",
        );
        Ok(known.bind(json(&numbers)).fetch_one(self.connection()).await?)
    }

    /// Stores new contacts with their addresses, and their threads, each in the given order.
    pub async fn insert_people(
        &mut self,
        people: &[NewPerson<'_>],
        threads: &[NewThread],
        now: Timestamp,
    ) -> Result<()> {
        let mut contacts: Vec<i64> = Vec::with_capacity(people.len());
        for people in chunks(people) {
            let mut insert = QueryBuilder::new("INSERT INTO contacts (name, folded, created_at) ");
            insert.push_values(people, |mut row, person| {
                let name = person.name.map(Untrusted::as_received);
                let mut values: Vec<_> = person.addresses.iter().map(|one| (one.kind(), one.key())).collect();
                values.sort_unstable();
                let mut parts = vec![name.unwrap_or_default()];
                parts.extend(values.iter().map(|(_, value)| *value));
                row.push_bind(name).push_bind(folded(&parts)).push_bind(now.millis());
            });
            insert.push(" RETURNING id");
            let mut ids: Vec<i64> = insert.build_query_scalar().fetch_all(self.connection()).await?;
            // Ids increase in the order of the rows.
            ids.sort_unstable();
            contacts.extend(ids);
        }
        let addresses: Vec<_> = contacts
            .iter()
            .zip(people)
            .flat_map(|(contact, person)| person.addresses.iter().map(move |one| (one.kind(), one.key(), contact)))
            .collect();
        sqlx::query(
            "INSERT INTO addresses (kind, value, contact_id)
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
        )
        .bind(json(&addresses))
        .execute(self.connection())
        .await?;
        let threads: Vec<_> = threads
            .iter()
            .filter_map(|one| Some((one.connection.0, contacts.get(one.person)?, &one.external_id, one.at.millis())))
            .collect();
        sqlx::query(
            "INSERT INTO threads (connection_id, contact_id, external_id, last_message_at)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($1) ORDER BY key",
        )
        .bind(json(&threads))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
