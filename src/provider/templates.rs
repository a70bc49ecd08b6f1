//! The template API of a provider. Creating or updating a template submits it for approval; there are no drafts.

use serde_json::Value;

use super::numbers::ProviderFuture;
use crate::domain::numbers::connection::Connection;
use crate::domain::templates::template::Template;

/// Reads a template as it is submitted. `None` without a name.
pub fn read_submitted(template: &Value) -> Option<Template> {
    super::cloud_api::template::template(template)
}

/// Creates, edits and deletes templates.
pub trait Templates: Send + Sync {
    /// Submits a new template. Returns its id and its approval status.
    fn create<'a>(&'a self, connection: &'a Connection, template: &'a Value) -> ProviderFuture<'a, (String, String)>;

    /// Replaces the content of a template. Name and language stay.
    fn update<'a>(&'a self, connection: &'a Connection, id: &'a str, template: &'a Value) -> ProviderFuture<'a, ()>;

    /// Deletes one template by its id, or without an id all languages of the name.
    fn delete<'a>(&'a self, connection: &'a Connection, name: &'a str, id: Option<&'a str>) -> ProviderFuture<'a, ()>;

    /// Returns the editable text of a template, without fields that the provider adds. `None` where it does not
    /// exist.
    fn text<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Value>>;

    /// Submits a public URL as the sample of a header. Returns the handle of the sample.
    fn sample<'a>(&'a self, connection: &'a Connection, source: &'a str) -> ProviderFuture<'a, String>;
}
