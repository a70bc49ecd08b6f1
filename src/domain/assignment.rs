//! Which agent answers what, in which mode, decided by whom.

use serde::{Deserialize, Serialize};

use super::ids::{AssignmentId, ConnectionId, ThreadId};
use super::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Says nothing.
    Off,
    /// Writes proposals that a person accepts, edits or rejects.
    Draft,
    /// Answers by itself.
    Auto,
}

impl Mode {
    pub const ALL: [Self; 3] = [Self::Off, Self::Draft, Self::Auto];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Draft => "draft",
            Self::Auto => "auto",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// Waits for an admin.
    Proposed,
    /// In force.
    Approved,
    Rejected,
    /// Taken back, or replaced by a newer one.
    Revoked,
    /// Nobody decided in time, or its time is over. Not the same as rejected.
    Expired,
}

impl AssignmentState {
    pub const ALL: [Self; 5] = [Self::Proposed, Self::Approved, Self::Rejected, Self::Revoked, Self::Expired];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub id: AssignmentId,
    pub connection: ConnectionId,
    /// One thread only; none means every thread of the connection that has none of its own.
    pub thread: Option<ThreadId>,
    pub agent: String,
    pub mode: Mode,
    pub state: AssignmentState,
    /// Declared in the configuration file: approved by whoever owns the file.
    pub from_file: bool,
    pub proposed_by: String,
    pub proposed_at: Timestamp,
    pub decided_by: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub reason: Option<String>,
}
