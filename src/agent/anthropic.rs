//! `kind = "anthropic"`: the messages API, with tool use.

use serde_json::{Value, json};

use super::model::{Endpoint, MOST_ROUNDS, undecided};
use super::openai::{tool_name, wire_name};
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
    let mut offered: Vec<Value> = tools
        .offered()
        .iter()
        .map(
            |tool| json!({ "name": wire_name(tool.name), "description": tool.purpose, "input_schema": tool.arguments }),
        )
        .collect();
    offered.push(json!({ "name": "hand_off", "description": "Give this thread to a person.", "input_schema": {
        "type": "object", "properties": { "reason": { "type": "string" } }, "required": ["reason"] } }));
    let mut messages: Vec<Value> = prompt::turns(input)
        .into_iter()
        .map(|(ours, text)| json!({ "role": if ours { "assistant" } else { "user" }, "content": text }))
        .collect();
    let mut answer = AgentAnswer::default();
    for _ in 0..MOST_ROUNDS {
        let body = json!({ "model": model, "max_tokens": max_tokens, "system": prompt::system(own_prompt, input),
            "messages": messages, "tools": offered });
        let reply =
            endpoint.ask("/v1/messages", ("x-api-key", ""), &[("anthropic-version", API_VERSION)], &body).await?;
        if let Some(used) = reply.pointer("/usage/output_tokens") {
            answer.trace.push(format!("output tokens: {used}"));
        }
        let blocks = reply.get("content").and_then(Value::as_array).cloned().unwrap_or_default();
        let of_kind = |kind: &'static str| {
            blocks.iter().filter(move |block| block.get("type").and_then(Value::as_str) == Some(kind))
        };
        if of_kind("tool_use").next().is_none() {
            let text =
                of_kind("text").filter_map(|block| block.get("text").and_then(Value::as_str)).collect::<Vec<_>>();
            answer.messages = prompt::split(&text.join("\n\n"));
            return Ok(answer);
        }
        let mut results = vec![];
        for call in of_kind("tool_use") {
            let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
            let arguments = call.get("input").cloned().unwrap_or_default();
            if name == "hand_off" {
                let reason = arguments.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
                answer.hand_off = Some(excerpt(reason));
                return Ok(answer);
            }
            let (result, failed) = match tools.call(&tool_name(name), &arguments).await {
                Ok(value) => (value.to_string(), false),
                Err(refused) => (refused, true),
            };
            answer.trace.push(format!("{name} {} -> {}", excerpt(&arguments.to_string()), excerpt(&result)));
            results.push(
                json!({ "type": "tool_result", "tool_use_id": call.get("id"), "content": result, "is_error": failed }),
            );
        }
        messages.push(json!({ "role": "assistant", "content": blocks }));
        messages.push(json!({ "role": "user", "content": results }));
    }
    Err(undecided())
}
