//! Resolved threads.

use serde::{Deserialize, Serialize};

use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// A person marked a thread as resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    pub at: Timestamp,
    pub by: String,
    /// The stated result; empty if none was given.
    pub reason: String,
}

impl Resolved {
    /// Returns who resolved the thread and the result, as a sentence.
    pub fn sentence(&self) -> String {
        let (by, reason) = (clean_line(&self.by), clean_line(&self.reason));
        if reason.is_empty() {
            format!("{by} resolved this thread.")
        } else {
            format!("{by} resolved this thread: {reason}.")
        }
    }

    /// Returns who resolved the thread and the result, in one line.
    pub fn line(&self) -> String {
        let (by, reason) = (clean_line(&self.by), clean_line(&self.reason));
        if reason.is_empty() { format!("resolved by {by}") } else { format!("resolved by {by}: {reason}") }
    }
}
