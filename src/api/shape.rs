//! Converts errors of the router itself (no such route, wrong method, unreadable body) to the JSON shape of all other
//! errors.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error;
use super::http::BASE;
use crate::domain::code::Code;

/// Middleware that converts errors of the HTTP API that are not JSON.
pub(super) async fn unify_api_errors(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with(BASE);
    let response = next.run(request).await;
    if api { unify_error(response) } else { response }
}

/// Middleware that converts errors of the socket that are not JSON.
pub(super) async fn unify_socket_errors(request: Request, next: Next) -> Response {
    unify_error(next.run(request).await)
}

/// Converts an error response; its other headers, such as `Allow`, are kept.
fn unify_error(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(axum::http::HeaderValue::as_bytes);
    let is_json = kind.is_some_and(|kind| kind.starts_with(b"application/json"));
    if is_json || !(status.is_client_error() || status.is_server_error()) {
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
    let mut unified = error(code, reason, remedy);
    *unified.status_mut() = status;
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            unified.headers_mut().insert(name, value.clone());
        }
    }
    unified
}
