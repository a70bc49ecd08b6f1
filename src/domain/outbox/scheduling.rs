//! Messages that a provider keeps and sends by itself at their time: how far ahead it takes them, and how
//! the attempt to call one back may end.

use std::time::Duration;

use crate::domain::failure::Failure;
use crate::domain::time::Timestamp;

/// How far ahead of its time a message can be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulingLimits {
    /// What is to go sooner is kept here.
    pub nearest: Duration,
    /// What is to go later is kept here until this is left.
    pub furthest: Duration,
}

impl SchedulingLimits {
    /// Whether the provider takes it now, to send it then.
    pub fn takes(self, then: Timestamp, now: Timestamp) -> bool {
        then >= now.plus(self.nearest) && then <= now.plus(self.furthest)
    }

    /// The first moment at which it takes what is to be sent then.
    pub fn opens(self, then: Timestamp, now: Timestamp) -> Timestamp {
        then.minus(self.furthest).max(now)
    }
}

/// How an attempt to call a message back ended, where the provider answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It will not be sent.
    Cancelled,
    /// It cannot be called back any more.
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
