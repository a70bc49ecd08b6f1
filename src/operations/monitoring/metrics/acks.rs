//! Response times of the last webhooks.

use std::time::Duration;

use crate::operations::{System, unpoisoned};

/// Number of response times kept.
const ACKS: usize = 512;

impl System {
    /// Records the response time of a webhook.
    pub(in crate::operations) fn note_ack(&self, took: Duration) {
        let mut acks = unpoisoned(&self.shared.acks);
        if acks.len() == ACKS {
            acks.pop_front();
        }
        acks.push_back(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    }

    /// Returns the 50th, 95th and 99th percentile of the last response times, in milliseconds; `None` before the
    /// first webhook.
    pub(in crate::operations) fn ack_quantiles(&self) -> Option<(u64, u64, u64)> {
        let mut times: Vec<u64> = unpoisoned(&self.shared.acks).iter().copied().collect();
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
        Some((at(50)?, at(95)?, at(99)?))
    }

    /// Returns the 95th percentile of the last response times, in milliseconds; `None` before the first webhook.
    pub(in crate::operations) fn ack_p95(&self) -> Option<u64> {
        self.ack_quantiles().map(|(_, p95, _)| p95)
    }
}
