//! Parses one event of a delivery, in payload version 2 and in version 1.

use serde_json::Value;

use crate::domain::contacts::address::Address;
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent, Origin, OtherStatus, StatusEvent};
use crate::domain::message::content::Content;
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::media::Media;
use crate::domain::message::status::{DeliveryStatus, StatusReport};
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::provider::Unreadable;
use crate::provider::cloud_api::contacts::{addresses, group, same_phone};
use crate::provider::cloud_api::message::{content, extras, failure_of, kind_of, other_status, status, status_name};
use crate::provider::cloud_api::pricing::pricing;
use crate::provider::cloud_api::webhook::moved;
use crate::provider::cloud_api::{loose, text, time, untrusted};

/// Parses one item by its event name. Fails where a message or status lacks its ids.
pub(super) fn read(name: &str, item: &Value, test: bool, received_at: Timestamp) -> Result<InboundEvent, Unreadable> {
    let event = match name {
        // A message is parsed in a test delivery too, and marked as a test.
        _ if name.starts_with("whatsapp.message.") && item.get("message").is_some_and(Value::is_object) => {
            message(name, item, test, received_at)?
        }
        // Other events of a test delivery are not real, so they are not applied.
        _ if test => InboundEvent::Unknown { name: format!("test of {name}") },
        _ if name.starts_with("whatsapp.message.") => bare_status(name, item, received_at)?,
        _ if name.starts_with("whatsapp.conversation.") => lifecycle(name, item, text(item, "/conversation/status")),
        "whatsapp.phone_number.created" | "whatsapp.config.created" => {
            lifecycle("whatsapp.phone_number.created", item, None)
        }
        "whatsapp.phone_number.deleted" | "whatsapp.config.deleted" => {
            lifecycle("whatsapp.phone_number.deleted", item, None)
        }
        "workflow.execution.handoff" => handoff(name, item, text(item, "/handoff/reason")),
        "workflow.execution.failed" => handoff(name, item, text(item, "/error/message")),
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

/// Parses a handoff or failure of a workflow, which identifies the conversation by its id only.
fn handoff(name: &str, item: &Value, note: Option<&str>) -> InboundEvent {
    let conversation = ["/whatsapp_conversation_id", "/conversation_id", "/conversation/id"];
    let phone = text(item, "/conversation/phone_number").or_else(|| text(item, "/phone_number"));
    InboundEvent::Handoff {
        name: name.to_owned(),
        phone_number_id: phone_number_id(item).unwrap_or_default(),
        conversation: conversation.iter().find_map(|path| loose(item, path)),
        contact: addresses(text(item, "/conversation/business_scoped_user_id"), phone),
        note: note.map(Untrusted::from).unwrap_or_default(),
    }
}

/// Parses a status without its message, as in older event names. The number may be missing; the message id then
/// identifies it.
fn bare_status(name: &str, item: &Value, received_at: Timestamp) -> Result<InboundEvent, Unreadable> {
    let id = ["/message_id", "/whatsapp_message_id", "/wamid", "/id"].iter().find_map(|path| text(item, path));
    let told = text(item, "/status").and_then(status_name).or_else(|| status_of_event(name));
    let other = if told.is_none() { other_status(item, received_at) } else { None };
    let Some(id) = id.filter(|_| told.is_some() || other.is_some()) else {
        return Err(Unreadable(format!("{name} holds neither a message nor a status with its message id")));
    };
    let at = time(item, "/timestamp").unwrap_or(received_at);
    let report = told.map(|status| {
        let failure = (status == DeliveryStatus::Failed).then(|| failure_of(item));
        StatusReport { status, at, failure, pricing: pricing(item) }
    });
    Ok(InboundEvent::Status(StatusEvent {
        phone_number_id: phone_number_id(item).unwrap_or_default(),
        provider_message_id: id.to_owned(),
        raw_statuses: report.iter().map(|_| item.to_string()).collect(),
        statuses: report.into_iter().collect(),
        other_statuses: other.into_iter().collect(),
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
    let direction = direction(name, item);
    let at = time(message, "/timestamp").or_else(|| time(message, "/created_at")).unwrap_or(received_at);
    let Reported { statuses, raw_statuses, other_statuses, reference } = match direction {
        Direction::Inbound => Reported::default(),
        Direction::Outbound => reported(name, message, at),
    };
    let moved = moved(message);
    let mut contact = contact(item, message, direction);
    if let Some(previous) = moved.as_ref().map(|moved| &moved.from).filter(|previous| !contact.contains(previous)) {
        contact.push(previous.clone());
    }
    let mut names = vec!["/message/contact_name"];
    if own_number_beside(message, direction) {
        names.insert(0, "/message/kapso/contact_name");
    }
    if own_conversation(item, message, direction) {
        names.splice(0..0, ["/conversation/contact_name", "/conversation/kapso/contact_name"]);
    }
    let first_report = statuses.iter().map(|report: &StatusReport| report.at).min();
    Ok(InboundEvent::Message(Box::new(MessageEvent {
        phone_number_id: number,
        provider_message_id: id.to_owned(),
        direction,
        origin: origin(message),
        contact,
        contact_name: names.iter().find_map(|path| untrusted(item, path)),
        content: body(message),
        // On a status event, the timestamp is the status's time, not the message's.
        sent_at: first_report.map_or(at, |first| first.min(at)),
        reply_to: text(message, "/context/id")
            .or_else(|| text(message, "/kapso/context_message_id"))
            .map(str::to_owned),
        statuses,
        raw_statuses,
        other_statuses,
        reference,
        first_contact: item.get("is_new_conversation").and_then(Value::as_bool),
        counts: own_conversation(item, message, direction).then(|| counts(item)).flatten(),
        test: test || id.starts_with("wamid.TEST_"),
        extras: Extras {
            processing: untrusted(message, "/kapso/processing_status")
                .or_else(|| untrusted(message, "/processing_status")),
            ..extras(message)
        },
        group: group(message).or_else(|| group_around(item)),
        moved,
        conversation: loose(item, "/conversation/id").or_else(|| loose(message, "/kapso/conversation_id")),
    })))
}

/// Returns the platform's counters of the conversation around a message. `None` where it does not report them.
fn counts(item: &Value) -> Option<ConversationRecord> {
    let told = record(item.get("conversation")?)?;
    told.messages_count.is_some().then_some(told)
}

/// Parses the platform's record of a conversation, from a webhook or a list. `None` where it has no `kapso` object.
pub(super) fn record(conversation: &Value) -> Option<ConversationRecord> {
    let told = conversation.get("kapso")?;
    Some(ConversationRecord {
        id: loose(conversation, "/id"),
        created_at: time(conversation, "/created_at"),
        messages_count: loose(told, "/messages_count").and_then(|count| count.parse().ok()),
        last_message_id: text(told, "/last_message_id").map(str::to_owned),
        last_message_text: untrusted(told, "/last_message_text"),
        last_inbound_at: time(told, "/last_inbound_at"),
        last_outbound_at: time(told, "/last_outbound_at"),
        stored: None,
    })
}

/// Returns the direction of a message. The status does not decide it, since inbound messages are often called
/// `delivered`. The event name is in an unsigned header, so it is used only where the body does not determine the
/// direction.
fn direction(name: &str, item: &Value) -> Direction {
    let by_name = if name == "whatsapp.message.received" { Direction::Inbound } else { Direction::Outbound };
    direction_of_item(item).unwrap_or(by_name)
}

/// Derives the direction from the body: from its direction field, from statuses, which only outbound messages have,
/// or from the side that has the conversation's phone number.
pub(super) fn direction_of_item(item: &Value) -> Option<Direction> {
    let message = item.get("message")?;
    match text(message, "/kapso/direction").or_else(|| text(message, "/direction")) {
        Some("inbound") => return Some(Direction::Inbound),
        Some("outbound") => return Some(Direction::Outbound),
        _ => {}
    }
    if message.pointer("/kapso/statuses").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
        return Some(Direction::Outbound);
    }
    let with = text(item, "/conversation/phone_number")?;
    let is = |path: &str| loose(message, path).is_some_and(|number| same_phone(&number, with));
    match (is("/from"), is("/to")) {
        (true, false) => Some(Direction::Inbound),
        (false, true) => Some(Direction::Outbound),
        _ => None,
    }
}

/// Returns the group id of a group conversation. `None` for direct conversations.
fn group_around(item: &Value) -> Option<String> {
    let named = ["/message/kapso/group_id", "/conversation/group_id", "/group_id"];
    let chats = ["/conversation/phone_number", "/message/from", "/message/kapso/phone_number"];
    let chat = || chats.iter().find_map(|path| text(item, path).filter(|chat| chat.ends_with("@g.us")));
    named.iter().find_map(|path| loose(item, path)).or_else(|| chat().map(str::to_owned))
}

fn origin(message: &Value) -> Origin {
    match text(message, "/kapso/origin").or_else(|| text(message, "/origin")) {
        None | Some("cloud_api") => Origin::Api,
        Some("business_app") => Origin::BusinessApp,
        Some("history_sync") => Origin::HistorySync,
        Some(other) => Origin::Other(other.chars().take(40).collect()),
    }
}

/// Returns `true` if the conversation object belongs to the message's contact, as far as both have phone numbers or
/// user ids.
fn own_conversation(item: &Value, message: &Value, direction: Direction) -> bool {
    let (own, own_user) = sides(direction);
    let user = ["/conversation/business_scoped_user_id", "/conversation/kapso/business_scoped_user_id"];
    let user = text(message, own_user).zip(user.iter().find_map(|path| text(item, path)));
    let own = loose(message, own);
    let number = own.as_deref().zip(text(item, "/conversation/phone_number"));
    number.is_none_or(|(one, two)| same_phone(one, two)) && user.is_none_or(|(one, two)| one == two)
}

/// Returns `true` if the platform's own fields concern the contact that the message names.
fn own_number_beside(message: &Value, direction: Direction) -> bool {
    let own = loose(message, sides(direction).0);
    own.as_deref().zip(text(message, "/kapso/phone_number")).is_none_or(|(one, two)| same_phone(one, two))
}

/// Returns the paths of the contact's phone number and user id in a message.
const fn sides(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Inbound => ("/from", "/from_user_id"),
        Direction::Outbound => ("/to", "/to_user_id"),
    }
}

fn contact(item: &Value, message: &Value, direction: Direction) -> Vec<Address> {
    let same = own_conversation(item, message, direction);
    let (own, own_user) = sides(direction);
    let beside = |path: &str| if same { loose(item, path) } else { None };
    let told = |path: &str| loose(message, path);
    let user = told(own_user)
        .or_else(|| told("/business_scoped_user_id"))
        .or_else(|| beside("/conversation/business_scoped_user_id"))
        .or_else(|| beside("/conversation/kapso/business_scoped_user_id"));
    let phone = told(own)
        .or_else(|| beside("/conversation/phone_number"))
        .or_else(|| told("/kapso/phone_number"))
        .or_else(|| told("/conversation_phone_number"))
        .or_else(|| told("/kapso/statuses/0/recipient_id"));
    addresses(user.as_deref(), phone.as_deref())
}

fn body(message: &Value) -> Content {
    let told = text(message, "/type").or_else(|| text(message, "/message_type"));
    let kind = told.unwrap_or_else(|| kind_of(message));
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

/// Completes a file with the platform's metadata.
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

/// All statuses of an outgoing message.
#[derive(Default)]
struct Reported {
    statuses: Vec<StatusReport>,
    raw_statuses: Vec<String>,
    other_statuses: Vec<OtherStatus>,
    reference: Option<String>,
}

/// Returns the status history, and the event's own status if the history does not contain it yet.
fn reported(name: &str, message: &Value, at: Timestamp) -> Reported {
    let history = message.pointer("/kapso/statuses").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut all = Reported::default();
    for object in history {
        if let Some(report) = status(object, at) {
            all.statuses.push(report);
            all.raw_statuses.push(object.to_string());
        } else {
            all.other_statuses.extend(other_status(object, at));
        }
    }
    let words = [text(message, "/kapso/status"), text(message, "/status")];
    // The body is signed and the header with the event name is not: the name is used only where the body has no
    // status.
    let told = words.into_iter().flatten().find_map(status_name);
    let unknown = words.into_iter().flatten().next().filter(|_| told.is_none());
    if let Some(word) = unknown.filter(|word| all.other_statuses.iter().all(|one| one.word.as_received() != *word)) {
        let raw = message.get("kapso").unwrap_or(message).to_string();
        all.other_statuses.push(OtherStatus { word: Untrusted::from(word), at, raw });
    }
    let told = told.or_else(|| status_of_event(name).filter(|_| unknown.is_none()));
    if let Some(told) = told.filter(|told| all.statuses.iter().all(|report| report.status != *told)) {
        let failure = (told == DeliveryStatus::Failed).then(|| failure_of(message));
        all.statuses.push(StatusReport { status: told, at, failure, pricing: pricing(message) });
        all.raw_statuses.push(message.get("kapso").map_or_else(String::new, Value::to_string));
    }
    all.reference = history
        .iter()
        .rev()
        .find_map(|object| text(object, "/biz_opaque_callback_data"))
        .or_else(|| text(message, "/kapso/biz_opaque_callback_data"))
        .or_else(|| text(message, "/biz_opaque_callback_data"))
        .map(str::to_owned);
    all
}
