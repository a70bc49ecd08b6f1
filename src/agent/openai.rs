//! `kind = "openai"`: chat completions at any compatible address, with tool calls.

use serde_json::{Value, json};

use super::model::{Endpoint, HAND_OFF, MOST_ROUNDS, undecided};
use super::prompt::Turn;
use super::{AgentAnswer, AgentError, AgentInput, Tools, excerpt, prompt};

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
    for _ in 0..MOST_ROUNDS {
        let body = json!({ "model": model, "messages": messages, "tools": offered, "max_tokens": max_tokens });
        let reply = endpoint.ask("/chat/completions", ("authorization", "Bearer "), &[], &body).await?;
        let used = |what: &str| reply.pointer(what).and_then(Value::as_u64).unwrap_or(0);
        answer.tokens_in += used("/usage/prompt_tokens");
        answer.tokens_out += used("/usage/completion_tokens");
        let message = reply.pointer("/choices/0/message").cloned().unwrap_or_default();
        let calls = message.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
        if calls.is_empty() {
            let text = message.get("content").and_then(Value::as_str).unwrap_or_default();
            answer.messages.extend(prompt::split(text));
            return Ok(answer);
        }
        messages.push(message);
        for call in &calls {
            let name = call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
            let arguments = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or("{}");
            let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
            if tool_name(name) == HAND_OFF {
                let reason = arguments.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
                answer.hand_off = Some(excerpt(reason));
                return Ok(answer);
            }
            let result = match tools.call(&tool_name(name), &arguments).await {
                Ok(value) => value.to_string(),
                Err(refused) => json!({ "error": refused }).to_string(),
            };
            messages.push(json!({ "role": "tool", "tool_call_id": call.get("id"), "content": result }));
        }
    }
    Err(undecided())
}

/// Words alone, or words with the files that came along.
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

/// Function names may hold no dot there.
pub(super) fn wire_name(name: &str) -> String {
    name.replace('.', "_")
}

pub(super) fn tool_name(wire: &str) -> String {
    wire.replacen('_', ".", 1)
}
