//! Number setup in steps. Each step is stored with its time, so that the setup resumes after a crash; a failed step
//! stores its reason.

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

/// Setup steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupStep {
    /// The API key works, and the project's webhook reports new numbers.
    Integration,
    /// The provider has a customer record for the number's owner.
    Customer,
    /// The setup link for the number's owner exists.
    Link,
    /// The owner followed the link, and the provider reported it.
    Used,
    /// The number and its ids are stored.
    Number,
    /// The webhook for the number's messages is registered.
    Webhook,
    /// A test webhook arrived through the public address.
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

    /// Describes what the step does.
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

    /// Returns the following step; `None` after the last one.
    pub fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|step| *step == self)?;
        Self::ALL.get(at + 1).copied()
    }
}

/// State of a setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupState {
    /// The next step runs as soon as it is due.
    Running,
    /// The setup waits for another party.
    Waiting,
    /// The step failed; a person has to retry it.
    Failed,
    Done,
    /// The number was disconnected. The customer is kept.
    Disconnected,
    /// The setup was cancelled.
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

    /// Returns the lifecycle name of the connection in this state.
    pub const fn connection_state(self) -> &'static str {
        match self {
            Self::Running | Self::Waiting | Self::Failed => "pending_setup",
            Self::Done => "connected",
            Self::Disconnected | Self::Cancelled => "disconnected",
        }
    }
}

/// Options of a setup link. Omitted options use the provider's defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetupOptions {
    /// The provider supplies the number.
    pub provision: bool,
    /// Country codes for a supplied number, such as `US`.
    pub countries: Vec<String>,
    pub area_code: Option<String>,
    /// `coexistence` (the number stays on a phone, too) or `dedicated` (API only); empty offers both.
    pub connection_types: Vec<String>,
    pub language: Option<String>,
    pub success_url: Option<String>,
    pub failure_url: Option<String>,
    /// `customer_managed` or `partner_managed`; it cannot be changed later.
    pub billing: Option<String>,
    /// Number whose credentials the link renews; `None` connects a new number.
    pub reconnect: Option<PhoneNumber>,
    /// Environment variable with the API key of this number; `None` uses the default key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Page colors by name, as `#rrggbb`.
    pub theme: BTreeMap<String, String>,
}

/// Names of the page colors. Source: setup links, `theme_config`.
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
    /// Checks the provider's rules for the options before the request.
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

/// A setup link at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupLink {
    pub id: String,
    pub url: String,
    pub expires_at: Option<Timestamp>,
}

/// State of a setup link at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// `active`, `used`, `expired` or `revoked`.
    pub status: String,
    pub error: Option<String>,
}

/// The latest result of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    pub step: SetupStep,
    pub at: Timestamp,
    pub works: bool,
    pub note: String,
}

/// The setup of a number, from the first step to its connection, and later reconnects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    pub id: SetupId,
    pub name: String,
    pub organization: String,
    pub environment: Environment,
    pub provider: ProviderName,
    pub options: SetupOptions,
    pub state: SetupState,
    /// The next step, or the failed one.
    pub step: SetupStep,
    pub customer_id: Option<String>,
    pub link: Option<SetupLink>,
    pub phone_number_id: Option<String>,
    pub connection_id: Option<ConnectionId>,
    /// Why the setup is stopped.
    pub trouble: Option<String>,
    pub started_by: String,
    pub started_at: Timestamp,
    pub updated_at: Timestamp,
    /// The latest result of each step that was taken.
    pub taken: Vec<StepResult>,
}

impl Setup {
    /// Creates a setup for an existing connection, in state cancelled until an action starts it.
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

    /// Returns the customer id that identifies the owner at the provider. It is the same after a crash, so that no
    /// second customer is created.
    pub fn external_customer_id(&self) -> String {
        format!("wadeck:{}:{}:{}", self.organization, self.environment.name(), self.name)
    }

    /// Returns `true` while the setup is running, waiting or failed.
    pub fn is_open(&self) -> bool {
        matches!(self.state, SetupState::Running | SetupState::Waiting | SetupState::Failed)
    }
}

/// Describes a failed setup by the provider's code. The text contains nothing from the request.
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
