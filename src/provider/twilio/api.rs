//! Requests to the three hosts: who asks, what came back, and what an error means. Source: parts 1 and 2.

use base64::Engine as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::payload::{channel, path};
use super::{Twilio, dictionary, event, schedule, sender};
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
use crate::provider::cloud_api::graph::{encoded, key_missing, nameless};
use crate::provider::cloud_api::{loose, text};
use crate::provider::http::{Client, HttpAnswer, date};
use crate::provider::http_status::{Outcome, meaning};
use crate::provider::numbers::Access;
use crate::provider::{Checked, Listed, ProviderError, SendReport, SentMessage, WireRequest};

/// The number that all sandboxes share. Source: part 2.9.
pub(super) const SANDBOX: &str = "14155238886";

/// One of the hosts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Host {
    Api,
    Content,
    Messaging,
}

impl Host {
    /// The environment variable of its base URL.
    const fn base_variable(self) -> &'static str {
        match self {
            Self::Api => "TWILIO_API_BASE_URL",
            Self::Content => "TWILIO_CONTENT_BASE_URL",
            Self::Messaging => "TWILIO_MESSAGING_BASE_URL",
        }
    }
}

impl Twilio {
    /// Whose account it is: the connection's own, else the one that the environment names.
    pub(super) fn account(&self, connection: &Connection) -> Result<String, ProviderError> {
        if !connection.business_account_id.is_empty() {
            return Ok(connection.business_account_id.clone());
        }
        self.named(super::ACCOUNT).ok_or_else(|| key_missing("account", &connection.name, super::ACCOUNT).into())
    }

    fn named(&self, name: &str) -> Option<String> {
        let value = (self.secrets)(name)?.expose_secret().trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    /// The header that lets us in. A pair of keys stands in for the account's token where it is set.
    pub(super) fn key(&self, access: Access<'_>, account: &str) -> Result<SecretString, ProviderError> {
        let pair = self.named(super::API_KEY).zip(self.named(super::API_KEY_SECRET));
        let (user, password) = match (access.api_key_env, pair) {
            (Some(name), _) => {
                (account.to_owned(), self.named(name).ok_or_else(|| key_missing("token", access.label, name))?)
            }
            (None, Some(pair)) => pair,
            (None, None) => {
                let token = self.tokens.first().map(|token| token.expose_secret().to_owned());
                (account.to_owned(), token.ok_or_else(|| key_missing("token", access.label, super::TOKEN))?)
            }
        };
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Ok(format!("Basic {pair}").into())
    }

    /// The client for a host, which knows the name of its base URL.
    pub(super) fn client(&self, host: Host) -> Client {
        self.client.for_base(host.base_variable())
    }

    pub(super) fn base(&self, host: Host) -> &str {
        match host {
            Host::Api => &self.api,
            Host::Content => &self.content,
            Host::Messaging => &self.messaging,
        }
    }

    pub(super) async fn answer(
        &self,
        connection: &Connection,
        host: Host,
        (method, path, body): (&str, &str, Option<&Value>),
    ) -> Result<HttpAnswer, ProviderError> {
        let access = Access::from(connection);
        let account = self.account(connection)?;
        self.ask(access, &account, host, (method, path, body)).await
    }

    pub(super) async fn ask(
        &self,
        access: Access<'_>,
        account: &str,
        host: Host,
        (method, path, body): (&str, &str, Option<&Value>),
    ) -> Result<HttpAnswer, ProviderError> {
        let key = self.key(access, account)?;
        let verb = reqwest::Method::from_bytes(method.as_bytes()).map_err(|_| {
            let explanation = format!("`{method}` is not an HTTP method.");
            Box::new(Failure::own(FailureClass::Request, "No method", explanation, "Say GET."))
        })?;
        let looks = verb == reqwest::Method::GET;
        let url = format!("{}{path}", self.base(host));
        let answer = self.client(host).call(verb, &url, ("authorization", &key), body.map(Value::to_string)).await;
        answer.map_err(|lost| Box::new(if looks { lost.failure() } else { lost.of_change() }))
    }

    pub(super) async fn get(&self, connection: &Connection, host: Host, path: &str) -> Result<Value, ProviderError> {
        parsed(&self.answer(connection, host, ("GET", path, None)).await?)
    }
}

pub(super) fn parsed(answer: &HttpAnswer) -> Result<Value, ProviderError> {
    if !answer.is_success() {
        return Err(of_answer(answer).into());
    }
    if answer.body.trim().is_empty() {
        return Ok(Value::Null);
    }
    json_text::parse(answer.body.as_bytes()).map_err(|_| {
        let title = "Response not valid";
        let explanation = "The response of the provider is not JSON.";
        let remedy = "Check TWILIO_API_BASE_URL: a proxy or a login page may be in between.";
        let said = answer.body.chars().take(500).collect::<String>();
        Failure::own(FailureClass::Unknown, title, explanation, remedy).saying(said).into()
    })
}

/// The reason inside an error answer, in either of its two forms. Source: part 1.4.
pub(super) fn failure(status: u16, body: &str) -> Failure {
    let value = json_text::parse(body.as_bytes()).unwrap_or_default();
    let said = body.chars().take(2_000).collect::<String>();
    let words = ["/message", "/detail", "/title"].iter().find_map(|path| text(&value, path));
    let code = ["/code", "/error_code"].iter().find_map(|path| loose(&value, path));
    let code = code.filter(|code| code.chars().all(|c| c.is_ascii_digit()));
    let usual = match status {
        401 => Some("20003"),
        403 => Some("20403"),
        404 => Some("20404"),
        405 => Some("20004"),
        429 => Some("20429"),
        _ => None,
    };
    if let Some(code) = code.as_deref().or(usual) {
        return dictionary::failure(code, words, words.unwrap_or(&said));
    }
    let row = meaning(status);
    Failure::own(row.class, row.title, row.explanation, row.remedy).saying(words.unwrap_or(&said))
}

/// The reason why an answer is no success; what was not answered by the provider's API says so.
pub(super) fn of_answer(answer: &HttpAnswer) -> Failure {
    answer.elsewhere().unwrap_or_else(|| failure(answer.status, &answer.body))
}

/// What an answer to a send means for the message. Source: part 1.6.
fn verdict(answer: &HttpAnswer) -> Verdict {
    if answer.is_success() {
        let value = json_text::parse(answer.body.as_bytes()).unwrap_or_default();
        // A message may be made and have failed at once: its own record says so, with the code. Source: part 7.
        if let Some(status @ ("failed" | "undelivered" | "canceled")) = text(&value, "/status") {
            let code = loose(&value, "/error_code");
            let failure = event::failure(status, code.as_deref(), text(&value, "/error_message"));
            return refused(failure, answer);
        }
        return match text(&value, "/sid") {
            Some(id) => Verdict::Accepted { provider_message_id: id.to_owned() },
            None => Verdict::Unknown { failure: nameless(answer) },
        };
    }
    let failure = of_answer(answer);
    match answer.meaning().outcome {
        // The request was looked at: its code says whether that is for now.
        Outcome::Rejected => refused(failure, answer),
        // After an error of their own, 503 as well, the message may have gone all the same.
        _ => answer.verdict(failure, false),
    }
}

/// It was certainly not sent: for now, or for good.
fn refused(failure: Failure, answer: &HttpAnswer) -> Verdict {
    let for_now = failure.stops_number()
        || matches!(failure.class, FailureClass::Throttled | FailureClass::Transient)
        || schedule::schedule(&failure.code).is_some();
    if for_now { Verdict::Retry { failure, after: answer.retry_after } } else { Verdict::Rejected { failure } }
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
    match twilio.client(Host::Api).post_fields(&url, ("authorization", &key), request.body.clone()).await {
        Ok(answer) => SendReport {
            verdict: verdict(&answer),
            http_status: Some(answer.status),
            response: Untrusted::new(answer.body.chars().take(4_000).collect::<String>()),
        },
        Err(lost) => lost.of_send(),
    }
}

/// Cancels what is kept for later: nothing else can be cancelled. Source: part 2.4.
pub(super) async fn call_back(
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
        .map_err(|lost| lost.of_change())?;
    if answer.is_success() {
        let told = parsed(&answer)?;
        return match text(&told, "/status") {
            Some("canceled") => Ok(CancelOutcome::Cancelled),
            other => {
                let said = format!("it is {}", other.unwrap_or("in no state"));
                Ok(CancelOutcome::TooLate(event::failure("", None, Some(&said))))
            }
        };
    }
    let failure = of_answer(&answer);
    match failure.class {
        FailureClass::Throttled | FailureClass::Transient => Err(failure.into()),
        _ if failure.stops_number() => Err(failure.into()),
        _ if answer.status >= 500 => Err(failure.into()),
        _ => Ok(CancelOutcome::TooLate(failure)),
    }
}

/// Marks as read and shows that an answer is being written; one does not go without the other. Source: 2.10.
pub(super) async fn typing(twilio: &Twilio, connection: &Connection, id: &str) -> Result<(), ProviderError> {
    let account = twilio.account(connection)?;
    let key = twilio.key(connection.into(), &account)?;
    let body = Serializer::new(String::new()).append_pair("channel", "whatsapp").append_pair("messageId", id).finish();
    let url = format!("{}/v2/Indicators/Typing.json", twilio.messaging);
    let client = twilio.client(Host::Messaging);
    let answer = client.post_fields(&url, ("authorization", &key), body).await.map_err(|lost| lost.failure())?;
    parsed(&answer).map(|_| ())
}

/// `GET /Accounts/{AC}.json`; a pair of keys may not ask for that, and asks for one message instead.
pub(super) async fn check(twilio: &Twilio, connection: &Connection) -> Result<Checked, ProviderError> {
    let account = twilio.account(connection)?;
    let path = format!("/2010-04-01/Accounts/{}", encoded(&account));
    let mut answer = twilio.answer(connection, Host::Api, ("GET", &format!("{path}.json"), None)).await?;
    if answer.status == 401 && connection.settings.api_key_env.is_none() && twilio.named(super::API_KEY).is_some() {
        let one = format!("{path}/Messages.json?PageSize=1");
        answer = twilio.answer(connection, Host::Api, ("GET", &one, None)).await?;
    }
    let told = parsed(&answer)?;
    let parts = [("", "/friendly_name"), ("", "/status"), ("", "/type")];
    let mut parts: Vec<String> = parts
        .iter()
        .filter_map(|(label, path)| text(&told, path).map(|value| format!("{label}{}", Untrusted::from(value).line())))
        .collect();
    let sandbox = connection.phone_number.digits() == SANDBOX || connection.settings.join_code.is_some();
    if sandbox {
        parts.push("sandbox: one message in 3 s, people rejoin every 3 days".to_owned());
    }
    let mut state = sender::State::default();
    if !sandbox {
        match sender::state(twilio, connection).await {
            Ok(told) => state = told,
            // A key may be good for messages and not for this.
            Err(trouble) if trouble.class == FailureClass::Authorization || trouble.code == "20404" => {
                parts.push("what state its sender is in is not told to this key".to_owned());
            }
            Err(trouble) => parts.push(format!("its sender could not be asked: {}", trouble.line())),
        }
    }
    if let Some(off) = state.off {
        let remedy = "See the sender in the provider's console: nothing goes out over it until then.";
        return Err(Failure::own(FailureClass::Setup, "Sender off", off, remedy).into());
    }
    parts.extend(state.parts);
    let (webhook, differ) = super::webhooks::in_force(twilio, connection, state.webhook).await;
    parts.extend(differ);
    let note = if parts.is_empty() { "the account answers".to_owned() } else { parts.join(", ") };
    let kind = if sandbox { NumberKind::Sandbox } else { NumberKind::Production };
    Ok(Checked { note, quality: state.quality, clock: answer.date, kind: Some(kind), webhook })
}

/// The newest messages to one recipient. Source: part 2.4.
pub(super) async fn sent_to(
    twilio: &Twilio,
    connection: &Connection,
    to: &PhoneNumber,
) -> Result<Vec<SentMessage>, ProviderError> {
    let account = twilio.account(connection)?;
    let own = format!("whatsapp:{}", connection.phone_number);
    let pool = connection.settings.messaging_service.as_deref();
    let to = channel(&Address::Phone(to.clone()));
    // What a pool keeps for later has no sender yet: whoever asks for ours would not be told of it.
    let from = pool.is_none().then_some(("From", own.as_str()));
    let asked = [("To", to.as_str()), ("PageSize", "50")].into_iter().chain(from);
    let query = Serializer::new(String::new()).extend_pairs(asked).finish();
    let answer = twilio.get(connection, Host::Api, &format!("{}?{query}", path(&account))).await?;
    let list = answer.get("messages").and_then(Value::as_array).into_iter().flatten();
    let ours = |object: &&Value| match text(object, "/from") {
        Some(from) => from == own,
        None => pool.is_some() && text(object, "/messaging_service_sid") == pool,
    };
    let outbound = |object: &&Value| text(object, "/direction") != Some("inbound");
    Ok(list.filter(outbound).filter(ours).filter_map(sent).collect())
}

fn sent(object: &Value) -> Option<SentMessage> {
    Some(SentMessage {
        provider_message_id: text(object, "/sid")?.to_owned(),
        sent_at: text(object, "/date_created").and_then(date)?,
        words: Untrusted::from(text(object, "/body").unwrap_or_default()),
        reference: None,
    })
}

pub(super) async fn inspect(
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

/// A page of what was said over this number, in either direction, newest first: after an outage nothing
/// else brings back what people wrote, and without a public address nothing else tells what became of ours.
pub(super) async fn listed(
    twilio: &Twilio,
    connection: &Connection,
    after: Option<&str>,
    now: Timestamp,
) -> Result<Listed, ProviderError> {
    let account = twilio.account(connection)?;
    let first = |name: &str| {
        let own = format!("whatsapp:{}", connection.phone_number);
        let query = Serializer::new(String::new()).append_pair(name, &own).append_pair("PageSize", "100").finish();
        format!("{}?{query}", path(&account))
    };
    // The two lists go on side by side: a cursor names a page of each, by a path below the same host.
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
    Ok(Listed { messages, next: (!next.is_empty()).then(|| next.join("\n")) })
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

/// A list says how many files there are and not which: the address of their list stands for them.
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
        let answer = HttpAnswer { status, body: body.to_owned(), ..HttpAnswer::default() };
        match verdict(&answer) {
            Verdict::Accepted { .. } => ("accepted", FailureClass::Unknown),
            Verdict::Retry { failure, .. } => ("retry", failure.class),
            Verdict::Rejected { failure } => ("reject", failure.class),
            Verdict::Unknown { failure } => ("unknown", failure.class),
        }
    }

    #[test]
    fn every_answer_is_sorted() {
        let code_of = |code: u32| format!(r#"{{"code":{code},"message":"x","status":400}}"#);
        assert_eq!(sorted(201, r#"{"sid":"SM1","status":"queued"}"#).0, "accepted");
        assert_eq!(sorted(201, "{}").0, "unknown");
        let made = |status: &str, code: &str| format!(r#"{{"sid":"SM1","status":"{status}","error_code":{code}}}"#);
        assert_eq!(sorted(201, &made("failed", "63016")), ("reject", FailureClass::Window));
        assert_eq!(sorted(201, &made("failed", "null")), ("reject", FailureClass::Unknown));
        assert_eq!(sorted(201, &made("undelivered", "30003")), ("retry", FailureClass::Recipient));
        assert_eq!(sorted(201, &made("failed", "\"63018\"")), ("retry", FailureClass::Throttled));
        assert_eq!(sorted(201, &made("queued", "null")).0, "accepted");
        assert_eq!(sorted(400, r#"{"error_code":63016,"message":"x"}"#), ("reject", FailureClass::Window));
        for code in [20_005, 20_006, 30_002, 63_001, 63_007, 63_008, 63_020, 63_051] {
            assert_eq!(sorted(403, &code_of(code)), ("retry", FailureClass::Account), "{code}");
        }
        // The sender is not usable, whoever is written to: it holds the number and burns no queue.
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
