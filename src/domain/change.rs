//! Change notifications: ids of what changed, published after the commit. Receivers query the data again.

use crate::domain::ids::{ConnectionId, ThreadId};

/// Something that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    Connection(ConnectionId),
    Thread(ThreadId),
    Outbox,
    Deliveries,
    Templates,
    Flows,
    Agents,
    Alerts,
    Activity,
    /// The receiver missed notifications: everything may have changed.
    Everything,
}
