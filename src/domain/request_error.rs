//! Why a request or a query failed, and errors in one JSON shape: `{"error": {"code", "reason", "remedy"}}`. The HTTP
//! API, the tools for models, the socket, and the command line with `--json` all use it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;

/// An error, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The rule that refused it, or the kind of failure.
    pub code: Code,
    /// What happened and why, in sentences.
    #[serde(alias = "message")]
    pub reason: String,
    /// What to do, in one sentence. Empty if there is nothing to do.
    #[serde(default)]
    pub remedy: String,
    /// The id of the log entry. `None` unless the engine failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl ErrorBody {
    /// Creates an error. An empty `remedy` is replaced by the default remedy of the code.
    pub fn new(code: Code, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), remedy: code.remedy_or(remedy.into()), id: None }
    }

    /// Returns reason, remedy and log id on one line, for people.
    pub fn line(&self) -> String {
        let id = self.id.as_ref().map(|id| format!("(log: {id})")).unwrap_or_default();
        let remedy = if self.id.is_some() { "" } else { self.remedy.as_str() };
        [self.reason.trim(), remedy.trim(), &id]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Returns the JSON value for programs.
    pub fn json(&self) -> Value {
        json!({ "error": self })
    }
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        Self::new(refusal.code, refusal.reason.as_str(), refusal.remedy.as_str())
    }
}

/// Why a request or a query failed. It is serialized as an [`ErrorBody`].
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(from = "ErrorEnvelope", into = "ErrorEnvelope")]
pub enum RequestError {
    /// A rule refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine failed; the log has details under `id`.
    #[error("{message} (log: {id})")]
    Failed { id: String, message: String },
}

/// The serialized form of [`RequestError`].
#[derive(Serialize, Deserialize)]
struct ErrorEnvelope {
    error: ErrorBody,
}

impl From<RequestError> for ErrorBody {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Refused(refusal) => Self::from(&refusal),
            RequestError::Failed { id, message } => {
                Self { id: Some(id), ..Self::new(Code::Failed, message, Code::Failed.remedy()) }
            }
        }
    }
}

impl From<RequestError> for ErrorEnvelope {
    fn from(error: RequestError) -> Self {
        Self { error: error.into() }
    }
}

impl From<ErrorEnvelope> for RequestError {
    fn from(ErrorEnvelope { error }: ErrorEnvelope) -> Self {
        match error.id {
            Some(id) => Self::Failed { id, message: error.reason },
            None => Self::Refused(Refusal::new(error.code, error.reason, error.remedy)),
        }
    }
}
