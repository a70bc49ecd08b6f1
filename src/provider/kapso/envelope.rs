//! Parses the envelope of a delivery: single, batch, bare body with the type in the header, or the old wrapper.

use serde::Deserialize;
use serde_json::Value;

use super::event;
use crate::domain::inbound::delivery::RawDelivery;
use crate::domain::inbound::event::{Direction, InboundEvent};
use crate::domain::json_text::without_mark;
use crate::domain::time::Timestamp;
use crate::provider::cloud_api::webhook::{self, is_test};
use crate::provider::cloud_api::{text, time};
use crate::provider::{Reading, Unreadable};

/// Parses every item of the envelope on its own, so that one unreadable item does not affect the others. The size of
/// a body bounds their number.
pub(super) fn read(delivery: &RawDelivery, body: &Value) -> Result<Reading, Unreadable> {
    if !body.is_object() && !body.is_array() {
        return Err(Unreadable("the body is JSON, but not an object".into()));
    }
    let items = items(delivery, body);
    let in_body = text(body, "/type").or_else(|| text(body, "/event")).map(str::trim).filter(|name| !name.is_empty());
    let header = delivery.header("x-webhook-event").map(str::trim).filter(|name| !name.is_empty());
    let mut events = vec![];
    let mut name = String::new();
    for item in items {
        let test = is_test(item) || is_test(body);
        let event_name = if is_raw(item) { RAW.to_owned() } else { named(item, in_body, header) };
        if is_raw(item) {
            // Meta's body, forwarded unchanged within an envelope.
            let raw = webhook::read(item, delivery.received_at);
            events.extend(raw.into_iter().map(|event| if test { webhook::as_test(event) } else { event }));
        } else {
            let read = event::read(&event_name, item, test, delivery.received_at);
            events.push(read.unwrap_or_else(|unreadable| InboundEvent::Unreadable { why: unreadable.0 }));
        }
        if name.is_empty() {
            name = event_name;
        }
    }
    if events.is_empty() {
        named(body, in_body, header).clone_into(&mut name);
        events.push(InboundEvent::Unknown { name: name.clone() });
    }
    Ok(Reading { event: name.chars().take(80).collect(), events, notes: vec![] })
}

/// The `object` of Meta's own webhook bodies.
const RAW: &str = "whatsapp_business_account";

/// Returns `true` if this is Meta's own webhook body, forwarded unchanged.
pub(super) fn is_raw(body: &Value) -> bool {
    text(body, "/object") == Some(RAW)
}

/// Returns the event name of an item. The body is signed and the header is not: the body's structure takes
/// precedence, and the header only distinguishes events of the same structure.
fn named(item: &Value, in_body: Option<&str>, header: Option<&str>) -> String {
    let shape = by_structure(item);
    let family = |name: &str| name.rsplit_once('.').map_or("", |(family, _)| family).to_owned();
    let fits = |name: &&str| shape.is_empty() || family(name) == family(shape);
    let signed = |name: &&str| !shape.starts_with("whatsapp.message") || fits(name);
    in_body.filter(signed).or_else(|| header.filter(fits)).unwrap_or(shape).to_owned()
}

/// Returns the items of a body, which is a batch if its header, a field or its structure says so.
fn items<'v>(delivery: &RawDelivery, body: &'v Value) -> Vec<&'v Value> {
    let list = match body {
        Value::Array(list) => Some(list),
        _ => body.get("data").and_then(Value::as_array),
    };
    if let Some(list) = list {
        return list.iter().collect();
    }
    // The old wrapper has a name beside the payload. Workflow events have a name and no `data`.
    let wrapped = body.get("data").filter(|data| data.is_object());
    let named =
        body.get("event").or_else(|| body.get("type")).is_some() || delivery.header("x-webhook-batch").is_some();
    vec![wrapped.filter(|_| named).unwrap_or(body)]
}

/// Derives the event name from an item's structure. Empty where it is not recognised.
fn by_structure(item: &Value) -> &'static str {
    if item.get("since_message").is_some() {
        return "whatsapp.conversation.inactive";
    }
    if item.get("message").is_some_and(Value::is_object) {
        let outbound = event::direction_of_item(item) == Some(Direction::Outbound);
        return if outbound { "whatsapp.message.status_update" } else { "whatsapp.message.received" };
    }
    match text(item, "/conversation/status") {
        Some("ended") => "whatsapp.conversation.ended",
        Some(_) => "whatsapp.conversation.created",
        None => "",
    }
}

/// Returns the provider's time of a delivery. It is cheap, since it runs before the webhook is acknowledged.
/// `Timestamp::EPOCH` where there is none.
pub(super) fn sent_at(body: &[u8]) -> Timestamp {
    #[derive(Deserialize)]
    struct Peek {
        message: Option<PeekMessage>,
        #[serde(default)]
        data: PeekData,
    }
    #[derive(Deserialize)]
    struct PeekMessage {
        timestamp: Option<Value>,
    }
    #[derive(Deserialize, Default)]
    #[serde(untagged)]
    enum PeekData {
        Items(Vec<Peek>),
        Other(serde::de::IgnoredAny),
        #[default]
        Absent,
    }
    let Ok(peek) = serde_json::from_slice::<Peek>(without_mark(body)) else { return Timestamp::EPOCH };
    let message = match (peek.message, peek.data) {
        (Some(message), _) => Some(message),
        (None, PeekData::Items(items)) => items.into_iter().next().and_then(|item| item.message),
        _ => None,
    };
    message
        .and_then(|message| message.timestamp)
        .and_then(|timestamp| time(&serde_json::json!({ "t": timestamp }), "/t"))
        .unwrap_or(Timestamp::EPOCH)
}
