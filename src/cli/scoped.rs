//! Which organization and environment a verb is about.

use super::Common;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;
use crate::domain::request::Request;

/// What the options say of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    organization: Option<String>,
    environment: Option<Environment>,
    everywhere: bool,
}

impl Asked {
    pub fn by(common: &Common) -> Self {
        Self {
            organization: common.organization.clone(),
            environment: common.environment,
            everywhere: common.everywhere,
        }
    }

    /// What was named; none where nothing was.
    pub fn named(&self) -> Option<ScopeChoice> {
        ScopeChoice::named(self.organization.clone(), self.environment, self.everywhere)
    }

    /// What was named, or the usual one.
    pub fn choice(&self) -> ScopeChoice {
        self.named().unwrap_or_default()
    }

    /// The question, of the scope that was named.
    pub fn of(&self, query: &Query) -> Query {
        match self.named() {
            Some(scope) if !matches!(query, Query::Within { .. }) => {
                Query::Within { scope, query: Box::new(query.clone()) }
            }
            _ => query.clone(),
        }
    }

    /// The question, of the usual scope where none was named and it is about more than one thing.
    pub fn of_usual(&self, query: &Query) -> Query {
        match self.named() {
            None if query.is_of_many() => {
                Query::Within { scope: ScopeChoice::default(), query: Box::new(query.clone()) }
            }
            _ => self.of(query),
        }
    }

    /// The request, in the scope that was named, or in the usual one where it is about more than one thing.
    pub fn to(&self, request: &Request) -> Request {
        let usual = request.is_of_many().then(ScopeChoice::default);
        match self.named().or(usual) {
            Some(scope) => Request::Within { scope, request: Box::new(request.clone()) },
            None => request.clone(),
        }
    }
}
