//! Which organization and environment are shown. They never stand in one list unless that is asked for.

use super::{Console, Effect, Pane};
use crate::domain::connection::Environment;
use crate::domain::query::Query;

/// One organization's environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    pub organization: String,
    pub environment: Environment,
}

impl Console {
    /// Every organization and environment that has a number.
    pub(super) fn scopes_known(&self) -> Vec<Shown> {
        let Some(list) = &self.data.connections else { return vec![] };
        let connected = list.connected.iter().map(|row| (&row.connection.organization, row.connection.environment));
        let others = list.others.iter().map(|setup| (&setup.organization, setup.environment));
        let mut known: Vec<Shown> = connected
            .chain(others)
            .map(|(organization, environment)| Shown { organization: organization.clone(), environment })
            .collect();
        known.sort();
        known.dedup();
        known
    }

    /// What is shown now; nothing where everything is, or where there is no choice.
    pub(super) fn shown(&self) -> Option<Shown> {
        if self.scopes_known().len() < 2 || self.shows_all {
            return None;
        }
        self.shown.clone().or_else(|| {
            let told = self.data.overview.as_ref()?;
            Some(Shown { organization: told.organization.clone(), environment: told.environment })
        })
    }

    pub(super) fn in_scope(&self, organization: &str, environment: Environment) -> bool {
        self.shown().is_none_or(|shown| shown.organization == organization && shown.environment == environment)
    }

    /// The environment that the header names: production wherever production is shown.
    pub(super) fn environment_shown(&self) -> Option<Environment> {
        match self.shown() {
            Some(shown) => Some(shown.environment),
            None => {
                let any = self.scopes_known().iter().any(|one| one.environment == Environment::Production);
                let own = self.data.overview.as_ref().map(|told| told.environment);
                if any { Some(Environment::Production) } else { own }
            }
        }
    }

    /// A filter, narrowed to what is shown.
    pub(super) fn scoped(&self, text: &str) -> String {
        match self.shown() {
            Some(shown) => {
                let organization: String = shown.organization.split_whitespace().collect::<Vec<_>>().join("_");
                format!("{text} env:{} org:{organization}", shown.environment.name()).trim().to_owned()
            }
            None => text.to_owned(),
        }
    }

    /// The next one; after the last all together, which is asked for by that.
    pub(super) fn next_scope(&mut self) -> Vec<Effect> {
        let known = self.scopes_known();
        let at = self.shown().and_then(|shown| known.iter().position(|one| *one == shown));
        match at {
            Some(at) if at + 1 < known.len() => (self.shown, self.shows_all) = (Some(known[at + 1].clone()), false),
            Some(_) => self.shows_all = true,
            None => (self.shown, self.shows_all) = (known.first().cloned(), false),
        }
        let said = match self.shown() {
            Some(shown) => format!("{} ({}) is shown.", shown.organization, shown.environment.name()),
            None => "Everything is shown, development and production together.".to_owned(),
        };
        self.notice(said, false);
        let mut effects = self.ask(Query::Connections);
        for pane in [Pane::Threads, Pane::Delivery] {
            effects.extend(self.ask(self.query_of(pane)));
        }
        effects
    }
}
