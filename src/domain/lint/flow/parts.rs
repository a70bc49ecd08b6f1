//! A Flow taken apart: its screens, and the components on them.

use serde_json::Value;

use super::spec::{self, Version};

/// A component where it stands.
pub(super) struct Node<'v> {
    pub(super) kind: &'v str,
    pub(super) value: &'v Value,
    pub(super) place: String,
    /// The form that it stands in, by that form's place.
    pub(super) form: Option<String>,
    /// How many If and Switch are around it.
    pub(super) depth: usize,
    /// The branch that it stands in.
    pub(super) branch: Option<String>,
}

pub(super) struct Screen<'v> {
    pub(super) id: &'v str,
    pub(super) value: &'v Value,
    pub(super) place: String,
    pub(super) nodes: Vec<Node<'v>>,
    pub(super) terminal: bool,
}

/// A Flow, taken apart.
pub(super) struct Flow<'v> {
    pub(super) value: &'v Value,
    pub(super) version: Version,
    /// It has an endpoint that is asked for data.
    pub(super) endpoint: bool,
    pub(super) screens: Vec<Screen<'v>>,
}

impl<'v> Flow<'v> {
    pub(super) fn screen(&self, id: &str) -> Option<&Screen<'v>> {
        self.screens.iter().find(|screen| screen.id == id)
    }
}

impl Screen<'_> {
    /// Names of what is filled in on it.
    pub(super) fn inputs(&self) -> Vec<&str> {
        let inputs = self.nodes.iter().filter(|node| spec::is_input(node.kind));
        inputs.filter_map(|node| node.value["name"].as_str()).collect()
    }
}

pub(super) fn count(text: &str) -> usize {
    text.chars().count()
}

/// Whether a value is bound to data instead of written out.
pub(super) fn is_bound(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("${") || text.starts_with('`'))
}
