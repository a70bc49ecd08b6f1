//! What a model's answer holds, whatever its shape: words, a refusal, an error, or half of a sentence.

use serde_json::Value;

use super::ToolError;
use super::{AgentError, excerpt};

/// What an answer says about itself where it is an error, in the words of whoever wrote it.
pub(super) fn error_in(reply: &Value) -> Option<AgentError> {
    let error = reply.get("error").filter(|error| !error.is_null())?;
    let told = ["message", "detail", "type", "code"].iter().find_map(|key| error.get(key).and_then(Value::as_str));
    let told = told.or_else(|| error.as_str()).map_or_else(|| error.to_string(), str::to_owned);
    Some(AgentError(format!("The model's URL returned an error: {}", excerpt(&told))))
}

/// An answer of a shape that is not known.
pub(super) fn unknown_shape(reply: &Value) -> AgentError {
    AgentError(format!("The model's response has an unknown structure: {}", excerpt(&reply.to_string())))
}

pub(super) fn refused(why: &str) -> AgentError {
    match excerpt(why).as_str() {
        "" => AgentError("The model refused to answer.".into()),
        why => AgentError(format!("The model refused to answer: {why}")),
    }
}

pub(super) fn without_words(reason: &str) -> AgentError {
    AgentError(format!("The model returned no text (stop reason \"{}\").", excerpt(reason)))
}

/// The words of a content: a string, or a list of parts of which those of text are joined. `None` for null
/// and for what is not there.
pub(super) fn words_of(content: &Value) -> Result<Option<String>, AgentError> {
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
                        texts.push(text.ok_or_else(|| unknown_shape(part))?.to_owned());
                    }
                    "refusal" => {
                        return Err(refused(part.get("refusal").and_then(Value::as_str).unwrap_or_default()));
                    }
                    // What it thought, and what it calls, is read elsewhere or not for the contact.
                    "thinking" | "redacted_thinking" | "reasoning" | "tool_use" | "tool_call" => {}
                    _ => return Err(unknown_shape(part)),
                }
            }
            Ok((!texts.is_empty()).then(|| texts.join("\n\n")))
        }
        other => Err(unknown_shape(other)),
    }
}

/// Arguments of a tool call: an object, or one that is written as a string. Nothing is an empty object.
pub(super) fn arguments_of(arguments: Option<&Value>) -> Result<Value, ToolError> {
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
    fn contents_are_read_in_every_shape() {
        let parts = json!([{ "type": "thinking", "thinking": "hm" }, { "type": "text", "text": "One." },
            { "type": "output_text", "text": { "value": "Two." } }]);
        assert_eq!(words_of(&parts), Ok(Some("One.\n\nTwo.".into())));
        assert_eq!(words_of(&Value::Null), Ok(None));
        assert!(words_of(&json!([{ "type": "refusal", "refusal": "I cannot." }])).is_err());
        assert!(words_of(&json!({ "parts": [] })).is_err());
        assert!(words_of(&json!([{ "kind": "text" }])).is_err());
    }

    #[test]
    fn arguments_are_an_object_however_they_are_written() {
        let wanted = json!({ "limit": 5 });
        assert_eq!(arguments_of(Some(&wanted)), Ok(wanted.clone()));
        assert_eq!(arguments_of(Some(&json!("{\"limit\":5}"))), Ok(wanted));
        assert_eq!(arguments_of(None), Ok(json!({})));
        assert!(arguments_of(Some(&json!("{\"limit\":"))).is_err());
        assert!(arguments_of(Some(&json!([5]))).is_err());
    }
}
