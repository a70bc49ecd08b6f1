//! The activity stream: alerts, deliveries and audited changes.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AlertId, AuditId, DeliveryId, MessageId, ThreadId};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// A row of the activity stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRow {
    pub at: Timestamp,
    pub kind: ActivityKind,
    pub text: Untrusted,
    pub thread: Option<ThreadId>,
}

/// What a row of the activity stream is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ActivityKind {
    Alert {
        id: AlertId,
        acknowledged_by: Option<String>,
        count: u32,
    },
    Delivery {
        id: DeliveryId,
        state: DeliveryState,
        /// The original of a message that arrived with an earlier delivery.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duplicate_of: Option<MessageId>,
        /// How often the same delivery was repeated.
        #[serde(default)]
        repeats: u32,
    },
    Audit {
        id: AuditId,
        actor: String,
    },
}
