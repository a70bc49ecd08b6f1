//! Canned replies that are stored.

use crate::domain::message::canned::{CannedReply, ReplySource};
use crate::domain::time::Timestamp;
use crate::store::{Result, Store, Update, Write};

impl Store {
    /// A person's own replies and the shared ones.
    pub async fn replies(&self, operator: &str) -> Result<Vec<CannedReply>> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT owner, short, body FROM canned_replies WHERE owner IN ('', $1)")
                .bind(operator)
                .fetch_all(&self.readers)
                .await?;
        let reply = |(owner, short, text): (String, String, String)| CannedReply {
            short,
            text,
            source: if owner.is_empty() { ReplySource::Shared } else { ReplySource::Own },
        };
        Ok(rows.into_iter().map(reply).collect())
    }
}

impl Write {
    /// The short names and texts of an owner; shared ones have none.
    pub async fn replies_of(&mut self, owner: &str) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as("SELECT short, body FROM canned_replies WHERE owner = $1")
            .bind(owner)
            .fetch_all(self.connection())
            .await?)
    }

    /// Saves a reply in the place of one with its name.
    pub async fn save_reply(
        &mut self,
        (owner, by): (&str, &str),
        short: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO canned_replies (owner, short, body, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (owner, short) DO UPDATE SET body = excluded.body, saved_by = excluded.saved_by,
                saved_at = excluded.saved_at",
        )
        .bind(owner)
        .bind(short)
        .bind(text)
        .bind(by)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Removes a reply. Changes nothing where its owner has none with that name.
    pub async fn remove_reply(&mut self, owner: &str, short: &str) -> Result<Update> {
        let done = sqlx::query("DELETE FROM canned_replies WHERE owner = $1 AND short = $2")
            .bind(owner)
            .bind(short)
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }
}
