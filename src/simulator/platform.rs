//! The simulator's platform: customers, setup links, numbers with health and profile, and webhooks on file.

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::payload::iso;
use super::routes::World as Shared;
use super::world::{Number, World};

const DAY: i64 = 86_400_000;

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

/// What the platform keeps beside messages and templates.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub customers: Vec<Value>,
    pub links: Vec<Value>,
    pub webhooks: Vec<Value>,
    pub profiles: Vec<(String, Value)>,
    /// What the health of a number is told as, where it is not well.
    pub health: Vec<(String, Value)>,
    /// The next requests of this kind (`POST /customers` …) are answered so.
    pub faults: Vec<(String, u16, Value)>,
    /// What of the platform's pages was asked for, as `METHOD path`.
    pub calls: Vec<String>,
    /// The same with their queries, as `METHOD path?query`.
    pub queries: Vec<String>,
    ids: u64,
    /// The place in line of the next number that a link connects.
    numbered: u64,
}

impl Records {
    /// An id as the platform gives them: different each time, the same for the same story.
    pub fn id(&mut self) -> String {
        self.ids += 1;
        format!("5e7a0000-0000-4000-8000-{:012x}", self.ids)
    }

    /// Our own webhook of a number or of the project: it moves to another address, or is put on file.
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

pub(super) fn routes() -> Router<Shared> {
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

pub(super) fn not_found(what: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "error": format!("{what} not found") }))).into_response()
}

pub(super) fn invalid(what: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": what }))).into_response()
}

#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(rename = "page")]
    number: Option<usize>,
    #[serde(rename = "per_page")]
    size: Option<usize>,
    customer_id: Option<String>,
}

/// A page of a list, the newest first.
pub(super) fn paged(mut list: Vec<Value>, page: &Page) -> Response {
    list.reverse();
    let size = page.size.unwrap_or(20).clamp(1, 100);
    let (at, count) = (page.number.unwrap_or(1).max(1), list.len());
    let items: Vec<Value> = list.into_iter().skip((at - 1) * size).take(size).collect();
    Json(json!({ "data": items,
        "meta": { "page": at, "per_page": size, "total_pages": count.div_ceil(size), "total_count": count } }))
    .into_response()
}

async fn customers(State(shared): State<Shared>, Query(page): Query<Page>) -> Response {
    paged(shared.world().records.customers.clone(), &page)
}

async fn new_customer(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
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

async fn links(State(shared): State<Shared>, Path(id): Path<String>, Query(page): Query<Page>) -> Response {
    let world = shared.world();
    if !world.records.customers.iter().any(|one| one["id"] == id.as_str()) {
        return not_found("Customer");
    }
    paged(world.records.links.iter().filter(|one| one["customer_id"] == id.as_str()).cloned().collect(), &page)
}

async fn new_link(State(shared): State<Shared>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let now = shared.now();
    let base = shared.own_address();
    let mut world = shared.world();
    if !world.records.customers.iter().any(|one| one["id"] == id.as_str()) {
        return not_found("Customer");
    }
    let asked = &body["setup_link"];
    for name in ["success_redirect_url", "failure_redirect_url"] {
        if asked[name].as_str().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://127.0.0.1"))
        {
            return invalid(&format!("{} must be a valid URL", name.replace('_', " ")));
        }
    }
    let types: Vec<&str> =
        asked["allowed_connection_types"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(stranger) = types.iter().find(|one| !matches!(**one, "coexistence" | "dedicated")) {
        return invalid(&format!("Allowed connection types contains invalid types: {stranger}"));
    }
    if let Some(number) = asked["reconnect_phone_number"].as_str() {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let known = world.numbers.iter().any(|one| one.customer.as_deref() == Some(&id) && one.digits() == digits);
        if !known {
            return invalid("Reconnect phone number does not belong to this customer");
        }
    }
    // A new link revokes the one before.
    for one in
        world.records.links.iter_mut().filter(|one| one["customer_id"] == id.as_str() && one["status"] == "active")
    {
        one["status"] = "revoked".into();
    }
    let link = world.records.id();
    let token = link.rsplit('-').next().unwrap_or_default().to_owned();
    let mut data = json!({ "id": link, "customer_id": id, "token": token, "status": "active",
        "url": format!("{base}/whatsapp/setup/{token}"), "created_at": iso(now), "expires_at": iso(now + 30 * DAY),
        "whatsapp_setup_status": "pending", "whatsapp_setup_error": null, "provisioned_phone_number": null,
        "provision_phone_number": false, "phone_number_country_isos": ["US"] });
    if let (Some(data), Some(asked)) = (data.as_object_mut(), asked.as_object()) {
        data.extend(asked.clone());
    }
    world.records.links.push(data.clone());
    (StatusCode::CREATED, Json(json!({ "data": data }))).into_response()
}

async fn change_link(
    State(shared): State<Shared>,
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
    /// Whoever has the link connects a number with it: the number's id, and where they are sent back to.
    pub fn complete(&mut self, token: &str, now: i64) -> Option<(String, Option<String>)> {
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
                // An id is not given twice, whatever was deleted meanwhile.
                let place = self.records.numbered.max(self.numbers.len() as u64);
                self.records.numbered = place + 1;
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
        self.put_in_post("whatsapp.phone_number.created", body, now);
        Some((id, back))
    }
}

/// The page behind a link: in place of a signup there is nothing to fill in.
async fn setup_page(State(shared): State<Shared>, Path(token): Path<String>) -> Response {
    let now = shared.now();
    let done = shared.world().complete(&token, now);
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

async fn numbers(State(shared): State<Shared>, Query(page): Query<Page>) -> Response {
    let world = shared.world();
    let of = |number: &&Number| page.customer_id.as_ref().is_none_or(|id| number.customer.as_ref() == Some(id));
    paged(
        world
            .numbers
            .iter()
            .filter(|number| !number.direct)
            .filter(of)
            .map(|number| described(number, &world.quality))
            .collect(),
        &page,
    )
}

async fn number(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let world = shared.world();
    match world.numbers.iter().find(|number| number.phone_number_id == id) {
        Some(number) => Json(json!({ "data": described(number, &world.quality) })).into_response(),
        None => not_found("WhatsApp configuration"),
    }
}

/// The event goes out as the teardown begins.
async fn delete_number(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    let mut world = shared.world();
    let Some(at) = world.numbers.iter().position(|number| number.phone_number_id == id) else {
        return not_found("WhatsApp configuration");
    };
    let gone = world.numbers.remove(at);
    world.records.webhooks.retain(|one| one["phone_number_id"] != id.as_str());
    let body = json!({ "phone_number_id": id, "project": { "id": "990e8400-e29b-41d4-a716-446655440004" },
        "customer": { "id": gone.customer } });
    world.put_in_post("whatsapp.phone_number.deleted", body, now);
    drop(world);
    shared.posted.notify_one();
    StatusCode::NO_CONTENT.into_response()
}

fn described(number: &Number, quality: &str) -> Value {
    json!({
        "id": number.phone_number_id, "phone_number_id": number.phone_number_id, "name": number.name, "kind": number.kind,
        "business_account_id": number.business_account_id, "customer_id": number.customer, "is_coexistence": false,
        "display_phone_number": number.display, "display_phone_number_normalized": number.digits(),
        "verified_name": number.name, "quality_rating": quality, "throughput_tier": "TIER_10K", "status": "CONNECTED",
        "name_status": "APPROVED", "whatsapp_business_manager_messaging_limit": "10000", "flows_encryption_configured": false,
    })
}

async fn health(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let now = iso(shared.now());
    let world = shared.world();
    let Some(number) = world.numbers.iter().find(|number| number.phone_number_id == id) else {
        return not_found("WhatsApp configuration");
    };
    if let Some((_, told)) = world.records.health.iter().find(|(of, _)| *of == id) {
        return Json(told.clone()).into_response();
    }
    // Not inside `data`: the one answer that is bare.
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

pub(super) async fn profile(State(shared): State<Shared>, Path((_, number)): Path<(String, String)>) -> Response {
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
    State(shared): State<Shared>,
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

async fn webhooks(State(shared): State<Shared>, Query(page): Query<Page>) -> Response {
    paged(shared.world().records.webhooks.clone(), &page)
}

async fn number_webhooks(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    Query(page): Query<Page>,
) -> Response {
    let world = shared.world();
    let of = |one: &&Value| one["phone_number_id"] == number.as_str();
    paged(world.records.webhooks.iter().filter(of).cloned().collect(), &page)
}

async fn new_webhook(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let number = body["whatsapp_webhook"]["phone_number_id"].as_str().map(str::to_owned);
    file_webhook(&shared, number, &body)
}

async fn new_number_webhook(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    file_webhook(&shared, Some(number), &body)
}

fn file_webhook(shared: &Shared, number: Option<String>, body: &Value) -> Response {
    let now = shared.now();
    let asked = &body["whatsapp_webhook"];
    let Some(url) = asked["url"].as_str().filter(|url| url.starts_with("http")) else {
        return invalid("Url must be a valid URL");
    };
    let raw = asked["kind"] == "meta";
    let events: Vec<&str> = asked["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if raw && number.is_none() {
        return invalid("Phone number is required for meta webhooks");
    }
    if !raw && events.is_empty() {
        return invalid("Events can't be blank");
    }
    // What belongs to the other scope is accepted, and never sent.
    let strange = |one: &&&str| !NUMBER_EVENTS.contains(*one) && !PROJECT_EVENTS.contains(*one);
    if let Some(stranger) = events.iter().find(strange) {
        return invalid(&format!("Events contains invalid events: {stranger}"));
    }
    if let Some(wrong) = out_of_bounds(asked) {
        return invalid(&wrong);
    }
    let mut world = shared.world();
    if let Some(number) = &number
        && !world.numbers.iter().any(|one| one.phone_number_id == *number)
    {
        return not_found("WhatsApp configuration");
    }
    let secret = asked["secret_key"].as_str().unwrap_or("made-by-the-platform").to_owned();
    let id = world.records.register(number.as_deref(), url, &secret, &events, now);
    let webhook = world.records.webhooks.last_mut();
    if let (Some(webhook), Some(asked)) = (webhook.and_then(Value::as_object_mut), asked.as_object()) {
        for (name, value) in asked {
            webhook.insert(name.clone(), value.clone());
        }
        webhook.insert("id".into(), id.into());
    }
    let made = world.records.webhooks.last().cloned().unwrap_or_default();
    (StatusCode::CREATED, Json(json!({ "data": made }))).into_response()
}

fn out_of_bounds(asked: &Value) -> Option<String> {
    let bounds = [("buffer_window_seconds", 60), ("max_buffer_size", 100), ("inactivity_minutes", 1_440)];
    bounds.into_iter().find_map(|(name, most)| {
        let value = asked[name].as_i64()?;
        (!(1..=most).contains(&value)).then(|| format!("{} must be between 1 and {most}", name.replace('_', " ")))
    })
}

async fn webhook(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    match shared.world().records.webhooks.iter().find(|one| one["id"] == id.as_str()) {
        Some(found) => Json(json!({ "data": found })).into_response(),
        None => not_found("Webhook"),
    }
}

async fn change_webhook(State(shared): State<Shared>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let now = shared.now();
    if let Some(wrong) = out_of_bounds(&body["whatsapp_webhook"]) {
        return invalid(&wrong);
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

async fn delete_webhook(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut world = shared.world();
    let before = world.records.webhooks.len();
    world.records.webhooks.retain(|one| one["id"] != id.as_str());
    if world.records.webhooks.len() == before { not_found("Webhook") } else { StatusCode::NO_CONTENT.into_response() }
}
