//! Apply what is told of who holds a conversation: while another app does, it is looked at and answered by nobody here.

use crate::domain::change::Change;
use crate::domain::inbound::decide::{ThreadFacts, plausible};
use crate::domain::inbound::event::MessageEvent;
use crate::domain::message::content::Content;
use crate::domain::message::holder::Holder;
use crate::domain::time::Timestamp;
use crate::operations::inbound::effects::Effects;
use crate::store::{StoreError, Write};

/// Whether a message tells of its holder what is not known yet.
pub(crate) fn tells_of_holder(event: &MessageEvent, thread: &ThreadFacts) -> bool {
    match Holder::told_by(event) {
        None => false,
        Some(Holder::Other(_)) => true,
        Some(Holder::Us) => thread.held_elsewhere || matches!(event.content, Content::News(_)),
    }
}

/// Takes note of who holds the conversation of a message. Our agent falls silent when another app does; when we are
/// given it, a person is waited for: whoever gave it away knows why, and an agent does not.
pub(crate) async fn note_holder(
    write: &mut Write,
    thread: &ThreadFacts,
    event: &MessageEvent,
    (received_at, now): (Timestamp, Timestamp),
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let at = plausible(event.sent_at, received_at);
    let holder = Holder::told_by(event);
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
        // What is older than the last that was told changes nothing.
        write.held_here(thread.thread, at).await?.either_way();
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
