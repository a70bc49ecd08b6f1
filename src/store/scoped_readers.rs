//! Pools of readers restricted to one scope, kept open for the scopes used last.

use std::sync::{Mutex, PoisonError};

use sqlx::sqlite::SqlitePool;

use crate::domain::access::scope::Scope;

/// Maximum number of scopes whose readers are kept open.
const KEPT: usize = 16;

/// Readers by scope, the last used last.
#[derive(Debug, Default)]
pub(super) struct ScopedReaders(Mutex<Vec<(Scope, SqlitePool)>>);

impl ScopedReaders {
    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<(Scope, SqlitePool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the open readers of a scope and marks them as used last.
    pub(super) fn of(&self, scope: &Scope) -> Option<SqlitePool> {
        let mut kept = self.kept();
        let at = kept.iter().position(|(known, _)| known == scope)?;
        let one = kept.remove(at);
        kept.push(one);
        kept.last().map(|(_, readers)| readers.clone())
    }

    /// Adds readers of a scope. Returns the pools that must be closed.
    pub(super) fn keep(&self, scope: &Scope, readers: &SqlitePool) -> Vec<SqlitePool> {
        let mut kept = self.kept();
        kept.retain(|(known, _)| known != scope);
        kept.push((scope.clone(), readers.clone()));
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over).map(|(_, readers)| readers).collect()
    }

    /// Closes all readers.
    pub(super) async fn close(&self) {
        let all = std::mem::take(&mut *self.kept());
        for (_, readers) in all {
            readers.close().await;
        }
    }
}
