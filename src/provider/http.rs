//! The HTTP client of all providers, bounded in time and size. Its errors say whether a request may have reached the
//! provider, which decides whether it may be repeated.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::http_status::{Meaning, Outcome, meaning};
use super::{ProviderError, SendReport, Sink};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::outbox::entry::Verdict;
use crate::domain::outbox::retry::RetryAfter;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Time limit of an upload or download, enough for 100 MB over a slow line.
const FILE_TIMEOUT: Duration = Duration::from_secs(600);
/// A longer response body is an error. A page of a hundred templates is far shorter.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Characters of a response that are kept with a failure.
const MAX_EXCERPT_CHARS: usize = 2_000;
/// Characters of a redirect's target that are shown.
const MAX_LOCATION_CHARS: usize = 200;

#[derive(Debug, Clone)]
pub(super) struct Client {
    inner: reqwest::Client,
    /// The environment variable of the base URL, named in remedies.
    base_variable: &'static str,
}

/// A complete response of any status.
#[derive(Debug, Default)]
pub(super) struct HttpResponse {
    pub status: u16,
    /// Scheme, host and port of the request.
    pub origin: String,
    /// The environment variable of the base URL.
    pub base_variable: &'static str,
    /// The target of a redirect, as received.
    pub location: Option<String>,
    pub retry_after: Option<RetryAfter>,
    /// The server's clock, from the `Date` header.
    pub date: Option<Timestamp>,
    pub body: String,
}

impl HttpResponse {
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Returns the meaning of the status code without the body.
    pub fn meaning(&self) -> &'static Meaning {
        meaning(self.status)
    }

    /// Returns the failure if something other than the provider's API responded, such as a redirect or a proxy. It
    /// names the base URL, which a person has to correct. `None` for all other responses.
    pub fn endpoint_failure(&self) -> Option<Failure> {
        let row = self.meaning();
        if row.class != FailureClass::Endpoint {
            return None;
        }
        let to = self.location.as_deref().map(|to| clean_line(to).chars().take(MAX_LOCATION_CHARS).collect::<String>());
        let to = to.map(|to| format!(" It points to {to}.")).unwrap_or_default();
        let explanation = format!("{} responded with HTTP {}. {}{to}", self.origin, self.status, row.explanation);
        let remedy = format!(
            "{} Set {} to the URL of the provider's API (now {}) and restart. Queued messages are safe.",
            row.remedy, self.base_variable, self.origin
        );
        Some(Failure::own(row.class, row.title, explanation, remedy).saying(self.excerpt()))
    }

    /// Returns the beginning of the body, up to `MAX_EXCERPT_CHARS` characters.
    pub fn excerpt(&self) -> String {
        self.body.chars().take(MAX_EXCERPT_CHARS).collect()
    }

    /// Returns the verdict for a message that was sent with this request. `unavailable_is_safe` says whether a 503 of
    /// this provider guarantees that nothing was processed.
    pub fn verdict(&self, failure: Failure, unavailable_is_safe: bool) -> Verdict {
        let after = self.retry_after;
        match self.meaning().outcome {
            Outcome::RetryLater | Outcome::NumberHeld => Verdict::Retry { failure, after },
            Outcome::Unavailable if unavailable_is_safe => Verdict::Retry { failure, after },
            Outcome::Unavailable | Outcome::Uncertain | Outcome::Taken => Verdict::Unknown { failure },
            Outcome::Rejected => Verdict::Rejected { failure },
        }
    }
}

/// A response whose body is read in chunks.
#[derive(Debug)]
pub(super) struct StreamedResponse {
    pub status: u16,
    /// The target of a redirect, as received.
    pub location: Option<String>,
    pub content_type: Option<String>,
    inner: reqwest::Response,
}

impl StreamedResponse {
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, TransportError> {
        self.inner.chunk().await.map_err(transport_error)
    }

    /// Copies the body to `sink`. Fails where the connection breaks or a chunk cannot be stored.
    pub async fn copy_to(mut self, sink: Sink<'_>) -> Result<(), ProviderError> {
        while let Some(chunk) = self.chunk().await.map_err(|error| error.failure())? {
            sink(&chunk).map_err(|why| {
                let class = if why.0.contains("larger") { FailureClass::Policy } else { FailureClass::Transient };
                let explanation = format!("The file was downloaded but could not be stored: {why}.");
                let remedy = "Check the free disk space; it is retried automatically.";
                Box::new(Failure::own(class, "File not kept", explanation, remedy))
            })?;
        }
        Ok(())
    }

    /// Returns the beginning of the body, about 4,000 bytes, for an error text.
    pub async fn text(mut self) -> String {
        let mut body = vec![];
        while let Ok(Some(chunk)) = self.inner.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > 4_000 {
                break;
            }
        }
        String::from_utf8_lossy(&body).into_owned()
    }
}

/// A request that got no response.
#[derive(Debug)]
pub(super) struct TransportError {
    /// Nothing was sent, so that repeating the request cannot duplicate it.
    pub before_sending: bool,
    pub why: String,
}

impl TransportError {
    /// Returns the failure of a request that reads or sends.
    pub fn failure(&self) -> Failure {
        let (title, explanation, remedy) = if self.before_sending {
            (
                "Provider not reachable",
                "The provider could not be reached, so nothing was sent.",
                "Check the network, the base URL and the provider's status page.",
            )
        } else {
            (
                "Response lost",
                "The request was sent but no response was received: it may have arrived.",
                "wadeck queries the provider if it has a message list; nothing is sent again before a person decides.",
            )
        };
        Failure::own(FailureClass::Transient, title, explanation, remedy).saying(self.why.as_str())
    }
}

impl TransportError {
    /// Returns the failure of a request that changes something. Nothing is_read up its outcome later.
    pub fn change_failure(&self) -> Failure {
        if self.before_sending {
            return self.failure();
        }
        let explanation = "The request was sent but no response was received: the change may have been made.";
        let remedy = "Check the state at the provider before you retry.";
        Failure::own(FailureClass::Transient, "Response lost", explanation, remedy).saying(self.why.as_str())
    }
}

impl TransportError {
    /// Returns the report of a message: retry if nothing was sent, uncertain otherwise.
    pub fn send_report(&self) -> SendReport {
        let failure = self.failure();
        let verdict =
            if self.before_sending { Verdict::Retry { failure, after: None } } else { Verdict::Unknown { failure } };
        SendReport { verdict, http_status: None, response: Untrusted::new(self.why.clone()) }
    }
}

impl Client {
    pub fn new() -> Result<Self, Box<Failure>> {
        // Fails only where a crypto provider is installed already, which is sufficient.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inner = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // A redirect could carry the key to another host.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("wadeck/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                let explanation =
                    "The HTTP client could not be created; usually the system's root certificates are missing.";
                let remedy = "Install the package ca-certificates.";
                Box::new(
                    Failure::own(FailureClass::Setup, "No HTTP client", explanation, remedy).saying(error.to_string()),
                )
            })?;
        Ok(Self { inner, base_variable: "the base URL" })
    }

    /// Returns this client with another environment variable of the base URL for its remedies.
    #[must_use]
    pub fn with_base_variable(&self, base_variable: &'static str) -> Self {
        Self { inner: self.inner.clone(), base_variable }
    }

    pub async fn get(&self, url: &str, key: Option<(&str, &SecretString)>) -> Result<HttpResponse, TransportError> {
        self.execute(self.inner.get(url), key).await
    }

    pub async fn post(
        &self,
        url: &str,
        key: Option<(&str, &SecretString)>,
        body: String,
    ) -> Result<HttpResponse, TransportError> {
        self.execute(self.inner.post(url).header("content-type", "application/json").body(body), key).await
    }

    /// Posts a URL-encoded form.
    pub async fn post_fields(
        &self,
        url: &str,
        key: (&str, &SecretString),
        body: String,
    ) -> Result<HttpResponse, TransportError> {
        let kind = "application/x-www-form-urlencoded";
        self.execute(self.inner.post(url).header("content-type", kind).body(body), Some(key)).await
    }

    /// Sends a request of any method, with a JSON body if there is one.
    pub async fn call(
        &self,
        method: reqwest::Method,
        url: &str,
        key: (&str, &SecretString),
        body: Option<String>,
    ) -> Result<HttpResponse, TransportError> {
        let mut request = self.inner.request(method, url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        self.execute(request, Some(key)).await
    }

    /// Posts a multipart form with a file, within `FILE_TIMEOUT`.
    pub async fn post_form(
        &self,
        url: &str,
        key: (&str, &SecretString),
        form: reqwest::multipart::Form,
    ) -> Result<HttpResponse, TransportError> {
        self.execute(self.inner.post(url).multipart(form).timeout(FILE_TIMEOUT), Some(key)).await
    }

    /// Posts the bytes of a file from an offset on, within `FILE_TIMEOUT`.
    pub async fn post_bytes(
        &self,
        url: &str,
        key: (&str, &SecretString),
        offset: usize,
        bytes: Vec<u8>,
    ) -> Result<HttpResponse, TransportError> {
        let request = self.inner.post(url).header("content-type", "application/octet-stream");
        let request = request.header("file_offset", offset.to_string()).body(bytes).timeout(FILE_TIMEOUT);
        self.execute(request, Some(key)).await
    }

    /// Posts a test webhook to our public URL. Fails on any response but 200.
    pub async fn post_test_webhook(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<(), ProviderError> {
        let mut request = self.inner.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let remedy = "Check that [http] public_url points to this host and that no proxy changes requests.";
        let not = |explanation: String| Box::new(Failure::own(FailureClass::Setup, "Not reached", explanation, remedy));
        match self.execute(request, None).await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(not(format!("{url} answered HTTP {}.", answer.status))),
            Err(error) => Err(not(format!("{url} cannot be reached from here: {}.", error.why))),
        }
    }

    /// Sends a GET request and returns the response before its body is read.
    pub async fn open_stream(
        &self,
        url: &str,
        key: Option<(&str, &SecretString)>,
    ) -> Result<StreamedResponse, TransportError> {
        let request = Self::with_key(self.inner.get(url).timeout(FILE_TIMEOUT), key)?;
        let inner = request.send().await.map_err(transport_error)?;
        let header = |name: &str| inner.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (location, content_type) = (header("location"), header("content-type"));
        Ok(StreamedResponse { status: inner.status().as_u16(), location, content_type, inner })
    }

    fn with_key(
        request: reqwest::RequestBuilder,
        key: Option<(&str, &SecretString)>,
    ) -> Result<reqwest::RequestBuilder, TransportError> {
        Ok(match key {
            Some((header, key)) => {
                let mut value =
                    reqwest::header::HeaderValue::from_str(key.expose_secret()).map_err(|_| TransportError {
                        before_sending: true,
                        why: "the key contains characters that are not allowed in a header".into(),
                    })?;
                value.set_sensitive(true);
                request.header(header, value)
            }
            None => request,
        })
    }

    async fn execute(
        &self,
        request: reqwest::RequestBuilder,
        key: Option<(&str, &SecretString)>,
    ) -> Result<HttpResponse, TransportError> {
        let request = Self::with_key(request, key)?;
        let mut response = request.send().await.map_err(transport_error)?;
        let status = response.status().as_u16();
        let origin = response.url().origin().ascii_serialization();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let location = header("location").map(str::to_owned);
        let date = header("date").and_then(date);
        let retry_after = header("retry-after").and_then(|value| retry_after(value, date));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(TransportError { before_sending: false, why: "the response is larger than 4 MB".into() });
            }
            body.extend_from_slice(&chunk);
        }
        let (base_variable, body) = (self.base_variable, String::from_utf8_lossy(&body).into_owned());
        Ok(HttpResponse { status, origin, base_variable, location, retry_after, date, body })
    }
}

fn transport_error(error: reqwest::Error) -> TransportError {
    let before_sending = error.is_connect() || error.is_builder();
    let error = error.without_url();
    // All causes: the outermost error alone names no reason.
    let mut why = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    TransportError { before_sending, why: Untrusted::new(why).line() }
}

/// Parses an HTTP date such as `Mon, 01 Jun 2026 09:00:00 GMT`.
pub(super) fn date(value: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::parse(&value.replace("GMT", "+0000")).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// Parses a `Retry-After` header: seconds, or a date, which is compared with the server's own clock `now` if known.
fn retry_after(value: &str, now: Option<Timestamp>) -> Option<RetryAfter> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(RetryAfter::seconds(value.parse().unwrap_or(u64::MAX)));
    }
    let until = date(value)?;
    Some(RetryAfter { pause: now.map(|now| until.since(now)).unwrap_or_default(), until: Some(until) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("60", None), Some(RetryAfter::seconds(60)));
        assert_eq!(retry_after(" 86400 ", None), Some(RetryAfter::seconds(86_400)));
        assert_eq!(retry_after("99999999999999999999999", None), Some(RetryAfter::seconds(u64::MAX)));
        let now = date("Mon, 01 Jun 2026 09:00:00 GMT");
        let parsed = retry_after("Tue, 02 Jun 2026 09:00:00 GMT", now).expect("a date");
        assert_eq!(parsed.pause, Duration::from_secs(86_400));
        assert_eq!(parsed.until, date("Tue, 02 Jun 2026 09:00:00 GMT"));
        assert_eq!(retry_after("Mon, 01 Jun 2026 08:00:00 GMT", now).map(|parsed| parsed.pause), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("", now), None);
    }
}
