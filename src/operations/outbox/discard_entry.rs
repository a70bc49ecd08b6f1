//! Discards an outbox entry, so that it is not sent. A message in flight or already sent cannot be discarded.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::refusal::{Done, Refusal};
use crate::operations::outbox::failure_alerts::ENTRY_ALERTS;
use crate::operations::{Result, System, require};
use crate::store::Write;

/// Discards an entry. One that is scheduled at the provider is cancelled there first.
pub(crate) async fn discard_entry(system: &System, actor: &Actor, entry: EntryId) -> Result<Done> {
    let mut write = system.store().write().await?;
    let (thread, said) = discard_within(system, &mut write, actor, entry).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Alerts, Change::Activity]);
    system.wakeups().sender.notify_one();
    system.wakeups().reconcile.notify_one();
    Ok(Done { message: said, created_id: None })
}

/// Checks the rules and discards the entry. Runs in the caller's transaction; a refusal writes nothing.
pub(crate) async fn discard_within(
    system: &System,
    write: &mut Write,
    actor: &Actor,
    entry: EntryId,
) -> Result<(ThreadId, String)> {
    require(actor, Permission::DiscardMessages)?;
    let now = system.now();
    let Some(facts) = write.entry_facts(entry).await? else {
        let why = format!("Outbox entry {entry} not found.");
        return Err(Refusal::new(Code::NotFound, why, "List the outbox.").into());
    };
    let (state, thread) = (facts.state, facts.thread);
    if !state.can_discard() {
        let why = match state {
            EntryState::Sending => format!("{entry} is being sent."),
            _ => format!("{entry} is {} and cannot be discarded.", state.name()),
        };
        return Err(Refusal::new(Code::NotDiscardable, why, "").into());
    }
    let kept = state == EntryState::Scheduled;
    if kept {
        let by = facts.recalled_by.unwrap_or_default();
        write.recall(entry, &actor.to_string(), now).await?.or_refuse(|| {
            let why = format!("{by} has already asked the provider to cancel {entry}.");
            Refusal::new(Code::NotDiscardable, why, "Wait until the provider confirms it.")
        })?;
    } else {
        write.end_entry(entry, EntryState::Discarded, None, Some(SettledBy::Person), now).await?;
    }
    for kind in ENTRY_ALERTS {
        write.clear_alert(kind, &entry.to_string(), now).await?;
    }
    write
        .audit(actor, AuditAction::Discard, &thread.to_string(), &format!("{entry}, which was {}", state.name()), now)
        .await?;
    let said = if kept {
        format!("Canceling {entry}; it is discarded once the provider confirms.")
    } else {
        format!("Discarded {entry}.")
    };
    Ok((thread, said))
}
