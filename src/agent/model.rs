//! Where a model is asked: an address, a key, JSON there and back.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{AgentError, excerpt, exchange};

/// The tool that ends a run: a person is wanted.
pub(super) const HAND_OFF: &str = "handOff";
/// Rounds of tool calls before an answer must come.
pub(super) const MOST_ROUNDS: usize = 6;

pub(super) struct Endpoint<'a> {
    pub client: &'a reqwest::Client,
    pub base_url: &'a str,
    pub key: Option<&'a SecretString>,
}

impl Endpoint<'_> {
    /// Posts a question below the base address. `key_header` carries the key, after `prefix`.
    pub async fn ask(
        &self,
        path: &str,
        (key_header, prefix): (&'static str, &str),
        extra: &[(&'static str, &'static str)],
        body: &Value,
    ) -> Result<Value, AgentError> {
        let mut request = self.client.post(format!("{}{path}", self.base_url.trim_end_matches('/'))).json(body);
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        if let Some(key) = self.key {
            let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose_secret()))
                .map_err(|_| AgentError("The model's key holds characters that no header can carry.".into()))?;
            value.set_sensitive(true);
            request = request.header(key_header, value);
        }
        let (status, text) = exchange(request, "The model's address").await?;
        if status != 200 {
            return Err(AgentError(format!("The model's address answered HTTP {status}: {}", excerpt(&text))));
        }
        serde_json::from_str(&text)
            .map_err(|_| AgentError(format!("The model's answer is not JSON: {}", excerpt(&text))))
    }
}

/// A model that never comes to an answer.
pub(super) fn undecided() -> AgentError {
    AgentError(format!("The model called tools {MOST_ROUNDS} times and still had no answer."))
}
