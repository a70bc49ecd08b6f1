//! Templates: created, changed, deleted and reviewed, with the real API's rejections; and header samples, which are
//! fetched from their URLs.

pub(super) mod list;
pub(super) mod rules;
pub(super) mod upload_session;
pub(super) mod uploads;

use std::future::{Ready, ready};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fetch::fetch;
use super::shared::SharedState;

/// The key of the account that owns a template. It is never sent to a client.
pub(super) const ACCOUNT: &str = "account";

/// Returns the templates of an account.
pub(super) fn of_account(templates: &[Value], account: &str) -> Vec<Value> {
    let own = templates.iter().filter(|one| one[ACCOUNT].as_str().is_none_or(|of| of == account));
    let mut own: Vec<Value> = own.cloned().collect();
    own.iter_mut().filter_map(Value::as_object_mut).for_each(|one| drop(one.remove(ACCOUNT)));
    own
}

pub(super) fn routes() -> axum::Router<SharedState> {
    axum::Router::new()
        .route("/meta/whatsapp/{version}/{account}/message_templates/{id}", get(one))
        .route("/platform/v1/whatsapp/media", post(ingest))
}

fn graph(status: StatusCode, code: u32, subcode: u32, message: &str) -> Response {
    let body = json!({ "error": { "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code,
        "error_subcode": subcode, "error_user_msg": message, "fbtrace_id": "AbFqT3sWLrYk" } });
    (status, Json(body)).into_response()
}

#[derive(Deserialize)]
pub(super) struct TemplateParams {
    name: Option<String>,
    hsm_id: Option<String>,
}

async fn one(State(shared): State<SharedState>, Path((_, _, id)): Path<(String, String, String)>) -> Response {
    match shared.world().templates.iter().find(|one| one["id"] == id.as_str()) {
        Some(found) => Json(found).into_response(),
        None => graph(StatusCode::NOT_FOUND, 100, 33, "Unsupported get request: the object does not exist"),
    }
}

/// Returns the error response to an invalid template. `None` if it is valid.
fn refused(body: &Value) -> Option<Response> {
    let wrong = |subcode, message: &str| Some(graph(StatusCode::BAD_REQUEST, 100, subcode, message));
    let named = body["parameter_format"].as_str().is_some_and(|format| format.eq_ignore_ascii_case("named"));
    for part in body["components"].as_array().into_iter().flatten() {
        let words = part["text"].as_str().unwrap_or_default();
        let variables = words.matches("{{").count();
        let key = match (part["type"].as_str().unwrap_or_default().to_uppercase().as_str(), named) {
            ("BODY", true) => "body_text_named_params",
            ("BODY", false) => "body_text",
            ("HEADER", true) => "header_text_named_params",
            ("HEADER", false) => "header_text",
            _ => continue,
        };
        if variables > 0 && part["example"].get(key).is_none() {
            return wrong(2_388_043, "The message template is missing expected field(s): example");
        }
        if words.trim_start().starts_with("{{") || words.trim_end().ends_with("}}") {
            return wrong(2_388_299, "Variables can't be at the start or end of the template");
        }
        if matches!(part["format"].as_str(), Some("IMAGE" | "VIDEO" | "DOCUMENT"))
            && !part["example"]["header_handle"][0].as_str().is_some_and(|handle| handle.starts_with("4::"))
        {
            return wrong(2_388_047, "Header handle is not valid");
        }
    }
    None
}

pub(super) async fn write(
    State(shared): State<SharedState>,
    Path((_, account)): Path<(String, String)>,
    Query(wanted): Query<TemplateParams>,
    Json(body): Json<Value>,
) -> Response {
    let mut world = shared.world();
    if !world.numbers.iter().any(|number| number.business_account_id == account) {
        return super::responses::not_found("WhatsApp configuration");
    }
    if let Some(refusal) = refused(&body) {
        return refusal;
    }
    if let Some(id) = wanted.hsm_id {
        return changed(&mut world.templates, &id, &body);
    }
    let same = |one: &Value| one["name"] == body["name"] && one["language"] == body["language"];
    if world.templates.iter().any(same) {
        return graph(StatusCode::BAD_REQUEST, 100, 2_388_024, "Content in this language already exists");
    }
    let id = (594_425_479_270_000 + world.templates.len() as u64).to_string();
    let mut made = body;
    made["id"] = id.clone().into();
    made["status"] = "PENDING".into();
    made["rejected_reason"] = "NONE".into();
    let category = made["category"].clone();
    world.templates.push(made);
    Json(json!({ "id": id, "status": "PENDING", "category": category })).into_response()
}

/// Changes everything but name and language of a template by its id.
pub(super) fn change(
    State(shared): State<SharedState>,
    Path((_, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Ready<Response> {
    if let Some(refusal) = refused(&body) {
        return ready(refusal);
    }
    ready(changed(&mut shared.world().templates, &id, &body))
}

fn changed(templates: &mut [Value], id: &str, body: &Value) -> Response {
    let Some(known) = templates.iter_mut().find(|one| one["id"] == id) else {
        return graph(StatusCode::NOT_FOUND, 100, 33, "The template does not exist");
    };
    if !matches!(known["status"].as_str(), Some("APPROVED" | "REJECTED" | "PAUSED")) {
        return graph(StatusCode::BAD_REQUEST, 100, 2_593_002, "A template in review cannot be edited");
    }
    for key in ["category", "components", "parameter_format", "message_send_ttl_seconds"] {
        if !body[key].is_null() {
            known[key] = body[key].clone();
        }
    }
    known["status"] = "PENDING".into();
    known["rejected_reason"] = "NONE".into();
    Json(json!({ "success": true })).into_response()
}

pub(super) async fn delete(
    State(shared): State<SharedState>,
    Path((_, _account)): Path<(String, String)>,
    Query(wanted): Query<TemplateParams>,
) -> Response {
    let mut world = shared.world();
    let before = world.templates.len();
    world.templates.retain(|one| {
        let named = wanted.name.as_ref().is_none_or(|name| one["name"] == name.as_str());
        let this = wanted.hsm_id.as_ref().is_none_or(|id| one["id"] == id.as_str());
        !(named && this) || one["status"] == "DISABLED"
    });
    if world.templates.len() == before {
        return graph(StatusCode::BAD_REQUEST, 100, 2_593_002, "Message template doesn't exist or cannot be deleted");
    }
    Json(json!({ "success": true })).into_response()
}

/// Fetches a header sample from its URL. Rejects one that cannot be fetched.
async fn ingest(State(shared): State<SharedState>, Json(body): Json<Value>) -> Response {
    let asked = &body["media_ingest"];
    let known = {
        let world = shared.world();
        world.numbers.iter().any(|number| asked["phone_number_id"] == number.phone_number_id.as_str())
    };
    if !known {
        return super::responses::not_found("WhatsApp configuration");
    }
    let source = asked["source"].as_str().unwrap_or_default().to_owned();
    let Some((mime_type, bytes)) = fetch(&source).await else {
        return super::responses::invalid("Source could not be fetched");
    };
    let mut world = shared.world();
    let handle = format!("4::{}:{}", mime_type.replace('/', "_"), bytes.len());
    world.files.keep(&handle, "application/octet-stream", bytes);
    Json(json!({ "data": { "header_handle": handle, "delivery": asked["delivery"] } })).into_response()
}
