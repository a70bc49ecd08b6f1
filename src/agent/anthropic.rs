//! `kind = "anthropic"`: the messages API, with tool use.

use serde_json::{Value, json};

use super::model::{Endpoint, HAND_OFF, MOST_ROUNDS, undecided};
use super::openai::{tool_name, wire_name};
use super::prompt::Turn;
use super::{AgentAnswer, AgentError, AgentInput, Tools, excerpt, prompt};

const API_VERSION: &str = "2023-06-01";
pub(super) async fn answer(
    endpoint: &Endpoint<'_>,
    model: &str,
    own_prompt: &str,
    max_tokens: u32,
    input: &AgentInput,
    tools: &dyn Tools,
) -> Result<AgentAnswer, AgentError> {
    let offered: Vec<Value> = tools
        .offered()
        .iter()
        .map(
            |tool| json!({ "name": wire_name(tool.name), "description": tool.purpose, "input_schema": tool.arguments }),
        )
        .collect();
    let system = prompt::system(own_prompt, input);
    let mut messages: Vec<Value> = prompt::turns(input)
        .into_iter()
        .map(|turn| json!({ "role": if turn.ours { "assistant" } else { "user" }, "content": content(&turn) }))
        .collect();
    let mut answer = AgentAnswer { prompt: system.clone(), ..AgentAnswer::default() };
    for _ in 0..MOST_ROUNDS {
        let body = json!({ "model": model, "max_tokens": max_tokens, "system": system,
            "messages": messages, "tools": offered });
        let reply =
            endpoint.ask("/v1/messages", ("x-api-key", ""), &[("anthropic-version", API_VERSION)], &body).await?;
        let used = |what: &str| reply.pointer(what).and_then(Value::as_u64).unwrap_or(0);
        answer.tokens_in += used("/usage/input_tokens");
        answer.tokens_out += used("/usage/output_tokens");
        let blocks = reply.get("content").and_then(Value::as_array).cloned().unwrap_or_default();
        let of_kind = |kind: &'static str| {
            blocks.iter().filter(move |block| block.get("type").and_then(Value::as_str) == Some(kind))
        };
        if of_kind("tool_use").next().is_none() {
            let text =
                of_kind("text").filter_map(|block| block.get("text").and_then(Value::as_str)).collect::<Vec<_>>();
            answer.messages.extend(prompt::split(&text.join("\n\n")));
            return Ok(answer);
        }
        let mut results = vec![];
        for call in of_kind("tool_use") {
            let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
            let arguments = call.get("input").cloned().unwrap_or_default();
            if tool_name(name) == HAND_OFF {
                let reason = arguments.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
                answer.hand_off = Some(excerpt(reason));
                return Ok(answer);
            }
            let (result, failed) = match tools.call(&tool_name(name), &arguments).await {
                Ok(value) => (value.to_string(), false),
                Err(refused) => (refused, true),
            };
            results.push(
                json!({ "type": "tool_result", "tool_use_id": call.get("id"), "content": result, "is_error": failed }),
            );
        }
        messages.push(json!({ "role": "assistant", "content": blocks }));
        messages.push(json!({ "role": "user", "content": results }));
    }
    Err(undecided())
}

/// Words alone, or words with the files that came along.
fn content(turn: &Turn<'_>) -> Value {
    if turn.media.is_empty() {
        return json!(turn.text);
    }
    let files = turn.media.iter().map(|file| {
        let kind = if file.mime_type.starts_with("image/") { "image" } else { "document" };
        json!({ "type": kind, "source": { "type": "base64", "media_type": file.mime_type, "data": file.data } })
    });
    Value::Array(files.chain(std::iter::once(json!({ "type": "text", "text": turn.text }))).collect())
}
