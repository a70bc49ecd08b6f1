//! Requests of the Graph API, for its own host and for mirrors: only root URL and key header differ.

use futures::StreamExt;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::contacts::same_phone;
use super::{error, loose, template, text};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::json_text;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::graph_version::{DEFAULT_GRAPH_VERSION, is_graph_version};
use crate::domain::outbox::entry::Verdict;
use crate::domain::templates::template::Template;
use crate::domain::text::{Untrusted, clean_line};
use crate::provider::http::{Client, HttpResponse};
use crate::provider::{ProviderError, SendReport, Sink, Upload};

/// Characters of a response that are shown in an explanation. The failure keeps more of it.
const MAX_SHOWN_CHARS: usize = 300;
/// Pages of 100 templates that are read at most, more than any account may have.
const MAX_PAGES: usize = 70;

/// Returns the Graph API version for request paths. An invalid one, such as `latest`, is replaced with a warning.
pub(crate) fn version(given: Option<String>, warn: &mut dyn FnMut(String)) -> String {
    match given {
        Some(version) if is_graph_version(&version) => version,
        Some(other) => {
            let other = crate::domain::text::clean_line(&other);
            warn(format!("META_GRAPH_VERSION is `{other}`, which is not a version; {DEFAULT_GRAPH_VERSION} is used."));
            DEFAULT_GRAPH_VERSION.to_owned()
        }
        None => DEFAULT_GRAPH_VERSION.to_owned(),
    }
}

/// Encodes an id as a single path segment.
pub(crate) fn encoded(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A client of the Graph API at one root URL.
pub(crate) struct Graph<'c> {
    pub client: &'c Client,
    /// Base URL with the version, before an object's id.
    pub root: String,
    pub header: &'static str,
    pub key: SecretString,
}

impl Graph<'_> {
    const fn key(&self) -> (&'static str, &SecretString) {
        (self.header, &self.key)
    }

    pub async fn answer(&self, method: &str, path: &str, body: Option<&Value>) -> Result<HttpResponse, ProviderError> {
        let verb = reqwest::Method::from_bytes(method.as_bytes()).map_err(|_| {
            let explanation = format!("`{method}` is not an HTTP method.");
            Box::new(Failure::own(FailureClass::Request, "No method", explanation, "Use GET."))
        })?;
        let is_read = verb == reqwest::Method::GET;
        let url = format!("{}{path}", self.root);
        let answer = self.client.call(verb, &url, self.key(), body.map(Value::to_string)).await;
        answer.map_err(|error| Box::new(if is_read { error.failure() } else { error.change_failure() }))
    }

    /// Sends a request and parses the JSON response. An empty body is `null`.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, ProviderError> {
        let answer = self.answer(method, path, body).await?;
        if answer.is_success() && answer.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        parse_response(&answer)
    }

    pub async fn mark_read(&self, number: &str, message: &str, typing: bool) -> Result<(), ProviderError> {
        let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message });
        if typing {
            body["typing_indicator"] = json!({ "type": "text" });
        }
        self.call("POST", &format!("/{}/messages", encoded(number)), Some(&body)).await.map(|_| ())
    }

    /// Lists all templates with `GET /{business_account_id}/message_templates`, following the cursor, not the URL in
    /// `next`.
    pub async fn templates(&self, account: &str) -> Result<Vec<Template>, ProviderError> {
        let mut found = vec![];
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let answer = self.call("GET", &template_page(account, after.as_deref()), None).await?;
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

    /// Uploads a file with `POST /{phone_number_id}/media`. Returns its id. The platform uses the MIME type of the
    /// file part.
    pub async fn upload(&self, number: &str, file: Upload<'_>) -> Result<String, ProviderError> {
        let url = format!("{}/{}/media", self.root, encoded(number));
        let bytes = tokio::fs::read(file.path).await.map_err(|error| {
            let explanation = format!("The file can no longer be read: {error}.");
            Box::new(Failure::own(FailureClass::Request, "File not readable", explanation, "Attach it again."))
        })?;
        let total = bytes.len() as u64;
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<u64>();
        let chunks: Vec<bytes::Bytes> = split(bytes::Bytes::from(bytes));
        let mut sent = 0;
        let stream = futures::stream::iter(chunks).map(move |chunk| {
            sent += chunk.len() as u64;
            let _ = sender.send(sent);
            Ok::<_, std::io::Error>(chunk)
        });
        let form = |body| -> Result<_, reqwest::Error> {
            let part = reqwest::multipart::Part::stream_with_length(body, total)
                .file_name(file.name.to_owned())
                .mime_str(file.mime_type)?;
            Ok(reqwest::multipart::Form::new()
                .text("messaging_product", "whatsapp")
                .text("type", file.mime_type.to_owned())
                .part("file", part))
        };
        let form = form(reqwest::Body::wrap_stream(stream)).map_err(|error| {
            let explanation = format!("`{}` is not a media type: {error}.", file.mime_type);
            Box::new(Failure::own(FailureClass::Request, "Type not valid", explanation, "Attach another file."))
        })?;
        let posting = self.client.post_form(&url, self.key(), form);
        tokio::pin!(posting);
        let answer = loop {
            tokio::select! {
                answer = &mut posting => break answer.map_err(|error| error.failure())?,
                Some(sent) = receiver.recv() => (file.progress)(sent, total),
            }
        };
        if !answer.is_success() {
            return Err(response_failure(&answer).into());
        }
        let parsed = json_text::parse(answer.body.as_bytes()).unwrap_or_default();
        loose(&parsed, "/id").ok_or_else(|| {
            Failure::own(
                FailureClass::Transient,
                "No id for the file",
                "The provider accepted the file but returned no id for it.",
                "It is uploaded again automatically.",
            )
            .saying(answer.body.chars().take(500).collect::<String>())
            .into()
        })
    }

    /// Submits a template. Returns its id and its approval status.
    pub async fn create_template(&self, account: &str, template: &Value) -> Result<(String, String), ProviderError> {
        let answer = self.call("POST", &format!("/{}/message_templates", encoded(account)), Some(template)).await?;
        let id = loose(&answer, "/id").ok_or_else(|| missing_field("id of the template"))?;
        Ok((id, text(&answer, "/status").unwrap_or("PENDING").to_owned()))
    }

    pub async fn delete_template(&self, account: &str, name: &str, id: Option<&str>) -> Result<(), ProviderError> {
        let one = id.map(|id| format!("&hsm_id={}", encoded(id))).unwrap_or_default();
        let path = format!("/{}/message_templates?name={}{one}", encoded(account), encoded(name));
        self.call("DELETE", &path, None).await.map(|_| ())
    }

    /// Returns a template's editable fields. `None` where the path is unknown to the platform.
    pub async fn template_text(&self, path: &str) -> Result<Option<Value>, ProviderError> {
        let mut answer = match self.call("GET", path, None).await {
            Ok(answer) => answer,
            // The Graph API reports unknown ids with these codes.
            Err(trouble) if matches!(trouble.code.as_str(), "100" | "33") => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let mut object = if answer["data"].is_object() { answer["data"].take() } else { answer };
        let mut own = json!({});
        for key in AUTHOR_FIELDS {
            if !object[key].is_null() {
                own[key] = object[key].take();
            }
        }
        if let Some(format) = own["parameter_format"].as_str().map(str::to_ascii_uppercase) {
            own["parameter_format"] = format.into();
        }
        Ok(Some(own))
    }
}

/// The fields of a template that its author edits.
const AUTHOR_FIELDS: [&str; 6] =
    ["name", "language", "category", "parameter_format", "message_send_ttl_seconds", "components"];

/// Returns the failure of a success response without an expected field.
pub(crate) fn missing_field(what: &str) -> Failure {
    let explanation = format!("The provider accepted the request, but returned no {what}.");
    let remedy = "Check the state at the provider before you retry.";
    Failure::own(FailureClass::Unknown, "Response incomplete", explanation, remedy)
}

const TEMPLATE_FIELDS: &str =
    "id,name,language,category,status,parameter_format,components,rejected_reason,quality_score";

fn template_page(account: &str, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", "100");
    // Quality score and rejection reason are returned only if requested.
    query.append_pair("fields", TEMPLATE_FIELDS);
    if let Some(cursor) = after {
        query.append_pair("after", cursor);
    }
    format!("/{}/message_templates?{}", encoded(account), query.finish())
}

/// Splits a file into chunks, small enough to report progress.
fn split(mut bytes: bytes::Bytes) -> Vec<bytes::Bytes> {
    const PIECE: usize = 64 * 1024;
    let mut pieces = vec![];
    while bytes.len() > PIECE {
        pieces.push(bytes.split_to(PIECE));
    }
    pieces.push(bytes);
    pieces
}

pub(crate) fn parse_response(answer: &HttpResponse) -> Result<Value, ProviderError> {
    if !answer.is_success() {
        return Err(response_failure(answer).into());
    }
    json_text::parse(answer.body.as_bytes()).map_err(|_| {
        Failure::own(
            FailureClass::Unknown,
            "Response not valid",
            "The response of the provider is not JSON.",
            "Check the base URL: a proxy or a login page may be in between.",
        )
        .saying(answer.body.chars().take(500).collect::<String>())
        .into()
    })
}

/// Posts a message and classifies the response.
pub(crate) async fn send(
    client: &Client,
    url: &str,
    key: Result<(&'static str, SecretString), ProviderError>,
    body: String,
) -> SendReport {
    let (header, key) = match key {
        Ok(key) => key,
        Err(failure) => {
            let verdict = Verdict::Retry { failure: *failure, after: None };
            return SendReport { verdict, http_status: None, response: Untrusted::default() };
        }
    };
    let answer = match client.post(url, Some((header, &key)), body).await {
        Ok(answer) => answer,
        Err(error) => return error.send_report(),
    };
    SendReport {
        verdict: verdict(&answer),
        http_status: Some(answer.status),
        response: Untrusted::new(answer.body.chars().take(4_000).collect::<String>()),
    }
}

/// Returns the phone number that the platform delivers to, which may be a variant of the one in the request (part
/// 2.1, the response). `None` unless the response names `to` as its input or the number is a variant of `to`:
/// anything else would merge two contacts.
pub(crate) fn recipient(to: &Address, response: &str) -> Option<Address> {
    let parsed = json_text::parse(response.as_bytes()).ok()?;
    text(&parsed, "/messages/0/id")?;
    let number = text(&parsed, "/contacts/0/wa_id")?;
    let is_match = match loose(&parsed, "/contacts/0/input") {
        Some(input) => same_phone(&input, to.key()),
        None => same_phone(number, to.key()),
    };
    PhoneNumber::parse_short(number).ok().filter(|_| is_match).map(Address::Phone)
}

fn verdict(answer: &HttpResponse) -> Verdict {
    if !answer.is_success() {
        return refusal_verdict(answer);
    }
    let parsed = json_text::parse(answer.body.as_bytes()).unwrap_or_default();
    match text(&parsed, "/messages/0/id") {
        Some(id) => Verdict::Accepted { provider_message_id: id.to_owned() },
        // A known error code decides, whatever the HTTP status.
        None if is_known_code(&response_failure(answer)) => refusal_verdict(answer),
        None => Verdict::Unknown { failure: missing_message_id(answer) },
    }
}

/// Returns the failure of a response. A redirect or a proxy is reported as such.
fn response_failure(answer: &HttpResponse) -> Failure {
    answer.endpoint_failure().unwrap_or_else(|| error::failure(answer.status, &answer.body))
}

/// Returns the verdict of an error response to a send request. A known code means that the platform processed the
/// request and rejected it, temporarily or finally. Otherwise the status decides; 503 guarantees that nothing was
/// processed (Meta: errors › transport rules).
fn refusal_verdict(answer: &HttpResponse) -> Verdict {
    let failure = response_failure(answer);
    let after = answer.retry_after;
    if !is_known_code(&failure) {
        let class = if failure.class == FailureClass::Unknown { answer.meaning().class } else { failure.class };
        return answer.verdict(Failure { class, ..failure }, true);
    }
    match failure.class {
        _ if failure.stops_number() => Verdict::Retry { failure, after },
        FailureClass::Throttled | FailureClass::Transient => Verdict::Retry { failure, after },
        _ => Verdict::Rejected { failure },
    }
}

/// Returns `true` if the dictionary has the failure's code.
fn is_known_code(failure: &Failure) -> bool {
    !failure.code.is_empty() && failure.class != FailureClass::Unknown
}

/// Returns the failure of a success response without a message id, which makes the message uncertain.
pub(crate) fn missing_message_id(answer: &HttpResponse) -> Failure {
    let excerpt = answer.excerpt();
    let shown: String = clean_line(&excerpt).chars().take(MAX_SHOWN_CHARS).collect();
    let shown = if shown.is_empty() { "The response is empty.".to_owned() } else { format!("Response: {shown}") };
    let explanation = format!(
        "The provider responded with HTTP {} without a message id: the message may have been sent. {shown}",
        answer.status
    );
    let remedy = "wadeck queries the provider if possible; otherwise decide by the response.";
    Failure::own(FailureClass::Unknown, "Response without an id", explanation, remedy).saying(excerpt)
}

pub(crate) fn missing_file_url() -> Failure {
    Failure::own(
        FailureClass::Unknown,
        "No URL for the file",
        "The provider knows the file but returned no URL for it.",
        "It is retried automatically.",
    )
}

/// Returns the failure of a file URL at a host that is not the provider's.
pub(crate) fn foreign_host(host: &str) -> Failure {
    Failure::own(
        FailureClass::Policy,
        "Foreign URL",
        format!("The URL of the file is at {host}, which is not a host of the provider."),
        "It is not fetched. Ask the provider whether that URL is theirs.",
    )
}

/// Downloads a file. `key` is sent only if the caller allows it for this host.
pub(crate) async fn download(
    client: &Client,
    address: &str,
    key: Option<(&str, &SecretString)>,
    sink: Sink<'_>,
) -> Result<(), ProviderError> {
    let answer = client.open_stream(address, key).await.map_err(|error| error.failure())?;
    if !answer.is_success() {
        let status = answer.status;
        return Err(error::failure(status, &answer.text().await).into());
    }
    answer.copy_to(sink).await
}

/// Returns the failure of a missing API key, with the environment variable that should hold it.
pub(crate) fn key_missing(what: &str, label: &str, name: &str) -> Failure {
    Failure::own(
        FailureClass::Authorization,
        "API key missing",
        format!("{label} has no {what}: {name} is not set."),
        format!("Set {name} (or {name}_FILE) and restart. Queued messages are safe."),
    )
}

/// Returns the path of a connection's number.
pub(crate) fn number_path(connection: &Connection) -> String {
    format!("/{}", encoded(&connection.phone_number_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, body: &str) -> (&'static str, FailureClass, String) {
        let answer = HttpResponse { status, body: body.to_owned(), ..HttpResponse::default() };
        match verdict(&answer) {
            Verdict::Retry { failure, .. } => ("retry", failure.class, failure.code),
            Verdict::Rejected { failure } => ("reject", failure.class, failure.code),
            Verdict::Unknown { failure } => ("unknown", failure.class, failure.code),
            Verdict::Accepted { .. } => unreachable!("an error is never an acceptance"),
        }
    }

    #[test]
    fn a_redirect_names_the_base_url_and_its_variable() {
        let answer = HttpResponse {
            status: 308,
            origin: "https://old.example".into(),
            base_variable: "SOME_BASE_URL",
            location: Some(format!("https://new.example/{}\u{1b}[2J", "x".repeat(5_000))),
            ..HttpResponse::default()
        };
        let Verdict::Retry { failure, .. } = verdict(&answer) else { panic!("held") };
        assert!(
            failure.explanation.starts_with("https://old.example responded with HTTP 308."),
            "{}",
            failure.explanation
        );
        assert!(failure.explanation.contains("It points to https://new.example/xxx"), "{}", failure.explanation);
        assert!(failure.explanation.len() < 600 && !failure.explanation.contains('\u{1b}'), "{}", failure.explanation);
        assert!(failure.remedy.contains("Set SOME_BASE_URL to the URL"), "{}", failure.remedy);
    }

    #[test]
    fn a_number_is_learned_only_for_the_requested_contact() {
        let to = |number: &str| Address::Phone(PhoneNumber::parse(number).expect("a number"));
        let answer = |contact: &str| format!(r#"{{"contacts":[{contact}],"messages":[{{"id":"wamid.1"}}]}}"#);
        let learnt = |number: &str, contact: &str| recipient(&to(number), &answer(contact));
        let other = r#"{"input":"+5511987654321","wa_id":"551187654321"}"#;
        assert_eq!(learnt("5511987654321", other), Some(to("551187654321")));
        assert_eq!(learnt("5511987654321", r#"{"wa_id":"551187654321"}"#), Some(to("551187654321")));
        assert_eq!(learnt("15550100002", other), None, "it was not asked for");
        assert_eq!(learnt("15550100002", r#"{"wa_id":"15550100003"}"#), None, "nothing says that they are one");
        let id = Address::User("US.16000001".into());
        let named = answer(r#"{"input":"US.16000001","wa_id":"15550100003"}"#);
        assert_eq!(recipient(&id, &named), Some(to("15550100003")));
        assert_eq!(recipient(&id, &answer(r#"{"wa_id":"15550100003"}"#)), None);
    }

    #[test]
    fn a_known_error_under_a_good_status_is_an_error() {
        let graph = |code: u32| format!(r#"{{"error":{{"message":"(#{code}) x","code":{code}}}}}"#);
        assert_eq!(class(200, &graph(131_047)), ("reject", FailureClass::Window, "131047".into()));
        assert_eq!(class(200, &graph(190)), ("retry", FailureClass::Authorization, "190".into()));
        assert_eq!(class(200, &graph(131_031)).0, "retry", "the number is held");
        for body in [r#"{"error":{"message":"x","code":777777}}"#, r#"{"error":"no"}"#, "{}", "", "<html>"] {
            assert_eq!(class(200, body).0, "unknown", "{body}");
        }
    }

    #[test]
    fn every_error_format_is_classified() {
        let graph = |code: u32| format!(r#"{{"error":{{"message":"(#{code}) x","code":{code}}}}}"#);
        assert_eq!(class(400, &graph(131_047)), ("reject", FailureClass::Window, "131047".into()));
        assert_eq!(class(400, &graph(131_056)), ("retry", FailureClass::Throttled, "131056".into()));
        assert_eq!(class(500, &graph(131_000)), ("retry", FailureClass::Transient, "131000".into()));
        assert_eq!(class(401, &graph(190)), ("retry", FailureClass::Authorization, "190".into()));
        assert_eq!(class(400, &graph(132_000)), ("reject", FailureClass::Template, "132000".into()));
        let window = r#"{"error":"Cannot send non-template messages outside the 24-hour window.","next_steps":"x"}"#;
        assert_eq!(class(422, window), ("reject", FailureClass::Window, "131047".into()));
        assert_eq!(class(409, r#"{"error":"in flight"}"#), ("retry", FailureClass::Throttled, String::new()));
        assert_eq!(class(429, r#"{"error":"Rate limit exceeded"}"#), ("retry", FailureClass::Throttled, String::new()));
        assert_eq!(class(401, r#"{"error":"no"}"#), ("retry", FailureClass::Authorization, String::new()));
        assert_eq!(class(503, "Service Unavailable"), ("retry", FailureClass::Transient, String::new()));
        assert_eq!(class(503, r#"{"error":"busy"}"#), ("retry", FailureClass::Transient, String::new()));
        assert_eq!(class(503, &graph(2)), ("retry", FailureClass::Transient, "2".into()));
        assert_eq!(class(429, &graph(987_654)), ("retry", FailureClass::Throttled, "987654".into()));
        assert_eq!(class(429, "<html>"), ("retry", FailureClass::Throttled, String::new()));
        assert_eq!(class(400, &graph(131_047)), ("reject", FailureClass::Window, "131047".into()));
        for code in [368, 10, 200, 299, 131_005, 131_031, 131_037, 131_042, 131_045, 133_010] {
            assert_eq!(class(403, &graph(code)), ("retry", FailureClass::Account, code.to_string()));
        }
        assert_eq!(class(500, "oops"), ("unknown", FailureClass::Transient, String::new()));
        assert_eq!(class(502, "Bad Gateway"), ("unknown", FailureClass::Transient, String::new()));
        assert_eq!(class(504, r#"{"error":"timeout"}"#), ("unknown", FailureClass::Transient, String::new()));
        assert_eq!(class(400, "<html>"), ("reject", FailureClass::Unknown, String::new()));
        assert_eq!(class(500, &graph(987_654)), ("unknown", FailureClass::Transient, "987654".into()));
        assert_eq!(class(408, r#"{"error":"timeout"}"#), ("unknown", FailureClass::Transient, String::new()));
        assert_eq!(class(425, ""), ("retry", FailureClass::Throttled, String::new()));
        assert_eq!(class(402, ""), ("retry", FailureClass::Account, String::new()));
        // A redirect or proxy response is not the platform's, so its body is ignored.
        for status in [300, 301, 302, 303, 304, 307, 308, 407, 421, 426, 511] {
            assert_eq!(class(status, &graph(131_047)), ("retry", FailureClass::Endpoint, String::new()), "{status}");
        }
    }
}
