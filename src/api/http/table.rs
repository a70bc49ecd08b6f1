//! Every endpoint of the HTTP API, in one table.

use std::sync::LazyLock;

use super::endpoints::{ENDPOINTS, Endpoint};
use super::number_endpoints::NUMBER_ENDPOINTS;
use crate::domain::operation::OPERATIONS;

/// The endpoints that are made from the table of operations.
static OPERATION_ENDPOINTS: LazyLock<Vec<Endpoint>> =
    LazyLock::new(|| OPERATIONS.iter().filter_map(|operation| Endpoint::of(operation)).collect());

/// Returns every endpoint: routes, the description and the document about roles are made from them.
pub(super) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().chain(NUMBER_ENDPOINTS).chain(OPERATION_ENDPOINTS.iter())
}
