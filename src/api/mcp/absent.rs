//! Replaces the Model Context Protocol in builds without the `mcp` feature: every use is refused with the reason.

use std::path::Path;

use axum::routing::{MethodRouter, any};

use super::super::error;
use super::StandardIoError;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::code::Code;
use crate::operations::System;

pub(super) const REASON: &str = "this build of wadeck has no Model Context Protocol (the `mcp` feature was left out)";

/// Answers every request with 501 and the reason.
pub fn service(_: System) -> MethodRouter {
    any(|| async { error(Code::NotBuiltIn, REASON, "Use a build with the `mcp` feature, or the HTTP API.") })
}

/// Always fails with the reason.
pub async fn on_standard_io(_: &Path, _: bool, _: Option<ScopeChoice>) -> Result<(), StandardIoError> {
    Err(StandardIoError::NotBuiltIn)
}
