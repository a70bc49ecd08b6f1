//! Checks where components are allowed, how often, and in which combinations.

use serde_json::Value;

use super::parts::{Flow, Screen};
use super::spec::{is_input, is_picker};
use crate::domain::lint::Report;

/// Checks the placement of the components of a screen.
pub(super) fn check(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    let of = |kind: &str| screen.nodes.iter().filter(|node| node.kind == kind).count();
    let outside = |kind: &str| screen.nodes.iter().filter(|node| node.kind == kind && node.branch.is_none()).count();
    for (kind, most) in [("EmbeddedLink", 2), ("Image", 3), ("OptIn", 5), ("NavigationList", 2), ("ImageCarousel", 2)] {
        if of(kind) > most {
            report.error(
                "F42",
                &screen.place,
                format!("There are {} of {kind}.", of(kind)),
                format!("Use at most {most} per screen."),
            );
        }
    }
    if outside("Footer") > 1 {
        report.error("F42", &screen.place, format!("There are {} footers.", outside("Footer")), "Use one per screen.");
    }
    if of("PhotoPicker") + of("DocumentPicker") > 1 {
        report.error(
            "F42",
            &screen.place,
            "There is more than one file picker.",
            "Use one per screen: a PhotoPicker or a DocumentPicker.",
        );
    }
    names(report, screen);
    forms(report, flow, screen);
    footers(report, screen);
    company(report, flow, screen);
}

/// Checks that input names are unique, across all branches.
fn names(report: &mut Report, screen: &Screen<'_>) {
    let mut seen: Vec<&str> = vec![];
    for node in screen.nodes.iter().filter(|node| is_input(node.kind)) {
        let Some(name) = node.value["name"].as_str() else { continue };
        if seen.contains(&name) {
            report.error(
                "F39",
                &format!("{}.name", node.place),
                format!("Two inputs have the name `{name}`."),
                "Use different names.",
            );
        }
        seen.push(name);
    }
}

/// Checks the placement of forms and inputs.
fn forms(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    let form = screen.nodes.iter().find(|node| node.kind == "Form");
    for node in screen.nodes.iter().filter(|node| is_input(node.kind)) {
        if node.form.is_none() && (form.is_some() || flow.version < (4, 0)) {
            report.error(
                "F40",
                &node.place,
                format!("{} is outside the form.", node.kind),
                "Move every input into the form.",
            );
        }
        for key in ["init-value", "error-message"] {
            if node.form.is_some() && !node.value[key].is_null() {
                let place = format!("{}.{key}", node.place);
                report.error(
                    "F41",
                    &place,
                    format!("`{key}` is set on an input inside a form."),
                    format!("Set {key}s on the form."),
                );
            }
        }
    }
    let Some(form) = form else { return };
    for key in ["init-values", "error-messages"] {
        for name in form.value[key].as_object().into_iter().flatten().map(|(name, _)| name) {
            let input = screen.nodes.iter().find(|node| is_input(node.kind) && node.value["name"] == name.as_str());
            let place = format!("{}.{key}.{name}", form.place);
            match input {
                None => {
                    report.error(
                        "F41",
                        &place,
                        format!("No input has the name `{name}`."),
                        "Use the name of an input of the form.",
                    );
                }
                Some(input) if key == "init-values" && is_picker(input.kind) => {
                    report.error("F51", &place, "A file picker cannot have an initial value.", "Remove it.");
                }
                Some(_) => {}
            }
        }
    }
}

/// Checks footer captions, and footers in branches.
fn footers(report: &mut Report, screen: &Screen<'_>) {
    for node in screen.nodes.iter().filter(|node| node.kind == "Footer") {
        let has = |key: &str| !node.value[key].is_null();
        if has("left-caption") != has("right-caption") || (has("center-caption") && has("left-caption")) {
            report.error(
                "F43",
                &node.place,
                "The captions cannot be combined.",
                "Use left-caption with right-caption, or center-caption alone.",
            );
        }
    }
    let holds = |list: &Value| list.as_array().into_iter().flatten().any(|one| one["type"] == "Footer");
    let outside = screen.nodes.iter().any(|node| node.kind == "Footer" && node.branch.is_none());
    for node in &screen.nodes {
        match node.kind {
            "If" => {
                let (yes, no) = (holds(&node.value["then"]), holds(&node.value["else"]));
                if yes != no {
                    report.error("F44", &node.place, "Only one branch has a footer.", "Add a footer to both branches.");
                } else if yes && node.depth > 0 {
                    report.error(
                        "F44",
                        &node.place,
                        "A footer is nested deeper than the first If.",
                        "Move it to the first If.",
                    );
                } else if yes && outside {
                    report.error(
                        "F44",
                        &node.place,
                        "There are footers both inside and outside the branches.",
                        "Keep one of them.",
                    );
                }
            }
            "Switch" => {
                let cases: Vec<bool> =
                    node.value["cases"].as_object().into_iter().flatten().map(|(_, case)| holds(case)).collect();
                if cases.contains(&true) && cases.contains(&false) {
                    report.error("F45", &node.place, "Only some cases have a footer.", "Add a footer to all cases.");
                }
            }
            _ => {}
        }
    }
}

/// Checks combinations of components, and which components are in branches.
fn company(report: &mut Report, flow: &Flow<'_>, screen: &Screen<'_>) {
    let others = |kind: &str| -> Vec<&str> {
        screen.nodes.iter().map(|node| node.kind).filter(|other| *other != kind && *other != "Form").collect()
    };
    if screen.nodes.iter().any(|node| node.kind == "RichText") {
        let allowed = flow.version >= (6, 3);
        if others("RichText").iter().any(|other| !(allowed && *other == "Footer")) {
            report.error(
                "F54",
                &screen.place,
                "RichText is combined with other components.",
                "Use it alone; from version 6.3 a Footer is allowed.",
            );
        }
    }
    if screen.nodes.iter().any(|node| node.kind == "NavigationList") {
        if !others("NavigationList").is_empty() {
            report.error(
                "F54",
                &screen.place,
                "A NavigationList is combined with other components.",
                "Remove the other components of its screen.",
            );
        }
        if screen.terminal {
            report.error(
                "F54",
                &screen.place,
                "A NavigationList is on a terminal screen.",
                "Move it to a screen that is not terminal.",
            );
        }
    }
    for node in screen.nodes.iter().filter(|node| node.depth > 0) {
        let chips = node.kind == "ChipsSelector" && flow.version >= (7, 1);
        if !INSIDE.contains(&node.kind) && !chips {
            report.error(
                "F54",
                &node.place,
                format!("{} is not allowed in a branch.", node.kind),
                "Move it out of the branch.",
            );
        }
    }
}

/// Components that are allowed in a branch.
const INSIDE: [&str; 19] = [
    "TextHeading",
    "TextSubheading",
    "TextBody",
    "TextCaption",
    "TextInput",
    "TextArea",
    "CheckboxGroup",
    "RadioButtonsGroup",
    "Dropdown",
    "DatePicker",
    "OptIn",
    "EmbeddedLink",
    "Image",
    "Footer",
    "Switch",
    "If",
    "CalendarPicker",
    "PhotoPicker",
    "DocumentPicker",
];

/// Checks counts across all screens.
pub(super) fn whole(report: &mut Report, flow: &Flow<'_>) {
    let carousels =
        flow.screens.iter().flat_map(|screen| &screen.nodes).filter(|node| node.kind == "ImageCarousel").count();
    if carousels > 3 {
        report.error("F42", "screens", format!("There are {carousels} carousels."), "Use at most three in a Flow.");
    }
}
