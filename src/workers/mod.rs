//! Runs an operation's next step for ever: asleep until something is due or somebody knocks. The
//! loops are here and nothing else; what a step does, and when the next is due, is not decided here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::time::Timestamp;
use crate::operations::{self, OperationError, PendingDelivery, System};
use crate::store::StoreError;

/// Entries on the wire at once, over all threads.
const SENDERS: usize = 16;
/// Agents that think at once.
const RUNNERS: usize = 16;
/// Files on their way at once, in each direction.
const FETCHERS: usize = 2;
/// How often everything that nobody would notice otherwise is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(60);
/// How often old files are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// How often every connection is proved at its provider.
const CHECK_EVERY: Duration = Duration::from_secs(300);
/// How often templates are fetched without being asked for.
const TEMPLATES_EVERY: Duration = Duration::from_secs(600);
const TEMPLATES_AFTER_REFUSAL: Duration = Duration::from_secs(2);
/// How often Flows are fetched without being asked for.
const FLOWS_EVERY: Duration = Duration::from_secs(1_800);
/// How often the log is folded back while something is written.
const FOLD_EVERY: Duration = Duration::from_millis(200);
/// How often leases of the dead are looked for.
const KEEP_EVERY: Duration = Duration::from_secs(30);
/// How often clock and database are looked at.
const PULSE_EVERY: Duration = Duration::from_secs(1);
/// The rest after a step that broke.
const AFTER_TROUBLE: Duration = Duration::from_secs(2);

/// Starts every worker. They end when `stop` is cancelled, each after the step it is in.
pub fn start(system: &System, inbox: mpsc::Receiver<PendingDelivery>, tasks: &TaskTracker, stop: &CancellationToken) {
    tasks.spawn(write_deliveries(system.clone(), inbox, stop.clone()));
    let named =
        |name, wakeup: fn(&System) -> &Notify| Loop { name, wakeup, system: system.clone(), stop: stop.clone() };

    let apply = named("apply", |system| &system.wakes().apply);
    tasks.spawn(
        apply.run(|system| async move { Ok(operations::apply_pending(&system).await? > 0) }, |_| async { Ok(None) }),
    );
    for _ in 0..RUNNERS {
        let agent_runs = named("agent_runs", |system| &system.wakes().agent_runs);
        tasks.spawn(agent_runs.run(
            |system| async move { operations::run_next(&system).await },
            |system| async move { system.store().next_run_due().await },
        ));
    }
    for _ in 0..SENDERS {
        let sender = named("sender", |system| &system.wakes().sender);
        tasks.spawn(sender.run(
            |system| async move { operations::send_next(&system).await },
            |system| async move { system.store().next_entry_due(system.now()).await },
        ));
    }
    for _ in 0..FETCHERS {
        let fetcher = named("fetcher", |system| &system.wakes().fetcher);
        tasks.spawn(fetcher.run(
            |system| async move { operations::fetch_next(&system).await },
            |system| async move { system.store().next_fetch_due().await },
        ));
        let uploader = named("uploader", |system| &system.wakes().uploader);
        tasks.spawn(uploader.run(
            |system| async move { operations::upload_next(&system).await },
            |system| async move { operations::next_upload_due(&system).await },
        ));
    }
    let setups = named("setups", |system| &system.wakes().setups);
    tasks.spawn(setups.run(
        |system| async move { operations::step_setup(&system).await },
        |system| async move { system.store().next_setup_due().await },
    ));
    let jobs = named("jobs", |system| &system.wakes().jobs);
    tasks.spawn(jobs.run(|system| async move { operations::step_job(&system).await }, |_| async { Ok(None) }));
    let rehearser = named("rehearser", |system| &system.wakes().rehearser);
    tasks
        .spawn(rehearser.run(|system| async move { operations::rehearse_next(&system).await }, |_| async { Ok(None) }));
    let dry = named("dry runs", |system| &system.wakes().dry_runs);
    tasks.spawn(dry.run(|system| async move { operations::dry_run_next(&system).await }, |_| async { Ok(None) }));
    let event_delivery = named("event_delivery", |system| &system.wakes().event_delivery);
    tasks.spawn(event_delivery.run(
        |system| async move { operations::deliver_next_event(&system).await },
        |system| async move { system.store().next_event_delivery_due().await },
    ));
    let expirer = named("expirer", |system| &system.wakes().expirer);
    tasks.spawn(expirer.run(
        |system| async move { operations::expire_assignments(&system).await.map(|()| false) },
        |system| async move { operations::next_expiry(&system).await },
    ));
    let reconcile = named("reconcile", |system| &system.wakes().reconcile);
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
    tasks.spawn(every(system.clone(), stop.clone(), "watcher", WATCH_EVERY, |system| async move {
        operations::watch(&system).await
    }));
    tasks.spawn(every(system.clone(), stop.clone(), "pruner", PRUNE_EVERY, |system| async move {
        operations::prune_media(&system).await
    }));
    tasks.spawn(every(system.clone(), stop.clone(), "checker", CHECK_EVERY, |system| async move {
        operations::check_all(&system).await
    }));
    tasks.spawn(every(system.clone(), stop.clone(), "flows", FLOWS_EVERY, |system| async move {
        operations::refresh_flows(&system).await.map(|_| ())
    }));
    tasks.spawn(every(system.clone(), stop.clone(), "maintenance", KEEP_EVERY, |system| async move {
        operations::rescue_abandoned(&system).await?;
        operations::index_identifiers(&system).await
    }));
    tasks.spawn(every(system.clone(), stop.clone(), "pulse", PULSE_EVERY, |system| async move {
        operations::pulse(&system).await
    }));
}

/// The one task that writes deliveries down. It goes on until nobody can hand it any more.
async fn write_deliveries(system: System, mut inbox: mpsc::Receiver<PendingDelivery>, stop: CancellationToken) {
    loop {
        tokio::select! {
            more = operations::commit_pending_deliveries(&system, &mut inbox) => if !more { return },
            () = stop.cancelled() => {
                // What has been taken is answered; what comes now is told to come again.
                inbox.close();
                while operations::commit_pending_deliveries(&system, &mut inbox).await {}
                return;
            }
        }
    }
}

/// Fetches templates at start, every [`TEMPLATES_EVERY`], and soon after a template was refused: one
/// fetch for however many were refused within [`TEMPLATES_AFTER_REFUSAL`].
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
            system.wakes().templates.notified().await;
            tokio::time::sleep(TEMPLATES_AFTER_REFUSAL).await;
        };
        tokio::select! {
            () = tokio::time::sleep(TEMPLATES_EVERY) => {}
            () = refused => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Folds the database's log back while there is work, from beside the writer.
async fn checkpoint_wal(system: System, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = system.wakes().maintenance.notified() => {}
            () = stop.cancelled() => return,
        }
        let mut rest = FOLD_EVERY;
        if let Err(error) = system.store().checkpoint().await {
            system.store().note_failure(&error);
            if system.store().may_log(&error) {
                tracing::warn!(%error, "Cannot checkpoint the write-ahead log; it grows until it succeeds");
            }
            rest = AFTER_TROUBLE;
            system.wakes().maintenance.notify_one();
        }
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One worker's loop.
struct Loop {
    name: &'static str,
    wakeup: fn(&System) -> &Notify,
    system: System,
    stop: CancellationToken,
}

impl Loop {
    /// `step` does the next thing and says whether there was one; `due` says when the next will be.
    async fn run<S, SF, D, DF>(self, step: S, due: D)
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
                Ok(Some(at)) => self.rest(at.since(self.system.now())).await,
                Ok(None) => self.rest(Duration::MAX).await,
                Err(error) => self.pause(&error.into()).await,
            }
        }
    }

    /// Rests after an error, whoever knocks: what fails is not tried more often because more arrives.
    async fn pause(&self, error: &OperationError) {
        note(&self.system, self.name, error);
        tokio::select! {
            () = tokio::time::sleep(AFTER_TROUBLE) => {}
            () = self.stop.cancelled() => {}
        }
    }

    async fn rest(&self, span: Duration) {
        let wakeup = (self.wakeup)(&self.system);
        // A day at most: timers have a horizon, and nothing is lost by looking once a day.
        let span = span.min(Duration::from_secs(86_400));
        tokio::select! {
            () = wakeup.notified() => {}
            () = tokio::time::sleep(span) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// A step at start, and then now and again.
async fn every<S, SF>(system: System, stop: CancellationToken, name: &'static str, period: Duration, step: S)
where
    S: Fn(System) -> SF,
    SF: Future<Output = Result<(), OperationError>>,
{
    let step = Arc::new(step);
    loop {
        tokio::select! {
            done = step(system.clone()) => {
                if let Err(error) = done {
                    note(&system, name, &error);
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

/// Logs an error where it is handled, and has the store take note of it.
fn note(system: &System, worker: &str, error: &OperationError) {
    if let OperationError::Failed(error) = error {
        system.store().note_failure(error);
        if !system.store().may_log(error) {
            return;
        }
    }
    tracing::error!(worker, %error, "Worker step failed; retrying");
}
