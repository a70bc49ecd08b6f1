//! Questions under way. The same question is not asked twice at once, but once more afterwards.

use crate::domain::query::Query;

#[derive(Debug, Default)]
pub(super) struct Asking {
    /// `true` where it has to be asked once more.
    queries: Vec<(Query, bool)>,
}

impl Asking {
    /// Notes a question. Returns `true` if it has to be asked now.
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

    /// The question was answered. Returns it if it has to be asked once more: of what is shown then.
    pub fn ends(&mut self, query: &Query) -> Option<Query> {
        let at = self.queries.iter().position(|(asked, _)| asked == query)?;
        let (query, again) = self.queries.remove(at);
        again.then(|| unscoped(query))
    }

    /// The question was not answered.
    pub fn fails(&mut self, query: &Query) {
        self.queries.retain(|(asked, _)| asked != query);
    }
}

/// The question without the scope that it was asked for.
pub(super) fn unscoped(query: Query) -> Query {
    match query {
        Query::Within { query, .. } => *query,
        query => query,
    }
}
