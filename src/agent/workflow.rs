//! `kind = "workflow"`: an address that is told of the message in one of our signed events, and
//! answers, if it wants to, on its own and over the API.

use secrecy::SecretString;
use serde_json::json;

use super::http::post;
use super::{AgentAnswer, AgentError, AgentInput, excerpt};

pub(super) async fn report(
    client: &reqwest::Client,
    url: &str,
    secret: Option<&SecretString>,
    input: &AgentInput,
) -> Result<AgentAnswer, AgentError> {
    let event = json!({ "event": "message.received", "id": input.run_id, "data": input });
    let (status, text) = post(client, url, secret, &event, "The workflow").await?;
    if !(200..300).contains(&status) {
        return Err(AgentError(format!("The workflow returned HTTP {status}: {}", excerpt(&text))));
    }
    Ok(AgentAnswer { trace: vec![format!("the workflow accepted it (HTTP {status})")], ..AgentAnswer::default() })
}
