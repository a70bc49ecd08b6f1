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

/// Rows that a restored copy of the database lacks, as the audit names them once somebody accepted that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredRows {
    /// Ends of the audit of before that it does not hold any more.
    pub lost: Vec<AuditHead>,
    /// The last row of the copy, from which it goes on; none where it was empty.
    pub end: Option<AuditHead>,
}

impl RestoredRows {
    /// The detail of the audit's row: every digest that is not there, and the one from which the audit goes on.
    pub fn detail(&self) -> String {
        let word = |head: &AuditHead| format!("{} {}", head.row, head.digest);
        let lost: Vec<String> = self.lost.iter().map(word).collect();
        let end = self.end.as_ref().map_or_else(|| "an empty audit log".to_owned(), word);
        format!("lost {}; goes on after {end}", lost.join(", "))
    }

    /// The digests that a detail accepts as lost.
    pub fn lost_digests(detail: &str) -> impl Iterator<Item = &str> {
        let lost = detail.strip_prefix("lost ").and_then(|rest| rest.split(';').next()).unwrap_or_default();
        lost.split(", ").filter_map(|one| one.split_once(' ')).map(|(_, digest)| digest)
    }

    /// What was accepted, in a sentence.
    pub fn words(&self) -> String {
        let last = self.lost.iter().max_by_key(|head| head.row).map_or_else(String::new, |head| head.row.to_string());
        let end = self.end.as_ref().map_or_else(|| "its beginning".to_owned(), |head| head.row.to_string());
        format!("A restored copy of the database lacks rows up to {last}; the audit goes on after {end}.")
    }
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
    /// Who accepted that a restored copy lacks rows, a sentence each. Stays for good.
    #[serde(default)]
    pub accepted: Vec<String>,
    /// The newest row that is missing or another one, to be typed by whoever accepts that.
    #[serde(default)]
    pub newest_lost: Option<AuditId>,
}

impl AuditCheck {
    /// Takes the next row. `false`: it does not fit, and nothing after it counts.
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

    /// Compares with heads that were kept outside. `found` holds the digests of those of their rows that are
    /// there, by row.
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

    /// Whether anything does not fit.
    pub fn is_trouble(&self) -> bool {
        self.broken.is_some() || !self.contradictions.is_empty()
    }

    /// The verdict, a sentence for each thing that does not fit.
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
