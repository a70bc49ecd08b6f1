//! How far what is shown is behind what was acknowledged.

use crate::domain::text::grouped;
use crate::domain::time::{Timestamp, short_span};
use crate::domain::view::Overview;

impl Overview {
    /// How far lists are behind what was acknowledged, where that is long enough to matter.
    pub fn lag(&self, now: Timestamp) -> Option<String> {
        let lag = now.since(self.oldest_pending_at?);
        (lag >= SHOWN_LAG)
            .then(|| format!("applying: {} behind, {}", grouped(self.deliveries_pending), short_span(lag)))
    }
}

/// A lag below this is gone before anybody has read it.
const SHOWN_LAG: std::time::Duration = std::time::Duration::from_secs(2);
