//! Checks buttons: their number, order and fields.

use serde_json::Value;

use super::part::{Part, count, text, upper};
use super::texts::emoji;
use crate::domain::lint::Report;
use crate::domain::templates::limits::{self, BUTTON_KINDS};

/// Checks the buttons of a component.
pub(super) fn check(report: &mut Report, part: &Part<'_>, category: &str) {
    let place = format!("{}.buttons", part.place);
    let none = vec![];
    let buttons = part.value["buttons"].as_array().unwrap_or(&none);
    if buttons.is_empty() {
        report.error("T21", &place, "There are no buttons.", "Add one, or remove the component.");
    }
    if buttons.len() > limits::MAX_BUTTONS {
        report.error(
            "T21",
            &place,
            format!("There are {} buttons.", buttons.len()),
            format!("The maximum is {}.", limits::MAX_BUTTONS),
        );
    }
    for (kind, most) in BUTTON_KINDS {
        let found = buttons.iter().filter(|one| upper(one, "type") == kind).count();
        if found > most {
            report.error("T21", &place, format!("{found} buttons are {kind}."), format!("The maximum is {most}."));
        }
    }
    order(report, &place, buttons);
    let mut labels: Vec<&str> = vec![];
    for (at, button) in buttons.iter().enumerate() {
        let place = format!("{place}[{at}]");
        one(report, &place, button, category);
        let label = text(button, "text");
        if !label.is_empty() && labels.contains(&label) {
            report.warn(
                "T28",
                &format!("{place}.text"),
                format!("Two buttons have the name `{label}`."),
                "Use different names.",
            );
        }
        labels.push(label);
    }
    let quick = buttons.iter().filter(|one| upper(one, "type") == "QUICK_REPLY").count();
    if buttons.len() > 3 || (quick > 0 && quick < buttons.len()) {
        let what = "Four and more buttons, or quick replies beside others, are not shown on desktop.";
        report.warn("T42", &place, what, "The contact is sent to the phone.");
    }
}

/// Checks that quick replies are adjacent.
fn order(report: &mut Report, place: &str, buttons: &[Value]) {
    let quick: Vec<bool> = buttons.iter().map(|one| upper(one, "type") == "QUICK_REPLY").collect();
    let groups = quick.iter().enumerate().filter(|(at, is)| **is && (*at == 0 || !quick[at - 1])).count();
    let inside = quick.first() == Some(&false) && quick.last() == Some(&false) && quick.contains(&true);
    if groups > 1 || inside {
        report.error(
            "T22",
            place,
            "Quick replies are mixed with other buttons.",
            "Put them together, before or after all others.",
        );
        report.mark_fixable();
    }
}

/// Checks one button.
fn one(report: &mut Report, place: &str, button: &Value, category: &str) {
    let kind = upper(button, "type");
    let label = text(button, "text");
    let own_label = !matches!(kind.as_str(), "COPY_CODE" | "CATALOG" | "MPM" | "SPM" | "OTP");
    if !BUTTON_KINDS.iter().any(|(known, _)| *known == kind) {
        report.error(
            "T7",
            &format!("{place}.type"),
            format!("`{}` is not a button.", text(button, "type")),
            "QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, FLOW …",
        );
        return;
    }
    if (own_label && label.is_empty()) || count(label) > limits::MAX_BUTTON_LABEL {
        report.error(
            "T8",
            &format!("{place}.text"),
            format!("The label has {} characters.", count(label)),
            format!("Use 1 to {} characters.", limits::MAX_BUTTON_LABEL),
        );
    }
    if label.contains("{{") {
        report.error("T9", &format!("{place}.text"), "A label cannot contain variables.", "Write the value itself.");
    } else if emoji(label) > 0 || label.contains('\n') {
        report.warn("T28", &format!("{place}.text"), "A label cannot contain emoji or line breaks.", "Use plain text.");
    }
    match kind.as_str() {
        "URL" => url(report, place, button),
        "PHONE_NUMBER" => {
            let number = text(button, "phone_number");
            let fits = !number.is_empty()
                && count(number) <= limits::MAX_PHONE
                && number.strip_prefix('+').unwrap_or(number).chars().all(|c| c.is_ascii_digit());
            if !fits {
                report.error(
                    "T25",
                    &format!("{place}.phone_number"),
                    format!("`{number}` is not a phone number."),
                    "Use up to 20 digits, with or without +.",
                );
            }
        }
        "COPY_CODE" => {
            let code = button["example"].as_str().or_else(|| button["example"][0].as_str()).unwrap_or_default();
            if code.is_empty() || count(code) > limits::MAX_CODE_EXAMPLE {
                report.error(
                    "T26",
                    &format!("{place}.example"),
                    "A copy code button needs an example.",
                    "Use 1 to 20 characters.",
                );
            } else if count(code) > limits::MAX_CODE {
                report.warn(
                    "T26",
                    &format!("{place}.example"),
                    "The code has more than 15 characters.",
                    "Use at most 15; longer ones may be rejected.",
                );
            }
            if category != "MARKETING" {
                report.warn(
                    "T26",
                    place,
                    "Copy code buttons need the category MARKETING.",
                    "Change the category, or remove it.",
                );
            }
        }
        "FLOW" => flow(report, place, button),
        "OTP" => report.error(
            "T34",
            place,
            "An OTP button needs the category AUTHENTICATION.",
            "Change the category, or remove the button.",
        ),
        _ => {}
    }
}

/// Checks the URL of a button and its variable.
fn url(report: &mut Report, place: &str, button: &Value) {
    let (url, at) = (text(button, "url"), format!("{place}.url"));
    let (variables, ends) = (url.matches("{{").count(), url.ends_with("{{1}}"));
    let bare = url.split("{{").next().unwrap_or_default();
    let parsed = url::Url::parse(&format!("{bare}x"));
    let host = parsed.as_ref().ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    if !bare.starts_with("https://") && !bare.starts_with("http://") || parsed.is_err() {
        report.error("T23", &at, format!("`{url}` is not a URL."), "Start it with https://.");
    } else if bare.starts_with("http://") {
        report.warn("T23", &at, "The URL does not start with https.", "Start it with https://.");
    }
    if count(url) > limits::MAX_URL {
        report.error("T23", &at, "The URL is too long.", "Use at most 2000 characters.");
    }
    if variables > 1 || (variables == 1 && !ends) {
        report.error(
            "T23",
            &at,
            "A URL can contain one variable, {{1}}, at its end.",
            "Write it like https://example.com/t/{{1}}.",
        );
    }
    let example = button["example"].as_str().or_else(|| button["example"][0].as_str()).unwrap_or_default();
    if variables > 0 && example.is_empty() {
        report.error(
            "T23",
            &format!("{place}.example"),
            "The variable has no example.",
            "Add the complete URL as [\"…\"].",
        );
        report.mark_fixable();
    } else if count(example) > limits::MAX_URL {
        let reason = format!("The example has {} characters.", count(example));
        let remedy = format!("Use at most {} characters.", limits::MAX_URL);
        report.error("T23", &format!("{place}.example"), reason, remedy);
    } else if variables == 0 && !button["example"].is_null() {
        report.warn("T23", &format!("{place}.example"), "There is an example but no variable.", "Remove it.");
        report.mark_fixable();
    }
    let short = [
        "bit.ly",
        "tinyurl.com",
        "t.co",
        "goo.gl",
        "ow.ly",
        "is.gd",
        "wa.me",
        "api.whatsapp.com",
        "rebrand.ly",
        "cutt.ly",
    ];
    if short.iter().any(|name| host == *name || host.ends_with(&format!(".{name}"))) {
        report.warn(
            "T24",
            &at,
            format!("{host} is a link shortener or a WhatsApp domain, which is rejected."),
            "Use the URL of the target.",
        );
    }
    let domain_open =
        variables > 0 && bare.trim_start_matches("https://").trim_start_matches("http://").find('/').is_none();
    if domain_open {
        report.warn(
            "T24",
            &at,
            "The domain of the URL is a variable.",
            "Write the domain, and use the variable in the path.",
        );
    }
}

/// Checks the fields of a Flow button.
fn flow(report: &mut Report, place: &str, button: &Value) {
    let given = ["flow_id", "flow_name", "flow_json"].iter().filter(|key| !button[**key].is_null()).count();
    if given != 1 {
        report.error(
            "T27",
            place,
            format!("The button has {given} of flow_id, flow_name and flow_json."),
            "Use exactly one.",
        );
    }
    let action = text(button, "flow_action");
    if !action.is_empty() && !matches!(action.to_ascii_lowercase().as_str(), "navigate" | "data_exchange") {
        report.error(
            "T27",
            &format!("{place}.flow_action"),
            format!("`{action}` is not an action."),
            "Use navigate or data_exchange.",
        );
    }
    if !button["navigate_screen"].is_null() && action.eq_ignore_ascii_case("data_exchange") {
        report.error(
            "T27",
            &format!("{place}.navigate_screen"),
            "navigate_screen is only valid with the action navigate.",
            "Remove it.",
        );
    }
}
