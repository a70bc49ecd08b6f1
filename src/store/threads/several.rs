//! Loads several threads at once.

use std::collections::{BTreeMap, HashMap};

use sqlx::SqliteExecutor;

use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::view::{MessageView, ThreadRow};
use crate::store::codec::{RowReader, json};
use crate::store::threads::messages::{MESSAGE, contents_of, message};
use crate::store::threads::thread::{ROW, thread_row};
use crate::store::{Result, Store, StoreError};

/// The last messages of a thread, newest first, with their contents.
pub type Transcript = (Vec<MessageView>, BTreeMap<MessageId, Content>);

impl Store {
    /// Returns threads as lists show them, without presence. An error about a row names it.
    pub async fn thread_rows(&self, threads: &[ThreadId]) -> Result<HashMap<ThreadId, ThreadRow>> {
        several(&self.readers, threads).await
    }

    /// Returns the last messages of several threads, at most `limit` of each. Rows that cannot be read are left out.
    pub async fn transcripts(&self, threads: &[ThreadId], limit: u32) -> Result<HashMap<ThreadId, Transcript>> {
        let text = format!(
            "{MESSAGE} WHERE m.id IN (SELECT x.id FROM json_each($1) w CROSS JOIN messages x ON x.id IN (
                SELECT y.id FROM messages y WHERE y.thread_id = w.value AND y.kind <> 'reaction'
                ORDER BY y.created_at DESC, y.id DESC LIMIT +$2))
             ORDER BY m.created_at DESC, m.id DESC"
        );
        let ids: Vec<i64> = threads.iter().map(|id| id.0).collect();
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(json(&ids))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        let mut found: HashMap<ThreadId, Transcript> = HashMap::new();
        for row in &rows {
            let cells = RowReader::new(row, "messages");
            let thread = ThreadId(cells.int("thread_id")?);
            match message(&cells) {
                Ok(message) => {
                    let (messages, contents) = found.entry(thread).or_default();
                    contents.extend(contents_of(std::slice::from_ref(row))?);
                    messages.push(message);
                }
                Err(StoreError::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

/// Returns these threads as lists show them, without presence. An error about a row names it.
pub(crate) async fn several(over: impl SqliteExecutor<'_>, ids: &[ThreadId]) -> Result<HashMap<ThreadId, ThreadRow>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!("{ROW} WHERE t.id IN (SELECT value FROM json_each($1))");
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(json(&ids)).fetch_all(over).await?;
    rows.iter()
        .map(|row| {
            let row = thread_row(&RowReader::new(row, "threads"))?;
            Ok((row.id, row))
        })
        .collect()
}
