//! What webhooks a provider's API registers.

use serde::{Deserialize, Serialize};

/// What webhooks a provider's API registers, and with which choices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookSupport {
    /// None: addresses are pasted into the provider's own pages.
    #[default]
    None,
    /// One address for a number, without choices.
    Address,
    /// One address for a number, and one for all numbers of its account that have none of their own.
    AccountAddress,
    /// Any number of webhooks, each with its events and options.
    Full,
}

impl WebhookSupport {
    /// A number has one address and nothing to choose: no events, no buffering, no switch, no test deliveries.
    pub const fn is_one_address(self) -> bool {
        matches!(self, Self::Address | Self::AccountAddress)
    }

    /// Something can be registered for more than one number: the account, or the project.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::AccountAddress | Self::Full)
    }
}
