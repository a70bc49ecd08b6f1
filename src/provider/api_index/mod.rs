//! Descriptions of the providers' APIs that ship with the program: operations with paths, parameters and bodies, and
//! schemas with fields and types. They hold names and types, no documentation text. Sources: the published API
//! descriptions; for `platform`, the provider's public reference. Queries need no network.

mod schema;
mod search;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::schema::{Field, fields};
pub use self::search::{Hit, HitKind, search, uses};

/// The description of one API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiIndex {
    /// Name for `--spec`.
    pub name: String,
    pub title: String,
    pub version: String,
    /// Base URL or URLs of the API.
    pub base: String,
    pub operations: Vec<ApiOperation>,
    /// Schemas by name. A text instead of an object names another schema.
    pub schemas: BTreeMap<String, Value>,
}

/// An operation of an API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiOperation {
    pub id: String,
    pub method: String,
    pub path: String,
    /// The id in words.
    pub summary: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<RequestBody>,
    /// Schemas of the responses by HTTP status.
    #[serde(default)]
    pub responses: BTreeMap<String, Value>,
}

/// A parameter of an operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query` or `header`.
    #[serde(rename = "in")]
    pub place: String,
    #[serde(default)]
    pub required: bool,
    /// Type or types of the value; `None` if the description has none.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Value>,
    #[serde(default, rename = "enum", skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Value>>,
}

/// The body of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestBody {
    /// Media type.
    #[serde(rename = "type")]
    pub media_type: String,
    pub schema: Value,
}

/// Files of the descriptions.
const FILES: [&str; 3] = [include_str!("whatsapp.json"), include_str!("platform.json"), include_str!("twilio.json")];

/// Returns the shipped descriptions. A file that cannot be read is left out; a test reads all of them.
pub fn all() -> &'static [ApiIndex] {
    static ALL: OnceLock<Vec<ApiIndex>> = OnceLock::new();
    ALL.get_or_init(|| FILES.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

impl ApiIndex {
    /// Returns the operation with this id, in any case, or the one with this method and path.
    pub fn operation(&self, name: &str) -> Option<&ApiOperation> {
        let is_route = |one: &&ApiOperation| format!("{} {}", one.method, one.path).eq_ignore_ascii_case(name.trim());
        self.operations
            .iter()
            .find(|one| one.id.eq_ignore_ascii_case(name.trim()))
            .or_else(|| self.operations.iter().find(is_route))
    }

    /// Returns the schema with this name, in any case.
    pub fn schema(&self, name: &str) -> Option<(&str, &Value)> {
        let found = self.schemas.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()))?;
        Some((found.0.as_str(), found.1))
    }

    /// Returns the names of all tags, sorted.
    pub fn tags(&self) -> Vec<&str> {
        let mut tags: Vec<&str> = self.operations.iter().flat_map(|one| &one.tags).map(String::as_str).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_is_read_and_names_each_operation_once() {
        assert_eq!(all().len(), FILES.len());
        for index in all() {
            let mut ids: Vec<&str> = index.operations.iter().map(|one| one.id.as_str()).collect();
            ids.sort_unstable();
            let known = ids.len();
            ids.dedup();
            assert_eq!(ids.len(), known, "{}", index.name);
            for one in &index.operations {
                assert!(index.operation(&one.id).is_some_and(|found| found.path == one.path), "{}", one.id);
            }
        }
        let size: usize = FILES.iter().map(|text| text.len()).sum();
        assert!(size < 1_500_000, "{size} bytes in the program");
    }
}
