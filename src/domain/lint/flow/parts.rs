//! A parsed Flow: its screens and their components.

use serde_json::Value;

use super::spec::{self, Version};

/// A component and its position.
pub(super) struct Node<'v> {
    pub(super) kind: &'v str,
    pub(super) value: &'v Value,
    pub(super) place: String,
    /// Position of the enclosing form.
    pub(super) form: Option<String>,
    /// Number of enclosing `If` and `Switch` components.
    pub(super) depth: usize,
    /// Position of the enclosing branch.
    pub(super) branch: Option<String>,
}

/// A screen and its components.
pub(super) struct Screen<'v> {
    pub(super) id: &'v str,
    pub(super) value: &'v Value,
    pub(super) place: String,
    pub(super) nodes: Vec<Node<'v>>,
    pub(super) terminal: bool,
}

/// A parsed Flow.
pub(super) struct Flow<'v> {
    pub(super) value: &'v Value,
    pub(super) version: Version,
    /// The Flow has an endpoint that provides data.
    pub(super) endpoint: bool,
    pub(super) screens: Vec<Screen<'v>>,
}

impl<'v> Flow<'v> {
    /// Returns the screen with this id.
    pub(super) fn screen(&self, id: &str) -> Option<&Screen<'v>> {
        self.screens.iter().find(|screen| screen.id == id)
    }
}

impl Screen<'_> {
    /// Returns the names of the input components.
    pub(super) fn inputs(&self) -> Vec<&str> {
        let inputs = self.nodes.iter().filter(|node| spec::is_input(node.kind));
        inputs.filter_map(|node| node.value["name"].as_str()).collect()
    }
}

/// Returns the number of characters.
pub(super) fn count(text: &str) -> usize {
    text.chars().count()
}

/// Returns `true` if a value is bound to data, not a literal.
pub(super) fn is_bound(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("${") || text.starts_with('`'))
}
