//! Categories by which messages are charged.

use serde::{Deserialize, Serialize};

/// A pricing category. Source: Meta, webhooks › messages › statuses › pricing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Marketing,
    /// Marketing messages over the Marketing Messages API.
    MarketingLite,
    Utility,
    Authentication,
    /// Authentication templates to markets with a rate of their own for senders from abroad.
    AuthenticationInternational,
    /// Every message that is no template.
    Service,
}

impl Category {
    pub const ALL: [(&'static str, Self); 6] = [
        ("marketing", Self::Marketing),
        ("marketing_lite", Self::MarketingLite),
        ("utility", Self::Utility),
        ("authentication", Self::Authentication),
        ("authentication_international", Self::AuthenticationInternational),
        ("service", Self::Service),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }

    /// Reads any spelling that providers use, such as `MARKETING` or `authentication-international`; `None` for a name that
    /// is not known.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, category)| category)
    }

    /// Whether a message that was sent as this category may be charged as the other one without a disagreement.
    pub fn may_be_charged_as(self, other: Self) -> bool {
        let variants =
            [(Self::Marketing, Self::MarketingLite), (Self::Authentication, Self::AuthenticationInternational)];
        self == other || variants.contains(&(self, other))
    }
}
