//! What is told: rows and details as consoles show them and scripts read them. Field names that
//! `docs` and scripts rely on are promises.

use serde::{Deserialize, Serialize};

use crate::domain::access::scope::Scope;
use crate::domain::agents::assignment::AssignmentView;
use crate::domain::agents::run::RunState;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::contacts::view::ContactView;
use crate::domain::failure::Failure;
use crate::domain::ids::{
    AlertId, AttemptId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, RunId, ThreadId,
};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::inbound::event::{Direction, Origin};
use crate::domain::message::content::Content;
use crate::domain::message::conversation::{ConversationRecord, DryRun};
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::media::MediaView;
use crate::domain::message::other_status::OtherStatusView;
use crate::domain::message::resolved::Resolved;
use crate::domain::message::status::DeliveryStatus;
use crate::domain::message::status_view::StatusView;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::outbox::entry::{EntryState, FailedBy, SettledBy};
use crate::domain::outbox::limits::Hold;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// The dashboard in numbers: what the folded panes say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub version: String,
    pub organization: String,
    pub environment: Environment,
    /// What the counts are of.
    #[serde(default)]
    pub scope: Scope,
    pub engine_started_at: Timestamp,
    pub listening_on: String,
    /// The version of the Graph API that requests name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph_version: Option<String>,
    pub connections: u32,
    /// Connections whose last proof says that something does not work.
    pub connections_in_trouble: u32,
    /// Connections of which the outside proved something, and nothing is known not to work.
    #[serde(default)]
    pub connections_proved: u32,
    pub threads: u32,
    pub unread: u32,
    pub waiting: u32,
    pub queued: u32,
    pub held: u32,
    pub uncertain: u32,
    /// Kept by a provider until their time.
    #[serde(default)]
    pub scheduled: u32,
    /// Refused or dead, and not yet retried or discarded.
    pub failed: u32,
    pub oldest_queued_at: Option<Timestamp>,
    pub templates: u32,
    pub templates_waiting: u32,
    pub templates_fetched_at: Option<Timestamp>,
    pub agents: u32,
    pub runs_open: u32,
    pub approvals: u32,
    /// Threads, agents, or all of them, that were told to be silent.
    #[serde(default)]
    pub stopped: u32,
    pub alerts: u32,
    /// Why the database cannot be relied on now, and what to do; `None` while it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    pub deliveries_pending: u32,
    pub deliveries_quarantined: u32,
    pub deliveries_unreadable: u32,
    pub deliveries_rejected: u32,
    /// Webhooks that came again since the engine's start, of all scopes: each was answered and not applied again.
    #[serde(default)]
    pub deliveries_repeated: u64,
    pub last_delivery_at: Option<Timestamp>,
    /// When the oldest webhook came that is acknowledged and not applied.
    #[serde(default)]
    pub oldest_pending_at: Option<Timestamp>,
    /// How long webhooks waited for their answer: 95 % of the last ones were faster.
    pub ack_p95_ms: Option<u64>,
    /// Bytes of a sample that have gone to the provider, of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<(u64, u64)>,
    /// Numbers that are being set up, or whose setup failed.
    #[serde(default)]
    pub setups: u32,
    /// Everybody who has a console open.
    #[serde(default)]
    pub here: Vec<Here>,
    /// What was handed last to whoever asks, while they have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<Handed>,
    /// Providers whose numbers can be set up from here.
    #[serde(default)]
    pub sets_up: Vec<ProviderName>,
}

/// A thread that will be lost next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadarRow {
    #[serde(flatten)]
    pub thread: ThreadRow,
    /// Who answers it, or nobody.
    pub owner: Option<String>,
    /// What letting the window lapse would cost.
    pub cost: String,
}

/// A filter with a name, and how many threads it finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    pub name: String,
    pub terms: String,
    /// Counted up to a thousand.
    pub count: u32,
    /// Made by whoever asks; the others are always there.
    pub own: bool,
}

/// Somebody waits, and nobody but a person will help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingEntry {
    pub since: Timestamp,
    pub reason: String,
}

/// A thread that a colleague gave to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    pub thread: ThreadId,
    /// Whose thread it is, as lists show them.
    pub contact: String,
    pub by: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRow {
    pub id: ThreadId,
    pub contact_id: ContactId,
    pub external_id: String,
    pub connection: String,
    pub connection_id: ConnectionId,
    /// Whose number it is over.
    pub organization: String,
    pub environment: Environment,
    pub contact: ContactView,
    pub unread: u32,
    pub last_message_at: Timestamp,
    pub last_text: Untrusted,
    pub last_direction: Direction,
    pub last_status: DeliveryStatus,
    pub window_closes_at: Option<Timestamp>,
    pub assignment: Option<AssignmentView>,
    pub taken_by: Option<String>,
    /// Until when it is kept for them; afterwards any colleague may go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_until: Option<Timestamp>,
    pub waiting: Option<WaitingEntry>,
    /// The run that collects, or works, right now.
    pub run: Option<RunState>,
    /// They asked not to be written to.
    #[serde(default)]
    pub opted_out: bool,
    /// Wants no marketing messages.
    #[serde(default)]
    pub no_marketing: bool,
    /// Its agent gave it to a person, who has not given it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_off_at: Option<Timestamp>,
    /// Nothing is left to do in it until the contact writes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
    /// What was said before is not told to agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_from: Option<Timestamp>,
    /// When a person last wrote in it, and for how many seconds its agent leaves it to them then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_wrote_at: Option<Timestamp>,
    #[serde(default)]
    pub pause_seconds: u32,
    /// Another app holds the conversation at the provider, as was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_elsewhere: Option<crate::domain::message::holder::HeldElsewhere>,
    /// Its contact is new, and nobody has answered them yet.
    #[serde(default)]
    pub new: bool,
    /// What the provider counts of its conversation, as was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationRecord>,
    /// Colleagues who look at this thread now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<Presence>,
}

impl ThreadRow {
    /// The other app that holds the conversation now, where one does.
    pub fn held_by_other(&self, now: Timestamp) -> Option<&crate::domain::message::holder::HeldElsewhere> {
        self.held_elsewhere.as_ref().filter(|held| held.is_current(now))
    }

    /// Until when its agent leaves it to the person who wrote in it, while that lasts.
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        let pause = std::time::Duration::from_secs(u64::from(self.pause_seconds));
        let until = crate::domain::agents::routing::paused_until(self.person_wrote_at?, None, pause)?;
        (self.assignment.is_some() && now < until).then_some(until)
    }

    /// Whoever took it has not been at it for a while.
    pub fn is_left(&self, now: Timestamp) -> bool {
        self.taken_by.is_some() && self.taken_until.is_none_or(|kept| kept <= now)
    }
}

/// Somebody with a console open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    pub who: String,
    pub role: String,
    /// Over which way: this machine, the socket, or SSH.
    pub how: String,
    pub since: Timestamp,
    /// The thread that they look at.
    pub thread: Option<ThreadId>,
    pub writes: bool,
}

/// A colleague at a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub who: String,
    pub writes: bool,
}

/// The outbox's side of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryBrief {
    pub id: EntryId,
    pub state: EntryState,
    pub hold: Option<Hold>,
    pub due_at: Timestamp,
    /// Sent later on purpose, or held for a moment in which it can be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    pub settled_by: Option<SettledBy>,
    /// At whose word it is, or was, called back from the provider that kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled_by: Option<String>,
    /// An earlier entry of the same thread that has to end first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<EntryId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// `contact` or `us`.
    pub from: Direction,
    pub emoji: Untrusted,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    pub id: MessageId,
    pub thread_id: ThreadId,
    /// Whose number it came to, or went from.
    pub organization: String,
    pub environment: Option<Environment>,
    /// The contact's number; none where it is withheld.
    pub phone_number: Option<PhoneNumber>,
    pub direction: Direction,
    #[serde(rename = "type")]
    pub kind: String,
    pub text: Untrusted,
    /// The words of a template as the contact sees them: header, body with its values, footer, buttons. `None` for
    /// other kinds, and for templates that another program sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<Untrusted>,
    pub status: DeliveryStatus,
    pub provider_message_id: Option<String>,
    pub created_at: Timestamp,
    pub error: Option<Failure>,
    /// How often sending was tried.
    pub attempts: u32,
    pub origin: Origin,
    /// Who wrote it: an operator, an agent; none for a contact.
    pub author: Option<String>,
    /// The words of the message that this one quotes.
    pub quotes: Option<Untrusted>,
    pub reactions: Vec<Reaction>,
    pub test: bool,
    /// What its agent would have said to this test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRun>,
    /// How many other deliveries brought it again.
    #[serde(default)]
    pub repeats: u32,
    /// The provider said both that it arrived and that it failed.
    pub contradictory: bool,
    /// The agent run that said it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    pub entry: Option<EntryBrief>,
    /// The file that came along, or goes along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaView>,
}

/// A message that a search found, with whose thread it stands in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundMessage {
    pub contact: ContactView,
    #[serde(flatten)]
    pub message: MessageView,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageDetail {
    #[serde(flatten)]
    pub message: MessageView,
    pub content: Content,
    pub received_at: Timestamp,
    pub delivery: Option<DeliveryId>,
    /// Why no agent was asked about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_routed: Option<String>,
    /// How it was decided who answers, step by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<String>,
    pub statuses: Vec<StatusView>,
    /// Statuses in words that nobody here knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_statuses: Vec<OtherStatusView>,
    pub tries: Vec<AttemptView>,
    /// What came along beside the content, and what became of it.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    pub id: AttemptId,
    pub series: u32,
    pub number: u32,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// `accepted`, `retry`, `refused`, `uncertain`, or none while it runs.
    pub outcome: Option<String>,
    pub http_status: Option<u16>,
    pub failure: Option<Failure>,
    /// The request as it went out, without secrets.
    pub request: Untrusted,
    pub response: Untrusted,
    /// A file went up; no message was sent.
    #[serde(default)]
    pub upload: bool,
    /// The id that the provider gave in this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<String>,
    /// What was reported under that id.
    #[serde(default)]
    pub statuses: Vec<StatusView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    pub id: EntryId,
    pub message_id: MessageId,
    pub thread_id: ThreadId,
    pub connection: String,
    pub contact: ContactView,
    pub text: Untrusted,
    pub state: EntryState,
    pub status: DeliveryStatus,
    pub hold: Option<Hold>,
    pub due_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    pub created_at: Timestamp,
    pub attempts: u32,
    pub error: Option<Failure>,
    pub author: Option<String>,
    pub settled_by: Option<SettledBy>,
    /// Who said no, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_by: Option<FailedBy>,
    /// At whose word it is, or was, called back from the provider that kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled_by: Option<String>,
    /// What the provider's own list showed of it, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<String>,
    /// An earlier entry of the same thread that has to end first.
    pub behind: Option<EntryId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryDetail {
    #[serde(flatten)]
    pub row: EntryRow,
    pub reference: String,
    pub series: u32,
    /// The provider says both that it arrived and that it failed.
    pub contradictory: bool,
    /// What the provider's own list showed when this was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The last request as a command; the key stays in the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curl: Option<String>,
    pub provider_message_id: Option<String>,
    pub statuses: Vec<StatusView>,
    pub tries: Vec<AttemptView>,
}

/// The provider's message list, beside an entry whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub asked_at: Timestamp,
    /// What it means, in one sentence.
    pub said: String,
    /// What was listed around that time, newest first.
    pub listed: Vec<ListedLine>,
}

/// One message of the provider's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLine {
    pub provider_message_id: String,
    pub at: Timestamp,
    pub words: Untrusted,
    /// Why it is this one, or is not: its reference, its words, or that it is another one of ours.
    pub because: String,
}

/// An alert with its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertView {
    pub id: AlertId,
    pub kind: String,
    pub subject: String,
    pub said: Untrusted,
    pub thread_id: Option<ThreadId>,
    pub raised_at: Timestamp,
    pub last_at: Timestamp,
    pub count: u32,
    /// By whom, and when; `system` where it was over by itself.
    pub acked: Option<(String, Timestamp)>,
}

impl AlertView {
    /// Returns the title of its kind; a kind of another version is shown as its words.
    pub fn title(&self) -> String {
        AlertKind::parse(&self.kind).map_or_else(|| self.kind.replace('_', " "), |kind| kind.title().to_owned())
    }

    /// Returns what to do about it.
    pub fn remedy(&self) -> &'static str {
        AlertKind::parse(&self.kind).map_or("Look into it, then acknowledge it.", AlertKind::remedy)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub path: String,
    /// The provider's name of the event, as far as it could be told.
    pub event: String,
    pub state: DeliveryState,
    pub received_at: Timestamp,
    pub bytes: u64,
    /// How often the same delivery came again.
    pub repeats: u32,
    pub note: Option<Untrusted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    #[serde(flatten)]
    pub row: DeliveryRow,
    pub provider: String,
    pub headers: Vec<(String, Untrusted)>,
    /// Masked, unless it was revealed.
    pub body: Untrusted,
    /// Why its signature fits, or does not.
    #[serde(default)]
    pub verdict: String,
    /// Whether its signature fits one of our secrets as they are now.
    #[serde(default)]
    pub signed: bool,
}
