//! What can go wrong with the database file and its disk, and what a person does about it.

use std::time::Duration;

use crate::domain::time::short_span;

/// Why the database cannot be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseFault {
    /// No room is left on the disk.
    Full,
    /// The disk reports errors when it is read, written or synchronized.
    Disk,
    /// The file holds what the database never wrote.
    Damaged,
    /// The file, or its directory, cannot be opened for writing.
    NotWritable,
    /// Another program holds the lock.
    Locked,
    /// Nothing came back in time.
    NoAnswer,
}

impl DatabaseFault {
    /// The fault for a primary SQLite result code; `None` for codes that are about values or statements.
    /// (SQLite: Result and Error Codes.)
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

    /// What happened, as the beginning of a sentence.
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

    /// What to do about it.
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

/// How a damaged or lost database is replaced by hand.
pub const RESTORE: &str = "Stop wadeck, move wadeck.db, wadeck.db-wal and wadeck.db-shm out of the data directory and keep them, \
     copy the newest file that `wadeck backup FILE` made to wadeck.db, and start wadeck. Webhooks are refused with 503 until then; \
     the provider sends them again.";

/// Trouble with the database that stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseTrouble {
    pub fault: DatabaseFault,
    /// What the database itself said.
    pub detail: String,
    /// How long it has lasted.
    pub lasted: Duration,
    /// How often it was met.
    pub times: u64,
}

impl DatabaseTrouble {
    /// What happened and since when, in one sentence.
    pub fn reason(&self) -> String {
        format!("{} (for {}: {}).", self.fault.reason(), short_span(self.lasted), self.detail)
    }

    /// What happened, and what to do.
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
