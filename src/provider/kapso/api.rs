//! Requests to the platform and to its mirror of the Cloud API.

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::{Checked, Kapso, ProviderError, SendReport, SentMessage, WireRequest};
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::text::Untrusted;
use crate::provider::cloud_api::graph::{self, Graph, parsed};
use crate::provider::cloud_api::message::{content, kind_of};
use crate::provider::cloud_api::{loose, payload, text, time};
use crate::provider::http::HttpAnswer;
use crate::provider::numbers::Access;

pub(super) const KEY_HEADER: &str = "X-API-Key";

/// The base address is a host. A path, as other tools want it, is cut off and mentioned.
pub(super) fn host_only(given: &str, warn: &mut dyn FnMut(String)) -> String {
    let Ok(url) = Url::parse(given) else {
        warn(format!("KAPSO_API_BASE_URL is `{given}`, which is no address; https://api.kapso.ai is used."));
        return super::DEFAULT_BASE.to_owned();
    };
    let host = url.origin().ascii_serialization();
    if !matches!(url.path(), "" | "/") {
        warn(format!("KAPSO_API_BASE_URL is the host only: {} was cut off, {host} is used.", url.path()));
    }
    host
}

pub(super) fn send_request(version: &str, connection: &Connection, outgoing: &Outgoing) -> WireRequest {
    WireRequest {
        method: "POST",
        path: format!("/meta/whatsapp/{version}/{}/messages", connection.phone_number_id),
        body: payload::message(outgoing).to_string(),
    }
}

impl Kapso {
    pub(super) fn key<'a>(&self, access: impl Into<Access<'a>>) -> Result<SecretString, ProviderError> {
        let access = access.into();
        let name = access.api_key_env.unwrap_or(super::API_KEY);
        (self.secrets)(name).ok_or_else(|| graph::key_missing("API key", access.label, name).into())
    }

    pub(super) async fn get(&self, connection: &Connection, path: &str) -> Result<Value, ProviderError> {
        self.call(connection.into(), "GET", path, None).await
    }

    /// Any call of the platform or its mirror. An empty answer is `null`.
    pub(super) async fn call(
        &self,
        access: Access<'_>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ProviderError> {
        let answer = self.answer(access, method, path, body).await?;
        if answer.is_success() && answer.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        parsed(&answer)
    }

    pub(super) async fn answer(
        &self,
        access: Access<'_>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<HttpAnswer, ProviderError> {
        self.at(self.base.clone(), access)?.answer(method, path, body).await
    }

    /// The mirror of the Graph API.
    pub(super) fn graph<'a>(&'a self, access: impl Into<Access<'a>>) -> Result<Graph<'a>, ProviderError> {
        self.at(format!("{}{}", self.base, self.proxy("")), access.into())
    }

    fn at<'a>(&'a self, root: String, access: Access<'a>) -> Result<Graph<'a>, ProviderError> {
        Ok(Graph { client: &self.client, root, header: KEY_HEADER, key: self.key(access)? })
    }

    pub(super) fn proxy(&self, path: &str) -> String {
        format!("/meta/whatsapp/{}{path}", self.graph_version)
    }
}

pub(super) async fn send(kapso: &Kapso, connection: &Connection, request: &WireRequest) -> SendReport {
    let url = format!("{}{}", kapso.base, request.path);
    graph::send(&kapso.client, &url, kapso.key(connection).map(|key| (KEY_HEADER, key)), request.body.clone()).await
}

/// `GET /whatsapp/messages`, newest first.
pub(super) async fn sent_to(
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

/// `GET /whatsapp/phone_numbers/{phone_number_id}`.
pub(super) async fn check(kapso: &Kapso, connection: &Connection) -> Result<Checked, ProviderError> {
    let path = format!("/platform/v1/whatsapp/phone_numbers/{}", connection.phone_number_id);
    let key = kapso.key(connection)?;
    let told = kapso
        .client
        .get(&format!("{}{path}", kapso.base), Some((KEY_HEADER, &key)))
        .await
        .map_err(|lost| lost.failure())?;
    let answer = parsed(&told)?;
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
    let kind = text(number, "/kind").map(NumberKind::told);
    Ok(Checked { note, quality, clock: told.date, kind, webhook: None })
}
