//! Undoes the author's last message that was not sent yet, and restores its text as the draft.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::message::content::Content;
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};

/// Undoes the message. Refused if the author has no unsent message in the thread.
pub(crate) async fn undo_send(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Permission::UndoSends)?;
    let author = actor.to_string();
    let now = system.now();
    let mut write = system.store().write().await?;
    let Some((entry, state, content)) = write.last_unsent(thread, &author).await? else {
        let why = "No message of yours can be undone here.";
        return Err(Refusal::new(Code::NothingToUndo, why, "").into());
    };
    let kept_there = state == EntryState::Scheduled;
    if kept_there {
        write.recall(entry, &author, now).await?.or_refuse(|| {
            let why = format!("{entry} is already being canceled at the provider.");
            Refusal::new(Code::NothingToUndo, why, "")
        })?;
    } else {
        write.end_entry(entry, EntryState::Discarded, None, Some(SettledBy::Person), now).await?;
    }
    let kept = match &content {
        Content::Text { body, .. } => {
            write.save_draft(&author, thread, body.as_received(), now).await?;
            " Its text is your draft again."
        }
        _ => "",
    };
    write.audit(actor, AuditAction::UndoSend, &thread.to_string(), &entry.to_string(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Activity]);
    system.wakeups().sender.notify_one();
    system.wakeups().reconcile.notify_one();
    let said = if kept_there {
        format!("Canceling {entry}; it is discarded once the provider confirms.")
    } else {
        format!("Undone: {entry} was not sent.{kept}")
    };
    Ok(Done { message: said, created_id: None })
}
