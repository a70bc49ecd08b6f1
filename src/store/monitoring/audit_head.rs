//! The audit head, saved in a small file beside the database, so that removed rows are noticed unless both are
//! changed. The last line is the current head; lines before it are heads that a later database lacked.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::domain::access::audit::{AuditHead, KnownHead};
use crate::domain::ids::AuditId;
use crate::domain::time::Timestamp;
use crate::store::database::inspect::AUDIT_HEAD_FILE;
use crate::store::{Result, Store};

/// Maximum number of heads in the file.
const MAX_LINES: usize = 50;
/// Log lines with a head contain this text before its values.
const IN_LOG: &str = "audit head";

impl Store {
    /// Returns the heads in the file beside the database, oldest first.
    pub fn kept_audit_heads(&self) -> Vec<KnownHead> {
        read_heads(&self.head_file(), AUDIT_HEAD_FILE)
    }

    /// Saves the head beside the database. The previous head is replaced if the database has it (`fits`), and
    /// otherwise kept on its own line. The file is replaced as a whole without a sync: after a power failure it may
    /// be some seconds old, but never incomplete.
    pub fn keep_audit_head(&self, head: &AuditHead, fits: bool) -> io::Result<()> {
        let mut heads: Vec<AuditHead> = self.kept_audit_heads().into_iter().map(|known| known.head).collect();
        if fits {
            heads.pop();
        }
        heads.push(head.clone());
        let skip = heads.len().saturating_sub(MAX_LINES);
        let path = self.head_file();
        let part = path.with_extension("head.part");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        for head in &heads[skip..] {
            writeln!(file, "{}", serde_json::json!(head))?;
        }
        fs::rename(part, path)
    }

    /// Compares the file with the database, once at startup. Returns the first head that the database lacks; its line
    /// stays in the file.
    pub async fn open_audit_head(&self, now: Timestamp) -> Result<Option<KnownHead>> {
        let (mut lost, mut last_fits) = (None, true);
        let accepted = self.accepted_audit_digests().await?;
        for known in self.kept_audit_heads() {
            last_fits = known.head.row.0 == 0 || self.audit_row_of(&known.head.digest).await? == Some(known.head.row);
            if !last_fits && lost.is_none() && !accepted.contains(&known.head.digest) {
                lost = Some(known);
            }
        }
        let head = self.audit_head().unwrap_or(AuditHead { row: AuditId(0), digest: String::new(), at: now });
        if let Err(error) = self.keep_audit_head(&head, last_fits) {
            tracing::warn!(%error, "Cannot save the head of the audit chain beside the database");
        }
        Ok(lost)
    }

    fn head_file(&self) -> PathBuf {
        self.path.with_file_name(AUDIT_HEAD_FILE)
    }
}

/// Returns the heads in such a file, beside a database or a backup. Unreadable lines are left out.
pub fn read_heads(path: &Path, source: &str) -> Vec<KnownHead> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let heads = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    heads.map(|head| KnownHead { head, source: source.to_owned() }).collect()
}

/// Returns the last head in each log file of a directory.
pub fn heads_in_logs(logs: &Path) -> Vec<KnownHead> {
    let mut found = vec![];
    for entry in fs::read_dir(logs).into_iter().flatten().flatten() {
        let Ok(text) = fs::read(entry.path()) else { continue };
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rev().find_map(head_in_line);
        found.extend(last.map(|head| KnownHead { head, source: format!("logs/{}", entry.file_name().display()) }));
    }
    found.sort_by_key(|known| known.head.row);
    found
}

/// Parses a log line such as `… audit head row=12 digest=… at=…`.
fn head_in_line(line: &str) -> Option<AuditHead> {
    let (_, rest) = line.split_once(IN_LOG)?;
    let value = |name: &str| {
        let (_, value) = rest.split_once(name)?;
        value.split_whitespace().next()
    };
    let row = value("row=")?.parse().ok()?;
    Some(AuditHead { row, digest: value("digest=")?.to_owned(), at: Timestamp::parse(value("at=")?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_from_a_line_of_the_log() {
        let line = "2026-06-01T09:00:00Z  INFO audit head row=u12 digest=00ff at=2026-06-01T08:59:00Z";
        let head = head_in_line(line).expect("read");
        assert_eq!((head.row.0, head.digest.as_str()), (12, "00ff"));
        assert_eq!(head.at.to_string(), "2026-06-01T08:59:00Z");
        assert_eq!(head_in_line("something else row=1"), None);
    }
}
