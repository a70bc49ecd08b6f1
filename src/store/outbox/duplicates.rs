//! Lookups of messages that a new one may repeat.

use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::duplicate::{DUPLICATE_WITHIN, Earlier};
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Write};

impl Write {
    /// Returns the messages to a thread's contact, on any connection, that were or will be sent less than
    /// `DUPLICATE_WITHIN` before or after `due`, newest first. Failed, dead and discarded ones are left out.
    pub async fn messages_around(&mut self, thread: ThreadId, due: Timestamp) -> Result<Vec<Earlier>> {
        const THREADS: &str =
            "(SELECT id FROM threads WHERE contact_id = (SELECT contact_id FROM threads WHERE id = $1))";
        const COLUMNS: &str = "SELECT m.id, m.author, m.created_at, m.content";
        let text = format!(
            "{COLUMNS} FROM messages m JOIN outbox o ON o.message_id = m.id
             WHERE m.thread_id IN {THREADS} AND m.created_at > $2 AND m.created_at < $3
                AND o.state IN ('queued', 'sending', 'uncertain', 'scheduled', 'accepted')
                AND coalesce(o.not_before, o.created_at) > $2 AND coalesce(o.not_before, o.created_at) < $3
             UNION {COLUMNS} FROM outbox o JOIN messages m ON m.id = o.message_id
             WHERE o.thread_id IN {THREADS} AND o.state IN ('queued', 'sending', 'uncertain')
                AND o.not_before > $2 AND o.not_before < $3
             UNION {COLUMNS} FROM outbox o JOIN messages m ON m.id = o.message_id
             WHERE o.thread_id IN {THREADS} AND o.state = 'scheduled' AND o.not_before > $2 AND o.not_before < $3
             ORDER BY 1 DESC LIMIT 50"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(thread.0)
            .bind(due.minus(DUPLICATE_WITHIN).millis())
            .bind(due.plus(DUPLICATE_WITHIN).millis())
            .fetch_all(self.connection())
            .await?;
        let read = |row| {
            let cells = RowReader::new(row, "messages");
            Ok(Earlier {
                message: MessageId(cells.int("id")?),
                author: cells.opt_text("author")?.unwrap_or_default(),
                written_at: cells.time("created_at")?,
                content: cells.json("content")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
