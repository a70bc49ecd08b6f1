//! Numbers as a provider lists them, connected or not, and their business profiles.

use crate::domain::code::Code;
use crate::domain::numbers::number_kind::NumberKind;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{ConnectionId, SetupId};
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::numbers::health::Health;
use crate::domain::numbers::registration::Registration;
use crate::domain::numbers::setup::SetupOptions;
use crate::domain::refusal::Refusal;
use crate::domain::text::{Untrusted, clean_line};

/// A number at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    pub phone_number_id: String,
    pub business_account_id: String,
    pub display: Untrusted,
    pub name: Untrusted,
    pub kind: NumberKind,
    pub customer_id: Option<String>,
    /// `CONNECTED`, `GREEN`, `TIER_10K`, `10000`: the provider's values, if it reports them.
    pub status: Option<String>,
    pub quality: Option<String>,
    pub throughput: Option<String>,
    pub messaging_limit: Option<String>,
    pub name_status: Option<String>,
    /// The number is also used on a phone, in the WhatsApp Business app.
    pub coexistence: bool,
    /// Whether an endpoint can decrypt Flow responses; `None` if the provider does not report it.
    pub flows_encryption: Option<bool>,
    /// Id and name of the connection, if the number is connected here.
    #[serde(default)]
    pub connection: Option<(ConnectionId, String)>,
}

/// A request that changes a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "number", rename_all = "snake_case")]
pub enum NumberRequest {
    /// Starts the setup of a new number.
    SetUp {
        name: String,
        provider: ProviderName,
        #[serde(default)]
        organization: Option<String>,
        #[serde(default)]
        environment: Option<Environment>,
        #[serde(default)]
        options: Box<SetupOptions>,
    },
    /// Retries the failed step, or checks again for a pending one.
    Resume { setup: SetupId },
    /// Creates a new setup link that replaces the previous one.
    NewLink { setup: SetupId },
    /// Cancels the setup and revokes its link.
    Cancel { setup: SetupId },
    /// Connects a number that exists at the provider.
    Adopt {
        name: String,
        provider: ProviderName,
        phone_number_id: String,
        #[serde(default)]
        organization: Option<String>,
        #[serde(default)]
        environment: Option<Environment>,
    },
    /// Registers the webhook of a connection again and tests it.
    Register { connection: ConnectionId },
    /// Removes the webhook; the number stays connected at the provider.
    Unregister { connection: ConnectionId },
    /// Disconnects the number at the provider. The customer is kept.
    Disconnect { connection: ConnectionId, typed: String },
    /// Creates a new setup link for a disconnected number.
    Reconnect { setup: SetupId },
    /// Creates a link that renews the credentials of a connected number.
    Renew { connection: ConnectionId },
    /// Saves the business profile of a number.
    SaveProfile { connection: ConnectionId, profile: Box<Profile> },
}

/// A query about numbers. Every query calls the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum NumberQuery {
    /// All numbers that the provider's default API key can access.
    List {
        provider: ProviderName,
    },
    Health {
        connection: ConnectionId,
    },
    Profile {
        connection: ConnectionId,
    },
    Webhooks {
        connection: ConnectionId,
    },
}

/// The answer to a [`NumberQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "told", rename_all = "snake_case")]
pub enum NumberAnswer {
    List(Vec<Number>),
    Health(Box<Health>),
    Profile(Box<Profile>),
    Webhooks(Vec<Registration>),
}

/// Business profile that contacts see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub about: Untrusted,
    pub address: Untrusted,
    pub description: Untrusted,
    pub email: Untrusted,
    pub websites: Vec<Untrusted>,
    pub vertical: String,
    pub picture_url: Option<String>,
}

/// Business categories. Source: Cloud API, enumerations.
pub const VERTICALS: [&str; 22] = [
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
    "UNDEFINED",
];

impl Profile {
    /// Refuses a profile that exceeds the platform's limits.
    pub fn check(&self) -> Result<(), Refusal> {
        let limits = [
            ("about", &self.about, 139),
            ("address", &self.address, 256),
            ("description", &self.description, 512),
            ("email", &self.email, 128),
        ];
        for (name, text, most) in limits {
            let count = text.as_received().chars().count();
            if count > most {
                let why = format!("The {name} has {count} characters; the maximum is {most}.");
                return Err(Refusal::new(Code::Profile, why, "Shorten it."));
            }
        }
        if self.websites.len() > 2 {
            return Err(Refusal::new(Code::Profile, "A profile has at most two websites.", "Remove the others."));
        }
        for site in &self.websites {
            let text = site.as_received();
            let fits =
                text.len() <= 256 && url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !fits {
                let why = format!("`{}` is not a website.", site.line());
                return Err(Refusal::new(Code::Profile, why, "Start it with https://."));
            }
        }
        if !self.vertical.is_empty() && !VERTICALS.contains(&self.vertical.as_str()) {
            let why = format!("Unknown kind of business `{}`.", clean_line(&self.vertical));
            return Err(Refusal::new(Code::Profile, why, format!("Use one of {}.", VERTICALS.join(", "))));
        }
        Ok(())
    }
}
