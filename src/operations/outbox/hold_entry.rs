//! Holds a queued entry until a person releases it.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::limits::Hold;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};
use crate::store::Write;

/// Holds or releases a queued entry. Refused in any other state.
pub(crate) async fn hold_entry(system: &System, actor: &Actor, entry: EntryId, hold: bool) -> Result<Done> {
    let mut write = system.store().write().await?;
    let (thread, said) = hold_within(system, &mut write, actor, entry, hold).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Thread(thread), Change::Activity]);
    system.wakeups().sender.notify_one();
    Ok(Done { message: said, created_id: None })
}

/// Checks the rules and holds or releases the entry. Runs in the caller's transaction; a refusal writes nothing.
pub(crate) async fn hold_within(
    system: &System,
    write: &mut Write,
    actor: &Actor,
    entry: EntryId,
    hold: bool,
) -> Result<(ThreadId, String)> {
    require(actor, Permission::HoldMessages)?;
    let now = system.now();
    let Some(facts) = write.entry_facts(entry).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Outbox entry {entry} not found."), "").into());
    };
    let (state, thread) = (facts.state, facts.thread);
    if state != EntryState::Queued {
        let why = format!("{entry} is {}: only queued messages can be held or released.", state.name());
        let remedy = if state == EntryState::Scheduled {
            "The provider keeps the message: discard it, which cancels it there, then retry it."
        } else {
            ""
        };
        return Err(Refusal::new(Code::NotQueued, why, remedy).into());
    }
    if hold {
        if facts.hold == Some(Hold::Operator) {
            return Err(Refusal::new(Code::NoChange, format!("{entry} is already held."), "").into());
        }
        write.hold_entry(entry, Some(Hold::Operator), now).await?;
    } else {
        if facts.hold.is_none() && facts.not_before.is_none() {
            return Err(Refusal::new(
                Code::NoChange,
                format!("{entry} is not held."),
                "Nothing needs to be done: it is sent in its turn.",
            )
            .into());
        }
        write.release_entry(entry, now).await?;
    }
    write
        .audit(
            actor,
            if hold { AuditAction::Hold } else { AuditAction::Release },
            &thread.to_string(),
            &entry.to_string(),
            now,
        )
        .await?;
    let said = if hold {
        format!("Held {entry}. Later messages of its thread wait too. H releases it.")
    } else {
        format!("Released {entry}.")
    };
    Ok((thread, said))
}
