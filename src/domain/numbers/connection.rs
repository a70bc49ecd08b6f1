//! A connection: one business phone number reached through one provider.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::message::content::Content;
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// Whether a connection serves development or production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Development,
    Production,
}

impl Environment {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Development, Self::Production].into_iter().find(|environment| environment.name() == name)
    }

    /// Returns the label shown in the header, so that the environment is not shown by color alone.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Development => "DEV",
            Self::Production => "PROD",
        }
    }
}

/// Name of a provider, as in the provider registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderName(String);

impl ProviderName {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A business phone number that is connected through a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    pub name: String,
    pub organization: String,
    pub environment: Environment,
    pub provider: ProviderName,
    pub phone_number: PhoneNumber,
    /// The provider's id of the number; webhooks and send requests contain it.
    pub phone_number_id: String,
    /// WhatsApp Business Account that owns the number and its templates.
    pub business_account_id: String,
    /// Production or sandbox number.
    #[serde(default)]
    pub kind: NumberKind,
    /// The provider's customer id of the number's owner, if the provider keeps customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    pub settings: ConnectionSettings,
}

impl Connection {
    /// Returns `true` if both use the same provider, organization and environment: a provider failure then affects
    /// both, and the same people may see both.
    pub fn shares_provider_with(&self, other: &Self) -> bool {
        self.provider == other.provider
            && self.organization == other.organization
            && self.environment == other.environment
    }
}

/// Settings that can differ from connection to connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionSettings {
    /// Pause after a contact's last message before an agent replies.
    #[serde(rename = "debounce_seconds", alias = "debounce", with = "crate::domain::time::seconds")]
    pub debounce: Duration,
    /// Limits business-initiated messages to one per contact and hour.
    pub hourly_policy: bool,
    /// Maximum number of messages sent per second from this number.
    pub messages_per_second: u32,
    /// Sends read receipts and typing indicators to contacts.
    pub read_marks: bool,
    /// How long an agent does not reply in a thread after a person wrote there; zero means no pause.
    #[serde(rename = "pause_after_person_seconds", with = "crate::domain::time::seconds")]
    pub pause_after_person: Duration,
    /// How long a person's message is held before it is sent, so that it can be undone.
    #[serde(rename = "undo_seconds", alias = "undo", with = "crate::domain::time::seconds")]
    pub undo: Duration,
    /// Raises an alert if no contact writes for this long; zero disables the alert.
    #[serde(rename = "silent_after_seconds", alias = "silent_after", with = "crate::domain::time::seconds")]
    pub silent_after: Duration,
    /// Reacts with 👀 while an agent processes a contact's message, and with ✅ or ❌ when it is done.
    pub lifecycle_reactions: bool,
    /// Tells the contact how many messages of a burst were received.
    pub batch_note: bool,
    /// Text sent to a contact when an agent escalates without a reply; empty sends nothing.
    pub hand_off_text: String,
    /// Environment variable with this connection's own API key; `None` uses the provider's default key.
    pub api_key_env: Option<String>,
    /// Sender pool to send through, at providers that have sender pools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<String>,
    /// Submits scheduled templates to the provider ahead of time, so that they are sent even if wadeck is not
    /// running.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub schedule_at_provider: bool,
    /// Phone number of a colleague that receives test messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tester: Option<PhoneNumber>,
    /// Code that people send to a shared sandbox number to join it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_code: Option<String>,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            debounce: Duration::from_secs(4),
            hourly_policy: true,
            messages_per_second: 80,
            read_marks: true,
            pause_after_person: Duration::from_secs(3_600),
            undo: Duration::ZERO,
            silent_after: Duration::ZERO,
            lifecycle_reactions: false,
            batch_note: false,
            hand_off_text: String::new(),
            api_key_env: None,
            messaging_service: None,
            schedule_at_provider: false,
            tester: None,
            join_code: None,
        }
    }
}

/// One link in the chain between a contact and wadeck. Each is checked separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The provider's API answers for this number.
    Provider,
    /// An active webhook that points to this installation is registered at the provider.
    Registration,
    /// The provider's own delivery log shows that its deliveries arrive here.
    Upstream,
    /// A test webhook arrived through the public address.
    Public,
    /// A webhook signature matched one of the configured secrets.
    Signature,
    /// A correctly signed webhook arrived for this number.
    Inbound,
    /// The agent assigned to this number replied.
    Agent,
    /// Due messages are sent.
    Outbox,
    /// The provider accepted a message from this number.
    Send,
    /// The provider reported a delivery status for a message of this number.
    Status,
}

impl Check {
    /// All checks, in the order in which a message passes them.
    pub const ALL: [Self; 10] = [
        Self::Provider,
        Self::Registration,
        Self::Upstream,
        Self::Public,
        Self::Signature,
        Self::Inbound,
        Self::Agent,
        Self::Outbox,
        Self::Send,
        Self::Status,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Registration => "registration",
            Self::Upstream => "upstream",
            Self::Public => "public",
            Self::Signature => "signature",
            Self::Agent => "agent",
            Self::Outbox => "outbox",
            Self::Inbound => "inbound",
            Self::Send => "send",
            Self::Status => "status",
        }
    }

    /// Returns `true` if the check needs an outside party and concerns this number. Agent and outbox are observed
    /// locally; a test webhook (address and signature) checks only the webhook path.
    pub const fn is_outside(self) -> bool {
        !matches!(self, Self::Agent | Self::Outbox | Self::Public | Self::Signature)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }
}

/// The latest result of one check. It has a time, because a check that passed can fail later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    #[serde(alias = "hop")]
    pub check: Check,
    pub at: Timestamp,
    pub works: bool,
    /// The provider's answer, or the reason for the failure.
    pub note: String,
}

/// A task that a person completes so that a number works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupTask {
    /// Where the task is done: a page at the provider, or the local environment.
    pub place: String,
    pub what: String,
    /// Text to paste there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paste: Option<String>,
    /// wadeck can do the task over the provider's API: `connections register`, or `r` in Connections.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_api: bool,
    /// Check that confirms the task; `None` if only the person can confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Check>,
}

/// Features of a provider. The console shows them and operations check them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Read receipts and the typing indicator.
    pub read_marks: bool,
    /// Statuses contain the reference that was sent with the message.
    pub references: bool,
    /// The provider's message list can be queried.
    pub message_list: bool,
    pub templates: bool,
    /// A message can quote another one.
    pub quotes: bool,
    pub reactions: bool,
    /// Interactive messages: buttons, lists and links.
    pub offers: bool,
    /// Interactive messages are limited to buttons, a plain list or a link. Only read where `offers` is set.
    #[serde(skip)]
    pub simple_offers: bool,
    /// Shared contact cards.
    pub cards: bool,
    /// The provider downloads files from a URL of wadeck; files are not uploaded.
    pub fetches_files: bool,
    /// The provider keeps a log of its webhook deliveries.
    pub delivery_log: bool,
    /// Webhooks that can be registered over the provider's API.
    pub webhooks: WebhookSupport,
    /// The webhook signature covers the called URL.
    pub signs_address: bool,
    /// Maximum number of characters in a text; `None` if the platform's limit applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_text: Option<u32>,
}

impl Capabilities {
    /// All features of the platform, for a provider that supports all of them.
    pub const ALL: Self = Self {
        read_marks: true,
        references: true,
        message_list: true,
        templates: true,
        quotes: true,
        reactions: true,
        offers: true,
        simple_offers: false,
        cards: true,
        fetches_files: false,
        delivery_log: true,
        webhooks: WebhookSupport::Full,
        signs_address: false,
        longest_text: None,
    };

    /// Refuses content that the provider cannot send, regardless of its state.
    pub fn forbid(&self, content: &Content, quotes: bool) -> Result<(), Refusal> {
        let (what, instead) = match content {
            Content::Reaction { .. } if !self.reactions => ("reactions", "Answer with words."),
            Content::Offer(_) if !self.offers => ("buttons, lists and links", "Write the choices as words."),
            Content::Offer(offer) if self.simple_offers => match offer.beyond_simple() {
                Some((what, instead)) => (what, instead),
                None => return self.forbid_quote(quotes),
            },
            Content::Contacts { .. } if !self.cards => ("shared contacts", "Write name and number as words."),
            Content::Text { body, .. }
                if self.longest_text.is_some_and(|most| body.as_received().chars().count() > most as usize) =>
            {
                let most = self.longest_text.unwrap_or_default();
                let length = body.as_received().chars().count();
                let why = format!("The text has {length} characters; the maximum of this number's provider is {most}.");
                return Err(Refusal::new(Code::TextTooLong, why, "Send it in parts."));
            }
            _ => return self.forbid_quote(quotes),
        };
        Err(cannot_send(what, instead))
    }

    fn forbid_quote(&self, quotes: bool) -> Result<(), Refusal> {
        if quotes && !self.quotes {
            return Err(cannot_send("quotes", "Send it without the quote, and name what it answers."));
        }
        Ok(())
    }
}

fn cannot_send(what: &str, instead: &'static str) -> Refusal {
    Refusal::new(Code::Provider, format!("The provider of this number cannot send {what}."), instead)
}

/// Format of an id in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdShape {
    Digits,
    /// The phone number's digits; the configuration may omit the id.
    OwnNumber,
    /// A prefix and 32 hexadecimal digits. The id may be set in the environment variable named second instead.
    Sid(&'static str, &'static str),
}

impl IdShape {
    /// Returns the id to use if the configuration names none; `None` if the id is required. An empty id means that
    /// the environment variable is read.
    pub fn usual(self, number: &PhoneNumber) -> Option<String> {
        match self {
            Self::Digits => None,
            Self::OwnNumber => Some(number.digits().to_owned()),
            Self::Sid(..) => Some(String::new()),
        }
    }

    /// Returns `true` if an id has this format.
    pub fn fits(self, id: &str) -> bool {
        match self {
            Self::Digits | Self::OwnNumber => !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()),
            Self::Sid(letters, _) => {
                let tail = id.strip_prefix(letters).unwrap_or_default();
                tail.len() == 32 && tail.chars().all(|c| c.is_ascii_hexdigit())
            }
        }
    }

    /// Describes the format for error messages.
    pub fn words(self) -> String {
        match self {
            Self::Digits => "the provider's id: digits only, not the phone number".to_owned(),
            Self::OwnNumber => "the number again, as digits, or is left out".to_owned(),
            Self::Sid(letters, name) => format!("{letters} and 32 hex digits, or is left out where {name} is set"),
        }
    }
}

/// A provider's configuration requirements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderShape {
    pub name: &'static str,
    pub phone_number_id: IdShape,
    pub business_account_id: IdShape,
    /// Environment variable with the default API key; a connection can name another.
    pub key: &'static str,
    /// Environment variables for the webhook signing secret; one of them must be set.
    pub secrets: &'static [&'static str],
    /// Other required environment variables; without them some features do not work.
    pub needs: &'static [&'static str],
    /// Environment variables that override API base URLs; `true` if only the host is used.
    pub bases: &'static [(&'static str, bool)],
    /// Environment variable with the Graph API version; `None` if the provider's API has no versions.
    pub graph_version: Option<&'static str>,
    /// The provider accepts scheduled messages and sends them when they are due.
    pub schedules: bool,
}
