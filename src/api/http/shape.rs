//! Errors that the router itself gives (no such route, another method, a body that is no body) in the shape of all
//! others.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::super::error;
use super::BASE;
use crate::domain::code::Code;

/// Gives an error that is not told in JSON the shape of every other one. Headers such as `Allow` stay.
pub(super) async fn shaped(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with(BASE);
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(axum::http::HeaderValue::as_bytes);
    let told = kind.is_some_and(|kind| kind.starts_with(b"application/json"));
    if !api || told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, reason, remedy) = match status {
        StatusCode::NOT_FOUND => {
            (Code::NotFound, "There is no such route.", "GET /api/v1/openapi.json describes those that there are.")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            (Code::Method, "This route does not take this method.", "The header Allow says which it takes.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLong, "The request is too long.", "Send less at once."),
        status if status.is_client_error() => {
            (Code::Request, "The request cannot be read.", "GET /api/v1/openapi.json describes it.")
        }
        _ => (Code::Failed, "Something broke.", Code::Failed.remedy()),
    };
    let mut shaped = error(code, reason, remedy);
    *shaped.status_mut() = status;
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            shaped.headers_mut().insert(name, value.clone());
        }
    }
    shaped
}
