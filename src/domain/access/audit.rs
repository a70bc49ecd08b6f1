//! Hash chain of the audit log: each row has a digest over itself and the previous row. Changing a row changes all
//! later digests, which anyone who saved a later digest can detect.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::ids::AuditId;
use crate::domain::time::Timestamp;

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub detail: String,
    /// Hexadecimal SHA-256 over this row and the previous digest.
    #[serde(default)]
    pub digest: String,
}

/// The last audit row at some time, stored outside the database. Every later audit log must contain it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// 0 for an empty audit log.
    pub row: AuditId,
    pub digest: String,
    pub at: Timestamp,
}

/// A head and the place where it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHead {
    pub head: AuditHead,
    /// Name of the place, such as `audit.head`, `the log` or `this engine`.
    pub source: String,
}

/// Audit rows that a restored copy of the database lacks. The audit log records them when an admin accepts the loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredRows {
    /// Earlier heads that the audit log no longer contains.
    pub lost: Vec<AuditHead>,
    /// The last row of the restored copy, after which the log continues; `None` if the copy was empty.
    pub end: Option<AuditHead>,
}

impl RestoredRows {
    /// Formats the detail of the audit row: all lost digests, and the digest after which the log continues.
    pub fn detail(&self) -> String {
        let word = |head: &AuditHead| format!("{} {}", head.row, head.digest);
        let lost: Vec<String> = self.lost.iter().map(word).collect();
        let end = self.end.as_ref().map_or_else(|| "an empty audit log".to_owned(), word);
        format!("lost {}; goes on after {end}", lost.join(", "))
    }

    /// Returns the digests that a detail lists as lost.
    pub fn lost_digests(detail: &str) -> impl Iterator<Item = &str> {
        let lost = detail.strip_prefix("lost ").and_then(|rest| rest.split(';').next()).unwrap_or_default();
        lost.split(", ").filter_map(|one| one.split_once(' ')).map(|(_, digest)| digest)
    }

    /// Describes the accepted loss in a sentence.
    pub fn words(&self) -> String {
        let last = self.lost.iter().max_by_key(|head| head.row).map_or_else(String::new, |head| head.row.to_string());
        let end = self.end.as_ref().map_or_else(|| "its beginning".to_owned(), |head| head.row.to_string());
        format!("A restored copy of the database lacks rows up to {last}; the audit goes on after {end}.")
    }
}

/// Returns the digest of a row that follows `before`, which is empty for the first row. Each field is hashed with its
/// length, so that different rows never hash the same bytes.
pub fn link(before: &str, row: &AuditRow) -> String {
    let mut hash = Sha256::new();
    let (id, at) = (row.id.0.to_string(), row.at.millis().to_string());
    for part in [before, &id, &at, &row.actor, &row.action, &row.subject, &row.detail] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// Result of verifying the audit hash chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCheck {
    /// Number of rows that match.
    pub rows: u64,
    /// Digest of the last matching row. Stored elsewhere, it proves later that no earlier row changed.
    pub digest: String,
    pub last: Option<AuditId>,
    /// The first row that does not match, with the reason.
    pub broken: Option<(AuditId, String)>,
    /// Heads stored outside the database that contradict it, one sentence each.
    #[serde(default)]
    pub contradictions: Vec<String>,
    /// Number of outside heads that were compared.
    #[serde(default)]
    pub compared: u64,
    /// Accepted losses by restored copies, one sentence each. They are permanent.
    #[serde(default)]
    pub accepted: Vec<String>,
    /// The newest lost or changed row, which an admin types to accept the loss.
    #[serde(default)]
    pub newest_lost: Option<AuditId>,
}

impl AuditCheck {
    /// Verifies the next row. Returns `false` if it does not match; later rows are then not counted.
    pub fn follow(&mut self, row: AuditRow) -> bool {
        let expected = self.last.map_or(row.id.0, |last| last.0 + 1);
        if row.id.0 != expected {
            self.broken = Some((row.id, format!("a{expected} is missing before it")));
        } else if self.last.is_none() && row.id.0 != 1 {
            self.broken = Some((row.id, "earlier rows are missing".to_owned()));
        } else if link(&self.digest, &row) != row.digest {
            self.broken = Some((row.id, "its digest does not match its content".to_owned()));
        } else {
            self.rows += 1;
            self.digest = row.digest;
            self.last = Some(row.id);
        }
        self.broken.is_none()
    }

    /// Compares the log with outside heads. `found` maps the rows of the heads that exist in the log to their
    /// digests.
    pub fn compare(&mut self, known: &[KnownHead], found: &BTreeMap<i64, String>) {
        for KnownHead { head, source } in known.iter().filter(|known| known.head.row.0 > 0) {
            self.compared += 1;
            let (row, at) = (head.row, head.at);
            match found.get(&row.0) {
                Some(digest) if *digest == head.digest => continue,
                Some(_) => self.contradictions.push(format!(
                    "{row} is not the row that was written at {at}: {source} has another digest ({}).",
                    head.digest
                )),
                None => {
                    let end = self.last.map_or_else(|| "it is empty".to_owned(), |last| format!("it ends at {last}"));
                    self.contradictions.push(format!(
                        "{row} is missing: {source} has its digest since {at}, and the audit log does not ({end})."
                    ));
                }
            }
            self.newest_lost = self.newest_lost.max(Some(row));
        }
    }

    /// Returns `true` if anything does not match.
    pub fn is_trouble(&self) -> bool {
        self.broken.is_some() || !self.contradictions.is_empty()
    }

    /// Describes the result, one sentence per mismatch.
    pub fn said(&self) -> String {
        let chain = [&[self.chain()], self.accepted.as_slice()].concat().join(" ");
        if self.contradictions.is_empty() {
            return match self.compared {
                0 => chain,
                count => format!("{chain} {count} digests outside the database match."),
            };
        }
        let row = self.newest_lost.map_or_else(|| "ROW".to_owned(), |row| row.to_string());
        format!(
            "{} {chain} Rows were removed or rewritten, or an older copy of the database was restored. In the latter case an admin \
             accepts it with `wadeck audit accept-restored --confirm {row}`.",
            self.contradictions.join(" ")
        )
    }

    /// Describes the result of the chain alone.
    fn chain(&self) -> String {
        match (&self.broken, self.last) {
            (Some((id, why)), _) => format!(
                "{id} is the first row that does not match: {why}. The {} rows before it are unchanged.",
                self.rows
            ),
            (None, None) => "The audit log is empty.".to_owned(),
            (None, Some(last)) => format!(
                "All {} rows up to {last} are unchanged. Keep the digest {} elsewhere to verify this later.",
                self.rows, self.digest
            ),
        }
    }
}
