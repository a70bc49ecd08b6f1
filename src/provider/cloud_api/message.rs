//! Message objects and status objects, as webhooks and message lists carry them.

use serde_json::Value;

use super::{loose, text, time, untrusted};
use crate::domain::content::{Card, Content, InteractiveReply, Media};
use crate::domain::failure::Failure;
use crate::domain::status::{DeliveryStatus, StatusReport};
use crate::domain::text::Untrusted;

use super::dictionary;

/// What a message object holds. `fallback` is the provider's own rendering, for kinds that nobody
/// here reads.
pub(crate) fn content(message: &Value, kind: &str, fallback: Option<Untrusted>) -> Content {
    let object = message.get(kind);
    let media = || object.map(media).unwrap_or_default();
    match kind {
        "text" => match untrusted(message, "/text/body").or(fallback) {
            Some(body) => Content::Text { body, referral: referral(message) },
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
        _ => other(message, kind, fallback),
    }
}

/// Where a message was begun, in one line. Source: part 1.6.
fn referral(message: &Value) -> Option<Untrusted> {
    let told = message.get("referral").filter(|referral| referral.is_object())?;
    let parts = ["/source_type", "/headline", "/body", "/source_url"].iter().filter_map(|path| text(told, path));
    let line = parts.collect::<Vec<_>>().join(" \u{b7} ");
    (!line.is_empty()).then(|| Untrusted::new(line))
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
        voice: object.get("voice").and_then(Value::as_bool).unwrap_or(false),
        animated: object.get("animated").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn location(message: &Value) -> Option<Content> {
    let degree = |path: &str| loose(message, path).and_then(|number| number.parse::<f64>().ok());
    Some(Content::Location {
        latitude: degree("/location/latitude")?,
        longitude: degree("/location/longitude")?,
        name: untrusted(message, "/location/name"),
        address: untrusted(message, "/location/address"),
    })
}

fn cards(message: &Value) -> Vec<Card> {
    let list = |card: &Value, field: &str, part: &str| -> Vec<Untrusted> {
        let items = card.get(field).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| untrusted(item, part)).collect()
    };
    let cards = message.get("contacts").and_then(Value::as_array).into_iter().flatten();
    cards
        .map(|card| Card {
            name: untrusted(card, "/name/formatted_name")
                .or_else(|| untrusted(card, "/name/first_name"))
                .unwrap_or_default(),
            phones: list(card, "phones", "/phone"),
            emails: list(card, "emails", "/email"),
        })
        .collect()
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
                // The answers arrive as a JSON string inside the JSON.
                description: untrusted(form, "/response_json"),
            })
        },
    )
}

fn other(message: &Value, kind: &str, fallback: Option<Untrusted>) -> Content {
    let reason =
        || untrusted(message, "/errors/0/error_data/details").or_else(|| untrusted(message, "/errors/0/title"));
    let system = || untrusted(message, "/system/body");
    let kind = if kind.is_empty() { "unknown kind" } else { kind };
    Content::Other { kind: kind.to_owned(), summary: fallback.or_else(system).or_else(reason).unwrap_or_default() }
}

/// One status object: `{id, status, timestamp, recipient_id, errors?, biz_opaque_callback_data?}`.
pub(crate) fn status(object: &Value) -> Option<StatusReport> {
    let status = text(object, "/status").and_then(status_name)?;
    let at = time(object, "/timestamp")?;
    let failure = (status == DeliveryStatus::Failed).then(|| failure_of(object));
    Some(StatusReport { status, at, failure })
}

/// The reason inside a status object, or the admission that there is none.
pub(crate) fn failure_of(object: &Value) -> Failure {
    let Some(error) = object.pointer("/errors/0") else { return Failure::without_reason() };
    let code = loose(error, "/code").unwrap_or_default();
    let said =
        ["/error_data/details", "/message", "/title"].iter().find_map(|path| text(error, path)).unwrap_or_default();
    dictionary::failure(&code, text(error, "/title").or_else(|| text(error, "/message")), said)
}

/// The provider's words for progress. Inbound `received` and unknown words are no status of ours.
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
