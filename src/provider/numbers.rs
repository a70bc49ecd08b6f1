//! What a provider offers about numbers: whose they are, how they are set up, how they fare.

use futures::future::BoxFuture;
use serde_json::Value;

use super::ProviderError;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::health::Health;
use crate::domain::numbers::number::{Number, Profile};
use crate::domain::numbers::registration::{Registration, WebhookDraft, WebhookScope};
use crate::domain::numbers::setup::{LinkState, SetupLink, SetupOptions};

/// An answer that takes a while.
pub type ProviderFuture<'a, T> = BoxFuture<'a, Result<T, ProviderError>>;

/// With which key something is asked, and on whose behalf.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// What the key is for, in messages.
    pub label: &'a str,
    /// The environment variable that holds the key, where it is not the usual one.
    pub api_key_env: Option<&'a str>,
    /// The number that it is about, where it is about one that is connected.
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

/// Customers, setup links and numbers.
pub trait Numbers: Send + Sync {
    /// The customer with this name of ours, made if there is none: asked twice, there is one.
    fn customer<'a>(&'a self, access: Access<'a>, name: &'a str, external_id: &'a str) -> ProviderFuture<'a, String>;

    /// A new link. It revokes the one before.
    fn link<'a>(
        &'a self,
        access: Access<'a>,
        customer: &'a str,
        options: &'a SetupOptions,
    ) -> ProviderFuture<'a, SetupLink>;

    fn link_state<'a>(
        &'a self,
        access: Access<'a>,
        customer: &'a str,
        link: &'a str,
    ) -> ProviderFuture<'a, Option<LinkState>>;

    fn revoke_link<'a>(&'a self, access: Access<'a>, customer: &'a str, link: &'a str) -> ProviderFuture<'a, ()>;

    /// Every number that the key reaches, or those of one customer; the newest first.
    fn list<'a>(&'a self, access: Access<'a>, customer: Option<&'a str>) -> ProviderFuture<'a, Vec<Number>>;

    fn number<'a>(&'a self, access: Access<'a>, phone_number_id: &'a str) -> ProviderFuture<'a, Number>;

    fn health<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Health>;

    /// Gives the number back. The customer stays.
    fn disconnect<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, ()>;
}

/// What contacts see of a number.
pub trait Profiles: Send + Sync {
    fn profile<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Profile>;

    fn save_profile<'a>(&'a self, connection: &'a Connection, profile: &'a Profile) -> ProviderFuture<'a, ()>;
}

/// Webhooks as they are on file there. Where a number has one address
/// ([`WebhookSupport::is_one_address`](crate::domain::numbers::webhook_support::WebhookSupport::is_one_address)),
/// creating and updating read it back and fail where the provider says something else.
pub trait Webhooks: Send + Sync {
    /// The path below our public address that deliveries of this scope come to.
    fn path(&self, scope: &WebhookScope) -> &'static str;

    /// The path for statuses, where they go to an address of their own.
    fn status_path(&self) -> Option<&'static str> {
        None
    }

    /// Those of a number, or of the project with all its numbers.
    fn list<'a>(&'a self, access: Access<'a>, number: Option<&'a str>) -> ProviderFuture<'a, Vec<Registration>>;

    fn create<'a>(
        &'a self,
        access: Access<'a>,
        scope: &'a WebhookScope,
        draft: &'a WebhookDraft,
    ) -> ProviderFuture<'a, String>;

    fn update<'a>(&'a self, access: Access<'a>, id: &'a str, draft: &'a WebhookDraft) -> ProviderFuture<'a, ()>;

    fn delete<'a>(&'a self, access: Access<'a>, id: &'a str) -> ProviderFuture<'a, ()>;

    /// Asks for a test delivery of an event, or of any. Fails where the provider sends none.
    fn test<'a>(&'a self, access: Access<'a>, id: &'a str, event: Option<&'a str>) -> ProviderFuture<'a, ()>;
}

/// A request that no command is made for.
#[derive(Debug, Clone, PartialEq)]
pub struct RawApiRequest {
    pub method: String,
    /// Below the provider's address, with its query.
    pub path: String,
    pub body: Option<Value>,
}

/// An answer as it came: its status and its body, secrets masked.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeAnswer {
    pub status: u16,
    pub body: Value,
}
