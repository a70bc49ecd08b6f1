//! The template list of the mirror and of the Graph API.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::super::shared::SharedState;
use super::super::templates;

#[derive(Deserialize)]
pub(in super::super) struct PageQuery {
    after: Option<String>,
    limit: Option<usize>,
}

pub(in super::super) async fn list_templates(
    State(shared): State<SharedState>,
    Path((_, account)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Response {
    let world = shared.world();
    if !world.numbers.iter().any(|number| number.business_account_id == account) {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "WhatsApp configuration not found" }))).into_response();
    }
    let from: usize = query.after.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let own = templates::of_account(&world.templates, &account);
    let until = (from + query.limit.unwrap_or(25).min(100)).min(own.len());
    let page = own.get(from..until).unwrap_or_default();
    let after = (until < own.len()).then(|| until.to_string());
    Json(json!({ "data": page, "paging": { "cursors": { "before": null, "after": after } } })).into_response()
}
