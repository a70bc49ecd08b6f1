//! Agents of `kind = "openai"`: chat completions with tool calls, at any compatible URL.

use serde_json::{Value, json};

use super::model::{Endpoint, HAND_OFF, MAX_TOOL_ROUNDS, hand_off_reason, too_many_rounds_error, truncation_reason};
use super::prompt::Turn;
use super::reasoning::clean;
use super::response::{find_error, no_text_error, parse_arguments, refusal_error, text_of, unknown_structure_error};
use super::{AgentAnswer, AgentError, AgentInput, Tools, prompt};

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
        .map(|tool| {
            json!({ "type": "function", "function": {
                "name": wire_name(tool.name), "description": tool.purpose, "parameters": tool.arguments } })
        })
        .collect();
    let system = prompt::system(own_prompt, input);
    let mut messages = vec![json!({ "role": "system", "content": system })];
    for turn in prompt::turns(input) {
        messages.push(json!({ "role": if turn.ours { "assistant" } else { "user" }, "content": content(&turn) }));
    }
    let mut answer = AgentAnswer { prompt: system, ..AgentAnswer::default() };
    for _ in 0..MAX_TOOL_ROUNDS {
        let body = json!({ "model": model, "messages": messages, "tools": offered, "max_tokens": max_tokens });
        let reply = endpoint.post("/chat/completions", ("authorization", "Bearer "), &[], &body).await?;
        let used = |what: &str| reply.pointer(what).and_then(Value::as_u64).unwrap_or(0);
        answer.tokens_in += used("/usage/prompt_tokens");
        answer.tokens_out += used("/usage/completion_tokens");
        if let Some(error) = find_error(&reply) {
            return Err(error);
        }
        let choice = reply.pointer("/choices/0").ok_or_else(|| unknown_structure_error(&reply))?;
        let message = choice
            .get("message")
            .filter(|message| message.is_object())
            .ok_or_else(|| unknown_structure_error(&reply))?;
        let stop_reason = choice.get("finish_reason").and_then(Value::as_str).unwrap_or("stop");
        if let Some(why) = message.get("refusal").and_then(Value::as_str).filter(|why| !why.trim().is_empty()) {
            return Err(refusal_error(why));
        }
        if stop_reason == "content_filter" {
            return Err(AgentError("The model's content filter stopped its answer.".into()));
        }
        let tool_calls = message.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = text_of(message.get("content").unwrap_or(&Value::Null))?.map(|text| clean(&text));
        let text = text.filter(|text| !text.is_empty());
        let is_truncated = stop_reason == "length";
        if tool_calls.is_empty() {
            answer.messages.extend(prompt::split_messages(&text.ok_or_else(|| no_text_error(stop_reason))?));
            answer.truncation_reason = is_truncated.then(|| truncation_reason(stop_reason));
            return Ok(answer);
        }
        if is_truncated {
            return Err(AgentError("The model's answer was cut off within a tool call; raise max_tokens.".into()));
        }
        messages.push(message.clone());
        for call in &tool_calls {
            let name = call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
            let arguments = parse_arguments(call.pointer("/function/arguments"));
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
            let result = match outcome {
                Ok(value) => value.to_string(),
                Err(error) => json!({ "error": error.0 }).to_string(),
            };
            messages.push(json!({ "role": "tool", "tool_call_id": call.get("id"), "content": result }));
        }
    }
    Err(too_many_rounds_error())
}

/// The content of a turn: a string, or a list of content parts if files are attached.
fn content(turn: &Turn<'_>) -> Value {
    if turn.media.is_empty() {
        return json!(turn.text);
    }
    let files = turn.media.iter().map(|file| {
        let (data, kind) = (&file.data, &file.mime_type);
        match kind.split_once('/').unwrap_or((kind, "")) {
            ("audio", format) => json!({ "type": "input_audio", "input_audio": { "data": data, "format": format } }),
            ("image", _) => {
                json!({ "type": "image_url", "image_url": { "url": format!("data:{kind};base64,{data}") } })
            }
            _ => json!({ "type": "file", "file": { "file_data": format!("data:{kind};base64,{data}") } }),
        }
    });
    Value::Array(std::iter::once(json!({ "type": "text", "text": turn.text })).chain(files).collect())
}

/// Converts a tool's name for the API, where function names must not contain a dot.
pub(super) fn wire_name(name: &str) -> String {
    name.replace('.', "_")
}

/// Converts a function name of the API back to a tool's name.
pub(super) fn tool_name(wire: &str) -> String {
    wire.replacen('_', ".", 1)
}
