//! A scope: the organization and environment that an actor or request is limited to.

use serde::{Deserialize, Serialize};

use crate::domain::numbers::connection::Environment;

/// An organization and an environment; `None` means no restriction.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

impl Scope {
    /// All organizations in all environments.
    pub const ALL: Self = Self { organization: None, environment: None };

    /// Returns the scope of one organization and environment.
    pub fn of(organization: &str, environment: Environment) -> Self {
        Self { organization: Some(organization.to_owned()), environment: Some(environment) }
    }

    /// Returns `true` if the scope restricts nothing.
    pub fn is_all(&self) -> bool {
        *self == Self::ALL
    }

    /// Returns `true` if the scope contains numbers of this organization and environment.
    pub fn holds(&self, organization: &str, environment: Environment) -> bool {
        self.organization.as_deref().is_none_or(|own| own == organization)
            && self.environment.is_none_or(|own| own == environment)
    }

    /// Returns `true` if the other scope is part of this one.
    pub fn covers(&self, other: &Self) -> bool {
        self.narrowed(other).as_ref() == Some(other)
    }

    /// Returns the intersection of both scopes; `None` if it is empty.
    pub fn narrowed(&self, other: &Self) -> Option<Self> {
        /// Returns the restriction that satisfies both; fails if they differ.
        fn both<T: Clone + PartialEq>(one: Option<&T>, other: Option<&T>) -> Result<Option<T>, ()> {
            match (one, other) {
                (Some(one), Some(other)) if one != other => Err(()),
                (one, other) => Ok(one.or(other).cloned()),
            }
        }
        Some(Self {
            organization: both(self.organization.as_ref(), other.organization.as_ref()).ok()?,
            environment: both(self.environment.as_ref(), other.environment.as_ref()).ok()?,
        })
    }

    /// Describes the scope: `acme, production`, or `every organization and environment`.
    pub fn words(&self) -> String {
        let organization = self.organization.as_deref().map(crate::domain::text::clean_line);
        match (organization, self.environment) {
            (None, None) => "every organization and environment".to_owned(),
            (Some(organization), None) => format!("{organization}, every environment"),
            (None, Some(environment)) => format!("every organization, {}", environment.name()),
            (Some(organization), Some(environment)) => format!("{organization}, {}", environment.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::connection::Environment::{Development, Production};

    #[test]
    fn what_two_scopes_have_in_common_is_narrower_than_both() {
        let acme = Scope { organization: Some("acme".into()), environment: None };
        let live = Scope { organization: None, environment: Some(Production) };
        assert_eq!(acme.narrowed(&live), Some(Scope::of("acme", Production)));
        assert_eq!(acme.narrowed(&Scope::of("globex", Production)), None);
        assert!(Scope::ALL.covers(&acme) && acme.covers(&Scope::of("acme", Development)) && !acme.covers(&live));
        assert!(acme.holds("acme", Production) && !live.holds("acme", Development));
    }
}
