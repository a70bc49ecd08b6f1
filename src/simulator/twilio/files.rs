//! The files of messages: listed, and redirected to their download URL.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::super::faults::MediaFault;
use super::super::shared::SharedState;
use super::forms::{ACCOUNT, error_response};

/// Returns the routes of stored files, which reject requests with credentials.
pub(super) fn files() -> Router<SharedState> {
    Router::new().route("/cdn/{file}", get(download))
}

/// Lists the file of a message.
pub(super) async fn media_list(
    State(shared): State<SharedState>,
    Path((_, message)): Path<(String, String)>,
) -> Response {
    let world = shared.world();
    let place = world.forms.messages.iter().position(|one| one["sid"] == message.as_str() && one["num_media"] != "0");
    let Some(place) = place else { return Json(json!({ "media_list": [] })).into_response() };
    // A file has the id that follows its message's.
    let number = world.forms.messages[place]["sid"].as_str().and_then(|id| u128::from_str_radix(&id[2..], 16).ok());
    let file = format!("ME{:032x}", number.unwrap_or_default() + 1);
    let uri = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{message}/Media/{file}.json");
    let known = world.files.stored.get(&file);
    let list =
        known.map(|known| json!({ "sid": file, "parent_sid": message, "content_type": known.mime_type, "uri": uri }));
    Json(json!({ "media_list": list.into_iter().collect::<Vec<_>>() })).into_response()
}

pub(super) async fn media(
    State(shared): State<SharedState>,
    Path((_, _, file)): Path<(String, String, String)>,
) -> Response {
    let mut world = shared.world();
    let fault = world.files.fault.pop();
    if fault == Some(MediaFault::Gone) || !world.files.stored.contains_key(&file) {
        return error_response(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found");
    }
    let place = match fault {
        Some(MediaFault::Elsewhere) => "https://files.example.net/a".to_owned(),
        _ => format!("{}/cdn/{file}", world.own_address),
    };
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response()
}

async fn download(State(shared): State<SharedState>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        let error = "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>";
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    match shared.world().files.stored.get(&file) {
        Some(file) => ([(header::CONTENT_TYPE, file.mime_type.clone())], file.bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
