//! Template objects, as lists carry them.

use serde_json::Value;

use super::{text, untrusted};
use crate::domain::templates::template::{Template, TemplateButton, TemplateStatus};
use crate::domain::text::{Untrusted, clean_line};

/// One entry of a template list. Without a name it is none.
pub(crate) fn template(object: &Value) -> Option<Template> {
    let components = || object.get("components").and_then(Value::as_array).into_iter().flatten();
    let component = |kind: &'static str| {
        components().find(move |part| text(part, "/type").is_some_and(|found| found.eq_ignore_ascii_case(kind)))
    };
    let header = component("HEADER").map(|header| match untrusted(header, "/text") {
        Some(words) => words,
        None => Untrusted::new(format!("[{}]", text(header, "/format").unwrap_or("header").to_ascii_lowercase())),
    });
    let buttons =
        component("BUTTONS").and_then(|part| part.get("buttons")).and_then(Value::as_array).into_iter().flatten();
    let header_format =
        component("HEADER").map(|header| text(header, "/format").unwrap_or("TEXT").to_ascii_uppercase());
    Some(Template {
        shared_places: false,
        unfillable: unfillable(object),
        header_format,
        examples: examples(component("HEADER"), component("BODY")),
        id: text(object, "/id").unwrap_or_default().to_owned(),
        name: untrusted(object, "/name")?,
        language: untrusted(object, "/language").unwrap_or_default(),
        category: untrusted(object, "/category").unwrap_or_default(),
        status: TemplateStatus::new(text(object, "/status").unwrap_or("UNKNOWN")),
        header,
        body: component("BODY").and_then(|body| untrusted(body, "/text")).unwrap_or_default(),
        footer: component("FOOTER").and_then(|footer| untrusted(footer, "/text")),
        buttons: buttons.map(button).collect(),
        quality: text(object, "/quality_score/score")
            .or_else(|| text(object, "/quality_score"))
            .map(|score| crate::domain::text::clean_line(score).to_uppercase())
            .filter(|score| score != "UNKNOWN"),
        rejected_reason: untrusted(object, "/rejected_reason").filter(|reason| reason.as_received() != "NONE"),
    })
}

fn button(object: &Value) -> TemplateButton {
    let kind = text(object, "/type").unwrap_or("QUICK_REPLY").to_ascii_uppercase();
    // Some kinds carry no words: the platform writes them in each language.
    let words = untrusted(object, "/text").unwrap_or_else(|| match kind.as_str() {
        "COPY_CODE" => "Copy code".into(),
        kind => kind.to_lowercase().replace('_', " ").into(),
    });
    TemplateButton { kind, text: words, url: untrusted(object, "/url") }
}

/// Buttons that are sent without values, or with values that there are fields for. Meta: template buttons.
const BUTTONS: [&str; 9] =
    ["QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "VOICE_CALL", "FLOW", "CATALOG", "OTP", "REQUEST_CONTACT_INFO"];

/// `order details`: the name of a kind, as it is read.
fn kind_shown(kind: &str) -> String {
    let name: String = clean_line(kind).to_lowercase().replace('_', " ").chars().take(40).collect();
    if name.is_empty() { "that has no name".to_owned() } else { name }
}

/// Parts that cannot go without values that this build has no fields for. Meta: sending a template.
fn unfillable(object: &Value) -> Vec<String> {
    let mut found = vec![];
    for part in object.get("components").and_then(Value::as_array).into_iter().flatten() {
        let kind = text(part, "/type").unwrap_or_default().to_ascii_uppercase();
        let format = text(part, "/format").unwrap_or_default().to_ascii_uppercase();
        match (kind.as_str(), format.as_str()) {
            ("CAROUSEL", _) => found.push("carousel".to_owned()),
            ("LIMITED_TIME_OFFER", _) => found.push("limited-time offer".to_owned()),
            ("HEADER", "TEXT" | "IMAGE" | "VIDEO" | "DOCUMENT" | "LOCATION" | "") => {}
            ("HEADER", format) => found.push(format!("header of the kind {}", kind_shown(format))),
            ("BODY" | "FOOTER" | "BUTTONS" | "CALL_PERMISSION_REQUEST", _) => {}
            // What is not known here may need values: it is refused here rather than there.
            (other, _) => found.push(format!("part of the kind {}", kind_shown(other))),
        }
        for button in part.get("buttons").and_then(Value::as_array).into_iter().flatten() {
            match text(button, "/type").unwrap_or_default().to_ascii_uppercase().as_str() {
                "MPM" => found.push("product list".to_owned()),
                "SPM" => found.push("product button".to_owned()),
                kind if BUTTONS.contains(&kind) => {}
                other => found.push(format!("button of the kind {}", kind_shown(other))),
            }
        }
    }
    found
}

/// The examples that were given for approval: they show what belongs where.
fn examples(header: Option<&Value>, body: Option<&Value>) -> Vec<(String, Untrusted)> {
    let mut found = vec![];
    for (part, prefix, named, positional) in [
        (header, "header:", "/example/header_text_named_params", "/example/header_text"),
        (body, "", "/example/body_text_named_params", "/example/body_text/0"),
    ] {
        let Some(part) = part else { continue };
        let list = |path: &str| part.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
        for one in list(named) {
            if let (Some(name), Some(example)) = (text(&one, "/param_name"), untrusted(&one, "/example")) {
                found.push((format!("{prefix}{name}"), example));
            }
        }
        for (index, one) in list(positional).iter().enumerate() {
            found.extend(one.as_str().map(|example| (format!("{prefix}{}", index + 1), Untrusted::from(example))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_field_exists_for_is_named_and_all_else_can_be_sent() {
        let of = |part: Value| unfillable(&json!({ "components": [{ "type": "BODY", "text": "x" }, part] }));
        let button = |kind: &str| json!({ "type": "BUTTONS", "buttons": [{ "type": kind, "text": "x" }] });
        for kind in BUTTONS {
            assert!(of(button(kind)).is_empty(), "{kind}");
            assert!(of(button(&kind.to_lowercase())).is_empty(), "{kind}");
        }
        assert_eq!(of(button("ORDER_DETAILS")), ["button of the kind order details"]);
        assert_eq!(of(button("MPM")), ["product list"]);
        assert_eq!(of(json!({ "type": "SOMETHING_NEW" })), ["part of the kind something new"]);
        assert_eq!(of(json!({ "type": "" })), ["part of the kind that has no name"]);
        assert_eq!(of(json!({ "type": "HEADER", "format": "GIF" })), ["header of the kind gif"]);
        assert!(of(json!({ "type": "FOOTER", "text": "x" })).is_empty());
    }
}
