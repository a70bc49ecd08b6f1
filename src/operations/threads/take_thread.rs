//! Takes a thread, which silences its agent in the same transaction, or releases it.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::outbox::send_message::thread_within;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};
use crate::store::Unattended;

/// Takes a thread. Refused while a colleague owns it.
pub(crate) async fn take_thread(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Permission::TakeThreads)?;
    let me = actor.to_string();
    let now = system.now();
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    if let Some(other) = ownership::holder(&row, &me, now) {
        let why = format!("{other} has this thread and is working on it.");
        let instead = "Ask them to transfer it, or wait until half an hour after they leave it.";
        return Err(Refusal::new(Code::Taken, why, instead).into());
    }
    if row.taken_by.as_deref() == Some(&me) && !row.is_abandoned(now) {
        ownership::keep(&mut write, thread, &me, now).await?;
        write.commit().await?;
        return Ok(Done { message: format!("{} is yours already.", row.contact.display_name()), created_id: None });
    }
    let left = row.taken_by.clone().filter(|other| *other != me);
    write.take_thread(thread, Some((&me, ownership::until(now)))).await?;
    let caught = write.silence_agent(thread, &format!("{me} took the thread"), now).await?;
    write.audit(actor, AuditAction::Take, &thread.to_string(), left.as_deref().unwrap_or_default(), now).await?;
    system.record_event(&mut write, EventName::ThreadTaken, Some(thread), &serde_json::json!({ "by": me })).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Agents, Change::Activity]);
    let caught = caught.runs + caught.entries;
    let caught =
        if caught > 0 { format!(" {caught} unsent reply step(s) of the agent were canceled.") } else { String::new() };
    let left = left.map_or_else(String::new, |other| format!(" {other} had left it."));
    Ok(Done {
        message: format!("You own {}; its agent is silent.{left}{caught}", row.contact.display_name()),
        created_id: None,
    })
}

/// Releases a thread to its agent. Another person's thread requires an admin, unless they have left it.
pub(crate) async fn release_thread(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Permission::ReleaseThreads)?;
    let me = actor.to_string();
    let now = system.now();
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    let left = row.is_abandoned(now);
    match row.taken_by {
        None if row.handed_off_at.is_some() || row.paused_until(now).is_some() => {}
        None => return Err(Refusal::new(Code::NotTaken, "Nobody has this thread.", "").into()),
        Some(other) if other != me && !left && !actor.has(Permission::ReleaseColleaguesThreads) => {
            return Err(Refusal::new(
                Code::Taken,
                format!("{other} has this thread."),
                "Ask them or an admin to release it.",
            )
            .into());
        }
        Some(_) => {}
    }
    write.take_thread(thread, None).await?;
    write.end_pause(thread).await?;
    if write.hand_off(thread, None).await?.applied() {
        // The escalation is settled; an agent that read its cause again would escalate again.
        write.start_new_context(thread, now).await?;
        write.stop_waiting(thread).await?;
    }
    let reason = format!("{me} released the thread without an answer");
    write.attend_to(Unattended::Thread(thread), &reason, now).await?;
    system.record_event(&mut write, EventName::ThreadReleased, Some(thread), &serde_json::json!({ "by": me })).await?;
    write.audit(actor, AuditAction::Release, &thread.to_string(), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done {
        message: format!("Released {}. Its agent answers the next message.", row.contact.display_name()),
        created_id: None,
    })
}
