//! The HTTP side of model APIs: JSON requests with a key, repeated when the API asks to wait.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use super::ToolError;
use super::{AgentError, excerpt, exchange_with_headers};

/// The tool by which a model hands the conversation off to a person; it ends the run.
pub(super) const HAND_OFF: &str = "handOff";
/// Requests to the model in one run; after as many without a reply the run fails.
pub(super) const MAX_TOOL_ROUNDS: usize = 6;

/// A model's API.
pub(super) struct Endpoint<'a> {
    pub client: &'a reqwest::Client,
    pub base_url: &'a str,
    pub key: Option<&'a SecretString>,
    /// When the run's timeout ends.
    pub deadline: Instant,
}

/// HTTP statuses after which the request is repeated: too many requests, unavailable, overloaded.
const RETRYABLE_STATUSES: [u16; 3] = [429, 503, 529];
/// The first delay if the response names none; it doubles with each retry.
const INITIAL_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(20);

impl Endpoint<'_> {
    /// Posts a JSON body to a path below the base URL and returns the JSON response. `key_header` carries the key,
    /// after `prefix`. Retries while the run's deadline allows it; fails on any status but 200.
    pub async fn post(
        &self,
        path: &str,
        (key_header, prefix): (&'static str, &str),
        extra: &[(&'static str, &'static str)],
        body: &Value,
    ) -> Result<Value, AgentError> {
        let mut delay = INITIAL_RETRY_DELAY;
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
            let (status, headers, text) = exchange_with_headers(request, "The model's URL").await?;
            if !RETRYABLE_STATUSES.contains(&status) || header_text(&headers, "x-should-retry") == Some("false") {
                break (status, text);
            }
            let wait = retry_after(&headers).or_else(|| limit_resets_in(&headers)).unwrap_or(delay);
            let remaining = self.deadline.saturating_duration_since(Instant::now());
            if wait >= remaining {
                return Err(AgentError(format!(
                    "The model's URL returned HTTP {status} and asks to wait {} s, longer than this run may take: {}",
                    wait.as_secs_f32().ceil(),
                    excerpt(&text)
                )));
            }
            delay = (delay * 2).min(MAX_RETRY_DELAY);
            tokio::time::sleep(wait).await;
        };
        if status != 200 {
            return Err(AgentError(format!("The model's URL returned HTTP {status}: {}", excerpt(&text))));
        }
        serde_json::from_str(&text)
            .map_err(|_| AgentError(format!("The model's response is not JSON: {}", excerpt(&text))))
    }
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// The delay that a response asks for: in milliseconds, in seconds, or as a date relative to its `date` header.
/// `None` if it names none that can be read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number =
        |name: &str| header_text(headers, name)?.parse::<f64>().ok().filter(|one| one.is_finite() && *one >= 0.0);
    if let Some(millis) = number("retry-after-ms") {
        return Duration::try_from_secs_f64(millis / 1_000.0).ok();
    }
    if let Some(seconds) = number("retry-after") {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |name: &str| jiff::fmt::rfc2822::parse(header_text(headers, name)?).ok().map(|at| at.timestamp());
    let (then, now) = (date("retry-after")?, date("date")?);
    Duration::try_from(then.duration_since(now)).ok()
}

/// Returns the time until exhausted rate limits are restored, by the headers of both kinds of API; `None` if no limit is
/// exhausted.
fn limit_resets_in(headers: &HeaderMap) -> Option<Duration> {
    const LIMITS: [&str; 5] = ["requests", "tokens", "input-tokens", "output-tokens", "priority-input-tokens"];
    let waits = LIMITS.iter().flat_map(|limit| {
        let is_used_up = |left: Option<&str>| left.is_none_or(|left| left == "0");
        let reset = header_text(headers, &format!("anthropic-ratelimit-{limit}-reset"))
            .filter(|_| is_used_up(header_text(headers, &format!("anthropic-ratelimit-{limit}-remaining"))));
        let date = header_text(headers, "date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let until = reset.and_then(|reset| reset.parse::<jiff::Timestamp>().ok()).zip(date);
        let until = until.and_then(|(reset, date)| Duration::try_from(reset.duration_since(date.timestamp())).ok());
        let span = header_text(headers, &format!("x-ratelimit-reset-{limit}"))
            .filter(|_| is_used_up(header_text(headers, &format!("x-ratelimit-remaining-{limit}"))))
            .and_then(span);
        [until, span]
    });
    waits.flatten().max()
}

/// Parses `1s`, `250ms`, `6m0s`, `1h2m3.5s` or a number of seconds.
fn span(text: &str) -> Option<Duration> {
    let (mut whole, mut rest) = (0.0, text.trim());
    if let Ok(seconds) = rest.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|at| *at > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, seconds) = [("ms", 0.001), ("h", 3_600.0), ("m", 60.0), ("s", 1.0)]
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))?;
        whole += number * seconds;
        rest = &rest[unit.len()..];
    }
    Duration::try_from_secs_f64(whole).ok()
}

/// The reason in the arguments of a hand-off.
pub(super) fn hand_off_reason(arguments: &Result<Value, ToolError>) -> String {
    let reason = arguments.as_ref().ok().and_then(|value| value.get("reason")).and_then(Value::as_str);
    excerpt(reason.unwrap_or("no reason given"))
}

/// The note that a reply was truncated, which holds it for a person.
pub(super) fn truncation_reason(stop_reason: &str) -> String {
    format!(
        "it was cut off before its end (the model stopped for \"{}\"; max_tokens sets how long it may be)",
        excerpt(stop_reason)
    )
}

/// The error of a model that calls tools in each round and never replies.
pub(super) fn too_many_rounds_error() -> AgentError {
    AgentError(format!("The model called tools {MAX_TOOL_ROUNDS} times without a reply."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| ((*name).parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn retry_after_is_read_in_milliseconds_seconds_and_dates() {
        let read = |lines: &[(&'static str, &str)]| retry_after(&headers(lines));
        assert_eq!(read(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[("retry-after", "7"), ("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        let date = [("date", "Mon, 01 Jun 2026 09:00:00 GMT"), ("retry-after", "Mon, 01 Jun 2026 09:00:20 GMT")];
        assert_eq!(read(&date), Some(Duration::from_secs(20)));
        assert_eq!(read(&[("retry-after", "soon")]), None);
        assert_eq!(read(&[("retry-after", "-3")]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn a_limit_that_is_used_up_says_when_it_is_restored() {
        let read = |lines: &[(&'static str, &str)]| limit_resets_in(&headers(lines));
        let date = ("date", "Mon, 01 Jun 2026 09:00:00 GMT");
        let reset = ("anthropic-ratelimit-requests-reset", "2026-06-01T09:00:07Z");
        assert_eq!(read(&[date, reset, ("anthropic-ratelimit-requests-remaining", "0")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[date, reset, ("anthropic-ratelimit-requests-remaining", "3")]), None);
        let (requests, tokens) = (("x-ratelimit-reset-requests", "1s"), ("x-ratelimit-reset-tokens", "6m0s"));
        assert_eq!(read(&[requests, tokens, ("x-ratelimit-remaining-tokens", "149984")]), Some(Duration::from_secs(1)));
        assert_eq!(read(&[requests, tokens]), Some(Duration::from_secs(360)));
        assert_eq!(read(&[("x-ratelimit-reset-requests", "250ms")]), Some(Duration::from_millis(250)));
        assert_eq!(read(&[("x-ratelimit-reset-requests", "soon")]), None);
    }
}
