//! Recovers what a dead process held. An entry in flight may have arrived, so it becomes uncertain and is not queued
//! again. An agent run in progress is resumed; its messages are sent once.

use crate::domain::change::Change;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::time::Timestamp;
use crate::operations::outbox::claim::LEASE;
use crate::operations::outbox::settle::FIRST_LOOK;
use crate::operations::{Result, System};
use crate::store::{StoreError, Write};

/// Recovers at startup. No other process is alive, so every lease counts as abandoned.
pub async fn rescue_at_start(system: &System) -> Result<u64> {
    system.store().files().sweep();
    let mut write = system.store().write().await?;
    write.fetch_all_again(system.now()).await?;
    write.pace_from_now(system.now()).await?;
    write.commit().await?;
    rescue(system, Timestamp::from_millis(i64::MAX)).await
}

/// Recovers while running: only expired leases.
pub async fn rescue_abandoned(system: &System) -> Result<u64> {
    rescue(system, system.now()).await
}

async fn rescue(system: &System, leased_until: Timestamp) -> Result<u64> {
    let now = system.now();
    let mut write = system.store().write().await?;
    let abandoned = write.abandoned(leased_until, now.plus(LEASE)).await?;
    let failure = Failure::own(
        FailureClass::Unknown,
        "Stopped while sending",
        "wadeck stopped while this was in flight: it may have arrived.",
        "wadeck queries the provider. If that does not settle it, decide by the evidence.",
    );
    for (entry, thread) in &abandoned {
        write.mark_uncertain(*entry, &failure, now.plus(FIRST_LOOK)).await?;
        // An error with one entry does not keep the others in flight.
        write.savepoint().await?;
        match note(&mut write, *entry, *thread, &failure, now).await {
            Ok(()) => write.release_savepoint().await?,
            Err(error) => {
                tracing::error!(%entry, %error, "Cannot record what the previous process left in flight");
                write.rollback_to_savepoint().await?;
            }
        }
    }
    let runs = write.rescue_runs(leased_until, now).await?;
    write.commit().await?;
    if !abandoned.is_empty() {
        tracing::warn!(entries = abandoned.len(), "Entries were in flight when wadeck stopped: they are uncertain now");
        system.bus().publish([Change::Outbox]);
    }
    Ok(abandoned.len() as u64 + runs)
}

async fn note(
    write: &mut Write,
    entry: EntryId,
    thread: ThreadId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    write.abandon_attempts(entry, failure, now).await?;
    write.wait(thread, "a reply may not have arrived: wadeck stopped while sending it", now).await
}
