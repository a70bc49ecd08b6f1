//! What a provider offers for making templates. Nothing here is a draft: what is made is submitted.

use serde_json::Value;

use super::numbers::ProviderFuture;
use crate::domain::numbers::connection::Connection;

pub trait Templates: Send + Sync {
    /// Submits a new one: its id, and the status that it has at once.
    fn create<'a>(&'a self, connection: &'a Connection, template: &'a Value) -> ProviderFuture<'a, (String, String)>;

    /// Replaces everything of one but its name and language.
    fn update<'a>(&'a self, connection: &'a Connection, id: &'a str, template: &'a Value) -> ProviderFuture<'a, ()>;

    /// One by its id, or without it every language of the name.
    fn delete<'a>(&'a self, connection: &'a Connection, name: &'a str, id: Option<&'a str>) -> ProviderFuture<'a, ()>;

    /// A template as it can be edited: what the provider adds of its own is left out.
    fn text<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Value>>;

    /// Has a sample for a header fetched from a public address; gives the handle that stands for it.
    fn sample<'a>(&'a self, connection: &'a Connection, source: &'a str) -> ProviderFuture<'a, String>;
}
