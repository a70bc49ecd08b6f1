//! Events of provider webhooks in a common form.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::address::Address;
use crate::domain::message::content::Content;
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::status::StatusReport;
use crate::domain::templates::template::TemplateStatus;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Prefix of the message ids of own test webhooks, which verify inbound delivery.
pub const OWN_TEST: &str = "wadeck-test-";

/// Direction of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Inbound, Self::Outbound].into_iter().find(|direction| direction.name() == name)
    }
}

/// Where a message was sent from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The provider's API; for inbound messages, the contact.
    Api,
    /// The WhatsApp Business app on a phone.
    BusinessApp,
    /// Synchronized history from before the connection.
    HistorySync,
    /// Never delivered by webhook; backfilled from the provider's message list.
    Filled,
    /// A name that wadeck does not support.
    Other(String),
}

impl Origin {
    pub fn name(&self) -> &str {
        match self {
            Self::Api => "api",
            Self::BusinessApp => "business_app",
            Self::HistorySync => "history_sync",
            Self::Filled => "filled",
            Self::Other(name) => name,
        }
    }

    pub fn from_name(name: &str) -> Self {
        match name {
            "api" => Self::Api,
            "business_app" => Self::BusinessApp,
            "history_sync" => Self::HistorySync,
            "filled" => Self::Filled,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One event of a webhook delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum InboundEvent {
    Message(Box<MessageEvent>),
    /// Statuses of an outgoing message, without its content.
    Status(StatusEvent),
    /// A conversation, number or workflow event that changes no message. It is stored and shown.
    Lifecycle {
        name: String,
        phone_number_id: Option<String>,
        customer_id: Option<String>,
        note: Untrusted,
    },
    /// A notice about a template, a number or the account.
    Notice {
        name: String,
        /// Business account that the notice is about.
        account: Option<String>,
        subject: String,
        /// Text of the notice; empty for unsupported notices.
        said: Untrusted,
        /// Whether the notice raises an alert.
        alarming: bool,
        template: Option<TemplateState>,
    },
    /// An event with an unsupported name. It is stored, shown and answered with 200.
    Unknown {
        name: String,
    },
    /// The provider's workflow handed the conversation to a person, or failed.
    Handoff {
        name: String,
        phone_number_id: String,
        /// The provider's conversation id, if the event names no contact.
        conversation: Option<String>,
        contact: Vec<Address>,
        note: Untrusted,
    },
    /// A contact's choice about marketing messages.
    Preference {
        phone_number_id: String,
        contact: Vec<Address>,
        stop: bool,
        at: Timestamp,
    },
    /// A contact's name in the business app.
    Named {
        phone_number_id: String,
        contact: Vec<Address>,
        name: Untrusted,
    },
    /// An item that could not be parsed, among others that could.
    Unreadable {
        why: String,
    },
}

/// An unsupported status, with its time and the object that contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherStatus {
    pub word: Untrusted,
    pub at: Timestamp,
    pub raw: String,
}

/// A contact's change of address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The address that is no longer the contact's.
    pub from: Address,
    pub to: Address,
}

/// New state of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateState {
    pub name: String,
    pub language: String,
    pub change: TemplateChange,
}

/// What changed about a template. Source: Cloud API, part 1.9.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateChange {
    Status {
        status: TemplateStatus,
        reason: Option<Untrusted>,
    },
    /// The category changed.
    Category(String),
    /// The category will change within a day.
    CategoryPlanned,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    Quality(String),
}

/// A message with everything that the delivery contains about it.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEvent {
    pub phone_number_id: String,
    pub provider_message_id: String,
    pub direction: Direction,
    pub origin: Origin,
    /// The contact's addresses, best first; empty if the delivery names none.
    pub contact: Vec<Address>,
    pub contact_name: Option<Untrusted>,
    pub content: Content,
    pub sent_at: Timestamp,
    /// The provider's id of the quoted message.
    pub reply_to: Option<String>,
    pub statuses: Vec<StatusReport>,
    /// Status objects as received.
    pub raw_statuses: Vec<String>,
    /// Our reference, if a status returned it.
    pub reference: Option<String>,
    /// Statuses that wadeck does not support.
    pub other_statuses: Vec<OtherStatus>,
    /// Whether the provider reports this as the first message of the conversation; `None` if it does not say.
    pub first_contact: Option<bool>,
    /// The provider's counters of the conversation.
    pub counts: Option<ConversationRecord>,
    pub test: bool,
    /// Information beside the content.
    pub extras: Extras,
    /// The group that the message was sent in.
    pub group: Option<String>,
    /// The contact's address changed.
    pub moved: Option<Moved>,
    /// The provider's conversation id.
    pub conversation: Option<String>,
}

/// Statuses of an outgoing message.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusEvent {
    pub phone_number_id: String,
    pub provider_message_id: String,
    pub statuses: Vec<StatusReport>,
    pub raw_statuses: Vec<String>,
    pub other_statuses: Vec<OtherStatus>,
    pub reference: Option<String>,
}
