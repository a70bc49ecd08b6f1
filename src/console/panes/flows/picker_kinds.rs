//! What can be picked in this pane.

/// What is picked from about a Flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum FlowFinder {
    Starters,
    /// Versions, to compare with the newest.
    Versions,
    Endpoint,
    /// Flows that can be sent in the open thread.
    ToSend,
}
