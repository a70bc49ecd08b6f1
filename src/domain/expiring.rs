//! Threads whose service window closes while somebody waits.

use serde::{Deserialize, Serialize};

use crate::domain::view::ThreadRow;

/// A thread that will be lost next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadarRow {
    #[serde(flatten)]
    pub thread: ThreadRow,
    /// Who answers it, or nobody.
    pub owner: Option<String>,
    /// What letting the window lapse would cost.
    pub cost: String,
}
