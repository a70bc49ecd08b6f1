//! `kind = "openai"`: chat completions at any compatible address, with tool calls.

use serde_json::{Value, json};

use super::model::{Endpoint, MOST_ROUNDS, undecided};
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
        .chain(std::iter::once(json!({ "type": "function", "function": {
            "name": "hand_off", "description": "Give this thread to a person.",
            "parameters": { "type": "object", "properties": { "reason": { "type": "string" } }, "required": ["reason"] } } })))
        .collect();
    let mut messages = vec![json!({ "role": "system", "content": prompt::system(own_prompt, input) })];
    for (ours, text) in prompt::turns(input) {
        messages.push(json!({ "role": if ours { "assistant" } else { "user" }, "content": text }));
    }
    let mut answer = AgentAnswer::default();
    for _ in 0..MOST_ROUNDS {
        let body = json!({ "model": model, "messages": messages, "tools": offered, "max_tokens": max_tokens });
        let reply = endpoint.ask("/chat/completions", ("authorization", "Bearer "), &[], &body).await?;
        if let Some(used) = reply.pointer("/usage/total_tokens") {
            answer.trace.push(format!("tokens: {used}"));
        }
        let message = reply.pointer("/choices/0/message").cloned().unwrap_or_default();
        let calls = message.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
        if calls.is_empty() {
            let text = message.get("content").and_then(Value::as_str).unwrap_or_default();
            answer.messages = prompt::split(text);
            return Ok(answer);
        }
        messages.push(message);
        for call in &calls {
            let name = call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
            let arguments = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or("{}");
            let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
            if name == "hand_off" {
                let reason = arguments.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
                answer.hand_off = Some(excerpt(reason));
                return Ok(answer);
            }
            let result = match tools.call(&tool_name(name), &arguments).await {
                Ok(value) => value.to_string(),
                Err(refused) => json!({ "error": refused }).to_string(),
            };
            answer.trace.push(format!("{name} {} -> {}", excerpt(&arguments.to_string()), excerpt(&result)));
            messages.push(json!({ "role": "tool", "tool_call_id": call.get("id"), "content": result }));
        }
    }
    Err(undecided())
}

/// Function names may hold no dot there.
pub(super) fn wire_name(name: &str) -> String {
    name.replace('.', "_")
}

pub(super) fn tool_name(wire: &str) -> String {
    wire.replacen('_', ".", 1)
}
