//! Responses that several endpoints share: pages, errors, and broken connections.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::SendFault;

pub(super) fn not_found(what: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "error": format!("{what} not found") }))).into_response()
}

pub(super) fn invalid(what: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": what }))).into_response()
}

#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(rename = "page")]
    pub(super) number: Option<usize>,
    #[serde(rename = "per_page")]
    pub(super) size: Option<usize>,
    pub(super) customer_id: Option<String>,
}

/// Returns a page of a list, newest first.
pub(super) fn paged(mut list: Vec<Value>, page: &Page) -> Response {
    list.reverse();
    let size = page.size.unwrap_or(20).clamp(1, 100);
    let (at, count) = (page.number.unwrap_or(1).max(1), list.len());
    let items: Vec<Value> = list.into_iter().skip((at - 1) * size).take(size).collect();
    Json(json!({ "data": items,
        "meta": { "page": at, "per_page": size, "total_pages": count.div_ceil(size), "total_count": count } }))
    .into_response()
}

/// Waits if the fault is a slow response.
pub(super) async fn apply_delay(fault: Option<SendFault>) -> Option<SendFault> {
    if let Some(SendFault::Slow(time)) = &fault {
        tokio::time::sleep(*time).await;
    }
    fault
}

/// Returns the rejection of a fault.
pub(super) fn refusal(status: u16, body: Value, retry_after: Option<u32>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, Json(body)).into_response();
    if let Some(value) = retry_after.and_then(|seconds| seconds.to_string().parse().ok()) {
        response.headers_mut().insert("retry-after", value);
    }
    response
}

/// Returns a response whose connection ends before it is complete.
pub(super) async fn broken_response() -> Response {
    tokio::time::sleep(Duration::from_millis(5)).await;
    let broken = futures::stream::once(async { Err::<axum::body::Bytes, _>(std::io::Error::other("cut off")) });
    axum::body::Body::from_stream(broken).into_response()
}
