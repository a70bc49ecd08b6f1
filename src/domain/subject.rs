//! What a request or a query is about, by its id: whether it exists is asked once, in front of everything
//! else. There is no wildcard here either.

use crate::domain::agents::requests::AgentQuery;
use crate::domain::code::Code;
use crate::domain::ids::{
    AlertId, AssignmentId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, RunId, SetupId, ThreadId,
};
use crate::domain::query::Query;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;

/// Something that has an id.
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
    /// The kind, the id as it is written, and its number.
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

    /// That it does not exist.
    pub fn not_found(self) -> Refusal {
        let (kind, id, _) = self.parts();
        Refusal::new(Code::NotFound, format!("No {kind} {id} found."), "Check the id in the list.")
    }
}

impl Request {
    /// What has to exist for this to make sense.
    pub fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::SendKnowing { request, .. } | Self::Within { request, .. } => request.subjects(),
            Self::Send { thread, reply_to, .. } | Self::SendFile { thread, reply_to, .. } => {
                let quoted = reply_to.map(Subject::Message);
                [Subject::Thread(*thread)].into_iter().chain(quoted).collect()
            }
            Self::TakeBack { thread }
            | Self::AddNote { thread, .. }
            | Self::OptOut { thread, .. }
            | Self::SaveDraft { thread, .. }
            | Self::MarkRead { thread }
            | Self::TakeThread { thread }
            | Self::RefreshThread { thread }
            | Self::HandOver { thread, .. }
            | Self::ReleaseThread { thread } => vec![Subject::Thread(*thread)],
            Self::Attend { thread, .. } => thread.map(Subject::Thread).into_iter().collect(),
            Self::FetchMedia { message } | Self::React { message, .. } | Self::AskAbout { message } => {
                vec![Subject::Message(*message)]
            }
            Self::RetryEntry { entry }
            | Self::DiscardEntry { entry }
            | Self::SettleArrived { entry }
            | Self::LookUp { entry }
            | Self::HoldEntry { entry }
            | Self::ReleaseEntry { entry } => vec![Subject::Entry(*entry)],
            Self::SendTemplate { connection, .. }
            | Self::AddContact { connection, .. }
            | Self::SendTest { connection }
            | Self::Canary { connection }
            | Self::FillGap { connection }
            | Self::CheckConnection { connection } => vec![Subject::Connection(*connection)],
            Self::Call { connection, .. } => connection.map(Subject::Connection).into_iter().collect(),
            Self::RenameContact { contact, .. } | Self::SplitContact { contact } => vec![Subject::Contact(*contact)],
            Self::MergeContacts { keep, gone } => vec![Subject::Contact(*keep), Subject::Contact(*gone)],
            Self::StopJob { job } | Self::ResumeJob { job } | Self::DiscardJob { job } => vec![Subject::Job(*job)],
            Self::AckAlert { alert } => vec![Subject::Alert(*alert)],
            Self::ReplayDelivery { delivery }
            | Self::RevealDelivery { delivery }
            | Self::TryDelivery { delivery, .. } => vec![Subject::Delivery(*delivery)],
            Self::Agents(request) => request.subjects(),
            Self::Number(request) => request.subject().into_iter().collect(),
            Self::Webhook(request) => vec![Subject::Connection(request.connection())],
            Self::Template(request) => vec![Subject::Connection(request.connection())],
            Self::Flow(request) => request.connection().map(Subject::Connection).into_iter().collect(),
            // Through a door no file is opened, whichever it is.
            Self::OpenMedia { .. }
            | Self::AcceptRestored { .. }
            | Self::Bulk { .. }
            | Self::SaveView { .. }
            | Self::Token(_)
            | Self::RefreshTemplates => vec![],
        }
    }
}

impl Query {
    /// What a list is of: where that does not exist, an empty one would be untrue.
    pub fn lists(&self) -> Option<Subject> {
        match self {
            Self::Within { query, .. } => query.lists(),
            Self::Messages { thread, .. } | Self::Notes { thread } | Self::Export { thread } => {
                Some(Subject::Thread(*thread))
            }
            Self::Desk(AgentQuery::Runs { thread, .. }) => thread.map(Subject::Thread),
            _ => None,
        }
    }
}
