//! The components of a template and their positions.

use serde_json::Value;

/// A component and its position.
pub(super) struct Part<'v> {
    pub(super) kind: String,
    pub(super) value: &'v Value,
    pub(super) place: String,
}

/// Returns a text field in upper case; empty if it is missing.
pub(super) fn upper(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_ascii_uppercase()
}

/// Returns a text field; empty if it is missing.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Returns the number of characters.
pub(super) fn count(text: &str) -> usize {
    text.chars().count()
}

/// Returns the components of an array with their positions.
pub(super) fn parts<'v>(components: &'v Value, place: &str) -> Vec<Part<'v>> {
    let list = components.as_array().into_iter().flatten().enumerate();
    list.map(|(at, value)| Part { kind: upper(value, "type"), value, place: format!("{place}[{at}]") }).collect()
}
