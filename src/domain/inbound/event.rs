//! What a provider's webhook says, in our words.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::address::Address;
use crate::domain::message::content::Content;
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::status::StatusReport;
use crate::domain::templates::template::TemplateStatus;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// How the id of a message begins that we sent to ourselves, to prove the way in.
pub const OWN_TEST: &str = "wadeck-test-";

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

/// Where a message was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Through the provider's API; for inbound messages, by the contact.
    Api,
    /// By a person in the business app on a phone.
    BusinessApp,
    /// Copied in from before.
    HistorySync,
    /// Never pushed to us: found in the provider's own list afterwards.
    Filled,
    /// A name this program does not know.
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

/// One thing that happened, read from a webhook delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum InboundEvent {
    Message(Box<MessageEvent>),
    /// Something about a message of ours, without its content.
    Status(StatusEvent),
    /// A conversation, number or workflow event that changes no message; kept and shown.
    Lifecycle {
        name: String,
        phone_number_id: Option<String>,
        customer_id: Option<String>,
        note: Untrusted,
    },
    /// The platform speaks of a template, a number or the account itself.
    Notice {
        name: String,
        /// The business account that it is about.
        account: Option<String>,
        subject: String,
        /// Empty where nobody here knows the name.
        said: Untrusted,
        /// Whether somebody has to hear it.
        alarming: bool,
        template: Option<TemplateState>,
    },
    /// An event with an unknown name. It is stored, shown and answered with 200.
    Unknown {
        name: String,
    },
    /// Whoever holds the conversation at the provider gave it to a person, or broke down.
    Handoff {
        name: String,
        phone_number_id: String,
        /// The provider's id of the conversation, where it names no contact.
        conversation: Option<String>,
        contact: Vec<Address>,
        note: Untrusted,
    },
    /// A person wants marketing messages, or wants none any more.
    Preference {
        phone_number_id: String,
        contact: Vec<Address>,
        stop: bool,
        at: Timestamp,
    },
    /// What the business calls a contact on its phone.
    Named {
        phone_number_id: String,
        contact: Vec<Address>,
        name: Untrusted,
    },
    /// One item that cannot be read, among others that can.
    Unreadable {
        why: String,
    },
}

/// A status word that nobody here knows, with its time and the object that it stood in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherStatus {
    pub word: Untrusted,
    pub at: Timestamp,
    pub raw: String,
}

/// A contact whose address is another one now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The address that is theirs no more.
    pub from: Address,
    pub to: Address,
}

/// What has become of a template.
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
    /// The category is another one now.
    Category(String),
    /// The category changes within a day.
    CategoryPlanned,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    Quality(String),
}

/// A message with everything the delivery said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEvent {
    pub phone_number_id: String,
    pub provider_message_id: String,
    pub direction: Direction,
    pub origin: Origin,
    /// The contact's addresses, best first. Empty when the delivery names none.
    pub contact: Vec<Address>,
    pub contact_name: Option<Untrusted>,
    pub content: Content,
    pub sent_at: Timestamp,
    /// The provider message id that this one quotes.
    pub reply_to: Option<String>,
    pub statuses: Vec<StatusReport>,
    /// Raw status objects, as received.
    pub raw_statuses: Vec<String>,
    /// Our reference, where a status gave it back.
    pub reference: Option<String>,
    /// Words for a status that nobody here knows.
    pub other_statuses: Vec<OtherStatus>,
    /// Whether the provider calls this the first message of the conversation; none where it does not say.
    pub first_contact: Option<bool>,
    /// What the provider counts of the conversation.
    pub counts: Option<ConversationRecord>,
    pub test: bool,
    /// What came along beside the content.
    pub extras: Extras,
    /// The group that it was said in.
    pub group: Option<String>,
    /// The contact's address changed.
    pub moved: Option<Moved>,
    /// The provider's id of the conversation that it stands in.
    pub conversation: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StatusEvent {
    pub phone_number_id: String,
    pub provider_message_id: String,
    pub statuses: Vec<StatusReport>,
    pub raw_statuses: Vec<String>,
    pub other_statuses: Vec<OtherStatus>,
    pub reference: Option<String>,
}
