//! Where a model is asked: an address, a key, JSON there and back.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use super::ToolError;
use super::{AgentError, excerpt, exchange_whole};

/// The tool that ends a run: a person is wanted.
pub(super) const HAND_OFF: &str = "handOff";
/// Rounds of tool calls before an answer must come.
pub(super) const MOST_ROUNDS: usize = 6;

pub(super) struct Endpoint<'a> {
    pub client: &'a reqwest::Client,
    pub base_url: &'a str,
    pub key: Option<&'a SecretString>,
    /// When the run's time is over.
    pub until: Instant,
}

/// Answers that say "later": too many requests, overloaded, not available.
const LATER: [u16; 3] = [429, 503, 529];
/// How long is waited where an answer names no time, at first; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

impl Endpoint<'_> {
    /// Posts a question below the base address. `key_header` carries the key, after `prefix`.
    pub async fn ask(
        &self,
        path: &str,
        (key_header, prefix): (&'static str, &str),
        extra: &[(&'static str, &'static str)],
        body: &Value,
    ) -> Result<Value, AgentError> {
        let mut pause = FIRST_PAUSE;
        let (status, text) = loop {
            let mut request = self.client.post(format!("{}{path}", self.base_url.trim_end_matches('/'))).json(body);
            for (name, value) in extra {
                request = request.header(*name, *value);
            }
            if let Some(key) = self.key {
                let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose_secret())).map_err(|_| {
                    AgentError("The model's API key has characters that are not allowed in a header.".into())
                })?;
                value.set_sensitive(true);
                request = request.header(key_header, value);
            }
            let (status, headers, text) = exchange_whole(request, "The model's URL").await?;
            if !LATER.contains(&status) || told(&headers, "x-should-retry") == Some("false") {
                break (status, text);
            }
            let wait = retry_after(&headers).unwrap_or(pause);
            let left = self.until.saturating_duration_since(Instant::now());
            if wait >= left {
                return Err(AgentError(format!(
                    "The model's URL returned HTTP {status} and asks to wait {} s, longer than this run may take: {}",
                    wait.as_secs_f32().ceil(),
                    excerpt(&text)
                )));
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            tokio::time::sleep(wait).await;
        };
        if status != 200 {
            return Err(AgentError(format!("The model's URL returned HTTP {status}: {}", excerpt(&text))));
        }
        serde_json::from_str(&text)
            .map_err(|_| AgentError(format!("The model's response is not JSON: {}", excerpt(&text))))
    }
}

fn told<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// How long an answer asks to be left alone: milliseconds, seconds, or a date beside its own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| told(headers, name)?.parse::<f64>().ok().filter(|one| one.is_finite() && *one >= 0.0);
    if let Some(millis) = number("retry-after-ms") {
        return Duration::try_from_secs_f64(millis / 1_000.0).ok();
    }
    if let Some(seconds) = number("retry-after") {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |name: &str| jiff::fmt::rfc2822::parse(told(headers, name)?).ok().map(|at| at.timestamp());
    let (then, now) = (date("retry-after")?, date("date")?);
    Duration::try_from(then.duration_since(now)).ok()
}

/// What a hand-off says about itself.
pub(super) fn reason_of(arguments: &Result<Value, ToolError>) -> String {
    let reason = arguments.as_ref().ok().and_then(|value| value.get("reason")).and_then(Value::as_str);
    excerpt(reason.unwrap_or("no reason given"))
}

/// Why an answer that was cut off is held.
pub(super) fn cut(stopped_for: &str) -> String {
    format!(
        "it was cut off before its end (the model stopped for \"{}\"; max_tokens sets how long it may be)",
        excerpt(stopped_for)
    )
}

/// A model that never comes to an answer.
pub(super) fn undecided() -> AgentError {
    AgentError(format!("The model called tools {MOST_ROUNDS} times without a reply."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| ((*name).parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_pause_is_read_however_it_is_written() {
        let read = |lines: &[(&'static str, &str)]| retry_after(&headers(lines));
        assert_eq!(read(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[("retry-after", "7"), ("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        let date = [("date", "Mon, 01 Jun 2026 09:00:00 GMT"), ("retry-after", "Mon, 01 Jun 2026 09:00:20 GMT")];
        assert_eq!(read(&date), Some(Duration::from_secs(20)));
        assert_eq!(read(&[("retry-after", "soon")]), None);
        assert_eq!(read(&[("retry-after", "-3")]), None);
        assert_eq!(read(&[]), None);
    }
}
