//! The Cloud API's wire format, shared by all providers that mirror it: messages, statuses, error bodies and codes,
//! and its requests.

pub(super) mod contacts;
pub(super) mod dictionary;
pub(super) mod error;
mod fields;
mod file_object;
pub(super) mod graph;
pub(super) mod message;
mod notice;
pub(super) mod payload;
pub(super) mod pricing;
pub(super) mod profile;
mod rare;
pub(super) mod schedule;
pub(super) mod signature;
pub(super) mod template;
mod template_parts;
pub(super) mod webhook;

use serde_json::Value;

use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Returns a string field. `None` where it is missing or empty.
pub(super) fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Returns a string field as untrusted text. `None` where it is missing or empty.
pub(super) fn untrusted(value: &Value, path: &str) -> Option<Untrusted> {
    text(value, path).map(Untrusted::from)
}

/// Returns a string or number field as text. `None` where it is missing or empty.
pub(super) fn loose(value: &Value, path: &str) -> Option<String> {
    match value.pointer(path)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the items of a list field. A single object in its place counts as one item.
pub(super) fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    let held = value.get(field);
    let only = held.filter(|held| held.is_object());
    held.and_then(Value::as_array).into_iter().flatten().chain(only)
}

/// Parses a time: Unix seconds as a string or number, or ISO 8601.
pub(super) fn time(value: &Value, path: &str) -> Option<Timestamp> {
    let spelt = loose(value, path)?;
    match spelt.parse::<i64>() {
        // Milliseconds occur where seconds are documented.
        Ok(number) if number > 100_000_000_000 => Some(Timestamp::from_millis(number)),
        Ok(number) if number >= 0 => Some(Timestamp::from_seconds(number)),
        Ok(_) => None,
        Err(_) => Timestamp::parse(&spelt),
    }
}
