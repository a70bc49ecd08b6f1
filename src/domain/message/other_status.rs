//! Delivery statuses that wadeck does not support.

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// An unsupported status as the provider reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherStatusView {
    pub word: Untrusted,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub raw: Untrusted,
    /// The reported time, if it is impossible; `at` is then the time of arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}
