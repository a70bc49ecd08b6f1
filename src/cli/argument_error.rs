//! Why the value of an argument cannot be parsed. clap prints it beside the argument's name.

use thiserror::Error;

use crate::domain::ids::BadId;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// Why the value of an argument cannot be parsed.
#[derive(Debug, Error)]
pub enum ArgumentError {
    /// The value is not of the expected form, which is described.
    #[error("expected {0}")]
    Expected(&'static str),
    /// The value is none of these names.
    #[error("expected one of {}", .0.join(", "))]
    UnknownName(Vec<&'static str>),
    /// The environment variable is no boolean word.
    #[error("the variable {0} is one of 1, true, yes, on, 0, false, no and off, or empty")]
    NoSwitch(&'static str),
    /// The value is neither an id nor text that can name a connection.
    #[error("{0}, or the connection's name, phone number id or phone number")]
    NoConnection(BadId),
    #[error("expected event names, comma-separated or as a JSON array: {0}")]
    NoEvents(#[source] serde_json::Error),
    #[error("use number, template, category or day")]
    CostsGroup,
    /// A rule of the console or the API refuses the value.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Parses a time in RFC 3339; for value parsers.
pub(super) fn time(text: &str) -> Result<Timestamp, ArgumentError> {
    Timestamp::parse(text).ok_or(ArgumentError::Expected("a time such as 2026-06-01T09:00:00Z"))
}
