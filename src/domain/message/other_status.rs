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
}
