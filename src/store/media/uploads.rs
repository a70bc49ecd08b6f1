//! Uploads: files that a client uploaded and that no message uses yet.

use crate::domain::file_name::FileName;
use crate::domain::ids::UploadId;
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Store, Write};

/// A stored upload.
#[derive(Debug, Clone)]
pub struct StoredUpload {
    pub file: FileName,
    /// The client's file name, sanitized on upload.
    pub name: String,
    pub bytes: u64,
}

impl Store {
    /// Returns an upload of this author; `None` for uploads of others.
    pub async fn upload(&self, upload: UploadId, author: &str) -> Result<Option<StoredUpload>> {
        let row = sqlx::query("SELECT id, file, file_name, bytes FROM uploads WHERE id = $1 AND author = $2")
            .bind(upload.0)
            .bind(author)
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let cells = RowReader::new(&row, "uploads");
        let Some(file) = FileName::parse(&cells.text("file")?) else { return Ok(None) };
        Ok(Some(StoredUpload { file, name: cells.text("file_name")?, bytes: u64::from(cells.count("bytes")?) }))
    }

    /// Returns those of these files that no row seems to name. The removing transaction must check again.
    pub async fn find_unreferenced(&self, names: Vec<FileName>) -> Result<Vec<FileName>> {
        let named: Vec<String> =
            sqlx::query_scalar("SELECT file FROM media WHERE file IS NOT NULL UNION SELECT file FROM uploads")
                .fetch_all(&self.readers)
                .await?;
        let named: std::collections::HashSet<String> = named.into_iter().collect();
        Ok(names.into_iter().filter(|name| !named.contains(name.as_str())).collect())
    }
}

impl Write {
    /// Returns the number of an author's uploads and their total size in bytes.
    pub async fn uploads_of(&mut self, author: &str) -> Result<(u32, u64)> {
        let row = sqlx::query(
            "SELECT 0 AS id, count(*) AS uploads, coalesce(sum(bytes), 0) AS bytes FROM uploads WHERE author = $1",
        )
        .bind(author)
        .fetch_one(self.connection())
        .await?;
        let cells = RowReader::new(&row, "uploads");
        Ok((cells.count("uploads")?, u64::try_from(cells.int("bytes")?).unwrap_or_default()))
    }

    /// Stores an upload and returns its id.
    pub async fn insert_upload(
        &mut self,
        author: &str,
        file: &FileName,
        name: &str,
        bytes: u64,
        now: Timestamp,
    ) -> Result<UploadId> {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO uploads (author, file, file_name, bytes, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        )
        .bind(author)
        .bind(file.as_str())
        .bind(name)
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .bind(now.millis())
        .fetch_one(self.connection())
        .await?;
        Ok(UploadId(id))
    }

    /// Deletes uploads from before a time. Returns the files that no row names any more.
    pub async fn prune_uploads(&mut self, before: Timestamp) -> Result<Vec<FileName>> {
        let names: Vec<String> = sqlx::query_scalar("DELETE FROM uploads WHERE created_at < $1 RETURNING file")
            .bind(before.millis())
            .fetch_all(self.connection())
            .await?;
        self.unnamed(names.iter().filter_map(|name| FileName::parse(name)).collect()).await
    }

    /// Returns those of these files that neither a message nor an upload names.
    pub async fn unnamed(&mut self, mut names: Vec<FileName>) -> Result<Vec<FileName>> {
        names.sort();
        names.dedup();
        let mut unnamed = vec![];
        for name in names {
            let used: i64 = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM media WHERE file = $1) OR EXISTS (SELECT 1 FROM uploads WHERE file = $1)",
            )
            .bind(name.as_str())
            .fetch_one(self.connection())
            .await?;
            if used == 0 {
                unnamed.push(name);
            }
        }
        Ok(unnamed)
    }
}
