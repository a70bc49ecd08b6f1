//! One HTTP client for all providers: bounded in time and size, and exact about the one question
//! that matters when it fails: may the request have arrived?

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::domain::failure::{Failure, FailureClass};
use crate::domain::text::Untrusted;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(20);
/// A page of a hundred templates stays well below this.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone)]
pub(super) struct Client {
    inner: reqwest::Client,
}

/// An answer that came, whatever it says.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: String,
}

impl HttpAnswer {
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
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
                "It is looked up at the provider by itself; nothing is sent again before a person decides.",
            )
        };
        Failure::own(FailureClass::Transient, title, explanation, remedy).saying(self.why.as_str())
    }
}

impl Client {
    pub fn new() -> Result<Self, Box<Failure>> {
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
        Ok(Self { inner })
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

    async fn run(
        &self,
        request: reqwest::RequestBuilder,
        key: Option<(&str, &SecretString)>,
    ) -> Result<HttpAnswer, NoAnswer> {
        let request = match key {
            Some((header, key)) => {
                let mut value = reqwest::header::HeaderValue::from_str(key.expose_secret()).map_err(|_| NoAnswer {
                    before_sending: true,
                    why: "the key holds characters that no header can carry".into(),
                })?;
                value.set_sensitive(true);
                request.header(header, value)
            }
            None => request,
        };
        let mut response = request.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()).and_then(retry_after);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(NoAnswer { before_sending: false, why: "the answer is longer than 4 MB".into() });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
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

/// `Retry-After` in seconds. Dates are taken as a minute: a wrong clock must not stop us for a day.
fn retry_after(value: &str) -> Option<Duration> {
    match value.trim().parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) if value.contains(':') => Some(Duration::from_secs(60)),
        Err(_) => None,
    }
}
