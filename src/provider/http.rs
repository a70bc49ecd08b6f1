//! One HTTP client for all providers: bounded in time and size, and exact about the one question
//! that matters when it fails: may the request have arrived?

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
const TIMEOUT: Duration = Duration::from_secs(20);
/// A hundred megabytes over a slow line.
const FILE_TIMEOUT: Duration = Duration::from_secs(600);
/// A page of a hundred templates stays well below this.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;
/// How many characters of an answer are kept with a reason.
const MAX_EXCERPT: usize = 2_000;
/// How many characters of a redirect's address are shown.
const MAX_SHOWN_ADDRESS: usize = 200;

#[derive(Debug, Clone)]
pub(super) struct Client {
    inner: reqwest::Client,
    /// The environment variable that says where requests go, for whoever has to correct it.
    base_variable: &'static str,
}

/// An answer that came, whatever it says.
#[derive(Debug, Default)]
pub(super) struct HttpAnswer {
    pub status: u16,
    /// Who was asked: scheme, host and port.
    pub asked: String,
    /// The environment variable that says who is asked.
    pub base_variable: &'static str,
    /// Where a redirect points to, as it was received.
    pub location: Option<String>,
    pub retry_after: Option<RetryAfter>,
    /// What time it is there.
    pub date: Option<Timestamp>,
    pub body: String,
}

impl HttpAnswer {
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// What the status says by itself.
    pub fn meaning(&self) -> &'static Meaning {
        meaning(self.status)
    }

    /// The reason where it was not the provider's API that answered: a redirect, a proxy, another host. The address that
    /// was asked is the one that somebody has to correct.
    pub fn elsewhere(&self) -> Option<Failure> {
        let row = self.meaning();
        if row.class != FailureClass::Endpoint {
            return None;
        }
        let to = self.location.as_deref().map(|to| clean_line(to).chars().take(MAX_SHOWN_ADDRESS).collect::<String>());
        let to = to.map(|to| format!(" It points to {to}.")).unwrap_or_default();
        let explanation = format!("{} responded with HTTP {}. {}{to}", self.asked, self.status, row.explanation);
        let remedy = format!(
            "{} Set {} to the URL of the provider's API (now {}) and restart. Queued messages are safe.",
            row.remedy, self.base_variable, self.asked
        );
        Some(Failure::own(row.class, row.title, explanation, remedy).saying(self.excerpt()))
    }

    /// The beginning of what was answered: enough for a reason, and no more than is kept of any.
    pub fn excerpt(&self) -> String {
        self.body.chars().take(MAX_EXCERPT).collect()
    }

    /// What the status means for a message that was to be sent. `unavailable` says whether a 503 was certainly not
    /// processed.
    pub fn verdict(&self, failure: Failure, unavailable: bool) -> Verdict {
        let after = self.retry_after;
        match self.meaning().outcome {
            Outcome::RetryLater | Outcome::NumberHeld => Verdict::Retry { failure, after },
            Outcome::Unavailable if unavailable => Verdict::Retry { failure, after },
            Outcome::Unavailable | Outcome::Uncertain | Outcome::Taken => Verdict::Unknown { failure },
            Outcome::Rejected => Verdict::Rejected { failure },
        }
    }
}

/// An answer whose body has not been read yet.
#[derive(Debug)]
pub(super) struct OpenAnswer {
    pub status: u16,
    /// Where it says that the thing is, if it is elsewhere.
    pub location: Option<String>,
    pub content_type: Option<String>,
    inner: reqwest::Response,
}

impl OpenAnswer {
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, NoAnswer> {
        self.inner.chunk().await.map_err(no_answer)
    }

    /// Everything that comes, piece by piece, to whoever keeps it.
    pub async fn pour(mut self, sink: Sink<'_>) -> Result<(), ProviderError> {
        while let Some(chunk) = self.chunk().await.map_err(|lost| lost.failure())? {
            sink(&chunk).map_err(|why| {
                let class = if why.0.contains("larger") { FailureClass::Policy } else { FailureClass::Transient };
                let explanation = format!("The file came, and could not be kept here: {why}.");
                let remedy = "See that the disk has room; it is retried automatically.";
                Box::new(Failure::own(class, "File not kept", explanation, remedy))
            })?;
        }
        Ok(())
    }

    /// The beginning of the body, for an error.
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

/// No answer.
#[derive(Debug)]
pub(super) struct NoAnswer {
    /// Nothing was sent: trying again cannot do it twice.
    pub before_sending: bool,
    pub why: String,
}

impl NoAnswer {
    pub fn failure(&self) -> Failure {
        let (title, explanation, remedy) = if self.before_sending {
            (
                "Provider not reachable",
                "No connection to the provider could be made, so nothing was sent.",
                "Check the network, the base URL and the provider's status page.",
            )
        } else {
            (
                "Answer lost",
                "The request went out and no answer came back: it may have arrived.",
                "It is looked up where the provider has a list; nothing is sent again before a person decides.",
            )
        };
        Failure::own(FailureClass::Transient, title, explanation, remedy).saying(self.why.as_str())
    }
}

impl NoAnswer {
    /// The same about a change that was asked for: nobody looks it up by itself.
    pub fn of_change(&self) -> Failure {
        if self.before_sending {
            return self.failure();
        }
        let explanation = "The request went out and no answer came back: the change may have been made.";
        let remedy = "Look at what the provider has before you do it again.";
        Failure::own(FailureClass::Transient, "Answer lost", explanation, remedy).saying(self.why.as_str())
    }
}

impl NoAnswer {
    /// The same about a message that was to be sent.
    pub fn of_send(&self) -> SendReport {
        let failure = self.failure();
        let verdict =
            if self.before_sending { Verdict::Retry { failure, after: None } } else { Verdict::Unknown { failure } };
        SendReport { verdict, http_status: None, response: Untrusted::new(self.why.clone()) }
    }
}

impl Client {
    pub fn new() -> Result<Self, Box<Failure>> {
        // Fails only where one was chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inner = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // A redirect could carry the key to another host.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("wadeck/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                let explanation =
                    "The HTTP client could not be built; usually the system's root certificates are missing.";
                let remedy = "Install the package ca-certificates.";
                Box::new(
                    Failure::own(FailureClass::Setup, "No HTTP client", explanation, remedy).saying(error.to_string()),
                )
            })?;
        Ok(Self { inner, base_variable: "the base URL" })
    }

    /// The same client for requests whose address this environment variable names.
    #[must_use]
    pub fn for_base(&self, base_variable: &'static str) -> Self {
        Self { inner: self.inner.clone(), base_variable }
    }

    pub async fn get(&self, url: &str, key: Option<(&str, &SecretString)>) -> Result<HttpAnswer, NoAnswer> {
        self.run(self.inner.get(url), key).await
    }

    pub async fn post(
        &self,
        url: &str,
        key: Option<(&str, &SecretString)>,
        body: String,
    ) -> Result<HttpAnswer, NoAnswer> {
        self.run(self.inner.post(url).header("content-type", "application/json").body(body), key).await
    }

    /// Posts a form of plain fields.
    pub async fn post_fields(
        &self,
        url: &str,
        key: (&str, &SecretString),
        body: String,
    ) -> Result<HttpAnswer, NoAnswer> {
        let kind = "application/x-www-form-urlencoded";
        self.run(self.inner.post(url).header("content-type", kind).body(body), Some(key)).await
    }

    /// Any request, with a JSON body where there is one.
    pub async fn call(
        &self,
        method: reqwest::Method,
        url: &str,
        key: (&str, &SecretString),
        body: Option<String>,
    ) -> Result<HttpAnswer, NoAnswer> {
        let mut request = self.inner.request(method, url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        self.run(request, Some(key)).await
    }

    /// Posts a form with a file in it: as long as it keeps moving it may take its time.
    pub async fn post_form(
        &self,
        url: &str,
        key: (&str, &SecretString),
        form: reqwest::multipart::Form,
    ) -> Result<HttpAnswer, NoAnswer> {
        self.run(self.inner.post(url).multipart(form).timeout(FILE_TIMEOUT), Some(key)).await
    }

    /// Posts to our own address what a provider would post; anything but a 200 is the reason why not.
    pub async fn connect(&self, url: &str, headers: &[(&str, &str)], body: String) -> Result<(), ProviderError> {
        let mut request = self.inner.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let remedy = "See that [http] public_url is the address that leads here, and that what stands in between changes nothing.";
        let not = |explanation: String| Box::new(Failure::own(FailureClass::Setup, "Not reached", explanation, remedy));
        match self.run(request, None).await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(not(format!("{url} answered HTTP {}.", answer.status))),
            Err(lost) => Err(not(format!("{url} cannot be reached from here: {}.", lost.why))),
        }
    }

    /// Opens an answer whose body is read piece by piece.
    pub async fn open(&self, url: &str, key: Option<(&str, &SecretString)>) -> Result<OpenAnswer, NoAnswer> {
        let request = Self::keyed(self.inner.get(url).timeout(FILE_TIMEOUT), key)?;
        let inner = request.send().await.map_err(no_answer)?;
        let header = |name: &str| inner.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (location, content_type) = (header("location"), header("content-type"));
        Ok(OpenAnswer { status: inner.status().as_u16(), location, content_type, inner })
    }

    fn keyed(
        request: reqwest::RequestBuilder,
        key: Option<(&str, &SecretString)>,
    ) -> Result<reqwest::RequestBuilder, NoAnswer> {
        Ok(match key {
            Some((header, key)) => {
                let mut value = reqwest::header::HeaderValue::from_str(key.expose_secret()).map_err(|_| NoAnswer {
                    before_sending: true,
                    why: "the key holds characters that no header can carry".into(),
                })?;
                value.set_sensitive(true);
                request.header(header, value)
            }
            None => request,
        })
    }

    async fn run(
        &self,
        request: reqwest::RequestBuilder,
        key: Option<(&str, &SecretString)>,
    ) -> Result<HttpAnswer, NoAnswer> {
        let request = Self::keyed(request, key)?;
        let mut response = request.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let asked = response.url().origin().ascii_serialization();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let location = header("location").map(str::to_owned);
        let date = header("date").and_then(date);
        let retry_after = header("retry-after").and_then(|value| retry_after(value, date));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(NoAnswer { before_sending: false, why: "the answer is longer than 4 MB".into() });
            }
            body.extend_from_slice(&chunk);
        }
        let (base_variable, body) = (self.base_variable, String::from_utf8_lossy(&body).into_owned());
        Ok(HttpAnswer { status, asked, base_variable, location, retry_after, date, body })
    }
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let before_sending = error.is_connect() || error.is_builder();
    let error = error.without_url();
    // The whole chain: the first line alone only says that something failed.
    let mut why = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    NoAnswer { before_sending, why: Untrusted::new(why).line() }
}

/// `Mon, 01 Jun 2026 09:00:00 GMT`.
pub(super) fn date(value: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::parse(&value.replace("GMT", "+0000")).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// `Retry-After`: seconds, or a date that is compared with the other side's own clock where it told its time.
fn retry_after(value: &str, told: Option<Timestamp>) -> Option<RetryAfter> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(RetryAfter::seconds(value.parse().unwrap_or(u64::MAX)));
    }
    let until = date(value)?;
    Some(RetryAfter { pause: told.map(|told| until.since(told)).unwrap_or_default(), until: Some(until) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("60", None), Some(RetryAfter::seconds(60)));
        assert_eq!(retry_after(" 86400 ", None), Some(RetryAfter::seconds(86_400)));
        assert_eq!(retry_after("99999999999999999999999", None), Some(RetryAfter::seconds(u64::MAX)));
        let told = date("Mon, 01 Jun 2026 09:00:00 GMT");
        let asked = retry_after("Tue, 02 Jun 2026 09:00:00 GMT", told).expect("a date");
        assert_eq!(asked.pause, Duration::from_secs(86_400));
        assert_eq!(asked.until, date("Tue, 02 Jun 2026 09:00:00 GMT"));
        assert_eq!(retry_after("Mon, 01 Jun 2026 08:00:00 GMT", told).map(|asked| asked.pause), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", told), None);
        assert_eq!(retry_after("", told), None);
    }
}
