//! What can be picked in this pane.

use crate::domain::ids::ConnectionId;

/// What is picked from about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum NumberFinder {
    /// What the provider has.
    List,
    Webhooks(ConnectionId),
    /// What can be done with the webhook that was picked.
    WebhookActions(ConnectionId),
}
