//! What the simulator tells about its own webhooks: registrations, tests, and the log of deliveries.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::payload::{Person, Saying};
use super::routes::World;

/// A test delivery is a message like any other, with a mark and an id of its own.
pub(super) async fn test(State(shared): State<World>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    let mut world = shared.world();
    let Some(webhook) = world.records.webhooks.iter().find(|one| one["id"] == id.as_str()).cloned() else {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "Webhook not found" }))).into_response();
    };
    let of = webhook["phone_number_id"].as_str().map(str::to_owned);
    let Some(number) = of.map(|of| world.test_number.clone().unwrap_or(of)) else {
        let body = json!({ "phone_number_id": "000000000000000", "project": { "id": "test" }, "test": true });
        world.put_in_post("project.event", body, now);
        drop(world);
        shared.posted.notify_one();
        return Json(json!({ "data": { "success": true } })).into_response();
    };
    world.person_says(
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

/// Newest first.
pub(super) async fn deliveries(State(shared): State<World>) -> Json<Value> {
    let world = shared.world();
    let list: Vec<&Value> = world.delivered.iter().rev().take(100).collect();
    Json(json!({ "data": list, "paging": { "cursors": { "before": null, "after": null } } }))
}
