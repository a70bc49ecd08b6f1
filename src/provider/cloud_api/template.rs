//! Template objects, as lists carry them.

use serde_json::Value;

use super::{text, untrusted};
use crate::domain::template::{Template, TemplateStatus};
use crate::domain::text::Untrusted;

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
    Some(Template {
        id: text(object, "/id").unwrap_or_default().to_owned(),
        name: untrusted(object, "/name")?,
        language: untrusted(object, "/language").unwrap_or_default(),
        category: untrusted(object, "/category").unwrap_or_default(),
        status: TemplateStatus::new(text(object, "/status").unwrap_or("UNKNOWN")),
        header,
        body: component("BODY").and_then(|body| untrusted(body, "/text")).unwrap_or_default(),
        footer: component("FOOTER").and_then(|footer| untrusted(footer, "/text")),
        buttons: buttons.filter_map(|button| untrusted(button, "/text")).collect(),
        rejected_reason: untrusted(object, "/rejected_reason").filter(|reason| reason.as_received() != "NONE"),
    })
}
