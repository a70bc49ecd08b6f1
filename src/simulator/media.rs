//! Files at the simulator: uploaded, resolved to an address that lives for four minutes, fetched.

use std::collections::HashMap;

use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::payload::Saying;
use super::routes::World;

/// Milliseconds that an address lives.
const ADDRESS_LIVES: i64 = 240_000;

/// What a request for a file meets instead of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaFault {
    /// The address is over before it was used.
    Expired,
    /// Other bytes come than were announced.
    Changed,
    /// The file is not there any more.
    Gone,
    /// The address leads to somebody else's host.
    Elsewhere,
    /// The line breaks off in the middle.
    CutOff,
    /// It is announced with 0 bytes, and none come.
    Empty,
}

/// What an upload meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadFault {
    Unwell,
    Refused,
}

#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    pub mime_type: String,
    pub bytes: Vec<u8>,
    pub number: Option<String>,
    pub name: Option<String>,
}

/// Files by id, and addresses that were given out.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub stored: HashMap<String, StoredFile>,
    pub fault: Vec<MediaFault>,
    pub upload_fault: Vec<UploadFault>,
    pub uploads: usize,
    tokens: HashMap<String, (String, i64)>,
    cut: Vec<String>,
    empty: Vec<String>,
    count: u64,
}

impl Files {
    pub fn keep(&mut self, id: &str, mime_type: &str, bytes: Vec<u8>) {
        let file = StoredFile { mime_type: mime_type.to_owned(), bytes, number: None, name: None };
        self.stored.insert(id.to_owned(), file);
    }

    /// In base64, as webhooks spell it.
    pub fn hash(&self, id: &str) -> Option<String> {
        let file = self.stored.get(id)?;
        Some(base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&file.bytes)))
    }
}

/// Bytes that are what they are called, for whatever somebody sends.
pub(super) fn made(saying: &Saying, seed: u32) -> Option<(&'static str, Vec<u8>)> {
    match saying {
        Saying::Image { .. } => Some(("image/png", picture(seed))),
        Saying::Sticker => Some(("image/webp", sticker(seed))),
        Saying::Voice { .. } => {
            let mut bytes = b"OggS\0\x02".to_vec();
            bytes.extend_from_slice(&[0; 22]);
            bytes.extend_from_slice(b"OpusHead\x01\x01");
            bytes.resize(4_000, 7);
            Some(("audio/ogg; codecs=opus", bytes))
        }
        Saying::Document { .. } => {
            Some(("application/pdf", b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n".to_vec()))
        }
        _ => None,
    }
}

/// A tooth on a ground of one of four colours, so that there is something to see. Drawn by
/// `cargo run --example demo_pictures`.
fn picture(seed: u32) -> Vec<u8> {
    let files: [&[u8]; 4] = [
        include_bytes!("pictures/tooth-0.png"),
        include_bytes!("pictures/tooth-1.png"),
        include_bytes!("pictures/tooth-2.png"),
        include_bytes!("pictures/tooth-3.png"),
    ];
    files[(seed % 4) as usize].to_vec()
}

/// The same as a sticker of 512 x 512 pixels.
fn sticker(seed: u32) -> Vec<u8> {
    let files: [&[u8]; 4] = [
        include_bytes!("pictures/tooth-0.webp"),
        include_bytes!("pictures/tooth-1.webp"),
        include_bytes!("pictures/tooth-2.webp"),
        include_bytes!("pictures/tooth-3.webp"),
    ];
    files[(seed % 4) as usize].to_vec()
}

fn graph(status: StatusCode, message: &str) -> Response {
    let body = json!({ "error": { "message": format!("(#100) {message}"), "type": "OAuthException", "code": 100 } });
    (status, Json(body)).into_response()
}

/// `POST /{phone_number_id}/media`: the type of the file's own part decides.
pub(super) async fn upload(
    State(shared): State<World>,
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
    let Some(most) = most(&kind) else {
        let types = "Param file must be a file with one of the following types: audio/aac, image/jpeg, application/pdf";
        return graph(StatusCode::BAD_REQUEST, types);
    };
    if bytes.is_empty() || bytes.len() > most {
        return graph(StatusCode::BAD_REQUEST, "Param file has a size that is not allowed");
    }
    world.files.count += 1;
    let id = format!("10375432915{:05}", world.files.count);
    let file = StoredFile { mime_type: kind, bytes: bytes.to_vec(), number: Some(number), name };
    world.files.stored.insert(id.clone(), file);
    Json(json!({ "id": id })).into_response()
}

fn most(kind: &str) -> Option<usize> {
    const MEGA: usize = 1024 * 1024;
    match kind.split(';').next().unwrap_or_default() {
        "image/jpeg" | "image/png" => Some(5 * MEGA),
        "image/webp" => Some(MEGA / 2),
        "video/mp4" | "video/3gpp" | "audio/aac" | "audio/mp4" | "audio/mpeg" | "audio/amr" | "audio/ogg" => {
            Some(16 * MEGA)
        }
        "text/plain" | "application/pdf" | "application/msword" => Some(100 * MEGA),
        other if other.starts_with("application/vnd.") => Some(100 * MEGA),
        _ => None,
    }
}

#[derive(Deserialize)]
pub(super) struct Owner {
    phone_number_id: Option<String>,
}

/// `GET /{media_id}`.
pub(super) async fn resolve(
    State(shared): State<World>,
    Path((_, id)): Path<(String, String)>,
    owner: Query<Owner>,
    headers: axum::http::HeaderMap,
) -> Response {
    resolved(&shared, &id, &owner, &headers, None)
}

/// The file's address: the mirror gives one of its own beside the platform's, the platform its own alone.
pub(super) fn resolved(
    shared: &World,
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
    let announced = match fault {
        Some(MediaFault::Changed) => b"something else".to_vec(),
        Some(MediaFault::Empty) => vec![],
        _ => file.bytes.clone(),
    };
    let size = if fault == Some(MediaFault::Empty) { 0 } else { file.bytes.len() };
    let mut told: Value = json!({
        "messaging_product": "whatsapp", "id": id, "mime_type": file.mime_type.split(';').next(),
        "sha256": hex::encode(Sha256::digest(&announced)), "file_size": size.to_string(),
        "url": format!("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={id}"),
    });
    world.files.count += 1;
    let token = format!("t{}", world.files.count);
    let until = if fault == Some(MediaFault::Expired) { now - 1 } else { now + ADDRESS_LIVES };
    let place = own.map(|own| format!("{own}?token={token}"));
    let field = if place.is_some() { "url" } else { "download_url" };
    told[field] = match fault {
        Some(MediaFault::Elsewhere) => "https://files.example.net/a".into(),
        _ => place.unwrap_or_else(|| format!("http://{host}/meta/whatsapp/media_download?token={token}")).into(),
    };
    told["download_url_expires_at"] = super::payload::iso(until).into();
    if fault == Some(MediaFault::CutOff) {
        world.files.cut.push(token.clone());
    }
    if fault == Some(MediaFault::Empty) {
        world.files.empty.push(token.clone());
    }
    world.files.tokens.insert(token, (id.to_owned(), until));
    Json(told).into_response()
}

#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
}

pub(super) async fn download(State(shared): State<World>, Query(token): Query<Token>) -> Response {
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
