//! The OpenAPI 3.1 description of the API, generated from the table of endpoints.

use serde_json::{Map, Value, json};

use super::endpoints::{Endpoint, Method};
use super::table::endpoints;
use crate::domain::code::Code;

/// Returns the pattern of an id by the name of its parameter; `None` if the parameter is not an id.
fn pattern(name: &str) -> Option<&'static str> {
    Some(match name {
        "thread" => "^t[1-9][0-9]{0,17}$",
        "message" => "^m[1-9][0-9]{0,17}$",
        "entry" => "^o[1-9][0-9]{0,17}$",
        "contact" => "^p[1-9][0-9]{0,17}$",
        "alert" => "^a[1-9][0-9]{0,17}$",
        "assignment" => "^g[1-9][0-9]{0,17}$",
        "run" => "^r[1-9][0-9]{0,17}$",
        _ => return None,
    })
}

/// Returns the kind of id that `before` takes in a list.
fn cursor_kind(path: &str) -> &'static str {
    match path {
        "/threads" => "thread",
        "/outbox" => "entry",
        "/deliveries" => "delivery",
        "/audit" => "audit",
        "/runs" => "run",
        _ => "message",
    }
}

fn parameter(name: &str, place: &str, endpoint: &Endpoint) -> Value {
    let described = (place == "path").then(|| endpoint.path_schema(name)).flatten();
    let schema = match (name, pattern(name)) {
        _ if described.is_some() => described.unwrap_or_default(),
        ("limit", _) => json!({ "type": "integer", "minimum": 1, "maximum": 500, "default": 50 }),
        ("before", _) => match cursor_kind(endpoint.path) {
            "delivery" => json!({ "type": "string", "pattern": "^d[1-9][0-9]{0,17}$" }),
            "audit" => json!({ "type": "string", "pattern": "^u[1-9][0-9]{0,17}$" }),
            of => json!({ "type": "string", "pattern": pattern(of) }),
        },
        (_, Some(pattern)) => json!({ "type": "string", "pattern": pattern }),
        ("id", _) => json!({ "type": "string", "minLength": 1 }),
        _ => json!({ "type": "string" }),
    };
    json!({ "name": name, "in": place, "required": place == "path", "schema": schema })
}

fn operation(endpoint: &Endpoint) -> Value {
    let path = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = path.map(|name| parameter(name, "path", endpoint)).collect();
    parameters.extend(endpoint.query_parameters.iter().map(|name| parameter(name, "query", endpoint)));
    let posts = endpoint.method == Method::Post;
    if posts {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A repeated request with the same key is not executed again and gets the same response.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$" } }));
    }
    let fault = |what: &str| {
        json!({ "description": what, "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Error" } } } })
    };
    let mut responses = Map::new();
    responses.insert(
        "200".into(),
        json!({ "description": "Success.", "content": { "application/json": { "schema": (endpoint.answer)() } } }),
    );
    for (status, what) in [
        ("400", "The request cannot be read."),
        ("401", "No valid token was sent."),
        ("403", "The token's role does not allow the request."),
        ("404", "No object has this id."),
        ("409", "A rule refuses it: the body names the rule."),
        ("413", "The body is too long."),
        ("422", "A parameter or the body is not as described."),
        ("429", "Too many invalid tokens were sent from this address."),
        ("500", "The engine failed; the log has details under the id."),
        ("503", "Too many requests are in progress; retry after `Retry-After`."),
    ] {
        responses.insert(status.into(), fault(what));
    }
    let words = endpoint.path.replace(['{', '}'], "").replace('/', "_");
    let mut operation = json!({
        "operationId": format!("{}{words}", endpoint.method.name()),
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some((schema, required)) = endpoint.body() {
        operation["requestBody"] =
            json!({ "required": required, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

/// Adds the two endpoints whose bodies are files.
fn files(paths: &mut Map<String, Value>) {
    let faults = |mut responses: Value, faults_of_route: &[(&str, &str)]| {
        for (status, what) in faults_of_route {
            responses[*status] = json!({ "description": what, "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Error" } } } });
        }
        responses
    };
    let common = [
        ("400", "The request cannot be read."),
        ("401", "No valid token was sent."),
        ("403", "The token's role does not allow the request."),
        ("409", "A rule refuses it: the body names the rule."),
        ("422", "A parameter is not as described."),
        ("429", "Too many invalid tokens were sent from this address."),
        ("500", "The engine failed; the log has details under the id."),
        ("503", "Too many requests are in progress; retry in a moment."),
    ];
    let uploaded = json!({ "200": { "description": "Stored for an hour, to be sent with messages.", "content": {
        "application/json": { "schema": { "type": "object", "required": ["upload", "name", "bytes", "sha256"],
            "properties": { "upload": { "type": "string", "pattern": "^f[1-9][0-9]{0,17}$" },
                "name": { "type": "string" }, "bytes": { "type": "integer" }, "sha256": { "type": "string" } } } } } } });
    let mut faults_of_route = common.to_vec();
    faults_of_route.push(("413", "The file is larger than the limit of all message kinds."));
    paths.insert(
        "/uploads".into(),
        json!({ "post": {
        "operationId": "post_uploads",
        "summary": "Upload a file; messages refer to it by the returned id",
        "parameters": [{ "name": "name", "in": "query", "required": true, "description": "file name",
            "schema": { "type": "string" } }],
        "requestBody": { "required": true, "content": { "application/octet-stream": { "schema": {
            "type": "string", "format": "binary" } } } },
        "responses": faults(uploaded, &faults_of_route) } }),
    );
    let downloaded = json!({ "200": { "description": "Content of the file.", "content": { "*/*": { "schema": {
        "type": "string", "format": "binary" } } } } });
    let mut faults_of_route = common.to_vec();
    faults_of_route.push(("404", "No object has this id."));
    let path = "/messages/{message}/file";
    paths.insert(
        path.into(),
        json!({ "get": {
        "operationId": "get_messages_message_file",
        "summary": "Download the file of a message",
        "parameters": [{ "name": "message", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": pattern("message") } }],
        "responses": faults(downloaded, &faults_of_route) } }),
    );
}

/// Returns the whole description, with `base` as the server's URL.
pub(super) fn openapi(base: &str) -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints() {
        let item = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        item[endpoint.method.name()] = operation(endpoint);
    }
    paths.insert("/events".into(), json!({ "get": {
        "operationId": "get_events",
        "summary": "Stream events (server-sent events); `Last-Event-ID` or `after` resumes the stream",
        "parameters": [
            { "name": "after", "in": "query", "required": false, "schema": { "type": "string", "pattern": "^e[1-9][0-9]{0,17}$" } },
            { "name": "Last-Event-ID", "in": "header", "required": false, "schema": { "type": "string" } }
        ],
        "responses": {
            "200": { "description": "Events, until the connection closes.", "content": { "text/event-stream": { "schema": {
                "type": "object", "description": "One event: id, name and JSON.", "required": ["id", "event", "data"],
                "properties": { "id": { "type": "string" }, "event": { "type": "string" },
                    "data": { "type": "string", "contentMediaType": "application/json" } } } } } },
            "401": { "description": "No valid token was sent.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } },
            "422": { "description": "`after` is not an event.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } }
        } } }));
    files(&mut paths);
    let time = json!({ "type": ["string", "null"], "format": "date-time" });
    let codes: Vec<Code> = Code::ALL.iter().copied().filter(|code| code.http_status().is_some()).collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "wadeck", "version": env!("CARGO_PKG_VERSION"),
            "description": "The operations of the console, for programs. Messages use the same outbox, service windows, opt-outs and limits. A refusal names the rule." },
        "servers": [{ "url": base }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": {
                "Error": { "type": "object", "required": ["error"], "properties": { "error": {
                    "type": "object", "required": ["code", "reason", "remedy"], "properties": {
                        "code": { "type": "string", "enum": codes, "description": "which rule or failure; docs/codes.md lists them" },
                        "reason": { "type": "string", "description": "what happened, and why" },
                        "remedy": { "type": "string", "description": "what to do" },
                        "id": { "type": "string", "description": "of an internal error: id in the log" } } } } },
                "Done": { "type": "object", "required": ["message", "said"], "properties": {
                    "message": { "type": "string", "description": "what was done" },
                    "created_id": { "type": ["string", "null"], "description": "the id of what was created" },
                    "said": { "type": "string", "deprecated": true, "description": "the same as `message`" },
                    "made": { "type": ["string", "null"], "deprecated": true, "description": "the same as `created_id`" } } },
                "Thread": { "type": "object",
                    "required": ["id", "external_id", "connection", "contact", "unread", "last_message_at"],
                    "properties": {
                        "id": { "type": "string" },
                        "external_id": { "type": "string", "examples": ["whatsapp:15550100002"] },
                        "connection": { "type": "string" }, "contact": { "type": "object" },
                        "unread": { "type": "integer" }, "last_message_at": { "type": "string", "format": "date-time" },
                        "window_closes_at": time, "assignment": { "type": ["object", "null"] } } },
                "Message": { "type": "object",
                    "required": ["id", "thread_id", "direction", "type", "text", "status", "created_at"],
                    "properties": {
                        "id": { "type": "string" }, "thread_id": { "type": "string" },
                        "direction": { "type": "string", "enum": ["inbound", "outbound"] },
                        "type": { "type": "string" }, "text": { "type": "string" }, "status": { "type": "string" },
                        "provider_message_id": { "type": ["string", "null"] },
                        "created_at": { "type": "string", "format": "date-time" },
                        "error": { "type": ["object", "null"] }, "attempts": { "type": "integer" } } }
            }
        }
    })
}
