//! Statuses as they were reported, as they are shown.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::status::DeliveryStatus;
use super::text::Untrusted;
use super::time::Timestamp;

/// One status as it was reported, with the raw object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    pub status: DeliveryStatus,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub failure: Option<Failure>,
    pub raw: Untrusted,
}
