//! Endpoints for connections, their webhooks at the provider, and contacts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::bodies::{field, object, objects};
use super::endpoints::{Endpoint, Fault, ReadResult, get_endpoint, perform, post_endpoint, query, with_body};
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::number::NumberQuery;
use crate::domain::numbers::registration::{WebhookDraft, WebhookKind, WebhookRequest};
use crate::domain::query::Query;
use crate::domain::request::Request;

pub(super) static NUMBER_ENDPOINTS: &[Endpoint] = &[
    get_endpoint("/connections", "List numbers with their checks", &[], object, |_| query(Query::Connections)),
    get_endpoint(
        "/connections/{connection}/webhooks",
        "List the webhooks of a number and of its project; the provider is asked now",
        &[],
        objects,
        |read| query(Query::Number(NumberQuery::Webhooks { connection: read.id("connection")? })),
    ),
    with_body(
        webhook_schema,
        false,
        post_endpoint(
            "/connections/{connection}/webhooks",
            "Register a webhook at the provider (admins)",
            Permission::RegisterWebhooks,
            |read| {
                let body: WebhookBody = read.body_or_none()?;
                let (connection, project) = (read.id("connection")?, body.project);
                webhooks(WebhookRequest::Create { connection, project, draft: Box::new(body.draft()) })
            },
        ),
    ),
    with_body(
        webhook_schema,
        true,
        post_endpoint(
            "/connections/{connection}/webhooks/{webhook}",
            "Change a webhook at the provider (admins)",
            Permission::ChangeWebhooks,
            |read| {
                let body: WebhookBody = read.body()?;
                let (connection, id) = (read.id("connection")?, read.text("webhook"));
                webhooks(WebhookRequest::Update { connection, id, draft: Box::new(body.draft()) })
            },
        ),
    ),
    with_body(
        || field("confirm", "the webhook's id again, as confirmation"),
        true,
        post_endpoint(
            "/connections/{connection}/webhooks/{webhook}/delete",
            "Delete a webhook at the provider (admins)",
            Permission::DeleteWebhooks,
            |read| {
                let (connection, id) = (read.id("connection")?, read.text("webhook"));
                webhooks(WebhookRequest::Delete { connection, id, typed: read.single_field("confirm")? })
            },
        ),
    ),
    with_body(
        || field("event", "event to test, such as whatsapp.message.received; optional"),
        false,
        post_endpoint(
            "/connections/{connection}/webhooks/{webhook}/test",
            "Request a test delivery, which has to arrive here",
            Permission::TestWebhooks,
            |read| {
                let (connection, id) = (read.id("connection")?, read.text("webhook"));
                let event = Some(read.single_field("event")?).filter(|event| !event.is_empty());
                webhooks(WebhookRequest::Test { connection, id, event })
            },
        ),
    ),
    with_body(
        contact_schema,
        true,
        post_endpoint(
            "/contacts",
            "Add a contact that has not written yet (admins)",
            Permission::AddContacts,
            |read| {
                let body: ContactBody = read.body()?;
                let number = PhoneNumber::parse(&body.number).map_err(|error| Fault {
                    code: Code::Number,
                    message: format!("{error}. Write the number with its country code, such as +15550102001."),
                })?;
                perform(Request::AddContact { connection: body.connection, name: body.name, number, note: body.note })
            },
        ),
    ),
];

fn webhooks(request: WebhookRequest) -> ReadResult {
    perform(Request::Webhook(request))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactBody {
    connection: ConnectionId,
    name: String,
    number: String,
    #[serde(default)]
    note: Option<String>,
}

/// The JSON Schema of [`ContactBody`].
fn contact_schema() -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": ["connection", "name", "number"],
        "properties": {
            "connection": { "type": "string", "description": "connection: id, name, phone number id or number" },
            "name": { "type": "string", "minLength": 1, "maxLength": 100 },
            "number": { "type": "string", "description": "phone number with country code" },
            "note": { "type": ["string", "null"],
                "description": "internal note; the phone number is always added to it" } } })
}

/// The body of a webhook request. Missing fields stay unchanged, or have the provider's default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WebhookBody {
    project: bool,
    url: Option<String>,
    status_url: Option<String>,
    events: Option<Vec<String>>,
    kind: Option<WebhookKind>,
    payload_version: Option<String>,
    active: Option<bool>,
    headers: Option<BTreeMap<String, String>>,
    buffer_enabled: Option<bool>,
    buffer_window_seconds: Option<u32>,
    max_buffer_size: Option<u32>,
    inactivity_minutes: Option<u32>,
}

impl WebhookBody {
    fn draft(self) -> WebhookDraft {
        WebhookDraft {
            url: self.url,
            status_url: self.status_url,
            events: self.events,
            kind: self.kind,
            payload_version: self.payload_version,
            active: self.active,
            headers: self.headers,
            buffer_enabled: self.buffer_enabled,
            buffer_seconds: self.buffer_window_seconds,
            buffer_most: self.max_buffer_size,
            inactivity_minutes: self.inactivity_minutes,
        }
    }
}

/// The JSON Schema of [`WebhookBody`].
fn webhook_schema() -> Value {
    let text = |description: &str| json!({ "type": ["string", "null"], "description": description });
    let boolean = |description: &str| json!({ "type": ["boolean", "null"], "description": description });
    let count = |max: u32, description: &str| json!({ "type": ["integer", "null"], "minimum": 1, "maximum": max, "description": description });
    json!({ "type": "object", "additionalProperties": false, "properties": {
        "project": { "type": "boolean", "default": false,
            "description": "register it for the whole project instead of the number; ignored when changing one" },
        "url": text("address that receives the deliveries; without it, this engine's public URL"),
        "status_url": text("address that receives delivery statuses, at a provider with a separate one"),
        "events": { "type": ["array", "null"], "items": { "type": "string" } },
        "kind": { "type": ["string", "null"], "enum": ["events", "raw", null],
            "description": "`raw` forwards bodies as Meta sent them" },
        "payload_version": text("payload version, such as v2"),
        "active": boolean("whether the provider delivers to it"),
        "headers": { "type": ["object", "null"], "additionalProperties": { "type": "string" },
            "description": "HTTP headers added to each delivery" },
        "buffer_enabled": boolean("whether the provider collects received messages into batches"),
        "buffer_window_seconds": count(60, "seconds that a batch is collected for"),
        "max_buffer_size": count(100, "maximum number of messages in a batch"),
        "inactivity_minutes": count(1_440, "minutes without messages after which a conversation is inactive") } })
}
