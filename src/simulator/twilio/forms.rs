//! The state of the simulated Twilio account.

use std::collections::VecDeque;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::faults::SendFault;

/// The id of the simulated account.
pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// A WhatsApp sender with its webhook URLs.
#[derive(Debug, Clone)]
pub(in super::super) struct Sender {
    pub phone: String,
    pub inbound: Option<String>,
    /// The URL of status callbacks for messages without a callback of their own.
    pub status_callback: Option<String>,
    /// A sandbox, which may only write to contacts who have joined it.
    pub sandbox: bool,
    pub joined: Vec<String>,
    pub status: String,
    /// Error code and text while the sender is offline.
    pub offline_reason: Option<(String, String)>,
    pub profile: Value,
}

/// A queued webhook.
#[derive(Debug, Clone)]
pub(in super::super) struct QueuedForm {
    pub due: i64,
    pub number: u64,
    pub url: String,
    pub fields: Vec<(String, String)>,
    pub retries: u32,
}

/// The state of the account.
#[derive(Debug, Default)]
pub(in super::super) struct Forms {
    pub senders: Vec<Sender>,
    /// Message objects, oldest first.
    pub messages: Vec<Value>,
    pub contents: Vec<Value>,
    pub post: Vec<QueuedForm>,
    /// Texts that contacts received because a webhook's response contained them.
    pub leaked: Vec<String>,
    /// The forms of all requests, as received.
    pub requests: Vec<String>,
    pub refuses_approvals: bool,
    /// Messaging services that were requested, by id.
    pub services: Vec<(String, Value)>,
    /// Faults of the next changes of messages.
    pub change_faults: VecDeque<SendFault>,
    /// Faults of the next contents to create.
    pub content_faults: VecDeque<SendFault>,
    pub queued_count: u64,
    pub count: u64,
}

impl Forms {
    pub fn next_due(&self) -> Option<i64> {
        self.post.iter().map(|queued| queued.due).min()
    }

    pub fn has(&self, phone: &str) -> bool {
        self.senders.iter().any(|sender| sender.phone == phone)
    }

    pub fn enqueue(&mut self, url: &str, fields: Vec<(String, String)>, due: i64) {
        self.queued_count += 1;
        self.post.push(QueuedForm { due, number: self.queued_count, url: url.to_owned(), fields, retries: 0 });
    }

    pub fn take_due(&mut self, until: i64) -> Vec<QueuedForm> {
        let (mut due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.post).into_iter().partition(|queued| queued.due <= until);
        self.post = rest;
        due.sort_by_key(|queued| (queued.due, queued.number));
        due
    }

    /// Returns a new id with this prefix, in the provider's format.
    pub fn id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{:032x}", 0x7e57_0000_0000_u64 + self.count)
    }
}

pub(super) fn error_response(status: StatusCode, code: u32, message: &str) -> Response {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({ "code": code, "message": message, "more_info": more, "status": status.as_u16() });
    (status, Json(body)).into_response()
}
