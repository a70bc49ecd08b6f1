//! Statuses in words that nobody here knows, as they are shown.

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// A status in a word that nobody here knows, as it was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherStatusView {
    pub word: Untrusted,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub raw: Untrusted,
    /// The time that was told and that cannot be; `at` is the time at which it came then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}
