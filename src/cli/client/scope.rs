//! The organization and environment that a command applies to.

use crate::cli::options::Common;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;
use crate::domain::request::Request;

/// Scope options of the command line.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct ScopeOptions {
    organization: Option<String>,
    environment: Option<Environment>,
    everywhere: bool,
}

impl ScopeOptions {
    pub fn by(common: &Common) -> Self {
        Self {
            organization: common.organization.clone(),
            environment: common.environment,
            everywhere: common.everywhere,
        }
    }

    /// Returns the scope that was given; `None` if none was.
    pub fn given(&self) -> Option<ScopeChoice> {
        ScopeChoice::named(self.organization.clone(), self.environment, self.everywhere)
    }

    /// Returns the given or the default scope.
    pub fn choice(&self) -> ScopeChoice {
        self.given().unwrap_or_default()
    }

    /// Returns the query within the given scope.
    pub fn query(&self, query: &Query) -> Query {
        match self.given() {
            Some(scope) if !matches!(query, Query::Within { .. }) => {
                Query::Within { scope, query: Box::new(query.clone()) }
            }
            _ => query.clone(),
        }
    }

    /// Returns the query within the given scope; a query for several objects defaults to the default scope.
    pub fn list_query(&self, query: &Query) -> Query {
        match self.given() {
            None if query.is_of_many() => {
                Query::Within { scope: ScopeChoice::default(), query: Box::new(query.clone()) }
            }
            _ => self.query(query),
        }
    }

    /// Returns the request within the given scope; a request on several objects defaults to the default scope.
    pub fn request(&self, request: &Request) -> Request {
        let default = request.is_of_many().then(ScopeChoice::default);
        match self.given().or(default) {
            Some(scope) => Request::Within { scope, request: Box::new(request.clone()) },
            None => request.clone(),
        }
    }
}
