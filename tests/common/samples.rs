//! Sample values of every request and query of the program, derived from the deserializer's error messages: it names
//! missing fields and the variants of a tag. New requests and queries are included automatically; a field whose value
//! cannot be guessed fails the test and needs a value in `given_value`.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Returns the value of a field that cannot be guessed from the deserializer's error. `None` for all other fields.
fn given_value(field: &str) -> Option<Value> {
    let proposal = json!({ "connection": "c999", "agent": "nobody", "mode": "draft" });
    Some(match field {
        "to" | "number" => json!("+15550109999"),
        "content" => json!({ "type": "text", "body": "hello" }),
        "request" => json!({ "do": "send", "thread": "t999", "content": { "type": "text", "body": "hello" } }),
        "scope" => json!({}),
        "query" => json!({ "tell": "overview" }),
        "proposal" => proposal,
        "what" => json!({ "scope": "thread", "subject": "t999" }),
        "draft" => json!({ "url": "https://example.org/hook", "events": ["whatsapp.message.received"] }),
        "profile" => json!({ "about": "", "address": "", "description": "", "email": "", "websites": [],
            "vertical": "OTHER", "picture_url": null }),
        "provider" => json!("kapso"),
        "until" => json!("2031-01-01T00:00:00Z"),
        "method" => json!("GET"),
        "path" => json!("/nowhere"),
        "gone" => json!("p998"),
        "shown" => json!({ "connection": "c999", "name": "nobody" }),
        "source" => json!({ "address": "https://example.org/sample.png" }),
        _ => return None,
    })
}

/// Returns the names in backticks after "expected".
fn expected_names(message: &str) -> Vec<String> {
    let Some((_, names)) = message.split_once("expected") else { return vec![] };
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns one value of the type for each variant of each of its tags, with its JSON.
pub fn all<T: DeserializeOwned>() -> Vec<(Value, T)> {
    let mut values = vec![];
    grow(&Map::new(), None, &mut values);
    assert!(!values.is_empty());
    values
}

fn grow<T: DeserializeOwned>(fields: &Map<String, Value>, last: Option<&str>, values: &mut Vec<(Value, T)>) {
    let error = match serde_json::from_value::<T>(Value::Object(fields.clone())) {
        Ok(value) => return values.push((Value::Object(fields.clone()), value)),
        Err(error) => error.to_string(),
    };
    let mut with = |field: &str, value: Value| {
        let mut more = fields.clone();
        more.insert(field.to_owned(), value);
        grow(&more, Some(field), values);
    };
    if let Some(field) = error.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        assert!(!fields.contains_key(field), "{fields:?}: {error}, inside of a value in tests/common/samples.rs");
        // An inner tag may have the same name as a field of another type; the value in `given_value` is then no
        // variant of it.
        let is_no_variant = |value: &Value| {
            let mut more = fields.clone();
            more.insert(field.to_owned(), value.clone());
            let tried = serde_json::from_value::<T>(Value::Object(more));
            tried.err().is_some_and(|error| error.to_string().starts_with("unknown variant"))
        };
        let value = given_value(field).filter(|value| !is_no_variant(value)).unwrap_or_else(|| json!("?"));
        return with(field, value);
    }
    let Some(field) = last else { panic!("not an object with tags: {error}") };
    if error.starts_with("unknown variant `?`") {
        for name in expected_names(&error) {
            with(field, json!(name));
        }
        return;
    }
    let guess = if let Some((_, like)) = error.split_once("those look like `") {
        json!(format!("{}999", &like[..1]))
    } else if error.contains("expected u") || error.contains("expected i") {
        json!(999)
    } else if error.contains("expected a boolean") {
        json!(true)
    } else if error.contains("expected a sequence") {
        json!([])
    } else {
        panic!("{fields:?}: {error}. Give a value for `{field}` in tests/common/samples.rs.")
    };
    assert_ne!(fields[field], guess, "{fields:?}: {error}. Give a value for `{field}` in tests/common/samples.rs.");
    with(field, guess);
}
