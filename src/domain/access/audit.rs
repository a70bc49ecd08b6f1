//! The audit's chain: every row carries a digest over itself and the row before, so that whoever
//! changes one has to change all that follow, and whoever kept a later digest can tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::ids::AuditId;
use crate::domain::time::Timestamp;

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

/// The last row of the audit at some time, kept outside the database: a later audit has to hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// 0 while the audit is empty.
    pub row: AuditId,
    pub digest: String,
    pub at: Timestamp,
}

/// A head with where it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHead {
    pub head: AuditHead,
    /// Such as `audit.head`, `the log`, `this engine`.
    pub source: String,
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
    /// What is kept outside the database and does not fit it, a sentence each.
    #[serde(default)]
    pub contradictions: Vec<String>,
    /// How many heads were kept outside and compared.
    #[serde(default)]
    pub compared: u64,
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

    /// Compares with heads that were kept outside. `found` holds the digests of those of their rows that are
    /// there, by row.
    pub fn compare(&mut self, known: &[KnownHead], found: &BTreeMap<i64, String>) {
        for KnownHead { head, source } in known.iter().filter(|known| known.head.row.0 > 0) {
            self.compared += 1;
            let (row, at) = (head.row, head.at);
            match found.get(&row.0) {
                Some(digest) if *digest == head.digest => {}
                Some(_) => self.contradictions.push(format!(
                    "{row} is not the row that was written at {at}: {source} has another digest of it ({}).",
                    head.digest
                )),
                None => {
                    let end = self.last.map_or_else(|| "it is empty".to_owned(), |last| format!("it ends at {last}"));
                    self.contradictions.push(format!(
                        "{row} is missing: {source} has its digest since {at}, and the audit does not hold it ({end}). \
                         Rows were removed, or an older copy of the database was restored; after a restore, move \
                         audit.head and the logs of before out of the data directory, and keep them."
                    ));
                }
            }
        }
    }

    /// Whether anything does not fit.
    pub fn is_trouble(&self) -> bool {
        self.broken.is_some() || !self.contradictions.is_empty()
    }

    /// The verdict, a sentence for each thing that does not fit.
    pub fn said(&self) -> String {
        let chain = self.chain();
        if self.contradictions.is_empty() {
            return match self.compared {
                0 => chain,
                count => format!("{chain} {count} digests kept outside the database fit."),
            };
        }
        format!(
            "{} {chain} If a backup was restored, this is what it lacks; move audit.head out of the data directory to begin anew. \
             Otherwise somebody removed or rewrote rows.",
            self.contradictions.join(" ")
        )
    }

    fn chain(&self) -> String {
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
