//! Checks each component: required fields, allowed fields and their types.

use serde_json::Value;

use super::parts::{Flow, Node, Screen, is_bound};
use super::spec::{self, ENUMS, KEYS_SINCE};
use crate::domain::lint::Report;

/// Checks the components of a screen.
pub(super) fn check(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    for node in &screen.nodes {
        let Some(spec) = spec::of(node.kind) else {
            let shown = if node.kind.is_empty() { "nothing" } else { node.kind };
            let rule = if node.value["type"].is_null() { "F4" } else { "F6" };
            report.error(
                rule,
                &format!("{}.type", node.place),
                format!("`{shown}` is not a component."),
                near(node.kind),
            );
            continue;
        };
        let at = |key: &str| format!("{}.{key}", node.place);
        if flow.version < spec.since {
            let what = format!("{} needs version {}.{} or later.", node.kind, spec.since.0, spec.since.1);
            report.error("F53", &node.place, what, "Use 7.3.");
        }
        for key in spec.required {
            if node.value[*key].is_null() {
                report.error("F4", &at(key), format!("{} has no {key}.", node.kind), "Add one.");
            }
        }
        if matches!(node.kind, "CheckboxGroup" | "RadioButtonsGroup")
            && flow.version >= (4, 0)
            && node.value["label"].is_null()
        {
            report.error("F4", &at("label"), format!("{} has no label.", node.kind), "Add one.");
        }
        for key in node.value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()) {
            let common = matches!(key, "type" | "visible" | "enabled");
            if !common && !spec.known.contains(&key) {
                let hint = if key.contains('_') {
                    format!("Did you mean `{}`?", key.replace('_', "-"))
                } else {
                    "Remove it.".into()
                };
                report.error("F3", &at(key), format!("{} has no `{key}`.", node.kind), hint);
            }
            if let Some((.., since)) = KEYS_SINCE.iter().find(|(kind, name, _)| *kind == node.kind && *name == key)
                && flow.version < *since
            {
                let what = format!("`{key}` needs version {}.{} or later.", since.0, since.1);
                report.error("F53", &at(key), what, "Use 7.3.");
            }
        }
        types(report, node);
        for (kind, key, values) in ENUMS {
            let value = &node.value[*key];
            if *kind == node.kind && !value.is_null() && !is_bound(value) && !values.iter().any(|one| value == one) {
                report.error(
                    "F6",
                    &at(key),
                    format!("{value} is not a valid {key}."),
                    format!("Use one of {}.", values.join(", ")),
                );
            }
        }
        for key in ["name", "type"] {
            if is_bound(&node.value[key]) {
                report.error("F5", &at(key), format!("A {key} cannot be bound to data."), "Write the value itself.");
            }
        }
        patterns(report, node);
    }
}

/// Suggests the component with the most similar name, or names some examples.
fn near(kind: &str) -> String {
    let nearest = spec::SPECS.iter().max_by(|a, b| strsim::jaro(a.kind, kind).total_cmp(&strsim::jaro(b.kind, kind)));
    match nearest.filter(|one| strsim::jaro(one.kind, kind) > 0.7) {
        Some(one) => format!("Did you mean {}?", one.kind),
        None => "Use a component such as TextBody, TextInput, Dropdown or Footer.".to_owned(),
    }
}

/// Checks the types of literal values; bound values are checked in `bindings`.
fn types(report: &mut Report, node: &Node<'_>) {
    let wrong = |report: &mut Report, key: &str, wanted: &str| {
        let what = format!("{} is not a {wanted}.", short(&node.value[key]));
        report.error("F5", &format!("{}.{key}", node.place), what, format!("Write a {wanted}, or bind it to data."));
    };
    for (key, value) in node.value.as_object().into_iter().flatten() {
        if is_bound(value) || value.is_null() {
            continue;
        }
        match key.as_str() {
            // A date range has a `required` value per date.
            "required" if is_range(node) && value.is_object() => {
                for (name, one) in value.as_object().into_iter().flatten() {
                    if !["start-date", "end-date"].contains(&name.as_str()) || !(one.is_boolean() || is_bound(one)) {
                        let what = format!("{name}: {} must hold booleans for the dates of the range.", short(one));
                        let instead = "Write booleans for start-date and end-date.";
                        report.error("F5", &format!("{}.{key}", node.place), what, instead);
                    }
                }
            }
            "visible" | "enabled" | "required" | "markdown" | "strikethrough" if !value.is_boolean() => {
                wrong(report, key, "boolean");
            }
            "label" | "error-message" | "helper-text" if value.is_object() && node.kind == "CalendarPicker" => {}
            "label" | "helper-text" | "alt-text" | "description" | "name" if !value.is_string() => {
                wrong(report, key, "text");
            }
            "text" if !value.is_string() && !value.is_array() => wrong(report, key, "text"),
            "min-chars"
            | "max-chars"
            | "max-length"
            | "min-selected-items"
            | "max-selected-items"
            | "max-file-size-kb"
            | "min-uploaded-photos"
            | "max-uploaded-photos"
            | "min-uploaded-documents"
            | "max-uploaded-documents"
            | "min-days"
            | "max-days"
            | "width"
            | "height"
                if !value.is_number() && value.as_str().is_none_or(|text| text.parse::<f64>().is_err()) =>
            {
                report.error(
                    "F9",
                    &format!("{}.{key}", node.place),
                    format!("{} is not a number.", short(value)),
                    "Write a number, or bind it to data.",
                );
            }
            "data-source" | "images" | "list-items" | "children" | "then" | "else" | "unavailable-dates"
                if !value.is_array() =>
            {
                wrong(report, key, "list");
            }
            "cases" if !value.is_object() => wrong(report, key, "object"),
            _ => {}
        }
    }
}

/// Returns `true` for a calendar that selects two dates.
fn is_range(node: &Node<'_>) -> bool {
    node.kind == "CalendarPicker" && node.value["mode"] == "range"
}

/// Formats a value as JSON, cut to 60 characters.
fn short(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// Checks the rules around an input's pattern, and its brackets. The expression itself is not evaluated.
fn patterns(report: &mut Report, node: &Node<'_>) {
    let Some(pattern) = node.value["pattern"].as_str().filter(|_| node.kind == "TextInput") else { return };
    let place = format!("{}.pattern", node.place);
    if node.value["helper-text"].is_null() {
        report.error(
            "F50",
            &place,
            "A pattern needs a helper-text.",
            "Add a helper-text that describes the expected input.",
        );
    }
    let kind = node.value["input-type"].as_str().unwrap_or("text");
    if !matches!(kind, "text" | "number" | "password" | "passcode") {
        report.error(
            "F50",
            &place,
            format!("An input of type {kind} does not support a pattern."),
            "Use the type text, number, password or passcode.",
        );
    }
    if !balanced(pattern) {
        report.error(
            "F50",
            &place,
            "The pattern is not a regular expression: its brackets do not match.",
            "Close every quote, bracket and brace.",
        );
    }
}

/// Returns `true` if the brackets of a regular expression match.
fn balanced(pattern: &str) -> bool {
    let (mut round, mut class, mut escaped) = (0_i32, false, false);
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' if !class => class = true,
            ']' if class => class = false,
            '(' if !class => round += 1,
            ')' if !class => round -= 1,
            _ => {}
        }
        if round < 0 {
            return false;
        }
    }
    round == 0 && !class && !escaped
}
