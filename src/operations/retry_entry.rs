//! Try an entry again by hand: a new series of attempts, beside the old ones, which stay.

use super::failure_alerts::ENTRY_ALERTS;
use super::{Result, System, require};
use crate::domain::change::Change;
use crate::domain::ids::EntryId;
use crate::domain::outbox::EntryState;
use crate::domain::request::{Done, Refusal, check_window};
use crate::domain::right::Right;
use crate::domain::role::Actor;

pub(super) async fn retry_entry(system: &System, actor: &Actor, entry: EntryId) -> Result<Done> {
    require(actor, Right::RetryAMessage)?;
    let now = system.now();
    let detail = system.store().entry(entry).await?.ok_or_else(|| {
        Refusal::new("not_found", format!("There is no outbox entry {entry}."), "List them with `wadeck outbox list`.")
    })?;
    if !detail.row.state.can_retry() {
        let why = format!("{entry} is {}: there is nothing to try again.", detail.row.state.name());
        return Err(Refusal::new(
            "not_retryable",
            why,
            "Only what failed, is uncertain or was discarded can be retried.",
        )
        .into());
    }
    let message = system.store().message(detail.row.message_id).await?;
    let thread = system.store().thread(detail.row.thread_id).await?;
    if let Some(thread) = thread.as_ref().filter(|thread| thread.opted_out) {
        let why = format!("{} asked not to be written to.", thread.contact.shown());
        return Err(Refusal::new("opted_out", why, "Write when they want it again.").into());
    }
    if message.is_some_and(|message| message.content.is_freeform()) {
        check_window(thread.and_then(|thread| thread.window_closes_at), now)?;
    }
    let mut write = system.store().write().await?;
    let Some((state, message, thread, _)) = write.entry_state(entry).await? else { return Ok(gone(entry)) };
    if !state.can_retry() {
        return Ok(gone(entry));
    }
    write.new_series(entry, message, &system.reference(), now).await?;
    for kind in ENTRY_ALERTS {
        write.clear_alert(kind, &entry.to_string(), now).await?;
    }
    write.audit(actor, "retry", &thread.to_string(), &format!("{entry}, which was {}", state.name()), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Alerts, Change::Activity]);
    system.wakes().sender.notify_one();
    let said = match state {
        EntryState::Uncertain => {
            format!("{entry} is queued again, by your decision: if the first one arrived, the contact gets it twice.")
        }
        _ => format!("{entry} is queued again as a new series of attempts."),
    };
    Ok(Done { said, made: None })
}

fn gone(entry: EntryId) -> Done {
    Done { said: format!("{entry} changed meanwhile; nothing was done."), made: None }
}
