//! Provider outages: when an alert is raised, and its text.

use std::time::Duration;

use crate::domain::failure::Failure;
use crate::domain::ids::ConnectionId;
use crate::domain::time::{Timestamp, short_span};

/// Minimum duration of failures before an alert is raised.
const TOLD_AFTER: Duration = Duration::from_secs(30);
/// Minimum number of failures before an alert is raised; a single failure is no outage.
const TOLD_FROM: u32 = 2;
/// Time without attempts after which an outage is dropped, because no attempt shows whether it lasts.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// Failed attempts of one number since its last successful send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    pub connection: ConnectionId,
    /// Time of the first failure.
    pub since: Timestamp,
    /// Time of the latest failure.
    pub last_at: Timestamp,
    pub failures: u32,
    /// The latest failure.
    pub failure: Failure,
    /// Number of entries that are retried automatically.
    pub retried: u32,
}

impl Outage {
    /// Returns `true` if the outage raises an alert. Without pending retries it lasts only until its latest failure.
    pub fn raises_alert(&self, now: Timestamp) -> bool {
        let until = if self.retried > 0 { now.max(self.last_at) } else { self.last_at };
        self.failures >= TOLD_FROM && until.since(self.since) >= TOLD_AFTER
    }

    /// Returns `true` if nothing is retried any more, so that no send will show the end of the outage.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        self.retried == 0 && now.since(self.last_at) >= FORGOTTEN_AFTER
    }

    /// Returns the alert text for numbers that use the same base URL.
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

    /// Merges outages into one, from the first failure to the latest, whose failure it keeps. `None` if there are
    /// none.
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
        assert!(!outage(1, 100, 1).raises_alert(at(500)), "one try");
        assert!(!outage(2, 105, 1).raises_alert(at(129)), "too short");
        assert!(outage(2, 105, 1).raises_alert(at(130)));
        assert!(!outage(40, 101, 0).raises_alert(at(500)), "lost at one moment, and nothing was tried since");
        assert!(outage(2, 131, 0).raises_alert(at(131)));
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
