//! Parses the template objects of template lists.

use serde_json::Value;

use super::{text, untrusted};
use crate::domain::templates::template::{LimitedTimeOffer, Template, TemplateButton, TemplateCard, TemplateStatus};
use crate::domain::text::{Untrusted, clean_line};

/// Parses an entry of a template list. `None` where it has no name.
pub(crate) fn template(object: &Value) -> Option<Template> {
    let components = || object.get("components").and_then(Value::as_array).into_iter().flatten();
    let component = |kind: &'static str| {
        components().find(move |part| text(part, "/type").is_some_and(|found| found.eq_ignore_ascii_case(kind)))
    };
    let header = component("HEADER").map(|header| match untrusted(header, "/text") {
        Some(words) => words,
        None => Untrusted::new(format!("[{}]", text(header, "/format").unwrap_or("header").to_ascii_lowercase())),
    });
    let header_format =
        component("HEADER").map(|header| text(header, "/format").unwrap_or("TEXT").to_ascii_uppercase());
    Some(Template {
        shared_places: false,
        unfillable: unfillable(object),
        free_in_window: false,
        header_format,
        examples: examples(object),
        offer: component("LIMITED_TIME_OFFER").map(offer),
        cards: component("CAROUSEL").map(cards).unwrap_or_default(),
        since: None,
        id: text(object, "/id").unwrap_or_default().to_owned(),
        name: untrusted(object, "/name")?,
        language: untrusted(object, "/language").unwrap_or_default(),
        category: untrusted(object, "/category").unwrap_or_default(),
        status: TemplateStatus::new(text(object, "/status").unwrap_or("UNKNOWN")),
        header,
        body: component("BODY").and_then(|body| untrusted(body, "/text")).unwrap_or_default(),
        footer: component("FOOTER").and_then(|footer| untrusted(footer, "/text")),
        buttons: buttons_of(components()),
        quality: text(object, "/quality_score/score")
            .or_else(|| text(object, "/quality_score"))
            .map(|score| crate::domain::text::clean_line(score).to_uppercase())
            .filter(|score| score != "UNKNOWN"),
        rejected_reason: untrusted(object, "/rejected_reason").filter(|reason| reason.as_received() != "NONE"),
    })
}

fn buttons_of<'v>(mut parts: impl Iterator<Item = &'v Value>) -> Vec<TemplateButton> {
    let part = parts.find(|part| text(part, "/type").is_some_and(|found| found.eq_ignore_ascii_case("BUTTONS")));
    let buttons = part.and_then(|part| part.get("buttons")).and_then(Value::as_array);
    buttons.into_iter().flatten().map(button).collect()
}

fn offer(part: &Value) -> LimitedTimeOffer {
    LimitedTimeOffer {
        text: untrusted(part, "/limited_time_offer/text").unwrap_or_default(),
        has_expiration: part.pointer("/limited_time_offer/has_expiration").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn cards(part: &Value) -> Vec<TemplateCard> {
    let cards = part.get("cards").and_then(Value::as_array).into_iter().flatten();
    cards
        .map(|card| {
            let parts = || card.get("components").and_then(Value::as_array).into_iter().flatten();
            let part = |kind: &'static str| {
                parts().find(move |part| text(part, "/type").is_some_and(|found| found.eq_ignore_ascii_case(kind)))
            };
            TemplateCard {
                header_format: part("HEADER")
                    .map(|header| text(header, "/format").unwrap_or("IMAGE").to_ascii_uppercase()),
                body: part("BODY").and_then(|body| untrusted(body, "/text")).unwrap_or_default(),
                buttons: buttons_of(parts()),
            }
        })
        .collect()
}

fn button(object: &Value) -> TemplateButton {
    let kind = text(object, "/type").unwrap_or("QUICK_REPLY").to_ascii_uppercase();
    // Some kinds have no text: the platform writes it in each language.
    let words = untrusted(object, "/text").unwrap_or_else(|| match kind.as_str() {
        "COPY_CODE" => "Copy code".into(),
        kind => kind.to_lowercase().replace('_', " ").into(),
    });
    TemplateButton { kind, text: words, url: untrusted(object, "/url") }
}

/// Buttons that need no values, or whose values can be filled in. Source: Meta, template buttons.
const BUTTONS: [&str; 11] = [
    "QUICK_REPLY",
    "URL",
    "PHONE_NUMBER",
    "COPY_CODE",
    "VOICE_CALL",
    "FLOW",
    "CATALOG",
    "MPM",
    "SPM",
    "OTP",
    "REQUEST_CONTACT_INFO",
];

/// Formats a kind for display, such as `order details`.
fn kind_shown(kind: &str) -> String {
    let name: String = clean_line(kind).to_lowercase().replace('_', " ").chars().take(40).collect();
    if name.is_empty() { "that has no name".to_owned() } else { name }
}

/// Returns the components of unknown kinds, which may need values that cannot be filled in. Source: Meta, sending a
/// template.
fn unfillable(object: &Value) -> Vec<String> {
    let mut found = vec![];
    for part in object.get("components").and_then(Value::as_array).into_iter().flatten() {
        let kind = text(part, "/type").unwrap_or_default().to_ascii_uppercase();
        let format = text(part, "/format").unwrap_or_default().to_ascii_uppercase();
        match (kind.as_str(), format.as_str()) {
            ("HEADER", "TEXT" | "IMAGE" | "VIDEO" | "DOCUMENT" | "LOCATION" | "PRODUCT" | "") => {}
            ("HEADER", format) => found.push(format!("header of the kind {}", kind_shown(format))),
            ("BODY" | "FOOTER" | "BUTTONS" | "CALL_PERMISSION_REQUEST" | "LIMITED_TIME_OFFER", _) => {}
            ("CAROUSEL", _) => {
                let cards = part.get("cards").and_then(Value::as_array).into_iter().flatten();
                found.extend(cards.flat_map(unfillable).map(|what| format!("card with a {what}")));
            }
            // An unknown component may need values, so it is refused before it is sent.
            (other, _) => found.push(format!("part of the kind {}", kind_shown(other))),
        }
        for button in part.get("buttons").and_then(Value::as_array).into_iter().flatten() {
            let kind = text(button, "/type").unwrap_or_default().to_ascii_uppercase();
            if !BUTTONS.contains(&kind.as_str()) {
                found.push(format!("button of the kind {}", kind_shown(&kind)));
            }
        }
    }
    found
}

/// Returns the examples that were submitted for approval, by parameter.
fn examples(object: &Value) -> Vec<(String, Untrusted)> {
    let mut found = vec![];
    examples_of(object, "", &mut found);
    let parts = object.get("components").and_then(Value::as_array).into_iter().flatten();
    let carousel = parts.filter_map(|part| part.get("cards").and_then(Value::as_array)).flatten();
    for (index, card) in carousel.enumerate() {
        examples_of(card, &format!("card:{index}:"), &mut found);
    }
    found
}

fn examples_of(object: &Value, prefix: &str, found: &mut Vec<(String, Untrusted)>) {
    for part in object.get("components").and_then(Value::as_array).into_iter().flatten() {
        let kind = text(part, "/type").unwrap_or_default().to_ascii_uppercase();
        let (key, named, positional) = match kind.as_str() {
            "HEADER" => ("header:", "/example/header_text_named_params", "/example/header_text"),
            "BODY" => ("", "/example/body_text_named_params", "/example/body_text"),
            "BUTTONS" => {
                button_examples(part, prefix, found);
                continue;
            }
            _ => continue,
        };
        let list = |path: &str| part.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
        for one in list(named) {
            if let (Some(name), Some(example)) = (text(&one, "/param_name"), untrusted(&one, "/example")) {
                found.push((format!("{prefix}{key}{name}"), example));
            }
        }
        // A body's list stands in a list; a flat one is read as well.
        let flat = list(positional);
        let inner = flat.first().and_then(Value::as_array).cloned();
        for (index, one) in inner.unwrap_or(flat).iter().enumerate() {
            let example = one.as_str().map(Untrusted::from);
            found.extend(example.map(|example| (format!("{prefix}{key}{}", index + 1), example)));
        }
    }
}

/// The example of an address is the whole address or only its end; what is filled in is the end.
fn button_examples(part: &Value, prefix: &str, found: &mut Vec<(String, Untrusted)>) {
    for (index, button) in part.get("buttons").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let Some(example) = text(button, "/example/0").or_else(|| text(button, "/example")) else { continue };
        let kind = text(button, "/type").unwrap_or_default().to_ascii_uppercase();
        let (what, example) = match text(button, "/url").and_then(|url| url.split_once("{{")) {
            Some((start, _)) => ("url", example.strip_prefix(start).unwrap_or(example)),
            None if kind == "COPY_CODE" => ("code", example),
            None => continue,
        };
        found.push((format!("{prefix}button:{index}:{what}"), Untrusted::from(example)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unfillable_components_are_named_and_others_can_be_sent() {
        let of = |part: Value| unfillable(&json!({ "components": [{ "type": "BODY", "text": "x" }, part] }));
        let button = |kind: &str| json!({ "type": "BUTTONS", "buttons": [{ "type": kind, "text": "x" }] });
        for kind in BUTTONS {
            assert!(of(button(kind)).is_empty(), "{kind}");
            assert!(of(button(&kind.to_lowercase())).is_empty(), "{kind}");
        }
        assert_eq!(of(button("ORDER_DETAILS")), ["button of the kind order details"]);

        assert_eq!(of(json!({ "type": "SOMETHING_NEW" })), ["part of the kind something new"]);
        assert_eq!(of(json!({ "type": "" })), ["part of the kind that has no name"]);
        assert_eq!(of(json!({ "type": "HEADER", "format": "GIF" })), ["header of the kind gif"]);
        assert!(of(json!({ "type": "FOOTER", "text": "x" })).is_empty());
    }
}
