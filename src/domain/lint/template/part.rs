//! The components of a template and their positions.

use serde_json::Value;

/// A component and its position.
pub(super) struct Part<'v> {
    pub(super) kind: String,
    pub(super) value: &'v Value,
    pub(super) place: String,
}

pub(super) fn upper(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_ascii_uppercase()
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

pub(super) fn count(text: &str) -> usize {
    text.chars().count()
}

pub(super) fn parts<'v>(components: &'v Value, place: &str) -> Vec<Part<'v>> {
    let list = components.as_array().into_iter().flatten().enumerate();
    list.map(|(at, value)| Part { kind: upper(value, "type"), value, place: format!("{place}[{at}]") }).collect()
}
