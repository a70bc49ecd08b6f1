//! The scope that is shown: one organization's environment.

use crate::domain::numbers::connection::Environment;
use crate::domain::text::clean_line;

/// One organization and one of its environments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    pub organization: String,
    pub environment: Environment,
}

impl Shown {
    /// Returns the scope as text, with the environment as a word so that it is readable without color.
    pub fn words(&self) -> String {
        format!("{} {}", self.environment.badge(), clean_line(&self.organization))
    }
}
