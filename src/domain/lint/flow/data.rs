//! Checks the data that a screen declares.

use serde_json::Value;

use super::parts::Screen;
use crate::domain::lint::Report;

/// Checks the data declaration of a screen.
pub(super) fn check(report: &mut Report, screen: &Screen<'_>) {
    let data = &screen.value["data"];
    if data.is_null() {
        return;
    }
    let place = format!("{}.data", screen.place);
    let Some(members) = data.as_object() else {
        report.error(
            "F36",
            &place,
            "The data is not an object.",
            "Write { \"name\": { \"type\": \"string\", \"__example__\": \"…\" } }.",
        );
        return;
    };
    for (name, declared) in members {
        let place = format!("{place}.{name}");
        schema(report, &place, declared);
        match declared.get("__example__") {
            None => {
                report.error("F37", &place, format!("`{name}` has no __example__."), "Add one: the preview shows it.");
            }
            Some(example) if !fits(declared, example) => {
                let what = format!("The example of `{name}` is not of its type.");
                report.error(
                    "F37",
                    &format!("{place}.__example__"),
                    what,
                    format!("Use an example of the declared type {}.", declared["type"]),
                );
            }
            Some(_) => {}
        }
        if nested_example(declared) {
            report.error(
                "F37",
                &place,
                "The example is nested in the declaration.",
                "Put it at the top level of the member.",
            );
        }
    }
}

/// Checks the declaration of one data field.
fn schema(report: &mut Report, place: &str, declared: &Value) {
    match declared["type"].as_str() {
        None => report.error(
            "F36",
            &format!("{place}.type"),
            "The type is missing, or is not a string.",
            "Use string, number, integer, boolean, object or array.",
        ),
        Some("array") => match &declared["items"] {
            Value::Null => {
                report.error("F36", &format!("{place}.items"), "An array does not declare its items.", "Add items.");
            }
            items if items.is_object() => schema(report, &format!("{place}.items"), items),
            _ => {}
        },
        Some("object") => match declared["properties"].as_object() {
            None => report.warn(
                "F36",
                &format!("{place}.properties"),
                "An object does not declare its properties.",
                "Add properties.",
            ),
            Some(members) => {
                for (name, inner) in members {
                    schema(report, &format!("{place}.properties.{name}"), inner);
                }
            }
        },
        Some("string" | "number" | "integer" | "boolean") => {}
        Some(other) => report.error(
            "F36",
            &format!("{place}.type"),
            format!("`{other}` is not a type."),
            "Use string, number, integer, boolean, object or array.",
        ),
    }
}

/// Returns `true` if an example has the declared type.
fn fits(declared: &Value, example: &Value) -> bool {
    match declared["type"].as_str() {
        Some("string") => example.is_string(),
        Some("number") => example.is_number(),
        Some("integer") => example.is_i64() || example.is_u64(),
        Some("boolean") => example.is_boolean(),
        Some("object") => example.is_object(),
        Some("array") => example
            .as_array()
            .is_some_and(|list| !declared["items"].is_object() || list.iter().all(|one| fits(&declared["items"], one))),
        _ => true,
    }
}

/// Returns `true` if a nested declaration has an example.
fn nested_example(declared: &Value) -> bool {
    let inside = |value: &Value| value.to_string().contains("\"__example__\"");
    inside(&declared["items"]) || inside(&declared["properties"])
}
