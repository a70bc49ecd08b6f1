//! Which agent answers what, in which mode, decided by whom.

use serde::{Deserialize, Serialize};

use crate::domain::agents::contract::Contract;
use crate::domain::code::Code;
use crate::domain::ids::{AssignmentId, ConnectionId, ThreadId};
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

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

    /// Whether it allows no more than the other: nothing, a draft, an answer.
    pub fn is_within(self, other: Self) -> bool {
        let rank = |mode| Self::ALL.iter().position(|one| *one == mode);
        rank(self) <= rank(other)
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

/// Why an assignment that was in force is expired; one that waited is expired for another reason.
pub const TIME_IS_OVER: &str = "it expired";

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
    /// Who that is: where a program agreed, the person who made its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_person: Option<String>,
    /// What the agent was when the first person agreed. With another agent, nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_digest: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// Whoever looks through approvals is not asked again before this.
    pub snoozed_until: Option<Timestamp>,
}

impl Assignment {
    /// What was rehearsed before the decision, where the agent is still the one that it was rehearsed with.
    pub fn evidence_for(&self, agent_digest: &str) -> Option<String> {
        self.evidence.clone().filter(|_| self.agent_digest.as_deref() == Some(agent_digest))
    }

    /// Whether a proposal asks for exactly this. Times are told, and typed, in seconds.
    pub fn says_the_same(&self, proposal: &Proposal) -> bool {
        let seconds = |at: Option<Timestamp>| at.map(|at| at.millis().div_euclid(1_000));
        (self.connection, self.thread, &self.agent) == (proposal.connection, proposal.thread, &proposal.agent)
            && (self.mode, &self.contract) == (proposal.mode, &proposal.contract)
            && seconds(self.expires_at) == seconds(proposal.expires_at)
    }

    /// Whether the same place is meant: then one takes the other's.
    pub fn shares_place_with(&self, other: &Self) -> bool {
        self.connection == other.connection && self.thread == other.thread && self.place == other.place
    }
}

/// The assignment in force, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentView {
    pub agent: String,
    pub mode: Mode,
    /// It was told to be silent: here, everywhere, or every agent was.
    #[serde(default)]
    pub stopped: bool,
    /// The agent has changed since it was approved: it is silent until somebody approves it anew.
    #[serde(default)]
    pub stale: bool,
}

impl AssignmentView {
    /// Who answers and how; or why they do not.
    pub fn words(&self) -> String {
        let agent = clean_line(&self.agent);
        match self {
            Self { stopped: true, .. } => format!("{agent} is stopped"),
            Self { stale: true, .. } => format!("{agent} is silent: changed since its approval"),
            Self { mode: Mode::Off, .. } => format!("{agent} is off"),
            Self { mode, .. } => format!("{agent} answers ({})", mode.name()),
        }
    }

    /// The same where a label says already that it is about the agent.
    pub fn brief(&self) -> String {
        let state = match self {
            Self { stopped: true, .. } => "stopped",
            Self { stale: true, .. } => "silent: changed since its approval",
            Self { mode, .. } => mode.name(),
        };
        format!("{} ({state})", clean_line(&self.agent))
    }
}

/// How approvals are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Two different persons have to agree, so that nobody approves what they proposed alone.
    pub require_two_approvers: bool,
    /// Nothing is approved that was not rehearsed.
    pub require_rehearsal: bool,
    /// Proposals that nobody decides about expire after this.
    pub undecided: std::time::Duration,
}

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self {
            require_two_approvers: false,
            require_rehearsal: false,
            undecided: std::time::Duration::from_secs(72 * 3_600),
        }
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

/// Who approves, and what they have seen.
#[derive(Debug, Clone, Copy)]
pub struct Approver<'a> {
    /// The person, whichever way they come: somebody with two tokens is one.
    pub person: &'a str,
    /// What the agent is now.
    pub agent_digest: &'a str,
    /// Something was rehearsed with the agent as it is now.
    pub rehearsed: bool,
}

impl ApprovalPolicy {
    /// Whether somebody's own word is enough, without another person and without a rehearsal.
    pub const fn takes_one_word(&self) -> bool {
        !self.require_two_approvers && !self.require_rehearsal
    }
}

/// The rule of approving, for everything that puts an assignment in force: also one that is in force and
/// whose agent has changed.
pub fn approve(assignment: &Assignment, by: Approver<'_>, policy: ApprovalPolicy) -> Result<Approval, Refusal> {
    if policy.require_rehearsal && !by.rehearsed {
        let why = "This version of the agent was not rehearsed.";
        return Err(Refusal::new(Code::NotRehearsed, why, "Rehearse the assignment first, and read the answers."));
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

/// What an assignment is to say, before it is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub connection: ConnectionId,
    /// One thread only.
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
