//! When the counts of the tabs are queried again. Each count reads many threads, so under load they are queried at most once
//! per interval; the last change is never missed.

use std::time::Duration;

use crate::console::intent::Intent;
use crate::domain::query::Query;
use crate::domain::time::Timestamp;

/// Minimum time between two queries of the counts.
const INTERVAL: Duration = Duration::from_secs(2);

/// The last query of the counts, and whether another one is due.
#[derive(Debug, Default)]
pub(super) struct TabsRefresh {
    queried_at: Option<Timestamp>,
    is_due: bool,
}

impl TabsRefresh {
    /// Handles a change of a thread: returns the query, or delays it to the end of the interval.
    pub fn request(&mut self, now: Timestamp) -> Option<Intent> {
        self.is_due = true;
        self.tick(now)
    }

    /// Returns when a delayed query is due; `None` if there is none.
    pub fn due(&self) -> Option<Timestamp> {
        self.queried_at.filter(|_| self.is_due).map(|at| at.plus(INTERVAL))
    }

    /// Returns the query once it is due. If the clock was set back, it is due at once.
    pub fn tick(&mut self, now: Timestamp) -> Option<Intent> {
        let is_early = |at: Timestamp| now >= at && now.since(at) < INTERVAL;
        if !self.is_due || self.queried_at.is_some_and(is_early) {
            return None;
        }
        (self.is_due, self.queried_at) = (false, Some(now));
        Some(Intent::Ask(Query::Views))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_within_the_interval_are_answered_by_one_query_at_its_end() {
        let mut refresh = TabsRefresh::default();
        let start = Timestamp::from_seconds(1_780_300_000);
        assert!(refresh.request(start).is_some());
        assert_eq!(refresh.due(), None);
        for _ in 0..100 {
            assert!(refresh.request(start.plus(Duration::from_millis(900))).is_none());
        }
        assert_eq!(refresh.due(), Some(start.plus(INTERVAL)));
        assert!(refresh.tick(start.plus(INTERVAL)).is_some());
        assert!(refresh.tick(start.plus(INTERVAL)).is_none(), "nothing changed since");
        assert!(refresh.request(start).is_some(), "the clock was set back");
    }
}
