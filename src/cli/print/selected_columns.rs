//! Lists with selected columns and in other formats: `--columns` takes field names of the JSON rows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::csv::csv;
use super::layout::{self, json, table};
use crate::cli::client::error::CliError;
use crate::cli::options::{Common, OutputFormat};
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

/// Refuses `--columns` and formats of lists for an answer that is not a list.
pub(in crate::cli) fn only_for_lists(common: &Common) -> Result<(), CliError> {
    if !common.columns.is_empty() {
        return Err(CliError::new(Code::Usage, "Columns can be chosen for lists only.", "Leave --columns out."));
    }
    if common.is_for_lists() {
        let reason = "The formats ndjson and csv are for lists only.";
        return Err(CliError::new(Code::Usage, reason, "Use --output table or --output json."));
    }
    Ok(())
}

/// Returns a list with the selected columns, or with all of them, in the chosen format. Refused if the answer is not a
/// list, or if no row has a selected column.
pub(in crate::cli) fn chosen(answer: &Answer, common: &Common) -> Result<String, CliError> {
    let answer: Value = serde_json::from_str(&print::answer_json(answer)).unwrap_or_default();
    let Value::Array(rows) = answer else {
        return only_for_lists(common).map(|()| String::new());
    };
    let columns = &common.columns;
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
    let object = |row: &Value| match columns.as_slice() {
        [] => row.clone(),
        columns => Value::Object(columns.iter().cloned().zip(picked(row)).collect()),
    };
    Ok(match common.output {
        Some(OutputFormat::Ndjson) => {
            rows.iter().map(|row| layout::escaped(&object(row).to_string())).collect::<Vec<_>>().join("\n")
        }
        Some(OutputFormat::Csv) => {
            let columns = if columns.is_empty() { scalar_fields(&rows) } else { columns.clone() };
            let cells = |row: &Value| columns.iter().map(|column| cell(&field(row, column))).collect();
            csv(&columns, rows.iter().map(cells))
        }
        _ if common.json => json(&rows.iter().map(object).collect::<Vec<_>>()),
        _ => {
            let head: Vec<String> = columns.iter().map(|column| column.replace('_', " ")).collect();
            let head: Vec<&str> = head.iter().map(String::as_str).collect();
            table("rows", &head, rows.iter().map(|row| picked(row).iter().map(cell).collect()).collect())
        }
    })
}

/// Returns the fields of rows that hold no objects and lists, in the order of their first appearance.
fn scalar_fields(rows: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    let mut add = |name: String, value: &Value| {
        if !value.is_object() && !value.is_array() && !names.contains(&name) {
            names.push(name);
        }
    };
    for (name, value) in rows.iter().filter_map(Value::as_object).flatten() {
        add(name.clone(), value);
        for (inner, value) in value.as_object().into_iter().flatten() {
            add(format!("{name}.{inner}"), value);
        }
    }
    names
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

    fn common(columns: &[&str], output: OutputFormat) -> Common {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        let json = matches!(output, OutputFormat::Json | OutputFormat::Ndjson);
        Common { columns, output: Some(output), json, ..Common::default() }
    }

    fn picked(columns: &[&str], as_json: bool) -> Result<String, CliError> {
        chosen(&list(), &common(columns, if as_json { OutputFormat::Json } else { OutputFormat::Table }))
    }

    #[test]
    fn lists_are_lines_of_json_and_csv() {
        let lines = chosen(&list(), &common(&["id", "bytes"], OutputFormat::Ndjson)).expect("lines");
        assert_eq!(lines, "{\"id\":\"d7\",\"bytes\":20}\n{\"id\":\"d8\",\"bytes\":20}");
        let table = chosen(&list(), &common(&[], OutputFormat::Csv)).expect("lines");
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines.len() == 3 && lines[0].starts_with("\"id\","), "{table}");
        assert!(lines[1].starts_with("\"d7\",") && !table.contains('\u{1b}'), "{table}");
        let one = chosen(&Answer::Draft("half".into()), &common(&[], OutputFormat::Csv));
        assert!(one.is_err_and(|none| none.text(false).contains("lists only")));
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
        let one = chosen(&Answer::Draft("half".into()), &common(&["id"], OutputFormat::Table));
        assert!(one.is_err_and(|none| none.text(false).contains("lists only")));
    }
}
