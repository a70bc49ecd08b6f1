//! Send limits: per connection, per number and contact, and wadeck's own limit of one business-initiated message per
//! contact and hour. Messages that exceed a limit are held until a known time, never dropped.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::failure::{Failure, FailureClass};
use crate::domain::time::Timestamp;

/// On average one send per `interval`, with bursts of up to `burst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub interval: Duration,
    pub burst: u32,
}

impl Rate {
    /// Limit per contact: one message in six seconds, with bursts of up to 45.
    pub const PAIR: Self = Self { interval: Duration::from_secs(6), burst: 45 };

    /// Returns a limit of `count` sends per second, with bursts of one second's worth.
    pub fn per_second(count: u32) -> Self {
        let count = count.max(1);
        Self { interval: Duration::from_secs(1) / count, burst: count }
    }

    /// Returns how far back the send history has to reach.
    pub fn horizon(&self) -> Duration {
        self.interval * self.burst
    }

    /// Returns when the next send may start, given the times of earlier sends in any order. It is at most one full
    /// burst from now, even if the history was written by a clock that was ahead.
    pub fn ready_at(&self, history: &[Timestamp], now: Timestamp) -> Timestamp {
        // Times later than that were written by a clock that was ahead of this one.
        let horizon = now.plus(self.horizon());
        let mut history: Vec<Timestamp> = history.iter().copied().filter(|sent| *sent <= horizon).collect();
        history.sort_unstable();
        let tolerance = self.interval * self.burst.saturating_sub(1);
        // Theoretical arrival time of the next conforming send (leaky bucket as a meter).
        let next = history.iter().fold(Timestamp::EPOCH, |next, sent| next.max(*sent).plus(self.interval));
        next.minus(tolerance).max(now).min(horizon)
    }
}

/// Why an entry is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The number's send rate is reached.
    ConnectionRate,
    /// The send rate to this contact is reached.
    PairRate,
    /// Limit of one business-initiated message per contact and hour.
    HourlyPolicy,
    /// The provider rejected the API key; nothing is sent until that is fixed.
    Credentials,
    /// The provider blocked the account or number; nothing is sent until that is fixed.
    Account,
    /// The contact opted out of marketing, and the template's category is unknown because the list was not fetched
    /// yet.
    TemplateList,
    /// A person holds the entry.
    Operator,
}

impl Hold {
    pub const ALL: [Self; 7] = [
        Self::ConnectionRate,
        Self::PairRate,
        Self::HourlyPolicy,
        Self::Credentials,
        Self::Account,
        Self::TemplateList,
        Self::Operator,
    ];

    /// Returns the hold of the whole number that a failure requires.
    pub const fn of_number(failure: &Failure) -> Self {
        if matches!(failure.class, FailureClass::Account) { Self::Account } else { Self::Credentials }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionRate => "connection_rate",
            Self::PairRate => "pair_rate",
            Self::HourlyPolicy => "hourly_policy",
            Self::Credentials => "credentials",
            Self::Account => "account",
            Self::TemplateList => "template_list",
            Self::Operator => "operator",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.name() == name)
    }

    /// Describes the reason.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ConnectionRate => "send rate of the number reached",
            Self::PairRate => "at most one message per contact in 6 s",
            Self::HourlyPolicy => "at most one business-initiated message per contact and hour",
            Self::Credentials => "API key rejected by the provider",
            Self::Account => "account or number blocked by the provider",
            Self::TemplateList => "template list not fetched yet, so its category is unknown",
            Self::Operator => "held by a person",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_is_paced() {
        let rate = Rate { interval: Duration::from_secs(6), burst: 3 };
        let start = Timestamp::from_seconds(1_000);
        let mut sent = vec![];
        for expected in [0, 0, 0, 6, 12, 18] {
            let at = rate.ready_at(&sent, start);
            assert_eq!(at.since(start).as_secs(), expected);
            sent.push(at);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_longer_than_the_bucket() {
        let rate = Rate { interval: Duration::from_secs(6), burst: 3 };
        let (before, now) = (Timestamp::from_seconds(10_000), Timestamp::from_seconds(2_800));
        assert_eq!(rate.ready_at(&[before; 40], now), now, "two hours ahead: it says nothing about now");
        let soon = now.plus(Duration::from_secs(10));
        let until = rate.ready_at(&[soon; 40], now);
        assert!(until > now && until <= now.plus(rate.horizon()), "{until}");
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_holds_more_than_its_share(gaps in prop::collection::vec(0_i64..9_000, 1..80)) {
            let rate = Rate { interval: Duration::from_secs(6), burst: 5 };
            let mut now = Timestamp::from_seconds(1_000);
            let mut sent: Vec<Timestamp> = vec![];
            for gap in gaps {
                now = Timestamp::from_millis(now.millis() + gap);
                let at = rate.ready_at(&sent, now);
                sent.push(at);
                now = now.max(at);
            }
            for (first, from) in sent.iter().enumerate() {
                for (last, until) in sent.iter().enumerate().skip(first) {
                    let allowed = 5 + until.since(*from).as_millis() / 6_000;
                    prop_assert!((last - first + 1) as u128 <= allowed, "{from} {until}");
                }
            }
        }
    }
}
