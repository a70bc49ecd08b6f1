//! The simulator's HTTP: the platform API, and the mirror of the Cloud API.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::history::{Filters, STATUSES, page};
use super::platform::invalid;
use super::rules::refused;
use super::world::SendFault;
use super::{Shared, flows, graph, media, platform, templates as made, twilio, watch};

/// Calls per minute and key.
const CALLS_PER_MINUTE: u32 = 1_000;

pub(super) type World = Arc<Shared>;

pub(super) fn routes(shared: World) -> Router {
    Router::new()
        .merge(platform::routes())
        .merge(flows::routes())
        .merge(made::routes())
        .route("/platform/v1/webhook_deliveries", get(watch::deliveries))
        .route("/platform/v1/whatsapp/messages", get(messages))
        .route("/platform/v1/whatsapp/messages/{id}", get(one_message))
        .route("/platform/v1/whatsapp/conversations", get(conversations))
        .route("/platform/v1/whatsapp/conversations/{id}", get(one_conversation))
        .route("/meta/whatsapp/{version}/{number}/conversations", get(number_conversations))
        .route("/meta/whatsapp/{version}/{number}/conversations/{id}", get(one_number_conversation))
        .route("/meta/whatsapp/{version}/{number}/messages", get(number_messages).post(send))
        .route("/meta/whatsapp/{version}/{number}/media", post(media::upload))
        .route("/meta/whatsapp/{version}/{id}", get(media::resolve).delete(flows::delete))
        .route("/meta/whatsapp/media_download", get(media::download))
        .route(
            "/meta/whatsapp/{version}/{account}/message_templates",
            get(templates).post(made::write).delete(made::delete),
        )
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({ "error": "Not found" }))) })
        .layer(from_fn_with_state(shared.clone(), guard))
        .merge(twilio::routes(shared.clone()))
        .merge(graph::routes(shared.clone()))
        .layer(from_fn_with_state(shared.clone(), dated))
        .layer(DefaultBodyLimit::max(110 * 1024 * 1024))
        .with_state(shared)
}

/// The key, and the minute's calls.
async fn guard(State(shared): State<World>, headers: HeaderMap, request: Request, next: Next) -> Response {
    // Whoever follows a setup link has no key.
    let page = request.uri().path().starts_with("/whatsapp/setup/");
    if !page && headers.get("x-api-key").and_then(|key| key.to_str().ok()) != Some(shared.config.api_key.as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "Invalid API key" }))).into_response();
    }
    let over = {
        let minute = shared.now() / 60_000;
        let mut world = shared.world();
        let (current, count) = world.requests_this_minute;
        world.requests_this_minute = if current == minute { (minute, count + 1) } else { (minute, 1) };
        world.requests_this_minute.1 > CALLS_PER_MINUTE
    };
    if over {
        let body = json!({ "error": "Rate limit exceeded", "message": "You have exceeded the rate limit. Please try again later." });
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")], Json(body)).into_response();
    }
    let call = format!("{} {}", request.method(), request.uri().path());
    let fault = {
        let mut world = shared.world();
        world.records.calls.push(call.clone());
        let query = request.uri().query().unwrap_or_default();
        world.records.queries.push(format!("{call}?{query}"));
        let at = world.records.faults.iter().position(|(wanted, ..)| {
            wanted.split_once(' ').is_some_and(|(method, path)| call.starts_with(method) && call.ends_with(path))
        });
        at.map(|at| world.records.faults.remove(at))
    };
    if let Some((_, status, body)) = fault {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return (status, Json(body)).into_response();
    }
    next.run(request).await
}

/// The simulator's clock is the one that it was given.
async fn dated(State(shared): State<World>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let date = jiff::Timestamp::from_millisecond(shared.now() + shared.world().skew).ok();
    let date = date.and_then(|at| jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
    if let Some(date) = date.and_then(|text| text.parse().ok()) {
        response.headers_mut().insert("date", date);
    }
    response
}

/// Newest first.
async fn messages(State(shared): State<World>, Query(filters): Query<Filters>) -> Response {
    let now = shared.now();
    match filters.wrong(&STATUSES) {
        Some(wrong) => invalid(&wrong),
        None => Json(page(&filters.said(shared.world().as_listed(now)), &filters)).into_response(),
    }
}

/// The mirror's list of the messages of one number.
async fn number_messages(
    State(shared): State<World>,
    Path((_, number)): Path<(String, String)>,
    Query(mut filters): Query<Filters>,
) -> Response {
    let now = shared.now();
    if let Some(wrong) = filters.wrong(&STATUSES) {
        return invalid(&wrong);
    }
    filters.phone_number_id = Some(number.clone());
    let world = shared.world();
    if !world.numbers.iter().any(|known| known.phone_number_id == number) {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "WhatsApp configuration not found" }))).into_response();
    }
    Json(page(&filters.said(world.as_listed(now)), &filters)).into_response()
}

async fn one_message(State(shared): State<World>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    let world = shared.world();
    match world.listed.iter().find(|message| message["id"] == id.as_str()) {
        Some(message) => Json(json!({ "data": world.as_of(message, now) })).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Message not found" }))).into_response(),
    }
}

async fn conversations(State(shared): State<World>, Query(filters): Query<Filters>) -> Response {
    let now = shared.now();
    match filters.wrong(&["active", "ended"]) {
        Some(wrong) => invalid(&wrong),
        None => {
            let world = shared.world();
            let list = filters.conversations(world.as_listed(now), &world.names, now);
            Json(page(&list, &filters)).into_response()
        }
    }
}

async fn number_conversations(
    State(shared): State<World>,
    Path((_, number)): Path<(String, String)>,
    Query(mut filters): Query<Filters>,
) -> Response {
    filters.phone_number_id = Some(number);
    conversations(State(shared), Query(filters)).await
}

fn conversation(shared: &World, id: &str) -> Option<Value> {
    let now = shared.now();
    let world = shared.world();
    let all = Filters::default().conversations(world.as_listed(now), &world.names, now);
    all.into_iter().find(|one| one["id"] == id)
}

async fn one_conversation(State(shared): State<World>, Path(id): Path<String>) -> Response {
    match conversation(&shared, &id) {
        Some(one) => Json(json!({ "data": one })).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Conversation not found" }))).into_response(),
    }
}

/// Bare, as the mirror tells single objects.
async fn one_number_conversation(
    State(shared): State<World>,
    Path((_, number, id)): Path<(String, String, String)>,
) -> Response {
    match conversation(&shared, &id).filter(|one| one["phone_number_id"] == number.as_str()) {
        Some(one) => Json(one).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Conversation not found" }))).into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct PageQuery {
    after: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn templates(
    State(shared): State<World>,
    Path((_, account)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Response {
    let world = shared.world();
    if !world.numbers.iter().any(|number| number.business_account_id == account) {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "WhatsApp configuration not found" }))).into_response();
    }
    let from: usize = query.after.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let own = made::of_account(&world.templates, &account);
    let until = (from + query.limit.unwrap_or(25).min(100)).min(own.len());
    let page = own.get(from..until).unwrap_or_default();
    let after = (until < own.len()).then(|| until.to_string());
    Json(json!({ "data": page, "paging": { "cursors": { "before": null, "after": after } } })).into_response()
}

pub(super) async fn send(
    State(shared): State<World>,
    Path((_, number)): Path<(String, String)>,
    Json(request): Json<Value>,
) -> Response {
    if !shared.world().numbers.iter().any(|known| known.phone_number_id == number) {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "WhatsApp configuration not found" }))).into_response();
    }
    if request["status"] == "read" {
        let id = request["message_id"].as_str().unwrap_or_default().to_owned();
        shared.world().read_marks.push((id, request.get("typing_indicator").is_some()));
        return Json(json!({ "success": true })).into_response();
    }
    let to: String = request["to"].as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let pair = (number.clone(), to.clone());
    let fault = {
        let mut world = shared.world();
        world.send_requests += 1;
        let direct = world.numbers.iter().any(|known| known.phone_number_id == number && known.direct);
        if world.in_flight.contains(&pair) && !direct {
            return (
                StatusCode::CONFLICT,
                Json(json!({ "error": "Another message is in flight for this conversation" })),
            )
                .into_response();
        }
        world.in_flight.push(pair.clone());
        world.faults.pop_front()
    };
    let latency = shared.config.latency;
    if !latency.is_zero() {
        let share = shared.world().dice(100);
        tokio::time::sleep(latency * share / 100).await;
    }
    let fault = slowed(fault).await;
    let response = answer(&shared, &number, &to, &request, fault).await;
    shared.world().in_flight.retain(|busy| *busy != pair);
    response
}

async fn answer(shared: &World, number: &str, to: &str, request: &Value, fault: Option<SendFault>) -> Response {
    let now = shared.now();
    if let Some(refusal) = refused(shared, number, to, request, now) {
        return refusal;
    }
    let accept = || shared.world().accept(number, request, now, |millis| shared.scaled(millis));
    match fault {
        None | Some(SendFault::Slow(_)) => {
            let id = accept();
            shared.posted.notify_one();
            let mut body = json!({ "messaging_product": "whatsapp", "contacts": [{ "input": to, "wa_id": to }], "messages": [{ "id": id }] });
            if request["type"] == "template" {
                body["messages"][0]["message_status"] = "accepted".into();
            }
            Json(body).into_response()
        }
        Some(SendFault::LoseAnswer) => {
            accept();
            shared.posted.notify_one();
            silence().await
        }
        Some(SendFault::Vanish) => silence().await,
        Some(SendFault::GatewayError) => {
            accept();
            shared.posted.notify_one();
            (StatusCode::BAD_GATEWAY, "upstream sent no answer").into_response()
        }
        Some(SendFault::Answer { status, body, retry_after }) => refusal(status, body, retry_after),
    }
}

/// Takes the time that was ordered.
pub(super) async fn slowed(fault: Option<SendFault>) -> Option<SendFault> {
    if let Some(SendFault::Slow(time)) = &fault {
        tokio::time::sleep(*time).await;
    }
    fault
}

/// A refusal as somebody ordered it.
pub(super) fn refusal(status: u16, body: Value, retry_after: Option<u32>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, Json(body)).into_response();
    if let Some(value) = retry_after.and_then(|seconds| seconds.to_string().parse().ok()) {
        response.headers_mut().insert("retry-after", value);
    }
    response
}

/// An answer that breaks off: the connection ends before a whole answer came.
pub(super) async fn silence() -> Response {
    tokio::time::sleep(Duration::from_millis(5)).await;
    let broken = futures::stream::once(async { Err::<axum::body::Bytes, _>(std::io::Error::other("cut off")) });
    axum::body::Body::from_stream(broken).into_response()
}
