//! Media files: uploaded, resolved to a URL that is valid for four minutes, and downloaded.

use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::faults::{MediaFault, UploadFault};
use super::files::StoredFile;
use super::shared::SharedState;

/// Milliseconds that a media URL is valid.
const URL_LIFETIME_MS: i64 = 240_000;

fn graph(status: StatusCode, message: &str) -> Response {
    let body = json!({ "error": { "message": format!("(#100) {message}"), "type": "OAuthException", "code": 100 } });
    (status, Json(body)).into_response()
}

/// Stores an upload, `POST /{phone_number_id}/media`. The MIME type of the file part counts.
pub(super) async fn upload(
    State(shared): State<SharedState>,
    Path((_, number)): Path<(String, String)>,
    mut form: Multipart,
) -> Response {
    let mut found = None;
    let mut product = false;
    while let Ok(Some(part)) = form.next_field().await {
        match part.name() {
            Some("messaging_product") => product = part.text().await.is_ok_and(|text| text == "whatsapp"),
            Some("file") => {
                let (kind, name) = (part.content_type().map(str::to_owned), part.file_name().map(str::to_owned));
                found = part.bytes().await.ok().map(|bytes| (kind.unwrap_or_default(), name, bytes));
            }
            _ => {}
        }
    }
    let mut world = shared.world();
    world.files.uploads += 1;
    match world.files.upload_fault.pop() {
        Some(UploadFault::Unwell) => {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "Service unavailable" }))).into_response();
        }
        Some(UploadFault::Refused) => return graph(StatusCode::BAD_REQUEST, "Media upload error"),
        None => {}
    }
    let Some((kind, name, bytes)) = found.filter(|_| product) else {
        return graph(StatusCode::BAD_REQUEST, "Param file must be a file");
    };
    let Some(limit) = max_bytes(&kind) else {
        let types = "Param file must be a file with one of the following types: audio/aac, image/jpeg, application/pdf";
        return graph(StatusCode::BAD_REQUEST, types);
    };
    if bytes.is_empty() || bytes.len() > limit {
        return graph(StatusCode::BAD_REQUEST, "Param file has a size that is not allowed");
    }
    world.files.count += 1;
    let id = format!("10375432915{:05}", world.files.count);
    let file = StoredFile { mime_type: kind, bytes: bytes.to_vec(), number: Some(number), name };
    world.files.stored.insert(id.clone(), file);
    Json(json!({ "id": id })).into_response()
}

fn max_bytes(kind: &str) -> Option<usize> {
    const MEBIBYTE: usize = 1024 * 1024;
    match kind.split(';').next().unwrap_or_default() {
        "image/jpeg" | "image/png" => Some(5 * MEBIBYTE),
        "image/webp" => Some(MEBIBYTE / 2),
        "video/mp4" | "video/3gpp" | "audio/aac" | "audio/mp4" | "audio/mpeg" | "audio/amr" | "audio/ogg" => {
            Some(16 * MEBIBYTE)
        }
        "text/plain" | "application/pdf" | "application/msword" => Some(100 * MEBIBYTE),
        other if other.starts_with("application/vnd.") => Some(100 * MEBIBYTE),
        _ => None,
    }
}

#[derive(Deserialize)]
pub(super) struct Owner {
    phone_number_id: Option<String>,
}

/// Returns a file's metadata and URL, `GET /{media_id}`.
pub(super) async fn resolve(
    State(shared): State<SharedState>,
    Path((_, id)): Path<(String, String)>,
    owner: Query<Owner>,
    headers: axum::http::HeaderMap,
) -> Response {
    file_metadata(&shared, &id, &owner, &headers, None)
}

/// Returns a file's metadata. The mirror adds a URL of its own; the Graph API has only its own.
pub(super) fn file_metadata(
    shared: &SharedState,
    id: &str,
    owner: &Owner,
    headers: &axum::http::HeaderMap,
    own: Option<&str>,
) -> Response {
    let now = shared.now();
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    let mut world = shared.world();
    let fault = world.files.fault.pop();
    let known = world.files.stored.get(id).filter(|file| {
        file.number.is_none() || owner.phone_number_id.is_none() || file.number == owner.phone_number_id
    });
    let Some(file) = known.filter(|_| fault != Some(MediaFault::Gone)) else {
        return graph(StatusCode::BAD_REQUEST, "Unsupported get request. Object does not exist");
    };
    let hashed_bytes = match fault {
        Some(MediaFault::Changed) => b"something else".to_vec(),
        Some(MediaFault::Empty) => vec![],
        _ => file.bytes.clone(),
    };
    let size = if fault == Some(MediaFault::Empty) { 0 } else { file.bytes.len() };
    let mut metadata: Value = json!({
        "messaging_product": "whatsapp", "id": id, "mime_type": file.mime_type.split(';').next(),
        "sha256": hex::encode(Sha256::digest(&hashed_bytes)), "file_size": size.to_string(),
        "url": format!("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={id}"),
    });
    world.files.count += 1;
    let token = format!("t{}", world.files.count);
    let until = if fault == Some(MediaFault::Expired) { now - 1 } else { now + URL_LIFETIME_MS };
    let place = own.map(|own| format!("{own}?token={token}"));
    let field = if place.is_some() { "url" } else { "download_url" };
    metadata[field] = match fault {
        Some(MediaFault::Elsewhere) => "https://files.example.net/a".into(),
        _ => place.unwrap_or_else(|| format!("http://{host}/meta/whatsapp/media_download?token={token}")).into(),
    };
    if fault == Some(MediaFault::Forbidden) {
        metadata["url"] = metadata[field].clone();
        metadata[field] = format!("http://{host}/meta/whatsapp/media_download?token=forbidden").into();
    }
    metadata["download_url_expires_at"] = super::payload::iso(until).into();
    if fault == Some(MediaFault::CutOff) {
        world.files.cut.push(token.clone());
    }
    if fault == Some(MediaFault::Empty) {
        world.files.empty.push(token.clone());
    }
    world.files.tokens.insert(token, (id.to_owned(), until));
    Json(metadata).into_response()
}

#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
}

pub(super) async fn download(State(shared): State<SharedState>, Query(token): Query<Token>) -> Response {
    if token.token == "forbidden" {
        return (StatusCode::FORBIDDEN, Json(json!({ "error": "Forbidden" }))).into_response();
    }
    let now = shared.now();
    let world = shared.world();
    let file = world.files.tokens.get(&token.token).filter(|(_, until)| now <= *until);
    match file.and_then(|(id, _)| world.files.stored.get(id)) {
        Some(file) if world.files.cut.contains(&token.token) => {
            let half = axum::body::Bytes::copy_from_slice(&file.bytes[..file.bytes.len() / 2]);
            let parts = vec![Ok(half), Err(std::io::Error::other("cut off"))];
            Body::from_stream(futures::stream::iter(parts)).into_response()
        }
        Some(file) => {
            let bytes = if world.files.empty.contains(&token.token) { vec![] } else { file.bytes.clone() };
            ([("content-type", file.mime_type.clone())], Body::from(bytes)).into_response()
        }
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "Media URL expired" }))).into_response(),
    }
}
