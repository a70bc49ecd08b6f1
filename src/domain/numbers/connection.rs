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

    /// The word in the header: a colour alone would not say it.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Development => "DEV",
            Self::Production => "PROD",
        }
    }
}

/// The name of the company API we go through, as the registry of providers knows it.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    pub name: String,
    pub organization: String,
    pub environment: Environment,
    pub provider: ProviderName,
    pub phone_number: PhoneNumber,
    /// The provider's own id of the number: what webhooks name and sends go through.
    pub phone_number_id: String,
    /// The WhatsApp Business Account that owns number and templates.
    pub business_account_id: String,
    /// A number for trying out is never taken for one that people use.
    #[serde(default)]
    pub kind: NumberKind,
    /// Whose number it is at the provider, where it keeps a record of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    pub settings: ConnectionSettings,
}

impl Connection {
    /// Whether trouble of the provider is the same trouble for both, and whoever sees the one sees the other.
    pub fn shares_provider_with(&self, other: &Self) -> bool {
        self.provider == other.provider
            && self.organization == other.organization
            && self.environment == other.environment
    }
}

/// What may differ from number to number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionSettings {
    /// How long a burst of messages is waited out before an agent answers.
    #[serde(rename = "debounce_seconds", alias = "debounce", with = "crate::domain::time::seconds")]
    pub debounce: Duration,
    /// One business-initiated message per contact and hour, unless switched off.
    pub hourly_policy: bool,
    /// Messages per second over this number.
    pub messages_per_second: u32,
    /// Whether contacts see that their message was read, and that an answer is being written.
    pub read_marks: bool,
    /// How long an agent is silent in a thread after a person wrote there; zero where it goes on at once.
    #[serde(rename = "pause_after_person_seconds", with = "crate::domain::time::seconds")]
    pub pause_after_person: Duration,
    /// How long a person's message is held before it goes, so that it can be taken back.
    #[serde(rename = "undo_seconds", alias = "undo", with = "crate::domain::time::seconds")]
    pub undo: Duration,
    /// Where nobody has written for so long, something is wrong; nothing where silence is usual.
    #[serde(rename = "silent_after_seconds", alias = "silent_after", with = "crate::domain::time::seconds")]
    pub silent_after: Duration,
    /// Whether contacts see 👀 while an agent works on their message, and ✅ or ❌ when it is done.
    pub lifecycle_reactions: bool,
    /// Whether a burst is acknowledged with how many messages it had.
    pub batch_note: bool,
    /// What a contact is told when an agent gives their thread to a person without a word; may be empty.
    pub hand_off_text: String,
    /// The environment variable that holds this connection's own key, if it has one.
    pub api_key_env: Option<String>,
    /// The sender pool that it sends through, where the provider has such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<String>,
    /// Whether templates for later are handed over ahead of their time: they go even if we do not run then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub schedule_at_provider: bool,
    /// One of us, whom a test message goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tester: Option<PhoneNumber>,
    /// The word that people send to a shared sandbox number to be let in.
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

/// One link of the chain between a contact and us, each proved on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The provider's API answered for this number.
    Provider,
    /// A webhook that points here is registered there, and switched on.
    Registration,
    /// The provider's own log says that its deliveries to us arrive.
    Upstream,
    /// A test came back through our public address.
    Public,
    /// A signature fitted one of our secrets.
    Signature,
    /// A correctly signed webhook arrived for this number.
    Inbound,
    /// The agent of this number answered.
    Agent,
    /// What is due goes out.
    Outbox,
    /// The provider accepted a message from this number.
    Send,
    /// A status came back for a message of this number.
    Status,
}

impl Check {
    /// In the order in which a message passes them.
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

    /// It takes somebody outside to prove it, and it proves the number: agent and outbox we see by ourselves, and a
    /// test of the provider's proves the way of webhooks alone (address and signature).
    pub const fn is_outside(self) -> bool {
        !matches!(self, Self::Agent | Self::Outbox | Self::Public | Self::Signature)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }
}

/// The last result of one check of a connection. It has a time, because a check that passed can fail later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    #[serde(alias = "hop")]
    pub check: Check,
    pub at: Timestamp,
    pub works: bool,
    /// What was seen: the provider's answer, or the reason of the failure.
    pub note: String,
}

/// One thing that a person does so that a number works here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupTask {
    /// Where at the provider, or in our environment.
    pub place: String,
    pub what: String,
    /// What is to be pasted there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paste: Option<String>,
    /// It can be set from here, over the provider's API: `connections register`, or `r` in Connections.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_api: bool,
    /// What proves that it was done right; nothing where only the person can see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Check>,
}

/// What a provider can do; shown by the console and asked by commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Read marks and the typing indicator.
    pub read_marks: bool,
    /// Our reference comes back in statuses.
    pub references: bool,
    /// Its own list of messages can be asked.
    pub message_list: bool,
    pub templates: bool,
    /// A message can quote another one.
    pub quotes: bool,
    pub reactions: bool,
    /// Buttons, lists and links beside the words.
    pub offers: bool,
    /// Shared contacts.
    pub cards: bool,
    /// Files are fetched from an address of ours, instead of being uploaded.
    pub fetches_files: bool,
    /// It keeps a log of its deliveries to us.
    pub delivery_log: bool,
    /// What webhooks its API registers.
    pub webhooks: WebhookSupport,
    /// Its signature covers the address that it called.
    pub signs_address: bool,
    /// Characters in one text, where that is less than what the platform takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_text: Option<u32>,
}

impl Capabilities {
    /// Everything that the platform itself can do, over a provider that hands all of it through.
    pub const ALL: Self = Self {
        read_marks: true,
        references: true,
        message_list: true,
        templates: true,
        quotes: true,
        reactions: true,
        offers: true,
        cards: true,
        fetches_files: false,
        delivery_log: true,
        webhooks: WebhookSupport::Full,
        signs_address: false,
        longest_text: None,
    };

    /// Why this cannot be sent over the provider, whatever its state.
    pub fn forbid(&self, content: &Content, quotes: bool) -> Result<(), Refusal> {
        let (what, instead) = match content {
            Content::Reaction { .. } if !self.reactions => ("reactions", "Answer with words."),
            Content::Offer(_) if !self.offers => ("buttons, lists and links", "Write the choices as words."),
            Content::Contacts { .. } if !self.cards => ("shared contacts", "Write name and number as words."),
            Content::Text { body, .. }
                if self.longest_text.is_some_and(|most| body.as_received().chars().count() > most as usize) =>
            {
                let most = self.longest_text.unwrap_or_default();
                let length = body.as_received().chars().count();
                let why = format!("The text has {length} characters; the maximum of this number's provider is {most}.");
                return Err(Refusal::new(Code::TextTooLong, why, "Send it in parts."));
            }
            _ if quotes && !self.quotes => ("quotes", "Send it without the quote, and name what it answers."),
            _ => return Ok(()),
        };
        Err(Refusal::new(Code::Provider, format!("The provider of this number cannot send {what}."), instead))
    }
}

/// How a provider spells an id that a configuration has to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdShape {
    Digits,
    /// The number itself, as digits: it need not be named twice.
    OwnNumber,
    /// These letters and 32 hex digits. It may stand in the environment instead, under this name.
    Sid(&'static str, &'static str),
}

impl IdShape {
    /// What the id is taken for where nobody names it.
    pub fn usual(self, number: &PhoneNumber) -> Option<String> {
        match self {
            Self::Digits => None,
            Self::OwnNumber => Some(number.digits().to_owned()),
            Self::Sid(..) => Some(String::new()),
        }
    }

    pub fn fits(self, id: &str) -> bool {
        match self {
            Self::Digits | Self::OwnNumber => !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()),
            Self::Sid(letters, _) => {
                let tail = id.strip_prefix(letters).unwrap_or_default();
                tail.len() == 32 && tail.chars().all(|c| c.is_ascii_hexdigit())
            }
        }
    }

    pub fn words(self) -> String {
        match self {
            Self::Digits => "the provider's id: digits only, not the phone number".to_owned(),
            Self::OwnNumber => "the number again, as digits, or is left out".to_owned(),
            Self::Sid(letters, name) => format!("{letters} and 32 hex digits, or is left out where {name} is set"),
        }
    }
}

/// A provider as a configuration may name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderShape {
    pub name: &'static str,
    pub phone_number_id: IdShape,
    pub business_account_id: IdShape,
    /// The environment variable with the key that connections use unless they name another.
    pub key: &'static str,
    /// Those of which one has to hold what webhooks are signed with.
    pub secrets: &'static [&'static str],
    /// Other variables without which something of it does not work.
    pub needs: &'static [&'static str],
    /// Variables that lead to another address of its API; `true` where only the host of it counts.
    pub bases: &'static [(&'static str, bool)],
    /// The variable with the version of the Graph API, where it is asked for in a version.
    pub graph_version: Option<&'static str>,
    /// It keeps what is to be sent later, and sends it by itself.
    pub schedules: bool,
}
