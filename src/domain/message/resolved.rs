//! Threads in which nothing is left to do.

use serde::{Deserialize, Serialize};

use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// A person said that nothing is left to do in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    pub at: Timestamp,
    pub by: String,
    /// What came of it; empty where nothing was said.
    pub reason: String,
}

impl Resolved {
    /// The same as a sentence.
    pub fn sentence(&self) -> String {
        let (by, reason) = (clean_line(&self.by), clean_line(&self.reason));
        if reason.is_empty() {
            format!("{by} resolved this thread.")
        } else {
            format!("{by} resolved this thread: {reason}.")
        }
    }

    /// Who resolved it, and what came of it, in one line.
    pub fn line(&self) -> String {
        let (by, reason) = (clean_line(&self.by), clean_line(&self.reason));
        if reason.is_empty() { format!("resolved by {by}") } else { format!("resolved by {by}: {reason}") }
    }
}
