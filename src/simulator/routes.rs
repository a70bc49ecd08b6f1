//! The HTTP routes of the platform API and of the mirror of the Cloud API.

use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::history::{Filters, STATUSES, page};
use super::responses::invalid;
use super::send::send;
use super::shared::SharedState;
use super::templates::list::list_templates;
use super::{flows, graph, media, platform, templates, twilio, watch};

/// API calls that are accepted per minute.
const CALLS_PER_MINUTE: u32 = 1_000;

pub(super) fn routes(shared: SharedState) -> Router {
    Router::new()
        .merge(platform::routes())
        .merge(flows::routes())
        .merge(templates::routes())
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
            get(list_templates).post(templates::write).delete(templates::delete),
        )
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({ "error": "Not found" }))) })
        .layer(from_fn_with_state(shared.clone(), guard))
        .merge(twilio::routes(shared.clone()))
        .merge(graph::routes(shared.clone()))
        .layer(from_fn_with_state(shared.clone(), set_date))
        .layer(DefaultBodyLimit::max(110 * 1024 * 1024))
        .with_state(shared)
}

/// Checks the API key and the rate limit, and applies faults that tests have set.
async fn guard(State(shared): State<SharedState>, headers: HeaderMap, request: Request, next: Next) -> Response {
    // Setup pages need no API key.
    let page = request.uri().path().starts_with("/whatsapp/setup/");
    if !page && headers.get("x-api-key").and_then(|key| key.to_str().ok()) != Some(shared.config.api_key.as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "Invalid API key" }))).into_response();
    }
    let is_over_limit = {
        let minute = shared.now() / 60_000;
        let mut world = shared.world();
        let (current, count) = world.requests_this_minute;
        world.requests_this_minute = if current == minute { (minute, count + 1) } else { (minute, 1) };
        world.requests_this_minute.1 > CALLS_PER_MINUTE
    };
    if is_over_limit {
        let body = json!({ "error": "Rate limit exceeded", "message": "You have exceeded the rate limit. Please try again later." });
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")], Json(body)).into_response();
    }
    let call = format!("{} {}", request.method(), request.uri().path());
    let fault = {
        let mut world = shared.world();
        world.records.calls.push(call.clone());
        let query = request.uri().query().unwrap_or_default();
        world.records.queries.push(format!("{call}?{query}"));
        let at = world.records.faults.iter().position(|(expected, ..)| {
            expected.split_once(' ').is_some_and(|(method, path)| call.starts_with(method) && call.ends_with(path))
        });
        at.map(|at| world.records.faults.remove(at))
    };
    if let Some((_, status, body)) = fault {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return (status, Json(body)).into_response();
    }
    next.run(request).await
}

/// Sets the `Date` header to the simulated time.
async fn set_date(State(shared): State<SharedState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let date = jiff::Timestamp::from_millisecond(shared.now() + shared.world().skew).ok();
    let date = date.and_then(|at| jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
    if let Some(date) = date.and_then(|text| text.parse().ok()) {
        response.headers_mut().insert("date", date);
    }
    response
}

/// Lists messages, newest first.
async fn messages(State(shared): State<SharedState>, Query(filters): Query<Filters>) -> Response {
    let now = shared.now();
    match filters.error(&STATUSES) {
        Some(error) => invalid(&error),
        None => Json(page(&filters.matching_messages(shared.world().messages_at(now)), &filters)).into_response(),
    }
}

/// Lists the messages of one number through the mirror.
async fn number_messages(
    State(shared): State<SharedState>,
    Path((_, number)): Path<(String, String)>,
    Query(mut filters): Query<Filters>,
) -> Response {
    let now = shared.now();
    if let Some(error) = filters.error(&STATUSES) {
        return invalid(&error);
    }
    filters.phone_number_id = Some(number.clone());
    let world = shared.world();
    if !world.numbers.iter().any(|known| known.phone_number_id == number) {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "WhatsApp configuration not found" }))).into_response();
    }
    Json(page(&filters.matching_messages(world.messages_at(now)), &filters)).into_response()
}

async fn one_message(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    let world = shared.world();
    match world.listed.iter().find(|message| message["id"] == id.as_str()) {
        Some(message) => Json(json!({ "data": world.message_at(message, now) })).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Message not found" }))).into_response(),
    }
}

async fn conversations(State(shared): State<SharedState>, Query(filters): Query<Filters>) -> Response {
    let now = shared.now();
    match filters.error(&["active", "ended"]) {
        Some(error) => invalid(&error),
        None => {
            let world = shared.world();
            let list = filters.conversations(world.messages_at(now), &world.names, now);
            Json(page(&list, &filters)).into_response()
        }
    }
}

async fn number_conversations(
    State(shared): State<SharedState>,
    Path((_, number)): Path<(String, String)>,
    Query(mut filters): Query<Filters>,
) -> Response {
    filters.phone_number_id = Some(number);
    conversations(State(shared), Query(filters)).await
}

fn conversation(shared: &SharedState, id: &str) -> Option<Value> {
    let now = shared.now();
    let world = shared.world();
    let all = Filters::default().conversations(world.messages_at(now), &world.names, now);
    all.into_iter().find(|one| one["id"] == id)
}

async fn one_conversation(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    match conversation(&shared, &id) {
        Some(one) => Json(json!({ "data": one })).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Conversation not found" }))).into_response(),
    }
}

/// Returns one conversation without an envelope, as the mirror does.
async fn one_number_conversation(
    State(shared): State<SharedState>,
    Path((_, number, id)): Path<(String, String, String)>,
) -> Response {
    match conversation(&shared, &id).filter(|one| one["phone_number_id"] == number.as_str()) {
        Some(one) => Json(one).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Conversation not found" }))).into_response(),
    }
}
