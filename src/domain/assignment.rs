//! Which agent answers what, in which mode, decided by whom.

use serde::{Deserialize, Serialize};

use super::contract::Contract;
use super::ids::{AssignmentId, ConnectionId, ThreadId};
use super::request::Refusal;
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
    /// One of two persons has agreed.
    Approved,
    /// In force.
    Active,
    Rejected,
    /// Taken back, or replaced by a newer one.
    Revoked,
    /// Nobody decided in time, or its time is over. Not the same as rejected.
    Expired,
}

impl AssignmentState {
    pub const ALL: [Self; 6] =
        [Self::Proposed, Self::Approved, Self::Active, Self::Rejected, Self::Revoked, Self::Expired];

    /// Whether somebody has still to decide.
    pub const fn waits(self) -> bool {
        matches!(self, Self::Proposed | Self::Approved)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Active => "active",
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
    /// In which order those of one connection are tried; 0, which has no conditions, last.
    pub place: u32,
    pub contract: Contract,
    /// What the agent was when it was approved, and since when it is something else: then it says
    /// nothing until somebody looks again.
    pub agent_digest: Option<String>,
    pub stale_since: Option<Timestamp>,
    /// The digest of what was rehearsed and seen before the decision.
    pub evidence: Option<String>,
    pub proposed_by: String,
    pub proposed_at: Timestamp,
    /// The first of two persons, where two are needed.
    pub approved_by: Option<String>,
    pub approved_at: Option<Timestamp>,
    pub decided_by: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// Whoever looks through approvals is not asked again before this.
    pub snoozed_until: Option<Timestamp>,
}

impl Assignment {
    /// Whether the same place is meant: then one takes the other's.
    pub fn shares_place_with(&self, other: &Self) -> bool {
        self.connection == other.connection && self.thread == other.thread && self.place == other.place
    }
}

/// How approvals are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Two different persons have to agree, so that nobody approves what they proposed alone.
    pub two_persons: bool,
    /// Nothing is approved that was not rehearsed.
    pub rehearsed: bool,
    /// Proposals that nobody decides about expire after this.
    pub undecided: std::time::Duration,
}

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self { two_persons: false, rehearsed: false, undecided: std::time::Duration::from_secs(72 * 3_600) }
    }
}

/// What follows when somebody who may approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It is in force.
    Active,
    /// Another person has to agree too.
    FirstOfTwo,
}

/// The rule of approving.
pub fn approve(
    assignment: &Assignment,
    by: &str,
    policy: ApprovalPolicy,
    rehearsed: bool,
) -> Result<Approval, Refusal> {
    if policy.rehearsed && !rehearsed {
        let why = "Nothing was rehearsed with this agent as it is now.";
        return Err(Refusal::new("not_rehearsed", why, "Rehearse it first, and look at what it would have said."));
    }
    if !policy.two_persons {
        return Ok(Approval::Active);
    }
    match &assignment.approved_by {
        None => Ok(Approval::FirstOfTwo),
        Some(first) if first == by => {
            let why = "You agreed already, and it takes two persons.";
            Err(Refusal::new("second_person", why, "Ask another admin."))
        }
        Some(_) => Ok(Approval::Active),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(proposed_by: &str, approved_by: Option<&str>) -> Assignment {
        Assignment {
            id: AssignmentId(1),
            connection: ConnectionId(1),
            thread: None,
            agent: "helper".into(),
            mode: Mode::Auto,
            state: AssignmentState::Proposed,
            from_file: false,
            place: 0,
            contract: Contract::default(),
            agent_digest: None,
            stale_since: None,
            evidence: None,
            proposed_by: proposed_by.into(),
            proposed_at: Timestamp::EPOCH,
            approved_by: approved_by.map(str::to_owned),
            approved_at: None,
            decided_by: None,
            decided_at: None,
            reason: None,
            expires_at: None,
            snoozed_until: None,
        }
    }

    #[test]
    fn two_persons_are_two() {
        let alone = ApprovalPolicy::default();
        let two = ApprovalPolicy { two_persons: true, ..alone };
        assert_eq!(approve(&assignment("ada", None), "ada", alone, false), Ok(Approval::Active));
        assert_eq!(approve(&assignment("ada", None), "ada", two, false), Ok(Approval::FirstOfTwo));
        assert!(approve(&assignment("ada", Some("ada")), "ada", two, false).is_err(), "the proposer alone never");
        assert_eq!(approve(&assignment("ada", Some("ada")), "noor", two, false), Ok(Approval::Active));
        let seen = ApprovalPolicy { rehearsed: true, ..alone };
        assert!(approve(&assignment("ada", None), "ada", seen, false).is_err());
        assert_eq!(approve(&assignment("ada", None), "ada", seen, true), Ok(Approval::Active));
    }
}
