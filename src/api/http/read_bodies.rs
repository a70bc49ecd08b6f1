//! Bodies of requests about agents, with their validation.

use super::endpoints::{Action, Fault, ReadResult, perform_agent_request};
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::contract::Contract;
use crate::domain::agents::requests::{AgentRequest, StopScope};
use crate::domain::code::Code;
use crate::domain::ids::{ConnectionId, ThreadId};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StopBody {
    scope: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    reason: String,
}

impl StopBody {
    /// Validates the scope and returns the action with the request that `request` creates.
    pub fn into_action(self, request: impl FnOnce(StopScope, String) -> AgentRequest) -> ReadResult {
        if !matches!(self.scope.as_str(), "thread" | "agent" | "all") {
            return Err(Fault { code: Code::Body, message: "The scope is not thread, agent or all.".into() });
        }
        match StopScope::read(&self.scope, &self.subject) {
            Some(what) => perform_agent_request(request(what, self.reason)),
            None => {
                let why = "Thread not found.";
                Ok(Action::Refuse(Refusal::new(Code::NotFound, why, "List the threads with GET /threads.")))
            }
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalBody {
    connection: ConnectionId,
    #[serde(default)]
    thread: Option<ThreadId>,
    agent: String,
    mode: Mode,
    #[serde(default)]
    contract: Option<Contract>,
    #[serde(default)]
    expires_at: Option<String>,
}

impl ProposalBody {
    /// Validates the body and returns the action.
    pub fn into_action(self) -> ReadResult {
        let expires_at = match self.expires_at.as_deref().map(Timestamp::parse) {
            None => None,
            Some(Some(at)) => Some(at),
            Some(None) => {
                let why = "`expires_at` is not a time.";
                return Ok(Action::Refuse(Refusal::new(Code::Time, why, "Write it like 2026-06-01T09:00:00Z.")));
            }
        };
        perform_agent_request(AgentRequest::Propose(Box::new(Proposal {
            connection: self.connection,
            thread: self.thread,
            agent: self.agent,
            mode: self.mode,
            contract: self.contract.unwrap_or_default(),
            expires_at,
        })))
    }
}
