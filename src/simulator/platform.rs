//! The platform API: customers, setup links, numbers with health and profile, and webhook registrations.

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::payload::iso;
use super::records::{NUMBER_EVENTS, PROJECT_EVENTS};
use super::responses::{Page, invalid, not_found, paged};
use super::shared::SharedState;
use super::world::{Number, World};

const DAY_MS: i64 = 86_400_000;

pub(super) fn routes() -> Router<SharedState> {
    const NUMBER: &str = "/platform/v1/whatsapp/phone_numbers/{id}";
    Router::new()
        .route("/platform/v1/customers", get(customers).post(new_customer))
        .route("/platform/v1/customers/{id}/setup_links", get(links).post(new_link))
        .route("/platform/v1/customers/{id}/setup_links/{link}", patch(change_link))
        .route("/platform/v1/whatsapp/phone_numbers", get(numbers))
        .route(NUMBER, get(number).delete(delete_number))
        .route(&format!("{NUMBER}/health"), get(health))
        .route(&format!("{NUMBER}/webhooks"), get(number_webhooks).post(new_number_webhook))
        .route("/platform/v1/whatsapp/webhooks", get(webhooks).post(new_webhook))
        .route("/platform/v1/whatsapp/webhooks/{id}", get(webhook).patch(change_webhook).delete(delete_webhook))
        .route("/meta/whatsapp/{version}/{number}/whatsapp_business_profile", get(profile).post(save_profile))
        .route("/whatsapp/setup/{token}", get(setup_page))
        .route("/platform/v1/whatsapp/webhooks/{id}/test", post(super::watch::test))
}

async fn customers(State(shared): State<SharedState>, Query(page): Query<Page>) -> Response {
    paged(shared.world().records.customers.clone(), &page)
}

async fn new_customer(State(shared): State<SharedState>, Json(body): Json<Value>) -> Response {
    let now = iso(shared.now());
    let mut world = shared.world();
    let Some(name) = body["customer"]["name"].as_str().filter(|name| !name.is_empty()) else {
        return invalid("Name can't be blank");
    };
    let external = body["customer"]["external_customer_id"].clone();
    if !external.is_null() && world.records.customers.iter().any(|one| one["external_customer_id"] == external) {
        return invalid("External customer has already been taken");
    }
    let id = world.records.id();
    let customer =
        json!({ "id": id, "name": name, "external_customer_id": external, "created_at": now, "updated_at": now });
    world.records.customers.push(customer.clone());
    (StatusCode::CREATED, Json(json!({ "data": customer }))).into_response()
}

async fn links(State(shared): State<SharedState>, Path(id): Path<String>, Query(page): Query<Page>) -> Response {
    let world = shared.world();
    if !world.records.customers.iter().any(|one| one["id"] == id.as_str()) {
        return not_found("Customer");
    }
    paged(world.records.links.iter().filter(|one| one["customer_id"] == id.as_str()).cloned().collect(), &page)
}

async fn new_link(State(shared): State<SharedState>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let now = shared.now();
    let base = shared.own_address();
    let mut world = shared.world();
    if !world.records.customers.iter().any(|one| one["id"] == id.as_str()) {
        return not_found("Customer");
    }
    let fields = &body["setup_link"];
    for name in ["success_redirect_url", "failure_redirect_url"] {
        if fields[name].as_str().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://127.0.0.1"))
        {
            return invalid(&format!("{} must be a valid URL", name.replace('_', " ")));
        }
    }
    let types: Vec<&str> =
        fields["allowed_connection_types"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(unknown) = types.iter().find(|one| !matches!(**one, "coexistence" | "dedicated")) {
        return invalid(&format!("Allowed connection types contains invalid types: {unknown}"));
    }
    if let Some(number) = fields["reconnect_phone_number"].as_str() {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let known = world.numbers.iter().any(|one| one.customer.as_deref() == Some(&id) && one.digits() == digits);
        if !known {
            return invalid("Reconnect phone number does not belong to this customer");
        }
    }
    // A new link revokes the previous one.
    for one in
        world.records.links.iter_mut().filter(|one| one["customer_id"] == id.as_str() && one["status"] == "active")
    {
        one["status"] = "revoked".into();
    }
    let link = world.records.id();
    let token = link.rsplit('-').next().unwrap_or_default().to_owned();
    let mut data = json!({ "id": link, "customer_id": id, "token": token, "status": "active",
        "url": format!("{base}/whatsapp/setup/{token}"), "created_at": iso(now), "expires_at": iso(now + 30 * DAY_MS),
        "whatsapp_setup_status": "pending", "whatsapp_setup_error": null, "provisioned_phone_number": null,
        "provision_phone_number": false, "phone_number_country_isos": ["US"] });
    if let (Some(data), Some(fields)) = (data.as_object_mut(), fields.as_object()) {
        data.extend(fields.clone());
    }
    world.records.links.push(data.clone());
    (StatusCode::CREATED, Json(json!({ "data": data }))).into_response()
}

async fn change_link(
    State(shared): State<SharedState>,
    Path((_, link)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    let mut world = shared.world();
    let Some(found) = world.records.links.iter_mut().find(|one| one["id"] == link.as_str()) else {
        return not_found("Setup link");
    };
    match body["setup_link"]["status"].as_str() {
        Some(status @ ("active" | "expired" | "revoked")) => found["status"] = status.into(),
        Some(_) => return invalid("Status is not included in the list"),
        None => {}
    }
    Json(json!({ "data": found })).into_response()
}

impl World {
    /// Completes a setup link. Returns the number's id and the redirect URL; `None` without an active link.
    pub fn complete_setup(&mut self, token: &str, now: i64) -> Option<(String, Option<String>)> {
        let link = self.records.links.iter_mut().find(|one| one["token"] == token && one["status"] == "active")?;
        link["status"] = "used".into();
        link["whatsapp_setup_status"] = "completed".into();
        let back = link["success_redirect_url"].as_str().map(str::to_owned);
        let (customer, renewed) =
            (link["customer_id"].clone(), link["reconnect_phone_number"].as_str().map(str::to_owned));
        let id = match renewed {
            Some(renewed) => {
                let digits: String = renewed.chars().filter(char::is_ascii_digit).collect();
                self.numbers.iter().find(|one| one.digits() == digits)?.phone_number_id.clone()
            }
            None => {
                // An id is not reused after a deletion.
                let place = self.records.next_number.max(self.numbers.len() as u64);
                self.records.next_number = place + 1;
                let id = (106_540_352_243_000 + place).to_string();
                self.numbers.push(Number {
                    phone_number_id: id.clone(),
                    business_account_id: "102290129340398".into(),
                    display: format!("+1 555-010-{:04}", 100 + place),
                    name: "Lumen Branch".into(),
                    kind: "production".into(),
                    customer: customer.as_str().map(str::to_owned),
                    direct: false,
                });
                id
            }
        };
        let body = json!({ "phone_number_id": id, "project": { "id": "990e8400-e29b-41d4-a716-446655440004" },
            "customer": { "id": customer } });
        self.enqueue("whatsapp.phone_number.created", body, now);
        Some((id, back))
    }
}

/// Completes the setup link that this page belongs to. There is no form to fill in.
async fn setup_page(State(shared): State<SharedState>, Path(token): Path<String>) -> Response {
    let now = shared.now();
    let done = shared.world().complete_setup(&token, now);
    shared.posted.notify_one();
    match done {
        Some((id, Some(back))) => {
            let to = format!("{back}?status=completed&phone_number_id={id}");
            (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
        }
        Some((_, None)) => "The number is connected.\n".into_response(),
        None => (StatusCode::GONE, "This link is not valid.\n").into_response(),
    }
}

async fn numbers(State(shared): State<SharedState>, Query(page): Query<Page>) -> Response {
    let world = shared.world();
    let of = |number: &&Number| page.customer_id.as_ref().is_none_or(|id| number.customer.as_ref() == Some(id));
    paged(
        world
            .numbers
            .iter()
            .filter(|number| !number.direct)
            .filter(of)
            .map(|number| number_object(number, &world.quality))
            .collect(),
        &page,
    )
}

async fn number(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let world = shared.world();
    match world.numbers.iter().find(|number| number.phone_number_id == id) {
        Some(number) => Json(json!({ "data": number_object(number, &world.quality) })).into_response(),
        None => not_found("WhatsApp configuration"),
    }
}

/// Deletes a number. The event is sent when the deletion begins.
async fn delete_number(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    let mut world = shared.world();
    let Some(at) = world.numbers.iter().position(|number| number.phone_number_id == id) else {
        return not_found("WhatsApp configuration");
    };
    let removed = world.numbers.remove(at);
    world.records.webhooks.retain(|one| one["phone_number_id"] != id.as_str());
    let body = json!({ "phone_number_id": id, "project": { "id": "990e8400-e29b-41d4-a716-446655440004" },
        "customer": { "id": removed.customer } });
    world.enqueue("whatsapp.phone_number.deleted", body, now);
    drop(world);
    shared.posted.notify_one();
    StatusCode::NO_CONTENT.into_response()
}

fn number_object(number: &Number, quality: &str) -> Value {
    json!({
        "id": number.phone_number_id, "phone_number_id": number.phone_number_id, "name": number.name, "kind": number.kind,
        "business_account_id": number.business_account_id, "customer_id": number.customer, "is_coexistence": false,
        "display_phone_number": number.display, "display_phone_number_normalized": number.digits(),
        "verified_name": number.name, "quality_rating": quality, "throughput_tier": "TIER_10K", "status": "CONNECTED",
        "name_status": "APPROVED", "whatsapp_business_manager_messaging_limit": "10000", "flows_encryption_configured": false,
    })
}

async fn health(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let now = iso(shared.now());
    let world = shared.world();
    let Some(number) = world.numbers.iter().find(|number| number.phone_number_id == id) else {
        return not_found("WhatsApp configuration");
    };
    if let Some((_, report)) = world.records.health.iter().find(|(of, _)| *of == id) {
        return Json(report.clone()).into_response();
    }
    // The only response without a `data` envelope.
    Json(json!({ "status": "healthy", "timestamp": now, "checks": {
        "phone_number_access": { "passed": true, "details": { "id": id, "verified_name": number.name,
            "display_phone_number": number.display, "quality_rating": world.quality, "status": "CONNECTED" } },
        "messaging_health": { "passed": true, "overall_status": "AVAILABLE", "details": { "can_send_message": "AVAILABLE",
            "entities": [ { "entity_type": "PHONE_NUMBER", "id": id, "can_send_message": "AVAILABLE" },
                { "entity_type": "WABA", "id": number.business_account_id, "can_send_message": "AVAILABLE" } ] } },
        "webhook_subscription": { "passed": true, "details": { "app_id": 789_012_345, "subscribed": true, "subscribed_fields": null } },
        "webhook_verified": { "passed": true, "details": { "verified_at": now } } } }))
    .into_response()
}

pub(super) async fn profile(State(shared): State<SharedState>, Path((_, number)): Path<(String, String)>) -> Response {
    let world = shared.world();
    if !world.numbers.iter().any(|known| known.phone_number_id == number) {
        return not_found("WhatsApp configuration");
    }
    let saved = world.records.profiles.iter().find(|(of, _)| *of == number).map(|(_, profile)| profile.clone());
    let profile = saved.unwrap_or_else(|| {
        json!({ "about": "Dental care, Monday to Saturday", "address": "101 Forest Avenue", "description": "",
            "email": "hello@lumen.example", "websites": ["https://lumen.example"], "vertical": "HEALTH",
            "messaging_product": "whatsapp" })
    });
    Json(json!({ "data": [profile] })).into_response()
}

pub(super) async fn save_profile(
    State(shared): State<SharedState>,
    Path((_, number)): Path<(String, String)>,
    Json(mut body): Json<Value>,
) -> Response {
    if body["messaging_product"] != "whatsapp" {
        let error = json!({ "error": { "message": "(#100) The parameter messaging_product is required.", "type": "OAuthException", "code": 100 } });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let mut world = shared.world();
    world.records.profiles.retain(|(of, _)| *of != number);
    world.records.profiles.push((number, body.take()));
    Json(json!({ "success": true })).into_response()
}

async fn webhooks(State(shared): State<SharedState>, Query(page): Query<Page>) -> Response {
    paged(shared.world().records.webhooks.clone(), &page)
}

async fn number_webhooks(
    State(shared): State<SharedState>,
    Path(number): Path<String>,
    Query(page): Query<Page>,
) -> Response {
    let world = shared.world();
    let of = |one: &&Value| one["phone_number_id"] == number.as_str();
    paged(world.records.webhooks.iter().filter(of).cloned().collect(), &page)
}

async fn new_webhook(State(shared): State<SharedState>, Json(body): Json<Value>) -> Response {
    let number = body["whatsapp_webhook"]["phone_number_id"].as_str().map(str::to_owned);
    create_webhook(&shared, number, &body)
}

async fn new_number_webhook(
    State(shared): State<SharedState>,
    Path(number): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    create_webhook(&shared, Some(number), &body)
}

fn create_webhook(shared: &SharedState, number: Option<String>, body: &Value) -> Response {
    let now = shared.now();
    let fields = &body["whatsapp_webhook"];
    let Some(url) = fields["url"].as_str().filter(|url| url.starts_with("http")) else {
        return invalid("Url must be a valid URL");
    };
    let raw = fields["kind"] == "meta";
    let events: Vec<&str> = fields["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if raw && number.is_none() {
        return invalid("Phone number is required for meta webhooks");
    }
    if !raw && events.is_empty() {
        return invalid("Events can't be blank");
    }
    // Events of the other scope are accepted, but never sent.
    let is_unknown = |one: &&&str| !NUMBER_EVENTS.contains(*one) && !PROJECT_EVENTS.contains(*one);
    if let Some(unknown) = events.iter().find(is_unknown) {
        return invalid(&format!("Events contains invalid events: {unknown}"));
    }
    if let Some(error) = out_of_bounds(fields) {
        return invalid(&error);
    }
    let mut world = shared.world();
    if let Some(number) = &number
        && !world.numbers.iter().any(|one| one.phone_number_id == *number)
    {
        return not_found("WhatsApp configuration");
    }
    let secret = fields["secret_key"].as_str().unwrap_or("made-by-the-platform").to_owned();
    let id = world.records.register(number.as_deref(), url, &secret, &events, now);
    let webhook = world.records.webhooks.last_mut();
    if let (Some(webhook), Some(fields)) = (webhook.and_then(Value::as_object_mut), fields.as_object()) {
        for (name, value) in fields {
            webhook.insert(name.clone(), value.clone());
        }
        webhook.insert("id".into(), id.into());
    }
    let webhook = world.records.webhooks.last().cloned().unwrap_or_default();
    (StatusCode::CREATED, Json(json!({ "data": webhook }))).into_response()
}

fn out_of_bounds(fields: &Value) -> Option<String> {
    let bounds = [("buffer_window_seconds", 60), ("max_buffer_size", 100), ("inactivity_minutes", 1_440)];
    bounds.into_iter().find_map(|(name, max)| {
        let value = fields[name].as_i64()?;
        (!(1..=max).contains(&value)).then(|| format!("{} must be between 1 and {max}", name.replace('_', " ")))
    })
}

async fn webhook(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    match shared.world().records.webhooks.iter().find(|one| one["id"] == id.as_str()) {
        Some(found) => Json(json!({ "data": found })).into_response(),
        None => not_found("Webhook"),
    }
}

async fn change_webhook(
    State(shared): State<SharedState>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let now = shared.now();
    if let Some(error) = out_of_bounds(&body["whatsapp_webhook"]) {
        return invalid(&error);
    }
    let mut world = shared.world();
    let Some(found) = world.records.webhooks.iter_mut().find(|one| one["id"] == id.as_str()) else {
        return not_found("Webhook");
    };
    let change: Map<String, Value> = body["whatsapp_webhook"].as_object().cloned().unwrap_or_default();
    for (name, value) in change {
        found[&name] = value;
    }
    found["updated_at"] = iso(now).into();
    Json(json!({ "data": found })).into_response()
}

async fn delete_webhook(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let mut world = shared.world();
    let before = world.records.webhooks.len();
    world.records.webhooks.retain(|one| one["id"] != id.as_str());
    if world.records.webhooks.len() == before { not_found("Webhook") } else { StatusCode::NO_CONTENT.into_response() }
}
