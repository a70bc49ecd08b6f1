//! Origin and memory budget of HTTP requests. The listener attaches them to each request.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum size in bytes of a small body; small bodies never wait for larger ones.
const SMALL: usize = 64 * 1024;
/// Unit of the budget, in bytes.
const UNIT: usize = 1024;

/// Origin and bounds of one request.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub address: IpAddr,
    pub bodies: BodyBudget,
}

/// Memory for all request bodies together, from before a body is read until its request is handled.
#[derive(Debug, Clone)]
pub struct BodyBudget {
    all: Arc<Semaphore>,
    /// Three quarters of the budget; a quarter is left to small bodies, regardless of how many large ones wait.
    large: Arc<Semaphore>,
    units: (u32, u32),
}

/// Reserved memory; dropping it releases the reservation.
#[derive(Debug)]
pub struct ReservedBody {
    _all: Option<OwnedSemaphorePermit>,
    _large: Option<OwnedSemaphorePermit>,
}

impl BodyBudget {
    /// Creates a budget of this many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(4);
        let large = units / 4 * 3;
        let semaphore = |units: u32| Arc::new(Semaphore::new((units as usize).min(Semaphore::MAX_PERMITS)));
        Self { all: semaphore(units), large: semaphore(large), units: (units, large) }
    }

    /// Reserves memory for a whole body, and waits until it is available. A request with a reservation can always
    /// finish.
    pub async fn reserve(&self, bytes: usize) -> ReservedBody {
        let wanted = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1);
        let (all, large) = self.units;
        let is_large = bytes > SMALL;
        // A body larger than the budget takes all of it and is read alone.
        let wanted = wanted.min(if is_large { large } else { all });
        let large = if is_large { self.large.clone().acquire_many_owned(wanted).await.ok() } else { None };
        ReservedBody { _large: large, _all: self.all.clone().acquire_many_owned(wanted).await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn large_bodies_wait_and_small_ones_pass_them() {
        let budget = BodyBudget::new(1024 * 1024);
        let first = budget.reserve(700 * 1024).await;
        assert!(budget.reserve(100 * 1024).now_or_never().is_none(), "three quarters are taken");
        let small = budget.reserve(60 * 1024).now_or_never().expect("small ones do not wait behind it");
        drop(first);
        drop(budget.reserve(100 * 1024).now_or_never().expect("it came back"));
        drop(small);
        let huge = budget.reserve(usize::MAX).now_or_never().expect("read alone");
        assert!(budget.reserve(SMALL + 1).now_or_never().is_none());
        drop(huge);
        drop(budget.reserve(700 * 1024).now_or_never().expect("all came back"));
    }
}
