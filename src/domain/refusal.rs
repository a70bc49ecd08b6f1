//! What a request comes to: what was done, or which rule said no.

use serde::{Deserialize, Serialize};

/// What was done, in one sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub said: String,
    /// What the request made, if it made something: an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
}

/// A rule said no, worded for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why} {instead}")]
pub struct Refusal {
    /// Which rule, for programs.
    pub rule: std::borrow::Cow<'static, str>,
    /// What stands in the way.
    pub why: String,
    /// What to do instead; may be empty.
    pub instead: String,
}

impl Refusal {
    pub fn new(rule: &'static str, why: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { rule: rule.into(), why: why.into(), instead: instead.into() }
    }

    /// What cannot be taken back is done only by whoever typed its name.
    pub fn typed(wanted: &str, typed: &str) -> Result<(), Self> {
        if wanted.trim() == typed.trim() {
            return Ok(());
        }
        let why = format!("This cannot be taken back, so {} has to be typed.", crate::domain::text::clean_line(wanted));
        Err(Self::new("typed", why, "Type it as it stands here."))
    }
}
