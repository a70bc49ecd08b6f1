//! Reads the responses of model APIs in their different structures: text, refusals, errors and tool arguments.

use serde_json::Value;

use super::ToolError;
use super::{AgentError, excerpt};

/// Returns the error that a response contains, in the provider's words. `None` if it contains none.
pub(super) fn find_error(reply: &Value) -> Option<AgentError> {
    let error = reply.get("error").filter(|error| !error.is_null())?;
    let message = ["message", "detail", "type", "code"].iter().find_map(|key| error.get(key).and_then(Value::as_str));
    let message = message.or_else(|| error.as_str()).map_or_else(|| error.to_string(), str::to_owned);
    Some(AgentError(format!("The model's URL returned an error: {}", excerpt(&message))))
}

/// The error for a response that cannot be read.
pub(super) fn unknown_structure_error(reply: &Value) -> AgentError {
    AgentError(format!("The model's response has an unknown structure: {}", excerpt(&reply.to_string())))
}

pub(super) fn refusal_error(why: &str) -> AgentError {
    match excerpt(why).as_str() {
        "" => AgentError("The model refused to answer.".into()),
        why => AgentError(format!("The model refused to answer: {why}")),
    }
}

pub(super) fn no_text_error(reason: &str) -> AgentError {
    AgentError(format!("The model returned no text (stop reason \"{}\").", excerpt(reason)))
}

/// The text of a content: a string, or the joined text parts of a list. `None` for null and for a list without text.
pub(super) fn text_of(content: &Value) -> Result<Option<String>, AgentError> {
    match content {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(parts) => {
            let mut texts = vec![];
            for part in parts {
                let kind =
                    part.get("type").and_then(Value::as_str).unwrap_or(if part.is_string() { "text" } else { "" });
                match kind {
                    "text" | "output_text" => {
                        let text = part.get("text").unwrap_or(part);
                        let text = text.as_str().or_else(|| text.get("value").and_then(Value::as_str));
                        texts.push(text.ok_or_else(|| unknown_structure_error(part))?.to_owned());
                    }
                    "refusal" => {
                        return Err(refusal_error(part.get("refusal").and_then(Value::as_str).unwrap_or_default()));
                    }
                    // Reasoning is not for the contact; tool calls are read elsewhere.
                    "thinking" | "redacted_thinking" | "reasoning" | "tool_use" | "tool_call" => {}
                    _ => return Err(unknown_structure_error(part)),
                }
            }
            Ok((!texts.is_empty()).then(|| texts.join("\n\n")))
        }
        other => Err(unknown_structure_error(other)),
    }
}

/// Parses the arguments of a tool call: an object, or a string that holds one. Missing arguments are an empty object.
pub(super) fn parse_arguments(arguments: Option<&Value>) -> Result<Value, ToolError> {
    let value = match arguments {
        None | Some(Value::Null) => return Ok(Value::Object(serde_json::Map::new())),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(Value::Object(serde_json::Map::new())),
        Some(Value::String(text)) => {
            serde_json::from_str::<Value>(text).map_err(|_| format!("the arguments are not JSON: {}", excerpt(text)))?
        }
        Some(other) => other.clone(),
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(format!("the arguments are not an object: {}", excerpt(&value.to_string())).into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_read_from_strings_and_parts() {
        let parts = json!([{ "type": "thinking", "thinking": "hm" }, { "type": "text", "text": "One." },
            { "type": "output_text", "text": { "value": "Two." } }]);
        assert_eq!(text_of(&parts), Ok(Some("One.\n\nTwo.".into())));
        assert_eq!(text_of(&Value::Null), Ok(None));
        assert!(text_of(&json!([{ "type": "refusal", "refusal": "I cannot." }])).is_err());
        assert!(text_of(&json!({ "parts": [] })).is_err());
        assert!(text_of(&json!([{ "kind": "text" }])).is_err());
    }

    #[test]
    fn arguments_are_read_from_objects_and_strings() {
        let expected = json!({ "limit": 5 });
        assert_eq!(parse_arguments(Some(&expected)), Ok(expected.clone()));
        assert_eq!(parse_arguments(Some(&json!("{\"limit\":5}"))), Ok(expected));
        assert_eq!(parse_arguments(None), Ok(json!({})));
        assert!(parse_arguments(Some(&json!("{\"limit\":"))).is_err());
        assert!(parse_arguments(Some(&json!([5]))).is_err());
    }
}
