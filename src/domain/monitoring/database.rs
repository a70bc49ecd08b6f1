//! Faults of the database file and its disk, with their remedies.

use std::time::Duration;

use crate::domain::time::short_span;

/// Why the database cannot be used reliably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseFault {
    /// The disk is full.
    Full,
    /// The disk reports read, write or synchronization errors.
    Disk,
    /// The file contains data that the database did not write.
    Damaged,
    /// The file or its directory cannot be opened for writing.
    NotWritable,
    /// Another program holds the lock.
    Locked,
    /// The database did not respond in time.
    NoAnswer,
}

impl DatabaseFault {
    /// Returns the fault for a SQLite result code; `None` for codes about values or statements. Source: SQLite,
    /// Result and Error Codes.
    pub const fn of_code(code: i32) -> Option<Self> {
        match code & 0xff {
            13 => Some(Self::Full),
            7 | 10 => Some(Self::Disk),
            11 | 26 => Some(Self::Damaged),
            3 | 8 | 14 | 23 => Some(Self::NotWritable),
            5 | 6 | 15 => Some(Self::Locked),
            _ => None,
        }
    }

    /// Returns what happened, as the beginning of a sentence.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Full => "Disk full: the database cannot be written",
            Self::Disk => "Disk failure: the database cannot be read or written",
            Self::Damaged => "The database file is damaged",
            Self::NotWritable => "The database file cannot be opened for writing",
            Self::Locked => "Another program has locked the database",
            Self::NoAnswer => "The database does not answer",
        }
    }

    /// Returns the remedy.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Full => {
                "Free space on the disk of the data directory. Until then webhooks get 503, and the provider sends them again. No restart is needed."
            }
            Self::Disk => {
                "Check the disk and its file system (`dmesg`). Until then webhooks get 503, and the provider sends them again. No restart is needed."
            }
            Self::Damaged => RESTORE,
            Self::NotWritable => {
                "Check owner, mode and mount options of the data directory. Until then webhooks get 503. No restart is needed."
            }
            Self::Locked => "Stop the other program that has wadeck.db open.",
            Self::NoAnswer => "Check the disk of the data directory and the load of the machine.",
        }
    }
}

/// Instructions to replace a damaged or lost database.
pub const RESTORE: &str = "Stop wadeck, move wadeck.db, wadeck.db-wal and wadeck.db-shm out of the data directory and keep them, \
     copy the newest file that `wadeck backup FILE` made to wadeck.db, and start wadeck. Webhooks are refused with 503 until then; \
     the provider sends them again.";

/// A database fault that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseTrouble {
    pub fault: DatabaseFault,
    /// Error message of the database.
    pub detail: String,
    /// How long the fault has lasted.
    pub lasted: Duration,
    /// How often the fault occurred.
    pub times: u64,
}

impl DatabaseTrouble {
    /// Returns what happened and for how long, in one sentence.
    pub fn reason(&self) -> String {
        format!("{} (for {}: {}).", self.fault.reason(), short_span(self.lasted), self.detail)
    }

    /// Returns what happened, and the remedy.
    pub fn said(&self) -> String {
        format!("{} {}", self.reason(), self.fault.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_codes_are_sorted_by_their_primary_code() {
        assert_eq!(DatabaseFault::of_code(13), Some(DatabaseFault::Full));
        assert_eq!(DatabaseFault::of_code(1_034), Some(DatabaseFault::Disk), "SQLITE_IOERR_FSYNC");
        assert_eq!(DatabaseFault::of_code(779), Some(DatabaseFault::Damaged), "SQLITE_CORRUPT_INDEX");
        assert_eq!(DatabaseFault::of_code(26), Some(DatabaseFault::Damaged));
        assert_eq!(DatabaseFault::of_code(2_067), None, "SQLITE_CONSTRAINT_UNIQUE is about values");
        assert_eq!(DatabaseFault::of_code(1), None);
    }
}
