//! The loop of a worker: runs steps while there is work, then sleeps until the next one is due.

use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::domain::time::Timestamp;
use crate::operations::{OperationError, System};
use crate::store::StoreError;

/// Delay after a step that failed.
pub(super) const FAILURE_DELAY: Duration = Duration::from_secs(2);

/// The loop of one worker.
pub(super) struct Loop {
    pub(super) name: &'static str,
    pub(super) wakeup: fn(&System) -> &Notify,
    pub(super) system: System,
    pub(super) stop: CancellationToken,
}

impl Loop {
    /// Runs `step` as long as it returns `true` (it did something), then sleeps until `due` returns, or until woken
    /// up.
    pub(super) async fn run<S, SF, D, DF>(self, step: S, due: D)
    where
        S: Fn(System) -> SF,
        SF: Future<Output = Result<bool, OperationError>>,
        D: Fn(System) -> DF,
        DF: Future<Output = Result<Option<Timestamp>, StoreError>>,
    {
        while !self.stop.is_cancelled() {
            match step(self.system.clone()).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    self.pause(&error).await;
                    continue;
                }
            }
            match due(self.system.clone()).await {
                Ok(Some(at)) => self.sleep(at.since(self.system.now())).await,
                Ok(None) => self.sleep(Duration::MAX).await,
                Err(error) => self.pause(&error.into()).await,
            }
        }
    }

    /// Sleeps after an error, even if woken up: a failing step must not run more often because more work arrives.
    pub(super) async fn pause(&self, error: &OperationError) {
        log_error(&self.system, self.name, error);
        tokio::select! {
            () = tokio::time::sleep(FAILURE_DELAY) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Sleeps for this time, or until woken up.
    pub(super) async fn sleep(&self, span: Duration) {
        let wakeup = (self.wakeup)(&self.system);
        // Timers have a maximum; checking once a day costs nothing.
        let span = span.min(Duration::from_secs(86_400));
        tokio::select! {
            () = wakeup.notified() => {}
            () = tokio::time::sleep(span) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// Logs an error, and reports failures of the database to the store, which derives its health from them.
pub(super) fn log_error(system: &System, worker: &str, error: &OperationError) {
    if let OperationError::Failed(error) = error {
        system.store().note_failure(error);
        if !system.store().may_log(error) {
            return;
        }
    }
    tracing::error!(worker, %error, "Worker step failed; retrying");
}
