//! Why the console does not do what the user requested.

use thiserror::Error;

use crate::domain::refusal::Refusal;

/// Why a command cannot run now, or why an input is not valid: a sentence that is shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(in crate::console) struct UserError(String);

impl UserError {
    /// Returns the sentence.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for UserError {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl From<&str> for UserError {
    fn from(sentence: &str) -> Self {
        Self(sentence.to_owned())
    }
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.to_string())
    }
}
