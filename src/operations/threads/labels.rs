//! Add a label to a thread, or remove one.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::message::label::{self, MAX_PER_ORGANIZATION, MAX_PER_THREAD};
use crate::domain::refusal::{Done, Refusal};
use crate::operations::outbox::send_message::thread_within;
use crate::operations::{Result, System, require};

/// Adds a label. Refused where the thread has it already, where the thread has [`MAX_PER_THREAD`] labels, or where the
/// organization has [`MAX_PER_ORGANIZATION`] others.
pub(crate) async fn add_label(system: &System, actor: &Actor, thread: ThreadId, text: &str) -> Result<Done> {
    require(actor, Permission::LabelThreads)?;
    let (me, now, label) = (actor.to_string(), system.now(), label::read(text)?);
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    if row.labels.contains(&label) {
        return Err(Refusal::new(Code::NoChange, format!("This thread has the label {label} already."), "").into());
    }
    if row.labels.len() >= MAX_PER_THREAD {
        let why = format!("This thread has {MAX_PER_THREAD} labels, which is the most.");
        return Err(Refusal::new(Code::LimitReached, why, "Remove one first.").into());
    }
    let known = write.labels_of(&row.organization).await?;
    if known.len() >= MAX_PER_ORGANIZATION && !known.contains(&label) {
        let why = format!("{} has {MAX_PER_ORGANIZATION} different labels, which is the most.", row.organization);
        return Err(Refusal::new(Code::LimitReached, why, "Use one of them: `wadeck threads label list`.").into());
    }
    write.add_label(thread, &label, &me, now).await?.ignore();
    write.audit(actor, AuditAction::AddLabel, &thread.to_string(), &label, now).await?;
    let data = serde_json::json!({ "by": me, "label": label });
    system.record_event(&mut write, EventName::ThreadLabeled, Some(thread), &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { message: format!("Labeled {}: {label}.", row.contact.display_name()), created_id: None })
}

/// Removes a label. Refused where the thread does not have it.
pub(crate) async fn remove_label(system: &System, actor: &Actor, thread: ThreadId, text: &str) -> Result<Done> {
    require(actor, Permission::LabelThreads)?;
    let (me, now, label) = (actor.to_string(), system.now(), label::read(text)?);
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    write
        .remove_label(thread, &label)
        .await?
        .or_refuse(|| Refusal::new(Code::NoChange, format!("This thread does not have the label {label}."), ""))?;
    write.audit(actor, AuditAction::RemoveLabel, &thread.to_string(), &label, now).await?;
    let data = serde_json::json!({ "by": me, "label": label });
    system.record_event(&mut write, EventName::ThreadUnlabeled, Some(thread), &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { message: format!("Removed the label {label} from {}.", row.contact.display_name()), created_id: None })
}
