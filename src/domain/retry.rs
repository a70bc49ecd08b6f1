//! When to try again, and when to stop trying.

use std::time::Duration;

/// How often an entry is tried by itself, and how long it rests between two tries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Tries in one series, the first one included; then the entry is a dead letter.
    pub attempts: u32,
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// What the other side may ask for at most by `Retry-After`.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(600),
            longest_wait: Duration::from_secs(900),
        }
    }
}

impl RetryPolicy {
    /// The pause after the given number of failed attempts (1 = after the first): 5 s, 30 s, 3 min …
    /// with a fifth of jitter to either side. A `Retry-After` is kept to and only ever lengthens it.
    /// `chance` is in `0.0..1.0`.
    pub fn pause(&self, failed_attempts: u32, retry_after: Option<Duration>, chance: f64) -> Duration {
        let exponent = failed_attempts.saturating_sub(1).min(10);
        let base = self.first_pause.as_secs_f64() * 6_f64.powi(exponent.cast_signed());
        let base = base.min(self.longest_pause.as_secs_f64());
        let jittered = Duration::from_secs_f64(base * (0.8 + 0.4 * chance.clamp(0.0, 1.0)));
        match retry_after {
            // Jitter goes on top, so that those who were told the same time do not come back as one.
            Some(wait) => wait.min(self.longest_wait).max(jittered) + Duration::from_secs_f64(chance.clamp(0.0, 1.0)),
            None => jittered,
        }
    }

    pub const fn exhausted(&self, failed_attempts: u32) -> bool {
        failed_attempts >= self.attempts
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
    fn retry_after_is_kept_to_but_not_for_ever() {
        let policy = RetryPolicy::default();
        assert!(policy.pause(1, Some(Duration::from_secs(60)), 0.0) >= Duration::from_secs(60));
        assert!(policy.pause(1, Some(Duration::from_secs(86_400)), 0.9) <= Duration::from_secs(901));
        assert!(policy.pause(1, Some(Duration::ZERO), 0.5) >= Duration::from_secs(4));
    }
}
