//! Whether a number is a real one or one for trying out.

use serde::{Deserialize, Serialize};

/// What a number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// The provider has not told yet.
    #[default]
    Unknown,
    Production,
    /// For trying out: reaches only whoever wrote to it first, has no templates.
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

    /// A provider's word for it. What nobody here knows is not taken for production.
    pub fn told(word: &str) -> Self {
        if word.eq_ignore_ascii_case("production") { Self::Production } else { Self::Sandbox }
    }

    /// The word that stands beside its name wherever it is shown.
    pub const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Production => None,
            Self::Sandbox => Some("SANDBOX"),
        }
    }
}
