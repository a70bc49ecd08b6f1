//! Parses the message and status objects of webhooks and message lists.

use serde_json::Value;

use super::{loose, text, time, untrusted};
use crate::domain::failure::Failure;
use crate::domain::inbound::event::OtherStatus;
use crate::domain::message::content::{Card, Content, InteractiveReply};
use crate::domain::message::inbound_content::{Extras, News, Order, OrderItem};
use crate::domain::message::media::Media;
use crate::domain::message::status::{DeliveryStatus, StatusReport};
use crate::domain::number;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

use super::dictionary;
use super::pricing::pricing;

/// Errors of one message that are shown at most.
const MAX_ERRORS: usize = 5;
/// Fields of an unknown object that are shown at most. The raw delivery keeps all.
const MAX_FIELDS: usize = 60;

/// Kinds of messages whose content is an object with the kind's name.
const KINDS: [&str; 16] = [
    "text",
    "image",
    "video",
    "audio",
    "voice",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "button",
    "interactive",
    "order",
    "system",
    "edit",
    "revoke",
];

/// Returns the kind of a message object: its `type`, or else the content object that it has.
pub(crate) fn kind_of(message: &Value) -> &str {
    let holds = |kind: &&&str| message.get(**kind).is_some_and(|held| held.is_object() || held.is_array());
    text(message, "/type").or_else(|| KINDS.iter().find(holds).copied()).unwrap_or_default()
}

/// Parses the content of a message object. `fallback` is the provider's own rendering, for kinds that are not
/// supported here.
pub(crate) fn content(message: &Value, kind: &str, fallback: Option<Untrusted>) -> Content {
    let object = message.get(kind);
    let media = || object.map(media).unwrap_or_default();
    match kind {
        "text" => match untrusted(message, "/text/body").or(fallback) {
            Some(body) => Content::Text { body, referral: None },
            None => Content::text(""),
        },
        "image" => Content::Image(media()),
        "video" => Content::Video(media()),
        "audio" | "voice" => Content::Audio(media()),
        "document" => Content::Document(media()),
        "sticker" => Content::Sticker(media()),
        "location" => location(message).unwrap_or_else(|| other(message, kind, fallback)),
        "contacts" => Content::Contacts { cards: cards(message) },
        "reaction" => match text(message, "/reaction/message_id") {
            Some(target) => {
                Content::Reaction { target: target.to_owned(), emoji: untrusted(message, "/reaction/emoji") }
            }
            None => other(message, kind, fallback),
        },
        "button" => Content::Button {
            text: untrusted(message, "/button/text").or(fallback).unwrap_or_else(|| Untrusted::from("a button")),
            payload: untrusted(message, "/button/payload").unwrap_or_default(),
        },
        "interactive" => interactive(message).unwrap_or_else(|| other(message, kind, fallback)),
        "template" => Content::Template {
            name: text(message, "/template/name")
                .or_else(|| text(message, "/kapso/template_name"))
                .map_or_else(|| fallback.as_ref().map_or_else(|| "unknown".into(), Untrusted::line), str::to_owned),
            language: text(message, "/template/language/code").unwrap_or_default().to_owned(),
            id: None,
            parameters: vec![],
            header: None,
            rendered: None,
        },
        "order" if object.is_some_and(Value::is_object) => {
            order(message).unwrap_or_else(|| other(message, kind, fallback))
        }
        "system" | "request_welcome" => news(message, kind),
        "edit" => match text(message, "/edit/original_message_id") {
            Some(target) => {
                let edited = message.pointer("/edit/message").unwrap_or(&Value::Null);
                let content = content(edited, kind_of(edited), fallback);
                Content::Edit { target: target.to_owned(), content: Box::new(content) }
            }
            None => other(message, kind, fallback),
        },
        "revoke" => match text(message, "/revoke/original_message_id") {
            Some(target) => Content::Deletion { target: target.to_owned() },
            None => other(message, kind, fallback),
        },
        _ => other(message, kind, fallback),
    }
}

/// Returns the advertisement or post that led to the message, in one line. Source: part 1.6.
fn referral(message: &Value) -> Option<Untrusted> {
    let told = message.get("referral").filter(|referral| referral.is_object())?;
    let parts = ["/source_type", "/headline", "/body", "/source_url"].iter().filter_map(|path| text(told, path));
    let line = parts.collect::<Vec<_>>().join(" \u{b7} ");
    (!line.is_empty()).then(|| Untrusted::new(line))
}

/// Parses the fields besides the content: advertisement, product, forwarded flags and errors. Source: parts 1.6 and
/// 1.7.
pub(crate) fn extras(message: &Value) -> Extras {
    let product = message.pointer("/context/referred_product").map(|product| {
        let id = loose(product, "/product_retailer_id").unwrap_or_else(|| "without an id".to_owned());
        let catalog = loose(product, "/catalog_id").map(|catalog| format!(" of catalog {catalog}"));
        Untrusted::new(format!("{id}{}", catalog.unwrap_or_default()))
    });
    let flag = |path: &str| message.pointer(path).and_then(Value::as_bool) == Some(true);
    let often = flag("/context/frequently_forwarded");
    // An unsupported message has the same errors in its content.
    let unread = matches!(text(message, "/type"), Some("unsupported" | "unknown"));
    let errors = message.get("errors").and_then(Value::as_array).filter(|_| !unread).into_iter().flatten();
    let errors: Vec<String> = errors
        .take(MAX_ERRORS)
        .map(|error| {
            let code = loose(error, "/code").unwrap_or_default();
            let said = ["/error_data/details", "/message", "/title"].iter().find_map(|path| text(error, path));
            format!("{code} {}", said.unwrap_or_default()).trim().to_owned()
        })
        .collect();
    let error = (!errors.is_empty()).then(|| Untrusted::new(errors.join("; ")));
    Extras {
        referral: referral(message),
        referral_members: message.get("referral").map(members).unwrap_or_default(),
        product,
        forwarded: (often || flag("/context/forwarded")).then_some(often),
        error,
        ..Extras::default()
    }
}

/// Returns the leaf fields of an object with their dotted paths.
pub(crate) fn members(object: &Value) -> Vec<(String, Untrusted)> {
    fn walk(path: &str, value: &Value, found: &mut Vec<(String, Untrusted)>) {
        if found.len() >= MAX_FIELDS {
            return;
        }
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(&below(name), value, found)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| walk(&below(&(at + 1).to_string()), value, found));
            }
            Value::Null => {}
            Value::String(text) => found.push((path.to_owned(), Untrusted::from(text.as_str()))),
            other => found.push((path.to_owned(), Untrusted::new(other.to_string()))),
        }
    }
    let mut found = vec![];
    walk("", object, &mut found);
    found
}

/// Parses an order. `None` where a quantity or price is present but invalid: a substitute would falsify the order.
fn order(message: &Value) -> Option<Content> {
    let number = |item: &Value, path: &str, range| match loose(item, path) {
        Some(spelt) => number::read(&spelt, range).map(Some),
        None => Some(None),
    };
    let items = message.pointer("/order/product_items").and_then(Value::as_array).into_iter().flatten();
    let items = items.map(|item| {
        Some(OrderItem {
            product: loose(item, "/product_retailer_id").map(Untrusted::new).unwrap_or_default(),
            quantity: number(item, "/quantity", &number::QUANTITY)?.unwrap_or(1.0),
            price: number(item, "/item_price", &number::PRICE)?,
            currency: untrusted(item, "/currency").unwrap_or_default(),
        })
    });
    Some(Content::Order(Order {
        catalog: loose(message, "/order/catalog_id").map(Untrusted::new).unwrap_or_default(),
        note: untrusted(message, "/order/text"),
        items: items.collect::<Option<_>>()?,
    }))
}

fn news(message: &Value, kind: &str) -> Content {
    let told = message.get(kind).unwrap_or(&Value::Null);
    Content::News(News {
        kind: kind.to_owned(),
        what: untrusted(told, "/type").unwrap_or_default(),
        text: untrusted(told, "/body").unwrap_or_default(),
        members: members(told).into_iter().filter(|(name, _)| name != "type" && name != "body").collect(),
    })
}

fn media(object: &Value) -> Media {
    Media {
        id: text(object, "/id").unwrap_or_default().to_owned(),
        file: None,
        mime_type: text(object, "/mime_type").unwrap_or_default().to_owned(),
        sha256: text(object, "/sha256").map(str::to_owned),
        bytes: loose(object, "/file_size").and_then(|size| size.parse().ok()),
        file_name: untrusted(object, "/filename"),
        caption: untrusted(object, "/caption"),
        transcript: None,
        transcript_source: None,
        transcript_error: None,
        voice: object.get("voice").and_then(Value::as_bool).unwrap_or(false),
        animated: object.get("animated").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn location(message: &Value) -> Option<Content> {
    let degree = |path: &str, range| loose(message, path).and_then(|spelt| number::read(&spelt, range));
    Some(Content::Location {
        latitude: degree("/location/latitude", &number::LATITUDE)?,
        longitude: degree("/location/longitude", &number::LONGITUDE)?,
        name: untrusted(message, "/location/name"),
        address: untrusted(message, "/location/address"),
    })
}

fn cards(message: &Value) -> Vec<Card> {
    let cards = message.get("contacts").and_then(Value::as_array).into_iter().flatten();
    cards.map(card).collect()
}

fn card(card: &Value) -> Card {
    let list = |field: &str, parts: &[&str]| -> Vec<Untrusted> {
        let items = card.get(field).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| parts.iter().find_map(|part| loose(item, part)).map(Untrusted::new)).collect()
    };
    let vcard = text(card, "/vcard").unwrap_or_default();
    let property = |name: &str| {
        let line = vcard.lines().find(|line| {
            let head = line.split([':', ';']).next().unwrap_or_default();
            head.trim().eq_ignore_ascii_case(name)
        })?;
        let value = line.split_once(':')?.1.trim();
        (!value.is_empty()).then(|| Untrusted::from(value))
    };
    let whole = ["first_name", "middle_name", "last_name"];
    let whole = whole.iter().filter_map(|part| text(card, &format!("/name/{part}"))).collect::<Vec<_>>().join(" ");
    let mut phones = list("phones", &["/phone", "/wa_id"]);
    if phones.is_empty() {
        phones.extend(property("TEL"));
    }
    let mut emails = list("emails", &["/email"]);
    if emails.is_empty() {
        emails.extend(property("EMAIL"));
    }
    // All fields that have no field of their own in the card.
    let mut more = vec![];
    for (field, value) in card.as_object().into_iter().flatten() {
        match field.as_str() {
            "name" | "phones" | "emails" | "vcard" => {}
            _ => {
                more.extend(members(value).into_iter().map(|(name, value)| {
                    (if name.is_empty() { field.clone() } else { format!("{field}.{name}") }, value)
                }));
            }
        }
    }
    for (name, label) in [("ORG", "org.company"), ("TITLE", "org.title"), ("ADR", "address"), ("URL", "url")] {
        if let Some(value) = property(name).filter(|_| !card.as_object().is_some_and(|card| card.contains_key("org"))) {
            more.push((label.to_owned(), value));
        }
    }
    Card {
        name: untrusted(card, "/name/formatted_name")
            .or_else(|| (!whole.is_empty()).then(|| Untrusted::new(whole)))
            .or_else(|| property("FN"))
            .unwrap_or_default(),
        phones,
        emails,
        more,
    }
}

fn interactive(message: &Value) -> Option<Content> {
    let reply = message.get("interactive")?;
    let choice = |kind, field: &str| {
        let picked = reply.get(field)?;
        Some(Content::Interactive {
            reply: kind,
            id: untrusted(picked, "/id").unwrap_or_default(),
            title: untrusted(picked, "/title").unwrap_or_else(|| Untrusted::from("an option")),
            description: untrusted(picked, "/description"),
        })
    };
    choice(InteractiveReply::Button, "button_reply").or_else(|| choice(InteractiveReply::List, "list_reply")).or_else(
        || {
            let form = reply.get("nfm_reply")?;
            Some(Content::Interactive {
                reply: InteractiveReply::Form,
                id: untrusted(form, "/name").unwrap_or_else(|| Untrusted::from("flow")),
                title: untrusted(message, "/kapso/flow_name").or_else(|| untrusted(form, "/name")).unwrap_or_default(),
                // The answers are a JSON string within the JSON.
                description: untrusted(form, "/response_json"),
            })
        },
    )
}

fn other(message: &Value, kind: &str, fallback: Option<Untrusted>) -> Content {
    let reason =
        || untrusted(message, "/errors/0/error_data/details").or_else(|| untrusted(message, "/errors/0/title"));
    let told = message.get(kind).unwrap_or(&Value::Null);
    let name = untrusted(told, "/type");
    let said = fallback.or_else(reason);
    let summary = match (name.clone(), said) {
        (Some(name), Some(said)) => Untrusted::new(format!("{}: {}", name.as_received(), said.as_received())),
        (name, said) => name.or(said).unwrap_or_default(),
    };
    // The object with the type's name has the details.
    let below = name.as_ref().and_then(|name| told.get(name.as_received())).filter(|below| below.is_object());
    let members = members(below.unwrap_or(told)).into_iter().filter(|(member, _)| member != "type").collect();
    let kind = if kind.is_empty() { "unknown kind" } else { kind };
    Content::Other { kind: kind.to_owned(), summary, members }
}

/// Parses a status with an unknown word. `None` where it has no word.
pub(crate) fn other_status(object: &Value, received_at: Timestamp) -> Option<OtherStatus> {
    let word = untrusted(object, "/status")?;
    let at = time(object, "/timestamp").unwrap_or(received_at);
    Some(OtherStatus { word, at, raw: object.to_string() })
}

/// Parses a status object, `{id, status, timestamp, recipient_id, errors?, biz_opaque_callback_data?}`. Without a
/// timestamp, the delivery's time counts. `None` for unknown statuses.
pub(crate) fn status(object: &Value, received_at: Timestamp) -> Option<StatusReport> {
    let status = text(object, "/status").and_then(status_name)?;
    let at = time(object, "/timestamp").unwrap_or(received_at);
    let failure = (status == DeliveryStatus::Failed).then(|| failure_of(object));
    Some(StatusReport { status, at, failure, pricing: pricing(object) })
}

/// Returns the failure of a status object, or a failure that says that no reason is given.
pub(crate) fn failure_of(object: &Value) -> Failure {
    let Some(error) = object.pointer("/errors/0") else { return Failure::without_reason() };
    let code = loose(error, "/code").unwrap_or_default();
    let said =
        ["/error_data/details", "/message", "/title"].iter().find_map(|path| text(error, path)).unwrap_or_default();
    dictionary::failure(&code, text(error, "/title").or_else(|| text(error, "/message")), said)
}

/// Maps a status word to a delivery status. `None` for `received` of inbound messages, and for unknown words.
pub(crate) fn status_name(name: &str) -> Option<DeliveryStatus> {
    match name.to_ascii_lowercase().as_str() {
        "pending" | "accepted" => Some(DeliveryStatus::Accepted),
        "sent" => Some(DeliveryStatus::Sent),
        "delivered" => Some(DeliveryStatus::Delivered),
        "read" => Some(DeliveryStatus::Read),
        "played" => Some(DeliveryStatus::Played),
        "failed" | "undelivered" => Some(DeliveryStatus::Failed),
        _ => None,
    }
}
