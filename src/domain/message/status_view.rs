//! Statuses as they were reported, as they are shown.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::message::status::DeliveryStatus;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// One status as it was reported, with the raw object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    pub status: DeliveryStatus,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub failure: Option<Failure>,
    pub raw: Untrusted,
    /// The time that was told and that cannot be; `at` is the time at which it came then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}

/// What is said of a time that was told and cannot be; nothing where it can.
pub fn impossible(told_at: Option<Timestamp>) -> String {
    told_at.map(|told| format!(", time of arrival; the reported time {told} is impossible")).unwrap_or_default()
}
