//! Requests: plain data that describes a change. A surface builds a request; an operation checks permission and rules
//! and performs it.

use crate::domain::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::access::token::TokenRequest;
use crate::domain::code::Code;
use crate::domain::ids::{AlertId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, ThreadId, UploadId};
use crate::domain::message::content::Content;
use crate::domain::message::media::ImagePadding;
use crate::domain::outbox::job::BulkAction;
use crate::domain::time::Timestamp;

/// The sender's view of the thread. The default refuses threads that a colleague owns, and does not check for newer
/// replies of colleagues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendContext {
    /// The newest message that the sender has seen. The request is refused if a colleague or an agent replied after
    /// it, or a colleague within the last seconds.
    #[serde(default)]
    pub seen: Option<MessageId>,
    /// Sends although a colleague or another app owns the thread.
    #[serde(default)]
    pub despite_owner: bool,
    /// Sends although the contact got the same message within the last minute.
    #[serde(default)]
    pub despite_duplicate: bool,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// A request restricted to a scope: objects outside it are refused.
    Within {
        scope: ScopeChoice,
        request: Box<Request>,
    },
    /// A sending request with the sender's view of the thread. It applies to messages, files, reactions, templates,
    /// Flows and suggested replies.
    SendWithContext {
        request: Box<Request>,
        #[serde(flatten)]
        context: SendContext,
    },
    /// Sends content to a thread's contact, optionally as a quote and at a later time.
    Send {
        thread: ThreadId,
        content: Box<Content>,
        #[serde(default)]
        reply_to: Option<MessageId>,
        /// Earliest time to send it.
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// Sends an uploaded file. It is checked, uploaded to the provider, and then sent by its media id.
    SendFile {
        thread: ThreadId,
        upload: UploadId,
        #[serde(default)]
        caption: String,
        #[serde(default)]
        pad: Option<ImagePadding>,
        /// Converts the file to a voice note.
        #[serde(default)]
        voice: bool,
        #[serde(default)]
        reply_to: Option<MessageId>,
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// Opens a message's file with the configured program.
    OpenMedia {
        message: MessageId,
    },
    /// Downloads a file from the provider again after a failed download.
    FetchMedia {
        message: MessageId,
    },
    /// Sets a reaction on a message, which replaces an earlier one; without an emoji, removes it.
    React {
        message: MessageId,
        emoji: Option<String>,
    },
    /// Undoes the latest message that was not sent yet; its text becomes the draft again.
    UndoSend {
        thread: ThreadId,
    },
    /// Sends an approved template to a number, and creates the thread if there is none.
    SendTemplate {
        connection: ConnectionId,
        to: crate::domain::contacts::phone::PhoneNumber,
        name: String,
        language: String,
        /// Values by name, or by position (`1`, `2` …).
        parameters: Vec<(String, String)>,
        /// Uploaded file for the header.
        #[serde(default)]
        header: Option<UploadId>,
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// Retries a failed, dead, discarded or uncertain entry with a new series of attempts.
    RetryEntry {
        entry: EntryId,
    },
    /// Discards an entry.
    DiscardEntry {
        entry: EntryId,
    },
    /// Marks an uncertain entry as arrived, because a person verified it.
    ConfirmArrived {
        entry: EntryId,
    },
    /// Queries the provider's message list about an uncertain entry.
    Reconcile {
        entry: EntryId,
    },
    /// Queries the provider for the delivery status of a message.
    QueryStatus {
        message: MessageId,
    },
    /// Adds an internal note. Contacts never see it.
    AddNote {
        thread: ThreadId,
        text: String,
    },
    /// Records a contact's opt-out (`out`) or opt-in.
    OptOut {
        thread: ThreadId,
        out: bool,
    },
    /// Reports which thread a person views and whether they are typing. Colleagues see it, and the contact sees a
    /// typing indicator if it is enabled.
    UpdatePresence {
        thread: Option<ThreadId>,
        writes: bool,
        /// Whether to show the contact a typing indicator.
        typing: bool,
    },
    /// Holds a queued entry until a person releases it.
    HoldEntry {
        entry: EntryId,
    },
    ReleaseEntry {
        entry: EntryId,
    },
    /// Starts a bulk job: an action on all matches of a filter, in order.
    Bulk {
        action: BulkAction,
        text: String,
    },
    /// Stops a bulk job; changed entries stay changed.
    StopJob {
        job: i64,
    },
    /// Resumes a stopped bulk job.
    ResumeJob {
        job: i64,
    },
    /// Discards a stopped bulk job, so that it cannot be resumed. Changed entries stay changed.
    DiscardJob {
        job: i64,
    },
    /// Adds a contact who has not written yet.
    AddContact {
        connection: ConnectionId,
        name: String,
        number: crate::domain::contacts::phone::PhoneNumber,
        /// Internal note for the new thread; the number is added to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    RenameContact {
        contact: ContactId,
        name: String,
    },
    /// Merges two contacts that are the same person.
    MergeContacts {
        keep: ContactId,
        gone: ContactId,
    },
    /// Undoes the latest merge of a contact.
    SplitContact {
        contact: ContactId,
    },
    /// Saves a canned reply for the caller, or for everybody.
    SaveReply {
        short: String,
        text: String,
        shared: bool,
    },
    /// Removes the caller's canned reply; if there is none with that name, the shared one.
    RemoveReply {
        short: String,
    },
    /// Saves a filter under a name; empty terms delete it.
    SaveView {
        name: String,
        terms: String,
    },
    /// Saves a draft, per person and thread.
    SaveDraft {
        thread: ThreadId,
        text: String,
    },
    /// Sends a read receipt to the contact.
    MarkRead {
        thread: ThreadId,
    },
    /// Takes the thread: its agent stops replying.
    TakeThread {
        thread: ThreadId,
    },
    /// Transfers the thread and its draft to a colleague who is online.
    TransferThread {
        thread: ThreadId,
        to: String,
    },
    /// Assigns the thread to a colleague, also one without an open console.
    AssignThread {
        thread: ThreadId,
        to: String,
    },
    /// Releases the thread to its agent.
    ReleaseThread {
        thread: ThreadId,
    },
    /// Marks a thread as resolved until its contact writes again.
    ResolveThread {
        thread: ThreadId,
        #[serde(default)]
        reason: String,
    },
    /// Reopens a resolved thread.
    ReopenThread {
        thread: ThreadId,
    },
    /// Snoozes a thread until a time or the contact's next message.
    SnoozeThread {
        thread: ThreadId,
        until: Timestamp,
    },
    /// Adds a label to a thread.
    AddLabel {
        thread: ThreadId,
        label: String,
    },
    /// Removes a label from a thread.
    RemoveLabel {
        thread: ThreadId,
        label: String,
    },
    /// Ends the snooze of a thread.
    UnsnoozeThread {
        thread: ThreadId,
    },
    /// About agents: assignments, runs and stops.
    Agents(crate::domain::agents::requests::AgentRequest),
    AckAlert {
        alert: AlertId,
    },
    /// Applies a stored delivery again, for example after an update.
    ReplayDelivery {
        delivery: DeliveryId,
    },
    /// Sends a test message to the connection's tester, and expects a status.
    SendTest {
        connection: ConnectionId,
    },
    /// Requests a test webhook from the provider and verifies that it arrives.
    Canary {
        connection: ConnectionId,
    },
    /// Compares the provider's message list with the received messages and backfills missing ones.
    Backfill {
        connection: ConnectionId,
    },
    /// Compares a thread with its conversation at the provider and backfills missing messages.
    RefreshThread {
        thread: ThreadId,
    },
    /// Accepts that audit rows are missing because an older copy of the database was restored; the id of the newest
    /// missing row is typed. The audit log records the loss, and later checks accept it.
    AcceptRestored {
        typed: String,
    },
    Token(TokenRequest),
    /// Shows a delivery's unmasked body.
    RevealDelivery {
        delivery: DeliveryId,
    },
    /// Dry-runs a delivery, or an edited copy of it, without changing anything.
    DryRunDelivery {
        delivery: DeliveryId,
        body: Option<String>,
    },
    /// Checks this connection with the provider now.
    CheckConnection {
        connection: ConnectionId,
    },
    /// Fetches templates from the provider now.
    RefreshTemplates,
    /// About a number: setup, adoption, disconnection or profile.
    Number(crate::domain::numbers::number::NumberRequest),
    /// About a webhook that is registered at the provider.
    Webhook(crate::domain::numbers::registration::WebhookRequest),
    /// About a template: submit, edit or delete.
    Template(crate::domain::templates::requests::TemplateRequest),
    /// About a Flow or its endpoint.
    Flow(crate::domain::flow::FlowRequest),
    /// Calls the provider's API directly, for calls that have no command of their own.
    Call {
        provider: crate::domain::numbers::connection::ProviderName,
        method: String,
        path: String,
        #[serde(default)]
        body: Option<String>,
        /// Connection whose API key is used; `None` uses the default key.
        #[serde(default)]
        connection: Option<ConnectionId>,
    },
}

impl Request {
    /// Returns the request with the sender's view of the thread.
    #[must_use]
    pub fn with_context(self, context: SendContext) -> Self {
        if context == SendContext::default() {
            return self;
        }
        if let Self::Within { scope, request } = self {
            return Self::Within { scope, request: Box::new(request.with_context(context)) };
        }
        let (request, _) = self.into_parts();
        Self::SendWithContext { request: Box::new(request), context }
    }

    /// Splits the request into the inner request and the sender's view of the thread.
    #[must_use]
    pub fn into_parts(self) -> (Self, SendContext) {
        match self {
            Self::SendWithContext { request, context } => (request.into_parts().0, context),
            request => (request, SendContext::default()),
        }
    }
}

impl Refusal {
    /// Returns the request that confirms this refusal, so that it is performed anyway; `None` if the rule cannot be
    /// overridden.
    pub fn all_the_same(&self, request: Request) -> Option<Request> {
        let (request, context) = request.into_parts();
        let context = match self.code {
            Code::OwnedByColleague | Code::HeldElsewhere => SendContext { despite_owner: true, ..context },
            Code::AnsweredMeanwhile => SendContext { seen: None, ..context },
            Code::DuplicateMessage => SendContext { despite_duplicate: true, ..context },
            _ => return None,
        };
        Some(request.with_context(context))
    }
}
