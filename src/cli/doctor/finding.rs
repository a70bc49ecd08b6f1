//! Results of diagnostic checks.

use serde::Serialize;

/// Result of a diagnostic check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::cli) enum Level {
    #[serde(rename = "ok")]
    Ok,
    /// It works, but something should be corrected or is not known yet.
    #[serde(rename = "WARN")]
    Warn,
    /// Something does not work.
    #[serde(rename = "FAIL")]
    Fail,
}

impl Level {
    /// Returns the word that the report prints.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// One line of the report: a check with its result.
#[derive(Debug, Clone, Serialize)]
pub(in crate::cli) struct Finding {
    pub what: &'static str,
    pub level: Level,
    /// Whether no action is needed.
    pub fine: bool,
    pub said: String,
    /// What to do; empty when no action is needed.
    pub remedy: String,
}

pub(in crate::cli) fn ok(what: &'static str, said: impl Into<String>) -> Finding {
    Finding { what, level: Level::Ok, fine: true, said: said.into(), remedy: String::new() }
}

pub(in crate::cli) fn warn(what: &'static str, said: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { what, level: Level::Warn, fine: false, said: said.into(), remedy: remedy.into() }
}

pub(in crate::cli) fn fail(what: &'static str, said: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { what, level: Level::Fail, fine: false, said: said.into(), remedy: remedy.into() }
}
