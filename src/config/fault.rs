//! Faults of a configuration, with their places.

use std::fmt::Write as _;
use std::path::Path;

/// A fault of a configuration. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    pub line: usize,
    pub column: usize,
    pub what: String,
}

impl Fault {
    /// Creates a fault at a byte of the text.
    pub(super) fn at(text: &str, byte: usize, what: impl Into<String>) -> Self {
        let before = text.get(..byte.min(text.len())).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, what: what.into() }
    }
}

/// Formats all faults, one per line.
pub(super) fn report(path: &Path, faults: &[Fault]) -> String {
    let errors = if faults.len() == 1 { "1 error".to_owned() } else { format!("{} errors", faults.len()) };
    let mut text = format!("The configuration {} has {errors}:", path.display());
    for fault in faults {
        let _ = write!(text, "\n  line {}, column {}: {}", fault.line, fault.column, fault.what);
    }
    text
}
