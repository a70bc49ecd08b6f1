//! The sender's step: claims an entry, ends the transaction, sends, and settles.

use std::time::Instant;

use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::outbox::claim::{Dispatch, claim_next};
use crate::operations::outbox::settle::{Settling, settle_attempt};
use crate::operations::{Result, System};

/// Sends the next entry that is due and allowed. Returns `false` if there is none now.
pub async fn send_next(system: &System) -> Result<bool> {
    let Some(Dispatch { claimed, attempt, connection, provider, request }) = claim_next(system).await? else {
        return Ok(false);
    };
    let began = Instant::now();
    let report = provider.send(&connection, &request).await;
    system.observe(MetricFamily::AttemptTimes, vec![("connection", connection.name.clone())], began.elapsed());
    settle_attempt(system, Settling { claimed, attempt, provider, report }).await?;
    Ok(true)
}
