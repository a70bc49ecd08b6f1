//! Formatting of JSON, tables, shortened text and times.

pub(in crate::cli) use super::columns::table;
use crate::domain::text::escape_json;
use crate::domain::time::Timestamp;

/// Returns a value as JSON with terminal control characters escaped.
pub(in crate::cli) fn json(value: &impl serde::Serialize) -> String {
    escaped(&serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".into()))
}

/// Escapes control and invisible characters in JSON text.
pub(in crate::cli) fn escaped(text: &str) -> String {
    escape_json(text)
}

/// Adds the fetch time to every object of a fetched list.
pub(in crate::cli) fn dated(told: serde_json::Value) -> serde_json::Value {
    let at = told["fetched_at"].clone();
    let mut value = told["told"].clone();
    match &mut value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| item["fetched_at"] = at.clone()),
        serde_json::Value::Object(fields) => drop(fields.insert("fetched_at".into(), at)),
        _ => {}
    }
    value
}

pub(in crate::cli) fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}

pub(in crate::cli) fn at(time: Timestamp) -> String {
    time.to_string().chars().take(19).collect::<String>() + "Z"
}
