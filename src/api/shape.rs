//! Errors that the router itself gives (no such route, another method, a body that is no body) in the shape of all
//! others.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error;
use super::http::BASE;
use crate::domain::code::Code;

/// Gives the errors of the HTTP API that are not JSON the shape of all others.
pub(super) async fn shaped_api(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with(BASE);
    let response = next.run(request).await;
    if api { shaped(response) } else { response }
}

/// Gives the errors of the socket that are not JSON the shape of all others.
pub(super) async fn shaped_socket(request: Request, next: Next) -> Response {
    shaped(next.run(request).await)
}

/// Headers such as `Allow` stay.
fn shaped(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(axum::http::HeaderValue::as_bytes);
    let told = kind.is_some_and(|kind| kind.starts_with(b"application/json"));
    if told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let described = "GET /api/v1/openapi.json describes all routes.";
    let (code, reason, remedy) = match status {
        StatusCode::NOT_FOUND => (Code::NotFound, "There is no such route.", described),
        StatusCode::METHOD_NOT_ALLOWED => (Code::Method, "This route does not support this method.", ""),
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLong, "The request is too long.", ""),
        status if status.is_client_error() => (Code::Request, "The request cannot be read.", described),
        _ => (Code::Failed, "The engine failed.", ""),
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
