//! What a command does at the engine.

use crate::cli::client::error::CliError;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;

/// What a command does at the engine.
pub(in crate::cli) enum CliRequest {
    /// Prints the answer to a query.
    Fetch(Query),
    /// Performs a change.
    Perform(Request),
    /// Prints an answer that was fetched before.
    Answered(Box<Answer>),
    /// Prints a text unchanged.
    Text(String),
    /// Runs a query whose answer decides what follows.
    Then(Query, Next),
}

/// Maps the answer of a query to the next step, or to an error.
pub(in crate::cli) type Next = Box<dyn FnOnce(Answer) -> Result<CliRequest, CliError> + Send>;
