//! Rules of Flow JSON, F1 to F56. Source: Cloud API, parts 6.2 to 6.4.

mod actions;
mod bindings;
mod components;
mod conditions;
mod data;
mod limits;
mod parts;
mod placement;
mod routing;
mod shape;
mod spec;

use serde_json::Value;

use self::parts::Flow;
use super::{Finding, Report};

/// Returns all findings about a Flow, errors first.
pub fn lint(text: &str) -> Vec<Finding> {
    let mut report = Report::default();
    if text.len() > 10 * 1024 * 1024 {
        report.error("F1", "", "The Flow has more than 10 MB.", "Remove images, or make them smaller.");
    }
    match serde_json::from_str::<Value>(text) {
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            report.error(
                "F1",
                &place,
                format!("This is not valid JSON: {error}."),
                "Correct it there; the text is saved.",
            );
        }
        Ok(value) if !value.is_object() => {
            report.error("F1", "", "A Flow is one JSON object.", "Write { \"version\": \"7.3\", \"screens\": [ … ] }.");
        }
        Ok(value) => check(&mut report, &value),
    }
    let mut findings = report.findings;
    findings.sort_by_key(|finding| finding.level);
    findings
}

/// Runs all checks and adds their findings.
fn check(report: &mut Report, value: &Value) {
    let version = shape::version(report, value);
    shape::top(report, value, version);
    let flow = Flow { value, version, endpoint: value["data_api_version"].is_string(), screens: shape::screens(value) };
    shape::screen_rules(report, &flow);
    for screen in &flow.screens {
        components::check(report, &flow, screen);
        limits::check(report, &flow, screen);
        placement::check(report, &flow, screen);
        conditions::check(report, screen);
        data::check(report, screen);
        bindings::check(report, &flow, screen);
        actions::check(report, &flow, screen);
    }
    placement::whole(report, &flow);
    routing::check(report, &flow);
}
