//! The simulated Twilio account: form-encoded messages, status callbacks, and templates as content. Like the real
//! API, it rejects most invalid messages only after it has accepted the request.

mod content;
mod files;
pub(super) mod forms;
mod inbound;
mod messages;
mod post;
mod senders;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use base64::Engine as _;
use serde_json::Value;

pub use self::forms::ACCOUNT;
use self::forms::{Sender, error_response};
pub(super) use self::post::deliver_due;
use super::faults::SendFault;
use super::shared::{SharedState, Simulator};

pub(super) fn routes(shared: SharedState) -> Router<SharedState> {
    Router::new()
        .merge(messages::routes())
        .merge(content::routes())
        .merge(senders::routes())
        .layer(from_fn_with_state(shared, guard))
        .merge(files::files())
}

/// Checks account id and token.
async fn guard(State(shared): State<SharedState>, headers: HeaderMap, request: Request<Body>, next: Next) -> Response {
    let pair = format!("{ACCOUNT}:{}", shared.config.webhook_secret);
    let expected = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        return error_response(StatusCode::UNAUTHORIZED, 20_003, "Authenticate");
    }
    next.run(request).await
}

impl Simulator {
    /// Adds a sender. The digits of its phone number are its id.
    pub fn add_sender(&self, phone: &str, sandbox: bool) {
        let sender = Sender {
            phone: phone.to_owned(),
            inbound: None,
            status_callback: None,
            sandbox,
            joined: vec![],
            status: "ONLINE".to_owned(),
            offline_reason: None,
            profile: senders::new_profile(),
        };
        self.shared.world().forms.senders.push(sender);
    }

    /// Queues any form for the first sender with a webhook URL, signed like the others.
    pub fn post_form(&self, fields: &[(String, String)]) {
        let now = self.shared.now();
        let mut world = self.shared.world();
        let url = world.forms.senders.iter().find_map(|sender| sender.inbound.clone());
        if let Some(url) = url {
            let to = fields.iter().find(|(name, _)| name == "To").map(|(_, to)| to.trim_start_matches("whatsapp:+"));
            let from =
                fields.iter().find(|(name, _)| name == "From").map(|(_, from)| from.trim_start_matches("whatsapp:+"));
            if let (Some(to), Some(from)) = (to, from) {
                world.open_window(to, from, now);
            }
            world.forms.enqueue(&url, fields.to_vec(), now);
        }
    }

    /// Rejects all requests for approval, or accepts them again.
    pub fn refuse_approvals(&self, refused: bool) {
        self.shared.world().forms.refuses_approvals = refused;
    }

    /// Removes the webhook URLs of all senders.
    pub fn clear_sender_webhooks(&self) {
        for sender in &mut self.shared.world().forms.senders {
            sender.inbound = None;
        }
    }

    /// Sets the fault of the next content to create.
    pub fn fail_next_content(&self, fault: SendFault) {
        self.shared.world().forms.content_faults.push_back(fault);
    }

    /// Removes all contents, as a person would in the account's console.
    pub fn remove_contents(&self) {
        self.shared.world().forms.contents.clear();
    }

    pub fn add_content(&self, content: Value) {
        self.shared.world().forms.contents.push(content);
    }

    /// Sets the fault of the next change of a message.
    pub fn fail_next_change(&self, fault: SendFault) {
        self.shared.world().forms.change_faults.push_back(fault);
    }

    /// Cancels a scheduled message, as a person would in the account's console.
    pub fn cancel(&self, id: &str) {
        let now = self.shared.now();
        self.shared.world().cancel_form(id, now);
    }

    /// Returns the content of the account.
    pub fn contents(&self) -> Vec<Value> {
        self.shared.world().forms.contents.clone()
    }

    /// Sets the review status of a content, and the reason of a rejection.
    pub fn review_content(&self, name: &str, status: &str, reason: &str) {
        for content in self.shared.world().forms.contents.iter_mut().filter(|one| one["friendly_name"] == name) {
            content["approval_requests"]["status"] = status.into();
            content["approval_requests"]["rejection_reason"] = reason.into();
        }
    }

    /// Returns the texts that contacts received because a webhook's response contained them.
    pub fn leaked(&self) -> Vec<String> {
        self.shared.world().forms.leaked.clone()
    }

    /// Returns the forms of all requests, as received.
    pub fn forms(&self) -> Vec<String> {
        self.shared.world().forms.requests.clone()
    }

    /// Returns a stored message. `None` for an unknown id.
    pub fn message_object(&self, id: &str) -> Option<Value> {
        self.shared.world().forms.messages.iter().find(|one| one["sid"] == id).cloned()
    }
}
