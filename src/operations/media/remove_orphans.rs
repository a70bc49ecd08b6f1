//! Removes files that no row names: the engine was killed after storing the file and before storing its row.

use crate::domain::message::upload::UPLOAD_KEPT;
use crate::operations::{Result, System};

/// Removes unnamed files that are older than any upload may be. Returns their number.
pub(crate) async fn remove_orphans(system: &System) -> Result<usize> {
    let shelf = system.store().files();
    let before = system.now().minus(UPLOAD_KEPT);
    let looked = shelf.clone();
    let old = tokio::task::spawn_blocking(move || looked.older_than(before)).await.unwrap_or_default();
    let old = system.store().find_unreferenced(old).await?;
    if old.is_empty() {
        return Ok(0);
    }
    // Checked in the write transaction, so that no row can start to name a file before it is removed.
    let mut write = system.store().write().await?;
    let orphans = write.unnamed(old).await?;
    let mut removed = 0;
    for name in &orphans {
        match shelf.remove(name) {
            Ok(()) => removed += 1,
            Err(error) => tracing::warn!(%name, %error, "Cannot delete an orphaned file"),
        }
    }
    write.commit().await?;
    Ok(removed)
}
