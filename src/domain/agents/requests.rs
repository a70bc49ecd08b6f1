//! What can be asked about agents, and decided about them.

use crate::domain::agents::assignment::Proposal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::access::audit::{AuditCheck, AuditRow, KnownHead};
use crate::domain::agents::assignment::{Assignment, Mode};
use crate::domain::agents::contract::Money;
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::run::RunState;
use crate::domain::contacts::view::ContactView;
use crate::domain::ids::{AssignmentId, AuditId, EntryId, EventId, MessageId, RehearsalId, RunId, StopId, ThreadId};
use crate::domain::message::status::DeliveryStatus;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

/// Who is to be silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", content = "subject", rename_all = "snake_case")]
pub enum StopScope {
    /// Whatever agent answers this thread.
    Thread(ThreadId),
    /// One agent, wherever it answers.
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

    /// What is stopped, as it is stored.
    pub fn subject(&self) -> String {
        match self {
            Self::Thread(thread) => thread.to_string(),
            Self::Agent(agent) => agent.clone(),
            Self::All => String::new(),
        }
    }

    pub fn read(scope: &str, subject: &str) -> Option<Self> {
        match scope {
            "thread" => subject.parse().ok().map(Self::Thread),
            "agent" => Some(Self::Agent(subject.to_owned())),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// As the end of "is silent: …".
    pub fn words(&self) -> String {
        match self {
            Self::Thread(thread) => format!("the agent of {thread}"),
            Self::Agent(agent) => format!("the agent {}", clean_line(agent)),
            Self::All => "every agent".to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "agents", rename_all = "snake_case")]
pub enum AgentRequest {
    /// Propose that an agent answers. An admin decides.
    Propose(Box<Proposal>),
    /// Agree to what was proposed; or look again at what became stale.
    Approve {
        assignment: AssignmentId,
    },
    Reject {
        assignment: AssignmentId,
        reason: String,
    },
    /// Agree to less than was proposed, or to less than is in force.
    Narrow {
        assignment: AssignmentId,
        proposal: Box<Proposal>,
    },
    /// End what is in force.
    Revoke {
        assignment: AssignmentId,
        #[serde(default)]
        reason: String,
    },
    /// Do not show it among what waits before this time.
    Snooze {
        assignment: AssignmentId,
        until: Timestamp,
    },
    /// Put the last real exchanges to the agent again, with sending impossible.
    Rehearse {
        assignment: AssignmentId,
        exchanges: u32,
    },
    /// Send what the agent proposed, as it is or in other words.
    Accept {
        run: RunId,
        #[serde(default)]
        instead: Option<String>,
    },
    /// Do not send what the agent proposed.
    Dismiss {
        run: RunId,
        #[serde(default)]
        reason: String,
    },
    /// Silence now: what has not left does not leave.
    Stop {
        what: StopScope,
        #[serde(default)]
        reason: String,
    },
    /// Let agents go on.
    Resume {
        what: StopScope,
    },
    /// Let an agent forget what was said so far in a thread; or take that back.
    Forget {
        thread: ThreadId,
        #[serde(default)]
        undo: bool,
    },
    /// Ask an agent something, with nobody's thread behind it and nothing sent.
    Test {
        agent: String,
        words: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum AgentQuery {
    /// Everything about one run.
    Run { run: RunId },
    /// The last runs, of one thread where it is named.
    Runs {
        #[serde(default)]
        thread: Option<ThreadId>,
        limit: u32,
        #[serde(default)]
        before: Option<RunId>,
    },
    /// Every assignment, also those that are over.
    Assignments { limit: u32 },
    /// One assignment, with what stands now in its place and what was rehearsed.
    Assignment { assignment: AssignmentId },
    /// What an agent proposes in a thread.
    Waiting { thread: ThreadId },
    /// Who is silent, and what was caught.
    Stops { limit: u32 },
    Audit {
        #[serde(default)]
        subject: String,
        limit: u32,
        #[serde(default)]
        before: Option<AuditId>,
    },
    /// Follow the audit's chain from its beginning, and compare it with ends of it that are kept elsewhere.
    VerifyAudit {
        /// Ends to compare with; row 0 where only the digest is known.
        #[serde(default)]
        against: Vec<KnownHead>,
    },
    /// What happened after an event, the oldest first.
    Events {
        #[serde(default)]
        after: Option<EventId>,
        limit: u32,
    },
    /// The last thing that happened: whoever follows goes on from there.
    LastEvent,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", content = "told", rename_all = "snake_case")]
pub enum AgentTold {
    Run(Option<Box<RunRecord>>),
    Runs(Vec<RunView>),
    Assignments(Vec<AssignmentRow>),
    Assignment(Option<Box<AssignmentDetail>>),
    Waiting(Option<Box<RunRecord>>),
    Stops(Vec<StopView>),
    Audit(Vec<AuditRow>),
    Verified(AuditCheck),
    Events(Vec<EventView>),
    LastEvent(EventId),
}

/// An agent as it is declared, with how it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    pub name: String,
    pub kind: String,
    pub last_run_at: Option<Timestamp>,
    pub last_run_state: Option<RunState>,
    pub runs_today: u32,
    pub failures_today: u32,
    /// Answers that were held for a person, of today's runs.
    #[serde(default)]
    pub held_today: u32,
    #[serde(default)]
    pub tokens_today: u64,
    #[serde(default)]
    pub cost_today: Money,
    /// Half of today's runs took no longer, in milliseconds.
    #[serde(default)]
    pub half_took_ms: Option<u64>,
    /// What it is: changes with its prompt, model or rules.
    #[serde(default)]
    pub digest: String,
    /// It was told to be silent.
    #[serde(default)]
    pub stopped: bool,
}

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
    /// Why its words were held for a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<String>,
    #[serde(default)]
    pub decided_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentsView {
    pub agents: Vec<AgentView>,
    /// Proposed first, then those in force.
    pub assignments: Vec<AssignmentRow>,
    pub runs: Vec<RunView>,
    /// Who is silent now.
    #[serde(default)]
    pub stops: Vec<StopView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRow {
    #[serde(flatten)]
    pub assignment: Assignment,
    pub connection_name: String,
    /// Whose thread it is about.
    #[serde(default)]
    pub contact: Option<ContactView>,
}

/// A tool that was called, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    pub tool: String,
    pub arguments: Value,
    /// What it was told; or why it was refused.
    pub result: Value,
    pub refused: bool,
}

/// Something that an agent wants done beside what it says, and may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum AgentAction {
    /// Something other than words, to a thread's contact.
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
    /// What is to be done, as it is shown to whoever decides.
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

/// One run, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    #[serde(flatten)]
    pub run: RunView,
    pub assignment: AssignmentId,
    pub mode: Mode,
    /// What it was given, as JSON; and what it was told to be.
    pub given: Option<Untrusted>,
    pub words: Vec<ReplyPart>,
    pub acts: Vec<AgentAction>,
    pub calls: Vec<ToolCall>,
    pub trace: Option<Untrusted>,
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub cost: Money,
    pub agent_digest: Option<String>,
    pub decided_at: Option<Timestamp>,
    /// What became of its words.
    pub messages: Vec<(MessageId, Untrusted, DeliveryStatus)>,
}

/// An assignment with everything that is needed to decide about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssignmentDetail {
    pub row: AssignmentRow,
    /// What is in force in its place now.
    pub instead_of: Option<Assignment>,
    /// What the agent is now.
    pub agent_digest: Option<String>,
    pub rehearsal: Option<Rehearsal>,
    /// Runs under it, those that were answered, held, and failed; and what they cost.
    pub runs: [u32; 4],
    pub cost: Money,
}

/// One term of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub name: &'static str,
    pub value: String,
    /// What it is today, where that differs.
    pub today: Option<String>,
}

impl AssignmentDetail {
    /// Every term, and what of it differs from what is in force in the same place.
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

/// Real exchanges, put to an agent again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    pub id: RehearsalId,
    pub by: String,
    pub at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub agent_digest: String,
    /// How many exchanges are played in all.
    pub wanted: u32,
    pub played: Vec<Exchange>,
    /// Over everything above, once it is finished: the approval names it.
    pub digest: Option<String>,
}

/// One exchange: what was asked, what was said, and what would have been said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    pub thread: ThreadId,
    pub at: Timestamp,
    pub asked: Untrusted,
    /// What was answered then, and by whom.
    pub said: Untrusted,
    pub by: String,
    /// What the agent says now; none where it says nothing or fails.
    pub now: Option<Untrusted>,
    pub hand_off: Option<String>,
    pub error: Option<String>,
    /// Tools that it called.
    pub tools: Vec<String>,
    pub breaches: Vec<String>,
    pub language: Option<String>,
    pub took_ms: u64,
    pub tokens: u64,
    pub cost: Money,
}

/// Agents that were told to be silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopView {
    pub id: StopId,
    pub what: StopScope,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
    /// Messages that were caught before they left.
    pub caught: Vec<CancelledRun>,
    /// Messages that had left shortly before.
    pub departed: Vec<CancelledRun>,
    /// Runs that were ended.
    pub runs: u32,
    pub lifted: Option<(String, Timestamp)>,
}

/// A message of an agent's, as a stop found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledRun {
    pub entry: EntryId,
    pub thread: ThreadId,
    pub contact: String,
    pub text: Untrusted,
}

/// Something that happened, for other programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    pub id: EventId,
    pub at: Timestamp,
    pub event: String,
    pub thread: Option<ThreadId>,
    pub data: Value,
}
