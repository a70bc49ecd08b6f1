//! Interactive messages: each is a content object of the Content API that is created before its message is sent, and
//! found again by its name, which contains the digest of what it says. Source: part 6.

use std::fmt::Write as _;

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::client::{Host, Twilio, parse_response};
use super::contents::Contents;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::key::digest;
use crate::domain::message::interactive::{Action, Choice, Heading, Interactive};
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::text;
use crate::provider::{PriorRequest, ProviderError};

/// Prefix of the names of content objects that wadeck creates for single messages.
const PREFIX: &str = "wadeck_";
/// How a message refers to its content object.
pub(super) enum Reference {
    /// The object exists; this is its id.
    Known(String),
    /// The object has to be looked up or created first.
    Prior(PriorRequest),
}

/// Returns the content object of an interactive message.
pub(super) fn reference(contents: &Contents, account: &str, offer: &Interactive) -> Reference {
    let types = types(offer);
    let name = name(&types);
    if let Some(id) = contents.get(account, &name) {
        return Reference::Known(id);
    }
    let body = json!({ "friendly_name": name, "language": "en", "variables": {}, "types": types });
    Reference::Prior(PriorRequest { path: "/v1/Content".to_owned(), body: body.to_string(), name })
}

/// Returns `true` for the name of a content object that was created for a single message.
pub(super) fn is_own_name(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == 32 && rest.chars().all(|c| c.is_ascii_hexdigit()))
}

fn name(types: &Value) -> String {
    let mut name = PREFIX.to_owned();
    for byte in digest(&[types.to_string().as_bytes()]) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Returns the `types` of a content object. A heading or a footer needs a card, which is the only type that has them.
fn types(offer: &Interactive) -> Value {
    let body = offer.body.as_received();
    let heading = match &offer.heading {
        Some(Heading::Text(text)) => Some(text.as_received()),
        _ => None,
    };
    let footer = offer.footer.as_ref().map(crate::domain::text::Untrusted::as_received);
    let actions: Vec<Value> = match &offer.action {
        Action::List { button, sections } => {
            let rows = sections.iter().flat_map(|section| &section.rows).map(item).collect::<Vec<_>>();
            let list = json!({ "body": body, "button": button.as_received(), "items": rows });
            return json!({ "twilio/list-picker": list });
        }
        Action::Buttons { buttons } => buttons
            .iter()
            .map(|choice| json!({ "type": "QUICK_REPLY", "title": choice.title.as_received(), "id": choice.id }))
            .collect(),
        Action::Link { label, url } => vec![json!({ "type": "URL", "title": label.as_received(), "url": url })],
        // Refused before they are queued.
        _ => return json!({ "twilio/text": { "body": body } }),
    };
    let mut shape = json!({ "body": body, "actions": actions });
    if let Some(heading) = heading {
        shape["header_text"] = heading.into();
    }
    if let Some(footer) = footer {
        shape["footer"] = footer.into();
    }
    let kind = match &offer.action {
        _ if heading.is_some() || footer.is_some() => "whatsapp/card",
        Action::Link { .. } => "twilio/call-to-action",
        _ => "twilio/quick-reply",
    };
    json!({ kind: shape })
}

fn item(choice: &Choice) -> Value {
    let mut item = json!({ "id": choice.id, "item": choice.title.as_received() });
    if let Some(description) = &choice.description {
        item["description"] = description.as_received().into();
    }
    item
}

/// Looks the content object up by its name, or creates it, and returns its id. Repeating it after a lost response is
/// safe, because the object is found by its name then.
pub(super) async fn ensure(
    twilio: &Twilio,
    connection: &Connection,
    prior: &PriorRequest,
) -> Result<String, ProviderError> {
    let account = twilio.account(connection)?;
    if let Some(id) = twilio.contents.get(&account, &prior.name) {
        return Ok(id);
    }
    let query = Serializer::new(String::new()).append_pair("ContentName", &prior.name).finish();
    let found = twilio.get(connection, Host::Content, &format!("/v2/Content?{query}")).await?;
    let list = found.get("contents").and_then(Value::as_array).into_iter().flatten();
    // The filter is a pattern, so that it may find more than one name.
    let mut named = list.filter(|one| text(one, "/friendly_name") == Some(prior.name.as_str()));
    let id = match named.find_map(|one| text(one, "/sid")) {
        Some(id) => id.to_owned(),
        None => create(twilio, connection, prior).await?,
    };
    twilio.contents.keep(&account, &prior.name, &id);
    Ok(id)
}

async fn create(twilio: &Twilio, connection: &Connection, prior: &PriorRequest) -> Result<String, ProviderError> {
    let body: Value = serde_json::from_str(&prior.body).unwrap_or_default();
    let answer = twilio.answer(connection, Host::Content, ("POST", &prior.path, Some(&body))).await?;
    let created = parse_response(&answer)?;
    text(&created, "/sid").map(str::to_owned).ok_or_else(|| {
        let explanation = "The response to the new content object has no id. Nothing was sent.";
        Failure::own(FailureClass::Transient, "Response not valid", explanation, "It is tried again.").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::interactive::{Section, read_sections};

    fn buttons(text: &str) -> Interactive {
        let rows = read_sections(text).into_iter().flat_map(|section| section.rows).collect();
        Interactive {
            heading: None,
            body: "Keep the slot?".into(),
            footer: None,
            action: Action::Buttons { buttons: rows },
        }
    }

    #[test]
    fn the_name_depends_on_what_the_message_says_and_on_nothing_else() {
        let of = |offer: &Interactive| name(&types(offer));
        assert_eq!(of(&buttons("Keep; Move")), of(&buttons("Keep; Move")));
        assert_ne!(of(&buttons("Keep; Move")), of(&buttons("Keep; Cancel")));
        assert!(is_own_name(&of(&buttons("Keep"))));
        assert!(!is_own_name("wadeck_reminder"));
    }

    #[test]
    fn every_action_has_its_type() {
        let kind = |offer: &Interactive| types(offer).as_object().and_then(|types| types.keys().next().cloned());
        assert_eq!(kind(&buttons("Keep")).as_deref(), Some("twilio/quick-reply"));
        let card = Interactive { footer: Some("Lumen".into()), ..buttons("Keep") };
        assert_eq!(kind(&card).as_deref(), Some("whatsapp/card"));
        let sections: Vec<Section> = read_sections("Express | 1-2 days; Standard");
        let list = Interactive { action: Action::List { button: "Choose".into(), sections }, ..buttons("x") };
        assert_eq!(types(&list)["twilio/list-picker"]["items"][0]["description"], "1-2 days");
        let link = Action::Link { label: "Track".into(), url: "https://example.com/1".into() };
        assert_eq!(kind(&Interactive { action: link, ..buttons("x") }).as_deref(), Some("twilio/call-to-action"));
    }
}
