//! Lists messages, and reads the provider's log of webhook deliveries.

use serde_json::Value;

use super::client::Kapso;
use super::event;
use crate::domain::inbound::event::{InboundEvent, MessageEvent};
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::provider::cloud_api::{loose, text, time};
use crate::provider::{MessagePage, ProviderDeliveryLog, ProviderError};

/// Reads the last 100 deliveries of 24 hours with `GET /webhook_deliveries`, in any of the known field names.
pub(super) async fn delivery_log(kapso: &Kapso, connection: &Connection) -> Result<ProviderDeliveryLog, ProviderError> {
    let answer = kapso.get(connection, "/platform/v1/webhook_deliveries?period=24h&limit=100").await?;
    let mut log = ProviderDeliveryLog::default();
    for object in answer.get("data").and_then(Value::as_array).into_iter().flatten() {
        let code = ["/response_status", "/response_code", "/status_code"].iter().find_map(|path| loose(object, path));
        let failed = match text(object, "/status") {
            Some(status) => !matches!(status, "success" | "delivered" | "ok"),
            None => code.as_deref() != Some("200"),
        };
        let at = time(object, "/created_at").or_else(|| time(object, "/delivered_at"));
        if failed {
            log.failed += 1;
            let why = code.map(|code| format!("answered {code}")).or_else(|| text(object, "/error").map(str::to_owned));
            log.last_failure = log.last_failure.or(why);
            log.last_failed_at = log.last_failed_at.max(at);
        } else {
            log.delivered += 1;
            log.last_delivered_at = log.last_delivered_at.max(at);
        }
    }
    Ok(log)
}

/// Returns a page of this number's messages, newest first, with `GET /whatsapp/messages`.
pub(super) async fn list_messages(
    kapso: &Kapso,
    connection: &Connection,
    after: Option<&str>,
    now: Timestamp,
) -> Result<MessagePage, ProviderError> {
    Ok(read_page(connection, kapso.get(connection, &page(connection, after)).await?, now))
}

/// Parses a page of any message list, each message like one from a webhook.
pub(super) fn read_page(connection: &Connection, answer: Value, now: Timestamp) -> MessagePage {
    let next = text(&answer, "/paging/cursors/after").map(str::to_owned);
    let list = answer.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let next = next.filter(|next| !list.is_empty() && !next.is_empty());
    let messages = list.into_iter().filter_map(|object| read(connection, object, now)).collect();
    MessagePage { messages, next }
}

fn page(connection: &Connection, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("phone_number_id", &connection.phone_number_id).append_pair("limit", "100");
    if let Some(cursor) = after {
        query.append_pair("after", cursor);
    }
    format!("/platform/v1/whatsapp/messages?{}", query.finish())
}

/// Returns one message. `None` where the response holds none. Source: platform API, `GET /whatsapp/messages/{wamid}`.
pub(super) async fn query_message(
    kapso: &Kapso,
    connection: &Connection,
    id: &str,
    now: Timestamp,
) -> Result<Option<MessageEvent>, ProviderError> {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let mut answer = kapso.get(connection, &format!("/platform/v1/whatsapp/messages/{id}")).await?;
    Ok(read(connection, answer["data"].take(), now))
}

/// Adds the message's current status to its history with the time `now`, as the list reports the status without a
/// time.
fn date_state(object: &mut Value, now: Timestamp) {
    let status = text(object, "/kapso/status").map(str::to_owned);
    let (Some(status), Some(kapso)) = (status, object.get_mut("kapso").and_then(Value::as_object_mut)) else { return };
    let errors = kapso.get("errors").cloned();
    let history = kapso.entry("statuses").or_insert_with(|| Value::Array(vec![]));
    let known = |one: &Value| one.get("status").and_then(Value::as_str) == Some(&status);
    if let Some(history) = history.as_array_mut().filter(|history| !history.iter().any(known)) {
        let at = (now.millis() / 1_000).to_string();
        history.push(serde_json::json!({ "status": status, "timestamp": at, "errors": errors }));
    }
}

/// Parses a listed message like one from a webhook. `None` where it cannot be parsed.
fn read(connection: &Connection, mut object: Value, now: Timestamp) -> Option<MessageEvent> {
    date_state(&mut object, now);
    let mut item = serde_json::json!({ "message": object, "phone_number_id": connection.phone_number_id });
    if let Some(number) = text(&object, "/kapso/phone_number").map(str::to_owned) {
        item["conversation"] = serde_json::json!({ "phone_number": number });
    }
    match event::read("whatsapp.message.listed", &item, false, now).ok()? {
        InboundEvent::Message(message) => Some(*message),
        _ => None,
    }
}
