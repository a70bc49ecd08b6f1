//! Who has a console open, where they are, and what a colleague gave them.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ThreadId;
use crate::domain::time::Timestamp;

/// A thread that a colleague gave to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    pub thread: ThreadId,
    /// Whose thread it is, as lists show them.
    pub contact: String,
    pub by: String,
    pub at: Timestamp,
}

/// Somebody with a console open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    pub who: String,
    pub role: String,
    /// Over which way: this machine, the socket, or SSH.
    pub how: String,
    pub since: Timestamp,
    /// The thread that they look at.
    pub thread: Option<ThreadId>,
    pub writes: bool,
}

/// A colleague at a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub who: String,
    pub writes: bool,
}
