//! The simulator's test deliveries and its log of webhook deliveries.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::payload::{Person, Saying};
use super::shared::SharedState;

/// Sends a test delivery: a message like any other, with a test mark and an id of its own.
pub(super) async fn test(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    let mut world = shared.world();
    let Some(webhook) = world.records.webhooks.iter().find(|one| one["id"] == id.as_str()).cloned() else {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "Webhook not found" }))).into_response();
    };
    let of = webhook["phone_number_id"].as_str().map(str::to_owned);
    let Some(number) = of.map(|of| world.test_number.clone().unwrap_or(of)) else {
        let body = json!({ "phone_number_id": "000000000000000", "project": { "id": "test" }, "test": true });
        world.enqueue("project.event", body, now);
        drop(world);
        shared.posted.notify_one();
        return Json(json!({ "data": { "success": true } })).into_response();
    };
    world.receive_message(
        &number,
        &Person::new("Test Customer", "15550100000"),
        &Saying::Test("Hello! This is a test.".into()),
        now,
        now,
    );
    drop(world);
    shared.posted.notify_one();
    Json(json!({ "data": { "success": true } })).into_response()
}

/// Lists the last 100 deliveries, newest first.
pub(super) async fn deliveries(State(shared): State<SharedState>) -> Json<Value> {
    let world = shared.world();
    let list: Vec<&Value> = world.delivered.iter().rev().take(100).collect();
    Json(json!({ "data": list, "paging": { "cursors": { "before": null, "after": null } } }))
}
