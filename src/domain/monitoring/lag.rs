//! The delay between acknowledged and applied deliveries.

use crate::domain::text::grouped;
use crate::domain::time::{Timestamp, short_span};
use crate::domain::view::Overview;

impl Overview {
    /// Describes how far applied deliveries are behind acknowledged ones; `None` if the delay is too short to matter.
    pub fn lag(&self, now: Timestamp) -> Option<String> {
        let lag = now.since(self.oldest_pending_at?);
        (lag >= SHOWN_LAG)
            .then(|| format!("applying: {} behind, {}", grouped(self.deliveries_pending), short_span(lag)))
    }
}

/// Minimum delay that is shown; a shorter one is over before a person reads it.
const SHOWN_LAG: std::time::Duration = std::time::Duration::from_secs(2);
