//! JSON on its way out: what is not seen in a terminal, or steers one, stands as an escape, as in what the command line
//! prints. The values are the same.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::text::escape_json;

/// Escapes an answer in JSON. A file that somebody takes passes as it is, whatever its type.
pub(super) async fn escaped(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let headers = response.headers();
    let kind = headers.get(header::CONTENT_TYPE).map(axum::http::HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(b"application/json"))
        || headers.contains_key(header::CONTENT_DISPOSITION)
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It was made here, whole: there is no bound that it could break.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(json) = std::str::from_utf8(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(escape_json(json)))
}
