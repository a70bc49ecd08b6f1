//! Delivery statuses of a message, and how reports merge.
//!
//! Reports can arrive late, repeatedly and in any order. The furthest progress and the earliest failure are stored
//! side by side, and the shown status is derived from both, so any order of the same reports gives the same result.

use serde::{Deserialize, Serialize};

use crate::domain::costs::statement::PricingReport;
use crate::domain::failure::Failure;
use crate::domain::time::Timestamp;

/// A delivery status, in order of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Received from a contact.
    Received,
    /// Stored in the outbox and not sent yet.
    Queued,
    /// The provider accepted the message and returned an id.
    Accepted,
    Sent,
    Delivered,
    Read,
    /// The contact played the voice note.
    Played,
    /// The message was not delivered; the failure has the reason.
    Failed,
}

impl DeliveryStatus {
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Queued,
        Self::Accepted,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Played,
        Self::Failed,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Returns `true` if the status proves that the message reached the contact's phone.
    pub const fn proves_arrival(self) -> bool {
        matches!(self, Self::Delivered | Self::Read | Self::Played)
    }
}

/// A status as a provider reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    pub status: DeliveryStatus,
    /// When it happened, by the provider's clock.
    pub at: Timestamp,
    pub failure: Option<Failure>,
    /// What it reports about the charge; empty for most statuses.
    #[serde(default)]
    pub pricing: PricingReport,
}

/// All reported delivery statuses of a message, merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The furthest reported progress; never `Failed`.
    pub progress: DeliveryStatus,
    /// The first reported failure, with the provider's time.
    pub failed: Option<(Timestamp, Failure)>,
}

impl DeliveryRecord {
    pub const fn new(progress: DeliveryStatus) -> Self {
        Self { progress, failed: None }
    }

    /// Merges a report. Progress never moves backwards, and a failure is never removed.
    #[must_use]
    pub fn merge(mut self, report: &StatusReport) -> Self {
        if report.status == DeliveryStatus::Failed {
            let failure = report.failure.clone().unwrap_or_else(Failure::without_reason);
            let candidate = (report.at, failure);
            let earlier = match &self.failed {
                None => true,
                Some(known) => {
                    (candidate.0, &candidate.1.code, &candidate.1.said) < (known.0, &known.1.code, &known.1.said)
                }
            };
            if earlier {
                self.failed = Some(candidate);
            }
        } else {
            self.progress = self.progress.max(report.status);
        }
        self
    }

    /// Returns the status to show. A proof of arrival takes precedence over a failure, which then counts as a
    /// contradiction.
    pub const fn status(&self) -> DeliveryStatus {
        if self.failed.is_some() && !self.progress.proves_arrival() { DeliveryStatus::Failed } else { self.progress }
    }

    /// Returns `true` if the provider reported both arrival and failure.
    pub const fn contradictory(&self) -> bool {
        self.failed.is_some() && self.progress.proves_arrival()
    }

    /// Returns the first reported failure.
    pub fn failure(&self) -> Option<&Failure> {
        self.failed.as_ref().map(|(_, failure)| failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report(status: DeliveryStatus, at: i64) -> StatusReport {
        let failure = (status == DeliveryStatus::Failed).then(Failure::without_reason);
        StatusReport { status, at: Timestamp::from_seconds(at), failure, pricing: PricingReport::default() }
    }

    fn reports() -> impl Strategy<Value = Vec<StatusReport>> {
        let outbound = prop::sample::select(vec![
            DeliveryStatus::Accepted,
            DeliveryStatus::Sent,
            DeliveryStatus::Delivered,
            DeliveryStatus::Read,
            DeliveryStatus::Played,
            DeliveryStatus::Failed,
        ]);
        prop::collection::vec((outbound, 0_i64..50).prop_map(|(status, at)| report(status, at)), 0..8)
    }

    fn merged(reports: &[StatusReport]) -> DeliveryRecord {
        reports.iter().fold(DeliveryRecord::new(DeliveryStatus::Accepted), super::DeliveryRecord::merge)
    }

    proptest! {
        #[test]
        fn every_order_and_every_repetition_gives_the_same_picture(
            (sorted, shuffled) in reports().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))
        ) {
            prop_assert_eq!(merged(&sorted), merged(&shuffled));
            let twice: Vec<_> = shuffled.iter().chain(&sorted).cloned().collect();
            prop_assert_eq!(merged(&sorted), merged(&twice));
        }

        #[test]
        fn progress_never_goes_backwards(reports in reports()) {
            let mut standing = DeliveryRecord::new(DeliveryStatus::Accepted);
            for report in &reports {
                let before = standing.progress;
                standing = standing.merge(report);
                prop_assert!(standing.progress >= before);
            }
        }
    }

    #[test]
    fn a_late_sent_does_not_erase_a_failure() {
        let standing = merged(&[report(DeliveryStatus::Failed, 5), report(DeliveryStatus::Sent, 9)]);
        assert_eq!(standing.status(), DeliveryStatus::Failed);
        assert!(!standing.contradictory());
    }

    #[test]
    fn arrival_and_failure_together_are_a_contradiction_and_both_stay() {
        let standing = merged(&[report(DeliveryStatus::Failed, 5), report(DeliveryStatus::Read, 9)]);
        assert_eq!(standing.status(), DeliveryStatus::Read);
        assert!(standing.contradictory());
        assert!(standing.failure().is_some());
    }
}
