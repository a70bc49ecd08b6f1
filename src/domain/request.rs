//! What can be asked of the system to do. Plain data: a console makes it, a socket carries it, an
//! operation checks the role and the rule and does it.

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

/// What a sender knows of the thread that they write into. Without any of it, a thread that a colleague has is
/// refused, and what colleagues answered meanwhile is not asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendContext {
    /// The newest message of the thread that the sender has seen. Refused where a colleague or an agent has sent
    /// something since, or a colleague within the last seconds.
    #[serde(default)]
    pub seen: Option<MessageId>,
    /// Send although a colleague, or another app, has the thread.
    #[serde(default)]
    pub despite_owner: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// A request about one organization's environment: what is named is refused where it is not in it.
    Within {
        scope: ScopeChoice,
        request: Box<Request>,
    },
    /// A request that sends something, together with what the sender knows of the thread. It means something for
    /// messages, files, reactions, templates, Flows and suggested replies.
    SendKnowing {
        request: Box<Request>,
        #[serde(flatten)]
        context: SendContext,
    },
    /// Send something to a thread's contact, perhaps quoting one of its messages, perhaps later.
    Send {
        thread: ThreadId,
        content: Box<Content>,
        #[serde(default)]
        reply_to: Option<MessageId>,
        /// Not before this time.
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// Send a file that was uploaded here. It is checked, uploaded to the provider, and then sent by its id.
    SendFile {
        thread: ThreadId,
        upload: UploadId,
        #[serde(default)]
        caption: String,
        #[serde(default)]
        pad: Option<ImagePadding>,
        /// Make a voice note of it.
        #[serde(default)]
        voice: bool,
        #[serde(default)]
        reply_to: Option<MessageId>,
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// Open the file of a message with the program that is configured for it.
    OpenMedia {
        message: MessageId,
    },
    /// Ask the provider for a file that did not come, once more.
    FetchMedia {
        message: MessageId,
    },
    /// Put one reaction on a message in place of the one before; without an emoji, take it back.
    React {
        message: MessageId,
        emoji: Option<String>,
    },
    /// Take the last message back that has not gone yet: its words are the draft again.
    TakeBack {
        thread: ThreadId,
    },
    /// Send an approved template to a number, in a new thread if there is none.
    SendTemplate {
        connection: ConnectionId,
        to: crate::domain::contacts::phone::PhoneNumber,
        name: String,
        language: String,
        /// Values by name, or by position (`1`, `2` …).
        parameters: Vec<(String, String)>,
        /// An uploaded file for the header.
        #[serde(default)]
        header: Option<UploadId>,
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// Try a failed, dead, discarded or uncertain entry again, as a new series of attempts.
    RetryEntry {
        entry: EntryId,
    },
    /// Take an entry out before it goes, or for good.
    DiscardEntry {
        entry: EntryId,
    },
    /// Say what became of an uncertain entry: the person looked and knows that it arrived.
    SettleArrived {
        entry: EntryId,
    },
    /// Ask the provider's message list what became of an uncertain entry.
    LookUp {
        entry: EntryId,
    },
    /// Ask the provider what became of one message that it has.
    AskAbout {
        message: MessageId,
    },
    /// Write a note for colleagues. No contact ever sees it.
    AddNote {
        thread: ThreadId,
        text: String,
    },
    /// Say that the contact asked not to be written to, or takes that back.
    OptOut {
        thread: ThreadId,
        out: bool,
    },
    /// Say where a person is and whether they write: colleagues see it, and the contact sees "typing"
    /// where that is wanted.
    Attend {
        thread: Option<ThreadId>,
        writes: bool,
        /// Whether the contact is shown that an answer is being written.
        typing: bool,
    },
    /// Hold a queued entry until somebody releases it.
    HoldEntry {
        entry: EntryId,
    },
    ReleaseEntry {
        entry: EntryId,
    },
    /// One action over everything that a filter finds, done by the engine in order.
    Bulk {
        action: BulkAction,
        text: String,
    },
    /// Stop a bulk action; what is done stays done.
    StopJob {
        job: i64,
    },
    /// Go on with a bulk action that was stopped, from where it was.
    ResumeJob {
        job: i64,
    },
    /// Forget a bulk action that was stopped: it cannot be gone on with. What it did stays done.
    DiscardJob {
        job: i64,
    },
    /// Add a contact that has not written yet.
    AddContact {
        connection: ConnectionId,
        name: String,
        number: crate::domain::contacts::phone::PhoneNumber,
        /// An internal note to begin its thread with; the number is added to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    RenameContact {
        contact: ContactId,
        name: String,
    },
    /// Make two contacts one person.
    MergeContacts {
        keep: ContactId,
        gone: ContactId,
    },
    /// Take the last merge of a contact back.
    SplitContact {
        contact: ContactId,
    },
    /// Give a filter a name, or with no terms forget it.
    SaveView {
        name: String,
        terms: String,
    },
    /// Keep what is being written, per person and thread.
    SaveDraft {
        thread: ThreadId,
        text: String,
    },
    /// Tell the contact that the thread was read.
    MarkRead {
        thread: ThreadId,
    },
    /// Take the thread: its agent falls silent.
    TakeThread {
        thread: ThreadId,
    },
    /// Give the thread to a colleague who is here, with what was begun in it.
    HandOver {
        thread: ThreadId,
        to: String,
    },
    /// Give the thread back to its agent.
    ReleaseThread {
        thread: ThreadId,
    },
    /// Say that nothing is left to do in a thread, until its contact writes again.
    ResolveThread {
        thread: ThreadId,
        #[serde(default)]
        reason: String,
    },
    /// Open a resolved thread again.
    ReopenThread {
        thread: ThreadId,
    },
    /// About agents: who answers, within which bounds.
    Agents(crate::domain::agents::requests::AgentRequest),
    AckAlert {
        alert: AlertId,
    },
    /// Read a stored delivery again, after a fix.
    ReplayDelivery {
        delivery: DeliveryId,
    },
    /// A message to the tester of a connection: the whole way out, and back as a status.
    SendTest {
        connection: ConnectionId,
    },
    /// Ask the provider for a test delivery that has to come back.
    Canary {
        connection: ConnectionId,
    },
    /// Compare the provider's list with what arrived, and fill in what is missing.
    FillGap {
        connection: ConnectionId,
    },
    /// Compare one thread with its conversation at the provider, and fill in what is missing.
    RefreshThread {
        thread: ThreadId,
    },
    /// Say that the rows which the audit lacks are missing because an older copy of the database was restored: the
    /// newest of them is typed. They are named in the audit, and are not missed any more.
    AcceptRestored {
        typed: String,
    },
    Token(TokenRequest),
    /// Show a delivery's body as it came.
    RevealDelivery {
        delivery: DeliveryId,
    },
    /// Read and apply a delivery, or an edited copy of it, without changing anything.
    TryDelivery {
        delivery: DeliveryId,
        body: Option<String>,
    },
    /// Ask the provider about this connection now.
    CheckConnection {
        connection: ConnectionId,
    },
    /// Fetch templates from the provider now.
    RefreshTemplates,
    /// About a number: set up, adopt, disconnect, describe.
    Number(crate::domain::numbers::number::NumberRequest),
    /// About a webhook that is on file at the provider.
    Webhook(crate::domain::numbers::registration::WebhookRequest),
    /// About a template: submit, edit, delete.
    Template(crate::domain::templates::requests::TemplateRequest),
    /// About a Flow and what is behind it.
    Flow(crate::domain::flow::FlowRequest),
    /// Any request to a provider, for what has no command of its own.
    Call {
        provider: crate::domain::numbers::connection::ProviderName,
        method: String,
        path: String,
        #[serde(default)]
        body: Option<String>,
        /// Whose key is used; without it the usual one.
        #[serde(default)]
        connection: Option<ConnectionId>,
    },
}

impl Request {
    /// The same request of somebody who knows this of the thread.
    #[must_use]
    pub fn knowing(self, context: SendContext) -> Self {
        if context == SendContext::default() {
            return self;
        }
        if let Self::Within { scope, request } = self {
            return Self::Within { scope, request: Box::new(request.knowing(context)) };
        }
        let (request, _) = self.apart();
        Self::SendKnowing { request: Box::new(request), context }
    }

    /// What is asked for, and what its sender knows of the thread.
    #[must_use]
    pub fn apart(self) -> (Self, SendContext) {
        match self {
            Self::SendKnowing { request, context } => (request.apart().0, context),
            request => (request, SendContext::default()),
        }
    }
}

impl Refusal {
    /// Returns the same request of somebody who has read this refusal and wants it all the same; none where the
    /// rule leaves nothing to say yes to.
    pub fn all_the_same(&self, request: Request) -> Option<Request> {
        let (request, context) = request.apart();
        let context = match self.code {
            Code::OwnedByColleague | Code::HeldElsewhere => SendContext { despite_owner: true, ..context },
            Code::AnsweredMeanwhile => SendContext { seen: None, ..context },
            _ => return None,
        };
        Some(request.knowing(context))
    }
}
