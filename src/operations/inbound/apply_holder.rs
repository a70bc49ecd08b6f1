//! Applies what events report about who holds a conversation. While another app holds it, wadeck shows it and does
//! not answer.

use crate::domain::change::Change;
use crate::domain::inbound::decide::{ThreadFacts, plausible};
use crate::domain::inbound::event::MessageEvent;
use crate::domain::message::content::Content;
use crate::domain::message::holder::Holder;
use crate::domain::time::Timestamp;
use crate::operations::inbound::effects::Effects;
use crate::store::{StoreError, Write};

/// Returns `true` if a message reports a holder of its conversation that has to be stored.
pub(crate) fn reports_holder(event: &MessageEvent, thread: &ThreadFacts) -> bool {
    match Holder::from_event(event) {
        None => false,
        Some(Holder::Other(_)) => true,
        Some(Holder::Us) => thread.held_elsewhere || matches!(event.content, Content::News(_)),
    }
}

/// Stores who holds the conversation of a message. If another app takes it, our agent is silenced. If wadeck receives
/// it, the thread waits for a person, because an agent does not have the reason for the handoff.
pub(crate) async fn note_holder(
    write: &mut Write,
    thread: &ThreadFacts,
    event: &MessageEvent,
    (received_at, now): (Timestamp, Timestamp),
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let at = plausible(event.sent_at, received_at);
    let holder = Holder::from_event(event);
    if let Some(Holder::Other(role)) = &holder
        && write.held_elsewhere(thread.thread, role, at).await?.applied()
        && !thread.held_elsewhere
    {
        write.silence_agent(thread.thread, "another app owns the conversation", now).await?;
        effects.changes.push(Change::Agents);
    }
    if holder != Some(Holder::Us) {
        return Ok(());
    }
    if thread.held_elsewhere {
        // A report that is older than the latest one changes nothing.
        write.held_here(thread.thread, at).await?.ignore();
    }
    if let Content::News(news) = &event.content {
        let note = news.members.iter().find(|(name, _)| name == "metadata").map(|(_, note)| note.line());
        let note: String = note.unwrap_or_default().chars().take(200).collect();
        let reason = "another app handed the conversation to wadeck";
        let reason = if note.is_empty() { reason.to_owned() } else { format!("{reason}: {note}") };
        write.wait(thread.thread, &reason, at).await?;
    }
    Ok(())
}
