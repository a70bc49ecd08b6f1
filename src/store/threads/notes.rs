//! Internal notes of threads.

use crate::domain::ids::ThreadId;
use crate::domain::message::note::Note;
use crate::store::codec::RowReader;
use crate::store::{Result, Store, Write};

impl Store {
    /// Returns a thread's last 200 notes, oldest first.
    pub async fn notes(&self, thread: ThreadId) -> Result<Vec<Note>> {
        let rows =
            sqlx::query("SELECT id, author, body, at FROM notes WHERE thread_id = $1 ORDER BY at DESC LIMIT 200")
                .bind(thread.0)
                .fetch_all(&self.readers)
                .await?;
        let read = |row| {
            let cells = RowReader::new(row, "notes");
            Ok(Note { author: cells.text("author")?, at: cells.time("at")?, words: cells.untrusted("body")? })
        };
        rows.iter().rev().map(read).collect()
    }
}

impl Write {
    /// Stores a note.
    pub async fn add_note(&mut self, thread: ThreadId, note: &Note) -> Result<()> {
        sqlx::query("INSERT INTO notes (thread_id, author, body, at) VALUES ($1, $2, $3, $4)")
            .bind(thread.0)
            .bind(&note.author)
            .bind(note.words.as_received())
            .bind(note.at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
