//! The only place that reads the machine's clock and random generator.
#![expect(clippy::disallowed_methods, reason = "here the arguments come from")]

use std::time::Duration;

use rand::RngExt;

use crate::domain::time::{Clock, Rng, Timestamp};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }

    fn monotonic(&self) -> Option<Duration> {
        // Time since the system started, including suspension, in hundredths of a second. (proc(5), /proc/uptime.)
        let text = std::fs::read_to_string("/proc/uptime").ok()?;
        let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// The system's random generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Rng for SystemChance {
    fn unit(&self) -> f64 {
        rand::rng().random()
    }

    fn token(&self) -> [u8; 16] {
        rand::rng().random()
    }
}

/// Returns the offset of the system's time zone from UTC at a time, in seconds.
pub fn zone_offset(at: Timestamp) -> i64 {
    let zone = jiff::tz::TimeZone::system();
    jiff::Timestamp::from_millisecond(at.millis()).map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}

/// Returns a random seed for a demo that was started without one, below 65536.
pub fn random_seed() -> u64 {
    u64::from(rand::rng().random::<u16>())
}
