//! Messages that a provider stores and sends at their scheduled time: limits and cancellation.

use std::time::Duration;

use crate::domain::failure::Failure;
use crate::domain::time::Timestamp;

/// How far ahead a provider accepts scheduled messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulingLimits {
    /// Minimum lead time; messages that are due sooner stay in the outbox.
    pub nearest: Duration,
    /// Maximum lead time; messages that are due later stay in the outbox until then.
    pub furthest: Duration,
}

impl SchedulingLimits {
    /// Returns `true` if the provider accepts the message now, to send it at `then`.
    pub fn takes(self, then: Timestamp, now: Timestamp) -> bool {
        then >= now.plus(self.nearest) && then <= now.plus(self.furthest)
    }

    /// Returns the first time at which the provider accepts a message that is due at `then`.
    pub fn opens(self, then: Timestamp, now: Timestamp) -> Timestamp {
        then.minus(self.furthest).max(now)
    }
}

/// Result of a cancellation, if the provider responded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The message will not be sent.
    Cancelled,
    /// The message can no longer be cancelled.
    TooLate(Failure),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_near_or_too_far_is_kept_here() {
        let ahead = SchedulingLimits { nearest: Duration::from_secs(900), furthest: Duration::from_secs(86_400) };
        let now = Timestamp::from_seconds(1_000_000);
        let after = |seconds| now.plus(Duration::from_secs(seconds));
        assert!(!ahead.takes(after(899), now));
        assert!(ahead.takes(after(900), now));
        assert!(ahead.takes(after(86_400), now));
        assert!(!ahead.takes(after(86_401), now));
        assert_eq!(ahead.opens(after(900), now), now);
        assert_eq!(ahead.opens(after(90_000), now), after(3_600));
    }
}
