//! Bytes of files, in both directions: handed over for messages to carry, and given to whoever saves a message's file.
//! Whoever asks opens and writes their own files; no request names a path.

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

/// A piece of a file on its way.
const PIECE: usize = 64 * 1024;
/// The name that a file should be saved under, percent-encoded.
pub const FILE_NAME: HeaderName = HeaderName::from_static("x-file-name");

/// What is behind the question mark of an upload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadParams {
    /// What the file is called.
    pub name: String,
}

/// Takes a file, unless its announced length is too much already.
pub(super) async fn take(
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

/// Gives the file of a message.
pub(super) async fn give(system: &System, actor: &Actor, message: MessageId) -> Result<Response, OperationError> {
    let MediaFile { name, mime_type, bytes, file } = media_file(system, actor, message).await?;
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let headers = [
        (header::CONTENT_TYPE, one_line(&mime_type)),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", name.replace('+', "%20"))),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (FILE_NAME, name),
    ];
    // Not a byte more than was announced, should the file grow.
    let pieces = stream::unfold(file.take(bytes), |mut file| async move {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(count) => {
                piece.truncate(count);
                Some((Ok::<_, std::io::Error>(piece), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    Ok((StatusCode::OK, headers, Body::from_stream(pieces)).into_response())
}

/// A type as a provider told it, where it can stand in a header; else the type of unknown bytes.
fn one_line(mime_type: &str) -> String {
    let fits = !mime_type.is_empty() && mime_type.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if fits { mime_type.to_owned() } else { "application/octet-stream".to_owned() }
}
