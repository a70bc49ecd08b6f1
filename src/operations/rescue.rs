//! Deal with what a dead process held. An entry that was being sent may have arrived: it becomes
//! uncertain, never queued again. A run that was working is taken up again: its words go out once.

use super::settle::FIRST_LOOK;
use super::{Result, System};
use crate::domain::change::Change;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::time::Timestamp;

/// At start nobody else can be alive: whatever is held is abandoned, whatever its lease says.
pub async fn rescue_at_start(system: &System) -> Result<u64> {
    system.store().shelf().sweep();
    let mut write = system.store().write().await?;
    write.fetch_all_again(system.now()).await?;
    write.commit().await?;
    rescue(system, Timestamp::from_millis(i64::MAX)).await
}

/// While running: only what outlived its lease.
pub async fn rescue_abandoned(system: &System) -> Result<u64> {
    rescue(system, system.now()).await
}

async fn rescue(system: &System, leased_until: Timestamp) -> Result<u64> {
    let now = system.now();
    let mut write = system.store().write().await?;
    let abandoned = write.abandoned(leased_until).await?;
    let failure = Failure::own(
        FailureClass::Unknown,
        "Stopped while sending",
        "The program ended while this was on the wire: it may have arrived.",
        "It is looked up at the provider; else decide with what is known.",
    );
    for (entry, thread) in &abandoned {
        write.abandon_attempts(*entry, &failure, now).await?;
        write.doubt_entry(*entry, &failure, now.plus(FIRST_LOOK)).await?;
        write.wait(*thread, "a reply may not have arrived: the program stopped while sending", now).await?;
    }
    let runs = write.rescue_runs(leased_until, now).await?;
    write.commit().await?;
    if !abandoned.is_empty() {
        tracing::warn!(
            entries = abandoned.len(),
            "entries were being sent when the program stopped: they are uncertain now"
        );
        system.bus().publish([Change::Outbox]);
    }
    Ok(abandoned.len() as u64 + runs)
}
