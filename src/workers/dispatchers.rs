//! Dispatchers: each claims work for all of its free slots in one transaction, and starts a task for each item.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::step_loop::{Loop, log_error};
use crate::domain::time::Timestamp;
use crate::operations::{self, OperationError, Pacer, System};
use crate::store::StoreError;

/// Outbox entries that are at their providers at the same time, over all threads.
const MAX_SENDS: usize = 16;
/// Agent runs at the same time.
const MAX_RUNS: usize = 16;
/// Minimum time between two transactions that claim several items.
const CLAIM_INTERVAL: Duration = Duration::from_millis(10);

/// Starts the dispatchers of agent runs and of sends. After `stop` is cancelled, claimed items are completed.
pub(super) fn start(system: &System, tasks: &TaskTracker, stop: &CancellationToken) {
    let dispatcher = |name, slots, wakeup: fn(&System) -> &Notify| Dispatcher {
        worker: Loop { name, wakeup, system: system.clone(), stop: stop.clone() },
        slots: Arc::new(Semaphore::new(slots)),
        tasks: tasks.clone(),
    };
    let runs = dispatcher("agent_runs", MAX_RUNS, |system| &system.wakeups().agent_runs);
    tasks.spawn(runs.run(
        |system, limit| async move { operations::claim_runs(&system, limit).await },
        |system, run, slot| async move {
            let done = operations::complete_run(&system, run).await;
            drop(slot);
            done
        },
        |system| async move { system.store().next_run_due().await },
    ));
    let sender = dispatcher("sender", MAX_SENDS, |system| &system.wakeups().sender);
    tasks.spawn(sender.run(
        |system, limit| async move { operations::claim_sends(&system, limit).await },
        |system, dispatch, slot| async move { operations::send_claimed(&system, dispatch, slot).await },
        |system| async move { system.store().next_entry_due(system.now()).await },
    ));
}

/// Claims items and starts a task for each, up to the number of slots.
struct Dispatcher {
    worker: Loop,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Dispatcher {
    /// Claims and starts items as long as some are due and slots are free, then sleeps until `due` returns, or until
    /// woken up.
    async fn run<I, C, CF, S, SF, D, DF>(self, claim: C, start: S, due: D)
    where
        I: Send + 'static,
        C: Fn(System, usize) -> CF,
        CF: Future<Output = Result<Vec<I>, OperationError>>,
        S: Fn(System, I, OwnedSemaphorePermit) -> SF + Clone + Send + 'static,
        SF: Future<Output = Result<(), OperationError>> + Send + 'static,
        D: Fn(System) -> DF,
        DF: Future<Output = Result<Option<Timestamp>, StoreError>>,
    {
        let Self { worker, slots, tasks } = self;
        let mut pacer = Pacer::new(CLAIM_INTERVAL);
        while !worker.stop.is_cancelled() {
            tokio::select! {
                () = pacer.wait() => {}
                () = worker.stop.cancelled() => return,
            }
            let Some(mut free) = free_slots(&slots, &worker.stop).await else { return };
            let limit = free.num_permits();
            let claimed = match claim(worker.system.clone(), limit).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    drop(free);
                    worker.pause(&error).await;
                    continue;
                }
            };
            pacer.begin(claimed.len());
            let is_full = claimed.len() == limit;
            for item in claimed {
                // There are as many slots as claimed items at least.
                let Some(slot) = free.split(1) else { break };
                let (system, name, start) = (worker.system.clone(), worker.name, start.clone());
                tasks.spawn(async move {
                    if let Err(error) = start(system.clone(), item, slot).await {
                        log_error(&system, name, &error);
                    }
                });
            }
            drop(free);
            if is_full {
                // More items may be due; a slot has to become free first.
                continue;
            }
            match due(worker.system.clone()).await {
                Ok(Some(at)) => worker.sleep(at.since(worker.system.now())).await,
                Ok(None) => worker.sleep(Duration::MAX).await,
                Err(error) => worker.pause(&error.into()).await,
            }
        }
    }
}

/// Waits for a free slot and takes all that are free. Returns `None` if `stop` is cancelled meanwhile.
async fn free_slots(slots: &Arc<Semaphore>, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
    let mut free = tokio::select! {
        slot = slots.clone().acquire_owned() => slot.ok()?,
        () = stop.cancelled() => return None,
    };
    if let Ok(more) = slots.clone().try_acquire_many_owned(u32::try_from(slots.available_permits()).unwrap_or(0)) {
        free.merge(more);
    }
    Some(free)
}
