//! Runs the steps of background operations until the engine stops. Each worker sleeps until its next step is due or
//! another part of the program wakes it. What a step does and when the next one is due is decided in `operations`.

mod dispatchers;
mod step_loop;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::step_loop::{FAILURE_DELAY, Loop, log_error};
use crate::operations::{self, OperationError, Pacer, PendingDelivery, System};

/// Minimum time between two transactions that store webhook deliveries, while several arrive at a time.
const DELIVERY_INTERVAL: Duration = Duration::from_millis(5);
/// File transfers at the same time, per direction.
const TRANSFER_COUNT: usize = 2;
/// Interval of the checks behind alerts that no event triggers, such as long queues and low disk space.
const WATCH_INTERVAL: Duration = Duration::from_secs(60);
/// Interval at which expired files are removed.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3_600);
/// Interval at which each connection is checked at its provider.
const CONNECTION_CHECK_INTERVAL: Duration = Duration::from_secs(300);
/// Interval at which all templates are fetched.
const TEMPLATE_REFRESH_INTERVAL: Duration = Duration::from_secs(600);
/// Time during which refusals of templates are collected before one fetch serves all of them.
const TEMPLATE_REFUSAL_DELAY: Duration = Duration::from_secs(2);
/// Interval at which all Flows are fetched.
const FLOW_REFRESH_INTERVAL: Duration = Duration::from_secs(1_800);
/// Minimum time between two checkpoints of the write-ahead log.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// Interval at which expired leases are released and identifiers are indexed.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(30);
/// Interval at which the clock and the database are checked.
const PULSE_INTERVAL: Duration = Duration::from_secs(1);

/// Starts all workers. After `stop` is cancelled, each ends when its current step is finished.
pub fn start(system: &System, inbox: mpsc::Receiver<PendingDelivery>, tasks: &TaskTracker, stop: &CancellationToken) {
    tasks.spawn(write_deliveries(system.clone(), inbox, stop.clone()));
    let worker =
        |name, wakeup: fn(&System) -> &Notify| Loop { name, wakeup, system: system.clone(), stop: stop.clone() };

    let apply = worker("apply", |system| &system.wakeups().apply);
    tasks.spawn(
        apply.run(|system| async move { Ok(operations::apply_pending(&system).await? > 0) }, |_| async { Ok(None) }),
    );
    dispatchers::start(system, tasks, stop);
    let typing = worker("typing", |system| &system.wakeups().typing);
    tasks.spawn(typing.run(
        |system| async move { operations::type_while_waiting(&system).await },
        |system| async move { operations::next_typing_due(&system).await },
    ));
    for _ in 0..TRANSFER_COUNT {
        let fetcher = worker("fetcher", |system| &system.wakeups().fetcher);
        tasks.spawn(fetcher.run(
            |system| async move { operations::fetch_next(&system).await },
            |system| async move { system.store().next_fetch_due().await },
        ));
        let uploader = worker("uploader", |system| &system.wakeups().uploader);
        tasks.spawn(uploader.run(
            |system| async move { operations::upload_next(&system).await },
            |system| async move { operations::next_upload_due(&system).await },
        ));
    }
    let transcriber = worker("transcriber", |system| &system.wakeups().transcriber);
    tasks.spawn(transcriber.run(
        |system| async move { operations::transcribe_next(&system).await },
        |system| async move { system.store().next_transcription_due().await },
    ));
    let setups = worker("setups", |system| &system.wakeups().setups);
    tasks.spawn(setups.run(
        |system| async move { operations::step_setup(&system).await },
        |system| async move { system.store().next_setup_due().await },
    ));
    let jobs = worker("jobs", |system| &system.wakeups().jobs);
    tasks.spawn(jobs.run(|system| async move { operations::step_job(&system).await }, |_| async { Ok(None) }));
    let rehearser = worker("rehearser", |system| &system.wakeups().rehearser);
    tasks
        .spawn(rehearser.run(|system| async move { operations::rehearse_next(&system).await }, |_| async { Ok(None) }));
    let dry = worker("dry runs", |system| &system.wakeups().dry_runs);
    tasks.spawn(dry.run(|system| async move { operations::dry_run_next(&system).await }, |_| async { Ok(None) }));
    let event_delivery = worker("event_delivery", |system| &system.wakeups().event_delivery);
    tasks.spawn(event_delivery.run(
        |system| async move { operations::deliver_next_event(&system).await },
        |system| async move { system.store().next_event_delivery_due().await },
    ));
    let expirer = worker("expirer", |system| &system.wakeups().expirer);
    tasks.spawn(expirer.run(
        |system| async move {
            operations::expire_assignments(&system).await?;
            operations::end_due_snoozes(&system).await
        },
        |system| async move {
            let ends = [operations::next_expiry(&system).await?, operations::next_snooze_end(&system).await?];
            Ok(ends.into_iter().flatten().min())
        },
    ));
    let reconcile = worker("reconcile", |system| &system.wakeups().reconcile);
    tasks.spawn(reconcile.run(
        |system| async move { operations::look_up_due(&system).await },
        |system| async move { operations::next_look_due(&system).await },
    ));
    tasks.spawn(refresh_templates(system.clone(), stop.clone()));
    tasks.spawn(checkpoint_wal(system.clone(), stop.clone()));
    start_periodic(system, tasks, stop);
    tasks.spawn(operations::check_file_at_start(system.clone()));
}

/// Starts the workers that run at fixed intervals.
fn start_periodic(system: &System, tasks: &TaskTracker, stop: &CancellationToken) {
    tasks.spawn(run_periodically(system.clone(), stop.clone(), "watcher", WATCH_INTERVAL, |system| async move {
        operations::mark_all_unattended(&system).await?;
        operations::watch(&system).await
    }));
    tasks.spawn(run_periodically(system.clone(), stop.clone(), "pruner", PRUNE_INTERVAL, |system| async move {
        operations::prune_media(&system).await
    }));
    tasks.spawn(run_periodically(
        system.clone(),
        stop.clone(),
        "checker",
        CONNECTION_CHECK_INTERVAL,
        |system| async move { operations::check_all(&system).await },
    ));
    tasks.spawn(run_periodically(system.clone(), stop.clone(), "flows", FLOW_REFRESH_INTERVAL, |system| async move {
        operations::refresh_flows(&system).await.map(|_| ())
    }));
    tasks.spawn(run_periodically(
        system.clone(),
        stop.clone(),
        "maintenance",
        MAINTENANCE_INTERVAL,
        |system| async move {
            operations::rescue_abandoned(&system).await?;
            operations::index_identifiers(&system).await
        },
    ));
    tasks.spawn(run_periodically(
        system.clone(),
        stop.clone(),
        "rehearsals",
        MAINTENANCE_INTERVAL,
        |system| async move { operations::rehearse_due(&system).await },
    ));
    tasks.spawn(run_periodically(system.clone(), stop.clone(), "pulse", PULSE_INTERVAL, |system| async move {
        operations::check_clock_and_database(&system).await
    }));
}

/// Stores incoming deliveries; this is the only task that does. Ends when all senders of `inbox` are dropped or
/// `stop` is cancelled, after the pending deliveries are stored and answered.
async fn write_deliveries(system: System, mut inbox: mpsc::Receiver<PendingDelivery>, stop: CancellationToken) {
    let mut pacer = Pacer::new(DELIVERY_INTERVAL);
    loop {
        tokio::select! {
            // While several arrive at a time, those of a few milliseconds are stored together.
            () = pacer.wait() => {}
            () = stop.cancelled() => {}
        }
        pacer.begin(inbox.len());
        tokio::select! {
            is_open = operations::commit_pending_deliveries(&system, &mut inbox) => if !is_open { return },
            () = stop.cancelled() => {
                // Pending deliveries are still stored and answered; new ones are rejected with 503.
                inbox.close();
                while operations::commit_pending_deliveries(&system, &mut inbox).await {}
                return;
            }
        }
    }
}

/// Fetches templates at start, every [`TEMPLATE_REFRESH_INTERVAL`], and once for all templates that the provider
/// refused within [`TEMPLATE_REFUSAL_DELAY`].
async fn refresh_templates(system: System, stop: CancellationToken) {
    loop {
        tokio::select! {
            done = operations::refresh_templates(&system) => {
                if let Err(error) = done {
                    tracing::error!(worker = "templates", %error, "Worker step failed; retrying");
                }
            }
            () = stop.cancelled() => return,
        }
        let refused = async {
            system.wakeups().templates.notified().await;
            tokio::time::sleep(TEMPLATE_REFUSAL_DELAY).await;
        };
        tokio::select! {
            () = tokio::time::sleep(TEMPLATE_REFRESH_INTERVAL) => {}
            () = refused => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Checkpoints the write-ahead log after writes, outside the writer's connection.
async fn checkpoint_wal(system: System, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = system.wakeups().maintenance.notified() => {}
            () = stop.cancelled() => return,
        }
        let mut delay = CHECKPOINT_INTERVAL;
        if let Err(error) = system.store().checkpoint().await {
            system.store().note_failure(&error);
            if system.store().may_log(&error) {
                tracing::warn!(%error, "Cannot checkpoint the write-ahead log; it grows until it succeeds");
            }
            delay = FAILURE_DELAY;
            system.wakeups().maintenance.notify_one();
        }
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Runs a step at start and then at a fixed interval, until `stop` is cancelled.
async fn run_periodically<S, SF>(system: System, stop: CancellationToken, name: &'static str, period: Duration, step: S)
where
    S: Fn(System) -> SF,
    SF: Future<Output = Result<(), OperationError>>,
{
    let step = Arc::new(step);
    loop {
        tokio::select! {
            done = step(system.clone()) => {
                if let Err(error) = done {
                    log_error(&system, name, &error);
                }
            }
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            () = stop.cancelled() => return,
        }
    }
}
