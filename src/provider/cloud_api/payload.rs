//! Composes the body of a send request.

use serde_json::{Map, Value, json};

use super::file_object::{FileField, file, put};
use crate::domain::contacts::address::Address;
use crate::domain::message::content::{Card, Content};
use crate::domain::message::interactive::{Action, Heading, Interactive, Section};
use crate::domain::outbox::entry::Outgoing;

/// Returns the JSON body of `POST /{phone_number_id}/messages`.
pub(crate) fn message(outgoing: &Outgoing) -> Value {
    let kind = outgoing.content.kind();
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
        "biz_opaque_callback_data": outgoing.reference,
    });
    match &outgoing.to {
        Address::Phone(number) => body["to"] = number.digits().into(),
        Address::User(id) => body["recipient"] = id.as_str().into(),
    }
    // The API rejects a reaction with a context.
    if let (Some(quoted), false) = (&outgoing.reply_to, matches!(outgoing.content, Content::Reaction { .. })) {
        body["context"] = json!({ "message_id": quoted });
    }
    body[kind] = object(&outgoing.content);
    body
}

/// Returns the object of the content, whose key is its kind.
fn object(content: &Content) -> Value {
    match content {
        Content::Text { body: words, .. } => {
            let preview = words.as_received().contains("http://") || words.as_received().contains("https://");
            json!({ "preview_url": preview, "body": words.as_received() })
        }
        Content::Image(media) | Content::Video(media) => file(media, &[FileField::Caption]),
        Content::Document(media) => file(media, &[FileField::Caption, FileField::FileName]),
        Content::Audio(media) => {
            let mut object = file(media, &[]);
            if media.voice {
                object["voice"] = true.into();
            }
            object
        }
        Content::Sticker(media) => file(media, &[]),
        Content::Location { latitude, longitude, name, address } => {
            let mut object = json!({ "latitude": latitude, "longitude": longitude });
            put(&mut object, "name", name.as_ref());
            put(&mut object, "address", address.as_ref());
            object
        }
        Content::Contacts { cards } => cards.iter().map(card).collect(),
        Content::Reaction { target, emoji } => {
            json!({ "message_id": target, "emoji": emoji.as_ref().map_or("", |emoji| emoji.as_received()) })
        }
        Content::Template { name, language, parameters, header, .. } => {
            let mut object = json!({ "name": name, "language": { "code": language } });
            let parts = super::template_parts::components(parameters, header.as_deref());
            if !parts.is_empty() {
                object["components"] = parts.into();
            }
            object
        }
        Content::Offer(offer) => interactive(offer),
        // Inbound only; the operation refuses to send them.
        Content::Button { .. }
        | Content::Interactive { .. }
        | Content::Order(_)
        | Content::Call(_)
        | Content::News(_)
        | Content::Edit { .. }
        | Content::Deletion { .. }
        | Content::Other { .. } => Value::Null,
    }
}

/// Returns a contact card. The API requires the full name and at least one part of it.
fn card(card: &Card) -> Value {
    let name = card.name.as_received();
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let mut object = json!({ "name": { "formatted_name": name, "first_name": first } });
    if !last.is_empty() {
        object["name"]["last_name"] = last.into();
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let phones = card
        .phones
        .iter()
        .map(|phone| json!({ "phone": phone.as_received(), "type": "MOBILE", "wa_id": digits(phone.as_received()) }));
    object["phones"] = phones.collect();
    if !card.emails.is_empty() {
        object["emails"] = card.emails.iter().map(|mail| json!({ "email": mail.as_received() })).collect();
    }
    object
}

fn interactive(offer: &Interactive) -> Value {
    let kind = match &offer.action {
        Action::Buttons { .. } => "button",
        Action::List { .. } => "list",
        Action::Link { .. } => "cta_url",
        Action::AskLocation => "location_request_message",
        Action::Catalogue { .. } => "catalog_message",
        Action::Product { .. } => "product",
        Action::Products { .. } => "product_list",
        Action::Flow { .. } => "flow",
    };
    let mut object =
        json!({ "type": kind, "body": { "text": offer.body.as_received() }, "action": action(&offer.action) });
    match &offer.heading {
        None => {}
        Some(Heading::Text(text)) => object["header"] = json!({ "type": "text", "text": text.as_received() }),
        Some(Heading::Image(media)) => {
            object["header"] = json!({ "type": "image", "image": file(media, &[]) });
        }
        Some(Heading::Video(media)) => {
            object["header"] = json!({ "type": "video", "video": file(media, &[]) });
        }
        Some(Heading::Document(media)) => {
            object["header"] = json!({ "type": "document", "document": file(media, &[FileField::FileName]) });
        }
    }
    // A location request has no footer.
    if let Some(footer) = offer.footer.as_ref().filter(|_| !matches!(offer.action, Action::AskLocation)) {
        object["footer"] = json!({ "text": footer.as_received() });
    }
    object
}

fn action(action: &Action) -> Value {
    match action {
        Action::Buttons { buttons } => {
            let reply = |one: &crate::domain::message::interactive::Choice| json!({ "type": "reply", "reply": { "id": one.id, "title": one.title.as_received() } });
            json!({ "buttons": buttons.iter().map(reply).collect::<Value>() })
        }
        Action::List { button, sections } => {
            let rows = |section: &Section| -> Value {
                let row = |one: &crate::domain::message::interactive::Choice| {
                    let mut row = json!({ "id": one.id, "title": one.title.as_received() });
                    put(&mut row, "description", one.description.as_ref());
                    row
                };
                section.rows.iter().map(row).collect()
            };
            json!({ "button": button.as_received(), "sections": titled(sections, "rows", rows) })
        }
        Action::Link { label, url } => {
            json!({ "name": "cta_url", "parameters": { "display_text": label.as_received(), "url": url } })
        }
        Action::Flow { flow, label, token, draft, asks, screen, .. } => {
            let mut parameters = json!({ "flow_message_version": "3", "flow_id": flow, "flow_cta": label.as_received(),
                "flow_token": token, "mode": if *draft { "draft" } else { "published" },
                "flow_action": if *asks { "data_exchange" } else { "navigate" } });
            if let Some(screen) = screen {
                parameters["flow_action_payload"] = json!({ "screen": screen });
            }
            json!({ "name": "flow", "parameters": parameters })
        }
        Action::AskLocation => json!({ "name": "send_location" }),
        Action::Catalogue { product } => {
            let mut object = json!({ "name": "catalog_message" });
            if let Some(product) = product {
                object["parameters"] = json!({ "thumbnail_product_retailer_id": product });
            }
            object
        }
        Action::Product { catalogue, product } => json!({ "catalog_id": catalogue, "product_retailer_id": product }),
        Action::Products { catalogue, sections } => {
            let items = |section: &Section| -> Value {
                // Product ids are sent unchanged.
                section.rows.iter().map(|one| json!({ "product_retailer_id": one.title.as_received() })).collect()
            };
            json!({ "catalog_id": catalogue, "sections": titled(sections, "product_items", items) })
        }
    }
}

fn titled(sections: &[Section], field: &str, rows: impl Fn(&Section) -> Value) -> Value {
    let section = |section: &Section| {
        let mut object = Map::new();
        // The API requires titles only for several sections, and accepts one always.
        let title = if section.title.is_empty() { "Options" } else { section.title.as_received() };
        object.insert("title".into(), title.into());
        object.insert(field.into(), rows(section));
        Value::Object(object)
    };
    sections.iter().map(section).collect()
}
