//! `kind = "http"`: the transcript is posted to a URL, signed when the agent has a secret.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;

use super::{AgentAnswer, AgentError, AgentInput, excerpt, exchange};

pub(super) async fn answer(
    client: &reqwest::Client,
    url: &str,
    secret: Option<&SecretString>,
    input: &AgentInput,
) -> Result<AgentAnswer, AgentError> {
    let (status, text) = post(client, url, secret, input, "The agent's URL").await?;
    match status {
        204 => Ok(AgentAnswer::default()),
        200 => parse(&text),
        _ => Err(AgentError(format!("The agent's URL returned HTTP {status}: {}", excerpt(&text)))),
    }
}

/// Posts JSON, signed where there is a secret.
pub(super) async fn post(
    client: &reqwest::Client,
    url: &str,
    secret: Option<&SecretString>,
    body: &impl serde::Serialize,
    who: &str,
) -> Result<(u16, String), AgentError> {
    let body = serde_json::to_vec(body).map_err(|error| AgentError(format!("Cannot write the transcript: {error}")))?;
    let mut request = client.post(url).header("content-type", "application/json");
    if let Some(signature) = secret.and_then(|secret| sign(secret, &body)) {
        request = request.header("X-Wadeck-Signature", signature);
    }
    exchange(request.body(body), who).await
}

/// The answer of an `http` or `command` agent: JSON, or nothing at all.
pub(super) fn parse(text: &str) -> Result<AgentAnswer, AgentError> {
    if text.trim().is_empty() {
        return Ok(AgentAnswer::default());
    }
    let unreadable = |why: &str| {
        let wanted = r#"{"messages": [{"text": "…"}], "hand_off": null}"#;
        AgentError(format!("The agent's response is not valid ({why}); expected {wanted}, got {}", excerpt(text)))
    };
    let value: Value = serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))?;
    let Some(members) = value.as_object() else { return Err(unreadable("it is not an object")) };
    let unknown: Vec<&str> = members.keys().map(String::as_str).filter(|key| !MEMBERS.contains(key)).collect();
    let known = members.len() > unknown.len();
    let answer: AgentAnswer = serde_json::from_value(value.clone()).map_err(|error| unreadable(&error.to_string()))?;
    let is_silent = answer.messages.is_empty() && answer.tools.is_empty() && answer.hand_off.is_none();
    // Silence is said by 204, by nothing at all or by an empty list; an error or a slip of the pen is no silence.
    if is_silent && (!known || !unknown.is_empty()) {
        return Err(unreadable(&match unknown.first() {
            Some(first) => format!("unknown field {}", excerpt(first)),
            None => "it is empty".to_owned(),
        }));
    }
    Ok(answer)
}

/// What an answer may hold.
const MEMBERS: [&str; 3] = ["messages", "tools", "hand_off"];

fn sign(secret: &SecretString, body: &[u8]) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    Some(hex::encode(mac.chain_update(body).finalize().into_bytes()))
}
