//! Requests and queries about agents, and their results.

use crate::domain::agents::assignment::Proposal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::access::audit::{AuditCheck, AuditRow, KnownHead};
use crate::domain::agents::assignment::{Assignment, Mode};
use crate::domain::agents::contract::Money;
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::conversation::{Conversation, ConversationResult};
use crate::domain::agents::run::RunState;
use crate::domain::contacts::view::ContactView;
use crate::domain::ids::{AssignmentId, AuditId, EntryId, EventId, MessageId, RehearsalId, RunId, StopId, ThreadId};
use crate::domain::message::status::DeliveryStatus;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

/// What a stop applies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", content = "subject", rename_all = "snake_case")]
pub enum StopScope {
    /// Any agent that answers this thread.
    Thread(ThreadId),
    /// One agent, in all threads.
    Agent(String),
    All,
}

impl StopScope {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Thread(_) => "thread",
            Self::Agent(_) => "agent",
            Self::All => "all",
        }
    }

    /// Returns the stored subject of the stop.
    pub fn subject(&self) -> String {
        match self {
            Self::Thread(thread) => thread.to_string(),
            Self::Agent(agent) => agent.clone(),
            Self::All => String::new(),
        }
    }

    /// Parses a stored stop; returns `None` if it is not valid.
    pub fn read(scope: &str, subject: &str) -> Option<Self> {
        match scope {
            "thread" => subject.parse().ok().map(Self::Thread),
            "agent" => Some(Self::Agent(subject.to_owned())),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// Describes the scope, as the object of a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Thread(thread) => format!("the agent of {thread}"),
            Self::Agent(agent) => format!("the agent {}", clean_line(agent)),
            Self::All => "every agent".to_owned(),
        }
    }
}

/// A request that changes agents, assignments or runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "agents", rename_all = "snake_case")]
pub enum AgentRequest {
    /// Proposes an assignment. An admin decides.
    Propose(Box<Proposal>),
    /// Approves a proposal, or approves again an assignment whose agent has changed.
    Approve {
        assignment: AssignmentId,
    },
    Reject {
        assignment: AssignmentId,
        reason: String,
    },
    /// Approves narrower terms than proposed, or restricts an assignment in force.
    Restrict {
        assignment: AssignmentId,
        proposal: Box<Proposal>,
    },
    /// Ends an assignment that is in force.
    Revoke {
        assignment: AssignmentId,
        #[serde(default)]
        reason: String,
    },
    /// Hides the assignment from the approvals list until this time.
    Snooze {
        assignment: AssignmentId,
        until: Timestamp,
    },
    /// Replays recent exchanges with the agent. Nothing is sent.
    Rehearse {
        assignment: AssignmentId,
        exchanges: u32,
    },
    /// Sends a suggested reply, as it is or with the text in `instead`.
    Accept {
        run: RunId,
        #[serde(default)]
        instead: Option<String>,
    },
    /// Rejects a suggested reply.
    Dismiss {
        run: RunId,
        #[serde(default)]
        reason: String,
    },
    /// Stops agents now and cancels their unsent messages.
    Stop {
        what: StopScope,
        #[serde(default)]
        reason: String,
    },
    /// Lifts a stop.
    Resume {
        what: StopScope,
    },
    /// Excludes the earlier messages of a thread from the agent's context, or undoes that.
    ResetContext {
        thread: ThreadId,
        #[serde(default)]
        undo: bool,
    },
    /// Asks an agent a test question, without a thread. Nothing is sent.
    Test {
        agent: String,
        words: String,
    },
    /// Test an agent with written conversations; nothing is sent. Without any, with those that are kept.
    RehearseWritten {
        agent: String,
        #[serde(default)]
        conversations: Vec<Conversation>,
        /// Keep them: they are used again when the agent changes, and every night.
        #[serde(default)]
        keep: bool,
    },
}

/// A query about agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum AgentQuery {
    /// One run in full.
    Run { run: RunId },
    /// The latest results of an agent's written conversations.
    Conversations { agent: String },
    /// The latest runs, optionally of one thread.
    Runs {
        #[serde(default)]
        thread: Option<ThreadId>,
        limit: u32,
        #[serde(default)]
        before: Option<RunId>,
    },
    /// All assignments, including ended ones.
    Assignments { limit: u32 },
    /// One assignment, with the assignment in force that it would replace and its rehearsal.
    Assignment { assignment: AssignmentId },
    /// The suggested reply that waits in a thread.
    Waiting { thread: ThreadId },
    /// Stops, with the messages that they cancelled.
    Stops { limit: u32 },
    Audit {
        #[serde(default)]
        subject: String,
        limit: u32,
        #[serde(default)]
        before: Option<AuditId>,
    },
    /// Verifies the audit hash chain from its beginning, and compares it with heads that are stored elsewhere.
    VerifyAudit {
        /// Known heads to compare with; row 0 if only the digest is known.
        #[serde(default)]
        against: Vec<KnownHead>,
    },
    /// Events after a given event, oldest first.
    Events {
        #[serde(default)]
        after: Option<EventId>,
        limit: u32,
    },
    /// The id of the latest event, from which a follower continues.
    LastEvent,
}

/// The result of an [`AgentQuery`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", content = "told", rename_all = "snake_case")]
pub enum AgentsAnswer {
    Run(Option<Box<RunRecord>>),
    Runs(Vec<RunView>),
    Conversations(Vec<ConversationResult>),
    Assignments(Vec<AssignmentRow>),
    Assignment(Option<Box<AssignmentDetail>>),
    Waiting(Option<Box<RunRecord>>),
    Stops(Vec<StopView>),
    Audit(Vec<AuditRow>),
    Verified(AuditCheck),
    Events(Vec<EventView>),
    LastEvent(EventId),
}

/// A declared agent with its statistics of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    pub name: String,
    pub kind: String,
    pub last_run_at: Option<Timestamp>,
    pub last_run_state: Option<RunState>,
    pub runs_today: u32,
    pub failures_today: u32,
    /// Replies held for a person, among today's runs.
    #[serde(default)]
    pub held_today: u32,
    #[serde(default)]
    pub tokens_today: u64,
    #[serde(default)]
    pub cost_today: Money,
    /// Median duration of today's runs in milliseconds.
    #[serde(default)]
    pub half_took_ms: Option<u64>,
    /// Digest of the agent's configuration; it changes with its prompt, model or rules.
    #[serde(default)]
    pub digest: String,
    /// A stop applies to the agent.
    #[serde(default)]
    pub stopped: bool,
    /// What came of the written conversations that it was tested with last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rehearsed: Vec<ConversationResult>,
}

/// A run as shown in lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    pub id: RunId,
    pub thread_id: ThreadId,
    pub contact: ContactView,
    pub agent: String,
    pub state: RunState,
    pub batch_size: u32,
    pub due_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub said: Option<Untrusted>,
    pub error: Option<Untrusted>,
    /// Contract violations because of which the reply was held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<String>,
    #[serde(default)]
    pub decided_by: Option<String>,
}

/// Agents with their assignments, latest runs and current stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentsView {
    pub agents: Vec<AgentView>,
    /// Proposals first, then assignments in force.
    pub assignments: Vec<AssignmentRow>,
    pub runs: Vec<RunView>,
    /// Stops that are in effect.
    #[serde(default)]
    pub stops: Vec<StopView>,
}

/// An assignment with the names of its connection and contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRow {
    #[serde(flatten)]
    pub assignment: Assignment,
    pub connection_name: String,
    /// Contact of the thread that the assignment is limited to.
    #[serde(default)]
    pub contact: Option<ContactView>,
}

/// A tool call of an agent, with its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    pub tool: String,
    pub arguments: Value,
    /// The tool's result, or the reason why the call was refused.
    pub result: Value,
    pub refused: bool,
}

/// An action that an agent requested beside its reply and that its contract allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum AgentAction {
    /// Sends content other than the reply to a thread's contact.
    Send {
        thread: ThreadId,
        content: Box<crate::domain::message::content::Content>,
        #[serde(default)]
        at: Option<Timestamp>,
    },
    Note {
        text: String,
    },
}

impl AgentAction {
    /// Describes the action for the person who decides.
    pub fn words(&self) -> String {
        match self {
            Self::Send { thread, content, at } => {
                let later = at.map(|at| format!(" at {at}")).unwrap_or_default();
                format!("{} in {thread}{later}: {}", content.kind(), content.words().line())
            }
            Self::Note { text } => format!("an internal note: {}", clean_line(text)),
        }
    }
}

/// A run in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    #[serde(flatten)]
    pub run: RunView,
    pub assignment: AssignmentId,
    pub mode: Mode,
    /// The agent's input as JSON, with its instructions.
    pub given: Option<Untrusted>,
    pub words: Vec<ReplyPart>,
    pub acts: Vec<AgentAction>,
    pub calls: Vec<ToolCall>,
    pub trace: Option<Untrusted>,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// The model reported no tokens: they are estimated from the length of the texts.
    #[serde(default)]
    pub usage_estimated: bool,
    pub cost: Money,
    pub agent_digest: Option<String>,
    pub decided_at: Option<Timestamp>,
    /// The messages of the reply, with their delivery statuses.
    pub messages: Vec<(MessageId, Untrusted, DeliveryStatus)>,
}

/// An assignment with everything that an approver needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssignmentDetail {
    pub row: AssignmentRow,
    /// The assignment in force that it would replace.
    pub instead_of: Option<Assignment>,
    /// Current digest of the agent.
    pub agent_digest: Option<String>,
    pub rehearsal: Option<Rehearsal>,
    /// Counts of runs under the assignment: all, answered, held and failed.
    pub runs: [u32; 4],
    pub cost: Money,
}

/// One term of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub name: &'static str,
    pub value: String,
    /// The value in force, if it differs.
    pub today: Option<String>,
}

impl AssignmentDetail {
    /// Returns all terms, each with the differing value of the assignment in force.
    pub fn terms(&self) -> Vec<Term> {
        let all = |one: &Assignment| {
            let mut terms = vec![("agent", clean_line(&one.agent)), ("mode", one.mode.name().to_owned())];
            terms.extend(one.contract.terms());
            terms.push(("until", one.expires_at.map_or_else(|| "revoked".to_owned(), |at| at.to_string())));
            terms
        };
        let mut before = self.instead_of.as_ref().map(all);
        let mut terms: Vec<Term> = vec![];
        for (name, value) in all(&self.row.assignment) {
            let today = before.as_mut().map(|before| {
                let known = before.iter().position(|(known, _)| *known == name);
                known.map_or_else(|| "any".to_owned(), |at| before.remove(at).1)
            });
            terms.push(Term { name, today: today.filter(|today| *today != value), value });
        }
        let gone = before.into_iter().flatten();
        terms.extend(gone.map(|(name, today)| Term { name, value: "any".to_owned(), today: Some(today) }));
        terms
    }
}

/// A rehearsal: past exchanges replayed with an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    pub id: RehearsalId,
    pub by: String,
    pub at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub agent_digest: String,
    /// Number of exchanges to replay.
    pub wanted: u32,
    pub played: Vec<Exchange>,
    /// Digest of the finished rehearsal; the approval refers to it.
    pub digest: Option<String>,
}

/// One replayed exchange: the contact's message, the real reply and the agent's reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    pub thread: ThreadId,
    pub at: Timestamp,
    pub asked: Untrusted,
    /// The reply that was sent, and its author.
    pub said: Untrusted,
    pub by: String,
    /// The agent's reply in the rehearsal; `None` if it did not reply or failed.
    pub now: Option<Untrusted>,
    pub hand_off: Option<String>,
    pub error: Option<String>,
    /// Tools that the agent called.
    pub tools: Vec<String>,
    pub breaches: Vec<String>,
    pub language: Option<String>,
    pub took_ms: u64,
    pub tokens: u64,
    pub cost: Money,
}

/// A stop of agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopView {
    pub id: StopId,
    pub what: StopScope,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
    /// Messages cancelled before they were sent.
    pub caught: Vec<CancelledRun>,
    /// Messages sent shortly before the stop.
    pub departed: Vec<CancelledRun>,
    /// Number of cancelled runs.
    pub runs: u32,
    pub lifted: Option<(String, Timestamp)>,
}

/// A message of an agent, as it was when a stop cancelled or missed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledRun {
    pub entry: EntryId,
    pub thread: ThreadId,
    pub contact: String,
    pub text: Untrusted,
}

/// An event for other programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    pub id: EventId,
    pub at: Timestamp,
    pub event: String,
    pub thread: Option<ThreadId>,
    pub data: Value,
}
