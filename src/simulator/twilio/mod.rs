//! The other wire: forms in and out, statuses by callback, templates as content. What it refuses, and when
//! it says so, is as with the real one: most of it only after it has said yes.

mod content;
mod inbound;
mod messages;
mod post;
mod senders;

use std::collections::VecDeque;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use base64::Engine as _;
use serde_json::{Value, json};

pub(super) use self::post::deliver_due;
use super::Simulator;
use super::routes::World as Shared;
use super::world::SendFault;

/// The account that the simulator keeps.
pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// A number that people write to, with where its webhooks go.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub phone: String,
    pub inbound: Option<String>,
    /// Where statuses of messages go that name no address of their own.
    pub status_callback: Option<String>,
    /// Only who has joined may be written to.
    pub sandbox: bool,
    pub joined: Vec<String>,
    pub status: String,
    /// Code and words, where it is off.
    pub why_off: Option<(String, String)>,
    pub profile: Value,
}

/// A form on its way.
#[derive(Debug, Clone)]
pub(super) struct FormLetter {
    pub due: i64,
    pub number: u64,
    pub url: String,
    pub fields: Vec<(String, String)>,
    pub tries: u32,
}

/// Everything that is so on this wire.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub senders: Vec<Sender>,
    /// Message objects, oldest first.
    pub messages: Vec<Value>,
    pub contents: Vec<Value>,
    pub post: Vec<FormLetter>,
    /// Words that went to people because a webhook was answered with them.
    pub leaked: Vec<String>,
    /// Forms that were asked with, as they came.
    pub requests: Vec<String>,
    pub refuses_approvals: bool,
    /// Messaging services that were asked about, by their id.
    pub services: Vec<(String, Value)>,
    /// What happens to the next changes of messages.
    pub change_faults: VecDeque<SendFault>,
    pub letters: u64,
    pub count: u64,
}

impl Forms {
    pub fn next_due(&self) -> Option<i64> {
        self.post.iter().map(|letter| letter.due).min()
    }

    pub fn has(&self, phone: &str) -> bool {
        self.senders.iter().any(|sender| sender.phone == phone)
    }

    pub fn put_in_post(&mut self, url: &str, fields: Vec<(String, String)>, due: i64) {
        self.letters += 1;
        self.post.push(FormLetter { due, number: self.letters, url: url.to_owned(), fields, tries: 0 });
    }

    pub fn take_due(&mut self, until: i64) -> Vec<FormLetter> {
        let (mut due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.post).into_iter().partition(|letter| letter.due <= until);
        self.post = rest;
        due.sort_by_key(|letter| (letter.due, letter.number));
        due
    }

    /// An id in the provider's shape, by a number that never comes twice.
    pub fn id(&mut self, letters: &str) -> String {
        self.count += 1;
        format!("{letters}{:032x}", 0x7e57_0000_0000_u64 + self.count)
    }
}

pub(super) fn routes(shared: Shared) -> Router<Shared> {
    Router::new()
        .merge(messages::routes())
        .merge(content::routes())
        .merge(senders::routes())
        .layer(from_fn_with_state(shared, guard))
        .merge(messages::files())
}

pub(super) fn refused(status: StatusCode, code: u32, message: &str) -> Response {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({ "code": code, "message": message, "more_info": more, "status": status.as_u16() });
    (status, Json(body)).into_response()
}

/// Account and token, as a pair.
async fn guard(State(shared): State<Shared>, headers: HeaderMap, request: Request<Body>, next: Next) -> Response {
    let pair = format!("{ACCOUNT}:{}", shared.config.webhook_secret);
    let wanted = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(wanted.as_str()) {
        return refused(StatusCode::UNAUTHORIZED, 20_003, "Authenticate");
    }
    next.run(request).await
}

impl Simulator {
    /// A sender of the account that speaks in forms; its digits are its id.
    pub fn add_sender(&self, phone: &str, sandbox: bool) {
        let sender = Sender {
            phone: phone.to_owned(),
            inbound: None,
            status_callback: None,
            sandbox,
            joined: vec![],
            status: "ONLINE".to_owned(),
            why_off: None,
            profile: senders::new_profile(),
        };
        self.shared.world().forms.senders.push(sender);
    }

    /// Puts any form into the post for the first sender that is listened to, signed like everything else.
    pub fn post_form(&self, fields: &[(String, String)]) {
        let now = self.shared.now();
        let mut world = self.shared.world();
        let url = world.forms.senders.iter().find_map(|sender| sender.inbound.clone());
        if let Some(url) = url {
            let to = fields.iter().find(|(name, _)| name == "To").map(|(_, to)| to.trim_start_matches("whatsapp:+"));
            let from =
                fields.iter().find(|(name, _)| name == "From").map(|(_, from)| from.trim_start_matches("whatsapp:+"));
            if let (Some(to), Some(from)) = (to, from) {
                world.heard(to, from, now);
            }
            world.forms.put_in_post(&url, fields.to_vec(), now);
        }
    }

    /// Nothing is taken for approval.
    pub fn refuse_approvals(&self, refused: bool) {
        self.shared.world().forms.refuses_approvals = refused;
    }

    /// No webhook of any sender leads anywhere any more.
    pub fn nobody_listens(&self) {
        for sender in &mut self.shared.world().forms.senders {
            sender.inbound = None;
        }
    }

    pub fn add_content(&self, content: Value) {
        self.shared.world().forms.contents.push(content);
    }

    /// What happens to the next change of a message.
    pub fn fail_next_change(&self, fault: SendFault) {
        self.shared.world().forms.change_faults.push_back(fault);
    }

    /// Somebody cancels a message in the account's own console.
    pub fn cancel(&self, id: &str) {
        let now = self.shared.now();
        self.shared.world().cancel_form(id, now);
    }

    /// Contents as the account has them.
    pub fn contents(&self) -> Vec<Value> {
        self.shared.world().forms.contents.clone()
    }

    /// The review of a content has come to an end.
    pub fn review_content(&self, name: &str, status: &str, reason: &str) {
        for content in self.shared.world().forms.contents.iter_mut().filter(|one| one["friendly_name"] == name) {
            content["approval_requests"]["status"] = status.into();
            content["approval_requests"]["rejection_reason"] = reason.into();
        }
    }

    /// What people read because a webhook was answered with words.
    pub fn leaked(&self) -> Vec<String> {
        self.shared.world().forms.leaked.clone()
    }

    /// Forms that were asked with, as they came.
    pub fn forms(&self) -> Vec<String> {
        self.shared.world().forms.requests.clone()
    }

    /// The message as the account has it.
    pub fn message_object(&self, id: &str) -> Option<Value> {
        self.shared.world().forms.messages.iter().find(|one| one["sid"] == id).cloned()
    }
}
