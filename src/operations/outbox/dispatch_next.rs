//! The sender's step: claims entries, ends the transaction, sends, and settles.

use std::time::Instant;

use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::outbox::claim::{self, Dispatch, claim_next};
use crate::operations::outbox::settle::{Settling, settle_attempt};
use crate::operations::{Result, System};

/// Sends the next entry that is due and allowed. Returns `false` if there is none now.
pub async fn send_next(system: &System) -> Result<bool> {
    let Some(dispatch) = claim_next(system).await? else { return Ok(false) };
    send_claimed(system, dispatch, ()).await?;
    Ok(true)
}

/// Claims up to `limit` entries that are due and allowed, in one transaction.
pub async fn claim_sends(system: &System, limit: usize) -> Result<Vec<Dispatch>> {
    claim::claim(system, limit).await
}

/// Sends a claimed entry and settles it. `slot` is dropped when the provider has responded, before the response is
/// recorded.
pub async fn send_claimed<S>(system: &System, dispatch: Dispatch, slot: S) -> Result<()> {
    let Dispatch { claimed, attempt, connection, provider, request } = dispatch;
    let began = Instant::now();
    let report = provider.send(&connection, &request).await;
    drop(slot);
    system.observe(MetricFamily::AttemptTimes, vec![("connection", connection.name.clone())], began.elapsed());
    settle_attempt(system, Settling { claimed, attempt, provider, report }).await
}
