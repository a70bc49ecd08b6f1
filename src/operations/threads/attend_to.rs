//! Nobody falls through: a thread whose contact has no answer, and that no person, agent or rule attends to, waits for a
//! person.

use std::time::Duration;

use crate::domain::change::Change;
use crate::operations::{Result, System};
use crate::store::Unattended;

/// How far back the watcher looks: a week.
const LOOKS_BACK: Duration = Duration::from_secs(7 * 86_400);

/// Has every thread wait for a person that nobody attends to: whatever led to that, and also after a crash.
pub async fn attend_to_all(system: &System) -> Result<()> {
    let now = system.now();
    // Seldom is there one: nothing is written for the look alone.
    if !system.everything().has_unattended(now.minus(LOOKS_BACK), now).await? {
        return Ok(());
    }
    let mut write = system.store().write().await?;
    let which = Unattended::Since(now.minus(LOOKS_BACK));
    let found = write.attend_to(which, "a message has no answer, and nobody attended to it", now).await?;
    write.commit().await?;
    if !found.is_empty() {
        tracing::warn!(threads = found.len(), "Threads that nobody attended to wait for a person");
        system.bus().publish(found.into_iter().map(Change::Thread));
    }
    Ok(())
}
