//! Searches the descriptions: by words, and by what uses a schema.

use serde::Serialize;
use serde_json::Value;

use super::{ApiIndex, fields};

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    pub spec: &'static str,
    pub kind: HitKind,
    /// Id of the operation, name of the schema, or `SCHEMA.FIELD`.
    pub name: String,
    /// Method and path of an operation; type of a field.
    pub detail: String,
    #[serde(skip)]
    rank: u8,
}

/// Kind of a search result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    Operation,
    Schema,
    Field,
}

impl HitKind {
    /// Returns the kind in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Schema => "schema",
            Self::Field => "field",
        }
    }
}

/// Returns what contains all words of the query, best first: operations, schemas, then fields. Case, spaces, `-` and
/// `_` do not matter.
pub fn search(indexes: &[&'static ApiIndex], query: &str) -> Vec<Hit> {
    let words: Vec<String> = query.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return vec![];
    }
    let has_all = |text: &str| words.iter().all(|word| text.contains(word.as_str()));
    let whole = words.concat();
    let mut hits = vec![];
    for index in indexes {
        let spec = index.name.as_str();
        for one in &index.operations {
            let (id, all) = (plain(&one.id), plain(&format!("{} {} {}", one.id, one.path, one.tags.join(" "))));
            if has_all(&all) {
                let rank = u8::from(id != whole) + u8::from(!id.contains(&whole)) + u8::from(!has_all(&id));
                let detail = format!("{} {}", one.method, one.path);
                hits.push(Hit { spec, kind: HitKind::Operation, name: one.id.clone(), detail, rank });
            }
        }
        for (name, schema) in &index.schemas {
            let text = plain(name);
            if has_all(&text) {
                let rank = 1 + u8::from(text != whole) + u8::from(!text.contains(&whole));
                let detail = super::schema::kind(schema);
                hits.push(Hit { spec, kind: HitKind::Schema, name: name.clone(), detail, rank });
            }
            for field in fields(schema) {
                let last = plain(field.path.rsplit('.').next().unwrap_or_default());
                if has_all(&last) {
                    let rank = 5 + u8::from(last != whole);
                    let name = format!("{name}.{}", field.path);
                    hits.push(Hit { spec, kind: HitKind::Field, name, detail: field.kind, rank });
                }
            }
        }
    }
    hits.sort_by_key(|hit| (hit.rank, hit.kind));
    hits
}

/// Returns what uses a schema: operations with `body` or the status of the response, and the fields of other schemas.
pub fn uses(index: &'static ApiIndex, schema: &str) -> Vec<Hit> {
    let spec = index.name.as_str();
    let mut hits = vec![];
    let mut operation = |name: &str, detail: String| {
        hits.push(Hit { spec, kind: HitKind::Operation, name: name.to_owned(), detail, rank: 0 });
    };
    for one in &index.operations {
        if one.body.as_ref().is_some_and(|body| names(&body.schema, schema)) {
            operation(&one.id, format!("{} {}: body", one.method, one.path));
        }
        let statuses: Vec<&str> = one
            .responses
            .iter()
            .filter(|(_, response)| names(response, schema))
            .map(|(status, _)| status.as_str())
            .collect();
        if !statuses.is_empty() {
            operation(&one.id, format!("{} {}: response {}", one.method, one.path, statuses.join(", ")));
        }
    }
    for (name, other) in &index.schemas {
        if name != schema && names(other, schema) {
            let places: Vec<String> = fields(other)
                .into_iter()
                .filter(|field| field.kind.ends_with(schema))
                .map(|field| field.path)
                .collect();
            let detail = places.join(", ");
            hits.push(Hit { spec, kind: HitKind::Schema, name: name.clone(), detail, rank: 0 });
        }
    }
    hits
}

/// Returns `true` if a schema refers to the named one.
fn names(schema: &Value, name: &str) -> bool {
    match schema {
        Value::String(text) => text == name,
        Value::Object(members) => members.iter().any(|(key, value)| match key.as_str() {
            "properties" => value.as_object().is_some_and(|all| all.values().any(|one| names(one, name))),
            "items" | "oneOf" | "anyOf" | "allOf" => names(value, name),
            _ => false,
        }),
        Value::Array(list) => list.iter().any(|one| names(one, name)),
        _ => false,
    }
}

/// Returns letters and digits of a text in lower case.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
