//! Marks an uncertain message as arrived, as decided by a person and recorded in their name.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};
use crate::store::Write;

/// Marks an uncertain entry as arrived. Refused in any other state.
pub(crate) async fn confirm_arrived(system: &System, actor: &Actor, entry: EntryId) -> Result<Done> {
    let mut write = system.store().write().await?;
    let (thread, said) = settle_arrived_within(system, &mut write, actor, entry).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Alerts, Change::Activity]);
    system.wakeups().sender.notify_one();
    Ok(Done { message: said, created_id: None })
}

/// Checks the rules and marks the entry. Runs in the caller's transaction; a refusal writes nothing.
pub(crate) async fn settle_arrived_within(
    system: &System,
    write: &mut Write,
    actor: &Actor,
    entry: EntryId,
) -> Result<(ThreadId, String)> {
    require(actor, Permission::SettleMessages)?;
    let now = system.now();
    let Some((EntryState::Uncertain, _, thread, _)) = write.entry_state(entry).await? else {
        let why = format!("{entry} is not uncertain.");
        return Err(Refusal::new(Code::NotUncertain, why, "Look at the entry's state.").into());
    };
    write.end_entry(entry, EntryState::Accepted, None, Some(SettledBy::Person), now).await?;
    write.clear_alert(AlertKind::Uncertain, &entry.to_string(), now).await?;
    write.stop_waiting(thread).await?;
    write.audit(actor, AuditAction::ConfirmArrived, &thread.to_string(), &entry.to_string(), now).await?;
    Ok((thread, format!("Marked {entry} as arrived, in your name.")))
}
