//! How values and rows are printed: JSON, tables, shortened text and times.

pub(super) use super::columns::table;
use crate::domain::text::escape_json;
use crate::domain::time::Timestamp;

/// One JSON value, in which no character can steer a terminal.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    escaped(&serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".into()))
}

/// JSON, in which no character can steer a terminal, or hide.
pub(super) fn escaped(text: &str) -> String {
    escape_json(text)
}

/// Something that was fetched, with the time of that in every object.
pub(super) fn dated(told: serde_json::Value) -> serde_json::Value {
    let at = told["fetched_at"].clone();
    let mut value = told["told"].clone();
    match &mut value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| item["fetched_at"] = at.clone()),
        serde_json::Value::Object(fields) => drop(fields.insert("fetched_at".into(), at)),
        _ => {}
    }
    value
}

pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}

pub(super) fn at(time: Timestamp) -> String {
    time.to_string().chars().take(19).collect::<String>() + "Z"
}
