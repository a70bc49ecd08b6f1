//! Tracks queries in flight. A query that is already in flight is not sent again; it is repeated once after its
//! answer.

use crate::domain::query::Query;

/// Queries in flight.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// Each query, and `true` if it must be sent once more after its answer.
    queries: Vec<(Query, bool)>,
}

impl Asking {
    /// Registers a query. Returns `true` if it must be sent now.
    pub fn begins(&mut self, query: &Query) -> bool {
        match self.queries.iter_mut().find(|(asked, _)| asked == query) {
            Some((_, again)) => {
                *again = true;
                false
            }
            None => {
                self.queries.push((query.clone(), false));
                true
            }
        }
    }

    /// Removes an answered query. Returns it without its scope if it must be sent once more; the caller applies the
    /// current scope.
    pub fn ends(&mut self, query: &Query) -> Option<Query> {
        let at = self.queries.iter().position(|(asked, _)| asked == query)?;
        let (query, again) = self.queries.remove(at);
        again.then(|| unscoped(query))
    }

    /// Removes a query that failed.
    pub fn fails(&mut self, query: &Query) {
        self.queries.retain(|(asked, _)| asked != query);
    }
}

/// Returns the query without its scope.
pub(super) fn unscoped(query: Query) -> Query {
    match query {
        Query::Within { query, .. } => *query,
        query => query,
    }
}
