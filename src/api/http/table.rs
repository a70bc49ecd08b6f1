//! Every endpoint of the HTTP API, in one table.

use super::endpoints::{ENDPOINTS, Endpoint};
use super::number_endpoints::NUMBER_ENDPOINTS;

/// Returns every endpoint: routes, the description and the document about roles are made from them.
pub(super) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().chain(NUMBER_ENDPOINTS)
}
