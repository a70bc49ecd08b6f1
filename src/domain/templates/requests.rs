//! Requests and queries about single templates.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ConnectionId, UploadId};
use crate::domain::lint::Finding;
use crate::domain::time::Timestamp;

/// A request that changes templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum TemplateRequest {
    /// Submits a new template, as JSON or in the short form. Templates that the provider would refuse are refused
    /// first.
    Create { connection: ConnectionId, text: String },
    /// Replaces a template by its id; name and language stay.
    Update { connection: ConnectionId, id: String, text: String },
    /// Deletes one template by its id, or all languages of a name. The name has to be typed.
    Delete {
        connection: ConnectionId,
        name: String,
        #[serde(default)]
        id: Option<String>,
        typed: String,
    },
    /// Uploads a sample file for a header.
    Sample { connection: ConnectionId, source: SampleSource },
}

/// Source of a sample file for a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSource {
    /// An https URL that the provider downloads.
    Address(String),
    /// An uploaded file.
    Upload(UploadId),
}

/// A query about single templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum TemplateQuery {
    /// The editable source of a template, fetched now.
    Text { connection: ConnectionId, id: String },
    /// The template's status history and delivery statistics.
    Record { connection: ConnectionId, name: String, language: String },
    /// Errors of a template source, alone and against the account's templates. `id` is the template being edited.
    Lint {
        connection: Option<ConnectionId>,
        text: String,
        #[serde(default)]
        id: Option<String>,
    },
}

/// The result of a [`TemplateQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "told", rename_all = "snake_case")]
pub enum TemplateAnswer {
    Text(String),
    Record(Box<TemplateRecord>),
    Lint(Vec<Finding>),
}

impl TemplateAnswer {
    /// Returns `true` if the linter found an error, which the provider would refuse.
    pub fn refuses(&self) -> bool {
        matches!(self, Self::Lint(findings) if !crate::domain::lint::passes(findings))
    }
}

/// A template's status history and delivery statistics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    pub name: String,
    pub language: String,
    /// Observed statuses, oldest first, each with its reason.
    pub states: Vec<(Timestamp, String, String)>,
    pub sent: u32,
    pub delivered: u32,
    pub read: u32,
    /// Answered within 24 hours.
    pub replied: u32,
    /// Failures by the provider's code, most frequent first.
    pub failed: Vec<(String, u32)>,
    /// Queued messages with this template.
    pub scheduled: u32,
}
