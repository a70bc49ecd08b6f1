//! Bulk actions on all outbox entries that a filter finds: previewed first, then performed in order, step by step,
//! until done or stopped.

use std::collections::BTreeSet;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::access::role::Role;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::costs::sums::CostRow;
use crate::domain::filter::{Filter, StatusTerm, Term};
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::outbox::bulk::BulkPreview;
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::job::{BulkAction, JobState};
use crate::domain::refusal::{Done, Refusal};
use crate::operations::monitoring::costs::Book;
use crate::operations::monitoring::unreadable_row::unreadable_row;
use crate::operations::outbox::confirm_arrived::settle_arrived_within;
use crate::operations::outbox::discard_entry::discard_within;
use crate::operations::outbox::hold_entry::hold_within;
use crate::operations::outbox::reconcile::request_reconcile;
use crate::operations::outbox::retry_entry::retry_within;
use crate::operations::{OperationError, Result, System, require};
use crate::store::{FilterQuery, Job, Write};

/// Entries per step; a bulk action can be stopped after each step.
const STEP: u32 = 20;
/// Maximum number of entries counted in a preview.
const MOST: u32 = 20_000;

/// Counts what a bulk action would do, without doing it.
pub(crate) async fn preview(system: &System, actor: &Actor, action: BulkAction, text: &str) -> Result<BulkPreview> {
    let now = system.now();
    let filter = Filter::read(text, now)?;
    let me = actor.to_string();
    let wish = FilterQuery { filter: &filter, me: &me, now };
    let up_to = system.store().newest_entry().await?;
    let sends = action == BulkAction::Retry;
    let counts = system.store().bulk_counts(&wish, up_to, MOST, sends).await?;
    let book = Book::of(system).await?;
    let mut preview = BulkPreview { cost: sends.then(CostRow::default), ..BulkPreview::default() };
    for group in counts {
        preview.found += group.count;
        let fits = fits(action, (group.state, group.held), asks_for_uncertain(&filter));
        if !fits {
            let doubt = group.state == EntryState::Uncertain;
            if doubt { preview.uncertain += group.count } else { preview.not_fitting += group.count }
        } else if action == BulkAction::Retry && group.opted_out {
            preview.opted_out += group.count;
        } else if action == BulkAction::Retry && group.freeform && !group.window_open {
            preview.need_template += group.count;
        } else {
            preview.will += group.count;
            if let Some(cost) = &mut preview.cost {
                cost.add_many(&book.of_entries(system, &group), group.count);
            }
            if group.state == EntryState::Uncertain {
                preview.may_have_arrived += group.count;
                preview.not_listed += if group.not_listed { group.count } else { 0 };
            }
            if action == BulkAction::Retry && group.business_initiated {
                preview.held_hourly += group.count;
            }
        }
    }
    Ok(preview)
}

/// Bulk actions include uncertain entries only if the filter names that state.
fn asks_for_uncertain(filter: &Filter) -> bool {
    filter.terms.contains(&Term::Status(StatusTerm::Entry(EntryState::Uncertain)))
}

fn fits(action: BulkAction, (state, held): (EntryState, bool), uncertain: bool) -> bool {
    match action {
        BulkAction::Retry | BulkAction::Discard if state == EntryState::Uncertain => uncertain,
        BulkAction::Retry => matches!(state, EntryState::Failed | EntryState::Dead | EntryState::Discarded),
        BulkAction::Discard => {
            matches!(state, EntryState::Queued | EntryState::Scheduled | EntryState::Dead | EntryState::Failed)
        }
        BulkAction::Hold => state == EntryState::Queued && !held,
        BulkAction::Release => state == EntryState::Queued && held,
        BulkAction::Reconcile | BulkAction::Arrived => state == EntryState::Uncertain,
    }
}

/// Starts a bulk action and returns its job id. Refused without a filter, or if another one is running.
pub(crate) async fn begin(system: &System, actor: &Actor, action: BulkAction, text: &str) -> Result<Done> {
    require(actor, Permission::RunBulkJobs)?;
    if text.trim().is_empty() {
        let why = "The bulk action has no filter, so it would include every message.";
        return Err(Refusal::new(Code::NoFilter, why, "Give a filter, such as status:failed since:2h.").into());
    }
    let preview = preview(system, actor, action, text).await?;
    if preview.will == 0 {
        return Err(Refusal::new(Code::NothingToDo, preview.words(action), "Change the filter.").into());
    }
    let now = system.now();
    let up_to = system.store().newest_entry().await?;
    let name = actor.to_string();
    let scope = system.scope();
    let who = (name.as_str(), actor.role().unwrap_or(Role::Viewer), &scope);
    let mut write = system.store().write().await?;
    if let Some(other) = write.running_job().await? {
        let why = format!("Another bulk action is running, as job {other}.");
        return Err(Refusal::new(Code::JobRuns, why, "Wait until it ends, or stop it.").into());
    }
    let job = write.begin_job(action, text, who, preview.will, up_to, now).await?;
    write.audit(actor, AuditAction::of_bulk(action), &format!("job {job}"), text, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Activity]);
    system.wakeups().jobs.notify_one();
    Ok(Done { message: format!("{} Started as job {job}.", preview.words(action)), created_id: Some(job.to_string()) })
}

/// Stops a running bulk action. Entries that it changed stay changed.
pub(crate) async fn stop(system: &System, actor: &Actor, job: i64) -> Result<Done> {
    require(actor, Permission::StopBulkJobs)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let missed = || Refusal::new(Code::NoJob, format!("Job {job} is not running."), "");
    write.end_job(job, JobState::Stopped, now).await?.or_refuse(missed)?;
    write.audit(actor, AuditAction::StopJob, &format!("job {job}"), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Activity]);
    Ok(Done { message: format!("Stopped job {job}. Entries that it changed stay changed."), created_id: None })
}

/// The worker's step: processes some entries of the running job. Returns `false` if no job is running.
pub async fn step_job(system: &System) -> Result<bool> {
    let job = match system.store().running_job().await {
        Ok(Some(job)) => job,
        Ok(None) => return Ok(false),
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["jobs"]) else { return Err(error.into()) };
            let (mut write, now) = (system.store().write().await?, system.now());
            // The job may have been stopped at the same moment, which has the same result.
            write.end_job(row.key, JobState::Stopped, now).await?.ignore();
            row.raise(&mut write, "The bulk job is stopped. Entries that it changed stay changed.", None, now).await?;
            write.commit().await?;
            system.bus().publish([Change::Outbox, Change::Alerts]);
            return Ok(true);
        }
    };
    // Relative times in the filter mean what they meant when the job was confirmed.
    let filter = match Filter::read(&job.terms, job.created_at) {
        Ok(filter) => filter,
        // A filter that cannot be read must not match every entry, so the job is stopped.
        Err(refusal) => {
            tracing::warn!(job = job.id, why = %refusal, "Bulk job stopped: its filter cannot be read");
            let mut write = system.store().write().await?;
            // The job may have been stopped at the same moment, which has the same result.
            write.end_job(job.id, JobState::Stopped, system.now()).await?.ignore();
            write.commit().await?;
            system.bus().publish([Change::Outbox]);
            return Ok(true);
        }
    };
    let me = job.actor.to_string();
    let wish = FilterQuery { filter: &filter, me: &me, now: job.created_at };
    let seen = system.within(&job.scope).await?;
    let ids = seen.store().entries_in_order(&wish, job.last_id, job.up_to_id, STEP).await?;
    let now = system.now();
    let Some(last) = ids.last() else {
        let mut write = system.store().write().await?;
        // If the job was stopped at the same moment, it stays stopped and is not marked as done.
        write.end_job(job.id, JobState::Done, now).await?.ignore();
        write.commit().await?;
        system.bus().publish([Change::Outbox]);
        return Ok(true);
    };
    if job.action == BulkAction::Reconcile {
        return look_up_each(system, &job, &ids, *last).await;
    }
    // The whole step is one transaction that first checks whether the job is still running: after a stop is
    // confirmed, no further entry is changed.
    let mut write = system.store().write().await?;
    if write.running_job().await? != Some(job.id) {
        return Ok(true);
    }
    let (mut done, mut refused, mut said) = (0, 0, None);
    let mut again = vec![];
    let mut threads = BTreeSet::new();
    for entry in &ids {
        match act(system, &mut write, &job, *entry, asks_for_uncertain(&filter)).await {
            Ok(Some(thread)) => {
                done += 1;
                again.push(*entry);
                threads.insert(thread);
            }
            Ok(None) => {}
            Err(OperationError::Refused(refusal)) => {
                refused += 1;
                said = Some(format!("{entry}: {refusal}"));
            }
            Err(error) => return Err(error),
        }
    }
    if job.action == BulkAction::Retry {
        write.tried_by_job(job.id, &again).await?;
    }
    let stepped = write.step_job(job.id, (done, refused), last.0, said.as_deref()).await?;
    if !stepped.applied() {
        return Ok(true);
    }
    write.commit().await?;
    system.bus().publish(threads.into_iter().map(Change::Thread));
    system.bus().publish([Change::Outbox, Change::Alerts, Change::Activity]);
    system.wakeups().sender.notify_one();
    system.wakeups().reconcile.notify_one();
    Ok(true)
}

/// Reconciles each entry on its own. Provider queries take time, and a stop does not need to prevent any of them.
async fn look_up_each(system: &System, job: &Job, ids: &[EntryId], last: EntryId) -> Result<bool> {
    let (mut done, mut refused, mut said) = (0, 0, None);
    for entry in ids {
        if system.store().running_job().await?.is_none_or(|running| running.id != job.id) {
            return Ok(true);
        }
        match request_reconcile(system, &job.actor, *entry).await {
            Ok(_) => done += 1,
            Err(OperationError::Refused(refusal)) => {
                refused += 1;
                said = Some(format!("{entry}: {refusal}"));
            }
            Err(error) => return Err(error),
        }
    }
    let mut write = system.store().write().await?;
    // A job that was stopped meanwhile keeps its count.
    write.step_job(job.id, (done, refused), last.0, said.as_deref()).await?.ignore();
    write.commit().await?;
    system.bus().publish([Change::Outbox]);
    Ok(true)
}

/// Performs the action on one entry and returns its thread; `None` if the action no longer applies to the entry.
async fn act(
    system: &System,
    write: &mut Write,
    job: &Job,
    entry: EntryId,
    uncertain: bool,
) -> Result<Option<ThreadId>> {
    let Some(facts) = write.entry_facts(entry).await? else { return Ok(None) };
    if !fits(job.action, (facts.state, facts.hold.is_some()), uncertain) {
        return Ok(None);
    }
    let (thread, _) = match job.action {
        BulkAction::Retry => retry_within(system, write, &job.actor, entry).await?,
        BulkAction::Discard => discard_within(system, write, &job.actor, entry).await?,
        BulkAction::Hold => hold_within(system, write, &job.actor, entry, true).await?,
        BulkAction::Release => hold_within(system, write, &job.actor, entry, false).await?,
        BulkAction::Arrived => settle_arrived_within(system, write, &job.actor, entry).await?,
        // Reconciling has its own step, `look_up_each`.
        BulkAction::Reconcile => return Ok(None),
    };
    Ok(Some(thread))
}
