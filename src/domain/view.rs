//! Views: rows and details as consoles show them and scripts read them. Field names that `docs` and scripts rely on
//! must not change.

use serde::{Deserialize, Serialize};

use crate::domain::access::scope::Scope;
use crate::domain::agents::assignment::AssignmentView;
use crate::domain::agents::run::RunState;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::contacts::view::ContactView;
use crate::domain::costs::pricing::PricingRecord;
use crate::domain::costs::thread::ThreadCosts;
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
use crate::domain::message::snoozed::Snoozed;
use crate::domain::message::status::DeliveryStatus;
use crate::domain::message::status_view::StatusView;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::outbox::entry::{EntryState, FailedBy, SettledBy};
use crate::domain::outbox::limits::Hold;
use crate::domain::presence::{Handed, Here, Presence};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Counts for the dashboard and for collapsed panes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub version: String,
    pub organization: String,
    pub environment: Environment,
    #[serde(default)]
    pub scope: Scope,
    pub engine_started_at: Timestamp,
    pub listening_on: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph_version: Option<String>,
    pub connections: u32,
    /// Connections whose latest check failed.
    pub connections_in_trouble: u32,
    /// Connections with a passed outside check and no failed check.
    #[serde(default)]
    pub connections_proved: u32,
    pub threads: u32,
    pub unread: u32,
    pub waiting: u32,
    pub queued: u32,
    pub held: u32,
    pub uncertain: u32,
    /// Stored at the provider until their scheduled time.
    #[serde(default)]
    pub scheduled: u32,
    /// Failed or dead entries, neither retried nor discarded.
    pub failed: u32,
    pub oldest_queued_at: Option<Timestamp>,
    pub templates: u32,
    pub templates_waiting: u32,
    pub templates_fetched_at: Option<Timestamp>,
    pub agents: u32,
    pub runs_open: u32,
    pub approvals: u32,
    /// Number of stops in effect: of threads, agents, or all agents.
    #[serde(default)]
    pub stopped: u32,
    pub alerts: u32,
    /// Database fault and its remedy; `None` while the database works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    pub deliveries_pending: u32,
    pub deliveries_quarantined: u32,
    pub deliveries_unreadable: u32,
    pub deliveries_rejected: u32,
    /// Repeated webhooks since the engine's start, in all scopes. Each was acknowledged and not applied again.
    #[serde(default)]
    pub deliveries_repeated: u64,
    pub last_delivery_at: Option<Timestamp>,
    /// When the oldest acknowledged webhook arrived that is not applied yet.
    #[serde(default)]
    pub oldest_pending_at: Option<Timestamp>,
    /// 95th percentile of the response time of recent webhooks, in milliseconds.
    pub ack_p95_ms: Option<u64>,
    /// Bytes uploaded and total bytes, during the upload of a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<(u64, u64)>,
    /// Numbers whose setup is in progress or failed.
    #[serde(default)]
    pub setups: u32,
    /// Everyone with an open console.
    #[serde(default)]
    pub here: Vec<Here>,
    /// Users who may answer, online or not.
    #[serde(default)]
    pub colleagues: Vec<String>,
    /// The thread that was last transferred to the caller, while the caller owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<Handed>,
    /// Providers that support number setup.
    #[serde(default)]
    pub sets_up: Vec<ProviderName>,
}

/// A named filter with the number of matching threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    pub name: String,
    pub terms: String,
    /// Counted up to 1000.
    pub count: u32,
    /// `true` for the caller's own filters, `false` for predefined ones.
    pub own: bool,
}

/// A contact waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingEntry {
    pub since: Timestamp,
    pub reason: String,
}

/// A thread as shown in lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRow {
    pub id: ThreadId,
    pub contact_id: ContactId,
    pub external_id: String,
    pub connection: String,
    pub connection_id: ConnectionId,
    /// Organization of the thread's number.
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
    /// Until when the owner keeps the thread; afterwards any colleague may continue it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_until: Option<Timestamp>,
    pub waiting: Option<WaitingEntry>,
    /// State of the current agent run.
    pub run: Option<RunState>,
    #[serde(default)]
    pub opted_out: bool,
    #[serde(default)]
    pub no_marketing: bool,
    /// When the agent escalated the thread; `None` after a person released it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_off_at: Option<Timestamp>,
    /// Resolved until the contact writes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
    /// Snoozed until a time or the contact's next message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<Snoozed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Earlier messages are excluded from the agent's context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_from: Option<Timestamp>,
    /// When a person last wrote in the thread. `pause_seconds` is how long its agent then pauses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_wrote_at: Option<Timestamp>,
    #[serde(default)]
    pub pause_seconds: u32,
    /// Another app holds the conversation, according to the latest report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_elsewhere: Option<crate::domain::message::holder::HeldElsewhere>,
    /// The contact is new and has not been answered yet.
    #[serde(default)]
    pub new: bool,
    /// The provider's counters of the conversation, according to the latest report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationRecord>,
    /// Its costs by the rate card, for a single thread with a configured card; else `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<Box<ThreadCosts>>,
    /// Colleagues who view this thread now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<Presence>,
}

impl ThreadRow {
    /// Returns the labels as lists show them: ` #vip #late`, each after a blank.
    pub fn label_marks(&self) -> String {
        self.labels.iter().fold(String::new(), |marks, label| marks + " #" + &crate::domain::text::clean_line(label))
    }

    /// Returns the other app that holds the conversation now.
    pub fn held_by_other(&self, now: Timestamp) -> Option<&crate::domain::message::holder::HeldElsewhere> {
        self.held_elsewhere.as_ref().filter(|held| held.is_current(now))
    }

    /// Returns until when the agent pauses for the person who wrote in the thread; `None` if it does not.
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        let pause = std::time::Duration::from_secs(u64::from(self.pause_seconds));
        let until = crate::domain::agents::routing::paused_until(self.person_wrote_at?, None, pause)?;
        (self.assignment.is_some() && now < until).then_some(until)
    }

    /// Returns `true` if the thread has an owner who has not been active for a while.
    pub fn is_abandoned(&self, now: Timestamp) -> bool {
        self.taken_by.is_some() && self.taken_until.is_none_or(|kept| kept <= now)
    }
}

/// The outbox entry of a message, in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryBrief {
    pub id: EntryId,
    pub state: EntryState,
    pub hold: Option<Hold>,
    pub due_at: Timestamp,
    /// Earliest time to send it, because it is scheduled or can still be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    pub settled_by: Option<SettledBy>,
    /// Who requested its cancellation at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled_by: Option<String>,
    /// Earlier entry of the thread that has to be finished first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<EntryId>,
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// `contact` or `us`.
    pub from: Direction,
    pub emoji: Untrusted,
}

/// A message as shown in threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    pub id: MessageId,
    pub thread_id: ThreadId,
    pub organization: String,
    pub environment: Option<Environment>,
    /// The contact's phone number; `None` if it is withheld.
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
    pub attempts: u32,
    pub origin: Origin,
    /// Author: an operator or an agent; `None` for a contact.
    pub author: Option<String>,
    /// Text of the quoted message.
    pub quotes: Option<Untrusted>,
    pub reactions: Vec<Reaction>,
    pub test: bool,
    /// What an agent would have replied to this test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRun>,
    /// Number of other deliveries that repeated the message.
    #[serde(default)]
    pub repeats: u32,
    /// The provider reported both arrival and failure.
    pub contradictory: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    pub entry: Option<EntryBrief>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaView>,
}

/// A search result: a message with its contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundMessage {
    pub contact: ContactView,
    #[serde(flatten)]
    pub message: MessageView,
}

/// A message in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageDetail {
    #[serde(flatten)]
    pub message: MessageView,
    pub content: Content,
    pub received_at: Timestamp,
    pub delivery: Option<DeliveryId>,
    /// Why no agent was selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_routed: Option<String>,
    /// Trace of the routing decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<String>,
    pub statuses: Vec<StatusView>,
    /// Statuses that wadeck does not support.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_statuses: Vec<OtherStatusView>,
    pub tries: Vec<AttemptView>,
    /// Information beside the content, and later changes.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
    /// What the provider reported about its charge.
    #[serde(default, skip_serializing_if = "PricingRecord::is_empty")]
    pub pricing: PricingRecord,
}

/// One attempt to send an outbox entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    pub id: AttemptId,
    pub series: u32,
    pub number: u32,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// `accepted`, `retry`, `refused` or `uncertain`; `None` while it runs.
    pub outcome: Option<String>,
    pub http_status: Option<u16>,
    pub failure: Option<Failure>,
    /// The request as sent, without secrets.
    pub request: Untrusted,
    pub response: Untrusted,
    /// The attempt uploaded a file; no message was sent.
    #[serde(default)]
    pub upload: bool,
    /// Id that the provider returned in this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<String>,
    /// Statuses reported under that id.
    #[serde(default)]
    pub statuses: Vec<StatusView>,
}

/// An outbox entry as shown in lists.
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
    /// Who refused it, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_by: Option<FailedBy>,
    /// Who requested its cancellation at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled_by: Option<String>,
    /// What the provider's message list showed about it, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<String>,
    /// Earlier entry of the thread that has to be finished first.
    pub behind: Option<EntryId>,
}

/// An outbox entry in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryDetail {
    #[serde(flatten)]
    pub row: EntryRow,
    pub reference: String,
    pub series: u32,
    /// The provider reported both arrival and failure.
    pub contradictory: bool,
    /// What the provider's message list showed when the entry was reconciled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The latest request as a `curl` command; the API key stays in the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curl: Option<String>,
    pub provider_message_id: Option<String>,
    pub statuses: Vec<StatusView>,
    pub tries: Vec<AttemptView>,
}

/// The provider's message list around the time of an uncertain entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub asked_at: Timestamp,
    /// What the list shows, in one sentence.
    pub said: String,
    /// Messages listed around that time, newest first.
    pub listed: Vec<ListedLine>,
}

/// A message of the provider's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLine {
    pub provider_message_id: String,
    pub at: Timestamp,
    pub words: Untrusted,
    /// Why it matches or does not: its reference, its text, or because it is another known message.
    pub because: String,
}

/// An alert with its history.
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
    /// Who acknowledged it, and when; `system` if the condition ended.
    pub acked: Option<(String, Timestamp)>,
}

impl AlertView {
    /// Returns the title of the alert's kind; for kinds of other versions, the kind's name.
    pub fn title(&self) -> String {
        AlertKind::parse(&self.kind).map_or_else(|| self.kind.replace('_', " "), |kind| kind.title().to_owned())
    }

    /// Returns the remedy.
    pub fn remedy(&self) -> &'static str {
        AlertKind::parse(&self.kind).map_or("Look into it, then acknowledge it.", AlertKind::remedy)
    }
}

/// A delivery as shown in lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub path: String,
    /// The provider's event name, if it could be determined.
    pub event: String,
    pub state: DeliveryState,
    pub received_at: Timestamp,
    pub bytes: u64,
    /// How often the same delivery was repeated.
    pub repeats: u32,
    pub note: Option<Untrusted>,
}

/// A delivery in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    #[serde(flatten)]
    pub row: DeliveryRow,
    pub provider: String,
    pub headers: Vec<(String, Untrusted)>,
    /// Masked, unless it was revealed.
    pub body: Untrusted,
    /// Why the signature matches or does not.
    #[serde(default)]
    pub verdict: String,
    /// Whether the signature matches one of the current secrets.
    #[serde(default)]
    pub signed: bool,
}
