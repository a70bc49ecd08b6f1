//! Requests to the platform and to its mirror of the Cloud API.

use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::{Checked, Kapso, SendReport, SentMessage, Trouble, WireRequest};
use crate::domain::connection::Connection;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::number::NumberKind;
use crate::domain::outbox::{Outgoing, Verdict};
use crate::domain::phone::PhoneNumber;
use crate::domain::template::Template;
use crate::domain::text::Untrusted;
use crate::provider::cloud_api::message::content;
use crate::provider::cloud_api::{error, loose, payload, template, text, time};
use crate::provider::http::HttpAnswer;
use crate::provider::numbers::Access;

pub(super) const KEY_HEADER: &str = "X-API-Key";
/// Pages of a hundred: more templates than any account may have.
const MOST_PAGES: usize = 70;

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
    pub(super) fn key<'a>(&self, access: impl Into<Access<'a>>) -> Result<SecretString, Trouble> {
        let access = access.into();
        let name = access.api_key_env.unwrap_or(super::API_KEY);
        (self.secrets)(name).ok_or_else(|| {
            Box::new(Failure::own(
                FailureClass::Authorization,
                "Key missing",
                format!("There is no API key for {}: {name} is not set.", access.label),
                format!("Set {name} (or {name}_FILE) and start again; nothing is lost meanwhile."),
            ))
        })
    }

    pub(super) async fn get(&self, connection: &Connection, path: &str) -> Result<Value, Trouble> {
        self.call(connection.into(), "GET", path, None).await
    }

    /// Any call of the platform or its mirror. An empty answer is `null`.
    pub(super) async fn call(
        &self,
        access: Access<'_>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
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
    ) -> Result<HttpAnswer, Trouble> {
        let key = self.key(access)?;
        let verb = reqwest::Method::from_bytes(method.as_bytes()).map_err(|_| {
            Box::new(Failure::own(
                FailureClass::Request,
                "No method",
                format!("`{method}` is no HTTP method."),
                "Say GET.",
            ))
        })?;
        let looks = verb == reqwest::Method::GET;
        let url = format!("{}{path}", self.base);
        let answer = self.client.call(verb, &url, (KEY_HEADER, &key), body.map(Value::to_string)).await;
        answer.map_err(|lost| Box::new(if looks { lost.failure() } else { lost.of_change() }))
    }

    pub(super) fn proxy(&self, path: &str) -> String {
        format!("/meta/whatsapp/{}{path}", self.graph_version)
    }
}

/// An id inside a path: whatever it is, it stays one segment.
pub(super) fn encoded(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

pub(super) fn parsed(answer: &HttpAnswer) -> Result<Value, Trouble> {
    if !answer.is_success() {
        return Err(error::failure(answer.status, &answer.body).into());
    }
    serde_json::from_str(&answer.body).map_err(|_| {
        Failure::own(
            FailureClass::Unknown,
            "Answer not understood",
            "The provider answered with something that is not JSON.",
            "Check the base URL: a proxy or a login page may stand in between.",
        )
        .saying(answer.body.chars().take(500).collect::<String>())
        .into()
    })
}

pub(super) async fn send(kapso: &Kapso, connection: &Connection, request: &WireRequest) -> SendReport {
    let key = match kapso.key(connection) {
        Ok(key) => key,
        Err(failure) => {
            let verdict = Verdict::Retry { failure: *failure, after: None };
            return SendReport { verdict, http_status: None, response: Untrusted::default() };
        }
    };
    let url = format!("{}{}", kapso.base, request.path);
    let answer = match kapso.client.post(&url, Some((KEY_HEADER, &key)), request.body.clone()).await {
        Ok(answer) => answer,
        Err(lost) => {
            let failure = lost.failure();
            let verdict = if lost.before_sending {
                Verdict::Retry { failure, after: None }
            } else {
                Verdict::Unknown { failure }
            };
            return SendReport { verdict, http_status: None, response: Untrusted::new(lost.why) };
        }
    };
    SendReport {
        verdict: verdict(&answer),
        http_status: Some(answer.status),
        response: Untrusted::new(answer.body.chars().take(4_000).collect::<String>()),
    }
}

fn verdict(answer: &HttpAnswer) -> Verdict {
    if !answer.is_success() {
        return error::verdict(answer.status, answer.retry_after, &answer.body);
    }
    let parsed: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match text(&parsed, "/messages/0/id") {
        Some(id) => Verdict::Accepted { provider_message_id: id.to_owned() },
        None => Verdict::Unknown {
            failure: Failure::own(
                FailureClass::Unknown,
                "Answer without an id",
                "The provider said yes, but gave no message id: it may have been sent.",
                "It is looked up at the provider.",
            ),
        },
    }
}

pub(super) async fn mark_read(
    kapso: &Kapso,
    connection: &Connection,
    provider_message_id: &str,
    typing: bool,
) -> Result<(), Trouble> {
    let key = kapso.key(connection)?;
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": provider_message_id });
    if typing {
        body["typing_indicator"] = json!({ "type": "text" });
    }
    let url = format!("{}{}", kapso.base, kapso.proxy(&format!("/{}/messages", connection.phone_number_id)));
    let answer =
        kapso.client.post(&url, Some((KEY_HEADER, &key)), body.to_string()).await.map_err(|lost| lost.failure())?;
    parsed(&answer).map(|_| ())
}

/// `GET /whatsapp/messages`, newest first.
pub(super) async fn sent_to(
    kapso: &Kapso,
    connection: &Connection,
    to: &PhoneNumber,
) -> Result<Vec<SentMessage>, Trouble> {
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
        words: content(object, text(object, "/type").unwrap_or_default(), rendering).words(),
        reference: reference.map(str::to_owned),
    })
}

/// `GET /{business_account_id}/message_templates`, page by page; the cursor drives, not `next`.
pub(super) async fn templates(kapso: &Kapso, connection: &Connection) -> Result<Vec<Template>, Trouble> {
    let mut found = vec![];
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let path = template_page(connection, after.as_deref());
        let answer = kapso.get(connection, &kapso.proxy(&path)).await?;
        let page = answer.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        found.extend(page.iter().filter_map(template::template));
        let next = text(&answer, "/paging/cursors/after").map(str::to_owned);
        if page.is_empty() || next.is_none() || next == after {
            break;
        }
        after = next;
    }
    Ok(found)
}

const TEMPLATE_FIELDS: &str =
    "id,name,language,category,status,parameter_format,components,rejected_reason,quality_score";

fn template_page(connection: &Connection, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", "100");
    // Quality and reasons come only where they are asked for.
    query.append_pair("fields", TEMPLATE_FIELDS);
    if let Some(cursor) = after {
        query.append_pair("after", cursor);
    }
    format!("/{}/message_templates?{}", connection.business_account_id, query.finish())
}

/// `GET /whatsapp/phone_numbers/{phone_number_id}`.
pub(super) async fn check(kapso: &Kapso, connection: &Connection) -> Result<Checked, Trouble> {
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
    Ok(Checked { note, quality, clock: told.date, kind })
}
