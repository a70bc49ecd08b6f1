//! Agent assignments: which agent answers which threads, in which mode, and who approved it.

use serde::{Deserialize, Serialize};

use crate::domain::agents::contract::Contract;
use crate::domain::code::Code;
use crate::domain::ids::{AssignmentId, ConnectionId, ThreadId};
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// How an agent takes part in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Does not reply.
    Off,
    /// Suggests replies that a person accepts, edits or rejects.
    Draft,
    /// Replies without a person.
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

    /// Returns `true` if this mode permits no more than the other: off, then draft, then auto.
    pub fn is_within(self, other: Self) -> bool {
        let rank = |mode| Self::ALL.iter().position(|one| *one == mode);
        rank(self) <= rank(other)
    }
}

/// State of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// Waits for an admin's decision.
    Proposed,
    /// The first of two required approvers has approved.
    Approved,
    /// In force.
    Active,
    Rejected,
    /// Revoked, or replaced by a newer assignment.
    Revoked,
    /// Not decided in time, or past its expiry time. This is not a rejection.
    Expired,
}

impl AssignmentState {
    pub const ALL: [Self; 6] =
        [Self::Proposed, Self::Approved, Self::Active, Self::Rejected, Self::Revoked, Self::Expired];

    /// Returns `true` while the assignment waits for an approval.
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

/// Stored reason of an assignment that expired while in force, as opposed to one that expired undecided.
pub const TIME_IS_OVER: &str = "it expired";

/// Assigns an agent to a connection or a thread, under a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub id: AssignmentId,
    pub connection: ConnectionId,
    /// Limits the assignment to one thread; `None` covers every thread of the connection without its own assignment.
    pub thread: Option<ThreadId>,
    pub agent: String,
    pub mode: Mode,
    pub state: AssignmentState,
    /// The configuration file declares the assignment; it needs no approval here.
    pub from_file: bool,
    /// Order in which the assignments of a connection are tried; 0 has no conditions and is tried last.
    pub place: u32,
    pub contract: Contract,
    /// Digest of the agent when it was approved, and since when the agent differs from it. A changed agent does not
    /// reply until it is approved again.
    pub agent_digest: Option<String>,
    pub stale_since: Option<Timestamp>,
    /// Digest of the rehearsal that was finished before the decision.
    pub evidence: Option<String>,
    pub proposed_by: String,
    pub proposed_at: Timestamp,
    /// The first approver, if two are required.
    pub approved_by: Option<String>,
    pub approved_at: Option<Timestamp>,
    /// Person behind the first approval; for a program, the person who created its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_person: Option<String>,
    /// Digest of the agent at the first approval. If the agent has changed since, the first approval does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_digest: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// The approvals list hides the assignment until this time.
    pub snoozed_until: Option<Timestamp>,
}

impl Assignment {
    /// Returns the rehearsal digest if the agent has not changed since; else `None`.
    pub fn evidence_for(&self, agent_digest: &str) -> Option<String> {
        self.evidence.clone().filter(|_| self.agent_digest.as_deref() == Some(agent_digest))
    }

    /// Returns `true` if a proposal has the same terms. Expiry times are compared in whole seconds, as people type
    /// them.
    pub fn has_same_terms(&self, proposal: &Proposal) -> bool {
        let seconds = |at: Option<Timestamp>| at.map(|at| at.millis().div_euclid(1_000));
        (self.connection, self.thread, &self.agent) == (proposal.connection, proposal.thread, &proposal.agent)
            && (self.mode, &self.contract) == (proposal.mode, &proposal.contract)
            && seconds(self.expires_at) == seconds(proposal.expires_at)
    }

    /// Returns `true` if both have the same connection, thread and place; the newer one then replaces the older.
    pub fn shares_place_with(&self, other: &Self) -> bool {
        self.connection == other.connection && self.thread == other.thread && self.place == other.place
    }
}

/// The assignment in force, as shown in lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentView {
    pub agent: String,
    pub mode: Mode,
    /// A stop applies to the agent: in this thread, for this agent, or for all agents.
    #[serde(default)]
    pub stopped: bool,
    /// The agent changed since its approval and does not reply until it is approved again.
    #[serde(default)]
    pub stale: bool,
}

impl AssignmentView {
    /// Describes which agent replies and in which mode, or why it does not reply.
    pub fn words(&self) -> String {
        let agent = clean_line(&self.agent);
        match self {
            Self { stopped: true, .. } => format!("{agent} is stopped"),
            Self { stale: true, .. } => format!("{agent} is silent: changed since its approval"),
            Self { mode: Mode::Off, .. } => format!("{agent} is off"),
            Self { mode, .. } => format!("{agent} answers ({})", mode.name()),
        }
    }

    /// A shorter description, for places whose label already says that it is about the agent.
    pub fn brief(&self) -> String {
        let state = match self {
            Self { stopped: true, .. } => "stopped",
            Self { stale: true, .. } => "silent: changed since its approval",
            Self { mode, .. } => mode.name(),
        };
        format!("{} ({state})", clean_line(&self.agent))
    }
}

/// Rules for approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Two different people have to approve.
    pub require_two_approvers: bool,
    /// Only rehearsed assignments can be approved.
    pub require_rehearsal: bool,
    /// Time after which undecided proposals expire.
    pub undecided: std::time::Duration,
    /// An agent that fails a kept conversation is lowered from `auto` to `draft`.
    pub draft_after_failed_rehearsal: bool,
    /// The hour of the day, in the engine's zone, at which agents are tested with their kept conversations; `None` for
    /// never.
    pub rehearse_at_hour: Option<u32>,
}

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self {
            require_two_approvers: false,
            require_rehearsal: false,
            undecided: std::time::Duration::from_secs(72 * 3_600),
            draft_after_failed_rehearsal: false,
            rehearse_at_hour: Some(3),
        }
    }
}

/// Result of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// The assignment is in force.
    Active,
    /// A second person has to approve.
    FirstOfTwo,
}

/// Who approves, and the agent version that they approve.
#[derive(Debug, Clone, Copy)]
pub struct Approver<'a> {
    /// The person behind the request; several tokens of one person count as one approver.
    pub person: &'a str,
    /// Current digest of the agent.
    pub agent_digest: &'a str,
    /// The current agent version was rehearsed.
    pub rehearsed: bool,
}

impl ApprovalPolicy {
    /// Returns `true` if one person can approve without a second approver and without a rehearsal.
    pub const fn takes_one_word(&self) -> bool {
        !self.require_two_approvers && !self.require_rehearsal
    }
}

/// Decides an approval under the policy. It applies to everything that puts an assignment in force, including the
/// re-approval of one whose agent has changed.
pub fn approve(assignment: &Assignment, by: Approver<'_>, policy: ApprovalPolicy) -> Result<Approval, Refusal> {
    if policy.require_rehearsal && !by.rehearsed {
        let why = "This version of the agent was not rehearsed.";
        return Err(Refusal::new(
            Code::NotRehearsed,
            why,
            "Rehearse the assignment, or the agent with written conversations, and read the answers.",
        ));
    }
    if !policy.require_two_approvers {
        return Ok(Approval::Active);
    }
    let first = assignment.approved_person.as_deref();
    match first.filter(|_| assignment.approved_digest.as_deref() == Some(by.agent_digest)) {
        None => Ok(Approval::FirstOfTwo),
        Some(first) if first == by.person => {
            let why = "You approved this already, and two people must approve.";
            Err(Refusal::new(Code::SecondPerson, why, "Ask another admin to approve."))
        }
        Some(_) => Ok(Approval::Active),
    }
}

/// The terms of an assignment before it is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub connection: ConnectionId,
    /// Limits the assignment to one thread.
    #[serde(default)]
    pub thread: Option<ThreadId>,
    pub agent: String,
    pub mode: Mode,
    #[serde(default)]
    pub contract: Contract,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(person: &str, rehearsed: bool) -> Approver<'_> {
        Approver { person, agent_digest: "as it is", rehearsed }
    }

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
            approved_person: approved_by.map(str::to_owned),
            approved_digest: approved_by.map(|_| "as it is".to_owned()),
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
        let two = ApprovalPolicy { require_two_approvers: true, ..alone };
        assert_eq!(approve(&assignment("ada", None), by("ada", false), alone), Ok(Approval::Active));
        assert_eq!(approve(&assignment("ada", None), by("ada", false), two), Ok(Approval::FirstOfTwo));
        assert!(approve(&assignment("ada", Some("ada")), by("ada", false), two).is_err(), "the proposer alone never");
        assert_eq!(approve(&assignment("ada", Some("ada")), by("noor", false), two), Ok(Approval::Active));
        let changed = Assignment { approved_digest: Some("as it was".into()), ..assignment("ada", Some("ada")) };
        assert_eq!(approve(&changed, by("noor", false), two), Ok(Approval::FirstOfTwo), "ada saw another agent");
        let seen = ApprovalPolicy { require_rehearsal: true, ..alone };
        assert!(approve(&assignment("ada", None), by("ada", false), seen).is_err());
        assert_eq!(approve(&assignment("ada", None), by("ada", true), seen), Ok(Approval::Active));
    }
}
