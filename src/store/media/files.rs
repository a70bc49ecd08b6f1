//! Files of messages: downloads, stored files, and our own files to upload.

use std::time::Duration;

use crate::domain::file_name::FileName;
use crate::domain::ids::{ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::message::media::Media;
use crate::domain::message::media::{MediaState, MediaView};
use crate::domain::outbox::entry::Outgoing;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json};
use crate::store::{Result, Store, Update, Write};

/// A file to download.
#[derive(Debug, Clone)]
pub struct PendingDownload {
    pub message: MessageId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub provider_id: String,
    pub mime_type: String,
    /// The hash in the webhook, in hex or base64.
    pub sha256: Option<String>,
    pub tries: u32,
}

/// One of our files that must be uploaded before its message can be sent.
#[derive(Debug, Clone)]
pub struct PendingUpload {
    pub entry: EntryId,
    pub message: MessageId,
    pub thread: ThreadId,
    pub connection: ConnectionId,
    pub file: FileName,
    pub file_name: Option<Untrusted>,
    pub mime_type: String,
    pub bytes: u64,
    pub tried: u32,
}

/// The file of a message, for opening and saving.
#[derive(Debug, Clone)]
pub struct KeptFile {
    pub thread: ThreadId,
    pub view: MediaView,
    pub content: Content,
}

/// Returns the name of a stored file. A row with any other text is corrupt, and no path is made from it.
fn stored_name(cells: &RowReader<'_>) -> Result<FileName> {
    cells.named("file", FileName::parse)
}

/// Reads a file's columns; `None` if the message has no file.
pub(crate) fn view(cells: &RowReader<'_>) -> Result<Option<MediaView>> {
    let Some(state) = cells.opt_named("media_state", MediaState::from_name)? else { return Ok(None) };
    Ok(Some(MediaView {
        state,
        mime_type: cells.opt_text("media_type")?.unwrap_or_default(),
        bytes: cells.opt_int("media_bytes")?.and_then(|bytes| u64::try_from(bytes).ok()),
        file: cells.opt_text("media_file")?.as_deref().and_then(FileName::parse),
        said: cells.opt_text("media_said")?,
        fetched_at: cells.opt_time("fetched_at")?,
        upload: None,
    }))
}

impl Store {
    /// Returns when the next download is due.
    pub async fn next_fetch_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> =
            sqlx::query_scalar("SELECT min(due_at) FROM media WHERE state = 'wanted'").fetch_one(&self.readers).await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// Returns when the next upload is due, not counting entries in `busy`.
    pub async fn next_upload_due(&self, busy: &[EntryId]) -> Result<Option<Timestamp>> {
        let busy = busy.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
        let text = format!(
            "SELECT min(o.due_at) FROM outbox o JOIN media f ON f.message_id = o.message_id
             WHERE o.state = 'queued' AND o.hold IS NOT 'operator' AND f.state = 'kept' AND f.provider_id = ''
                AND o.id NOT IN ({busy})"
        );
        let due: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(&self.readers).await?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// Returns the oldest upload that is due, not counting entries in `busy`.
    pub async fn to_upload(&self, now: Timestamp, busy: &[EntryId]) -> Result<Option<PendingUpload>> {
        let busy = busy.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
        let text = format!(
            "SELECT o.id, o.message_id, o.thread_id, o.connection_id, o.tried, f.file, f.mime_type, f.bytes, m.content
             FROM outbox o JOIN media f ON f.message_id = o.message_id JOIN messages m ON m.id = o.message_id
             WHERE o.state = 'queued' AND o.due_at <= $1 AND o.hold IS NOT 'operator' AND f.state = 'kept'
                AND f.provider_id = '' AND o.id NOT IN ({busy}) ORDER BY o.id LIMIT 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(now.millis()).fetch_optional(&self.readers).await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "outbox");
            let content: Content = cells.json("content")?;
            Ok(PendingUpload {
                entry: EntryId(cells.int("id")?),
                message: MessageId(cells.int("message_id")?),
                thread: ThreadId(cells.int("thread_id")?),
                connection: ConnectionId(cells.int("connection_id")?),
                file: stored_name(&cells)?,
                file_name: content.media().and_then(|media| media.file_name.clone()),
                mime_type: cells.text("mime_type")?,
                bytes: u64::from(cells.count("bytes")?),
                tried: cells.count("tried")?,
            })
        })
        .transpose()
    }

    /// Returns name, type and size of the file behind a media link, while its message waits to be sent, or if it was
    /// sent after `since`.
    pub async fn lent_file(&self, address: &str, since: Timestamp) -> Result<Option<(FileName, String, u64)>> {
        let row = sqlx::query(
            "SELECT f.file, f.mime_type, f.bytes FROM media f JOIN outbox o ON o.message_id = f.message_id
             WHERE f.state = 'kept' AND f.provider_id = $1 AND f.file IS NOT NULL
                AND (o.state IN ('queued', 'sending', 'uncertain') OR o.settled_at >= $2) LIMIT 1",
        )
        .bind(address)
        .bind(since.millis())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "media");
            Ok((stored_name(&cells)?, cells.text("mime_type")?, u64::from(cells.count("bytes")?)))
        })
        .transpose()
    }

    /// Returns the file of a message in any state; `None` if it has none.
    pub async fn kept_file(&self, message: MessageId) -> Result<Option<KeptFile>> {
        let row = sqlx::query(
            "SELECT m.id, m.thread_id, m.content, f.state AS media_state, f.mime_type AS media_type, f.bytes AS media_bytes,
                f.file AS media_file, f.said AS media_said, f.fetched_at
             FROM messages m JOIN media f ON f.message_id = m.id WHERE m.id = $1",
        )
        .bind(message.0)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let cells = RowReader::new(&row, "media");
        let Some(view) = view(&cells)? else { return Ok(None) };
        Ok(Some(KeptFile { thread: ThreadId(cells.int("thread_id")?), view, content: cells.json("content")? }))
    }
}

impl Write {
    /// Schedules the download of a message's file for now.
    pub async fn schedule_download(
        &mut self,
        message: MessageId,
        connection: ConnectionId,
        media: &Media,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO media (message_id, connection_id, provider_id, state, sha256, mime_type, bytes, due_at)
             VALUES ($1, $2, $3, 'wanted', $4, $5, $6, $7) ON CONFLICT (message_id) DO NOTHING",
        )
        .bind(message.0)
        .bind(connection.0)
        .bind(&media.id)
        .bind(media.sha256.as_deref())
        .bind(&media.mime_type)
        .bind(media.bytes.and_then(|bytes| i64::try_from(bytes).ok()))
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores the row of our own file that is in the file store already.
    pub async fn keep_own_media(
        &mut self,
        message: MessageId,
        connection: ConnectionId,
        media: &Media,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO media (message_id, connection_id, provider_id, state, sha256, file, mime_type, bytes, due_at, fetched_at)
             VALUES ($1, $2, '', 'kept', $3, $4, $5, $6, $7, $7)",
        )
        .bind(message.0)
        .bind(connection.0)
        .bind(media.sha256.as_deref())
        .bind(media.file.as_ref().map(FileName::as_str))
        .bind(&media.mime_type)
        .bind(media.bytes.and_then(|bytes| i64::try_from(bytes).ok()))
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Claims the next download that is due, under a lease.
    pub async fn claim_fetch(&mut self, now: Timestamp, lease: Duration) -> Result<Option<PendingDownload>> {
        let row = sqlx::query(
            "UPDATE media SET due_at = $2, tries = tries + 1
             WHERE message_id = (SELECT message_id FROM media WHERE state = 'wanted' AND due_at <= $1 ORDER BY due_at LIMIT 1)
             RETURNING message_id AS id, connection_id, provider_id, mime_type, sha256, tries,
                (SELECT thread_id FROM messages m WHERE m.id = message_id) AS thread_id",
        )
        .bind(now.millis())
        .bind(now.plus(lease).millis())
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "media");
            Ok(PendingDownload {
                message: MessageId(cells.int("id")?),
                thread: ThreadId(cells.int("thread_id")?),
                connection: ConnectionId(cells.int("connection_id")?),
                provider_id: cells.text("provider_id")?,
                mime_type: cells.text("mime_type")?,
                sha256: cells.opt_text("sha256")?,
                tries: cells.count("tries")?,
            })
        })
        .transpose()
    }

    /// Stores that a file was downloaded.
    pub async fn store_media(
        &mut self,
        message: MessageId,
        file: &FileName,
        bytes: u64,
        mime_type: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE media SET state = 'kept', file = $2, sha256 = $3, bytes = $4, mime_type = $5, fetched_at = $6, said = NULL
             WHERE message_id = $1",
        )
        .bind(message.0)
        .bind(file.as_str())
        .bind(file.sha256())
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .bind(mime_type)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores a failed download: its new state, the reason, and when it is retried.
    pub async fn miss_media(
        &mut self,
        message: MessageId,
        state: MediaState,
        said: &str,
        due_at: Timestamp,
    ) -> Result<()> {
        sqlx::query("UPDATE media SET state = $2, file = NULL, said = $3, due_at = $4 WHERE message_id = $1")
            .bind(message.0)
            .bind(state.name())
            .bind(said)
            .bind(due_at.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Makes all downloads due now, because the process that fetched them is dead.
    pub async fn fetch_all_again(&mut self, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE media SET due_at = $1 WHERE state = 'wanted' AND due_at > $1")
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Schedules another download on request. Returns `Missed` if the file is stored, is our own, or is due already.
    pub async fn request_download_again(&mut self, message: MessageId, now: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE media SET state = 'wanted', tries = 0, due_at = $2, said = NULL
             WHERE message_id = $1 AND state <> 'kept' AND provider_id <> '' AND NOT (state = 'wanted' AND due_at <= $2)",
        )
        .bind(message.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Stores the provider's id of our uploaded file. With an empty id it must be uploaded again.
    pub async fn uploaded(&mut self, message: MessageId, provider_id: &str) -> Result<()> {
        let row = sqlx::query("SELECT o.id, o.outgoing FROM outbox o WHERE o.message_id = $1")
            .bind(message.0)
            .fetch_one(self.connection())
            .await?;
        let mut outgoing: Outgoing = RowReader::new(&row, "outbox").json("outgoing")?;
        if let Some(media) = outgoing.content.media_mut() {
            provider_id.clone_into(&mut media.id);
        }
        sqlx::query("UPDATE outbox SET outgoing = $2, failure = NULL WHERE message_id = $1")
            .bind(message.0)
            .bind(json(&outgoing))
            .execute(self.connection())
            .await?;
        sqlx::query("UPDATE messages SET content = $2 WHERE id = $1")
            .bind(message.0)
            .bind(json(&outgoing.content))
            .execute(self.connection())
            .await?;
        sqlx::query("UPDATE media SET provider_id = $2 WHERE message_id = $1 AND file IS NOT NULL")
            .bind(message.0)
            .bind(provider_id)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Marks files as deleted: those older than `before`, and the oldest beyond `most` bytes in total, but none that
    /// waits to be sent. Returns the names that no row uses any more.
    pub async fn prune_media(&mut self, before: Timestamp, most: u64, now: Timestamp) -> Result<Vec<FileName>> {
        let rows = sqlx::query(
            "SELECT f.message_id AS id, f.file, f.bytes, f.fetched_at FROM media f LEFT JOIN outbox o ON o.message_id = f.message_id
             WHERE f.state = 'kept' AND (o.id IS NULL OR o.state IN ('accepted', 'discarded'))
             ORDER BY f.fetched_at DESC",
        )
        .fetch_all(self.connection())
        .await?;
        let mut sum = 0;
        let mut names = vec![];
        for row in &rows {
            let cells = RowReader::new(row, "media");
            sum += u64::from(cells.count("bytes")?);
            let old = cells.opt_time("fetched_at")?.is_some_and(|at| at < before);
            if !old && sum <= most {
                continue;
            }
            let said = if old { "deleted because of its age" } else { "deleted to free space" };
            let id = MessageId(cells.int("id")?);
            names.extend(FileName::parse(&cells.text("file")?));
            self.miss_media(id, MediaState::Pruned, said, now).await?;
        }
        self.unnamed(names).await
    }

    /// Stores an attempt that was an upload and not a send.
    pub async fn note_attempt(
        &mut self,
        upload: &PendingUpload,
        request: &str,
        outcome: &str,
        http_status: Option<u16>,
        response: &str,
        times: (Timestamp, Timestamp),
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO attempts (outbox_id, connection_id, thread_id, business_initiated, series, number, started_at, finished_at,
                                   outcome, http_status, request, response, upload)
             VALUES ($1, $2, $3, 0, (SELECT series FROM outbox WHERE id = $1),
                (SELECT 1 + count(*) FROM attempts WHERE outbox_id = $1
                    AND series = (SELECT series FROM outbox WHERE id = $1)), $4, $5, $6, $7, $8, $9, 1)",
        )
        .bind(upload.entry.0)
        .bind(upload.connection.0)
        .bind(upload.thread.0)
        .bind(times.0.millis())
        .bind(times.1.millis())
        .bind(outcome)
        .bind(http_status)
        .bind(request)
        .bind(response)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
