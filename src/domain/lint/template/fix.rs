//! Automatic fixes.

use serde_json::{Value, json};

use super::part::{text, upper};
use super::variables::variables;
use crate::domain::lint::Finding;

/// Fixes all fixable findings, and returns their number.
pub fn fix(template: &mut Value, findings: &[Finding]) -> usize {
    let wanted: Vec<&Finding> = findings.iter().filter(|finding| finding.mends).collect();
    let has = |rule: &str| wanted.iter().any(|finding| finding.rule == rule);
    if let Some(language) = template.as_object_mut().and_then(|object| object.remove("language_code")) {
        template["language"] = language;
    }
    if has("T1") {
        let name = text(template, "name").to_lowercase();
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' })
            .take(512)
            .collect();
        template["name"] = plain.into();
    }
    if has("T13") {
        let now = text(template, "parameter_format").eq_ignore_ascii_case("named");
        template["parameter_format"] = if now { "POSITIONAL" } else { "NAMED" }.into();
    }
    let named = text(template, "parameter_format").eq_ignore_ascii_case("named");
    for part in template["components"].as_array_mut().into_iter().flatten() {
        match upper(part, "type").as_str() {
            kind @ ("BODY" | "HEADER") if part["text"].is_string() => {
                let kind = kind.to_owned();
                tidy(part);
                examples(part, &kind, named);
            }
            "BUTTONS" => buttons(part),
            _ => {}
        }
    }
    wanted.len()
}

/// Normalizes `{{ name }}` to `{{name}}`.
fn tidy(part: &mut Value) {
    let words = text(part, "text").to_owned();
    let Some(found) = variables(&words) else { return };
    let mended = found.iter().rev().fold(words, |mut words, one| {
        words.replace_range(one.start..one.end, &format!("{{{{{}}}}}", one.inner.trim()));
        words
    });
    part["text"] = mended.into();
}

/// Adds missing examples for variables, for a person to review; existing ones stay.
fn examples(part: &mut Value, kind: &str, named: bool) {
    let base = if kind == "HEADER" { "header_text" } else { "body_text" };
    let mut names: Vec<String> = vec![];
    for one in variables(text(part, "text")).unwrap_or_default() {
        let name = one.inner.trim().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        if let Some(object) = part.as_object_mut() {
            object.remove("example");
        }
        return;
    }
    let mut given: Vec<(Option<String>, String)> = vec![];
    let old = &part["example"];
    for one in old[format!("{base}_named_params")].as_array().into_iter().flatten() {
        given.push((one["param_name"].as_str().map(str::to_owned), text(one, "example").to_owned()));
    }
    let list = old[base].as_array().cloned().unwrap_or_default();
    let list = list.first().and_then(Value::as_array).cloned().unwrap_or(list);
    given.extend(list.iter().filter_map(Value::as_str).map(|words| (None, words.to_owned())));
    let filled = |at: usize, name: &str| {
        let by_name = given.iter().find(|(of, words)| of.as_deref() == Some(name) && !words.trim().is_empty());
        let by_place = given.get(at).filter(|(of, words)| of.is_none() && !words.trim().is_empty());
        by_name.or(by_place).map_or_else(|| sample(name), |(_, words)| words.clone())
    };
    let values: Vec<(String, String)> =
        names.iter().enumerate().map(|(at, name)| (name.clone(), filled(at, name))).collect();
    part["example"] = if named {
        let list: Vec<Value> =
            values.iter().map(|(name, words)| json!({ "param_name": name, "example": words })).collect();
        json!({ format!("{base}_named_params"): list })
    } else {
        let list: Vec<&String> = values.iter().map(|(_, words)| words).collect();
        if kind == "HEADER" { json!({ base: list }) } else { json!({ base: [list] }) }
    };
}

/// Returns a likely example value, by the variable's name.
fn sample(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let guesses = [
        ("name", "Rosa"),
        ("date", "1 June"),
        ("time", "16:30"),
        ("order", "A-17"),
        ("id", "A-17"),
        ("status", "shipped"),
        ("amount", "12.50"),
        ("price", "12.50"),
        ("day", "Friday"),
        ("link", "https://example.com"),
    ];
    guesses
        .iter()
        .find(|(part, _)| lower.contains(part))
        .map_or_else(|| format!("sample {name}"), |(_, words)| (*words).to_owned())
}

/// Fixes the order of buttons and their missing examples.
fn buttons(part: &mut Value) {
    let Some(list) = part["buttons"].as_array_mut() else { return };
    let quick = |one: &Value| upper(one, "type") == "QUICK_REPLY";
    // Groups quick replies, before or after the other buttons, depending on the first button.
    let first = list.first().is_some_and(quick);
    list.sort_by_key(|one| quick(one) != first);
    for button in list.iter_mut().filter(|one| upper(one, "type") == "URL") {
        let url = text(button, "url").to_owned();
        if !url.contains("{{") {
            if let Some(object) = button.as_object_mut() {
                object.remove("example");
            }
        } else if button["example"].as_str().or_else(|| button["example"][0].as_str()).is_none_or(str::is_empty) {
            button["example"] = json!([url.replace("{{1}}", "A-17")]);
        }
    }
}
