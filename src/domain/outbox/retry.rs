//! Retry schedules.

use std::time::Duration;

use crate::domain::failure::{Failure, FailureClass};
use crate::domain::time::{Timestamp, short_span};

/// Maximum `Retry-After`; a longer one counts as a mistake of the server.
const LONGEST_WAIT: Duration = Duration::from_secs(7 * 86_400);

/// Number of automatic attempts, and the pauses between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in one series, including the first; then the entry is a dead letter.
    pub attempts: u32,
    pub first_pause: Duration,
    /// Factor between consecutive pauses.
    pub factor: f64,
    pub longest_pause: Duration,
    /// The provider documents these pauses, so that jitter may only lengthen them.
    pub documented: bool,
}

/// The default schedule: 5 s, then 30 s; 3 attempts.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_secs(5),
            factor: 6.0,
            longest_pause: Duration::from_secs(600),
            documented: false,
        }
    }
}

impl RetryPolicy {
    /// Schedule for an unavailable or overloaded provider: 5 s, 15 s, 45 s … 5 min, for about half an hour.
    pub const OUTAGE: Self = Self {
        attempts: 10,
        first_pause: Duration::from_secs(5),
        factor: 3.0,
        longest_pause: Duration::from_secs(300),
        documented: false,
    };

    /// Schedule for a number that may not send: 1 min, 2 min, 4 min … 30 min, without end.
    pub const PROBE: Self = Self {
        attempts: u32::MAX,
        first_pause: Duration::from_secs(60),
        factor: 2.0,
        longest_pause: Duration::from_secs(1_800),
        documented: false,
    };

    /// Returns a schedule from a provider's reference: first pause in seconds, factor between pauses, longest pause
    /// in seconds, and total number of attempts.
    pub const fn documented(first_pause: u64, factor: f64, longest_pause: u64, attempts: u32) -> Self {
        Self {
            attempts,
            first_pause: Duration::from_secs(first_pause),
            factor,
            longest_pause: Duration::from_secs(longest_pause),
            documented: true,
        }
    }

    /// Returns the schedule for a failure: the documented one for its code, else the outage schedule if it is
    /// temporary and has no code, else this one.
    #[must_use]
    pub fn for_failure(self, failure: &Failure, of_code: Option<Self>) -> Self {
        let unwell = matches!(failure.class, FailureClass::Transient | FailureClass::Throttled);
        match of_code {
            Some(schedule) => schedule,
            None if unwell && failure.code.is_empty() => {
                Self { attempts: self.attempts.max(Self::OUTAGE.attempts), ..Self::OUTAGE }
            }
            None => self,
        }
    }

    /// Returns the pause after a number of failed attempts (1 = after the first), with up to 20 % jitter. A
    /// `Retry-After` of up to a week can only lengthen it. `chance` is in `0.0..1.0`.
    pub fn pause(&self, failed_attempts: u32, retry_after: Option<Duration>, chance: f64) -> Duration {
        let chance = chance.clamp(0.0, 1.0);
        let exponent = failed_attempts.saturating_sub(1).min(20);
        let base = self.first_pause.as_secs_f64() * self.factor.powi(exponent.cast_signed());
        let base = base.min(self.longest_pause.as_secs_f64());
        let jitter = if self.documented { 1.0 + 0.2 * chance } else { 0.8 + 0.4 * chance };
        let jittered = Duration::from_secs_f64(base * jitter);
        match retry_after {
            // Jitter is added, so that clients with the same `Retry-After` do not return at the same time.
            Some(wait) => wait.min(LONGEST_WAIT).max(jittered) + Duration::from_secs_f64(chance),
            None => jittered,
        }
    }

    /// Describes the schedule without jitter: `after 5 s, then 6 times as long each time up to 10 min; 3 attempts`.
    pub fn words(&self) -> String {
        let (first, longest) = (short_span(self.first_pause), short_span(self.longest_pause));
        let growth = if self.longest_pause <= self.first_pause {
            format!("every {first}")
        } else {
            format!("after {first}, then {} times as long each time up to {longest}", self.factor)
        };
        format!("{growth}; {} attempts", self.attempts)
    }

    /// Returns `true` if no attempts are left.
    pub const fn exhausted(&self, failed_attempts: u32) -> bool {
        failed_attempts >= self.attempts
    }
}

/// A server's `Retry-After`: a duration or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetryAfter {
    /// The duration, by the server's own clock if it sent a time.
    pub pause: Duration,
    /// The time that the server sent.
    pub until: Option<Timestamp>,
}

impl RetryAfter {
    /// Returns a duration in seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self { pause: Duration::from_secs(seconds), until: None }
    }

    /// Returns how long to wait from now, so that it is not too early by either clock.
    pub fn from(&self, now: Timestamp) -> Duration {
        self.until.map_or(self.pause, |until| until.since(now).max(self.pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_jitter() {
        let policy = RetryPolicy::default();
        for (failed, base) in [(1, 5.0), (2, 30.0), (3, 180.0), (4, 600.0), (9, 600.0)] {
            for chance in [0.0, 0.5, 0.999] {
                let pause = policy.pause(failed, None, chance).as_secs_f64();
                assert!((base * 0.8 - 1e-6..=base * 1.2).contains(&pause), "{failed}: {pause}");
            }
        }
    }

    #[test]
    fn a_documented_pause_is_never_shorter_than_it_says() {
        let four_to_the_n = RetryPolicy::documented(4, 4.0, 3_600, 6);
        for (failed, base) in [(1, 4), (2, 16), (3, 64), (4, 256)] {
            for chance in [0.0, 0.5, 0.999] {
                let pause = four_to_the_n.pause(failed, None, chance);
                assert!(pause >= Duration::from_secs(base) && pause.as_secs_f64() <= base as f64 * 1.2, "{pause:?}");
            }
        }
    }

    #[test]
    fn retry_after_is_kept_to_a_day_stays_a_day_and_a_year_does_not_stop_us() {
        let policy = RetryPolicy::default();
        assert!(policy.pause(1, Some(Duration::from_secs(60)), 0.0) >= Duration::from_secs(60));
        assert!(policy.pause(1, Some(Duration::from_secs(86_400)), 0.0) >= Duration::from_secs(86_400));
        assert!(policy.pause(1, Some(Duration::from_secs(u64::MAX)), 0.9) <= Duration::from_secs(7 * 86_400 + 1));
        assert!(policy.pause(1, Some(Duration::ZERO), 0.5) >= Duration::from_secs(4));
    }

    #[test]
    fn a_moment_is_waited_for_by_both_clocks() {
        let now = Timestamp::from_seconds(1_000);
        let asked = RetryAfter { pause: Duration::from_secs(60), until: Some(Timestamp::from_seconds(1_030)) };
        assert_eq!(asked.from(now), Duration::from_secs(60));
        assert_eq!(asked.from(Timestamp::from_seconds(100)), Duration::from_secs(930));
        assert_eq!(RetryAfter::seconds(7).from(now), Duration::from_secs(7));
    }
}
