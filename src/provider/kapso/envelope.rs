//! The envelope of a delivery: single, batch, bare body with the type in the header, old wrapper.

use serde::Deserialize;
use serde_json::Value;

use super::event;
use crate::domain::delivery::RawDelivery;
use crate::domain::time::Timestamp;
use crate::provider::cloud_api::{text, time};
use crate::provider::{Reading, Unreadable};

/// A batch holds up to a hundred messages; whoever sends more is read no further.
const MOST_ITEMS: usize = 1_000;

/// Takes the envelope apart and reads every item.
pub(super) fn read(delivery: &RawDelivery, body: &Value) -> Result<Reading, Unreadable> {
    if !body.is_object() && !body.is_array() {
        return Err(Unreadable("the body is JSON, but not an object".into()));
    }
    let items = items(delivery, body);
    if items.len() > MOST_ITEMS {
        return Err(Unreadable(format!("the batch has {} items; {MOST_ITEMS} is the most that is read", items.len())));
    }
    let named = delivery
        .header("x-webhook-event")
        .filter(|name| !name.trim().is_empty())
        .or_else(|| text(body, "/type"))
        .or_else(|| text(body, "/event"))
        .map(|name| name.trim().to_owned());
    let mut events = vec![];
    let mut name = named.clone().unwrap_or_default();
    for item in items {
        let event_name = named.clone().unwrap_or_else(|| by_structure(item).to_owned());
        let test = item.get("test").or_else(|| body.get("test")).and_then(Value::as_bool).unwrap_or(false);
        events.push(event::read(&event_name, item, test, delivery.received_at)?);
        if name.is_empty() {
            name = event_name;
        }
    }
    Ok(Reading { event: name.chars().take(80).collect(), events })
}

/// Batches are told by the header, by the field, and by shape; the configuration is not asked.
fn items<'v>(delivery: &RawDelivery, body: &'v Value) -> Vec<&'v Value> {
    let list = match body {
        Value::Array(list) => Some(list),
        _ => body.get("data").and_then(Value::as_array),
    };
    if let Some(list) = list {
        return list.iter().collect();
    }
    // The old wrapper: a name beside the payload. Workflow events have a name and no `data`.
    let wrapped = body.get("data").filter(|data| data.is_object());
    let named =
        body.get("event").or_else(|| body.get("type")).is_some() || delivery.header("x-webhook-batch").is_some();
    vec![wrapped.filter(|_| named).unwrap_or(body)]
}

/// What an item must be when nothing names it.
fn by_structure(item: &Value) -> &'static str {
    if item.get("since_message").is_some() {
        return "whatsapp.conversation.inactive";
    }
    if item.get("message").is_some_and(Value::is_object) {
        let inbound =
            text(item, "/message/kapso/direction").or_else(|| text(item, "/message/direction")) != Some("outbound");
        return if inbound { "whatsapp.message.received" } else { "whatsapp.message.status_update" };
    }
    match text(item, "/conversation/status") {
        Some("ended") => "whatsapp.conversation.ended",
        Some(_) => "whatsapp.conversation.created",
        None => "",
    }
}

/// The provider's time of a delivery, cheaply: it is asked before the answer.
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
    let Ok(peek) = serde_json::from_slice::<Peek>(body) else { return Timestamp::EPOCH };
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
