//! Transfers a thread to a colleague, with the sender's draft. The draft is kept as a note, and becomes the
//! colleague's draft unless they have one already.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::access::role::Role;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::message::note::{self, Note};
use crate::domain::presence::Handed;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::{Untrusted, clean_line};
use crate::operations::outbox::send_message::thread_within;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require, unpoisoned};

/// How long an assigned thread is reserved for a colleague without an open console: a working day.
const ABSENT_OWNERSHIP: Duration = Duration::from_secs(12 * 3_600);

/// Who a thread may be transferred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Colleagues with an open console.
    Online,
    /// Every user who may answer.
    Anybody,
}

/// Transfers a thread to a colleague. Refused if another colleague owns it, if it is theirs already, or if they are not
/// reachable or may not answer.
pub(crate) async fn transfer(system: &System, actor: &Actor, thread: ThreadId, to: &str, reach: Reach) -> Result<Done> {
    require(actor, Permission::TakeThreads)?;
    let (me, now) = (actor.to_string(), system.now());
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    if let Some(other) = ownership::holder(&row, &me, now).filter(|_| !actor.has(Permission::ReleaseColleaguesThreads))
    {
        let why = format!("{other} has this thread.");
        return Err(Refusal::new(Code::Taken, why, "Ask them or an admin to transfer it.").into());
    }
    if row.taken_by.as_deref() == Some(to) {
        let why = format!("{} already has this thread.", clean_line(to));
        return Err(Refusal::new(Code::NoChange, why, "").into());
    }
    let here = system.here();
    let online = here.iter().any(|one| one.who == to && one.role != Role::Viewer.name());
    let user = (system.parts.role_of)(to).is_some_and(|role| role != Role::Viewer);
    if reach == Reach::Anybody && (to == me || !(online || user)) {
        let why = format!("{} is you, no user, or may not answer.", clean_line(to));
        return Err(Refusal::new(Code::NotHere, why, "Choose a colleague who may send messages.").into());
    }
    if reach == Reach::Online && (to == me || !online) {
        let why = format!("{} has no open console or may not answer.", clean_line(to));
        return Err(Refusal::new(Code::NotHere, why, "Choose a colleague whose console is open.").into());
    }
    let begun = write.draft(&me, thread).await?;
    let theirs = write.draft(to, thread).await?;
    let words = format!("Draft by {me}: {begun}");
    if words.chars().count() > note::LONGEST {
        let why = format!("Your draft is longer than a note, which has at most {} characters.", note::LONGEST);
        return Err(Refusal::new(Code::DraftTooLong, why, "Shorten the draft, or send a part of it first.").into());
    }
    let until = if online { ownership::until(now) } else { now.plus(ABSENT_OWNERSHIP) };
    write.take_thread(thread, Some((to, until))).await?;
    write.silence_agent(thread, &format!("{me} transferred the thread to {to}"), now).await?;
    if !begun.trim().is_empty() {
        write.add_note(thread, &Note { author: me.clone(), at: now, words: Untrusted::from(words) }).await?;
        write.save_draft(&me, thread, "", now).await?;
        if theirs.trim().is_empty() {
            write.save_draft(to, thread, &begun, now).await?;
        }
    }
    write.audit(actor, AuditAction::TransferThread, &thread.to_string(), to, now).await?;
    let data = serde_json::json!({ "by": me, "to": to });
    system.record_event(&mut write, EventName::ThreadHandedOver, Some(thread), &data).await?;
    write.commit().await?;
    let handed = Handed { thread, contact: row.contact.display_name(), by: me, at: now };
    unpoisoned(&system.shared.handed).insert(to.to_owned(), handed);
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Agents, Change::Activity]);
    let with = if begun.trim().is_empty() { "" } else { ", with your draft" };
    let when = if online { "" } else { " They are offline: the thread is kept for them for 12 hours." };
    Ok(Done { message: format!("Transferred {} to {to}{with}.{when}", row.contact.display_name()), created_id: None })
}
