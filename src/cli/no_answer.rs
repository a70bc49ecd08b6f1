//! Why a verb did nothing: a sentence for a person, and the one shape of every door for a program.

use super::{Exit, layout};
use crate::api::{self, ApiError, ErrorBody};
use crate::app::AppError;
use crate::config::ConfigError;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::operations::OperationError;

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct NoAnswer {
    pub exit: Exit,
    error: ErrorBody,
}

impl NoAnswer {
    /// Builds an error; the code decides the exit code, and says what to do where `remedy` is empty.
    pub fn new(code: Code, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Refusal::new(code, reason, remedy).into()
    }

    /// With `--read-only`, something would have been written or sent.
    pub fn read_only(reason: &str) -> Self {
        Self::new(Code::ReadOnly, reason, "Run it without --read-only.")
    }

    /// Sentences of which the first says what happened, and the others what to do.
    pub fn of_sentences(code: Code, text: &str) -> Self {
        let text = text.trim();
        let ends = text.match_indices(". ").find(|(at, _)| text[at + 2..].starts_with(char::is_uppercase));
        let (reason, remedy) = match ends {
            Some((at, _)) => (&text[..=at], &text[at + 2..]),
            None => (text, ""),
        };
        Self::new(code, reason, remedy)
    }

    /// A file of whoever asks cannot be read.
    pub fn unreadable(reason: String) -> Self {
        Self::new(Code::LocalFile, reason, "Give a file that exists and that you may read.")
    }

    /// The answer belongs to another question.
    pub fn odd() -> Self {
        Self::new(Code::Failed, "The engine gave an unexpected answer.", "Use the same version as the engine.")
    }

    /// The verb is one for a shell: it asks nothing of an engine, or goes on for ever.
    pub fn not_here() -> Self {
        Self::new(Code::Verb, "This command cannot run here.", "Run it in a shell.")
    }

    /// Whether it is this failure.
    pub fn is(&self, code: Code) -> bool {
        self.error.code == code
    }

    pub fn is_refusal(&self) -> bool {
        self.exit == Exit::Refused
    }

    /// What happened, without what to do.
    pub fn reason(&self) -> String {
        clean_line(&self.error.reason)
    }

    pub fn remedy(&self) -> String {
        clean_line(&self.error.remedy)
    }

    /// One line for a person.
    pub fn line(&self) -> String {
        clean_line(&self.error.line())
    }

    /// As it is printed: one line, or JSON.
    pub fn text(&self, json: bool) -> String {
        if json { layout::json(&self.error.json()) } else { self.line() }
    }

    /// Says it on standard error. Returns how the command ends.
    pub fn report(self, json: bool) -> Exit {
        eprintln!("{}", self.text(json));
        self.exit
    }
}

impl From<Refusal> for NoAnswer {
    fn from(refusal: Refusal) -> Self {
        Self { exit: Exit::of(refusal.code), error: ErrorBody::from(&refusal) }
    }
}

impl From<ApiError> for NoAnswer {
    fn from(trouble: ApiError) -> Self {
        let error = ErrorBody::from(trouble);
        Self { exit: Exit::of(error.code), error }
    }
}

impl From<OperationError> for NoAnswer {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Refused(refusal) => refusal.into(),
            OperationError::Failed(error) => api::failed(&error).into(),
        }
    }
}

impl From<AppError> for NoAnswer {
    fn from(error: AppError) -> Self {
        let code = error.code();
        match error {
            AppError::Operation(error) => error.into(),
            AppError::Other { what, remedy } if !remedy.is_empty() => Self::new(code, what, remedy),
            AppError::Other { what, .. } => Self::of_sentences(code, &what),
            AppError::Provider(failure) => {
                let reason = format!("{}. {}", failure.title, failure.explanation);
                Self::new(code, reason, failure.remedy)
            }
            AppError::Config(error @ ConfigError::Faulty { .. }) => Self::new(
                code,
                error.to_string(),
                "Correct the configuration. `wadeck config check` reports every error.",
            ),
            error => Self::of_sentences(code, &error.to_string()),
        }
    }
}

/// An error of the command line itself, as clap words it: of usage, in JSON.
pub fn usage_json(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let reason = text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: ").trim();
    let reason = clean_line(&reason.split_whitespace().collect::<Vec<_>>().join(" "));
    layout::json(&ErrorBody::new(Code::Usage, reason, "Run the command with --help.").json())
}
