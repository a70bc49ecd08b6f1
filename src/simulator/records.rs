//! Records of the platform API: customers, setup links, webhook registrations and Flows.

use serde_json::{Value, json};

use super::payload::iso;

pub(super) const NUMBER_EVENTS: [&str; 8] = [
    "whatsapp.message.received",
    "whatsapp.message.sent",
    "whatsapp.message.delivered",
    "whatsapp.message.read",
    "whatsapp.message.failed",
    "whatsapp.conversation.created",
    "whatsapp.conversation.ended",
    "whatsapp.conversation.inactive",
];
pub(super) const PROJECT_EVENTS: [&str; 5] = [
    "whatsapp.phone_number.created",
    "whatsapp.phone_number.deleted",
    "workflow.execution.handoff",
    "workflow.execution.failed",
    "project.event",
];

/// The platform's records besides messages and templates.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub customers: Vec<Value>,
    pub links: Vec<Value>,
    pub webhooks: Vec<Value>,
    pub profiles: Vec<(String, Value)>,
    /// Health reports set by tests, by number.
    pub health: Vec<(String, Value)>,
    /// Responses that tests have set for the next request of a method and path.
    pub faults: Vec<(String, u16, Value)>,
    /// All requests, as `METHOD path`.
    pub calls: Vec<String>,
    /// All requests with their queries, as `METHOD path?query`.
    pub queries: Vec<String>,
    ids: u64,
    /// The sequence number of the next number that a setup link connects.
    pub next_number: u64,
}

impl Records {
    /// Returns a new id. The same story gets the same ids.
    pub fn id(&mut self) -> String {
        self.ids += 1;
        format!("5e7a0000-0000-4000-8000-{:012x}", self.ids)
    }

    /// Changes the URL of our webhook of a number or the project, or registers it.
    pub fn point(&mut self, number: Option<&str>, url: &str, secret: &str, events: &[&str], now: i64) {
        let path = url.rsplit("/webhook/").next().unwrap_or_default().to_owned();
        let of = |one: &&mut Value| {
            one["phone_number_id"].as_str() == number && one["url"].as_str().is_some_and(|url| url.ends_with(&path))
        };
        match self.webhooks.iter_mut().find(of) {
            Some(known) => known["url"] = url.into(),
            None => drop(self.register(number, url, secret, events, now)),
        }
    }

    pub fn register(&mut self, number: Option<&str>, url: &str, secret: &str, events: &[&str], now: i64) -> String {
        let id = self.id();
        self.webhooks.push(json!({ "id": id, "url": url, "kind": "kapso", "payload_version": "v2", "active": true,
            "events": events, "secret_key": secret, "phone_number_id": number, "project_id": "1d6ca0a3-91c2-4f13-8a94-28ddb0d5f2f3",
            "headers": {}, "buffer_enabled": false, "created_at": iso(now), "updated_at": iso(now) }));
        id
    }
}

/// A Flow with its versions, endpoint, responses and logs.
#[derive(Debug, Default)]
pub(super) struct FlowRecord {
    pub head: Value,
    /// Versions, oldest first.
    pub versions: Vec<Value>,
    pub endpoint: Value,
    pub responses: Vec<Value>,
    pub logs: Vec<Value>,
    pub invocations: Vec<Value>,
}
