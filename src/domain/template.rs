//! Templates: texts approved beforehand, kept by the provider and asked for live. What is held
//! here is a picture with the time it was taken.

use serde::{Deserialize, Serialize};

use super::ids::ConnectionId;
use super::text::Untrusted;
use super::time::Timestamp;

/// An open set: what nobody here has heard of is shown as it came, never filtered away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateStatus(String);

impl TemplateStatus {
    pub fn new(name: &str) -> Self {
        Self(name.to_ascii_uppercase())
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Only an approved template can be sent.
    pub fn can_send(&self) -> bool {
        self.0 == "APPROVED"
    }

    /// Somebody has to act before it can be sent again.
    pub fn wants_attention(&self) -> bool {
        matches!(self.0.as_str(), "REJECTED" | "PAUSED" | "DISABLED" | "LIMIT_EXCEEDED" | "FLAGGED")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub id: String,
    pub name: Untrusted,
    pub language: Untrusted,
    pub category: Untrusted,
    pub status: TemplateStatus,
    pub header: Option<Untrusted>,
    pub body: Untrusted,
    pub footer: Option<Untrusted>,
    pub buttons: Vec<Untrusted>,
    /// Why it was rejected, when it was.
    pub rejected_reason: Option<Untrusted>,
}

/// One connection's templates as the provider listed them, with the time of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateList {
    pub connection: ConnectionId,
    pub connection_name: String,
    /// When `templates` was fetched; none before the first answer.
    pub fetched_at: Option<Timestamp>,
    pub templates: Vec<Template>,
    /// Why the last look did not succeed; `templates` is then older than wished.
    pub trouble: Option<String>,
}
