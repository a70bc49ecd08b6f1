//! Points in time, in UTC, to the millisecond. Nothing here asks what time it is: that is an
//! argument everywhere, handed down from a [`Clock`] that the program's edge owns.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Milliseconds since 1970 in UTC. Written as RFC 3339 wherever a program or a person reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970: what an absent provider time is stored as.
    pub const EPOCH: Self = Self(0);

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Reads RFC 3339 text such as `2026-06-01T09:00:00Z`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; nothing when it is not after.
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

/// Who says what time it is.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Who throws the dice: jitter, references, nonces.
pub trait Chance: Send + Sync {
    /// A number in `0.0..1.0`.
    fn unit(&self) -> f64;
    /// Sixteen bytes that nobody can guess.
    fn token(&self) -> [u8; 16];
}

/// `4 s`, `3 min`, `2 h 05`, `3 d`: a span as a person says it, never longer than six cells.
pub fn short_span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h{:02}", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d", seconds / 86_400),
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
    fn spans_stay_short_and_never_turn_negative() {
        let at = Timestamp::from_seconds(100);
        assert_eq!(Timestamp::EPOCH.since(at), Duration::ZERO);
        assert_eq!(short_span(Duration::from_secs(59)), "59s");
        assert_eq!(short_span(Duration::from_secs(7_500)), "2h05");
        assert_eq!(short_span(Duration::from_secs(90_000)), "1d");
    }
}
