//! Numbers as a provider lists them, whether they are connected here or not, and what they show the
//! world.

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

/// A number at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    pub phone_number_id: String,
    pub business_account_id: String,
    pub display: Untrusted,
    pub name: Untrusted,
    pub kind: NumberKind,
    pub customer_id: Option<String>,
    /// `CONNECTED`, `GREEN`, `TIER_10K`, `10000`: words of the provider, where it tells them.
    pub status: Option<String>,
    pub quality: Option<String>,
    pub throughput: Option<String>,
    pub messaging_limit: Option<String>,
    pub name_status: Option<String>,
    /// The number is also used on a phone, in the business app.
    pub coexistence: bool,
    /// Whether answers of Flows can be read by an endpoint.
    pub flows_encryption: Option<bool>,
    /// What it is called here, when it is connected here.
    #[serde(default)]
    pub connection: Option<(ConnectionId, String)>,
}

/// What can be asked to be done about a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "number", rename_all = "snake_case")]
pub enum NumberRequest {
    /// Begin to set up a number from nothing.
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
    /// Try the step again that failed, or look again for what is waited for.
    GoOn {
        setup: SetupId,
    },
    /// A new link in place of the one before.
    NewLink {
        setup: SetupId,
    },
    /// Nobody wants it any more: the link is revoked.
    Cancel {
        setup: SetupId,
    },
    /// Connect a number that the provider has already.
    Adopt {
        name: String,
        provider: ProviderName,
        phone_number_id: String,
        #[serde(default)]
        organization: Option<String>,
        #[serde(default)]
        environment: Option<Environment>,
    },
    /// Register the webhook of a connection anew, and prove it.
    Register {
        connection: ConnectionId,
    },
    /// Take our webhook away; the number stays connected at the provider.
    Unregister {
        connection: ConnectionId,
    },
    /// Give the number back. The customer is kept.
    Disconnect {
        connection: ConnectionId,
        typed: String,
    },
    /// A new link for a number that was given back.
    Reconnect {
        setup: SetupId,
    },
    /// A link that renews the credentials of a connected number.
    Renew {
        connection: ConnectionId,
    },
    SaveProfile {
        connection: ConnectionId,
        profile: Box<Profile>,
    },
}

/// What can be asked about numbers. All of it is asked at the provider, now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum NumberQuery {
    /// Every number that the usual key reaches.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "told", rename_all = "snake_case")]
pub enum NumberAnswer {
    List(Vec<Number>),
    Health(Box<Health>),
    Profile(Box<Profile>),
    Webhooks(Vec<Registration>),
}

/// What contacts see about a business.
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

/// What a business may be. Source: Cloud API, enumerations.
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
