//! Linters that find errors before the provider refuses a submission. Each finding has its rule, position and remedy.
//! Rule numbers follow the Cloud API reference.

pub mod flow;
pub mod flow_code;
pub mod template;

use serde::{Deserialize, Serialize};

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The provider refuses it.
    Error,
    /// The provider probably refuses it, or it does not have the intended effect.
    Warning,
}

impl Level {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A finding of a linter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule number, such as `T18` or `F30`.
    pub rule: String,
    pub level: Level,
    /// Position, such as `components[1].buttons[0].url`.
    pub place: String,
    pub what: String,
    pub instead: String,
    /// `fix` can correct it automatically.
    #[serde(default)]
    pub mends: bool,
}

impl Finding {
    /// Formats the finding: `T18 error at components[0].text: …`.
    pub fn line(&self) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!(" at {}", self.place) };
        format!("{} {}{place}: {} {}", self.rule, self.level.name(), self.what, self.instead).trim_end().to_owned()
    }
}

/// Collects findings.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    /// Adds an error.
    pub fn error(&mut self, rule: &str, place: &str, what: impl Into<String>, instead: impl Into<String>) {
        self.add(rule, Level::Error, place, what.into(), instead.into());
    }

    /// Adds a warning.
    pub fn warn(&mut self, rule: &str, place: &str, what: impl Into<String>, instead: impl Into<String>) {
        self.add(rule, Level::Warning, place, what.into(), instead.into());
    }

    fn add(&mut self, rule: &str, level: Level, place: &str, what: String, instead: String) {
        let clean = |text: String| crate::domain::text::clean_line(&text);
        self.findings.push(Finding {
            rule: rule.to_owned(),
            level,
            place: clean(place.to_owned()),
            what: clean(what),
            instead: clean(instead),
            mends: false,
        });
    }

    /// Marks the last finding as automatically fixable.
    pub fn mark_fixable(&mut self) {
        if let Some(last) = self.findings.last_mut() {
            last.mends = true;
        }
    }
}

/// Returns `true` if there is no finding that the provider would refuse.
pub fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level != Level::Error)
}
