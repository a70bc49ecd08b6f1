//! The Graph API: the objects of its mirror, behind an access token, and webhooks in Meta's format.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::fetch::fetch;
use super::send::send;
use super::shared::SharedState;
use super::templates::list::list_templates;
use super::world::QueuedWebhook;

use super::templates::uploads::{self, APP_ID};
use super::{media, platform, templates};

pub(super) fn routes(shared: SharedState) -> Router<SharedState> {
    Router::new()
        .route("/{version}/{number}/messages", post(send))
        .route("/{version}/{number}/media", post(media::upload))
        .route("/{version}/{app}/uploads", post(uploads::open))
        .route(
            "/{version}/{account}/message_templates",
            get(list_templates).post(templates::write).delete(templates::delete),
        )
        .route("/{version}/{number}/whatsapp_business_profile", get(platform::profile).post(platform::save_profile))
        .route("/{version}/{account}/subscribed_apps", get(subscriptions).post(subscribe).delete(unsubscribe))
        .route("/{version}/{id}", get(object).post(change_object))
        .route("/graph_files/{version}/file", get(media::download))
        .layer(from_fn_with_state(shared, guard))
}

async fn guard(State(shared): State<SharedState>, headers: HeaderMap, request: Request, next: Next) -> Response {
    // Upload sessions take the older scheme.
    let scheme = if request.uri().path().contains("/upload:") { "OAuth" } else { "Bearer" };
    let expected = format!("{scheme} {}", shared.config.api_key);
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        let body = json!({ "error": { "message": "Invalid OAuth access token.", "type": "OAuthException", "code": 190,
            "fbtrace_id": "AbFqT3sWLrYk" } });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    next.run(request).await
}

/// Returns the number, template or file with this id.
async fn object(
    State(shared): State<SharedState>,
    Path((version, id)): Path<(String, String)>,
    owner: Query<media::Owner>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if id.starts_with("upload:") {
        return uploads::offset(&shared, &id, &query);
    }
    {
        let world = shared.world();
        if let Some(number) = world.numbers.iter().find(|number| number.phone_number_id == id) {
            let fields = query.get("fields").map(String::as_str).unwrap_or_default();
            let wants_webhooks = fields.split(',').any(|field| field == "webhook_configuration");
            if wants_webhooks && world.hides_webhooks {
                let message = "(#100) Tried accessing nonexisting field (webhook_configuration)";
                let body = json!({ "error": { "message": message, "type": "OAuthException", "code": 100 } });
                return (StatusCode::BAD_REQUEST, Json(body)).into_response();
            }
            let mut object = json!({ "id": id, "display_phone_number": number.display, "verified_name": number.name,
                "quality_rating": world.quality, "status": "CONNECTED", "account_mode": "LIVE",
                "throughput": { "level": "STANDARD" } });
            if wants_webhooks {
                object["webhook_configuration"] = {
                    let app = world.records.webhooks.iter().rfind(|one| one["phone_number_id"] == id.as_str());
                    let app = app.and_then(|one| one["url"].as_str());
                    world.subscriptions.configuration(&id, &number.business_account_id, app)
                };
            }
            return Json(object).into_response();
        }
        if let Some(template) = world.templates.iter().find(|one| one["id"] == id.as_str()) {
            return Json(template).into_response();
        }
    }
    let at = format!("{}/graph_files/{version}/file", shared.own_address());
    media::file_metadata(&shared, &id, &owner, &headers, Some(&at))
}

fn error_response(code: u32, message: &str) -> Response {
    let body = json!({ "error": { "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code,
        "fbtrace_id": "Asimulator" } });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn unknown_object() -> Response {
    let message = "Unsupported post request. Object does not exist, cannot be loaded due to missing permissions";
    let body = json!({ "error": { "message": message, "type": "GraphMethodException", "code": 100, "error_subcode": 33,
        "fbtrace_id": "Asimulator" } });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn has_account(shared: &SharedState, account: &str) -> bool {
    shared.world().numbers.iter().any(|number| number.direct && number.business_account_id == account)
}

fn app(id: &str, name: &str, address: Option<&str>) -> Value {
    let link = format!("https://www.facebook.com/games/?app_id={id}");
    let mut object = json!({ "whatsapp_business_api_data": { "id": id, "name": name, "link": link } });
    if let Some(address) = address {
        object["override_callback_uri"] = address.into();
    }
    object
}

async fn subscriptions(State(shared): State<SharedState>, Path((_, account)): Path<(String, String)>) -> Response {
    if !has_account(&shared, &account) {
        return unknown_object();
    }
    let world = shared.world();
    let own = world.subscriptions.accounts.contains(&account);
    let own = own.then(|| app(APP_ID, "Messages", world.subscriptions.address(&account)));
    let other = world.subscriptions.others.contains(&account).then(|| app("890123456789012", "Another app", None));
    Json(json!({ "data": own.into_iter().chain(other).collect::<Vec<_>>() })).into_response()
}

/// Subscribes the app to an account. A body without a URL removes the account's own URL, as the real API does.
async fn subscribe(
    State(shared): State<SharedState>,
    Path((_, account)): Path<(String, String)>,
    body: axum::body::Bytes,
) -> Response {
    if !has_account(&shared, &account) {
        return unknown_object();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
    let Some(url) = body["override_callback_uri"].as_str() else {
        let mut world = shared.world();
        if !world.subscriptions.accounts.contains(&account) {
            world.subscriptions.accounts.push(account.clone());
        }
        world.subscriptions.set(&account, "");
        return Json(json!({ "success": true })).into_response();
    };
    if let Some(refusal) = verify_callback(&shared, &account, url, &body["verify_token"]).await {
        return refusal;
    }
    shared.world().subscriptions.set(&account, url);
    Json(json!({ "success": true, "data": [app(APP_ID, "Messages", Some(url))] })).into_response()
}

async fn unsubscribe(State(shared): State<SharedState>, Path((_, account)): Path<(String, String)>) -> Response {
    let mut world = shared.world();
    world.subscriptions.accounts.retain(|one| *one != account);
    world.subscriptions.set(&account, "");
    Json(json!({ "success": true })).into_response()
}

/// Changes the number or template with this id.
async fn change_object(
    State(shared): State<SharedState>,
    Path((version, id)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if id.starts_with("upload:") {
        return uploads::receive(&shared, &id, &query, &headers, &body);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return error_response(100, "Invalid JSON") };
    let account = {
        let world = shared.world();
        let number = world.numbers.iter().find(|number| number.direct && number.phone_number_id == id);
        number.map(|number| number.business_account_id.clone())
    };
    let Some(account) = account else { return templates::change(State(shared), Path((version, id)), Json(body)).await };
    let Some(url) = body["webhook_configuration"]["override_callback_uri"].as_str() else {
        return error_response(100, "The parameter webhook_configuration[override_callback_uri] is required.");
    };
    if !url.is_empty()
        && let Some(refusal) =
            verify_callback(&shared, &account, url, &body["webhook_configuration"]["verify_token"]).await
    {
        return refusal;
    }
    let mut world = shared.world();
    world.subscriptions.set(&id, url);
    // Webhooks need a registration of the number to be delivered.
    if !world.records.webhooks.iter().any(|one| one["phone_number_id"] == id.as_str()) {
        let (now, secret) = (shared.now(), shared.config.webhook_secret.clone());
        world.records.register(Some(&id), "", &secret, &super::records::NUMBER_EVENTS, now);
        if let Some(record) = world.records.webhooks.last_mut() {
            record["kind"] = "meta".into();
        }
    }
    Json(json!({ "success": true })).into_response()
}

/// Checks that the app is subscribed, and sends the verification request to the URL. Returns the error response, or
/// `None` if it is accepted.
async fn verify_callback(shared: &SharedState, account: &str, url: &str, token: &Value) -> Option<Response> {
    if !shared.world().subscriptions.accounts.iter().any(|one| one == account) {
        let message = "Before override the current callback uri, your app must be subscribed to receive messages for \
                       WhatsApp Business Account.";
        return Some(error_response(100, message));
    }
    let local = url.starts_with("http://127.0.0.1");
    if !(url.starts_with("https://") || local) || url.chars().count() > 200 {
        return Some(error_response(100, "Invalid callback URI format"));
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", "1158201444")
        .append_pair("hub.verify_token", token.as_str().unwrap_or_default())
        .finish();
    match fetch(&format!("{url}?{query}")).await {
        Some((_, body)) if body == b"1158201444" => None,
        Some(_) => Some(error_response(2_201, "response does not match challenge, expected value = \"1158201444\"")),
        None => Some(error_response(
            2_200,
            "Callback verification failed with the following errors: HTTP Status Code = 403",
        )),
    }
}

/// Returns a webhook's body in Meta's format.
pub(super) fn meta_body(queued: &QueuedWebhook, account: &str, display: &str) -> Value {
    let items = match queued.body["data"].as_array() {
        Some(items) => items.clone(),
        None => vec![queued.body.clone()],
    };
    let changes: Vec<Value> = items.iter().filter_map(|item| change(&queued.event, item, display)).collect();
    // A body in Meta's format is sent unchanged.
    if changes.is_empty() {
        return queued.body.clone();
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
    /// Stops reporting webhook URLs, as older versions and some keys do.
    pub fn hide_webhooks(&self) {
        self.shared.world().hides_webhooks = true;
    }

    /// Changes the app's webhook URL, as a person would in the app's settings page.
    pub fn set_app_webhook(&self, number: &str, address: &str) {
        let mut world = self.shared.world();
        for webhook in world.records.webhooks.iter_mut().filter(|one| one["phone_number_id"] == number) {
            webhook["url"] = address.into();
        }
    }

    /// Sends the verification request for a callback URL. Returns the response body; `None` where there is no
    /// response.
    pub async fn request_verification(&self, base: &str, token: &str) -> Option<String> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", "1158201444")
            .append_pair("hub.verify_token", token)
            .finish();
        let (_, body) = fetch(&format!("{base}/webhook/meta?{query}")).await?;
        String::from_utf8(body).ok()
    }

    /// Unsubscribes the app from this account, and may subscribe another app.
    pub fn unsubscribe_app(&self, account: &str, another: bool) {
        let mut world = self.shared.world();
        world.subscriptions.accounts.retain(|one| one != account);
        if another {
            world.subscriptions.others.push(account.to_owned());
        }
    }

    /// Changes the webhook URL of a number of the Graph API.
    pub fn set_webhook_override(&self, number: &str, address: &str) {
        let mut world = self.shared.world();
        if world.numbers.iter().any(|one| one.direct && one.phone_number_id == number) {
            world.subscriptions.set(number, address);
        }
    }

    /// Returns `true` if the app is subscribed to this account.
    pub fn is_subscribed(&self, account: &str) -> bool {
        self.shared.world().subscriptions.accounts.iter().any(|one| one == account)
    }

    /// Accepts the next URL of an account or a number without storing it.
    pub fn drop_next_webhook_url(&self) {
        self.shared.world().subscriptions.forgets = true;
    }
}
