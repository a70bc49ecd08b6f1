//! Errors of the command line, printed as a sentence or in the JSON shape that API and MCP use.

use crate::api;
use crate::app::AppError;
use crate::cli::exit::Exit;
use crate::cli::print::layout;
use crate::config::ConfigError;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::request_error::{ErrorBody, RequestError};
use crate::domain::text::clean_line;
use crate::operations::OperationError;

/// Why a command failed, with its exit code.
#[derive(Debug)]
pub(in crate::cli) struct CliError {
    pub exit: Exit,
    error: ErrorBody,
}

impl CliError {
    /// Returns an error. The code determines the exit code, and its standard remedy replaces an empty one.
    pub fn new(code: Code, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Refusal::new(code, reason, remedy).into()
    }

    /// Returns the error of a write that `--read-only` refuses.
    pub fn read_only(reason: &str) -> Self {
        Self::new(Code::ReadOnly, reason, "Run it without --read-only.")
    }

    /// Splits a text into reason (its first sentence) and remedy (the rest).
    pub fn from_sentences(code: Code, text: &str) -> Self {
        let text = text.trim();
        let ends = text.match_indices(". ").find(|(at, _)| text[at + 2..].starts_with(char::is_uppercase));
        let (reason, remedy) = match ends {
            Some((at, _)) => (&text[..=at], &text[at + 2..]),
            None => (text, ""),
        };
        Self::new(code, reason, remedy)
    }

    /// Returns the error of a local file that cannot be read.
    pub fn unreadable(reason: String) -> Self {
        Self::new(Code::LocalFile, reason, "Give a file that exists and that you may read.")
    }

    /// Returns the error of an answer of another type than the query's.
    pub fn unexpected_answer() -> Self {
        Self::new(Code::Failed, "The engine gave an unexpected answer.", "Use the same version as the engine.")
    }

    /// Returns the error of a command that runs in a shell only.
    pub fn not_available_here() -> Self {
        Self::new(Code::Verb, "This command cannot run here.", "Run it in a shell.")
    }

    /// Returns whether the error has this code.
    pub fn is(&self, code: Code) -> bool {
        self.error.code == code
    }

    pub fn is_refusal(&self) -> bool {
        self.exit == Exit::Refused
    }

    /// Returns what happened, without the remedy.
    pub fn reason(&self) -> String {
        clean_line(&self.error.reason)
    }

    pub fn remedy(&self) -> String {
        clean_line(&self.error.remedy)
    }

    /// Returns reason and remedy in one line.
    pub fn line(&self) -> String {
        clean_line(&self.error.line())
    }

    /// Returns the printed form: one line, or JSON.
    pub fn text(&self, json: bool) -> String {
        if json { layout::json(&self.error.json()) } else { self.line() }
    }

    /// Prints the error to standard error and returns the exit code.
    pub fn report(self, json: bool) -> Exit {
        eprintln!("{}", self.text(json));
        self.exit
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        Self { exit: Exit::of(refusal.code), error: ErrorBody::from(&refusal) }
    }
}

impl From<RequestError> for CliError {
    fn from(trouble: RequestError) -> Self {
        let error = ErrorBody::from(trouble);
        Self { exit: Exit::of(error.code), error }
    }
}

impl From<OperationError> for CliError {
    fn from(error: OperationError) -> Self {
        api::request_error(error).into()
    }
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> Self {
        let code = error.code();
        match error {
            AppError::Operation(error) => error.into(),
            AppError::Other { what, remedy } if !remedy.is_empty() => Self::new(code, what, remedy),
            AppError::Other { what, .. } => Self::from_sentences(code, &what),
            AppError::Provider(failure) => {
                let reason = format!("{}. {}", failure.title, failure.explanation);
                Self::new(code, reason, failure.remedy)
            }
            AppError::Config(error @ ConfigError::Faulty { .. }) => Self::new(
                code,
                error.to_string(),
                "Correct the configuration. `wadeck config check` reports every error.",
            ),
            error => Self::from_sentences(code, &error.to_string()),
        }
    }
}

/// Returns a usage error of clap as JSON.
pub fn usage_json(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let reason = text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: ").trim();
    let reason = clean_line(&reason.split_whitespace().collect::<Vec<_>>().join(" "));
    layout::json(&ErrorBody::new(Code::Usage, reason, "Run the command with --help.").json())
}
