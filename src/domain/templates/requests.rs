//! What can be asked about templates beyond their list, and done with them.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ConnectionId, UploadId};
use crate::domain::lint::Finding;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum TemplateRequest {
    /// Submit a new one, as JSON or in the short form. What would be refused is refused here.
    Create { connection: ConnectionId, text: String },
    /// Replace one by its id; name and language stay.
    Update { connection: ConnectionId, id: String, text: String },
    /// One by its id, or every language of a name. The name has to be typed.
    Delete {
        connection: ConnectionId,
        name: String,
        #[serde(default)]
        id: Option<String>,
        typed: String,
    },
    /// Have a sample for a header fetched.
    Sample { connection: ConnectionId, source: SampleSource },
}

/// Where a sample for a template's header comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSource {
    /// An https address that the provider fetches it from.
    Address(String),
    /// A file that was uploaded here.
    Upload(UploadId),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum TemplateQuery {
    /// A template as it can be edited, asked for now.
    Text { connection: ConnectionId, id: String },
    /// Its states, and how it fares with people.
    Record { connection: ConnectionId, name: String, language: String },
    /// What would be refused, and what the account has against it. `id` is the one that is edited.
    Lint {
        connection: Option<ConnectionId>,
        text: String,
        #[serde(default)]
        id: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "told", rename_all = "snake_case")]
pub enum TemplateAnswer {
    Text(String),
    Record(Box<TemplateRecord>),
    Lint(Vec<Finding>),
}

impl TemplateAnswer {
    /// Whether something was found that would be refused.
    pub fn refuses(&self) -> bool {
        matches!(self, Self::Lint(findings) if !crate::domain::lint::passes(findings))
    }
}

/// A template's life, and what became of what was sent with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    pub name: String,
    pub language: String,
    /// Every state in which it was seen here, the oldest first, with the reason that was given.
    pub states: Vec<(Timestamp, String, String)>,
    pub sent: u32,
    pub delivered: u32,
    pub read: u32,
    /// Answered within a day.
    pub replied: u32,
    /// By the provider's code, the most frequent first.
    pub failed: Vec<(String, u32)>,
    /// Queued, and due to go out with it.
    pub scheduled: u32,
}
