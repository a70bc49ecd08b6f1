//! The objects that requests and queries refer to by id. Whether they exist is checked once, before anything else.

use crate::domain::agents::requests::AgentQuery;
use crate::domain::code::Code;
use crate::domain::ids::{
    AlertId, AssignmentId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, RunId, SetupId, ThreadId,
};
use crate::domain::query::Query;
use crate::domain::refusal::Refusal;

/// An object with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Thread(ThreadId),
    Message(MessageId),
    Entry(EntryId),
    Contact(ContactId),
    Alert(AlertId),
    Delivery(DeliveryId),
    Connection(ConnectionId),
    Setup(SetupId),
    Assignment(AssignmentId),
    Run(RunId),
    Job(i64),
}

impl Subject {
    /// Returns the kind, the formatted id and its number.
    pub fn parts(self) -> (&'static str, String, i64) {
        match self {
            Self::Thread(id) => ("thread", id.to_string(), id.0),
            Self::Message(id) => ("message", id.to_string(), id.0),
            Self::Entry(id) => ("outbox entry", id.to_string(), id.0),
            Self::Contact(id) => ("contact", id.to_string(), id.0),
            Self::Alert(id) => ("alert", id.to_string(), id.0),
            Self::Delivery(id) => ("delivery", id.to_string(), id.0),
            Self::Connection(id) => ("connection", id.to_string(), id.0),
            Self::Setup(id) => ("setup", id.to_string(), id.0),
            Self::Assignment(id) => ("assignment", id.to_string(), id.0),
            Self::Run(id) => ("run", id.to_string(), id.0),
            Self::Job(id) => ("job", id.to_string(), id),
        }
    }

    /// Returns the refusal for an object that does not exist.
    pub fn not_found(self) -> Refusal {
        let (kind, id, _) = self.parts();
        Refusal::new(Code::NotFound, format!("No {kind} {id} found."), "Check the id in the list.")
    }
}

impl Query {
    /// Returns the object whose items the query lists; if it does not exist, an empty list would be misleading.
    pub fn lists(&self) -> Option<Subject> {
        match self {
            Self::Within { query, .. } => query.lists(),
            Self::Messages { thread, .. }
            | Self::Notes { thread }
            | Self::Export { thread }
            | Self::Reply { thread, .. } => Some(Subject::Thread(*thread)),
            Self::Agent(AgentQuery::Runs { thread, .. }) => thread.map(Subject::Thread),
            _ => None,
        }
    }
}
