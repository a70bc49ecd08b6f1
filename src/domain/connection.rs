//! A connection: one business phone number reached through one provider.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::ConnectionId;
use super::number::NumberKind;
use super::phone::PhoneNumber;
use super::time::Timestamp;

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

/// What may differ from number to number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionSettings {
    /// How long a burst of messages is waited out before an agent answers.
    pub debounce: Duration,
    /// One business-initiated message per contact and hour, unless switched off.
    pub hourly_policy: bool,
    /// Messages per second over this number.
    pub messages_per_second: u32,
    /// Whether contacts see that their message was read, and that an answer is being written.
    pub read_marks: bool,
    /// How long a person's message is held before it goes, so that it can be taken back.
    pub undo: Duration,
    /// Where nobody has written for so long, something is wrong; nothing where silence is usual.
    pub silent_after: Duration,
    /// Whether contacts see 👀 while an agent works on their message, and ✅ or ❌ when it is done.
    pub lifecycle_reactions: bool,
    /// Whether a burst is acknowledged with how many messages it had.
    pub batch_note: bool,
    /// What a contact is told when an agent gives their thread to a person without a word; may be empty.
    pub hand_off_text: String,
    /// The environment variable that holds this connection's own key, if it has one.
    pub api_key_env: Option<String>,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            debounce: Duration::from_secs(4),
            hourly_policy: true,
            messages_per_second: 80,
            read_marks: true,
            undo: Duration::ZERO,
            silent_after: Duration::ZERO,
            lifecycle_reactions: false,
            batch_note: false,
            hand_off_text: String::new(),
            api_key_env: None,
        }
    }
}

/// One link of the chain between a contact and us, each proved on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
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

impl Hop {
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

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hop| hop.name() == name)
    }
}

/// The last time a hop was seen to work, or not to. A state is a proof with an age, never a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub hop: Hop,
    pub at: Timestamp,
    pub works: bool,
    /// What was seen: the provider's answer, or the reason of the failure.
    pub note: String,
}

/// What a provider can do; shown by the console and asked by commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Read marks and the typing indicator.
    pub read_marks: bool,
    /// Our reference comes back in statuses.
    pub references: bool,
    /// Its own list of messages can be asked.
    pub message_list: bool,
    pub templates: bool,
}
