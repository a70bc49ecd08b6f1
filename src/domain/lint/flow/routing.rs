//! Checks the routes between screens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::parts::{Flow, Screen};
use crate::domain::lint::Report;

type Graph<'v> = BTreeMap<&'v str, BTreeSet<&'v str>>;

/// Checks the routing model, or the navigation if there is none.
pub(super) fn check(report: &mut Report, flow: &Flow<'_>) {
    let taken = navigated(flow);
    let model = flow.value["routing_model"].as_object();
    let Some(model) = model.filter(|_| flow.endpoint) else {
        if flow.value["routing_model"].is_object() && !flow.endpoint {
            stale(report, flow, &taken);
        }
        // Without an endpoint the navigation actions are the routing model.
        if !flow.endpoint {
            graph(report, flow, &taken, "screens");
        }
        return;
    };
    for screen in &flow.screens {
        if !model.contains_key(screen.id) {
            report.error(
                "F23",
                "routing_model",
                format!("{} is not in the routing model.", screen.id),
                "Add every screen as a key; a terminal screen has [].",
            );
        }
    }
    let mut routes: Graph<'_> = flow.screens.iter().map(|screen| (screen.id, BTreeSet::new())).collect();
    for (from, to) in model {
        let place = format!("routing_model.{from}");
        if flow.screen(from).is_none() {
            report.error("F23", &place, format!("There is no screen {from}."), "Use the id of an existing screen.");
        }
        for name in to.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if name == "SUCCESS" && flow.screen(name).is_none() {
                report.warn(
                    "F23",
                    &place,
                    "SUCCESS is not a screen: the endpoint answers with it to end the Flow.",
                    "Remove it from the routing model. Published samples contain it.",
                );
            } else if flow.screen(name).is_none() {
                report.error("F23", &place, format!("There is no screen {name}."), "Use the id of an existing screen.");
            } else {
                routes.entry(from).or_default().insert(name);
            }
        }
    }
    for (from, targets) in &taken {
        for to in targets {
            if !routes.get(from).is_some_and(|known| known.contains(to)) {
                let what = format!("{from} navigates to {to}, which is not in the routing model.");
                report.error("F28", &format!("routing_model.{from}"), what, format!("Add {to}."));
            }
        }
    }
    graph(report, flow, &routes, "routing_model");
}

/// Warns about an incomplete routing model of a Flow without an endpoint. It does no harm, because the model is
/// generated.
fn stale(report: &mut Report, flow: &Flow<'_>, taken: &Graph<'_>) {
    let model = &flow.value["routing_model"];
    let lacks = taken.iter().any(|(from, targets)| {
        let known = |to: &&str| model[*from].as_array().is_some_and(|list| list.iter().any(|one| one == *to));
        targets.iter().any(|to| !known(to))
    });
    if lacks {
        report.warn(
            "F28",
            "routing_model",
            "The routing model lacks routes that the screens use.",
            "Remove it: without an endpoint it is generated.",
        );
    }
}

/// Returns the routes of all navigation actions.
fn navigated<'v>(flow: &Flow<'v>) -> Graph<'v> {
    let mut graph: Graph<'v> = flow.screens.iter().map(|screen| (screen.id, BTreeSet::new())).collect();
    for screen in &flow.screens {
        for node in &screen.nodes {
            let own = ["on-click-action", "on-select-action", "on-unselect-action"];
            let inner = node.value["list-items"].as_array().into_iter().flatten();
            for holder in std::iter::once(node.value).chain(inner) {
                for key in own {
                    let action = &holder[key];
                    if action["name"] == "navigate"
                        && let Some(to) = action["next"]["name"].as_str()
                        && to != screen.id
                        && flow.screen(to).is_some()
                    {
                        graph.entry(screen.id).or_default().insert(to);
                    }
                }
            }
        }
    }
    graph
}

/// Checks the routes: cycles, number per screen, unreachable screens and dead ends.
fn graph(report: &mut Report, flow: &Flow<'_>, routes: &Graph<'_>, place: &str) {
    if flow.screens.len() < 2 && routes.values().all(BTreeSet::is_empty) {
        return;
    }
    for (from, targets) in routes {
        if targets.contains(from) {
            report.error("F24", place, format!("{from} navigates to itself."), "Remove it.");
        }
        if targets.len() > 10 {
            report.error("F27", place, format!("{from} has {} routes.", targets.len()), "The maximum is 10.");
        }
    }
    if let Some(name) = looped(routes) {
        report.error(
            "F24",
            place,
            format!("The route leads back to {name}."),
            "Use forward routes only; the back button always exists.",
        );
    }
    let entered: BTreeSet<&str> =
        routes.iter().flat_map(|(from, targets)| targets.iter().filter(move |to| *to != from)).copied().collect();
    let entries: Vec<&Screen<'_>> = flow.screens.iter().filter(|screen| !entered.contains(screen.id)).collect();
    if entries.is_empty() {
        report.error("F25", place, "There is no entry screen.", "Add a screen that no other one navigates to.");
        return;
    }
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = vec![entries[0].id];
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            next.extend(routes.get(id).into_iter().flatten().copied());
        }
    }
    for screen in &flow.screens {
        // Several start screens whose paths join later are allowed; a separate one is not.
        let apart = !reached.contains(screen.id)
            && routes.get(screen.id).is_none_or(|to| !to.iter().any(|to| reached.contains(to)));
        if apart {
            report.error("F26", place, format!("No route leads to {}.", screen.id), "Add a route to it, or remove it.");
        } else if !screen.terminal && routes.get(screen.id).is_none_or(BTreeSet::is_empty) {
            report.error(
                "F26",
                place,
                format!("{} has no route and is not terminal.", screen.id),
                "Add a route, or mark it \"terminal\": true.",
            );
        }
    }
}

/// Returns a screen in a cycle of two or more screens.
fn looped<'g>(routes: &Graph<'g>) -> Option<&'g str> {
    fn visit<'g>(
        id: &'g str,
        routes: &Graph<'g>,
        above: &mut Vec<&'g str>,
        done: &mut BTreeSet<&'g str>,
    ) -> Option<&'g str> {
        if above.contains(&id) {
            return Some(id);
        }
        if !done.insert(id) {
            return None;
        }
        above.push(id);
        let found =
            routes.get(id).into_iter().flatten().filter(|to| **to != id).find_map(|to| visit(to, routes, above, done));
        above.pop();
        found
    }
    let mut done = BTreeSet::new();
    routes.keys().find_map(|id| visit(id, routes, &mut vec![], &mut done))
}
