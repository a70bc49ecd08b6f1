//! Checks references to data, form fields and other screens.

use serde_json::Value;

use super::parts::{Flow, Screen, is_bound};
use crate::domain::lint::Report;

/// Returns the references in a text, without `${` and `}`.
pub(super) fn references(text: &str) -> Vec<String> {
    text.split("${").skip(1).filter_map(|part| Some(part.split_once('}')?.0.trim().to_owned())).collect()
}

/// Resolves a reference; fails with the kind of the reference and the reason.
pub(super) fn resolve(flow: &Flow<'_>, screen: &Screen<'_>, name: &str) -> Result<(), (&'static str, String)> {
    let parts: Vec<&str> = name.split('.').collect();
    let on = |screen: &Screen<'_>, kind: &str, member: &str| match kind {
        "data" => !screen.value["data"][member].is_null(),
        _ => screen.inputs().contains(&member),
    };
    match parts.as_slice() {
        [kind @ ("data" | "form"), member, ..] => {
            if on(screen, kind, member) {
                Ok(())
            } else if *kind == "data" {
                Err(("data", format!("`{member}` is not among the data of {}.", screen.id)))
            } else {
                Err(("form", format!("No input of {} has the name `{member}`.", screen.id)))
            }
        }
        ["screen", id, kind @ ("data" | "form"), member, ..] => match flow.screen(id) {
            None => Err(("screen", format!("There is no screen {id}."))),
            Some(other) if other.id == screen.id => {
                Err(("screen", format!("{id} refers to itself: remove screen.{id}.")))
            }
            Some(other) if !on(other, kind, member) => {
                Err(("screen", format!("{id} has no {kind} called `{member}`.")))
            }
            Some(_) => Ok(()),
        },
        _ => Err(("data", format!("`{name}` refers to nothing."))),
    }
}

/// Checks the references and bound types in all components of a screen.
pub(super) fn check(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    for node in &screen.nodes {
        for (key, value) in node.value.as_object().into_iter().flatten() {
            // Child components are checked themselves, and actions have their own checks.
            if matches!(key.as_str(), "children" | "then" | "else" | "cases" | "list-items") || key.ends_with("-action")
            {
                continue;
            }
            walk(report, flow, screen, &format!("{}.{key}", node.place), value, node.kind != "If");
            if let Some(field) = whole(value).and_then(|name| name.strip_prefix("data.").map(str::to_owned)) {
                types(report, screen, (&format!("{}.{key}", node.place), key), &field);
            }
        }
    }
}

/// Returns the reference if the text consists of exactly one.
fn whole(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    (!inner.contains("${")).then(|| inner.trim().to_owned())
}

/// Checks all references in a value, including nested ones.
fn walk(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>, place: &str, value: &Value, strict: bool) {
    match value {
        Value::String(text) => {
            let names = references(text);
            let nested = text.starts_with('`') && text.ends_with('`') && text.len() > 1;
            if strict
                && !names.is_empty()
                && !nested
                && whole(value).is_none()
                && !text.starts_with("# ")
                && !text.contains('\n')
            {
                report.error(
                    "F5",
                    place,
                    "The text mixes words and data.",
                    "Write `'Hello ' ${data.name}` in back-ticks (from 6.0).",
                );
            }
            if nested && flow.version < (6, 0) {
                report.error("F53", place, "Nested expressions need version 6.0 or later.", "Use 7.3.");
            }
            for name in names {
                if let Err((kind, why)) = resolve(flow, screen, &name) {
                    let rule = if kind == "screen" { "F38" } else { "F35" };
                    report.error(rule, place, why, "Declare it, or correct the name.");
                }
            }
        }
        Value::Array(list) => {
            for (at, one) in list.iter().enumerate() {
                walk(report, flow, screen, &format!("{place}[{at}]"), one, strict);
            }
        }
        Value::Object(members) => {
            for (key, one) in members.iter().filter(|(key, _)| !key.ends_with("-action")) {
                walk(report, flow, screen, &format!("{place}.{key}"), one, strict);
            }
        }
        _ => {}
    }
}

/// Checks that bound data has the type that the field requires.
fn types(report: &mut Report, screen: &Screen<'_>, (place, key): (&str, &str), field: &str) {
    let mut declared = &screen.value["data"];
    for (at, part) in field.split('.').enumerate() {
        declared = if at == 0 { &declared[part] } else { &declared["properties"][part] };
    }
    let Some(kind) = declared["type"].as_str() else { return };
    let wanted = match key {
        "visible" | "enabled" | "required" => "boolean",
        "data-source" => "array",
        "label" | "helper-text" | "description" => "string",
        _ => return,
    };
    if kind != wanted {
        report.error("F35", place, format!("{key} is bound to a {kind}."), format!("Bind it to a {wanted}."));
    } else if key == "data-source" && declared["items"].is_object() {
        let members = &declared["items"]["properties"];
        if members["id"].is_null() || members["title"].is_null() {
            report.error("F35", place, "The items lack an id or a title.", "Declare both.");
        }
    }
}

/// Returns `true` if a value can have a type: a literal by its own type, a reference by its declared type.
pub(super) fn could_be(flow: &Flow<'_>, screen: &Screen<'_>, value: &Value, kind: &str) -> bool {
    let declared = match whole(value) {
        None if is_bound(value) => return true,
        None => None,
        Some(name) => {
            let parts: Vec<&str> = name.split('.').collect();
            match parts.as_slice() {
                ["data", member] => screen.value["data"][*member]["type"].as_str().map(str::to_owned),
                ["screen", id, "data", member] => {
                    flow.screen(id).and_then(|other| other.value["data"][*member]["type"].as_str().map(str::to_owned))
                }
                _ => return true,
            }
        }
    };
    match (declared, value) {
        (Some(declared), _) => declared == kind || (declared == "integer" && kind == "number"),
        (None, Value::String(text)) => text.starts_with("${") || kind == "string",
        (None, Value::Number(_)) => matches!(kind, "number" | "integer"),
        (None, Value::Bool(_)) => kind == "boolean",
        (None, Value::Array(_)) => kind == "array",
        (None, Value::Object(_)) => kind == "object",
        (None, Value::Null) => false,
    }
}
