//! Labels of threads.

use crate::domain::ids::ThreadId;
use crate::domain::message::label::LabelCount;
use crate::domain::time::Timestamp;
use crate::store::{Result, Store, Update, Write};

impl Store {
    /// The labels of every organization, each with the number of its threads, by name.
    pub async fn labels(&self) -> Result<Vec<LabelCount>> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT c.organization, l.label, count(*) FROM thread_labels l JOIN threads t ON t.id = l.thread_id
             JOIN connections c ON c.id = t.connection_id GROUP BY c.organization, l.label ORDER BY c.organization, l.label",
        )
        .fetch_all(&self.readers)
        .await?;
        let count = |(organization, label, threads)| LabelCount {
            organization,
            label,
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
        };
        Ok(rows.into_iter().map(count).collect())
    }
}

impl Write {
    /// Adds a label to a thread. Changes nothing where the thread has it.
    pub async fn add_label(&mut self, thread: ThreadId, label: &str, by: &str, now: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "INSERT INTO thread_labels (thread_id, label, added_by, added_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (thread_id, label) DO NOTHING",
        )
        .bind(thread.0)
        .bind(label)
        .bind(by)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Removes a label from a thread. Changes nothing where the thread does not have it.
    pub async fn remove_label(&mut self, thread: ThreadId, label: &str) -> Result<Update> {
        let done = sqlx::query("DELETE FROM thread_labels WHERE thread_id = $1 AND label = $2")
            .bind(thread.0)
            .bind(label)
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// The different labels of an organization.
    pub async fn labels_of(&mut self, organization: &str) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT l.label FROM thread_labels l JOIN threads t ON t.id = l.thread_id
             JOIN connections c ON c.id = t.connection_id WHERE c.organization = $1",
        )
        .bind(organization)
        .fetch_all(self.connection())
        .await?)
    }
}
