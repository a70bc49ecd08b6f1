//! What can be picked in this pane.

use crate::domain::ids::ThreadId;

/// What is picked from about agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum AgentFinder {
    /// Whom to silence, or to let go on.
    Stop,
    /// What can be done about the agent of a thread.
    Menu(ThreadId),
    /// Which agent to propose, for a thread where one is named.
    Propose(Option<ThreadId>),
}
