//! Agents of `kind = "workflow"`: posts the message to a URL as a signed event. The workflow replies, if at all,
//! through the API.

use secrecy::SecretString;
use serde_json::json;

use super::http::post;
use super::{AgentAnswer, AgentError, AgentInput, excerpt};

/// Posts the event. Fails on any status but 2xx.
pub(super) async fn report(
    client: &reqwest::Client,
    url: &str,
    secret: Option<&SecretString>,
    input: &AgentInput,
) -> Result<AgentAnswer, AgentError> {
    let event = json!({ "event": "message.received", "id": input.run_id, "data": input });
    let (status, text) = post(client, url, secret, (&event, input.rehearsal), "The workflow").await?;
    if !(200..300).contains(&status) {
        return Err(AgentError(format!("The workflow returned HTTP {status}: {}", excerpt(&text))));
    }
    Ok(AgentAnswer { trace: vec![format!("the workflow accepted it (HTTP {status})")], ..AgentAnswer::default() })
}
