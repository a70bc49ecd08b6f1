//! What is shown: one organization's environment.

use crate::domain::numbers::connection::Environment;
use crate::domain::text::clean_line;

/// One organization's environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    pub organization: String,
    pub environment: Environment,
}

impl Shown {
    /// As it is said, in letters that a colour is not needed for.
    pub fn words(&self) -> String {
        format!("{} {}", self.environment.badge(), clean_line(&self.organization))
    }
}
