//! The Content API: templates and their approval.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::faults::SendFault;
use super::super::responses::refusal;
use super::super::shared::SharedState;
use super::forms::{ACCOUNT, error_response};

pub(super) fn routes() -> Router<SharedState> {
    Router::new()
        .route("/v1/Content", post(create))
        .route("/v1/ContentAndApprovals", get(list))
        .route("/v2/Content", get(search))
        .route("/v1/Content/{id}", get(one).delete(delete))
        .route("/v1/Content/{id}/ApprovalRequests/whatsapp", post(submit))
}

fn missing() -> Response {
    error_response(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found")
}

async fn create(State(shared): State<SharedState>, Json(body): Json<Value>) -> Response {
    if let Some(SendFault::Answer { status, body, retry_after }) = shared.world().forms.content_faults.pop_front() {
        return refusal(status, body, retry_after);
    }
    let wrong = |code: u32, message: &str| error_response(StatusCode::BAD_REQUEST, code, message);
    let Some(types) = body["types"].as_object().filter(|types| !types.is_empty()) else {
        return wrong(92_001, "Content must have at least one type");
    };
    if body["language"].as_str().is_none_or(str::is_empty) {
        return wrong(92_003, "Content language is required");
    }
    let known = [
        "twilio/text",
        "twilio/media",
        "twilio/quick-reply",
        "twilio/call-to-action",
        "twilio/card",
        "whatsapp/card",
        "whatsapp/authentication",
        "twilio/list-picker",
        "twilio/location",
    ];
    if types.keys().any(|name| !known.contains(&name.as_str())) {
        return wrong(92_008, "Unsupported content type");
    }
    if let Some(fault) = types.iter().find_map(|(kind, shape)| type_fault(kind, shape)) {
        return wrong(20_001, fault);
    }
    let now = super::super::payload::iso(shared.now());
    let mut world = shared.world();
    let id = world.forms.id("HX");
    let mut content = body;
    content["sid"] = id.as_str().into();
    content["account_sid"] = ACCOUNT.into();
    content["date_created"] = now.as_str().into();
    content["date_updated"] = now.into();
    content["approval_requests"] =
        json!({ "status": "unsubmitted", "name": "", "category": "", "rejection_reason": "" });
    world.forms.contents.push(content.clone());
    (StatusCode::CREATED, Json(content)).into_response()
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "PageSize")]
    size: Option<usize>,
    #[serde(rename = "Page")]
    page: Option<usize>,
}

async fn list(State(shared): State<SharedState>, Query(params): Query<Page>) -> Response {
    let world = shared.world();
    let (size, page) = (params.size.unwrap_or(50).clamp(1, 100), params.page.unwrap_or(0));
    let list: Vec<&Value> = world.forms.contents.iter().skip(page * size).take(size).collect();
    let more = world.forms.contents.len() > (page + 1) * size;
    let next = more.then(|| {
        format!("{}/v1/ContentAndApprovals?PageSize={size}&Page={}&PageToken=PT1", world.own_address, page + 1)
    });
    Json(json!({ "contents": list, "meta": { "page": page, "page_size": size, "next_page_url": next, "key": "contents" } }))
        .into_response()
}

#[derive(Deserialize)]
struct Search {
    #[serde(rename = "ContentName")]
    name: Option<String>,
}

/// Finds contents whose names contain a text. Approvals are returned by another endpoint.
async fn search(State(shared): State<SharedState>, Query(params): Query<Search>) -> Response {
    let world = shared.world();
    let wanted = params.name.unwrap_or_default();
    let named = |one: &&Value| one["friendly_name"].as_str().is_some_and(|name| name.contains(&wanted));
    let mut list: Vec<Value> = world.forms.contents.iter().filter(named).cloned().collect();
    for one in list.iter_mut().filter_map(Value::as_object_mut) {
        one.remove("approval_requests");
    }
    Json(json!({ "contents": list, "meta": { "page": 0, "next_page_url": null, "key": "contents" } })).into_response()
}

/// Returns why a content type is refused when it is created. Source: part 6.
fn type_fault(kind: &str, shape: &Value) -> Option<&'static str> {
    let longer = |value: &Value, most: usize| value.as_str().is_some_and(|text| text.encode_utf16().count() > most);
    let list = |name: &str| shape[name].as_array().cloned().unwrap_or_default();
    let (actions, items) = (list("actions"), list("items"));
    match kind {
        "twilio/quick-reply" if !(1..=10).contains(&actions.len()) => Some("A quick reply has 1 to 10 actions"),
        "twilio/list-picker" if !(1..=10).contains(&items.len()) => Some("A list picker has 1 to 10 items"),
        "twilio/list-picker" if longer(&shape["button"], 20) => Some("The button is too long"),
        "twilio/call-to-action" if longer(&shape["body"], 640) => Some("The body is too long"),
        _ if longer(&shape["body"], 1_600) => Some("The body is too long"),
        "twilio/quick-reply" | "twilio/list-picker" if longer(&shape["body"], 1_024) => Some("The body is too long"),
        _ if actions.iter().any(|one| longer(&one["title"], 20) || longer(&one["id"], 200)) => {
            Some("A title or an id is too long")
        }
        _ if items.iter().any(|one| longer(&one["item"], 24) || longer(&one["description"], 72)) => {
            Some("An item is too long")
        }
        _ => None,
    }
}

async fn one(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let world = shared.world();
    let found = world.forms.contents.iter().find(|one| one["sid"] == id.as_str()).cloned();
    match found {
        Some(mut found) => {
            // Approvals are returned by another endpoint.
            if let Some(fields) = found.as_object_mut() {
                fields.remove("approval_requests");
            }
            Json(found).into_response()
        }
        None => missing(),
    }
}

async fn delete(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let mut world = shared.world();
    let before = world.forms.contents.len();
    world.forms.contents.retain(|one| one["sid"] != id.as_str());
    if world.forms.contents.len() == before { missing() } else { StatusCode::NO_CONTENT.into_response() }
}

/// Submits a content for approval. Names have lower-case letters, digits and underscores only.
async fn submit(State(shared): State<SharedState>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let name = body["name"].as_str().unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || !body["category"].is_string() {
        return error_response(StatusCode::BAD_REQUEST, 20_001, "Invalid name or category");
    }
    let mut world = shared.world();
    if world.forms.refuses_approvals {
        return error_response(StatusCode::BAD_REQUEST, 63_040, "Template rejected");
    }
    let Some(found) = world.forms.contents.iter_mut().find(|one| one["sid"] == id.as_str()) else { return missing() };
    let kind = found["types"].as_object().and_then(|types| types.keys().next()).cloned().unwrap_or_default();
    found["approval_requests"] = json!({ "name": name, "category": body["category"], "content_type": kind, "status": "received",
        "rejection_reason": "", "allow_category_change": true });
    (StatusCode::CREATED, Json(found["approval_requests"].clone())).into_response()
}
