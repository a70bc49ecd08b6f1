//! Threads that are put off until a time.

use serde::{Deserialize, Serialize};

use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};

/// A thread that waits for nobody until a time, or until its contact writes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snoozed {
    pub until: Timestamp,
    pub by: String,
    pub at: Timestamp,
}

impl Snoozed {
    /// The time that is left, such as `2h05`; `due` once it has passed and the thread has not come back yet.
    pub fn left(&self, now: Timestamp) -> String {
        if self.until <= now { "due".to_owned() } else { short_span(self.until.since(now)) }
    }

    /// Who snoozed it, and for how much longer, in one line.
    pub fn line(&self, now: Timestamp) -> String {
        format!("snoozed by {}: {} left", clean_line(&self.by), self.left(now))
    }
}
