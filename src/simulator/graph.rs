//! The Graph API itself: the same objects as in its mirror, under a token, and webhooks as the platform
//! posts them.

use std::collections::HashMap;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::routes::{World as Shared, send, templates as listed};
use super::world::SimulatedWebhook;
use super::{media, platform, templates as made};

pub(super) fn routes(shared: Shared) -> Router<Shared> {
    Router::new()
        .route("/{version}/{number}/messages", post(send))
        .route("/{version}/{number}/media", post(media::upload))
        .route("/{version}/{account}/message_templates", get(listed).post(made::write).delete(made::delete))
        .route("/{version}/{number}/whatsapp_business_profile", get(platform::profile).post(platform::save_profile))
        .route("/{version}/{id}", get(object).post(made::change))
        .route("/graph_files/{version}/file", get(media::download))
        .layer(from_fn_with_state(shared, guard))
}

async fn guard(State(shared): State<Shared>, headers: HeaderMap, request: Request, next: Next) -> Response {
    let wanted = format!("Bearer {}", shared.config.api_key);
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(wanted.as_str()) {
        let body = json!({ "error": { "message": "Invalid OAuth access token.", "type": "OAuthException", "code": 190,
            "fbtrace_id": "AbFqT3sWLrYk" } });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    next.run(request).await
}

/// Whatever has this id: a number, a template, a file.
async fn object(
    State(shared): State<Shared>,
    Path((version, id)): Path<(String, String)>,
    owner: Query<media::Owner>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    {
        let world = shared.world();
        if let Some(number) = world.numbers.iter().find(|number| number.phone_number_id == id) {
            let fields = asked.get("fields").map(String::as_str).unwrap_or_default();
            let asks = fields.split(',').any(|field| field == "webhook_configuration");
            if asks && world.hides_webhooks {
                let message = "(#100) Tried accessing nonexisting field (webhook_configuration)";
                let body = json!({ "error": { "message": message, "type": "OAuthException", "code": 100 } });
                return (StatusCode::BAD_REQUEST, Json(body)).into_response();
            }
            let hears = world.records.webhooks.iter().rfind(|one| one["phone_number_id"] == id.as_str());
            let mut told = json!({ "id": id, "display_phone_number": number.display, "verified_name": number.name,
                "quality_rating": world.quality, "status": "CONNECTED", "account_mode": "LIVE",
                "throughput": { "level": "STANDARD" } });
            if asks {
                told["webhook_configuration"] = json!({ "application": hears.map(|one| &one["url"]) });
            }
            return Json(told).into_response();
        }
        if let Some(template) = world.templates.iter().find(|one| one["id"] == id.as_str()) {
            return Json(template).into_response();
        }
    }
    let at = format!("{}/graph_files/{version}/file", shared.own_address());
    media::resolved(&shared, &id, &owner, &headers, Some(&at))
}

/// What the platform itself would post for a letter of the mirror's.
pub(super) fn raw(letter: &SimulatedWebhook, account: &str, display: &str) -> Value {
    let items = match letter.body["data"].as_array() {
        Some(items) => items.clone(),
        None => vec![letter.body.clone()],
    };
    let changes: Vec<Value> = items.iter().filter_map(|item| change(&letter.event, item, display)).collect();
    // A body of the platform's own is posted as it is.
    if changes.is_empty() {
        return letter.body.clone();
    }
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": account, "changes": changes }] })
}

fn change(event: &str, item: &Value, display: &str) -> Option<Value> {
    let message = item.get("message")?;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": digits(display), "phone_number_id": item["phone_number_id"] },
    });
    if event == "whatsapp.message.received" {
        let phone = digits(message["kapso"]["phone_number"].as_str().unwrap_or_default());
        let name = message["kapso"]["contact_name"].clone();
        value["contacts"] = json!([{ "profile": { "name": name }, "wa_id": phone }]);
        let mut plain = message.clone();
        plain["from"] = phone.into();
        if let Some(fields) = plain.as_object_mut() {
            fields.remove("kapso");
            fields.retain(|_, value| !value.is_null());
        }
        value["messages"] = json!([plain]);
    } else {
        value["statuses"] = json!([message["kapso"]["statuses"].as_array()?.last()?]);
    }
    Some(json!({ "field": "messages", "value": value }))
}

impl super::Simulator {
    /// Which address is on file is told to nobody: an older version, or a key that may not ask.
    pub fn hide_webhooks(&self) {
        self.shared.world().hides_webhooks = true;
    }

    /// Somebody writes another address into the app.
    pub fn point_number(&self, number: &str, address: &str) {
        let mut world = self.shared.world();
        for webhook in world.records.webhooks.iter_mut().filter(|one| one["phone_number_id"] == number) {
            webhook["url"] = address.into();
        }
    }

    /// Somebody saves the callback address in the app: it is asked whether it is ours.
    pub async fn shake_hands(&self, base: &str, token: &str) -> Option<String> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", "1158201444")
            .append_pair("hub.verify_token", token)
            .finish();
        let (_, body) = made::fetch(&format!("{base}/webhook/meta?{query}")).await?;
        String::from_utf8(body).ok()
    }
}
