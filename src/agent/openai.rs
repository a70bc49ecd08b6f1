//! `kind = "openai"`: chat completions at any compatible address, with tool calls.

use serde_json::{Value, json};

use super::model::{Endpoint, HAND_OFF, MOST_ROUNDS, cut, reason_of, undecided};
use super::prompt::Turn;
use super::reading::{arguments_of, error_in, refused, unknown_shape, without_words, words_of};
use super::thoughts::clean;
use super::{AgentAnswer, AgentError, AgentInput, Tools, prompt};

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
        if let Some(error) = error_in(&reply) {
            return Err(error);
        }
        let choice = reply.pointer("/choices/0").ok_or_else(|| unknown_shape(&reply))?;
        let message =
            choice.get("message").filter(|message| message.is_object()).ok_or_else(|| unknown_shape(&reply))?;
        let stopped_for = choice.get("finish_reason").and_then(Value::as_str).unwrap_or("stop");
        if let Some(why) = message.get("refusal").and_then(Value::as_str).filter(|why| !why.trim().is_empty()) {
            return Err(refused(why));
        }
        if stopped_for == "content_filter" {
            return Err(AgentError("The model's content filter stopped its answer.".into()));
        }
        let calls = message.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
        let words = words_of(message.get("content").unwrap_or(&Value::Null))?.map(|text| clean(&text));
        let words = words.filter(|text| !text.is_empty());
        let is_cut = stopped_for == "length";
        if calls.is_empty() {
            answer.messages.extend(prompt::split(&words.ok_or_else(|| without_words(stopped_for))?));
            answer.cut = is_cut.then(|| cut(stopped_for));
            return Ok(answer);
        }
        if is_cut {
            return Err(AgentError("The model's answer was cut off within a tool call; raise max_tokens.".into()));
        }
        messages.push(message.clone());
        for call in &calls {
            let name = call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
            let arguments = arguments_of(call.pointer("/function/arguments"));
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
            let result = match called {
                Ok(value) => value.to_string(),
                Err(refused) => json!({ "error": refused.0 }).to_string(),
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
