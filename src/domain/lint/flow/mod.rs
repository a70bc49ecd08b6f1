//! The rules of Flow JSON, F1 to F56. Source: Cloud API, parts 6.2 to 6.4.

mod actions;
mod bindings;
mod components;
mod conditions;
mod data;
mod limits;
mod placement;
mod routing;
mod shape;
mod spec;

use serde_json::Value;

use super::{Finding, Report};

/// A version, as it is written: 1.10 follows 1.9.
type Version = (u32, u32);

/// A component where it stands.
struct Node<'v> {
    kind: &'v str,
    value: &'v Value,
    place: String,
    /// The form that it stands in, by that form's place.
    form: Option<String>,
    /// How many If and Switch are around it.
    depth: usize,
    /// The branch that it stands in.
    branch: Option<String>,
}

struct Screen<'v> {
    id: &'v str,
    value: &'v Value,
    place: String,
    nodes: Vec<Node<'v>>,
    terminal: bool,
}

/// A Flow, taken apart.
struct Flow<'v> {
    value: &'v Value,
    version: Version,
    /// It has an endpoint that is asked for data.
    endpoint: bool,
    screens: Vec<Screen<'v>>,
}

impl<'v> Flow<'v> {
    fn screen(&self, id: &str) -> Option<&Screen<'v>> {
        self.screens.iter().find(|screen| screen.id == id)
    }
}

impl Screen<'_> {
    /// Names of what is filled in on it.
    fn inputs(&self) -> Vec<&str> {
        let inputs = self.nodes.iter().filter(|node| spec::is_input(node.kind));
        inputs.filter_map(|node| node.value["name"].as_str()).collect()
    }
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// Whether a value is bound to data instead of written out.
fn is_bound(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("${") || text.starts_with('`'))
}

/// Everything that stands in the way of a Flow, the refusals first.
pub fn lint(text: &str) -> Vec<Finding> {
    let mut report = Report::default();
    if text.len() > 10 * 1024 * 1024 {
        report.error("F1", "", "The Flow has more than 10 MB.", "Leave pictures out, or make them smaller.");
    }
    match serde_json::from_str::<Value>(text) {
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            report.error("F1", &place, format!("This is no JSON: {error}."), "Mend it there; nothing is lost.");
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
