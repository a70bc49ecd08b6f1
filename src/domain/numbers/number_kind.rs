//! Kinds of numbers: production and sandbox.

use serde::{Deserialize, Serialize};

/// The kind of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// The provider has not reported the kind yet.
    #[default]
    Unknown,
    Production,
    /// Sandbox number: reaches only people who wrote to it first, and has no templates.
    Sandbox,
}

impl NumberKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unknown, Self::Production, Self::Sandbox].into_iter().find(|kind| kind.name() == name)
    }

    /// Parses a provider's value. Any value other than `production` counts as a sandbox.
    pub fn parse(word: &str) -> Self {
        if word.eq_ignore_ascii_case("production") { Self::Production } else { Self::Sandbox }
    }

    /// Returns the label shown beside the number's name; `None` for no label.
    pub const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Production => None,
            Self::Sandbox => Some("SANDBOX"),
        }
    }
}
