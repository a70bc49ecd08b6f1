//! `kind = "anthropic"`: the messages API, with tool use.

use serde_json::{Value, json};

use super::model::{Endpoint, HAND_OFF, MOST_ROUNDS, cut, reason_of, undecided};
use super::openai::{tool_name, wire_name};
use super::prompt::Turn;
use super::reading::{arguments_of, error_in, refused, unknown_shape, without_words, words_of};
use super::thoughts::clean;
use super::{AgentAnswer, AgentError, AgentInput, Tools, prompt};

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
        if let Some(error) = error_in(&reply) {
            return Err(error);
        }
        let content = reply.get("content").filter(|content| content.is_array() || content.is_string());
        let content = content.ok_or_else(|| unknown_shape(&reply))?;
        let stopped_for = reply.get("stop_reason").and_then(Value::as_str).unwrap_or("end_turn");
        let words = words_of(content)?.map(|text| clean(&text)).filter(|text| !text.is_empty());
        if stopped_for == "refusal" {
            return Err(refused(words.as_deref().unwrap_or_default()));
        }
        let blocks = content.as_array().cloned().unwrap_or_default();
        let calls = || blocks.iter().filter(|block| block.get("type").and_then(Value::as_str) == Some("tool_use"));
        let is_cut = matches!(stopped_for, "max_tokens" | "model_context_window_exceeded");
        if calls().next().is_none() {
            answer.messages.extend(prompt::split(&words.ok_or_else(|| without_words(stopped_for))?));
            answer.cut = is_cut.then(|| cut(stopped_for));
            return Ok(answer);
        }
        if is_cut {
            return Err(AgentError("The model's answer was cut off within a tool call; raise max_tokens.".into()));
        }
        let mut results = vec![];
        for call in calls() {
            let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
            let arguments = arguments_of(call.get("input"));
            if tool_name(name) == HAND_OFF {
                answer.hand_off = Some(reason_of(&arguments));
                // What it says beside the call is for the contact.
                answer.messages.extend(words.iter().flat_map(|text| prompt::split(text)));
                return Ok(answer);
            }
            let called = match &arguments {
                Ok(arguments) => tools.call(&tool_name(name), arguments).await,
                Err(unreadable) => Err(unreadable.clone()),
            };
            let (result, failed) = match called {
                Ok(value) => (value.to_string(), false),
                Err(refused) => (refused.0, true),
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
