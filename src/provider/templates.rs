//! The template API of a provider. Creating or updating a template submits it for approval; there are no drafts.

use serde_json::Value;

use super::numbers::ProviderFuture;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::domain::templates::template::Template;

/// Reads a template as it is submitted. `None` without a name.
pub fn read_submitted(template: &Value) -> Option<Template> {
    super::cloud_api::template::template(template)
}

/// A file that becomes the sample of a header.
#[derive(Clone, Copy)]
pub struct SampleFile<'a> {
    pub bytes: &'a [u8],
    pub name: &'a str,
    pub mime_type: &'a str,
}

impl std::fmt::Debug for SampleFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SampleFile")
            .field("name", &self.name)
            .field("mime_type", &self.mime_type)
            .finish_non_exhaustive()
    }
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

    /// Returns `true` if samples are uploaded as bytes, and `false` if the provider fetches them from a URL.
    fn takes_sample_bytes(&self) -> bool {
        false
    }

    /// Uploads a file as the sample of a header. Returns the handle of the sample.
    fn upload_sample<'a>(&'a self, _: &'a Connection, _: SampleFile<'a>) -> ProviderFuture<'a, String> {
        Box::pin(async {
            let explanation = "This provider fetches samples from a URL.";
            Err(Failure::own(FailureClass::Request, "Not offered", explanation, "Give the URL of the sample.").into())
        })
    }

    /// Submits a public URL as the sample of a header. Returns the handle of the sample.
    fn sample<'a>(&'a self, connection: &'a Connection, source: &'a str) -> ProviderFuture<'a, String>;
}
