//! Transfers files over HTTP: uploads for messages, and downloads of messages' files. Callers read and write their
//! own files; no request contains a path.

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::ids::MessageId;
use crate::domain::message::media::size;
use crate::domain::message::upload::{MAX_UPLOAD_BYTES, Uploaded};
use crate::domain::refusal::Refusal;
use crate::operations::{MediaFile, OperationError, System, media_file, receive_upload};

/// Bytes per chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Header with the name to save a file under, percent-encoded.
pub const FILE_NAME: HeaderName = HeaderName::from_static("x-file-name");

/// The query parameters of an upload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadParams {
    /// The file's name.
    pub name: String,
}

/// Receives a file. Fails before reading it if its announced length exceeds the limit.
pub(super) async fn receive(
    system: &System,
    actor: &Actor,
    (headers, params): (&HeaderMap, &UploadParams),
    body: Body,
) -> Result<Uploaded, OperationError> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_UPLOAD_BYTES) {
        let why = format!("The file is larger than {}.", size(MAX_UPLOAD_BYTES));
        return Err(Refusal::new(Code::TooLarge, why, "Send a smaller file, or a link to it.").into());
    }
    let bytes: BodyDataStream = body.into_data_stream();
    receive_upload(system, actor, &params.name, bytes).await
}

/// Returns a response with the file of a message.
pub(super) async fn respond_with_file(
    system: &System,
    actor: &Actor,
    message: MessageId,
) -> Result<Response, OperationError> {
    let MediaFile { name, mime_type, bytes, file } = media_file(system, actor, message).await?;
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let headers = [
        (header::CONTENT_TYPE, header_safe_type(&mime_type)),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", name.replace('+', "%20"))),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (FILE_NAME, name),
    ];
    // `Content-Length` is announced: no more bytes are sent if the file grows.
    let chunks = stream::unfold(file.take(bytes), |mut file| async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        match file.read(&mut chunk).await {
            Ok(0) => None,
            Ok(count) => {
                chunk.truncate(count);
                Some((Ok::<_, std::io::Error>(chunk), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    Ok((StatusCode::OK, headers, Body::from_stream(chunks)).into_response())
}

/// Returns the media type if it is valid in a header, or else `application/octet-stream`.
fn header_safe_type(mime_type: &str) -> String {
    let is_valid = !mime_type.is_empty() && mime_type.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_valid { mime_type.to_owned() } else { "application/octet-stream".to_owned() }
}
