//! Senders of the account: state, webhook URLs and profiles; and messaging services, which have webhook URLs of their
//! own.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::shared::{SharedState, Simulator};
use super::forms::{ACCOUNT, Forms, Sender, error_response};

pub(super) fn routes() -> Router<SharedState> {
    Router::new()
        .route("/v2/Channels/Senders", get(list))
        .route("/v2/Channels/Senders/{id}", get(one).post(change))
        .route("/v1/Services/{id}", get(service).post(change_service))
}

fn id_of(phone: &str) -> String {
    format!("XE{phone:0>32}")
}

/// Returns the default profile of a sender.
pub(super) fn new_profile() -> Value {
    json!({ "name": "Lumen", "about": "Dental care, Monday to Saturday", "address": "101 Forest Avenue",
        "description": "", "logo_url": "https://lumen.example/logo.png", "vertical": "Medical and Health",
        "emails": [{ "email": "hello@lumen.example", "label": "Email" }],
        "websites": [{ "website": "https://lumen.example", "label": "Website" }] })
}

/// Returns the short object of a sender, as in lists.
fn short_object(sender: &Sender) -> Value {
    json!({ "sid": id_of(&sender.phone), "sender_id": format!("whatsapp:+{}", sender.phone), "status": sender.status })
}

fn full_object(sender: &Sender) -> Value {
    let mut object = short_object(sender);
    object["configuration"] = json!({ "waba_id": "102290129340398" });
    object["webhook"] = json!({ "callback_url": sender.inbound, "callback_method": "POST", "fallback_url": null,
        "fallback_method": "POST", "status_callback_url": sender.status_callback, "status_callback_method": "POST" });
    object["properties"] = json!({ "quality_rating": "High", "messaging_limit": "10K Customers/24hr" });
    object["offline_reasons"] = match &sender.offline_reason {
        Some((code, message)) => json!([{ "code": code, "message": message,
            "more_info": format!("https://www.twilio.com/docs/errors/{code}") }]),
        None => Value::Null,
    };
    object["profile"] = sender.profile.clone();
    object
}

fn missing() -> Response {
    error_response(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found")
}

#[derive(Deserialize)]
struct SenderParams {
    #[serde(rename = "Channel")]
    channel: Option<String>,
    #[serde(rename = "PageSize")]
    size: Option<usize>,
    #[serde(rename = "Page")]
    page: Option<usize>,
}

async fn list(State(shared): State<SharedState>, Query(params): Query<SenderParams>) -> Response {
    if params.channel.as_deref() != Some("whatsapp") {
        return error_response(StatusCode::BAD_REQUEST, 20_001, "Invalid parameter Channel");
    }
    let world = shared.world();
    let (size, page) = (params.size.unwrap_or(50).clamp(1, 50), params.page.unwrap_or(0));
    // A shared sandbox is not listed.
    let own: Vec<&Sender> = world.forms.senders.iter().filter(|sender| !sender.sandbox).collect();
    let shown: Vec<Value> = own.iter().skip(page * size).take(size).map(|sender| short_object(sender)).collect();
    let next = (own.len() > (page + 1) * size).then(|| {
        format!("{}/v2/Channels/Senders?Channel=whatsapp&PageSize={size}&Page={}", world.own_address, page + 1)
    });
    Json(json!({ "senders": shown, "meta": { "page": page, "page_size": size, "key": "senders", "next_page_url": next } }))
        .into_response()
}

async fn one(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let world = shared.world();
    let found = world.forms.senders.iter().find(|sender| !sender.sandbox && id_of(&sender.phone) == id);
    found.map_or_else(missing, |sender| Json(full_object(sender)).into_response())
}

impl Forms {
    /// Returns the default status callback URL of a sender; empty where it has none.
    pub(super) fn status_callback(&self, phone: &str) -> String {
        let sender = self.senders.iter().find(|one| one.phone == phone);
        sender.and_then(|one| one.status_callback.clone()).unwrap_or_default()
    }
}

/// Converts a list of strings to objects with a label.
fn labelled(list: &Value, name: &str, label: &str) -> Value {
    let words = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    words.map(|word| json!({ name: word, "label": label })).collect()
}

/// Returns `true` if `url` is empty, which removes a URL, or an absolute URL without an underscore in its host.
pub(super) fn is_webhook_url(url: &str) -> bool {
    let host = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    url.is_empty() || host.is_some_and(|host| !host.contains('_'))
}

async fn change(State(shared): State<SharedState>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut world = shared.world();
    let found = world.forms.senders.iter_mut().find(|sender| !sender.sandbox && id_of(&sender.phone) == id);
    let Some(sender) = found else { return missing() };
    if body.pointer("/profile/name").and_then(Value::as_str).is_some_and(str::is_empty) {
        return error_response(StatusCode::BAD_REQUEST, 20_001, "Invalid parameter profile.name");
    }
    for (name, value) in body["webhook"].as_object().into_iter().flatten() {
        let url = value.as_str().unwrap_or_default();
        if name.ends_with("_url") && !is_webhook_url(url) {
            return error_response(StatusCode::BAD_REQUEST, 20_001, &format!("Invalid parameter webhook.{name}"));
        }
        let url = (!url.is_empty()).then(|| url.to_owned());
        match name.as_str() {
            "callback_url" => sender.inbound = url,
            "status_callback_url" => sender.status_callback = url,
            _ => {}
        }
    }
    for (field, value) in body["profile"].as_object().into_iter().flatten() {
        sender.profile[field] = match field.as_str() {
            "emails" => labelled(value, "email", "Email"),
            "websites" => labelled(value, "website", "Website"),
            _ => value.clone(),
        };
    }
    (StatusCode::ACCEPTED, Json(full_object(sender))).into_response()
}

impl Forms {
    /// Returns the messaging service with this id, and creates it if needed. `None` if the id is malformed.
    fn service(&mut self, id: &str) -> Option<&mut Value> {
        if id.len() != 34 || !id.starts_with("MG") {
            return None;
        }
        let at = self.services.iter().position(|(known, _)| known == id).unwrap_or_else(|| {
            let new = json!({ "sid": id, "account_sid": ACCOUNT, "friendly_name": "Desk", "inbound_request_url": null,
                "inbound_method": "POST", "fallback_url": null, "fallback_method": "POST", "status_callback": null,
                "use_inbound_webhook_on_number": false, "usecase": "undeclared" });
            self.services.push((id.to_owned(), new));
            self.services.len() - 1
        });
        self.services.get_mut(at).map(|(_, service)| service)
    }
}

fn no_service(id: &str) -> Response {
    error_response(StatusCode::NOT_FOUND, 20_404, &format!("The requested resource /Services/{id} was not found"))
}

async fn service(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let mut world = shared.world();
    let service = world.forms.service(&id).cloned();
    service.map_or_else(|| no_service(&id), |service| Json(service).into_response())
}

async fn change_service(
    State(shared): State<SharedState>,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let mut world = shared.world();
    let Some(service) = world.forms.service(&id) else { return no_service(&id) };
    let names = [("InboundRequestUrl", "inbound_request_url"), ("StatusCallback", "status_callback")];
    for (name, field) in names {
        let Some(url) = form.get(name) else { continue };
        if !is_webhook_url(url) {
            return error_response(StatusCode::BAD_REQUEST, 20_001, &format!("Invalid parameter {name}"));
        }
        service[field] = if url.is_empty() { Value::Null } else { url.as_str().into() };
    }
    Json(service.clone()).into_response()
}

impl Simulator {
    /// Sets a sender's state, with code and text if it is offline.
    pub fn set_sender_status(&self, phone: &str, status: &str, why: Option<(&str, &str)>) {
        for sender in self.shared.world().forms.senders.iter_mut().filter(|sender| sender.phone == phone) {
            status.clone_into(&mut sender.status);
            sender.offline_reason = why.map(|(code, message)| (code.to_owned(), message.to_owned()));
        }
    }

    /// Changes a sender's webhook URL, as a person would in the console.
    pub fn set_sender_webhook(&self, phone: &str, address: &str) {
        for sender in self.shared.world().forms.senders.iter_mut().filter(|sender| sender.phone == phone) {
            sender.inbound = Some(address.to_owned());
        }
    }
}
