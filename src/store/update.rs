//! Whether a conditional write found what it was to change.

use crate::domain::refusal::Refusal;

/// How a write ended that names the state in which it expects its row.
#[must_use = "a write that changed nothing means that somebody else was first: refuse, or say why that does no harm"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// The row was as expected and is changed.
    Applied,
    /// No row was in the expected state; nothing is changed.
    Missed,
}

impl Update {
    /// From the number of rows that a statement changed.
    pub(super) fn of(rows: u64) -> Self {
        if rows > 0 { Self::Applied } else { Self::Missed }
    }

    /// Whether the row is changed.
    #[must_use]
    pub fn applied(self) -> bool {
        self == Self::Applied
    }

    /// Refuses where nothing was changed.
    pub fn or_refuse(self, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
        match self {
            Self::Applied => Ok(()),
            Self::Missed => Err(refusal()),
        }
    }

    /// For writes that only tidy up: it does no harm if there was nothing to change.
    pub fn either_way(self) {}
}
