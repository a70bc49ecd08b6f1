//! JSON Schemas of request and response bodies, for the OpenAPI description.

use serde_json::{Value, json};

pub(super) fn object() -> Value {
    json!({ "type": "object" })
}

pub(super) fn objects() -> Value {
    json!({ "type": "array", "items": { "type": "object" } })
}

pub(super) fn done() -> Value {
    json!({ "$ref": "#/components/schemas/Done" })
}

pub(super) fn thread() -> Value {
    json!({ "$ref": "#/components/schemas/Thread" })
}

pub(super) fn threads() -> Value {
    json!({ "type": "array", "items": { "$ref": "#/components/schemas/Thread" } })
}

pub(super) fn message() -> Value {
    json!({ "$ref": "#/components/schemas/Message" })
}

pub(super) fn messages() -> Value {
    json!({ "type": "array", "items": { "$ref": "#/components/schemas/Message" } })
}

pub(super) fn field(name: &'static str, description: &str) -> Value {
    json!({ "type": "object", "additionalProperties": false,
        "properties": { name: { "type": "string", "description": description } } })
}

/// The JSON Schema of a template to preview.
pub(in crate::api) fn preview() -> Value {
    json!({ "type": "object", "additionalProperties": false,
        "description": "either `text`, or `connection` and `name`",
        "properties": {
            "text": { "type": "string", "description": "source of a template, in the short form or as JSON" },
            "connection": { "type": "string", "pattern": "^c[1-9][0-9]{0,17}$" },
            "name": { "type": "string" },
            "language": { "type": "string", "description": "the first one if it is missing" },
            "parameters": { "type": "object", "additionalProperties": { "type": "string" },
                "description": "values by place; without any, the examples are filled in" } } })
}

pub(super) fn proposal() -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": ["connection", "agent", "mode"],
        "properties": {
            "connection": { "type": "string", "pattern": "^c[1-9][0-9]{0,17}$" },
            "thread": { "type": ["string", "null"], "pattern": "^t[1-9][0-9]{0,17}$" },
            "agent": { "type": "string" },
            "mode": { "type": "string", "enum": ["off", "draft", "auto"] },
            "contract": { "anyOf": [ { "type": "null" }, contract() ] },
            "expires_at": { "type": ["string", "null"], "format": "date-time" } } })
}

pub(super) fn contract() -> Value {
    let tools: Vec<&str> = crate::domain::agents::contract::Tool::ALL
        .into_iter()
        .map(crate::domain::agents::contract::Tool::name)
        .collect();
    let count = json!({ "type": "integer", "minimum": 0, "maximum": 100_000 });
    json!({ "type": "object", "additionalProperties": false, "description": "fields that are missing have their defaults",
        "properties": {
            "tools": { "type": "array", "items": { "type": "string", "enum": tools } },
            "max_per_hour": count, "max_messages": count, "max_characters": count,
            "tokens_per_day": { "type": ["integer", "null"], "minimum": 0, "maximum": 9_000_000_000_000_000_u64 },
            "money_per_day": { "type": ["integer", "null"], "minimum": 0, "maximum": 9_000_000_000_000_000_u64,
                "description": "in millionths of the currency" },
            "pause_after_person_minutes": { "type": ["integer", "null"], "minimum": 0, "maximum": 10_080,
                "description": "minutes of silence in a thread after a person wrote there; null: as the number says" },
            "guard": { "enum": ["hold", "off", null],
                "description": "whether a reply with another contact's data is held; null: as the agent's configuration says" },
            "allow_initiating": { "type": "boolean" } } })
}

pub(super) fn stop() -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": ["scope"],
        "properties": {
            "scope": { "type": "string", "enum": ["thread", "agent", "all"] },
            "subject": { "type": "string", "description": "the thread's id or the agent's name" },
            "reason": { "type": "string" } } })
}
