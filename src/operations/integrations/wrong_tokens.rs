//! Limits requests with invalid tokens, per address and in total, logs them at a bounded rate, and raises an alert if
//! they persist. A valid token always passes, also from an address over the limit.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::domain::access::actor::Actor;
use crate::domain::access::token::TokenView;
use crate::domain::change::Change;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::time::Timestamp;
use crate::operations::integrations::tokens::known_by;
use crate::operations::monitoring::conditions::{over, raise_condition};
use crate::operations::{Result, System, unpoisoned};

/// Maximum number of invalid tokens per minute, per address and in total; further ones are rejected.
const MOST_OF_ONE: u32 = 20;
const MOST_OF_ALL: usize = 200;
const MINUTE: Duration = Duration::from_secs(60);
/// Number of invalid tokens within `TOLD_WITHIN` that raises an alert.
const TOLD_AT: u64 = 100;
const TOLD_WITHIN: Duration = Duration::from_secs(600);
/// Maximum number of addresses counted separately within a minute; beyond it only the total counts.
const MOST_ADDRESSES: usize = 4_096;
/// Maximum number of known valid tokens, which never wait.
const MOST_SEEN: usize = 1_024;
/// How long a request over the limit waits for the lookup of its token.
const PATIENCE: Duration = Duration::from_secs(1);

/// State of the limits for invalid tokens.
#[derive(Debug)]
pub(crate) struct WrongTokens {
    minute: Timestamp,
    of_one: HashMap<IpAddr, u32>,
    of_all: usize,
    /// Number of invalid tokens in each of the last minutes.
    lately: VecDeque<(Timestamp, u64)>,
    logged_at: Option<Timestamp>,
    unlogged: u64,
    is_told: bool,
    seen: HashSet<[u8; 32]>,
    /// Over the limit, tokens are looked up one at a time.
    lane: Arc<Semaphore>,
}

impl Default for WrongTokens {
    fn default() -> Self {
        Self {
            minute: Timestamp::EPOCH,
            of_one: HashMap::new(),
            of_all: 0,
            lately: VecDeque::new(),
            logged_at: None,
            unlogged: 0,
            is_told: false,
            seen: HashSet::new(),
            lane: Arc::new(Semaphore::new(1)),
        }
    }
}

/// Result of checking a token.
#[derive(Debug)]
pub enum Admission {
    /// The token is valid, for this view and actor.
    Known(Box<(TokenView, Actor)>),
    /// The token is invalid.
    Unknown,
    /// Too many invalid tokens; this one was not checked or is invalid.
    TooMany,
}

/// Returns the network of one customer: an IPv4 address, or an IPv6 /64 prefix.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

impl WrongTokens {
    fn roll(&mut self, now: Timestamp) {
        // A clock that was set back starts a new minute too.
        if now < self.minute || now.since(self.minute) >= MINUTE {
            self.minute = now;
            self.of_one.clear();
            self.of_all = 0;
        }
        self.lately.retain(|(at, _)| *at <= now && now.since(*at) < TOLD_WITHIN);
    }

    fn is_over(&mut self, from: IpAddr, now: Timestamp) -> bool {
        self.roll(now);
        self.of_all >= MOST_OF_ALL || self.of_one.get(&from).is_some_and(|count| *count >= MOST_OF_ONE)
    }

    fn lately(&self) -> u64 {
        self.lately.iter().map(|(_, count)| count).sum()
    }

    /// Counts one invalid token. Returns the text of the alert if it is due.
    fn count(&mut self, from: IpAddr, now: Timestamp) -> Option<String> {
        self.roll(now);
        self.of_all += 1;
        if self.of_one.len() < MOST_ADDRESSES || self.of_one.contains_key(&from) {
            *self.of_one.entry(from).or_default() += 1;
        }
        match self.lately.back_mut() {
            Some((at, count)) if *at == self.minute => *count += 1,
            _ => self.lately.push_back((self.minute, 1)),
        }
        self.unlogged += 1;
        if self.logged_at.is_none_or(|at| at > now || now.since(at) >= MINUTE) {
            tracing::warn!(%from, tokens = self.unlogged, "Request with an invalid token");
            (self.logged_at, self.unlogged) = (Some(now), 0);
        }
        (!self.is_told && self.lately() >= TOLD_AT).then(|| {
            self.is_told = true;
            format!(
                "{} requests with an invalid token within ten minutes, the last from {from}. Find out who sends them, and block them from the API.",
                self.lately()
            )
        })
    }
}

/// Checks a token that was sent from an address.
pub async fn admit(system: &System, from: IpAddr, token: &str) -> Result<Admission> {
    let from = network(from);
    let digest: [u8; 32] = Sha256::digest(token).into();
    let (over, lane) = {
        let mut wrong = unpoisoned(&system.shared.wrong_tokens);
        let over = wrong.is_over(from, system.now()) && !wrong.seen.contains(&digest);
        (over, wrong.lane.clone())
    };
    let _turn = if over {
        match tokio::time::timeout(PATIENCE, lane.acquire_owned()).await {
            Ok(Ok(turn)) => Some(turn),
            _ => return Ok(Admission::TooMany),
        }
    } else {
        None
    };
    if let Some(known) = known_by(system, token).await? {
        let mut wrong = unpoisoned(&system.shared.wrong_tokens);
        if wrong.seen.len() < MOST_SEEN {
            wrong.seen.insert(digest);
        }
        return Ok(Admission::Known(Box::new(known)));
    }
    let alert = {
        let mut wrong = unpoisoned(&system.shared.wrong_tokens);
        wrong.seen.remove(&digest);
        wrong.count(from, system.now())
    };
    if let Some(said) = alert {
        let mut write = system.store().write().await?;
        raise_condition(&mut write, AlertKind::WrongTokens, "api", &said, system.now()).await?;
        write.commit().await?;
        system.bus().publish([Change::Alerts]);
    }
    Ok(if over { Admission::TooMany } else { Admission::Unknown })
}

/// Clears the alert once invalid tokens have become rare.
pub(crate) async fn clear_if_rare(system: &System) -> Result<()> {
    {
        let mut wrong = unpoisoned(&system.shared.wrong_tokens);
        wrong.roll(system.now());
        if !wrong.is_told || wrong.lately() >= TOLD_AT {
            return Ok(());
        }
        wrong.is_told = false;
    }
    let mut write = system.store().write().await?;
    if over(&mut write, AlertKind::WrongTokens, "api", system.now()).await? {
        system.bus().publish([Change::Alerts]);
    }
    write.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_by_network_and_in_all_and_end_with_the_minute() {
        let mut wrong = WrongTokens::default();
        let at = |seconds: i64| Timestamp::from_seconds(1_000 + seconds);
        let one = network("2001:db8::1".parse().expect("an address"));
        assert_eq!(one, network("2001:db8::ffff:2".parse().expect("an address")));
        let other: IpAddr = "192.0.2.7".parse().expect("an address");
        for _ in 0..MOST_OF_ONE {
            assert!(!wrong.is_over(one, at(0)));
            assert!(wrong.count(one, at(0)).is_none());
        }
        assert!(wrong.is_over(one, at(59)) && !wrong.is_over(other, at(59)));
        let mut told = 0;
        for number in 0..MOST_OF_ALL {
            let from = IpAddr::from([10, 0, (number / 250) as u8, (number % 250) as u8]);
            told += usize::from(wrong.count(from, at(59)).is_some());
        }
        assert_eq!(told, 1, "told once");
        assert!(wrong.is_over(other, at(59)), "in all");
        assert!(!wrong.is_over(other, at(60)) && !wrong.is_over(one, at(60)));
        assert!(wrong.lately() >= TOLD_AT);
        wrong.roll(at(60 + 600));
        assert_eq!(wrong.lately(), 0);
    }
}
