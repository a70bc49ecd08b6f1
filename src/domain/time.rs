//! Points in time in UTC, in milliseconds. This module does not read the time; callers pass it, from a [`Clock`] that
//! the application owns.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Milliseconds since 1970 in UTC, formatted as RFC 3339 for programs and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970, stored for a missing provider time.
    pub const EPOCH: Self = Self(0);

    /// Returns the time at these milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the time at these seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Parses an RFC 3339 text such as `2026-06-01T09:00:00Z`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }

    /// Returns the milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Returns the seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the time after a duration, saturating.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns the time before a duration, saturating.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns the duration since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
    }
}

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Returns the time since a fixed moment, by a clock that cannot be set and that includes sleep. `None` if there
    /// is no such clock; clock changes are then not detected.
    fn monotonic(&self) -> Option<Duration> {
        None
    }
}

/// A source of random numbers, for jitter, references and nonces.
pub trait Rng: Send + Sync {
    /// Returns a number in `0.0..1.0`.
    fn unit(&self) -> f64;
    /// Returns 16 unpredictable bytes.
    fn token(&self) -> [u8; 16];
}

/// Detects that the clock was set, by comparing it with a steady clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClockWatch {
    /// Difference between the clock and the steady clock at the last check.
    offset: Option<i64>,
    /// Milliseconds by which the clock was set in total, since it was last known to be right.
    pub set_by: i64,
}

/// Minimum jump; time synchronization makes smaller steps.
pub const MIN_JUMP: Duration = Duration::from_secs(5);

impl ClockWatch {
    /// Checks the clock. Returns by how many milliseconds it was set since the last check, negative for backwards;
    /// `None` if it was not.
    pub fn look(&mut self, now: Timestamp, steady: Option<Duration>) -> Option<i64> {
        let steady = i64::try_from(steady?.as_millis()).ok()?;
        let offset = now.millis().saturating_sub(steady);
        let before = self.offset.replace(offset)?;
        let jump = offset.saturating_sub(before);
        if Duration::from_millis(jump.unsigned_abs()) < MIN_JUMP {
            return None;
        }
        self.set_by = self.set_by.saturating_add(jump);
        Some(jump)
    }

    /// Returns `true` if the jumps so far cancel out.
    pub fn is_back(&self) -> bool {
        Duration::from_millis(self.set_by.unsigned_abs()) < MIN_JUMP
    }
}

/// Formats a span in one unit, such as `4s`, `3m`, `2h05` or `3d`, in at most six characters.
pub fn short_span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h{:02}", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Durations in JSON as a number of seconds. Values stored as seconds and nanoseconds are still read.
pub mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// The two stored forms of a duration.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Seconds(f64),
        Parts { secs: u64, nanos: u32 },
    }

    /// Writes whole seconds without a fraction.
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        if span.subsec_nanos() == 0 {
            serializer.serialize_u64(span.as_secs())
        } else {
            serializer.serialize_f64(span.as_secs_f64())
        }
    }

    /// Reads a number of seconds that is not negative.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Parts { secs, nanos } => Ok(Duration::new(secs, nanos)),
            Written::Seconds(seconds) => Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_and_read_back() {
        let at = Timestamp::from_seconds(1_780_304_400);
        assert_eq!(at.to_string(), "2026-06-01T09:00:00Z");
        assert_eq!(Timestamp::parse("2026-06-01T09:00:00Z"), Some(at));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_and_one_that_is_kept_right_is_not() {
        let at = |seconds, steady| (Timestamp::from_seconds(seconds), Some(Duration::from_secs(steady)));
        let mut watch = ClockWatch::default();
        let mut look = |(now, steady)| watch.look(now, steady);
        assert_eq!(look(at(10_000, 50)), None, "the first look knows nothing before");
        assert_eq!(look(at(10_001, 51)), None);
        assert_eq!(look(at(10_006, 54)), None, "two seconds are a correction");
        assert_eq!(look(at(2_807, 55)), Some(-7_200_000));
        assert_eq!(look(at(2_808, 56)), None);
        assert_eq!(look(at(10_009, 57)), Some(7_200_000));
        assert!(watch.is_back());
        assert_eq!(ClockWatch::default().look(Timestamp::EPOCH, None), None);
    }

    #[test]
    fn spans_stay_short_and_never_turn_negative() {
        let at = Timestamp::from_seconds(100);
        assert_eq!(Timestamp::EPOCH.since(at), Duration::ZERO);
        assert_eq!(short_span(Duration::from_secs(59)), "59s");
        assert_eq!(short_span(Duration::from_secs(7_500)), "2h05");
        assert_eq!(short_span(Duration::from_secs(90_000)), "1d");
    }

    #[test]
    fn spans_are_written_as_seconds_and_read_as_they_were() {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct One(#[serde(with = "super::seconds")] Duration);
        for (text, span) in [
            ("4", Duration::from_secs(4)),
            ("0.5", Duration::from_millis(500)),
            ("{\"secs\":4,\"nanos\":0}", Duration::from_secs(4)),
        ] {
            assert_eq!(serde_json::from_str::<One>(text).expect(text).0, span);
        }
        assert_eq!(serde_json::to_string(&One(Duration::from_secs(4))).expect("written"), "4");
        assert!(serde_json::from_str::<One>("-1").is_err());
    }
}
