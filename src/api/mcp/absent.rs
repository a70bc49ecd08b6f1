//! What stands in a build without the `mcp` feature: a refusal that says so.

use std::path::Path;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any};

use super::super::ErrorBody;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::operations::System;

const WHY: &str = "this build of wadeck has no Model Context Protocol (the `mcp` feature was left out)";

/// Answers every request with 501 and the reason.
pub fn service(_: System) -> MethodRouter {
    any(|| async {
        let why = ErrorBody::new("not_built_in", WHY, "Use a build with the `mcp` feature, or the HTTP API.").json();
        (StatusCode::NOT_IMPLEMENTED, Json(why)).into_response()
    })
}

/// Fails at once with the reason.
pub async fn on_standard_io(_: &Path, _: bool, _: Option<ScopeChoice>) -> Result<(), String> {
    Err(WHY.to_owned())
}
