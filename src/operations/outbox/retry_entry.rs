//! Retries an entry on request of a person: starts a new series of attempts and keeps the earlier ones.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::message::window::check_window;
use crate::domain::outbox::entry::EntryState;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::outbox::failure_alerts::ENTRY_ALERTS;
use crate::operations::outbox::send_message::thread_within;
use crate::operations::{Result, System, require};
use crate::store::Write;

/// Retries a failed, dead, uncertain or discarded entry.
pub(crate) async fn retry_entry(system: &System, actor: &Actor, entry: EntryId) -> Result<Done> {
    let mut write = system.store().write().await?;
    let (thread, said) = retry_within(system, &mut write, actor, entry).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Alerts, Change::Activity]);
    system.wakeups().sender.notify_one();
    Ok(Done { message: said, created_id: None })
}

/// Checks the rules and queues the entry again. Runs in the caller's transaction; a refusal writes nothing.
pub(crate) async fn retry_within(
    system: &System,
    write: &mut Write,
    actor: &Actor,
    entry: EntryId,
) -> Result<(ThreadId, String)> {
    require(actor, Permission::RetryMessages)?;
    let now = system.now();
    let Some(facts) = write.entry_facts(entry).await? else {
        let why = format!("Outbox entry {entry} not found.");
        return Err(Refusal::new(Code::NotFound, why, "List the outbox.").into());
    };
    let state = facts.state;
    if !state.can_retry() {
        let why = format!("{entry} is {} and cannot be retried.", state.name());
        let instead = "Retry only failed, uncertain or discarded messages.";
        return Err(Refusal::new(Code::NotRetryable, why, instead).into());
    }
    let row = thread_within(write, facts.thread).await?;
    if row.opted_out {
        let why = format!("{} opted out.", row.contact.display_name());
        return Err(Refusal::new(Code::OptedOut, why, "Wait until the contact opts in again.").into());
    }
    if facts.freeform {
        check_window(row.window_closes_at, now, now)?;
    }
    write.new_series(entry, facts.message, &system.reference(), now).await?;
    for kind in ENTRY_ALERTS {
        write.clear_alert(kind, &entry.to_string(), now).await?;
    }
    write
        .audit(actor, AuditAction::Retry, &row.id.to_string(), &format!("{entry}, which was {}", state.name()), now)
        .await?;
    let said = match state {
        EntryState::Uncertain => {
            format!("Queued {entry} again. If the first attempt arrived, the contact gets it twice.")
        }
        _ => format!("Queued {entry} again with a new series of attempts."),
    };
    Ok((row.id, said))
}
