//! What one status reports about the charge of its message.

use serde::{Deserialize, Serialize};

use crate::domain::costs::amount::Amount;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// Characters of a name that a provider gives, at most.
const MAX_CHARACTERS: usize = 60;

/// A name from a provider without control characters, cut to a bounded length.
pub fn bounded(name: &str) -> String {
    clean_line(name).chars().take(MAX_CHARACTERS).collect()
}

/// The `pricing` object of a status. Source: Meta, webhooks › messages › statuses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Whether the message is charged. The platform announces to remove it in favor of `type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billable: Option<bool>,
    /// `PMP` per message; `CBP` per conversation, before July 2025.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `regular`, `free_customer_service` or `free_entry_point`; other names are kept.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `marketing`, `utility`, `authentication`, `service` or another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// The `conversation` object of a status; since webhook version 24 it is sent in a free entry point window only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedConversation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why it began: `referral_conversion` is a free entry point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl PricedConversation {
    /// Whether it is a free entry point window.
    pub fn is_entry_point(&self) -> bool {
        self.origin.as_deref() == Some("referral_conversion")
    }
}

/// What one status reports about the charge; empty for most statuses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricingReport {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Statement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<PricedConversation>,
    /// The price itself, where the provider reports it. Source: Twilio, message resource, `price` and `price_unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Amount>,
}
