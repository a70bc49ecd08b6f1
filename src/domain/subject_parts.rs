//! The objects that requests about agents, numbers, webhooks, templates and Flows refer to.

use crate::domain::agents::requests::{AgentRequest, StopScope};
use crate::domain::flow::FlowRequest;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::number::NumberRequest;
use crate::domain::numbers::registration::WebhookRequest;
use crate::domain::subject::Subject;
use crate::domain::templates::requests::TemplateRequest;

impl AgentRequest {
    /// Returns the objects that the request refers to.
    pub(in crate::domain) fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::Propose(proposal) => {
                let thread = proposal.thread.map(Subject::Thread);
                [Subject::Connection(proposal.connection)].into_iter().chain(thread).collect()
            }
            Self::Approve { assignment }
            | Self::Reject { assignment, .. }
            | Self::Restrict { assignment, .. }
            | Self::Revoke { assignment, .. }
            | Self::Snooze { assignment, .. }
            | Self::Rehearse { assignment, .. } => vec![Subject::Assignment(*assignment)],
            Self::Accept { run, .. } | Self::Dismiss { run, .. } => vec![Subject::Run(*run)],
            Self::Stop { what: StopScope::Thread(thread), .. } | Self::Resume { what: StopScope::Thread(thread) } => {
                vec![Subject::Thread(*thread)]
            }
            // The operation checks whether the agent exists, because agents are not stored in a table.
            Self::Stop { what: StopScope::Agent(_) | StopScope::All, .. }
            | Self::Resume { what: StopScope::Agent(_) | StopScope::All }
            | Self::RehearseWritten { .. }
            | Self::Test { .. } => vec![],
            Self::ResetContext { thread, .. } => vec![Subject::Thread(*thread)],
        }
    }
}

impl NumberRequest {
    /// Returns the object that the request refers to.
    pub(in crate::domain) fn subject(&self) -> Option<Subject> {
        match self {
            Self::SetUp { .. } | Self::Adopt { .. } => None,
            Self::Resume { setup } | Self::NewLink { setup } | Self::Cancel { setup } | Self::Reconnect { setup } => {
                Some(Subject::Setup(*setup))
            }
            Self::Register { connection }
            | Self::Unregister { connection }
            | Self::Disconnect { connection, .. }
            | Self::Renew { connection }
            | Self::SaveProfile { connection, .. } => Some(Subject::Connection(*connection)),
        }
    }
}

impl WebhookRequest {
    /// Returns the connection that the request refers to.
    pub(in crate::domain) const fn connection(&self) -> ConnectionId {
        match self {
            Self::Create { connection, .. }
            | Self::Update { connection, .. }
            | Self::Delete { connection, .. }
            | Self::Test { connection, .. } => *connection,
        }
    }
}

impl TemplateRequest {
    /// Returns the connection that the request refers to.
    pub(in crate::domain) const fn connection(&self) -> ConnectionId {
        match self {
            Self::Create { connection, .. }
            | Self::Update { connection, .. }
            | Self::Delete { connection, .. }
            | Self::Sample { connection, .. } => *connection,
        }
    }
}

impl FlowRequest {
    /// Returns the connection that the request refers to; `None` if it is about all.
    pub(in crate::domain) const fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::Refresh => None,
            Self::Create { connection, .. }
            | Self::Write { connection, .. }
            | Self::Publish { connection, .. }
            | Self::Deprecate { connection, .. }
            | Self::Delete { connection, .. }
            | Self::SetCode { connection, .. }
            | Self::Deploy { connection, .. }
            | Self::Register { connection, .. }
            | Self::Encrypt { connection, .. }
            | Self::Send { connection, .. } => Some(*connection),
        }
    }
}
