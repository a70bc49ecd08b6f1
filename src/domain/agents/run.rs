//! Agent runs: one try of an agent to answer, over a batch of messages.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for the burst to end.
    Scheduled,
    Running,
    /// Its words are in the outbox.
    Answered,
    /// Its words wait for a person to accept them.
    Proposed,
    /// It chose to say nothing.
    Silent,
    /// A newer message came before its words went.
    Superseded,
    /// It gave the thread to a person.
    HandedOff,
    Failed,
    /// A person took the thread, or the agent was stopped.
    Cancelled,
    /// A person read its proposal and did not want it.
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
