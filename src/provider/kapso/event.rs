//! One event of a delivery, in payload version 2 and in version 1.

use serde_json::Value;

use crate::domain::address::Address;
use crate::domain::content::{Content, Media};
use crate::domain::event::{Direction, InboundEvent, MessageEvent, Origin, StatusEvent};
use crate::domain::status::{DeliveryStatus, StatusReport};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::provider::Unreadable;
use crate::provider::cloud_api::message::{content, failure_of, status, status_name};
use crate::provider::cloud_api::webhook::addresses;
use crate::provider::cloud_api::{loose, text, time, untrusted};

/// Reads one item under its name.
pub(super) fn read(name: &str, item: &Value, test: bool, received_at: Timestamp) -> Result<InboundEvent, Unreadable> {
    let event = match name {
        _ if name.starts_with("whatsapp.message.") && item.get("message").is_some_and(Value::is_object) => {
            message(name, item, test, received_at)?
        }
        _ if name.starts_with("whatsapp.message.") => bare_status(name, item, received_at)?,
        _ if name.starts_with("whatsapp.conversation.") => lifecycle(name, item, text(item, "/conversation/status")),
        "whatsapp.phone_number.created" | "whatsapp.config.created" => {
            lifecycle("whatsapp.phone_number.created", item, None)
        }
        "whatsapp.phone_number.deleted" | "whatsapp.config.deleted" => {
            lifecycle("whatsapp.phone_number.deleted", item, None)
        }
        "workflow.execution.handoff" => lifecycle(name, item, text(item, "/handoff/reason")),
        "workflow.execution.failed" => lifecycle(name, item, text(item, "/error/message")),
        "project.event" => lifecycle(name, item, text(item, "/name")),
        _ => InboundEvent::Unknown { name: name.to_owned() },
    };
    Ok(event)
}

fn phone_number_id(item: &Value) -> Option<String> {
    [
        "/phone_number_id",
        "/conversation/phone_number_id",
        "/message/kapso/phone_number_id",
        "/whatsapp_config/phone_number_id",
    ]
    .iter()
    .find_map(|path| loose(item, path))
}

fn lifecycle(name: &str, item: &Value, note: Option<&str>) -> InboundEvent {
    InboundEvent::Lifecycle {
        name: name.to_owned(),
        phone_number_id: phone_number_id(item),
        customer_id: text(item, "/customer/id").or_else(|| text(item, "/customer_id")).map(str::to_owned),
        note: note.map(Untrusted::from).unwrap_or_default(),
    }
}

/// A status without the message around it, as older names carried it.
fn bare_status(name: &str, item: &Value, received_at: Timestamp) -> Result<InboundEvent, Unreadable> {
    let id = ["/message_id", "/whatsapp_message_id", "/wamid", "/id"].iter().find_map(|path| text(item, path));
    let status = text(item, "/status").and_then(status_name).or_else(|| status_of_event(name));
    let (Some(id), Some(status), Some(number)) = (id, status, phone_number_id(item)) else {
        return Err(Unreadable(format!("{name} holds neither a message nor a status with its message id")));
    };
    let at = time(item, "/timestamp").unwrap_or(received_at);
    let failure = (status == DeliveryStatus::Failed).then(|| failure_of(item));
    Ok(InboundEvent::Status(StatusEvent {
        phone_number_id: number,
        provider_message_id: id.to_owned(),
        statuses: vec![StatusReport { status, at, failure }],
        raw_statuses: vec![item.to_string()],
        reference: text(item, "/biz_opaque_callback_data").map(str::to_owned),
    }))
}

fn status_of_event(name: &str) -> Option<DeliveryStatus> {
    name.strip_prefix("whatsapp.message.").and_then(status_name)
}

fn message(name: &str, item: &Value, test: bool, received_at: Timestamp) -> Result<InboundEvent, Unreadable> {
    let message = item.get("message").unwrap_or(&Value::Null);
    let id = ["/whatsapp_message_id", "/wamid", "/id"]
        .iter()
        .find_map(|path| text(message, path))
        .ok_or_else(|| Unreadable("the message has no id".into()))?;
    let number = phone_number_id(item).ok_or_else(|| Unreadable("the delivery names no phone_number_id".into()))?;
    let direction = direction(name, message);
    let at = time(message, "/timestamp").or_else(|| time(message, "/created_at")).unwrap_or(received_at);
    let (statuses, raw_statuses, reference) = match direction {
        Direction::Inbound => (vec![], vec![], None),
        Direction::Outbound => statuses(name, message, at),
    };
    let first_report = statuses.iter().map(|report: &StatusReport| report.at).min();
    Ok(InboundEvent::Message(Box::new(MessageEvent {
        phone_number_id: number,
        provider_message_id: id.to_owned(),
        direction,
        origin: origin(message),
        contact: contact(item, message, direction),
        contact_name: [
            "/conversation/contact_name",
            "/conversation/kapso/contact_name",
            "/message/kapso/contact_name",
            "/message/contact_name",
        ]
        .iter()
        .find_map(|path| untrusted(item, path)),
        content: body(message),
        // On a status event the timestamp is the status's time, not the message's.
        sent_at: first_report.map_or(at, |first| first.min(at)),
        reply_to: text(message, "/context/id")
            .or_else(|| text(message, "/kapso/context_message_id"))
            .map(str::to_owned),
        statuses,
        raw_statuses,
        reference,
        first_contact: item.get("is_new_conversation").and_then(Value::as_bool).unwrap_or(false),
        test: test || id.starts_with("wamid.TEST_"),
    })))
}

/// Direction decides, never status: what comes in is often called `delivered` already.
fn direction(name: &str, message: &Value) -> Direction {
    match text(message, "/kapso/direction").or_else(|| text(message, "/direction")) {
        Some("inbound") => Direction::Inbound,
        Some("outbound") => Direction::Outbound,
        _ if name == "whatsapp.message.received" => Direction::Inbound,
        _ => Direction::Outbound,
    }
}

fn origin(message: &Value) -> Origin {
    match text(message, "/kapso/origin").or_else(|| text(message, "/origin")) {
        None | Some("cloud_api") => Origin::Api,
        Some("business_app") => Origin::BusinessApp,
        Some("history_sync") => Origin::HistorySync,
        Some(other) => Origin::Other(other.chars().take(40).collect()),
    }
}

fn contact(item: &Value, message: &Value, direction: Direction) -> Vec<Address> {
    let user = [
        "/message/from_user_id",
        "/message/business_scoped_user_id",
        "/conversation/business_scoped_user_id",
        "/conversation/kapso/business_scoped_user_id",
    ]
    .iter()
    .find_map(|path| text(item, path));
    let own = if direction == Direction::Inbound { "/from" } else { "/to" };
    let phone = text(message, own)
        .or_else(|| text(item, "/conversation/phone_number"))
        .or_else(|| text(message, "/kapso/phone_number"))
        .or_else(|| text(message, "/conversation_phone_number"))
        .or_else(|| text(message, "/kapso/statuses/0/recipient_id"));
    addresses(user, phone)
}

fn body(message: &Value) -> Content {
    let kind = text(message, "/type").or_else(|| text(message, "/message_type")).unwrap_or_default();
    let rendering = untrusted(message, "/kapso/content")
        .or_else(|| untrusted(message, "/kapso/content/text"))
        .or_else(|| untrusted(message, "/content"))
        .or_else(|| untrusted(message, "/kapso/order_text"));
    let kind = if kind.is_empty() && rendering.is_some() { "text" } else { kind };
    match content(message, kind, rendering) {
        Content::Image(media) => Content::Image(enriched(media, message)),
        Content::Video(media) => Content::Video(enriched(media, message)),
        Content::Audio(media) => Content::Audio(enriched(media, message)),
        Content::Document(media) => Content::Document(enriched(media, message)),
        Content::Sticker(media) => Content::Sticker(enriched(media, message)),
        other => other,
    }
}

/// What the platform knows of a file beside the file's own object.
fn enriched(mut media: Media, message: &Value) -> Media {
    media.bytes =
        media.bytes.or_else(|| loose(message, "/kapso/media_data/byte_size").and_then(|size| size.parse().ok()));
    media.file_name = media.file_name.or_else(|| untrusted(message, "/kapso/media_data/filename"));
    media.caption = media.caption.or_else(|| untrusted(message, "/kapso/message_type_data/caption"));
    if media.mime_type.is_empty() {
        text(message, "/kapso/media_data/content_type").unwrap_or_default().clone_into(&mut media.mime_type);
    }
    media.transcript = ["/kapso/transcript/text", "/kapso/transcript", "/transcript/text", "/transcript"]
        .iter()
        .find_map(|path| untrusted(message, path));
    media
}

/// Everything reported about one of our messages: the raw history, and the event itself where the
/// history does not hold it yet.
fn statuses(name: &str, message: &Value, at: Timestamp) -> (Vec<StatusReport>, Vec<String>, Option<String>) {
    let history = message.pointer("/kapso/statuses").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut reports = vec![];
    let mut raw = vec![];
    for object in &history {
        if let Some(report) = status(object) {
            reports.push(report);
            raw.push(object.to_string());
        }
    }
    // The body is signed, the header with the event's name is not.
    let told = text(message, "/kapso/status")
        .and_then(status_name)
        .or_else(|| text(message, "/status").and_then(status_name))
        .or_else(|| status_of_event(name));
    if let Some(told) = told.filter(|told| reports.iter().all(|report| report.status != *told)) {
        let failure = (told == DeliveryStatus::Failed).then(|| failure_of(message));
        reports.push(StatusReport { status: told, at, failure });
        raw.push(message.get("kapso").map_or_else(String::new, Value::to_string));
    }
    let reference = history
        .iter()
        .rev()
        .find_map(|object| text(object, "/biz_opaque_callback_data"))
        .or_else(|| text(message, "/kapso/biz_opaque_callback_data"))
        .or_else(|| text(message, "/biz_opaque_callback_data"))
        .map(str::to_owned);
    (reports, raw, reference)
}
