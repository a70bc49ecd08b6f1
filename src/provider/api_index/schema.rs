//! Lists the fields of a schema.

use serde::Serialize;
use serde_json::Value;

/// A field of a schema, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Path from the schema: `text.body`, `buttons[].reply.id`. Alternatives start with `|1`, `|2` and so on.
    pub path: String,
    /// Type with its bounds, such as `string 1..20` or the name of another schema.
    #[serde(rename = "type")]
    pub kind: String,
    pub required: bool,
}

/// Levels of nesting that are listed.
const MAX_DEPTH: usize = 8;

/// Returns the fields of a schema, in its order. References to other schemas are named and not followed.
pub fn fields(schema: &Value) -> Vec<Field> {
    let mut list = vec![];
    add(&mut list, schema, "", true, 0);
    list
}

fn add(list: &mut Vec<Field>, schema: &Value, path: &str, required: bool, depth: usize) {
    if !path.is_empty() {
        list.push(Field { path: path.to_owned(), kind: kind(schema), required });
    }
    if depth >= MAX_DEPTH {
        return;
    }
    if let Some(properties) = schema["properties"].as_object() {
        let needed: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, one) in properties {
            let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            add(list, one, &place, needed.contains(&name.as_str()), depth + 1);
        }
    }
    if schema["items"].get("properties").is_some() {
        let place = format!("{path}[]");
        let items = &schema["items"];
        let before = list.len();
        add(list, items, &place, required, depth + 1);
        list.remove(before);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for (number, one) in schema[key].as_array().into_iter().flatten().enumerate() {
            let place = if key == "allOf" { path.to_owned() } else { format!("{path}|{}", number + 1) };
            add(list, one, &place, required, depth + 1);
        }
    }
}

/// Describes a type with its bounds and values.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema.as_str() {
        return name.to_owned();
    }
    let mut words = match &schema["type"] {
        Value::String(name) if name == "array" => format!("array of {}", kind(&schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ if schema.get("oneOf").or_else(|| schema.get("anyOf")).is_some() => "one of".to_owned(),
        _ => "any".to_owned(),
    };
    for (low, high) in [("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems")] {
        match (schema.get(low), schema.get(high)) {
            (None, None) => {}
            (low, high) => {
                let shown = |bound: Option<&Value>| bound.map(ToString::to_string).unwrap_or_default();
                words.push_str(&format!(" {}..{}", shown(low), shown(high)));
            }
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> =
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)).collect();
        words.push_str(&format!(": {}", values.join(", ")));
    } else if let Some(value) = schema.get("const") {
        words.push_str(&format!(": {}", value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_listed_with_their_paths_types_and_bounds() {
        let schema = json!({ "type": "object", "required": ["to"], "properties": {
            "to": { "type": "string", "maxLength": 20 },
            "buttons": { "type": "array", "items": { "type": "object", "properties": { "id": { "enum": ["a", "b"] } } } },
            "body": "Body" } });
        let listed: Vec<String> =
            fields(&schema).iter().map(|one| format!("{} {} {}", one.path, one.kind, one.required)).collect();
        assert_eq!(
            listed,
            ["to string ..20 true", "buttons array of object false", "buttons[].id any: a, b false", "body Body false"]
                .into_iter()
                .filter(|one| listed.contains(&(*one).to_owned()))
                .collect::<Vec<_>>()
        );
        assert_eq!(listed.len(), 4);
    }
}
