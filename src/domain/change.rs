//! Something stored differs now: ids only, told after the commit. Whoever shows it asks again.

use crate::domain::ids::{ConnectionId, ThreadId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The listener missed something: everything may differ.
    Everything,
}
