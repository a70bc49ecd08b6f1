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
}
