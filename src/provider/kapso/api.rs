//! Sends and lists messages, and checks numbers.

use serde_json::Value;

use super::client::{KEY_HEADER, Kapso};
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::text::Untrusted;
use crate::provider::cloud_api::graph::{self, parse_response};
use crate::provider::cloud_api::message::{content, kind_of};
use crate::provider::cloud_api::{loose, payload, text, time};
use crate::provider::{NumberCheck, ProviderError, SendReport, SentMessage, WireRequest};

pub(super) fn send_request(version: &str, connection: &Connection, outgoing: &Outgoing) -> WireRequest {
    WireRequest {
        method: "POST",
        path: format!("/meta/whatsapp/{version}/{}/messages", connection.phone_number_id),
        body: payload::message(outgoing).to_string(),
        prior: None,
    }
}

pub(super) async fn send(kapso: &Kapso, connection: &Connection, request: &WireRequest) -> SendReport {
    let url = format!("{}{}", kapso.base, request.path);
    graph::send(&kapso.client, &url, kapso.key(connection).map(|key| (KEY_HEADER, key)), request.body.clone()).await
}

/// Lists the last 50 messages to a recipient, newest first, with `GET /whatsapp/messages`.
pub(super) async fn list_sent_to(
    kapso: &Kapso,
    connection: &Connection,
    to: &PhoneNumber,
) -> Result<Vec<SentMessage>, ProviderError> {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("phone_number_id", &connection.phone_number_id)
        .append_pair("phone_number", &to.to_string())
        .append_pair("direction", "outbound")
        .append_pair("limit", "50")
        .finish();
    let answer = kapso.get(connection, &format!("/platform/v1/whatsapp/messages?{query}")).await?;
    let list = answer.get("data").and_then(Value::as_array).into_iter().flatten();
    Ok(list.filter(|object| text(object, "/kapso/direction") != Some("inbound")).filter_map(sent).collect())
}

fn sent(object: &Value) -> Option<SentMessage> {
    let rendering = text(object, "/kapso/content").map(Untrusted::from);
    let reference = object
        .pointer("/kapso/statuses")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find_map(|status| text(status, "/biz_opaque_callback_data"))
        .or_else(|| text(object, "/biz_opaque_callback_data"));
    Some(SentMessage {
        provider_message_id: text(object, "/id")?.to_owned(),
        sent_at: time(object, "/timestamp")?,
        words: content(object, kind_of(object), rendering).words(),
        reference: reference.map(str::to_owned),
    })
}

/// Reads the number's state with `GET /whatsapp/phone_numbers/{phone_number_id}`.
pub(super) async fn check(kapso: &Kapso, connection: &Connection) -> Result<NumberCheck, ProviderError> {
    let path = format!("/platform/v1/whatsapp/phone_numbers/{}", connection.phone_number_id);
    let key = kapso.key(connection)?;
    let response = kapso
        .client
        .get(&format!("{}{path}", kapso.base), Some((KEY_HEADER, &key)))
        .await
        .map_err(|error| error.failure())?;
    let answer = parse_response(&response)?;
    let number = answer.get("data").unwrap_or(&answer);
    let parts = [("", "/status"), ("quality ", "/quality_rating"), ("", "/throughput_tier"), ("", "/kind")];
    let parts: Vec<String> = parts
        .iter()
        .filter_map(|(label, path)| text(number, path).map(|value| format!("{label}{}", Untrusted::from(value).line())))
        .collect();
    let limit = loose(number, "/whatsapp_business_manager_messaging_limit");
    let limit = limit.map(|limit| format!("limit {}", Untrusted::new(limit).line()));
    let parts: Vec<String> = parts.into_iter().chain(limit).collect();
    let note = if parts.is_empty() { "the provider knows this number".to_owned() } else { parts.join(", ") };
    let quality = text(number, "/quality_rating").map(|quality| Untrusted::from(quality).line().to_uppercase());
    let kind = text(number, "/kind").map(NumberKind::parse);
    Ok(NumberCheck { note, quality, clock: response.date, kind, webhook: None })
}
