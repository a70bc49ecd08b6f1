//! Transcripts of voice notes: due, claimed under a lease, and stored with their message.

use std::time::Duration;

use crate::domain::file_name::FileName;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Store, Write};

/// A voice note to transcribe.
#[derive(Debug, Clone)]
pub struct PendingTranscription {
    pub message: MessageId,
    pub thread: ThreadId,
    /// Attempts so far, with this one.
    pub attempts: u32,
    /// The file; `None` if it was removed meanwhile.
    pub file: Option<FileName>,
    pub mime_type: String,
}

impl Store {
    /// Returns when the next transcription is due.
    pub async fn next_transcription_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM transcriptions WHERE state = 'due'")
            .fetch_one(&self.readers)
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// Returns `true` if a voice note of the thread is due, or is being transcribed. Retries do not count.
    pub async fn transcribes_in(&self, thread: ThreadId) -> Result<bool> {
        let due: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM transcriptions WHERE thread_id = $1 AND state = 'due' AND reason IS NULL",
        )
        .bind(thread.0)
        .fetch_one(&self.readers)
        .await?;
        Ok(due > 0)
    }
}

impl Write {
    /// Makes a received voice note due for transcription, unless the provider gave a transcript. Returns whether it is.
    pub async fn want_transcription(&mut self, message: MessageId, now: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "INSERT INTO transcriptions (message_id, thread_id, state, due_at)
             SELECT id, thread_id, 'due', $2 FROM messages
             WHERE id = $1 AND direction = 'inbound' AND kind = 'audio' AND test = 0
                AND json_extract(content, '$.transcript') IS NULL
             ON CONFLICT (message_id) DO NOTHING",
        )
        .bind(message.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Claims the transcription that is due longest, in one thread or in all, until the lease ends.
    pub async fn claim_transcription(
        &mut self,
        thread: Option<ThreadId>,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<PendingTranscription>> {
        let row = sqlx::query(
            "UPDATE transcriptions SET attempts = attempts + 1, due_at = $3, reason = NULL
             WHERE message_id = (SELECT t.message_id FROM transcriptions t
                WHERE t.state = 'due' AND t.due_at <= $2 AND ($1 IS NULL OR t.thread_id = $1) ORDER BY t.due_at LIMIT 1)
             RETURNING message_id AS id, thread_id, attempts,
                (SELECT m.file FROM media m WHERE m.message_id = transcriptions.message_id AND m.state = 'kept') AS file,
                (SELECT m.mime_type FROM media m WHERE m.message_id = transcriptions.message_id) AS mime_type",
        )
        .bind(thread.map(|thread| thread.0))
        .bind(now.millis())
        .bind(now.plus(lease).millis())
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "transcriptions");
            Ok(PendingTranscription {
                message: MessageId(cells.int("id")?),
                thread: ThreadId(cells.int("thread_id")?),
                attempts: cells.count("attempts")?,
                file: cells.opt_text("file")?.and_then(|name| FileName::parse(&name)),
                mime_type: cells.opt_text("mime_type")?.unwrap_or_default(),
            })
        })
        .transpose()
    }

    /// Stores a transcript with its source, and finds the message by its words from now on.
    pub async fn store_transcript(
        &mut self,
        message: MessageId,
        words: &Untrusted,
        source: &str,
        now: Timestamp,
    ) -> Result<()> {
        let Some((thread, mut content)) = self.content_of(message).await? else { return Ok(()) };
        if let Some(media) = content.media_mut() {
            media.transcript = Some(words.clone());
            media.transcript_source = Some(source.to_owned());
            media.transcript_error = None;
        }
        let words = content.words();
        sqlx::query("UPDATE messages SET content = $2, words = $3 WHERE id = $1")
            .bind(message.0)
            .bind(json(&content))
            .bind(words.as_received())
            .execute(self.connection())
            .await?;
        sqlx::query("DELETE FROM message_words WHERE rowid = $1").bind(message.0).execute(self.connection()).await?;
        self.index_words(message, thread, &words).await?;
        self.end_transcription(message, "made", None, now).await
    }

    /// Retries a failed transcription at a time.
    pub async fn retry_transcription(&mut self, message: MessageId, reason: &str, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE transcriptions SET due_at = $2, reason = $3 WHERE message_id = $1 AND state = 'due'")
            .bind(message.0)
            .bind(at.millis())
            .bind(reason)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Ends a transcription without a transcript, and keeps the reason with the message.
    pub async fn fail_transcription(&mut self, message: MessageId, reason: &str, now: Timestamp) -> Result<()> {
        if let Some((_, mut content)) = self.content_of(message).await? {
            if let Some(media) = content.media_mut() {
                media.transcript_error = Some(reason.to_owned());
            }
            sqlx::query("UPDATE messages SET content = $2 WHERE id = $1")
                .bind(message.0)
                .bind(json(&content))
                .execute(self.connection())
                .await?;
        }
        self.end_transcription(message, "failed", Some(reason), now).await
    }

    async fn end_transcription(
        &mut self,
        message: MessageId,
        state: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query("UPDATE transcriptions SET state = $2, reason = $3, ended_at = $4 WHERE message_id = $1")
            .bind(message.0)
            .bind(state)
            .bind(reason)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn content_of(&mut self, message: MessageId) -> Result<Option<(ThreadId, Content)>> {
        let row = sqlx::query("SELECT id, thread_id, content FROM messages WHERE id = $1")
            .bind(message.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "messages");
            Ok((ThreadId(cells.int("thread_id")?), cells.json("content")?))
        })
        .transpose()
    }
}
