//! Webhook registration support of providers.

use serde::{Deserialize, Serialize};

/// Which webhooks a provider's API can register, and with which options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookSupport {
    /// None: a person enters the URLs in the provider's own pages.
    #[default]
    None,
    /// One URL per number, without options.
    Address,
    /// One URL per number, and one for all numbers of the account that have no URL of their own.
    AccountAddress,
    /// Any number of webhooks, each with events and options.
    Full,
}

impl WebhookSupport {
    /// Returns `true` if a number has one URL without options: no events, buffering, activation or test deliveries.
    pub const fn is_one_address(self) -> bool {
        matches!(self, Self::Address | Self::AccountAddress)
    }

    /// Returns `true` if a webhook can be registered for more than one number: for the account or the project.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::AccountAddress | Self::Full)
    }
}
