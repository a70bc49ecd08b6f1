//! Delivery statuses as shown to people.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::message::status::DeliveryStatus;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// A reported status with the raw object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    pub status: DeliveryStatus,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub failure: Option<Failure>,
    pub raw: Untrusted,
    /// The reported time, if it is impossible; `at` is then the time of arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}

/// Returns a remark about an impossible reported time; empty if there is none.
pub fn impossible(told_at: Option<Timestamp>) -> String {
    told_at.map(|told| format!(", time of arrival; the reported time {told} is impossible")).unwrap_or_default()
}
