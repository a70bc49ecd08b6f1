//! Upload sessions for header samples: a session, then bytes from an offset, then a handle. Source: Cloud API, part 5.1.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::shared::{SharedState, Simulator};
use super::upload_session::UploadSession;

/// The id of the simulated app.
pub(in super::super) const APP_ID: &str = "789012345678901";

fn wrong(status: StatusCode, message: &str) -> Response {
    let body =
        json!({ "error": { "message": message, "type": "OAuthException", "code": 100, "fbtrace_id": "Asimulator" } });
    (status, Json(body)).into_response()
}

/// Opens a session. Samples are JPEG, PNG, MP4 or PDF files.
pub(in super::super) async fn open(
    State(shared): State<SharedState>,
    Path((_, app)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let length = query.get("file_length").and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();
    let mime_type = query.get("file_type").cloned().unwrap_or_default();
    let known = ["image/jpeg", "image/jpg", "image/png", "video/mp4", "application/pdf"];
    if app != APP_ID || length == 0 || !known.contains(&mime_type.as_str()) {
        return wrong(StatusCode::BAD_REQUEST, "(#100) Invalid parameter");
    }
    let mut world = shared.world();
    let id = format!("upload:MTphdHRhY2{}?sig=ARZqk", world.upload_sessions.len() + 1);
    world.upload_sessions.insert(id.clone(), UploadSession { mime_type, length, bytes: vec![] });
    Json(json!({ "id": id })).into_response()
}

/// Returns the session of a path and its query, where the signature belongs to the id.
fn session_id(path: &str, query: &HashMap<String, String>) -> String {
    query.get("sig").map_or_else(|| path.to_owned(), |sig| format!("{path}?sig={sig}"))
}

/// Returns how many bytes a session has.
pub(in super::super) fn offset(shared: &SharedState, path: &str, query: &HashMap<String, String>) -> Response {
    let id = session_id(path, query);
    match shared.world().upload_sessions.get(&id) {
        Some(session) => Json(json!({ "id": id, "file_offset": session.bytes.len() })).into_response(),
        None => wrong(StatusCode::BAD_REQUEST, "Upload session not found"),
    }
}

/// Takes the bytes from an offset. Returns the handle when all have arrived.
pub(in super::super) fn receive(
    shared: &SharedState,
    path: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let id = session_id(path, query);
    let at = headers.get("file_offset").and_then(|at| at.to_str().ok()).and_then(|at| at.parse::<usize>().ok());
    let mut world = shared.world();
    let breaks = std::mem::take(&mut world.breaks_upload_session);
    let Some(session) = world.upload_sessions.get_mut(&id) else {
        return wrong(StatusCode::BAD_REQUEST, "Upload session not found");
    };
    if at != Some(session.bytes.len()) {
        return wrong(StatusCode::BAD_REQUEST, "file_offset does not match");
    }
    let taken = if breaks { &body[..body.len() / 2] } else { &body[..] };
    session.bytes.extend_from_slice(taken);
    if session.bytes.len() < session.length {
        return wrong(StatusCode::INTERNAL_SERVER_ERROR, "The upload was interrupted");
    }
    let handle = format!("4::{}:{}", session.mime_type.replace('/', "_"), session.bytes.len());
    let bytes = session.bytes.clone();
    world.files.keep(&handle, "application/octet-stream", bytes);
    let answer: Value = json!({ "h": handle });
    Json(answer).into_response()
}

impl Simulator {
    /// Breaks the next upload of a sample after half of its bytes.
    pub fn break_next_sample(&self) {
        self.shared.world().breaks_upload_session = true;
    }
}
