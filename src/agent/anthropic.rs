//! Agents of `kind = "anthropic"`: the Messages API with tool use. (Anthropic: Messages API › Tool use.)

use serde_json::{Value, json};

use super::model::{Endpoint, HAND_OFF, MAX_TOOL_ROUNDS, hand_off_reason, too_many_rounds_error, truncation_reason};
use super::openai::{tool_name, wire_name};
use super::prompt::Turn;
use super::reasoning::clean;
use super::response::{find_error, no_text_error, parse_arguments, refusal_error, text_of, unknown_structure_error};
use super::{AgentAnswer, AgentError, AgentInput, Tools, prompt};

const API_VERSION: &str = "2023-06-01";

/// Asks the model until it replies or hands off; executes its tool calls in between, for at most `MAX_TOOL_ROUNDS`
/// requests.
pub(super) async fn answer(
    endpoint: &Endpoint<'_>,
    model: &str,
    own_prompt: &str,
    max_tokens: u32,
    input: &AgentInput,
    tools: &dyn Tools,
) -> Result<AgentAnswer, AgentError> {
    let offered: Vec<Value> = tools
        .available_tools()
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
    for _ in 0..MAX_TOOL_ROUNDS {
        let body = json!({ "model": model, "max_tokens": max_tokens, "system": system,
            "messages": messages, "tools": offered });
        let reply =
            endpoint.post("/v1/messages", ("x-api-key", ""), &[("anthropic-version", API_VERSION)], &body).await?;
        let used = |what: &str| reply.pointer(what).and_then(Value::as_u64).unwrap_or(0);
        answer.tokens_in += used("/usage/input_tokens");
        answer.tokens_out += used("/usage/output_tokens");
        if let Some(error) = find_error(&reply) {
            return Err(error);
        }
        let content = reply.get("content").filter(|content| content.is_array() || content.is_string());
        let content = content.ok_or_else(|| unknown_structure_error(&reply))?;
        let stop_reason = reply.get("stop_reason").and_then(Value::as_str).unwrap_or("end_turn");
        let text = text_of(content)?.map(|text| clean(&text)).filter(|text| !text.is_empty());
        if stop_reason == "refusal" {
            return Err(refusal_error(text.as_deref().unwrap_or_default()));
        }
        let blocks = content.as_array().cloned().unwrap_or_default();
        let tool_calls = || blocks.iter().filter(|block| block.get("type").and_then(Value::as_str) == Some("tool_use"));
        let is_truncated = matches!(stop_reason, "max_tokens" | "model_context_window_exceeded");
        if tool_calls().next().is_none() {
            answer.messages.extend(prompt::split_messages(&text.ok_or_else(|| no_text_error(stop_reason))?));
            answer.truncation_reason = is_truncated.then(|| truncation_reason(stop_reason));
            return Ok(answer);
        }
        if is_truncated {
            return Err(AgentError("The model's answer was cut off within a tool call; raise max_tokens.".into()));
        }
        let mut results = vec![];
        for call in tool_calls() {
            let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
            let arguments = parse_arguments(call.get("input"));
            if tool_name(name) == HAND_OFF {
                answer.hand_off = Some(hand_off_reason(&arguments));
                // Text beside the call is addressed to the contact.
                answer.messages.extend(text.iter().flat_map(|text| prompt::split_messages(text)));
                return Ok(answer);
            }
            let outcome = match &arguments {
                Ok(arguments) => tools.call(&tool_name(name), arguments).await,
                Err(invalid) => Err(invalid.clone()),
            };
            let (result, failed) = match outcome {
                Ok(value) => (value.to_string(), false),
                Err(error) => (error.0, true),
            };
            results.push(
                json!({ "type": "tool_result", "tool_use_id": call.get("id"), "content": result, "is_error": failed }),
            );
        }
        messages.push(json!({ "role": "assistant", "content": blocks }));
        messages.push(json!({ "role": "user", "content": results }));
    }
    Err(too_many_rounds_error())
}

/// The content of a turn: a string, or a list of content blocks if files are attached.
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
