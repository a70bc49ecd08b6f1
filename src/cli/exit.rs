//! How a command ends: the exit codes of the command line.

use crate::domain::code::Code;

/// How a command ended, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Refused = 3,
    Uncertain = 5,
}

impl Exit {
    /// Returns how a command ends that ends with an error of this code.
    pub fn of(code: Code) -> Self {
        match code.exit_code() {
            2 => Self::Usage,
            3 => Self::Refused,
            5 => Self::Uncertain,
            _ => Self::Failed,
        }
    }
}
