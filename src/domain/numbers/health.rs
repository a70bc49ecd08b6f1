//! The provider's health report about a number: each check with the affected entity and the remedy.

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;

/// One health report about a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The provider's status: `healthy`, `degraded`, `unhealthy` or `error`.
    pub status: String,
    /// Why the report contains no checks; `None` if it contains some.
    pub error: Option<Untrusted>,
    pub checks: Vec<HealthCheck>,
}

/// One check of a health report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The provider's name for the check, such as `messaging_health`.
    pub name: String,
    pub passed: bool,
    pub error: Option<Untrusted>,
    /// Names and values as the provider reported them.
    pub facts: Vec<(String, Untrusted)>,
    pub entities: Vec<HealthEntity>,
}

/// An entity that must be healthy for messages to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEntity {
    /// `PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP`, `MESSAGE_TEMPLATE`.
    pub kind: String,
    pub id: String,
    /// `AVAILABLE`, `LIMITED`, `BLOCKED`.
    pub can_send: String,
    pub notes: Vec<Untrusted>,
    pub errors: Vec<HealthError>,
}

/// An error that the provider reports for an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthError {
    pub code: String,
    pub said: Untrusted,
    /// Remedy that the provider suggests.
    pub remedy: Option<Untrusted>,
}

impl Health {
    /// Returns `true` if the provider reports `healthy`.
    pub fn is_well(&self) -> bool {
        self.status.eq_ignore_ascii_case("healthy")
    }
}

impl HealthCheck {
    /// Describes what the check verifies.
    pub fn meaning(&self) -> &'static str {
        match self.name.as_str() {
            "phone_number_access" => "the provider can use the number's stored credentials",
            "messaging_health" => "number, account, business and app are allowed to send",
            "webhook_subscription" => "the account's events are forwarded to the provider",
            "webhook_verified" => "Meta has verified the provider's webhook URL",
            "token_validity" => "the stored access token is valid",
            "test_message" => "a test message was accepted",
            _ => "a check that this version does not know",
        }
    }

    /// Returns the remedy for a failed check for which the provider suggests none.
    pub fn remedy(&self) -> &'static str {
        match self.name.as_str() {
            "phone_number_access" | "token_validity" => {
                "Reconnect the number: R creates a link that renews its credentials."
            }
            "messaging_health" => "Fix what the entities below name. A payment problem blocks templates, not replies.",
            "webhook_subscription" | "webhook_verified" => {
                "Reconnect the number with R, or contact the provider. Until then no webhooks are forwarded."
            }
            _ => "Contact the provider with the time of this check.",
        }
    }
}
