//! Checks lengths, counts and ranges.

use serde_json::Value;

use super::parts::{Flow, Node, Screen, count, is_bound};
use super::spec::{LENGTHS, MIME_TYPES, PAIRS};
use crate::domain::lint::Report;

/// Checks the limits of all components of a screen.
pub(super) fn check(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    for node in &screen.nodes {
        for (kind, key, most) in LENGTHS {
            if *kind != node.kind {
                continue;
            }
            let place = format!("{}.{key}", node.place);
            for text in texts(&node.value[*key]) {
                if text.trim().is_empty() && flow.version >= (6, 0) {
                    report.error("F9", &place, format!("The {key} is empty."), "Add text.");
                } else if count(text) > *most {
                    report.error(
                        "F49",
                        &place,
                        format!("The {key} has {} characters.", count(text)),
                        format!("The maximum is {most}."),
                    );
                }
            }
        }
        options(report, node);
        ranges(report, node);
        pictures(report, flow, node);
        if node.kind == "NavigationList" {
            navigation(report, node);
        }
    }
}

/// Returns a text, or each text of an array.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) if !is_bound(value) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::Object(parts) => parts.values().filter_map(Value::as_str).collect(),
        _ => vec![],
    }
}

/// Checks the options of selection components.
fn options(report: &mut Report, node: &Node<'_>) {
    let Some(list) = node.value["data-source"].as_array() else { return };
    let pictured = list.iter().any(|one| !one["image"].is_null());
    let (least, most) = match node.kind {
        "CheckboxGroup" | "RadioButtonsGroup" => (1, 20),
        "ChipsSelector" => (2, 20),
        "Dropdown" => (1, if pictured { 100 } else { 200 }),
        _ => return,
    };
    let place = format!("{}.data-source", node.place);
    if list.len() < least {
        report.error("F8", &place, format!("There are {} options.", list.len()), format!("The minimum is {least}."));
    } else if list.len() > most {
        report.error("F49", &place, format!("There are {} options.", list.len()), format!("The maximum is {most}."));
    }
    let mut ids: Vec<&str> = vec![];
    for (at, one) in list.iter().enumerate() {
        let place = format!("{place}[{at}]");
        let (id, title) = (one["id"].as_str().unwrap_or_default(), one["title"].as_str().unwrap_or_default());
        if one["id"].is_null() || one["title"].is_null() {
            report.error("F4", &place, "An option lacks an id or a title.", "Add both.");
            continue;
        }
        if ids.contains(&id) || title.trim().is_empty() {
            report.warn("F55", &place, "Two options share an id, or one has no title.", "Use different ones.");
        }
        for (key, most) in [("title", 30), ("description", 300), ("metadata", 20)] {
            let length = count(one[key].as_str().unwrap_or_default());
            if length > most {
                report.error(
                    "F49",
                    &format!("{place}.{key}"),
                    format!("The {key} has {length} characters."),
                    format!("The maximum is {most}."),
                );
            }
        }
        ids.push(id);
    }
}

/// Checks numeric and date ranges.
fn ranges(report: &mut Report, node: &Node<'_>) {
    for (small, large) in PAIRS {
        let (small_value, large_value) = (&node.value[*small], &node.value[*large]);
        let less = match (small_value.as_f64(), large_value.as_f64()) {
            (Some(a), Some(b)) => a <= b,
            _ => match (small_value.as_str(), large_value.as_str()) {
                (Some(a), Some(b)) if !is_bound(small_value) && !is_bound(large_value) => a <= b,
                _ => true,
            },
        };
        if !less {
            report.error("F47", &node.place, format!("{small} is more than {large}."), "Swap them.");
        }
    }
    let bounds: &[(&str, f64, f64)] = match node.kind {
        "PhotoPicker" => &[
            ("max-file-size-kb", 1.0, 25_600.0),
            ("min-uploaded-photos", 0.0, 30.0),
            ("max-uploaded-photos", 1.0, 30.0),
        ],
        "DocumentPicker" => &[
            ("max-file-size-kb", 1.0, 25_600.0),
            ("min-uploaded-documents", 0.0, 30.0),
            ("max-uploaded-documents", 1.0, 30.0),
        ],
        _ => &[],
    };
    for (key, least, most) in bounds {
        if let Some(value) = node.value[*key].as_f64().filter(|value| value < least || value > most) {
            report.error(
                "F48",
                &format!("{}.{key}", node.place),
                format!("{value} is out of range."),
                format!("Use {least} to {most}."),
            );
        }
    }
    for one in node.value["allowed-mime-types"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !MIME_TYPES.contains(&format!(" {one} ")) {
            report.error(
                "F6",
                &format!("{}.allowed-mime-types", node.place),
                format!("{one} is not a supported file type."),
                "Use a type such as application/pdf or image/jpeg.",
            );
        }
    }
}

/// Checks the number of carousel images, and literal dates.
fn pictures(report: &mut Report, flow: &Flow<'_>, node: &Node<'_>) {
    if node.kind == "ImageCarousel"
        && let Some(list) = node.value["images"].as_array()
        && !(1..=3).contains(&list.len())
    {
        report.error(
            "F8",
            &format!("{}.images", node.place),
            format!("There are {} images.", list.len()),
            "Use one to three.",
        );
    }
    if matches!(node.kind, "DatePicker" | "CalendarPicker") && flow.version >= (5, 0) {
        for key in ["min-date", "max-date", "init-value"] {
            if let Some(date) = node.value[key].as_str().filter(|_| !is_bound(&node.value[key]))
                && !is_date(date)
            {
                report.warn(
                    "F56",
                    &format!("{}.{key}", node.place),
                    format!("`{date}` is not a date."),
                    "Write it as 2026-06-01.",
                );
            }
        }
    }
}

/// Returns `true` for a text of the form `2026-06-01`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &str, length: usize| part.len() == length && part.chars().all(|c| c.is_ascii_digit());
    matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

/// Checks the items of a navigation list.
fn navigation(report: &mut Report, node: &Node<'_>) {
    let Some(items) = node.value["list-items"].as_array() else { return };
    let place = format!("{}.list-items", node.place);
    if items.is_empty() || items.len() > 20 {
        report.error("F8", &place, format!("There are {} items.", items.len()), "Use 1 to 20.");
    }
    let outside = !node.value["on-click-action"].is_null();
    let badges = items.iter().filter(|one| !one["badge"].is_null()).count();
    if badges > 1 {
        report.error("F49", &place, "More than one item has a badge.", "The maximum is 1.");
    }
    for (at, one) in items.iter().enumerate() {
        let place = format!("{place}[{at}]");
        let content = &one["main-content"];
        if content["title"].is_null() {
            report.error("F4", &format!("{place}.main-content.title"), "An item has no title.", "Add one.");
        }
        for (key, most) in [("title", 30), ("description", 20), ("metadata", 80)] {
            let length = count(content[key].as_str().unwrap_or_default());
            if length > most {
                report.error(
                    "F49",
                    &format!("{place}.main-content.{key}"),
                    format!("The {key} has {length} characters."),
                    format!("The maximum is {most}."),
                );
            }
        }
        if outside != one["on-click-action"].is_null() {
            report.error(
                "F4",
                &place,
                "Actions are on the list and on items.",
                "Put the action on the list, or one on each item.",
            );
        }
    }
}
