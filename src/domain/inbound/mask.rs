//! Masks webhook bodies: keeps the structure and hides the values, so that people can see how a delivery is built
//! without reading its content.

use serde_json::Value;

/// Fields with protocol values, which contain no personal data.
const HARMLESS: [&str; 14] = [
    "type",
    "event",
    "status",
    "direction",
    "origin",
    "kind",
    "code",
    "timestamp",
    "messaging_product",
    "object",
    "field",
    "mime_type",
    "processing_status",
    "error_code",
];

/// Returns the body with all values hidden except protocol values. JSON keeps its keys and a form its names; anything
/// else becomes its size.
pub fn masked(body: &str) -> String {
    if let Ok(value) = serde_json::from_str::<Value>(body) {
        return serde_json::to_string_pretty(&hidden("", value)).unwrap_or_default();
    }
    if body.contains('=') && !body.contains(char::is_whitespace) {
        let pairs = url::form_urlencoded::parse(body.as_bytes());
        let lines = pairs.map(|(name, value)| format!("{name} = {}", size(&value)));
        return lines.collect::<Vec<_>>().join("\n");
    }
    size(body)
}

/// Replaces the values in JSON, except those of protocol fields.
fn hidden(name: &str, value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name.clone(), hidden(&name, value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| hidden(name, item)).collect()),
        Value::String(text) if !HARMLESS.contains(&name) => Value::String(size(&text)),
        Value::Number(_) if !HARMLESS.contains(&name) => Value::String("(a number)".into()),
        other => other,
    }
}

/// Describes a text by its number of characters.
fn size(text: &str) -> String {
    format!("({} characters)", text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_stays_and_what_people_wrote_goes() {
        let body = r#"{"message":{"type":"text","from":"15550100002","text":{"body":"my secret"},"n":4}}"#;
        let shown = masked(body);
        assert!(shown.contains("\"type\": \"text\"") && shown.contains("\"body\": \"(9 characters)\""), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("15550100002") && !shown.contains('4'), "{shown}");
        assert_eq!(masked("From=whatsapp%3A%2B1555&Body=hi+there"), "From = (14 characters)\nBody = (8 characters)");
        assert_eq!(masked("not json at all"), "(15 characters)");
    }
}
