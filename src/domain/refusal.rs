//! What a request comes to: what was done, or which rule said no.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;

/// What was done, in one sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "DoneOnWire", into = "DoneOnWire")]
pub struct Done {
    pub message: String,
    /// The id of what the request created; `None` if it created nothing.
    pub created_id: Option<String>,
}

/// [`Done`] in JSON. `said` and `made` are the names of earlier versions: still written, and read where the new ones
/// are missing.
#[derive(Serialize, Deserialize)]
struct DoneOnWire {
    #[serde(default)]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_id: Option<String>,
    #[serde(default)]
    said: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<String>,
}

impl From<Done> for DoneOnWire {
    fn from(done: Done) -> Self {
        let (said, made) = (done.message.clone(), done.created_id.clone());
        Self { message: Some(done.message), created_id: done.created_id, said, made }
    }
}

impl From<DoneOnWire> for Done {
    fn from(wire: DoneOnWire) -> Self {
        Self { message: wire.message.unwrap_or(wire.said), created_id: wire.created_id.or(wire.made) }
    }
}

/// Why a rule refuses a request, worded for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} {remedy}")]
pub struct Refusal {
    /// Which rule, for programs.
    pub code: Code,
    /// What stands in the way.
    pub reason: String,
    /// What to do instead; never empty.
    pub remedy: String,
}

impl Refusal {
    /// Builds a refusal; an empty `remedy` becomes the typical one of the code.
    pub fn new(code: Code, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), remedy: code.remedy_or(remedy.into()) }
    }

    /// What cannot be taken back is done only by whoever typed its name.
    pub fn typed(wanted: &str, typed: &str) -> Result<(), Self> {
        if wanted.trim() == typed.trim() {
            return Ok(());
        }
        let why =
            format!("This cannot be undone, so confirm it by typing {}.", crate::domain::text::clean_line(wanted));
        Err(Self::new(Code::Typed, why, "Type it exactly as shown."))
    }
}
