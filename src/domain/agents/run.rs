//! Agent runs: one attempt of an agent to answer a batch of messages.

use serde::{Deserialize, Serialize};

/// State of an agent run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits until the contact pauses.
    Scheduled,
    Running,
    /// The reply is in the outbox.
    Answered,
    /// The suggested reply waits for a person.
    Proposed,
    /// The agent chose not to reply.
    Silent,
    /// A newer message arrived before the reply was sent.
    Superseded,
    /// The agent escalated the thread to a person.
    HandedOff,
    Failed,
    /// A person took the thread, or the agent was stopped.
    Cancelled,
    /// A person rejected the suggested reply.
    Rejected,
}

impl RunState {
    pub const ALL: [Self; 10] = [
        Self::Scheduled,
        Self::Running,
        Self::Answered,
        Self::Proposed,
        Self::Silent,
        Self::Superseded,
        Self::HandedOff,
        Self::Failed,
        Self::Cancelled,
        Self::Rejected,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Answered => "answered",
            Self::Proposed => "proposed",
            Self::Silent => "silent",
            Self::Superseded => "superseded",
            Self::HandedOff => "handed_off",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
