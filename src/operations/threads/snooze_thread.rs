//! Snooze a thread, so that it waits for nobody until a time, or end its snooze. The contact's next message, and whatever
//! needs a person, ends it too.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::operations::outbox::send_message::thread_within;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};
use crate::store::StoreError;

/// The longest snooze: a year.
const MAX_SNOOZE: Duration = Duration::from_secs(366 * 86_400);
/// Threads whose snooze one step of the worker ends.
const BATCH: u32 = 100;

/// Puts a thread off until a time, or moves the time at which it comes back. Refused where the time is not ahead or more
/// than a year away, where the thread is resolved, or where a colleague is working on it.
pub(crate) async fn snooze_thread(system: &System, actor: &Actor, thread: ThreadId, until: Timestamp) -> Result<Done> {
    require(actor, Permission::SnoozeThreads)?;
    let (me, now) = (actor.to_string(), system.now());
    if until <= now {
        return Err(Refusal::new(Code::Past, "That time is in the past.", "Choose a future time.").into());
    }
    if until.since(now) > MAX_SNOOZE {
        return Err(Refusal::new(Code::Time, "That time is more than a year away.", "Choose an earlier time.").into());
    }
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    if let Some(other) = ownership::holder(&row, &me, now) {
        let why = format!("{other} has this thread and is working on it.");
        return Err(Refusal::new(Code::Taken, why, "Ask them to snooze it, or to release it.").into());
    }
    if row.resolved.is_some() {
        let why = "This thread is resolved.";
        return Err(Refusal::new(Code::NoChange, why, "Reopen it first.").into());
    }
    if row.snoozed.as_ref().is_some_and(|snoozed| snoozed.until == until) {
        return Err(Refusal::new(Code::NoChange, "This thread is snoozed until then already.", "").into());
    }
    write.snooze_thread(thread, &me, until, now).await?;
    write.audit(actor, AuditAction::SnoozeThread, &thread.to_string(), &until.to_string(), now).await?;
    let data = serde_json::json!({ "by": me, "until": until });
    system.record_event(&mut write, EventName::ThreadSnoozed, Some(thread), &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    system.wakeups().expirer.notify_one();
    let window = match row.window_closes_at {
        Some(closes) if closes > now && closes < until => {
            format!(" Its service window closes {} earlier.", short_span(until.since(closes)))
        }
        _ => String::new(),
    };
    let left = short_span(until.since(now));
    let message = format!(
        "Snoozed {} for {left}. The contact's next message ends the snooze.{window}",
        row.contact.display_name()
    );
    Ok(Done { message, created_id: None })
}

/// Ends the snooze of a thread. Refused where it is not snoozed.
pub(crate) async fn unsnooze_thread(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Permission::SnoozeThreads)?;
    let (me, now) = (actor.to_string(), system.now());
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    write.end_snooze(thread).await?.or_refuse(|| Refusal::new(Code::NoChange, "This thread is not snoozed.", ""))?;
    write.audit(actor, AuditAction::UnsnoozeThread, &thread.to_string(), "", now).await?;
    let data = serde_json::json!({ "by": me });
    system.record_event(&mut write, EventName::ThreadUnsnoozed, Some(thread), &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { message: format!("{} is back in the list.", row.contact.display_name()), created_id: None })
}

/// The step of a worker: threads whose time has come wait for a person again. Returns `true` if there may be more of them.
pub async fn end_due_snoozes(system: &System) -> Result<bool> {
    let now = system.now();
    if system.store().next_snooze_end().await?.is_none_or(|at| at > now) {
        return Ok(false);
    }
    let mut write = system.store().write().await?;
    let due = write.due_snoozes(now, BATCH).await?;
    for (thread, by) in &due {
        write.end_snooze(*thread).await?.ignore();
        write.set_waiting_if_unset(*thread, &format!("the snooze of {} ended", clean_line(by)), now).await?;
        let data = serde_json::json!({ "by": "system" });
        system.record_event(&mut write, EventName::ThreadUnsnoozed, Some(*thread), &data).await?;
    }
    write.commit().await?;
    system.bus().publish(due.iter().map(|(thread, _)| Change::Thread(*thread)));
    Ok(due.len() == BATCH as usize)
}

/// When the next snooze ends; `None` where no thread is snoozed.
pub async fn next_snooze_end(system: &System) -> std::result::Result<Option<Timestamp>, StoreError> {
    system.store().next_snooze_end().await
}
