//! The audit's chain: every row carries a digest over itself and the row before, so that whoever
//! changes one has to change all that follow, and whoever kept a later digest can tell.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ids::AuditId;
use super::time::Timestamp;

/// Who did what, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub detail: String,
    /// SHA-256 over this row and the digest before, in hexadecimal.
    #[serde(default)]
    pub digest: String,
}

/// The digest of a row that follows on `before`; the first follows on nothing. Every part is preceded
/// by its length, so that no two rows read alike.
pub fn link(before: &str, row: &AuditRow) -> String {
    let mut hash = Sha256::new();
    let (id, at) = (row.id.0.to_string(), row.at.millis().to_string());
    for part in [before, &id, &at, &row.actor, &row.action, &row.subject, &row.detail] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// How far the chain was followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCheck {
    /// Rows that fit.
    pub rows: u64,
    /// The digest of the last that fits: kept elsewhere, it proves later that nothing before it changed.
    pub digest: String,
    pub last: Option<AuditId>,
    /// The first that does not fit, and why.
    pub broken: Option<(AuditId, String)>,
}

impl AuditCheck {
    /// Takes the next row. `false`: it does not fit, and nothing after it counts.
    pub fn follow(&mut self, row: AuditRow) -> bool {
        let expected = self.last.map_or(row.id.0, |last| last.0 + 1);
        if row.id.0 != expected {
            self.broken = Some((row.id, format!("a{expected} is missing before it")));
        } else if self.last.is_none() && row.id.0 != 1 {
            self.broken = Some((row.id, "the rows before it are missing".to_owned()));
        } else if link(&self.digest, &row) != row.digest {
            self.broken = Some((row.id, "it is not what was written: its digest does not fit".to_owned()));
        } else {
            self.rows += 1;
            self.digest = row.digest;
            self.last = Some(row.id);
        }
        self.broken.is_none()
    }

    /// The verdict in one sentence.
    pub fn said(&self) -> String {
        match (&self.broken, self.last) {
            (Some((id, why)), _) => format!(
                "{id} is the first row that does not fit: {why}. The {} before it are as they were written.",
                self.rows
            ),
            (None, None) => "The audit is empty.".to_owned(),
            (None, Some(last)) => format!(
                "All {} rows up to {last} are as they were written. Keep the digest {} elsewhere: it proves this later.",
                self.rows, self.digest
            ),
        }
    }
}
