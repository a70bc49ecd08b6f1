//! Results of requests: what was done, or which rule refused.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;

/// What was done, in one sentence for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "DoneOnWire", into = "DoneOnWire")]
pub struct Done {
    pub message: String,
    /// Id of the created object; `None` if none was created.
    pub created_id: Option<String>,
}

/// [`Done`] in JSON. `said` and `made` are the names of earlier versions: they are still written, and read if the new
/// ones are missing.
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

/// Why a rule refuses a request, in words for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} {remedy}")]
pub struct Refusal {
    /// The rule's code, for programs.
    pub code: Code,
    /// What prevents the request.
    pub reason: String,
    /// What to do instead; never empty.
    pub remedy: String,
}

impl Refusal {
    /// Builds a refusal; an empty `remedy` becomes the code's typical remedy.
    pub fn new(code: Code, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), remedy: code.remedy_or(remedy.into()) }
    }

    /// Refuses an irreversible action unless the object's name was typed.
    pub fn typed(wanted: &str, typed: &str) -> Result<(), Self> {
        if wanted.trim() == typed.trim() {
            return Ok(());
        }
        let why =
            format!("This cannot be undone, so confirm it by typing {}.", crate::domain::text::clean_line(wanted));
        Err(Self::new(Code::Typed, why, "Type it exactly as shown."))
    }
}
