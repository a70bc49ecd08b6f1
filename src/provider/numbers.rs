//! The APIs of a provider for numbers, profiles and webhooks, and for requests that have no method here.

use futures::future::BoxFuture;
use serde_json::Value;

use super::ProviderError;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::health::Health;
use crate::domain::numbers::number::{Number, Profile};
use crate::domain::numbers::registration::{Registration, WebhookDraft, WebhookScope};
use crate::domain::numbers::setup::{LinkState, SetupLink, SetupOptions};

/// A request to the provider in progress.
pub type ProviderFuture<'a, T> = BoxFuture<'a, Result<T, ProviderError>>;

/// The API key of a request, and the connection that it concerns.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The name of the key's owner, for error texts.
    pub label: &'a str,
    /// The environment variable that holds the key. `None` for the provider's default variable.
    pub api_key_env: Option<&'a str>,
    /// The connection that the request concerns. `None` where it concerns none.
    pub connection: Option<&'a Connection>,
}

impl<'a> From<&'a Connection> for Access<'a> {
    fn from(connection: &'a Connection) -> Self {
        Self {
            label: &connection.name,
            api_key_env: connection.settings.api_key_env.as_deref(),
            connection: Some(connection),
        }
    }
}

/// Onboards, lists and disconnects numbers.
pub trait Numbers: Send + Sync {
    /// Returns the id of the customer with this external id, and creates it if there is none. Repeating it creates no
    /// second one.
    fn customer<'a>(&'a self, access: Access<'a>, name: &'a str, external_id: &'a str) -> ProviderFuture<'a, String>;

    /// Creates a setup link. The previous one is revoked.
    fn link<'a>(
        &'a self,
        access: Access<'a>,
        customer: &'a str,
        options: &'a SetupOptions,
    ) -> ProviderFuture<'a, SetupLink>;

    /// Returns the state of a setup link. `None` where the provider does not know the link.
    fn link_state<'a>(
        &'a self,
        access: Access<'a>,
        customer: &'a str,
        link: &'a str,
    ) -> ProviderFuture<'a, Option<LinkState>>;

    fn revoke_link<'a>(&'a self, access: Access<'a>, customer: &'a str, link: &'a str) -> ProviderFuture<'a, ()>;

    /// Lists the numbers that the key reaches, or those of one customer, newest first.
    fn list<'a>(&'a self, access: Access<'a>, customer: Option<&'a str>) -> ProviderFuture<'a, Vec<Number>>;

    /// Returns one number. Fails where the key does not reach it.
    fn number<'a>(&'a self, access: Access<'a>, phone_number_id: &'a str) -> ProviderFuture<'a, Number>;

    fn health<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Health>;

    /// Disconnects the number from the account. The customer stays.
    fn disconnect<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, ()>;
}

/// Reads and changes the business profile that contacts see.
pub trait Profiles: Send + Sync {
    fn profile<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Profile>;

    fn save_profile<'a>(&'a self, connection: &'a Connection, profile: &'a Profile) -> ProviderFuture<'a, ()>;
}

/// Manages webhook registrations. Where a number has one address
/// ([`WebhookSupport::is_one_address`](crate::domain::numbers::webhook_support::WebhookSupport::is_one_address)),
/// creating and updating read the registration back and fail where the provider stored another URL.
pub trait Webhooks: Send + Sync {
    /// Returns the path below our public URL that receives deliveries of this scope.
    fn path(&self, scope: &WebhookScope) -> &'static str;

    /// Returns the path that receives statuses. `None` where they use the path of messages.
    fn status_path(&self) -> Option<&'static str> {
        None
    }

    /// Lists the webhooks of a number, or without one those of the project and all its numbers.
    fn list<'a>(&'a self, access: Access<'a>, number: Option<&'a str>) -> ProviderFuture<'a, Vec<Registration>>;

    /// Registers a webhook. Returns its id.
    fn create<'a>(
        &'a self,
        access: Access<'a>,
        scope: &'a WebhookScope,
        draft: &'a WebhookDraft,
    ) -> ProviderFuture<'a, String>;

    fn update<'a>(&'a self, access: Access<'a>, id: &'a str, draft: &'a WebhookDraft) -> ProviderFuture<'a, ()>;

    fn delete<'a>(&'a self, access: Access<'a>, id: &'a str) -> ProviderFuture<'a, ()>;

    /// Requests a test delivery of an event, or without one of any event. Fails where the provider sends no tests.
    fn test<'a>(&'a self, access: Access<'a>, id: &'a str, event: Option<&'a str>) -> ProviderFuture<'a, ()>;
}

/// An API request that has no method of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct RawApiRequest {
    pub method: String,
    /// The path below the base URL, with its query.
    pub path: String,
    pub body: Option<Value>,
}

/// The response to a raw API request, with secrets masked.
#[derive(Debug, Clone, PartialEq)]
pub struct RawApiResponse {
    pub status: u16,
    pub body: Value,
}
