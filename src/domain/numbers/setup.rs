//! Setting up a number: a walk in steps, each written down with its time, so that it goes on after a
//! crash where it stood, and a step that fails says why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{ConnectionId, SetupId};
use crate::domain::numbers::connection::{Connection, Environment, ProviderName};
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupStep {
    /// The key works, and the project tells us when a number is connected.
    Integration,
    /// The provider has a record of whose number it will be.
    Customer,
    /// There is a link that the number's owner follows.
    Link,
    /// They have followed it, and the provider has said so.
    Used,
    /// Number and ids are known here.
    Number,
    /// The number's messages are pushed to us.
    Webhook,
    /// A test came back through our public address.
    Verified,
}

impl SetupStep {
    pub const ALL: [Self; 7] =
        [Self::Integration, Self::Customer, Self::Link, Self::Used, Self::Number, Self::Webhook, Self::Verified];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Integration => "integration",
            Self::Customer => "customer",
            Self::Link => "link",
            Self::Used => "used",
            Self::Number => "number",
            Self::Webhook => "webhook",
            Self::Verified => "verified",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// What is done in it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Integration => "enable the integration",
            Self::Customer => "create the customer",
            Self::Link => "create the setup link",
            Self::Used => "wait until the owner has opened the link",
            Self::Number => "save number and ids",
            Self::Webhook => "register the webhook",
            Self::Verified => "verify it with a test webhook",
        }
    }

    pub fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|step| *step == self)?;
        Self::ALL.get(at + 1).copied()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupState {
    /// The next step is taken as soon as it is due.
    Running,
    /// Somebody else has to do their part.
    Waiting,
    /// The step failed; it is tried again by key.
    Failed,
    Done,
    /// There was a number; it was given back. The customer is kept.
    Disconnected,
    /// Nobody wants it any more.
    Cancelled,
}

impl SetupState {
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Waiting, Self::Failed, Self::Done, Self::Disconnected, Self::Cancelled];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Disconnected => "disconnected",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// How the connection stands meanwhile, in the words of its life.
    pub const fn connection_state(self) -> &'static str {
        match self {
            Self::Running | Self::Waiting | Self::Failed => "pending_setup",
            Self::Done => "connected",
            Self::Disconnected | Self::Cancelled => "disconnected",
        }
    }
}

/// Everything that a setup link can be asked for. What is left out is the provider's default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetupOptions {
    /// The provider supplies a number.
    pub provision: bool,
    /// Countries that a supplied number may be of, such as `US`.
    pub countries: Vec<String>,
    pub area_code: Option<String>,
    /// `coexistence` (the number stays on a phone, too), `dedicated` (API only); none: both are offered.
    pub connection_types: Vec<String>,
    pub language: Option<String>,
    pub success_url: Option<String>,
    pub failure_url: Option<String>,
    /// `customer_managed` or `partner_managed`; cannot be changed afterwards.
    pub billing: Option<String>,
    /// Renew the credentials of this number instead of connecting another.
    pub reconnect: Option<PhoneNumber>,
    /// The environment variable that holds the key of this number, where it is not the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Colours of the page by name, as `#rrggbb`.
    pub theme: BTreeMap<String, String>,
}

/// The page's colours that can be chosen. Source: setup links, `theme_config`.
pub const THEME_KEYS: [&str; 12] = [
    "primary_color",
    "primary_foreground_color",
    "background_color",
    "text_color",
    "muted_text_color",
    "card_color",
    "muted_color",
    "border_color",
    "secondary_color",
    "secondary_foreground_color",
    "destructive_color",
    "destructive_foreground_color",
];

const LANGUAGES: [&str; 6] = ["en", "es", "pt", "hi", "id", "ar"];

impl SetupOptions {
    /// Every rule of the provider's, checked before it is asked.
    pub fn check(&self) -> Result<(), Refusal> {
        let refused = |why: String, instead: &str| Err(Refusal::new(Code::SetupOptions, why, instead.to_owned()));
        for url in [&self.success_url, &self.failure_url].into_iter().flatten() {
            let loopback = |url: &Url| matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
            if !Url::parse(url).is_ok_and(|url| url.scheme() == "https" || loopback(&url)) {
                return refused(
                    format!("`{}` is not an https URL.", clean_line(url)),
                    "Give an https URL for redirects.",
                );
            }
        }
        for kind in &self.connection_types {
            if !matches!(kind.as_str(), "coexistence" | "dedicated") {
                let why = format!("`{}` is no connection type.", clean_line(kind));
                return refused(why, "Use coexistence (stays on the phone, too) or dedicated (API only).");
            }
        }
        for country in &self.countries {
            if country.len() != 2 || !country.chars().all(|c| c.is_ascii_uppercase()) {
                return refused(
                    format!("`{}` is not a country.", clean_line(country)),
                    "Use two capital letters, such as US.",
                );
            }
        }
        if let Some(code) = &self.area_code {
            if !self.provision {
                return refused("An area code needs a supplied number.".into(), "Request a supplied number, too.");
            }
            if code.is_empty() || code.len() > 5 || !code.chars().all(|c| c.is_ascii_digit()) {
                return refused(
                    format!("`{}` is not an area code.", clean_line(code)),
                    "Use digits only, such as 415.",
                );
            }
        }
        if let Some(language) = self.language.as_deref().filter(|language| !LANGUAGES.contains(language)) {
            let why = format!("The page is not there in `{}`.", clean_line(language));
            return refused(why, "Use en, es, pt, hi, id or ar.");
        }
        if let Some(mode) = self.billing.as_deref()
            && !matches!(mode, "customer_managed" | "partner_managed")
        {
            let why = format!("`{}` is no way of billing.", clean_line(mode));
            return refused(why, "Use customer_managed or partner_managed.");
        }
        if self.reconnect.is_some() && self.provision {
            return refused("Reconnecting does not take a new number.".into(), "Do not request a supplied number.");
        }
        for (name, colour) in &self.theme {
            if !THEME_KEYS.contains(&name.as_str()) {
                let why = format!("The page has no colour called `{}`.", clean_line(name));
                return refused(why, &format!("Use {}.", THEME_KEYS.join(", ")));
            }
            let hex = colour
                .strip_prefix('#')
                .is_some_and(|hex| hex.len() == 6 && hex.chars().all(|c| c.is_ascii_hexdigit()));
            if !hex {
                return refused(format!("Unknown color `{}`.", clean_line(colour)), "Write it as #0f766e.");
            }
        }
        Ok(())
    }
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupLink {
    pub id: String,
    pub url: String,
    pub expires_at: Option<Timestamp>,
}

/// How a link stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// `active`, `used`, `expired`, `revoked`.
    pub status: String,
    pub error: Option<String>,
}

/// One step as it ended, or did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    pub step: SetupStep,
    pub at: Timestamp,
    pub works: bool,
    pub note: String,
}

/// A number on its way to being connected, or away from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    pub id: SetupId,
    pub name: String,
    pub organization: String,
    pub environment: Environment,
    pub provider: ProviderName,
    pub options: SetupOptions,
    pub state: SetupState,
    /// The step that is next, or that failed.
    pub step: SetupStep,
    pub customer_id: Option<String>,
    pub link: Option<SetupLink>,
    pub phone_number_id: Option<String>,
    pub connection_id: Option<ConnectionId>,
    /// Why it does not go on.
    pub trouble: Option<String>,
    pub started_by: String,
    pub started_at: Timestamp,
    pub updated_at: Timestamp,
    /// The steps that were taken, each as it ended last.
    pub taken: Vec<StepResult>,
}

impl Setup {
    /// Steps with a connection that is there, or away from it, of which none is asked for yet.
    pub fn of(connection: &Connection, step: SetupStep, started_by: String, now: Timestamp) -> Self {
        Self {
            id: SetupId(0),
            name: connection.name.clone(),
            organization: connection.organization.clone(),
            environment: connection.environment,
            provider: connection.provider.clone(),
            options: SetupOptions { api_key_env: connection.settings.api_key_env.clone(), ..SetupOptions::default() },
            state: SetupState::Cancelled,
            step,
            customer_id: connection.customer_id.clone(),
            link: None,
            phone_number_id: Some(connection.phone_number_id.clone()),
            connection_id: Some(connection.id),
            trouble: None,
            started_by,
            started_at: now,
            updated_at: now,
            taken: vec![],
        }
    }

    /// By which name the provider knows whose number it is: the same after a crash.
    pub fn external_customer_id(&self) -> String {
        format!("wadeck:{}:{}:{}", self.organization, self.environment.name(), self.name)
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, SetupState::Running | SetupState::Waiting | SetupState::Failed)
    }
}

/// What the page of a failed setup says, by the provider's code for it. Nothing of what was sent along
/// is repeated.
pub fn failed_words(code: &str) -> &'static str {
    match code {
        "facebook_auth_failed" => "The login at Facebook did not work.",
        "phone_verification_failed" => "The phone number could not be verified.",
        "waba_limit_reached" => "The business has as many WhatsApp accounts as it may have.",
        "token_exchange_failed" => "Meta did not give the access that was asked for.",
        "link_expired" => "The link is no longer valid.",
        "already_used" => "The link was used before.",
        _ => "The number was not connected.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_has_its_rule() {
        let fits = SetupOptions {
            provision: true,
            countries: vec!["US".into()],
            area_code: Some("415".into()),
            connection_types: vec!["dedicated".into()],
            language: Some("es".into()),
            success_url: Some("https://a.b/ok".into()),
            billing: Some("customer_managed".into()),
            theme: [("primary_color".to_owned(), "#0f766e".to_owned())].into(),
            ..SetupOptions::default()
        };
        assert!(fits.check().is_ok());
        let wrong = [
            SetupOptions { success_url: Some("http://a.b".into()), ..fits.clone() },
            SetupOptions { connection_types: vec!["invalid".into()], ..fits.clone() },
            SetupOptions { countries: vec!["usa".into()], ..fits.clone() },
            SetupOptions { area_code: Some("4a".into()), ..fits.clone() },
            SetupOptions { provision: false, ..fits.clone() },
            SetupOptions { language: Some("de".into()), ..fits.clone() },
            SetupOptions { billing: Some("me".into()), ..fits.clone() },
            SetupOptions { reconnect: PhoneNumber::parse("+15550100001").ok(), ..fits.clone() },
            SetupOptions { theme: [("primary".to_owned(), "#0f766e".to_owned())].into(), ..fits.clone() },
            SetupOptions { theme: [("text_color".to_owned(), "teal".to_owned())].into(), ..fits },
        ];
        for options in wrong {
            assert_eq!(options.check().expect_err("refused").code, Code::SetupOptions, "{options:?}");
        }
    }

    #[test]
    fn the_steps_follow_each_other_to_the_end() {
        let mut step = SetupStep::Integration;
        let mut seen = vec![step];
        while let Some(next) = step.next() {
            step = next;
            seen.push(step);
        }
        assert_eq!(seen, SetupStep::ALL);
    }
}
