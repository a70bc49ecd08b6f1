//! Results of conditional writes.

use crate::domain::refusal::Refusal;

/// Result of a write that requires its row to be in a certain state.
#[must_use = "a write that changed nothing means that somebody else was first: refuse, or say why that does no harm"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// The row was as expected and is changed.
    Applied,
    /// No row was in the expected state; nothing is changed.
    Missed,
}

impl Update {
    /// Converts the number of rows that a statement changed.
    pub(super) fn of(rows: u64) -> Self {
        if rows > 0 { Self::Applied } else { Self::Missed }
    }

    /// Returns `true` if the row is changed.
    #[must_use]
    pub fn applied(self) -> bool {
        self == Self::Applied
    }

    /// Fails with the refusal if nothing was changed.
    pub fn or_refuse(self, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
        match self {
            Self::Applied => Ok(()),
            Self::Missed => Err(refusal()),
        }
    }

    /// Ignores the result, for writes that only tidy up.
    pub fn ignore(self) {}
}
