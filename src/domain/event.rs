//! What a provider's webhook says, in our words.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::content::Content;
use super::status::StatusReport;
use super::template::TemplateStatus;
use super::text::Untrusted;
use super::time::Timestamp;

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
    /// A name nobody here knows. Kept, shown, answered 200.
    Unknown {
        name: String,
    },
}

/// What has become of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateState {
    pub name: String,
    pub language: String,
    pub status: TemplateStatus,
    pub reason: Option<Untrusted>,
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
    pub first_contact: bool,
    pub test: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StatusEvent {
    pub phone_number_id: String,
    pub provider_message_id: String,
    pub statuses: Vec<StatusReport>,
    pub raw_statuses: Vec<String>,
    pub reference: Option<String>,
}
