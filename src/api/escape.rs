//! Escapes JSON responses: invisible characters and terminal control characters are written as JSON escapes, as in
//! the output of the command line. The values do not change.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::text::escape_json;

/// Middleware that escapes JSON responses. Downloaded files pass unchanged, whatever their type.
pub(super) async fn escape_response(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let headers = response.headers();
    let kind = headers.get(header::CONTENT_TYPE).map(axum::http::HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(b"application/json"))
        || headers.contains_key(header::CONTENT_DISPOSITION)
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The response was created in this process, so its size needs no limit.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(json) = std::str::from_utf8(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(escape_json(json)))
}
