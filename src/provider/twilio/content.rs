//! Templates of the Content API: a text with variables that are defined once, in one of several content types,
//! approved by WhatsApp or not yet. Source: part 6.

use serde_json::{Map, Value, json};

use super::client::{Host, Twilio, parse_response};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::domain::templates::template::{Template, TemplateButton, TemplateStatus};
use crate::domain::text::Untrusted;
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::encoded;
use crate::provider::cloud_api::{text, untrusted};
use crate::provider::numbers::ProviderFuture;
use crate::provider::templates::Templates;

/// Pages of 100 templates that are read at most, more than any account may have.
const MAX_PAGES: usize = 70;

/// Lists all templates with `GET /v1/ContentAndApprovals`. The URL of the next page must begin with our base URL.
pub(super) async fn templates(twilio: &Twilio, connection: &Connection) -> Result<Vec<Template>, ProviderError> {
    let mut found = vec![];
    let mut path = "/v1/ContentAndApprovals?PageSize=100".to_owned();
    for _ in 0..MAX_PAGES {
        let answer = twilio.get(connection, Host::Content, &path).await?;
        let page = answer.get("contents").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        found.extend(page.iter().filter(|one| !is_single_message(one)).filter_map(template));
        let next = text(&answer, "/meta/next_page_url").and_then(|next| next.strip_prefix(&twilio.content));
        match next {
            Some(next) if !page.is_empty() && next != path => next.clone_into(&mut path),
            _ => break,
        }
    }
    Ok(found)
}

/// Returns `true` for a content object that was created for a single interactive message, and is no template.
fn is_single_message(object: &Value) -> bool {
    text(object, "/friendly_name").is_some_and(super::offer::is_own_name)
        && text(object, "/approval_requests/status").is_none_or(|status| status.eq_ignore_ascii_case("unsubmitted"))
}

/// Returns `true` if a content type can be sent inside the service window without an approval. Source: parts 2.7 and 6.
fn needs_no_approval_in_window(kind: &str, shape: &Value) -> bool {
    let actions = shape.get("actions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let kinds: std::collections::BTreeSet<&str> = actions.iter().filter_map(|one| text(one, "/type")).collect();
    let has_code = kinds.contains("COPY_CODE");
    match kind {
        "twilio/text" | "twilio/media" | "twilio/list-picker" | "twilio/location" => true,
        "twilio/quick-reply" => actions.len() <= 3,
        "twilio/call-to-action" => !has_code,
        "twilio/card" | "whatsapp/card" => kinds.len() <= 1 && actions.len() <= 3 && !has_code,
        _ => false,
    }
}

/// Returns the richest of a template's content types, which is the one that is sent.
fn shape(object: &Value) -> Option<(&str, &Value)> {
    const RICHEST: [&str; 8] = [
        "whatsapp/card",
        "twilio/card",
        "whatsapp/authentication",
        "twilio/quick-reply",
        "twilio/call-to-action",
        "twilio/list-picker",
        "twilio/media",
        "twilio/text",
    ];
    let types = object.get("types")?.as_object()?;
    let known = RICHEST.iter().find_map(|name| types.get_key_value(*name));
    known.or_else(|| types.iter().next()).map(|(name, value)| (name.as_str(), value))
}

fn template(object: &Value) -> Option<Template> {
    let (kind, shape) = shape(object)?;
    let approval = |name: &str| text(object, &format!("/approval_requests{name}"));
    let status = approval("/status").unwrap_or("unsubmitted");
    let media = shape.pointer("/media/0").and_then(Value::as_str);
    let header =
        untrusted(shape, "/header_text").or_else(|| untrusted(shape, "/title").filter(|_| kind == "twilio/card"));
    let buttons = shape.get("actions").and_then(Value::as_array).into_iter().flatten();
    let examples = object.get("variables").and_then(Value::as_object).into_iter().flatten();
    Some(Template {
        id: text(object, "/sid")?.to_owned(),
        name: untrusted(object, "/friendly_name").or_else(|| untrusted(object, "/sid"))?,
        language: untrusted(object, "/language").unwrap_or_default(),
        category: approval("/category").map(Untrusted::from).unwrap_or_default(),
        status: TemplateStatus::new(status),
        // The file is part of the template: only variables in its URL are filled in.
        header: media.map(Untrusted::from).or(header.clone()),
        header_format: match (media, &header) {
            (Some(address), _) => Some(format_of(address).to_owned()),
            (None, Some(_)) => Some("TEXT".to_owned()),
            (None, None) => None,
        },
        body: untrusted(shape, "/body").unwrap_or_else(|| Untrusted::new(format!("[{kind}]"))),
        footer: untrusted(shape, "/footer").or_else(|| untrusted(shape, "/subtitle")),
        buttons: buttons.filter_map(button).collect(),
        examples: examples.filter_map(|(name, value)| Some((name.clone(), Untrusted::from(value.as_str()?)))).collect(),
        rejected_reason: approval("/rejection_reason").map(Untrusted::from),
        quality: None,
        shared_places: true,
        offer: None,
        cards: vec![],
        since: None,
        unfillable: vec![],
        free_in_window: needs_no_approval_in_window(kind, shape),
    })
}

fn format_of(address: &str) -> &'static str {
    let lower = address.to_ascii_lowercase();
    match lower.rsplit('.').next().unwrap_or_default() {
        "mp4" | "3gp" => "VIDEO",
        "pdf" | "doc" | "docx" => "DOCUMENT",
        _ => "IMAGE",
    }
}

fn button(object: &Value) -> Option<TemplateButton> {
    Some(TemplateButton {
        kind: text(object, "/type").unwrap_or("QUICK_REPLY").to_ascii_uppercase(),
        text: untrusted(object, "/title").or_else(|| untrusted(object, "/copy_code_text"))?,
        url: untrusted(object, "/url"),
    })
}

fn not_offered(what: &str, remedy: &'static str) -> Failure {
    Failure::own(FailureClass::Request, "Not offered", format!("The provider {what}."), remedy)
}

/// Converts a template from the Graph API's format to the Content API's. Fails for parts that it does not support.
pub(super) fn to_content(template: &Value) -> Result<Value, ProviderError> {
    let parts = || template.get("components").and_then(Value::as_array).into_iter().flatten();
    let part = |kind: &str| parts().find(|one| text(one, "/type").is_some_and(|t| t.eq_ignore_ascii_case(kind)));
    let (header, body, footer) = (part("HEADER"), part("BODY"), part("FOOTER"));
    let words = body.and_then(|body| text(body, "/text"));
    let buttons = part("BUTTONS").and_then(|part| part.get("buttons")).and_then(Value::as_array);
    let buttons = buttons.map_or(&[][..], Vec::as_slice);
    let mut variables = Map::new();
    for (part, names, places) in [
        (header, "/example/header_text_named_params", "/example/header_text"),
        (body, "/example/body_text_named_params", "/example/body_text/0"),
    ] {
        let list = |path: &str| part.and_then(|part| part.pointer(path)).and_then(Value::as_array);
        for one in list(names).into_iter().flatten() {
            if let (Some(name), Some(value)) = (text(one, "/param_name"), text(one, "/example")) {
                variables.insert(name.to_owned(), value.into());
            }
        }
        for (index, one) in list(places).into_iter().flatten().enumerate() {
            variables.entry((index + 1).to_string()).or_insert_with(|| one.clone());
        }
    }
    let (kind, shape) = if let Some(shape) = authentication(template, parts(), buttons) {
        ("whatsapp/authentication", shape)
    } else {
        let Some(words) = words else {
            return Err(not_offered("requires a body in every template", "Write one.").into());
        };
        plain_shape(words, header, footer, buttons)?
    };
    Ok(json!({
        "friendly_name": template["name"],
        "language": text(template, "/language").unwrap_or("en"),
        "variables": variables,
        "types": { kind: shape },
    }))
}

fn authentication<'v>(template: &Value, parts: impl Iterator<Item = &'v Value>, buttons: &[Value]) -> Option<Value> {
    if !text(template, "/category").is_some_and(|category| category.eq_ignore_ascii_case("AUTHENTICATION")) {
        return None;
    }
    let mut shape = json!({});
    for part in parts {
        if let Some(minutes) = part.get("code_expiration_minutes") {
            shape["code_expiration_minutes"] = minutes.clone();
        }
        if let Some(secure) = part.get("add_security_recommendation") {
            shape["add_security_recommendation"] = secure.clone();
        }
    }
    let label = buttons.first().and_then(|one| text(one, "/text")).unwrap_or("Copy code");
    shape["actions"] = json!([{ "type": "COPY_CODE", "copy_code_text": label }]);
    Some(shape)
}

/// Returns the simplest content type that holds all parts: text, media, quick replies, links, or else a card.
fn plain_shape(
    words: &str,
    header: Option<&Value>,
    footer: Option<&Value>,
    buttons: &[Value],
) -> Result<(&'static str, Value), ProviderError> {
    let file = header.and_then(|header| text(header, "/example/header_handle/0"));
    if file.is_some_and(|file| !file.starts_with("http")) {
        let remedy = "Give an https address as the sample: it is fetched from there.";
        return Err(not_offered("takes sample files by their public address only", remedy).into());
    }
    let title = header.and_then(|header| text(header, "/text"));
    let footer = footer.and_then(|footer| text(footer, "/text"));
    let mut actions = vec![];
    for (index, one) in buttons.iter().enumerate() {
        let label = text(one, "/text").unwrap_or_default();
        let kind = text(one, "/type").unwrap_or("QUICK_REPLY").to_ascii_uppercase();
        actions.push(match kind.as_str() {
            "QUICK_REPLY" => json!({ "type": kind, "title": label, "id": format!("reply_{}", index + 1) }),
            "URL" => json!({ "type": kind, "title": label, "url": one["url"] }),
            "PHONE_NUMBER" => json!({ "type": kind, "title": label, "phone": one["phone_number"] }),
            "COPY_CODE" => json!({ "type": kind, "title": label, "code": one["example"] }),
            _ => return Err(not_offered(&format!("has no button of the kind {kind}"), "Leave the button out.").into()),
        });
    }
    let replies = actions.iter().all(|action| action["type"] == "QUICK_REPLY");
    let bare = title.is_none() && footer.is_none();
    Ok(match (bare, file, actions.is_empty()) {
        (true, None, true) => ("twilio/text", json!({ "body": words })),
        (true, Some(file), true) => ("twilio/media", json!({ "body": words, "media": [file] })),
        (true, None, false) if replies => ("twilio/quick-reply", json!({ "body": words, "actions": actions })),
        (true, None, false) if actions.iter().all(|action| action["type"] != "QUICK_REPLY") => {
            ("twilio/call-to-action", json!({ "body": words, "actions": actions }))
        }
        _ => {
            let mut card = json!({ "body": words });
            for (name, value) in [("header_text", title), ("footer", footer)] {
                if let Some(value) = value {
                    card[name] = value.into();
                }
            }
            if let Some(file) = file {
                card["media"] = json!([file]);
            }
            if !actions.is_empty() {
                card["actions"] = actions.into();
            }
            ("whatsapp/card", card)
        }
    })
}

/// Converts a template from the Content API's format to the Graph API's.
fn from_content(object: &Value) -> Option<Value> {
    let known = template(object)?;
    let words = |text: &Untrusted| text.as_received().to_owned();
    let named = known.examples.iter().any(|(name, _)| name.parse::<u32>().is_err());
    let mut components = vec![];
    match (&known.header, known.header_format.as_deref()) {
        (Some(header), Some("TEXT")) => {
            components.push(json!({ "type": "HEADER", "format": "TEXT", "text": words(header) }));
        }
        (Some(header), Some(format)) => {
            components
                .push(json!({ "type": "HEADER", "format": format, "example": { "header_handle": [words(header)] } }));
        }
        _ => {}
    }
    let mut body = json!({ "type": "BODY", "text": words(&known.body) });
    if named {
        let list = known.examples.iter().map(|(name, value)| json!({ "param_name": name, "example": words(value) }));
        body["example"] = json!({ "body_text_named_params": list.collect::<Vec<_>>() });
    } else if !known.examples.is_empty() {
        let list: Vec<String> = known.examples.iter().map(|(_, value)| words(value)).collect();
        body["example"] = json!({ "body_text": [list] });
    }
    components.push(body);
    components.extend(known.footer.as_ref().map(|footer| json!({ "type": "FOOTER", "text": words(footer) })));
    let actions = shape(object).and_then(|(_, shape)| shape.get("actions")).and_then(Value::as_array).cloned();
    let buttons: Vec<Value> = actions
        .unwrap_or_default()
        .iter()
        .map(|action| {
            let mut button = json!({ "type": action["type"], "text": action["title"] });
            for (from, to) in [("url", "url"), ("phone", "phone_number"), ("code", "example")] {
                if let Some(value) = action.get(from) {
                    button[to] = value.clone();
                }
            }
            button
        })
        .collect();
    if !buttons.is_empty() {
        components.push(json!({ "type": "BUTTONS", "buttons": buttons }));
    }
    Some(json!({
        "name": words(&known.name),
        "language": words(&known.language),
        "category": words(&known.category),
        "parameter_format": if named { "NAMED" } else { "POSITIONAL" },
        "components": components,
    }))
}

impl Twilio {
    async fn content(
        &self,
        connection: &Connection,
        call: (&str, &str, Option<&Value>),
    ) -> Result<Value, ProviderError> {
        parse_response(&self.answer(connection, Host::Content, call).await?)
    }
}

impl Templates for Twilio {
    /// Creates the content and submits it for approval. Content that cannot be submitted is deleted again.
    fn create<'a>(&'a self, connection: &'a Connection, template: &'a Value) -> ProviderFuture<'a, (String, String)> {
        Box::pin(async move {
            let wanted = to_content(template)?;
            let made = self.content(connection, ("POST", "/v1/Content", Some(&wanted))).await?;
            let Some(id) = text(&made, "/sid").map(str::to_owned) else {
                return Err(not_offered("gave no id for the template", "Refresh the list: it may be there.").into());
            };
            let path = format!("/v1/Content/{}", encoded(&id));
            let category = text(template, "/category").unwrap_or("UTILITY").to_ascii_uppercase();
            let approval = json!({ "name": template["name"], "category": category });
            let call = format!("{path}/ApprovalRequests/whatsapp");
            match self.content(connection, ("POST", &call, Some(&approval))).await {
                Ok(told) => Ok((id, text(&told, "/status").unwrap_or("received").to_ascii_uppercase())),
                Err(refused) => {
                    let removed = self.content(connection, ("DELETE", &path, None)).await;
                    if let Err(stays) = removed {
                        tracing::warn!(id, why = stays.line(), "a template that was not submitted stays there");
                    }
                    Err(refused)
                }
            }
        })
    }

    fn update<'a>(&'a self, _: &'a Connection, _: &'a str, _: &'a Value) -> ProviderFuture<'a, ()> {
        let remedy = "Submit it under another name, and delete this one.";
        Box::pin(async move {
            Err(not_offered("does not say what becomes of an approval when its text changes", remedy).into())
        })
    }

    fn delete<'a>(&'a self, connection: &'a Connection, name: &'a str, id: Option<&'a str>) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let ids: Vec<String> = match id {
                Some(id) => vec![id.to_owned()],
                None => {
                    let all = templates(self, connection).await?;
                    all.into_iter().filter(|one| one.name.as_received() == name).map(|one| one.id).collect()
                }
            };
            for id in ids {
                let path = format!("/v1/Content/{}", encoded(&id));
                self.content(connection, ("DELETE", &path, None)).await?;
            }
            Ok(())
        })
    }

    fn text<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Value>> {
        Box::pin(async move {
            match self.content(connection, ("GET", &format!("/v1/Content/{}", encoded(id)), None)).await {
                Ok(object) => Ok(from_content(&object)),
                Err(trouble) if trouble.code == "20404" => Ok(None),
                Err(trouble) => Err(trouble),
            }
        })
    }

    /// Returns the URL itself as the handle: it is fetched when the template is reviewed.
    fn sample<'a>(&'a self, _: &'a Connection, source: &'a str) -> ProviderFuture<'a, String> {
        Box::pin(async move { Ok(source.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::templates::form;
    use crate::domain::templates::starter;

    #[test]
    fn every_starter_converts_to_content_and_back() {
        for (name, kind) in [
            ("appointment_confirmation", "twilio/quick-reply"),
            ("session_reminder", "twilio/quick-reply"),
            ("follow_up", "twilio/quick-reply"),
            ("mood_check_in", "twilio/quick-reply"),
            ("plain_notice", "twilio/text"),
            ("order_update", "whatsapp/card"),
            ("login_code", "whatsapp/authentication"),
        ] {
            let form = form::read(starter::template(name).expect(name).text).expect(name);
            let mut content = to_content(&form).expect(name);
            assert_eq!(
                content["types"].as_object().and_then(|types| types.keys().next()).map(String::as_str),
                Some(kind)
            );
            content["sid"] = "HX1".into();
            content["approval_requests"] = json!({ "status": "approved", "category": form["category"] });
            let read = template(&content).expect(name);
            assert!(read.status.can_send());
            if kind == "twilio/quick-reply" {
                let slots: Vec<String> = read.slots().into_iter().map(|slot| slot.key).collect();
                let names: Vec<&str> = read.examples.iter().map(|(name, _)| name.as_str()).collect();
                let mut sorted = names.clone();
                sorted.sort_unstable();
                assert_eq!(slots, sorted, "{name}");
                let back = from_content(&content).expect(name);
                let again = to_content(&back).expect(name);
                assert_eq!(again["types"], content["types"], "{name}");
            }
        }
    }

    #[test]
    fn a_variable_in_a_link_is_the_variable_of_the_text() {
        let content = json!({ "sid": "HX1", "friendly_name": "track", "language": "en", "variables": { "1": "A-17", "2": "Rosa" },
            "types": { "twilio/call-to-action": { "body": "Hello {{2}}, {{1}} left.", "actions": [
                { "type": "URL", "title": "Track", "url": "https://example.com/{{1}}" } ] } } });
        let read = template(&content).expect("a template");
        assert_eq!(read.status.name(), "UNSUBMITTED");
        let keys: Vec<String> = read.slots().into_iter().map(|slot| slot.key).collect();
        assert_eq!(keys, ["1", "2"]);
        let given = [("1".to_owned(), "B-2".to_owned()), ("2".to_owned(), "Ana".to_owned())];
        assert_eq!(read.render(&given).lines(), ["Hello Ana, B-2 left.", "[Track] https://example.com/B-2"]);
    }
}
