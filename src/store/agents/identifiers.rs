//! Index of contacts' data in stored messages, which is searched before an agent's reply is sent.

use std::collections::BTreeSet;

use crate::domain::agents::foreign_data::{COMMON_TO_CONTACTS, Datum, DatumKind, data_in};
use crate::domain::ids::ThreadId;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Write};

impl Write {
    /// Adds the data of the next messages to the index, at most `limit`. Returns `true` if all messages are indexed.
    pub async fn index_identifiers(&mut self, limit: u32) -> Result<bool> {
        let rows: Vec<(i64, i64, String)> = sqlx::query_as(
            "SELECT m.id, m.thread_id, m.words FROM messages m
             WHERE m.id > (SELECT last_id FROM identifiers_position WHERE id = 1) ORDER BY m.id LIMIT +$1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.connection())
        .await?;
        let changed: Vec<(i64, i64, String)> = sqlx::query_as(
            "SELECT m.id, m.thread_id, m.words FROM identifiers_changed c JOIN messages m ON m.id = c.message_id
             ORDER BY c.message_id LIMIT +$1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.connection())
        .await?;
        let found: BTreeSet<(&str, String, i64)> = rows
            .iter()
            .chain(&changed)
            .flat_map(|(_, thread, words)| data_in(words).into_iter().map(|one| (one.kind.name(), one.value, *thread)))
            .collect();
        if !found.is_empty() {
            sqlx::query(
                "INSERT OR IGNORE INTO identifiers (kind, value, thread_id)
                 SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
                 FROM json_each($1)",
            )
            .bind(json(&found))
            .execute(self.connection())
            .await?;
        }
        if let Some((last, ..)) = rows.last() {
            sqlx::query("UPDATE identifiers_position SET last_id = $1 WHERE id = 1")
                .bind(last)
                .execute(self.connection())
                .await?;
        }
        if let Some((last, ..)) = changed.last() {
            sqlx::query("DELETE FROM identifiers_changed WHERE message_id <= $1")
                .bind(last)
                .execute(self.connection())
                .await?;
        }
        Ok(rows.len() < limit as usize && changed.len() < limit as usize)
    }

    /// Returns the kinds of these data that belong to other contacts than the thread's, each with the first thread of
    /// such a contact; `None` if that thread is in another organization. Data of the thread's own contact, numbers of
    /// ours, and data common to many contacts are left out. `names` are in lower case.
    pub async fn foreign_data(
        &mut self,
        thread: ThreadId,
        data: &[Datum],
        names: &[String],
    ) -> Result<Vec<(DatumKind, Option<ThreadId>)>> {
        let mut found = vec![];
        if !data.is_empty() {
            let pairs: Vec<(&str, &str)> = data.iter().map(|one| (one.kind.name(), one.value.as_str())).collect();
            let rows = sqlx::query(
                "WITH n AS MATERIALIZED
                    (SELECT json_extract(value, '$[0]') AS kind, json_extract(value, '$[1]') AS value FROM json_each($2)),
                 own AS MATERIALIZED (SELECT t.contact_id, c.organization FROM threads t
                    JOIN connections c ON c.id = t.connection_id WHERE t.id = $1)
                 SELECT 0 AS id, n.kind AS kind, min(CASE WHEN c.organization = own.organization THEN t.id END) AS thread,
                    count(DISTINCT t.contact_id) AS contacts, max(t.contact_id = own.contact_id) AS is_own, 0 AS is_address
                 FROM n CROSS JOIN own JOIN identifiers i ON i.kind = n.kind AND i.value = n.value
                    JOIN threads t ON t.id = i.thread_id JOIN connections c ON c.id = t.connection_id
                 WHERE NOT (n.kind = 'phone' AND EXISTS (SELECT 1 FROM connections ours
                        WHERE substr(ours.phone_number, -8) = n.value))
                    AND NOT (n.kind = 'phone' AND EXISTS (SELECT 1 FROM addresses a WHERE a.kind = 'phone'
                        AND substr(a.value, -8) = n.value AND a.contact_id = own.contact_id))
                 GROUP BY n.kind, n.value
                 UNION ALL
                 SELECT 0, n.kind, min(CASE WHEN c.organization = own.organization THEN t.id END), 1,
                    max(a.contact_id = own.contact_id OR EXISTS (SELECT 1 FROM identifiers i
                        JOIN threads o ON o.id = i.thread_id
                        WHERE i.kind = 'phone' AND i.value = n.value AND o.contact_id = own.contact_id)), 1
                 FROM n CROSS JOIN own CROSS JOIN addresses a ON a.kind = 'phone' AND substr(a.value, -8) = n.value
                    LEFT JOIN threads t ON t.contact_id = a.contact_id LEFT JOIN connections c ON c.id = t.connection_id
                 WHERE n.kind = 'phone'
                    AND NOT EXISTS (SELECT 1 FROM connections ours WHERE substr(ours.phone_number, -8) = n.value)
                 GROUP BY n.value",
            )
            .bind(thread.0)
            .bind(json(&pairs))
            .fetch_all(self.connection())
            .await?;
            for row in &rows {
                let cells = RowReader::new(row, "identifiers");
                let is_common = !cells.flag("is_address")? && cells.int("contacts")? >= COMMON_TO_CONTACTS;
                if !cells.flag("is_own")? && !is_common {
                    found.push((cells.named("kind", DatumKind::from_name)?, cells.opt_int("thread")?.map(ThreadId)));
                }
            }
        }
        if !names.is_empty() {
            let threads: Vec<Option<i64>> = sqlx::query_scalar(
                "WITH own AS MATERIALIZED (SELECT p.id, ' ' || p.folded || ' ' AS folded, c.organization FROM threads t
                    JOIN contacts p ON p.id = t.contact_id JOIN connections c ON c.id = t.connection_id WHERE t.id = $1)
                 SELECT min(CASE WHEN c.organization = own.organization THEN t.id END)
                 FROM json_each($2) n CROSS JOIN own
                    JOIN contacts p ON p.folded >= n.value || ' ' AND p.folded < n.value || '!'
                    LEFT JOIN threads t ON t.contact_id = p.id LEFT JOIN connections c ON c.id = t.connection_id
                 WHERE p.id <> own.id AND instr(own.folded, ' ' || n.value || ' ') = 0 GROUP BY p.id",
            )
            .bind(thread.0)
            .bind(json(&names))
            .fetch_all(self.connection())
            .await?;
            found.extend(threads.into_iter().map(|thread| (DatumKind::Name, thread.map(ThreadId))));
        }
        found.sort();
        found.dedup();
        Ok(found)
    }
}
