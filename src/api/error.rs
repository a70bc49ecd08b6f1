//! An error as every door tells it, in one shape: `{"error": {"code", "reason", "remedy"}}`. The HTTP API, the
//! tools for models, the socket, and the command line with `--json` all print this and nothing else.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;

/// Why something was not done, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The rule or the kind of failure.
    pub code: Code,
    /// What happened and why, in sentences.
    #[serde(alias = "message")]
    pub reason: String,
    /// What to do, in a sentence.
    #[serde(default)]
    pub remedy: String,
    /// Under which the log knows it; for failures of the engine only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl ErrorBody {
    /// Builds an error; an empty `remedy` becomes the typical one of the code.
    pub fn new(code: Code, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), remedy: code.remedy_or(remedy.into()), id: None }
    }

    /// The same as a line for a person.
    pub fn line(&self) -> String {
        let id = self.id.as_ref().map(|id| format!("(log: {id})")).unwrap_or_default();
        let remedy = if self.id.is_some() { "" } else { self.remedy.as_str() };
        [self.reason.trim(), remedy.trim(), &id]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The whole value that a program is given.
    pub fn json(&self) -> Value {
        json!({ "error": self })
    }
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        Self::new(refusal.code, refusal.reason.as_str(), refusal.remedy.as_str())
    }
}

/// What the other side is told when it did not work; on the wire an [`ErrorBody`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
pub enum ApiError {
    /// A rule said no.
    Refused(Refusal),
    /// Something broke; the id finds it in the log.
    Failed { id: String, said: String },
}

#[derive(Serialize, Deserialize)]
struct Wire {
    error: ErrorBody,
}

impl From<ApiError> for ErrorBody {
    fn from(trouble: ApiError) -> Self {
        match trouble {
            ApiError::Refused(refusal) => Self::from(&refusal),
            ApiError::Failed { id, said } => {
                Self { id: Some(id), ..Self::new(Code::Failed, said, Code::Failed.remedy()) }
            }
        }
    }
}

impl From<ApiError> for Wire {
    fn from(trouble: ApiError) -> Self {
        Self { error: trouble.into() }
    }
}

impl From<Wire> for ApiError {
    fn from(Wire { error }: Wire) -> Self {
        match error.id {
            Some(id) => Self::Failed { id, said: error.reason },
            None => Self::Refused(Refusal::new(error.code, error.reason, error.remedy)),
        }
    }
}
