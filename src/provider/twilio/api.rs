//! Sends, cancels and lists messages, and checks numbers. Source: parts 1 and 2.

use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::client::{API_KEY, Host, Twilio, parse_response, response_failure};
use super::payload::{channel, path};
use super::{event, offer, schedule, sender, webhooks};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::event::{Direction, MessageEvent, Origin};
use crate::domain::json_text;
use crate::domain::message::content::Content;
use crate::domain::message::media::Media;
use crate::domain::message::status::{DeliveryStatus, StatusReport};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::outbox::entry::Verdict;
use crate::domain::outbox::scheduling::CancelOutcome;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::provider::cloud_api::graph::{encoded, missing_message_id};
use crate::provider::cloud_api::{loose, text};
use crate::provider::http::{HttpResponse, date};
use crate::provider::http_status::Outcome;
use crate::provider::{MessagePage, NumberCheck, ProviderError, SendReport, SentMessage, WireRequest};

/// The phone number that all sandboxes share. Source: part 2.9.
pub(super) const SANDBOX: &str = "14155238886";

/// Returns the verdict of a response to a send request. Source: part 1.6.
fn verdict(answer: &HttpResponse) -> Verdict {
    if answer.is_success() {
        let value = json_text::parse(answer.body.as_bytes()).unwrap_or_default();
        // A created message may have failed at once; its status and error code report it. Source: part 7.
        if let Some(status @ ("failed" | "undelivered" | "canceled")) = text(&value, "/status") {
            let code = loose(&value, "/error_code");
            let failure = event::failure(status, code.as_deref(), text(&value, "/error_message"));
            return refused(failure, answer);
        }
        return match text(&value, "/sid") {
            Some(id) => Verdict::Accepted { provider_message_id: id.to_owned() },
            None => Verdict::Unknown { failure: missing_message_id(answer) },
        };
    }
    let failure = response_failure(answer);
    match answer.meaning().outcome {
        // The provider processed the request; the code says whether the rejection is temporary.
        Outcome::Rejected => refused(failure, answer),
        // After a server error, including 503, the message may have been sent.
        _ => answer.verdict(failure, false),
    }
}

/// Returns the verdict of a message that was certainly not sent: retry or rejected.
fn refused(failure: Failure, answer: &HttpResponse) -> Verdict {
    let for_now = failure.stops_number()
        || matches!(failure.class, FailureClass::Throttled | FailureClass::Transient)
        || schedule::schedule(&failure.code).is_some();
    if for_now { Verdict::Retry { failure, after: answer.retry_after } } else { Verdict::Rejected { failure } }
}

/// Returns the report of a message whose content object could not be created. Nothing was sent, so that a retry is
/// safe even if the response was lost.
fn without_content(failure: Failure) -> SendReport {
    let response = Untrusted::from(failure.line());
    let for_now = failure.stops_number()
        || matches!(failure.class, FailureClass::Throttled | FailureClass::Transient | FailureClass::Unknown);
    let verdict = if for_now { Verdict::Retry { failure, after: None } } else { Verdict::Rejected { failure } };
    SendReport { verdict, http_status: None, response }
}

/// Retries an interactive message whose content object was deleted at the provider, which creates it anew.
fn anew_without_content(twilio: &Twilio, body: &str, verdict: Verdict) -> Verdict {
    const NO_CONTENT: &str = "21655";
    let id = url::form_urlencoded::parse(body.as_bytes()).find(|(name, _)| name == "ContentSid");
    match (verdict, id) {
        (Verdict::Rejected { failure }, Some((_, id))) if failure.code == NO_CONTENT && twilio.contents.forget(&id) => {
            Verdict::Retry { failure, after: None }
        }
        (verdict, _) => verdict,
    }
}

pub(super) async fn send(twilio: &Twilio, connection: &Connection, request: &WireRequest) -> SendReport {
    let key = twilio.account(connection).and_then(|account| twilio.key(connection.into(), &account));
    let key = match key {
        Ok(key) => key,
        Err(failure) => {
            let verdict = Verdict::Retry { failure: *failure, after: None };
            return SendReport { verdict, http_status: None, response: Untrusted::default() };
        }
    };
    let url = format!("{}{}", twilio.api, request.path);
    let mut body = request.body.clone();
    if let Some(prior) = &request.prior {
        match offer::ensure(twilio, connection, prior).await {
            Ok(id) => body = Serializer::new(body).append_pair("ContentSid", &id).finish(),
            Err(failure) => return without_content(*failure),
        }
    }
    match twilio.client(Host::Api).post_fields(&url, ("authorization", &key), body.clone()).await {
        Ok(answer) => SendReport {
            verdict: anew_without_content(twilio, &body, verdict(&answer)),
            http_status: Some(answer.status),
            response: Untrusted::new(answer.body.chars().take(4_000).collect::<String>()),
        },
        Err(error) => error.send_report(),
    }
}

/// Cancels a scheduled message. Messages in any other state cannot be cancelled. Source: part 2.4.
pub(super) async fn cancel_scheduled(
    twilio: &Twilio,
    connection: &Connection,
    id: &str,
) -> Result<CancelOutcome, ProviderError> {
    let account = twilio.account(connection)?;
    let key = twilio.key(connection.into(), &account)?;
    let url = format!("{}/2010-04-01/Accounts/{}/Messages/{}.json", twilio.api, encoded(&account), encoded(id));
    let body = "Status=canceled".to_owned();
    let answer = twilio
        .client(Host::Api)
        .post_fields(&url, ("authorization", &key), body)
        .await
        .map_err(|error| error.change_failure())?;
    if answer.is_success() {
        let response = parse_response(&answer)?;
        return match text(&response, "/status") {
            Some("canceled") => Ok(CancelOutcome::Cancelled),
            other => {
                let reason = format!("it is {}", other.unwrap_or("in no state"));
                Ok(CancelOutcome::TooLate(event::failure("", None, Some(&reason))))
            }
        };
    }
    let failure = response_failure(&answer);
    match failure.class {
        FailureClass::Throttled | FailureClass::Transient => Err(failure.into()),
        _ if failure.stops_number() => Err(failure.into()),
        _ if answer.status >= 500 => Err(failure.into()),
        _ => Ok(CancelOutcome::TooLate(failure)),
    }
}

/// Marks a message as read and shows the typing indicator; the API does both or neither. Source: part 2.10.
pub(super) async fn typing(twilio: &Twilio, connection: &Connection, id: &str) -> Result<(), ProviderError> {
    let account = twilio.account(connection)?;
    let key = twilio.key(connection.into(), &account)?;
    let body = Serializer::new(String::new()).append_pair("channel", "whatsapp").append_pair("messageId", id).finish();
    let url = format!("{}/v2/Indicators/Typing.json", twilio.messaging);
    let client = twilio.client(Host::Messaging);
    let answer = client.post_fields(&url, ("authorization", &key), body).await.map_err(|error| error.failure())?;
    parse_response(&answer).map(|_| ())
}

/// Checks the account with `GET /Accounts/{AC}.json`, or lists one message where an API key pair may not read the
/// account.
pub(super) async fn check(twilio: &Twilio, connection: &Connection) -> Result<NumberCheck, ProviderError> {
    let account = twilio.account(connection)?;
    let path = format!("/2010-04-01/Accounts/{}", encoded(&account));
    let mut answer = twilio.answer(connection, Host::Api, ("GET", &format!("{path}.json"), None)).await?;
    if answer.status == 401 && connection.settings.api_key_env.is_none() && twilio.named(API_KEY).is_some() {
        let one = format!("{path}/Messages.json?PageSize=1");
        answer = twilio.answer(connection, Host::Api, ("GET", &one, None)).await?;
    }
    let response = parse_response(&answer)?;
    let parts = [("", "/friendly_name"), ("", "/status"), ("", "/type")];
    let mut parts: Vec<String> = parts
        .iter()
        .filter_map(|(label, path)| {
            text(&response, path).map(|value| format!("{label}{}", Untrusted::from(value).line()))
        })
        .collect();
    let sandbox = connection.phone_number.digits() == SANDBOX || connection.settings.join_code.is_some();
    if sandbox {
        parts.push("sandbox: one message in 3 s, people rejoin every 3 days".to_owned());
    }
    let mut state = sender::State::default();
    if !sandbox {
        match sender::state(twilio, connection).await {
            Ok(found) => state = found,
            // A key may be allowed to send messages but not to read senders.
            Err(trouble) if trouble.class == FailureClass::Authorization || trouble.code == "20404" => {
                parts.push("what state its sender is in is not told to this key".to_owned());
            }
            Err(trouble) => parts.push(format!("its sender could not be asked: {}", trouble.line())),
        }
    }
    if let Some(off) = state.off {
        let remedy = "Check the sender in the provider's console: nothing is sent with it until then.";
        return Err(Failure::own(FailureClass::Setup, "Sender off", off, remedy).into());
    }
    parts.extend(state.parts);
    let (webhook, differ) = webhooks::in_force(twilio, connection, state.webhook).await;
    parts.extend(differ);
    let note = if parts.is_empty() { "the account answers".to_owned() } else { parts.join(", ") };
    let kind = if sandbox { NumberKind::Sandbox } else { NumberKind::Production };
    Ok(NumberCheck { note, quality: state.quality, clock: answer.date, kind: Some(kind), webhook })
}

/// Lists the newest messages to a recipient. Source: part 2.4.
pub(super) async fn list_sent_to(
    twilio: &Twilio,
    connection: &Connection,
    to: &PhoneNumber,
) -> Result<Vec<SentMessage>, ProviderError> {
    let account = twilio.account(connection)?;
    let own = format!("whatsapp:{}", connection.phone_number);
    let pool = connection.settings.messaging_service.as_deref();
    let to = channel(&Address::Phone(to.clone()));
    // A scheduled message of a messaging service has no sender yet, so filtering by sender would omit it.
    let from = pool.is_none().then_some(("From", own.as_str()));
    let parameters = [("To", to.as_str()), ("PageSize", "50")].into_iter().chain(from);
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    let answer = twilio.get(connection, Host::Api, &format!("{}?{query}", path(&account))).await?;
    let list = answer.get("messages").and_then(Value::as_array).into_iter().flatten();
    let is_from_us = |object: &&Value| match text(object, "/from") {
        Some(from) => from == own,
        None => pool.is_some() && text(object, "/messaging_service_sid") == pool,
    };
    let outbound = |object: &&Value| text(object, "/direction") != Some("inbound");
    Ok(list.filter(outbound).filter(is_from_us).filter_map(sent).collect())
}

fn sent(object: &Value) -> Option<SentMessage> {
    Some(SentMessage {
        provider_message_id: text(object, "/sid")?.to_owned(),
        sent_at: text(object, "/date_created").and_then(date)?,
        words: Untrusted::from(text(object, "/body").unwrap_or_default()),
        reference: None,
    })
}

pub(super) async fn query_message(
    twilio: &Twilio,
    connection: &Connection,
    id: &str,
    now: Timestamp,
) -> Result<Option<MessageEvent>, ProviderError> {
    let account = twilio.account(connection)?;
    let path = format!("/2010-04-01/Accounts/{}/Messages/{}.json", encoded(&account), encoded(id));
    match twilio.get(connection, Host::Api, &path).await {
        Ok(object) => Ok(listed_message(twilio, connection, &object, now)),
        Err(trouble) if trouble.code == "20404" => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// Returns a page of this number's messages in both directions, newest first. It restores messages after an outage,
/// and reports delivery statuses where there is no public URL for callbacks.
pub(super) async fn list_messages(
    twilio: &Twilio,
    connection: &Connection,
    after: Option<&str>,
    now: Timestamp,
) -> Result<MessagePage, ProviderError> {
    let account = twilio.account(connection)?;
    let first = |name: &str| {
        let own = format!("whatsapp:{}", connection.phone_number);
        let query = Serializer::new(String::new()).append_pair(name, &own).append_pair("PageSize", "100").finish();
        format!("{}?{query}", path(&account))
    };
    // Inbound and outbound are separate lists: a cursor holds the next path of each, one per line.
    let pages: Vec<String> = match after {
        None => vec![first("To"), first("From")],
        Some(cursor) => cursor.lines().map(str::to_owned).collect(),
    };
    let (mut messages, mut next) = (vec![], vec![]);
    for page in pages.iter().filter(|page| page.starts_with("/2010-04-01/")) {
        let answer = twilio.get(connection, Host::Api, page).await?;
        let list = answer.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        messages.extend(list.iter().filter_map(|object| listed_message(twilio, connection, object, now)));
        next.extend(text(&answer, "/next_page_uri").filter(|_| !list.is_empty()).map(str::to_owned));
    }
    Ok(MessagePage { messages, next: (!next.is_empty()).then(|| next.join("\n")) })
}

fn listed_message(twilio: &Twilio, connection: &Connection, object: &Value, now: Timestamp) -> Option<MessageEvent> {
    let id = text(object, "/sid")?;
    let inbound = text(object, "/direction") == Some("inbound");
    let other = text(object, if inbound { "/from" } else { "/to" }).and_then(event::address);
    let status = text(object, "/status").unwrap_or_default();
    let code = loose(object, "/error_code");
    let statuses = event::progress(status).filter(|_| !inbound).map(|progress| StatusReport {
        status: progress,
        at: text(object, "/date_updated").and_then(date).unwrap_or(now),
        failure: (progress == DeliveryStatus::Failed)
            .then(|| event::failure(status, code.as_deref(), text(object, "/error_message"))),
        pricing: event::priced(loose(object, "/price").as_deref(), text(object, "/price_unit")),
    });
    Some(MessageEvent {
        phone_number_id: connection.phone_number_id.clone(),
        provider_message_id: id.to_owned(),
        direction: if inbound { Direction::Inbound } else { Direction::Outbound },
        origin: Origin::Api,
        contact: other.into_iter().collect(),
        contact_name: None,
        content: listed_content(twilio, object),
        sent_at: text(object, "/date_sent").or_else(|| text(object, "/date_created")).and_then(date).unwrap_or(now),
        reply_to: None,
        raw_statuses: statuses.iter().map(|_| object.to_string()).collect(),
        statuses: statuses.into_iter().collect(),
        other_statuses: vec![],
        reference: None,
        first_contact: None,
        counts: None,
        test: false,
        extras: crate::domain::message::inbound_content::Extras::default(),
        group: None,
        moved: None,
        conversation: None,
    })
}

/// A list has the number of files but not their URLs: the URL of the message's media list is the id.
fn listed_content(twilio: &Twilio, object: &Value) -> Content {
    let body = text(object, "/body").unwrap_or_default();
    let files = loose(object, "/num_media").is_some_and(|count| count != "0");
    match text(object, "/subresource_uris/media").filter(|_| files) {
        Some(path) => Content::Document(Media {
            id: format!("{}{path}", twilio.api),
            caption: (!body.is_empty()).then(|| Untrusted::from(body)),
            ..Media::default()
        }),
        None => Content::text(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(status: u16, body: &str) -> (&'static str, FailureClass) {
        let answer = HttpResponse { status, body: body.to_owned(), ..HttpResponse::default() };
        match verdict(&answer) {
            Verdict::Accepted { .. } => ("accepted", FailureClass::Unknown),
            Verdict::Retry { failure, .. } => ("retry", failure.class),
            Verdict::Rejected { failure } => ("reject", failure.class),
            Verdict::Unknown { failure } => ("unknown", failure.class),
        }
    }

    #[test]
    fn every_response_is_classified() {
        let code_of = |code: u32| format!(r#"{{"code":{code},"message":"x","status":400}}"#);
        assert_eq!(sorted(201, r#"{"sid":"SM1","status":"queued"}"#).0, "accepted");
        assert_eq!(sorted(201, "{}").0, "unknown");
        let created = |status: &str, code: &str| format!(r#"{{"sid":"SM1","status":"{status}","error_code":{code}}}"#);
        assert_eq!(sorted(201, &created("failed", "63016")), ("reject", FailureClass::Window));
        assert_eq!(sorted(201, &created("failed", "null")), ("reject", FailureClass::Unknown));
        assert_eq!(sorted(201, &created("undelivered", "30003")), ("retry", FailureClass::Recipient));
        assert_eq!(sorted(201, &created("failed", "\"63018\"")), ("retry", FailureClass::Throttled));
        assert_eq!(sorted(201, &created("queued", "null")).0, "accepted");
        assert_eq!(sorted(400, r#"{"error_code":63016,"message":"x"}"#), ("reject", FailureClass::Window));
        for code in [20_005, 20_006, 30_002, 63_001, 63_007, 63_008, 63_020, 63_051] {
            assert_eq!(sorted(403, &code_of(code)), ("retry", FailureClass::Account), "{code}");
        }
        // The sender is unusable for every recipient, so the number is held and the messages stay queued.
        for code in [21_212, 21_606, 21_701, 21_702, 21_703, 21_704, 21_705] {
            assert_eq!(sorted(400, &code_of(code)), ("retry", FailureClass::Account), "{code}");
        }
        assert_eq!(sorted(400, &code_of(21_211)), ("reject", FailureClass::Recipient));
        assert_eq!(sorted(400, &code_of(63_016)), ("reject", FailureClass::Window));
        assert_eq!(sorted(400, &code_of(21_611)), ("retry", FailureClass::Throttled));
        assert_eq!(sorted(401, &code_of(20_003)), ("retry", FailureClass::Authorization));
        assert_eq!(sorted(401, "<html>"), ("retry", FailureClass::Authorization));
        assert_eq!(sorted(429, "").0, "retry");
        assert_eq!(sorted(500, &code_of(20_500)).0, "unknown");
        assert_eq!(sorted(503, "Service Unavailable").0, "unknown");
        assert_eq!(sorted(408, "").0, "unknown");
        assert_eq!(sorted(425, ""), ("retry", FailureClass::Throttled));
        assert_eq!(sorted(302, &code_of(63_016)), ("retry", FailureClass::Endpoint));
        assert_eq!(sorted(407, ""), ("retry", FailureClass::Endpoint));
        assert_eq!(sorted(400, r#"{"type":"x","title":"Bad","status":400,"detail":"no"}"#).0, "reject");
    }
}
