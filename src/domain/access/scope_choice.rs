//! Resolves the scope that a caller names to the scope that applies.

use serde::{Deserialize, Serialize};

use crate::domain::access::scope::Scope;
use crate::domain::numbers::connection::Environment;

/// A caller's choice of organization or environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick<T> {
    /// Not named: the default applies.
    #[default]
    Usual,
    All,
    One(T),
}

/// A scope as a caller names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeChoice {
    #[serde(default)]
    pub organization: Pick<String>,
    #[serde(default)]
    pub environment: Pick<Environment>,
}

impl From<Scope> for ScopeChoice {
    fn from(scope: Scope) -> Self {
        Self {
            organization: scope.organization.map_or(Pick::All, Pick::One),
            environment: scope.environment.map_or(Pick::All, Pick::One),
        }
    }
}

impl ScopeChoice {
    /// Returns the choice for these arguments; `None` if none is given.
    pub fn named(organization: Option<String>, environment: Option<Environment>, everywhere: bool) -> Option<Self> {
        if everywhere {
            return Some(Scope::ALL.into());
        }
        (organization.is_some() || environment.is_some()).then(|| Self {
            organization: organization.map_or(Pick::Usual, Pick::One),
            environment: environment.map_or(Pick::Usual, Pick::One),
        })
    }

    /// Returns the scope that applies, among those that have numbers (`known`). An omitted part defaults to the
    /// engine's own if it has numbers, else to the first that has; with at most one candidate it stays unrestricted.
    pub fn settle(&self, known: &[(String, Environment)], own: (&str, Environment)) -> Scope {
        let organization = match &self.organization {
            Pick::All => None,
            Pick::One(name) => Some(name.clone()),
            Pick::Usual => {
                let fits = |environment: Environment| match self.environment {
                    Pick::One(wanted) => wanted == environment,
                    Pick::Usual | Pick::All => true,
                };
                let mut names: Vec<&str> =
                    known.iter().filter(|(_, environment)| fits(*environment)).map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                let usual = names.iter().find(|name| **name == own.0).or(names.first());
                usual.filter(|_| names.len() > 1).map(|name| (*name).to_owned())
            }
        };
        let environment = match self.environment {
            Pick::All => None,
            Pick::One(environment) => Some(environment),
            Pick::Usual => {
                let of = |name: &str| organization.as_deref().is_none_or(|wanted| wanted == name);
                let mut there: Vec<Environment> =
                    known.iter().filter(|(name, _)| of(name)).map(|(_, environment)| *environment).collect();
                there.sort_unstable();
                there.dedup();
                let usual = there.iter().find(|environment| **environment == own.1).or(there.first());
                usual.filter(|_| there.len() > 1).copied()
            }
        };
        Scope { organization, environment }
    }

    /// Returns the choice with its defaults filled in, even if there is only one organization or environment now.
    /// `All` is kept.
    #[must_use]
    pub fn made_explicit(&self, known: &[(String, Environment)], own: (&str, Environment)) -> Self {
        let scope = self.settle(known, own);
        let organization = match &self.organization {
            Pick::Usual => Pick::One(
                scope
                    .organization
                    .unwrap_or_else(|| known.first().map_or_else(|| own.0.to_owned(), |(name, _)| name.clone())),
            ),
            choice => choice.clone(),
        };
        let environment = match &self.environment {
            Pick::Usual => {
                let here = |name: &str| !matches!(&organization, Pick::One(wanted) if wanted != name);
                let mut there = known.iter().filter(|(name, _)| here(name)).map(|(_, environment)| *environment);
                Pick::One(scope.environment.or_else(|| there.next()).unwrap_or(own.1))
            }
            choice => choice.clone(),
        };
        Self { organization, environment }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::connection::Environment::{Development, Production};

    #[test]
    fn what_is_left_out_is_the_usual_one() {
        let known = [("acme", Development), ("acme", Production), ("globex", Production)];
        let known = known.map(|(name, environment)| (name.to_owned(), environment));
        let settle =
            |organization, environment| ScopeChoice { organization, environment }.settle(&known, ("acme", Development));
        assert_eq!(settle(Pick::Usual, Pick::Usual), Scope::of("acme", Development));
        assert_eq!(settle(Pick::Usual, Pick::One(Production)), Scope::of("acme", Production));
        let globex = Scope { organization: Some("globex".into()), environment: None };
        assert_eq!(settle(Pick::One("globex".into()), Pick::Usual), globex, "it has one environment");
        assert!(settle(Pick::All, Pick::All).is_all());
        let one = [("acme".to_owned(), Production)];
        assert!(ScopeChoice::default().settle(&one, ("acme", Development)).is_all(), "there is no choice");
        let named = ScopeChoice::default().made_explicit(&one, ("acme", Development));
        assert_eq!(named, ScopeChoice::from(Scope::of("acme", Production)), "what lasts names it all the same");
        assert_eq!(
            ScopeChoice::default().made_explicit(&[], ("acme", Development)),
            Scope::of("acme", Development).into()
        );
        let everywhere = ScopeChoice::from(Scope::ALL);
        assert_eq!(everywhere.made_explicit(&one, ("acme", Development)), everywhere);
    }
}
