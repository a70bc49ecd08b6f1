//! Every request and every query that the program takes, made from what it says about itself: a field that
//! is missing is named by the reader, so is every variant of a tag. Whatever is added to the program is in
//! here without being written down; a field that cannot be guessed fails and asks for a value below.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Fields whose value cannot be guessed from what the reader says about a wrong one.
fn given(field: &str) -> Option<Value> {
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
        "source" => json!({ "address": "https://example.org/sample.png" }),
        _ => return None,
    })
}

/// Names in backticks behind "expected".
fn expected(message: &str) -> Vec<String> {
    let Some((_, names)) = message.split_once("expected") else { return vec![] };
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every value of a type, one for each variant of each of its tags, as JSON beside the value itself.
pub fn all<T: DeserializeOwned>() -> Vec<(Value, T)> {
    let mut whole = vec![];
    grow(&Map::new(), None, &mut whole);
    assert!(!whole.is_empty());
    whole
}

fn grow<T: DeserializeOwned>(so_far: &Map<String, Value>, last: Option<&str>, whole: &mut Vec<(Value, T)>) {
    let error = match serde_json::from_value::<T>(Value::Object(so_far.clone())) {
        Ok(value) => return whole.push((Value::Object(so_far.clone()), value)),
        Err(error) => error.to_string(),
    };
    let mut with = |field: &str, value: Value| {
        let mut more = so_far.clone();
        more.insert(field.to_owned(), value);
        grow(&more, Some(field), whole);
    };
    if let Some(field) = error.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        assert!(!so_far.contains_key(field), "{so_far:?}: {error}, inside of a value in tests/common/samples.rs");
        // A tag of an inner kind may be called like a field of another: then the value below is no variant of it.
        let is_no_variant = |value: &Value| {
            let mut more = so_far.clone();
            more.insert(field.to_owned(), value.clone());
            let tried = serde_json::from_value::<T>(Value::Object(more));
            tried.err().is_some_and(|error| error.to_string().starts_with("unknown variant"))
        };
        let value = given(field).filter(|value| !is_no_variant(value)).unwrap_or_else(|| json!("?"));
        return with(field, value);
    }
    let Some(field) = last else { panic!("not an object with tags: {error}") };
    if error.starts_with("unknown variant `?`") {
        for name in expected(&error) {
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
        panic!("{so_far:?}: {error}. Give a value for `{field}` in tests/common/samples.rs.")
    };
    assert_ne!(so_far[field], guess, "{so_far:?}: {error}. Give a value for `{field}` in tests/common/samples.rs.");
    with(field, guess);
}
