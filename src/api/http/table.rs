//! All endpoints of the HTTP API in one list.

use std::sync::LazyLock;

use super::endpoints::{ENDPOINTS, Endpoint};
use super::number_endpoints::NUMBER_ENDPOINTS;
use crate::domain::operation::OPERATIONS;

/// Endpoints that are generated from the table of operations.
static OPERATION_ENDPOINTS: LazyLock<Vec<Endpoint>> =
    LazyLock::new(|| OPERATIONS.iter().filter_map(|operation| Endpoint::of(operation)).collect());

/// Returns all endpoints, from which routes, the OpenAPI description and `docs/roles.md` are generated.
pub(super) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().chain(NUMBER_ENDPOINTS).chain(OPERATION_ENDPOINTS.iter())
}
