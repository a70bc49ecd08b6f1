//! Statistics, and the targets that they are compared with.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// Target: more than this percentage of accepted messages is delivered.
pub const DELIVERED: f64 = 95.0;
/// Target: more than this percentage of conversations that we start gets a reply.
pub const REPLIED: f64 = 40.0;
/// Target: a webhook is acknowledged within this many milliseconds.
pub const ACKNOWLEDGED: u64 = 500;

/// Delivery counts of the messages of one number, template, agent or person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// `connection`, `template` or `author`.
    pub by: String,
    pub name: String,
    /// Accepted by the provider.
    pub sent: u32,
    pub delivered: u32,
    pub read: u32,
    pub failed: u32,
    /// Accepted too recently to be counted.
    pub pending: u32,
    /// Answered by the contact within 24 hours.
    pub replied: u32,
}

impl Metric {
    /// Returns the percentage that was delivered; `None` without delivered or failed messages.
    pub fn delivery_rate(&self) -> Option<f64> {
        let judged = self.delivered + self.failed;
        (judged > 0).then(|| f64::from(self.delivered) * 100.0 / f64::from(judged))
    }

    /// Returns the percentage of delivered messages that the contact answered; `None` without delivered messages.
    pub fn reply_rate(&self) -> Option<f64> {
        (self.delivered > 0).then(|| f64::from(self.replied) * 100.0 / f64::from(self.delivered))
    }
}

/// Message counts of one hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourBar {
    pub hour: i64,
    pub inbound: u32,
    pub sent: u32,
    pub failed: u32,
}

/// Statistics for a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticsView {
    pub since: Timestamp,
    #[serde(alias = "gauges")]
    pub metrics: Vec<Metric>,
    /// The last 24 hours, oldest first.
    pub hours: Vec<HourBar>,
    /// Response times of recent webhooks in milliseconds: 50th, 95th and 99th percentile.
    pub ack_ms: Option<(u64, u64, u64)>,
    /// Messages that exceeded a send rate, and business-initiated messages within the same hour.
    pub breaches: u32,
    pub queued: u32,
    pub oldest_queued_at: Option<Timestamp>,
}

/// Draws a bar in eighths of a cell, or in ASCII characters. The length carries the value without color.
pub fn bar(value: f64, most: f64, cells: usize, ascii: bool) -> String {
    let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
    if ascii {
        let full = (share * cells as f64).round() as usize;
        return format!("{}{}", "#".repeat(full), ".".repeat(cells - full));
    }
    let eighths = (share * cells as f64 * 8.0).round() as usize;
    let (full, rest) = (eighths / 8, eighths % 8);
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][rest];
    let used = full + usize::from(rest > 0);
    format!("{}{part}{}", "█".repeat(full), "·".repeat(cells.saturating_sub(used)))
}

/// Draws a row of columns, one per value.
pub fn columns(values: &[u32], ascii: bool) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let steps: &[&str] =
        if ascii { &["_", ".", ":", "|"] } else { &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] };
    let step = |value: &u32| {
        if *value == 0 {
            return if ascii { "_" } else { " " };
        }
        let at = (u64::from(*value) * (steps.len() as u64 - 1)).div_ceil(u64::from(most)) as usize;
        steps[at.min(steps.len() - 1)]
    };
    values.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_columns_keep_their_width() {
        for value in [0.0, 0.4, 50.0, 99.9, 100.0, 300.0] {
            for ascii in [false, true] {
                assert_eq!(bar(value, 100.0, 10, ascii).chars().count(), 10, "{value}");
            }
        }
        assert_eq!(columns(&[0, 1, 4, 8], false), " ▂▅█");
        assert_eq!(columns(&[0, 0], true), "__");
    }

    #[test]
    fn what_cannot_be_judged_has_no_rate() {
        let gauge = Metric { sent: 3, pending: 3, ..Metric::default() };
        assert_eq!(gauge.delivery_rate(), None);
        let gauge = Metric { sent: 4, delivered: 3, failed: 1, replied: 1, ..Metric::default() };
        assert_eq!(gauge.delivery_rate(), Some(75.0));
    }
}
