//! A template as its recipient will see it, with the places that are still to be filled in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::ids::ConnectionId;
use crate::domain::lint::Finding;
use crate::domain::templates::template::Template;
use crate::domain::text::Untrusted;

/// What to preview: a template that is being written, or one of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PreviewFields", untagged)]
pub enum PreviewSource {
    /// A source in the short form, or as JSON.
    Text { text: String },
    /// A template of the connection's account, with values by place. Without any, its examples are filled in.
    Listed { connection: ConnectionId, name: String, language: String, parameters: BTreeMap<String, String> },
}

/// The fields of a [`PreviewSource`] as they are received.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewFields {
    text: Option<String>,
    connection: Option<ConnectionId>,
    name: Option<String>,
    #[serde(default)]
    language: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// The fields name no template, or two.
#[derive(Debug, Error)]
#[error("a preview needs either `text`, or `connection` and `name`")]
struct PreviewFieldsError;

impl TryFrom<PreviewFields> for PreviewSource {
    type Error = PreviewFieldsError;

    fn try_from(fields: PreviewFields) -> Result<Self, PreviewFieldsError> {
        let PreviewFields { text, connection, name, language, parameters } = fields;
        match (text, connection, name) {
            (Some(text), None, None) => Ok(Self::Text { text }),
            (None, Some(connection), Some(name)) => Ok(Self::Listed { connection, name, language, parameters }),
            _ => Err(PreviewFieldsError),
        }
    }
}

/// A place of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub key: String,
    pub label: String,
    pub example: Option<Untrusted>,
    pub file: bool,
    pub optional: bool,
}

/// A template as its recipient will see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplatePreview {
    pub name: Untrusted,
    pub language: Untrusted,
    /// The status at the provider; `None` for a template that is being written.
    pub status: Option<String>,
    /// The text; places without a value stay as they are written.
    pub preview: Untrusted,
    pub places: Vec<Place>,
    /// Why the values would be refused when the template is sent; `None` if they fit, or if none were given.
    pub refusal: Option<String>,
    /// What the linter finds in a template that is being written.
    pub findings: Vec<Finding>,
}

impl TemplatePreview {
    /// Previews a template with values by place; without values it shows the examples.
    pub fn of(template: &Template, given: &[(String, String)], status: Option<String>, findings: Vec<Finding>) -> Self {
        let examples = || template.examples.iter().map(|(key, value)| (key.clone(), value.as_received().to_owned()));
        let values: Vec<(String, String)> = if given.is_empty() { examples().collect() } else { given.to_vec() };
        let refusal = (!given.is_empty()).then(|| template.check(given, false).err()).flatten();
        let place = |slot: crate::domain::templates::slots::Slot| Place {
            key: slot.key,
            label: slot.label,
            example: slot.example,
            file: slot.file,
            optional: slot.optional,
        };
        Self {
            name: template.name.clone(),
            language: template.language.clone(),
            status,
            preview: template.render(&values),
            places: template.slots().into_iter().map(place).collect(),
            refusal: refusal.map(|refusal| refusal.to_string()),
            findings,
        }
    }
}
