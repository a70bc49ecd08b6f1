//! Agents of `kind = "http"`: posts the transcript to a URL, with a signature if the agent has a secret.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;

use super::{AgentAnswer, AgentError, AgentInput, excerpt, exchange};

/// Posts the transcript; HTTP 204 means no reply, and any status but 200 and 204 is an error.
pub(super) async fn answer(
    client: &reqwest::Client,
    url: &str,
    secret: Option<&SecretString>,
    input: &AgentInput,
) -> Result<AgentAnswer, AgentError> {
    let (status, text) = post(client, url, secret, (input, input.rehearsal), "The agent's URL").await?;
    match status {
        204 => Ok(AgentAnswer::default()),
        200 => parse(&text),
        _ => Err(AgentError(format!("The agent's URL returned HTTP {status}: {}", excerpt(&text)))),
    }
}

/// Header of a request whose answer is discarded.
const REHEARSAL_HEADER: &str = "X-Wadeck-Rehearsal";

/// Posts a body as JSON and returns status and text. With a secret, adds its HMAC-SHA256 as `X-Wadeck-Signature`; for a
/// rehearsal, adds `X-Wadeck-Rehearsal: true`.
pub(super) async fn post(
    client: &reqwest::Client,
    url: &str,
    secret: Option<&SecretString>,
    (body, is_rehearsal): (&impl serde::Serialize, bool),
    target: &str,
) -> Result<(u16, String), AgentError> {
    let body = serde_json::to_vec(body).map_err(|error| AgentError(format!("Cannot write the transcript: {error}")))?;
    let mut request = client.post(url).header("content-type", "application/json");
    if is_rehearsal {
        request = request.header(REHEARSAL_HEADER, "true");
    }
    if let Some(signature) = secret.and_then(|secret| sign(secret, &body)) {
        request = request.header("X-Wadeck-Signature", signature);
    }
    exchange(request.body(body), target).await
}

/// Parses the reply of an `http` or `command` agent: JSON, or an empty text for no reply.
pub(super) fn parse(text: &str) -> Result<AgentAnswer, AgentError> {
    if text.trim().is_empty() {
        return Ok(AgentAnswer::default());
    }
    let invalid = |why: &str| {
        let expected = r#"{"messages": [{"text": "…"}], "hand_off": null}"#;
        AgentError(format!("The agent's response is not valid ({why}); expected {expected}, got {}", excerpt(text)))
    };
    let value: Value = serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))?;
    let Some(fields) = value.as_object() else { return Err(invalid("it is not an object")) };
    let unknown: Vec<&str> = fields.keys().map(String::as_str).filter(|key| !REPLY_FIELDS.contains(key)).collect();
    let has_known_fields = fields.len() > unknown.len();
    let answer: AgentAnswer = serde_json::from_value(value.clone()).map_err(|error| invalid(&error.to_string()))?;
    let is_empty = answer.messages.is_empty() && answer.tools.is_empty() && answer.hand_off.is_none();
    // No reply is a 204, an empty body or an empty list. An error object or a misspelled field must not count as
    // that.
    if is_empty && (!has_known_fields || !unknown.is_empty()) {
        return Err(invalid(&match unknown.first() {
            Some(first) => format!("unknown field {}", excerpt(first)),
            None => "it is empty".to_owned(),
        }));
    }
    Ok(answer)
}

/// The fields of a reply.
const REPLY_FIELDS: [&str; 3] = ["messages", "tools", "hand_off"];

fn sign(secret: &SecretString, body: &[u8]) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    Some(hex::encode(mac.chain_update(body).finalize().into_bytes()))
}
