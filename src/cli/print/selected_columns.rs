//! Lists with selected columns: `--columns` takes field names of the JSON rows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::layout::{json, table};
use crate::cli::client::error::CliError;
use crate::cli::print;
use crate::domain::code::Code;
use crate::domain::query::Answer;
use crate::domain::text::clean_line;

/// Fields that rows omit when empty; they can be selected although no row contains them.
const OPTIONAL: [&str; 24] = [
    "acked",
    "context_from",
    "conversation",
    "dry_run",
    "failed_by",
    "fetched_at",
    "handed_off_at",
    "held_elsewhere",
    "looked",
    "media",
    "no_marketing_by",
    "not_before",
    "note",
    "opted_out_by",
    "person_wrote_at",
    "labels",
    "present",
    "quotes",
    "recalled_by",
    "resolved",
    "run",
    "snoozed",
    "taken_until",
    "user_id",
];

/// Refuses `--columns` for an answer that is not a list.
pub(in crate::cli) fn only_for_lists(columns: &[String]) -> Result<(), CliError> {
    if columns.is_empty() {
        return Ok(());
    }
    Err(CliError::new(Code::Usage, "Columns can be chosen for lists only.", "Leave --columns out."))
}

/// Returns a list with the selected columns, as text or JSON. Refused if no row has one of them.
pub(in crate::cli) fn chosen(answer: &Answer, columns: &[String], as_json: bool) -> Result<String, CliError> {
    let told: Value = serde_json::from_str(&print::answer_json(answer)).unwrap_or_default();
    let Value::Array(rows) = told else {
        return only_for_lists(columns).map(|()| String::new());
    };
    let known = fields(&rows);
    let strange = |column: &&String| {
        let head = column.split('.').next().unwrap_or_default();
        !known.contains(column.as_str()) && !OPTIONAL.contains(&head)
    };
    if let Some(column) = columns.iter().find(strange).filter(|_| !rows.is_empty()) {
        let reason = format!("No row has the field `{}`.", clean_line(column));
        let names = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(CliError::new(Code::Usage, reason, format!("Choose from {names}.")));
    }
    let picked = |row: &Value| columns.iter().map(|column| field(row, column)).collect::<Vec<_>>();
    if as_json {
        let object = |row| Value::Object(columns.iter().cloned().zip(picked(row)).collect());
        return Ok(json(&rows.iter().map(object).collect::<Vec<_>>()));
    }
    let head: Vec<String> = columns.iter().map(|column| column.replace('_', " ")).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    Ok(table("rows", &head, rows.iter().map(|row| picked(row).iter().map(cell).collect()).collect()))
}

/// Returns the field names of rows; those of nested objects as `contact.name`.
fn fields(rows: &[Value]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (name, value) in rows.iter().filter_map(Value::as_object).flatten() {
        known.insert(name.clone());
        known.extend(value.as_object().into_iter().flatten().map(|(inner, _)| format!("{name}.{inner}")));
    }
    known
}

fn field(row: &Value, column: &str) -> Value {
    let path = format!("/{}", column.replace('.', "/"));
    row.pointer(&path).cloned().unwrap_or_default()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => clean_line(text),
        other => clean_line(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::DeliveryId;
    use crate::domain::inbound::delivery::DeliveryState;
    use crate::domain::time::Timestamp;
    use crate::domain::view::DeliveryRow;

    fn list() -> Answer {
        let row = |id, note: Option<&str>| DeliveryRow {
            id: DeliveryId(id),
            path: "/webhook".into(),
            event: "whatsapp.message.received".into(),
            state: DeliveryState::Applied,
            received_at: Timestamp::EPOCH,
            bytes: 20,
            repeats: 2,
            note: note.map(Into::into),
        };
        Answer::Deliveries(vec![row(7, Some("a \u{1b}[2J note")), row(8, None)])
    }

    fn picked(columns: &[&str], as_json: bool) -> Result<String, CliError> {
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        chosen(&list(), &columns, as_json)
    }

    #[test]
    fn columns_stand_in_the_order_in_which_they_are_named() {
        let text = picked(&["repeats", "id", "note"], false).expect("a table");
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!((&lines[0], &lines[2]), (&vec!["REPEATS", "ID", "NOTE"], &vec!["2", "d8"]));
        assert!(!text.contains('\u{1b}'), "{text:?}");
        let rows: Value = serde_json::from_str(&picked(&["id", "bytes"], true).expect("JSON")).expect("JSON");
        assert_eq!(rows, serde_json::json!([{ "id": "d7", "bytes": 20 }, { "id": "d8", "bytes": 20 }]));
    }

    #[test]
    fn a_field_that_no_row_has_is_refused_with_those_that_there_are() {
        let refused = picked(&["id", "evnt"], false).expect_err("no such field").text(false);
        assert!(refused.contains("`evnt`") && refused.contains("event, id, note"), "{refused}");
        assert!(picked(&["taken_until"], false).is_ok(), "some rows of some lists have it");
        let one = chosen(&Answer::Draft("half".into()), &["id".to_owned()], false);
        assert!(one.is_err_and(|none| none.text(false).contains("lists only")));
    }
}
