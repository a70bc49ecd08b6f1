//! Resolves a thread, so that it no longer waits, or reopens it. The contact's next message reopens it too.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::outbox::send_message::thread_within;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};
use crate::store::Unattended;

/// Maximum length of the reason, in characters.
const LONGEST: usize = 500;

/// Resolves a thread: ends its ownership, the wait for a person and an escalation, and cancels unsent replies of its
/// agent. Refused if a colleague is working on it, or if it is resolved already.
pub(crate) async fn resolve_thread(system: &System, actor: &Actor, thread: ThreadId, reason: &str) -> Result<Done> {
    require(actor, Permission::ResolveThreads)?;
    let (me, now, reason) = (actor.to_string(), system.now(), clean_line(reason).trim().to_owned());
    let count = reason.chars().count();
    if count > LONGEST {
        let why = format!("The reason has {count} characters; {LONGEST} are allowed.");
        return Err(Refusal::new(Code::TooLong, why, "Shorten it, and keep the rest in a note.").into());
    }
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    if let Some(other) = ownership::holder(&row, &me, now) {
        let why = format!("{other} has this thread and is working on it.");
        return Err(Refusal::new(Code::Taken, why, "Ask them to resolve it, or to release it.").into());
    }
    write
        .resolve_thread(thread, (&me, &reason), now)
        .await?
        .or_refuse(|| Refusal::new(Code::NoChange, "This thread is already resolved.", ""))?;
    let canceled = write.silence_agent(thread, &format!("{me} resolved the thread"), now).await?;
    write.take_thread(thread, None).await?;
    write.end_pause(thread).await?;
    if write.hand_off(thread, None).await?.applied() {
        // The escalation is settled; an agent that read its cause again would escalate again.
        write.start_new_context(thread, now).await?;
    }
    write.stop_waiting(thread).await?;
    write.end_snooze(thread).await?.ignore();
    write.clear_unread(thread).await?.ignore();
    write.audit(actor, AuditAction::Resolve, &thread.to_string(), &reason, now).await?;
    let data = serde_json::json!({ "by": me, "reason": reason });
    system.record_event(&mut write, EventName::ThreadResolved, Some(thread), &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Agents, Change::Activity]);
    let canceled = match canceled.runs + canceled.entries {
        0 => String::new(),
        count => format!(" {count} unsent reply step(s) of the agent were canceled."),
    };
    let message =
        format!("Resolved {}. The contact's next message reopens the thread.{canceled}", row.contact.display_name());
    Ok(Done { message, created_id: None })
}

/// Reopens a resolved thread. Refused if it is open.
pub(crate) async fn reopen_thread(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Permission::ResolveThreads)?;
    let (me, now) = (actor.to_string(), system.now());
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    write
        .reopen_thread(thread)
        .await?
        .or_refuse(|| Refusal::new(Code::NoChange, "This thread is not resolved.", ""))?;
    write.attend_to(Unattended::Thread(thread), &format!("{me} reopened the thread"), now).await?;
    write.audit(actor, AuditAction::Reopen, &thread.to_string(), "", now).await?;
    system.record_event(&mut write, EventName::ThreadReopened, Some(thread), &serde_json::json!({ "by": me })).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { message: format!("Reopened {}.", row.contact.display_name()), created_id: None })
}
