//! Health: what the provider itself says about a number, check by check, with who is at fault and
//! what mends it.

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;

/// Everything that one look at a number's health told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `healthy`, `degraded`, `unhealthy`, `error`: the provider's word.
    pub status: String,
    /// Why there are no checks, where there are none.
    pub error: Option<Untrusted>,
    pub checks: Vec<HealthCheck>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The provider's name of it, such as `messaging_health`.
    pub name: String,
    pub passed: bool,
    pub error: Option<Untrusted>,
    /// Names and values, as told.
    pub facts: Vec<(String, Untrusted)>,
    pub entities: Vec<HealthEntity>,
}

/// One of those who must be well for a message to go out.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthError {
    pub code: String,
    pub said: Untrusted,
    /// What the provider says would mend it.
    pub remedy: Option<Untrusted>,
}

impl Health {
    pub fn is_well(&self) -> bool {
        self.status.eq_ignore_ascii_case("healthy")
    }
}

impl HealthCheck {
    /// What the check is about, in our words.
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

    /// What to do when it fails and the provider names no remedy.
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
