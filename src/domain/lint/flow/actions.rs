//! Checks the actions of components: `on-click-action` and the selection actions.

use serde_json::Value;

use super::bindings::{could_be, references, resolve};
use super::parts::{Flow, Node, Screen};
use super::spec;
use crate::domain::lint::Report;

const KEYS: [&str; 3] = ["on-click-action", "on-select-action", "on-unselect-action"];

/// Checks all actions of a screen.
pub(super) fn check(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    for node in &screen.nodes {
        for key in KEYS {
            one(report, flow, screen, node, &format!("{}.{key}", node.place), &node.value[key]);
        }
        for list in ["list-items", "data-source"] {
            for (at, item) in node.value[list].as_array().into_iter().flatten().enumerate() {
                for key in KEYS {
                    one(report, flow, screen, node, &format!("{}.{list}[{at}].{key}", node.place), &item[key]);
                }
            }
        }
    }
}

/// Checks one action.
fn one(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>, node: &Node<'_>, place: &str, action: &Value) {
    if action.is_null() {
        return;
    }
    let name = action["name"].as_str().unwrap_or_default();
    let known = ["navigate", "complete", "data_exchange", "update_data", "open_url"];
    if !known.contains(&name) {
        report.error(
            "F6",
            &format!("{place}.name"),
            format!("`{name}` is not an action."),
            format!("Use one of {}.", known.join(", ")),
        );
        return;
    }
    let allowed = spec::of(node.kind).map(|spec| spec.actions).unwrap_or_default();
    if name == "complete" && node.kind != "Footer" {
        report.error("F31", place, format!("{} cannot complete a Flow.", node.kind), "Only a Footer can.");
    } else if !allowed.contains(&name) && !allowed.is_empty() {
        report.error(
            "F32",
            place,
            format!("{} takes no {name}.", node.kind),
            format!("It takes {}.", allowed.join(", ")),
        );
    }
    for key in action.as_object().into_iter().flatten().map(|(key, _)| key.as_str()) {
        let fits = match name {
            "navigate" => matches!(key, "name" | "next" | "payload"),
            "open_url" => matches!(key, "name" | "url"),
            _ => matches!(key, "name" | "payload"),
        };
        if !fits {
            report.error("F3", &format!("{place}.{key}"), format!("{name} has no `{key}`."), "Remove it.");
        }
    }
    if name == "open_url" {
        let url = action["url"].as_str().unwrap_or_default();
        if !url.starts_with("${") && !url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            report.error("F7", &format!("{place}.url"), format!("`{url}` is not a URL."), "Start it with https://.");
        }
        return;
    }
    if action["payload"].is_null() {
        report.error(
            "F4",
            &format!("{place}.payload"),
            format!("{name} has no payload."),
            "Write {} if there is nothing to pass on.",
        );
    }
    if matches!(name, "update_data" | "open_url") && flow.version < (6, 0) {
        report.error("F53", place, format!("{name} needs version 6.0 or later."), "Use 7.3.");
    }
    let place_of = format!("{place}.payload");
    match name {
        "navigate" => navigate(report, flow, screen, node, place, action),
        "complete" if !screen.terminal => {
            report.error(
                "F31",
                place,
                "The Flow is completed on a screen that is not terminal.",
                "Mark it \"terminal\": true.",
            );
        }
        "update_data" => {
            for key in action["payload"].as_object().into_iter().flatten().map(|(key, _)| key) {
                if screen.value["data"][key].is_null() {
                    report.error(
                        "F34",
                        &format!("{place_of}.{key}"),
                        format!("`{key}` is not among the data of {}.", screen.id),
                        "Declare it in the data of the screen.",
                    );
                }
            }
        }
        _ => {}
    }
    payload(report, flow, screen, &place_of, &action["payload"], name);
    files(report, screen, &place_of, &action["payload"], name);
}

/// Checks a `navigate` action: its target screen and its payload.
fn navigate(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>, node: &Node<'_>, place: &str, action: &Value) {
    if screen.terminal && node.kind == "Footer" {
        report.error("F32", place, "The Footer of a terminal screen opens another screen.", "Use the action complete.");
    }
    let next = &action["next"];
    let target = next["name"].as_str().unwrap_or_default();
    let at = format!("{place}.next");
    if next["type"] != "screen" {
        report.error("F29", &at, format!("{} is not a target of a navigation.", next["type"]), "\"type\": \"screen\".");
    }
    let Some(there) = flow.screen(target).filter(|there| there.id != screen.id) else {
        report.error("F29", &at, format!("`{target}` is not another screen."), "Use the id of an existing screen.");
        return;
    };
    let none = serde_json::Map::new();
    let (given, wanted) =
        (action["payload"].as_object().unwrap_or(&none), there.value["data"].as_object().unwrap_or(&none));
    for (key, declared) in wanted {
        match given.get(key) {
            None if !flow.endpoint => {
                report.error(
                    "F30",
                    &format!("{place}.payload"),
                    format!("{target} requires `{key}`."),
                    "Add it to the payload.",
                );
            }
            Some(value) if declared["type"].as_str().is_some_and(|kind| !could_be(flow, screen, value, kind)) => {
                let what = format!("`{key}` is not of the type that {target} declares.");
                report.error("F30", &format!("{place}.payload.{key}"), what, format!("Use a {}.", declared["type"]));
            }
            _ => {}
        }
    }
    for key in given.keys().filter(|key| !wanted.contains_key(*key) && !flow.endpoint) {
        report.error(
            "F30",
            &format!("{place}.payload.{key}"),
            format!("{target} does not declare `{key}`."),
            "Declare it there, or leave it out.",
        );
    }
}

/// Checks that every reference in a payload resolves.
fn payload(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>, place: &str, value: &Value, action: &str) {
    match value {
        Value::String(text) => {
            let nested = text.starts_with('`');
            for name in references(text) {
                if let Err((kind, why)) = resolve(flow, screen, &name) {
                    let rule = match (kind, nested || action == "update_data") {
                        ("screen", _) => "F38",
                        (_, true) => "F34",
                        (_, false) => "F33",
                    };
                    report.error(rule, place, why, "Correct the name.");
                }
            }
            if text.len() > 200_000 && action == "complete" {
                report.warn("F56", place, "The response is large.", "Remove images from it.");
            }
        }
        Value::Array(list) => list.iter().for_each(|one| payload(report, flow, screen, place, one, action)),
        Value::Object(members) => {
            for (key, one) in members {
                payload(report, flow, screen, &format!("{place}.{key}"), one, action);
            }
        }
        _ => {}
    }
}

/// Checks that uploaded files are only at the top level of a payload, to the endpoint or in the response.
fn files(report: &mut Report, screen: &Screen<'_>, place: &str, value: &Value, action: &str) {
    let pickers: Vec<&Node<'_>> = screen.nodes.iter().filter(|node| spec::is_picker(node.kind)).collect();
    let names = |value: &Value| -> Vec<String> {
        references(&value.to_string())
            .into_iter()
            .filter_map(|name| name.strip_prefix("form.").map(str::to_owned))
            .collect()
    };
    let is_picker = |name: &String| pickers.iter().any(|node| node.value["name"] == name.as_str());
    for (key, one) in value.as_object().into_iter().flatten() {
        let used: Vec<String> = names(one).into_iter().filter(is_picker).collect();
        if used.is_empty() {
            continue;
        }
        let place = format!("{place}.{key}");
        if action == "navigate" {
            report.error(
                "F52",
                &place,
                "Uploaded files cannot be passed to another screen.",
                "Send them to the endpoint, or complete the Flow with them.",
            );
        } else if !one.is_string() {
            report.error(
                "F52",
                &place,
                "Uploaded files are nested in the payload.",
                "Put them at the top level of the payload.",
            );
        } else if action == "complete" {
            let single = |node: &&&Node<'_>| used.iter().any(|name| node.value["name"] == name.as_str());
            let most = pickers.iter().find(single).map(|node| {
                let key = if node.kind == "PhotoPicker" { "max-uploaded-photos" } else { "max-uploaded-documents" };
                node.value[key].as_u64()
            });
            if most.flatten() != Some(1) {
                report.error(
                    "F52",
                    &place,
                    "A response can contain one uploaded file.",
                    "Set max-uploaded-photos or max-uploaded-documents to 1.",
                );
            }
        }
    }
}
