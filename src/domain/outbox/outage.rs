//! A provider that does not answer, or is unwell: when people are told, and in which words.

use std::time::Duration;

use crate::domain::failure::Failure;
use crate::domain::ids::ConnectionId;
use crate::domain::time::{Timestamp, short_span};

/// For how long no send may succeed before people are told.
const TOLD_AFTER: Duration = Duration::from_secs(30);
/// One try that failed is a blip; what fails again is an outage.
const TOLD_FROM: u32 = 2;
/// Where nothing is tried any more, nothing shows whether it lasts.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// The tries of one number since the last send that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    pub connection: ConnectionId,
    /// When the first of them failed.
    pub since: Timestamp,
    /// When the last of them failed.
    pub last_at: Timestamp,
    pub failures: u32,
    /// How the last of them failed.
    pub failure: Failure,
    /// Entries that are tried again by themselves.
    pub retried: u32,
}

impl Outage {
    /// Whether it has lasted long enough for an alert. While nothing is tried again, only tries that failed count.
    pub fn is_told(&self, now: Timestamp) -> bool {
        let until = if self.retried > 0 { now.max(self.last_at) } else { self.last_at };
        self.failures >= TOLD_FROM && until.since(self.since) >= TOLD_AFTER
    }

    /// Whether nothing is tried any more, so that no send will show that it is over.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        self.retried == 0 && now.since(self.last_at) >= FORGOTTEN_AFTER
    }

    /// What the alert says about these numbers, which go through the same address.
    pub fn words(&self, numbers: &str, base_url: &str, now: Timestamp) -> String {
        let waiting = match self.retried {
            0 => String::new(),
            1 => " 1 message waits and is retried automatically.".to_owned(),
            count => format!(" {count} messages wait and are retried automatically."),
        };
        format!(
            "Sending via {numbers} has failed for {}: {}. {}{waiting} Check the network, {base_url} and the provider's \
             status page.",
            short_span(now.max(self.last_at).since(self.since)),
            self.failure.line(),
            self.failure.explanation
        )
    }

    /// Many as one: from the first failure to the last, which says how. `None` where there are none.
    pub fn merged(outages: &[Self]) -> Option<Self> {
        let last = outages.iter().max_by_key(|one| one.last_at)?;
        let mut merged = last.clone();
        merged.since = outages.iter().map(|one| one.since).min().unwrap_or(last.since);
        merged.failures = outages.iter().fold(0, |sum, one| sum.saturating_add(one.failures));
        merged.retried = outages.iter().fold(0, |sum, one| sum.saturating_add(one.retried));
        Some(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureClass;

    fn outage(failures: u32, last_at: i64, retried: u32) -> Outage {
        Outage {
            connection: ConnectionId(1),
            since: Timestamp::from_seconds(100),
            last_at: Timestamp::from_seconds(last_at),
            failures,
            failure: Failure::own(FailureClass::Transient, "Provider error", "It answered with an error.", ""),
            retried,
        }
    }

    #[test]
    fn a_blip_is_not_told_and_an_outage_is() {
        let at = Timestamp::from_seconds;
        assert!(!outage(1, 100, 1).is_told(at(500)), "one try");
        assert!(!outage(2, 105, 1).is_told(at(129)), "too short");
        assert!(outage(2, 105, 1).is_told(at(130)));
        assert!(!outage(40, 101, 0).is_told(at(500)), "lost at one moment, and nothing was tried since");
        assert!(outage(2, 131, 0).is_told(at(131)));
        assert!(!outage(2, 131, 0).is_forgotten(at(700)));
        assert!(outage(2, 131, 0).is_forgotten(at(731)));
        assert!(!outage(2, 131, 1).is_forgotten(at(9_000)));
    }

    #[test]
    fn the_words_name_number_age_cause_and_what_waits() {
        let words = outage(3, 105, 2).words("support", "https://api.example", Timestamp::from_seconds(220));
        assert!(words.starts_with("Sending via support has failed for 2m: Provider error. It answered"), "{words}");
        assert!(words.contains("2 messages wait and are retried automatically."), "{words}");
        assert!(words.contains("https://api.example"), "{words}");
    }

    #[test]
    fn many_are_merged_from_the_first_to_the_last() {
        let merged = Outage::merged(&[outage(1, 150, 1), outage(3, 130, 2)]).expect("two");
        assert_eq!((merged.failures, merged.retried, merged.last_at), (4, 3, Timestamp::from_seconds(150)));
        assert_eq!(Outage::merged(&[]), None);
    }
}
