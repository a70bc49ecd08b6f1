//! How values and rows are printed: JSON, tables, shortened text and times.

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

/// Columns that line up.
pub(super) fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return "nothing".to_owned();
    }
    let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
    let mut all: Vec<Vec<String>> = vec![head.iter().map(|title| title.to_uppercase()).collect()];
    all.extend(rows);
    let columns = head.len();
    let widths: Vec<usize> = (0..columns)
        .map(|at| all.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| format!("{cell}{}", " ".repeat(widths[at] - width(cell))));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}

pub(super) fn at(time: Timestamp) -> String {
    time.to_string().chars().take(19).collect::<String>() + "Z"
}
