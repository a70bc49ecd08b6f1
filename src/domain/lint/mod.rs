//! What the provider would refuse, found before it is asked: each finding with its rule, its place, and
//! what to write instead. Rules are numbered as in the reference of the Cloud API.

pub mod flow;
pub mod flow_code;
pub mod template;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is refused.
    Error,
    /// It is likely to be refused, or does not do what was meant.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `T18`, `F30`.
    pub rule: String,
    pub level: Level,
    /// Where: `components[1].buttons[0].url`.
    pub place: String,
    pub what: String,
    pub instead: String,
    /// It can be mended by itself.
    #[serde(default)]
    pub mends: bool,
}

impl Finding {
    /// `T18 error at components[0].text: …`
    pub fn line(&self) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!(" at {}", self.place) };
        format!("{} {}{place}: {} {}", self.rule, self.level.name(), self.what, self.instead).trim_end().to_owned()
    }
}

/// Findings, being gathered.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn error(&mut self, rule: &str, place: &str, what: impl Into<String>, instead: impl Into<String>) {
        self.add(rule, Level::Error, place, what.into(), instead.into());
    }

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

    /// The last finding can be mended by itself.
    pub fn mends(&mut self) {
        if let Some(last) = self.findings.last_mut() {
            last.mends = true;
        }
    }
}

/// Whether nothing is found that would be refused.
pub fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level != Level::Error)
}
