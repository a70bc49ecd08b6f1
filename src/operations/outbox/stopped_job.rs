//! Resumes or discards a stopped bulk action.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};

fn not_stopped(job: i64) -> Refusal {
    let why = format!("Job {job} is not stopped.");
    Refusal::new(Code::NotStopped, why, "List the bulk actions to see their states.")
}

/// Resumes a stopped bulk action with the entries that its filter found when it was confirmed.
pub(crate) async fn resume(system: &System, actor: &Actor, job: i64) -> Result<Done> {
    require(actor, Permission::RunBulkJobs)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    if let Some(other) = write.running_job().await?.filter(|other| *other != job) {
        let why = format!("Another bulk action is running, as job {other}.");
        return Err(Refusal::new(Code::JobRuns, why, "Wait until it ends, or stop it.").into());
    }
    write.resume_job(job).await?.or_refuse(|| not_stopped(job))?;
    write.audit(actor, AuditAction::ResumeJob, &format!("job {job}"), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Activity]);
    system.wakeups().jobs.notify_one();
    Ok(Done { message: format!("Resumed job {job} where it stopped."), created_id: Some(job.to_string()) })
}

/// Deletes a stopped bulk action. Entries that it changed stay changed.
pub(crate) async fn discard(system: &System, actor: &Actor, job: i64) -> Result<Done> {
    require(actor, Permission::StopBulkJobs)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    write.delete_job(job).await?.or_refuse(|| not_stopped(job))?;
    write.audit(actor, AuditAction::DiscardJob, &format!("job {job}"), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Activity]);
    Ok(Done { message: format!("Discarded job {job}. Entries that it changed stay changed."), created_id: None })
}
