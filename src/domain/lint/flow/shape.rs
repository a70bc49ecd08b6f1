//! Checks the Flow as a whole, and its screens.

use serde_json::Value;

use super::parts::{Flow, Node, Screen, count};
use super::spec::Version;
use crate::domain::lint::Report;

/// Versions that can be published; `FROZEN` lists those that can only be sent. Source: part 6.1.
const PUBLISHED: [&str; 9] = ["5.1", "6.0", "6.1", "6.2", "6.3", "7.0", "7.1", "7.2", "7.3"];
const FROZEN: [&str; 5] = ["2.1", "3.0", "3.1", "4.0", "5.0"];

/// Checks the version and returns it.
pub(super) fn version(report: &mut Report, value: &Value) -> Version {
    let read = |text: &str| -> Option<Version> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    match value["version"].as_str() {
        None => {
            report.error("F2", "version", "The version is missing, or is not a string.", "Write \"version\": \"7.3\".");
            (7, 3)
        }
        Some(text) => {
            if FROZEN.contains(&text) {
                report.warn(
                    "F2",
                    "version",
                    format!("Version {text} is frozen: it cannot be published any more."),
                    "Use 7.3.",
                );
            } else if !PUBLISHED.contains(&text) {
                report.error("F2", "version", format!("There is no version {text}."), "Use 7.3.");
            }
            read(text).unwrap_or((7, 3))
        }
    }
}

/// Checks the top-level fields.
pub(super) fn top(report: &mut Report, value: &Value, version: Version) {
    for key in value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()) {
        match key {
            "version" | "screens" | "data_api_version" | "routing_model" => {}
            "data_channel_uri" if version < (3, 0) => {}
            "data_channel_uri" | "endpoint_uri" => {
                report.error(
                    "F3",
                    key,
                    format!("`{key}` does not belong in Flow JSON."),
                    "Remove it; the endpoint is registered separately.",
                );
            }
            other => report.error("F3", other, format!("Unknown key `{other}`."), "Remove it."),
        }
    }
    if !value["screens"].is_array() {
        report.error("F4", "screens", "There are no screens.", "Write \"screens\": [ … ].");
    }
    match &value["data_api_version"] {
        Value::Null => {}
        Value::String(api) if api == "3.0" || (api == "4.0" && version >= (7, 3)) => {}
        other => report.error(
            "F20",
            "data_api_version",
            format!("{other} is not a version of the data API here."),
            "Write \"3.0\"; \"4.0\" takes Flow JSON 7.3.",
        ),
    }
    if value["data_api_version"].is_string() && value["routing_model"].is_null() {
        report.error("F19", "routing_model", "A Flow with an endpoint needs a routing model.", "Add a routing_model.");
    }
    if value["data_api_version"].is_null() && value.to_string().contains("\"data_exchange\"") {
        report.error(
            "F18",
            "data_api_version",
            "The Flow exchanges data but has no data_api_version.",
            "Write \"data_api_version\": \"3.0\".",
        );
    }
}

/// Parses the screens.
pub(super) fn screens(value: &Value) -> Vec<Screen<'_>> {
    let list = value["screens"].as_array().into_iter().flatten().enumerate();
    list.map(|(at, value)| {
        let place = format!("screens[{at}]");
        let mut nodes = vec![];
        let around = Around { form: None, depth: 0, branch: None };
        gather(&value["layout"]["children"], &format!("{place}.layout.children"), &around, &mut nodes);
        Screen {
            id: value["id"].as_str().unwrap_or_default(),
            value,
            place,
            nodes,
            terminal: value["terminal"].as_bool().unwrap_or(false),
        }
    })
    .collect()
}

/// The enclosing form and branches of a component.
struct Around {
    form: Option<String>,
    depth: usize,
    branch: Option<String>,
}

/// Collects components recursively, with their positions.
fn gather<'v>(children: &'v Value, place: &str, around: &Around, nodes: &mut Vec<Node<'v>>) {
    for (at, value) in children.as_array().into_iter().flatten().enumerate() {
        let place = format!("{place}[{at}]");
        let kind = value["type"].as_str().unwrap_or_default();
        let (form, depth, branch) = (around.form.clone(), around.depth, around.branch.clone());
        nodes.push(Node { kind, value, place: place.clone(), form: form.clone(), depth, branch: branch.clone() });
        match kind {
            "Form" => {
                let inside = Around { form: Some(place.clone()), depth, branch };
                gather(&value["children"], &format!("{place}.children"), &inside, nodes);
            }
            "If" => {
                for key in ["then", "else"] {
                    let place = format!("{place}.{key}");
                    let inside = Around { form: form.clone(), depth: depth + 1, branch: Some(place.clone()) };
                    gather(&value[key], &place, &inside, nodes);
                }
            }
            "Switch" => {
                for (name, case) in value["cases"].as_object().into_iter().flatten() {
                    let place = format!("{place}.cases.{name}");
                    let inside = Around { form: form.clone(), depth: depth + 1, branch: Some(place.clone()) };
                    gather(case, &place, &inside, nodes);
                }
            }
            _ => {}
        }
    }
}

/// Checks the rules for screens, single and together.
pub(super) fn screen_rules(report: &mut Report, flow: &Flow<'_>) {
    if flow.value["screens"].is_array() && flow.screens.is_empty() {
        report.error("F8", "screens", "There is no screen.", "Add at least one.");
    }
    if flow.screens.len() > 100 {
        report.error("F12", "screens", format!("There are {} screens.", flow.screens.len()), "The maximum is 100.");
    }
    for (at, screen) in flow.screens.iter().enumerate() {
        one(report, flow, screen);
        if flow.screens[..at].iter().any(|other| other.id == screen.id) {
            report.error(
                "F10",
                &format!("{}.id", screen.place),
                format!("`{}` is the id of two screens.", screen.id),
                "Use different ones.",
            );
        }
    }
    let ends: Vec<&Screen<'_>> = flow.screens.iter().filter(|screen| screen.terminal).collect();
    if !flow.screens.is_empty() && ends.is_empty() {
        report.error("F14", "screens", "No screen ends the Flow.", "Mark the last one \"terminal\": true.");
    } else if !ends.is_empty() && ends.iter().all(|screen| screen.value["success"] == false) {
        report.error(
            "F17",
            "screens",
            "All terminal screens are failures.",
            "Remove \"success\": false from at least one.",
        );
    }
}

/// Allowed fields of a screen.
const KNOWN: [&str; 9] =
    ["id", "title", "data", "terminal", "success", "refresh_on_back", "sensitive", "layout", "description"];

/// Checks the fields of one screen.
fn one(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    let (value, place) = (screen.value, &screen.place);
    let at = |key: &str| format!("{place}.{key}");
    for key in value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()) {
        if !KNOWN.contains(&key) {
            report.error("F3", &at(key), format!("Unknown key `{key}` on a screen."), "Remove it.");
        }
    }
    check_id(report, screen);
    check_layout(report, screen);
    if let Some(title) = value["title"].as_str().filter(|title| count(title) > 30) {
        report.error("F49", &at("title"), format!("The title has {} characters.", count(title)), "The maximum is 30.");
    }
    for key in ["terminal", "success", "refresh_on_back"] {
        if !value[key].is_null() && !value[key].is_boolean() {
            report.error("F5", &at(key), format!("{} is neither true nor false.", value[key]), "Write true or false.");
        }
    }
    if !value["success"].is_null() && !screen.terminal {
        report.error(
            "F16",
            &at("success"),
            "`success` is set on a screen that is not terminal.",
            "Remove it, or make the screen terminal.",
        );
    }
    if value["refresh_on_back"] == true && !flow.endpoint {
        report.error("F21", &at("refresh_on_back"), "Without an endpoint nothing can be refreshed.", "Remove it.");
    }
    check_sensitive(report, flow, screen);
    if screen.nodes.len() > 50 {
        report.error(
            "F13",
            place,
            format!("There are {} components.", screen.nodes.len()),
            "Use at most 50 per screen.",
        );
    }
    let footers = screen.nodes.iter().filter(|node| node.kind == "Footer").count();
    if screen.terminal && footers == 0 {
        report.error("F15", place, "A terminal screen has no Footer.", "Add one that completes the Flow.");
    }
}

/// Checks the id of a screen.
fn check_id(report: &mut Report, screen: &Screen<'_>) {
    let (value, at) = (screen.value, format!("{}.id", screen.place));
    if screen.id.is_empty() {
        report.error(
            if value["id"].is_string() { "F8" } else { "F4" },
            &at,
            "The screen has no id.",
            "Add an id of letters and _, such as WELCOME.",
        );
    } else if !screen.id.chars().all(|c| c.is_ascii_alphabetic() || c == '_') {
        report.error(
            "F9",
            &at,
            format!("`{}` is not an id of a screen.", screen.id),
            "Use letters and _ only, no digits.",
        );
    }
    if screen.id.eq_ignore_ascii_case("success") {
        report.error("F11", &at, "SUCCESS is reserved: it ends a Flow.", "Choose another id.");
    }
}

/// Checks the layout of a screen.
fn check_layout(report: &mut Report, screen: &Screen<'_>) {
    let (value, place) = (screen.value, &screen.place);
    let at = |key: &str| format!("{place}.{key}");
    if value["layout"].is_null() {
        report.error(
            "F4",
            &at("layout"),
            "The screen has no layout.",
            "Write { \"type\": \"SingleColumnLayout\", \"children\": [] }.",
        );
    } else if value["layout"]["type"] != "SingleColumnLayout" {
        report.error(
            "F6",
            &at("layout.type"),
            format!("{} is not a layout.", value["layout"]["type"]),
            "SingleColumnLayout.",
        );
    }
}

/// Checks the names of inputs whose values are hidden in the summary.
fn check_sensitive(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    let (value, at) = (screen.value, format!("{}.sensitive", screen.place));
    if !value["sensitive"].is_null() {
        if flow.version < (5, 1) {
            report.error("F22", &at, "Hiding responses needs version 5.1 or later.", "Use 7.3.");
        }
        let inputs = screen.inputs();
        for name in value["sensitive"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !inputs.contains(&name) {
                report.warn(
                    "F22",
                    &at,
                    format!("`{name}` is not an input of this screen."),
                    "List names of inputs only.",
                );
            }
        }
    }
}
