//! Marks unattended threads as waiting for a person: threads whose contact has no answer, and that no person, agent or rule
//! is responsible for.

use std::time::Duration;

use crate::domain::change::Change;
use crate::operations::{Result, System};
use crate::store::Unattended;

/// Period that the watcher examines: a week.
const EXAMINED_PERIOD: Duration = Duration::from_secs(7 * 86_400);

/// Marks all unattended threads of the period as waiting, whatever the cause, a crash included.
pub async fn mark_all_unattended(system: &System) -> Result<()> {
    let now = system.now();
    // Read first: usually there is none, and no write transaction is needed.
    if !system.everything().has_unattended(now.minus(EXAMINED_PERIOD), now).await? {
        return Ok(());
    }
    let mut write = system.store().write().await?;
    let which = Unattended::Since(now.minus(EXAMINED_PERIOD));
    let found = write.attend_to(which, "a message has no reply, and no person or agent handles it", now).await?;
    write.commit().await?;
    if !found.is_empty() {
        tracing::warn!(threads = found.len(), "Unattended threads wait for a person");
        system.bus().publish(found.into_iter().map(Change::Thread));
    }
    Ok(())
}
