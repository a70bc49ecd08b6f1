//! Records by hand that a contact opts out or opts in.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::outbox::send_message::thread_within;
use crate::operations::{Result, System, require};
use crate::store::Unattended;

/// Stores an opt-out (`out`) or opt-in. Refused if nothing would change.
pub(crate) async fn opt_out(system: &System, actor: &Actor, thread: ThreadId, out: bool) -> Result<Done> {
    require(actor, Permission::ManageOptOuts)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    if row.opted_out == out {
        let why = if out { "The contact is already opted out." } else { "The contact is not opted out." };
        return Err(Refusal::new(Code::NoChange, why, "").into());
    }
    write.opt_out(thread, out, &format!("recorded by {actor}"), now).await?;
    write.attend_to(Unattended::Thread(thread), "the contact accepts messages again", now).await?;
    write
        .audit(actor, if out { AuditAction::OptOut } else { AuditAction::OptIn }, &thread.to_string(), "", now)
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Activity]);
    system.wakeups().reconcile.notify_one();
    let name = row.contact.display_name();
    let said = if out {
        format!("Recorded the opt-out of {name}. Nothing is sent to them any more.")
    } else {
        format!("Recorded the opt-in of {name}.")
    };
    Ok(Done { message: said, created_id: None })
}
