//! Adds an internal note to a thread. Notes are stored in their own table and are never sent.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::ids::ThreadId;
use crate::domain::message::note::{self, Note};
use crate::domain::refusal::Done;
use crate::domain::text::Untrusted;
use crate::operations::outbox::send_message::thread_within;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};

/// Adds a note.
pub(crate) async fn add_note(system: &System, actor: &Actor, thread: ThreadId, text: &str) -> Result<Done> {
    require(actor, Permission::WriteNotes)?;
    note::check(text)?;
    let now = system.now();
    let note = Note { author: actor.to_string(), at: now, words: Untrusted::from(text.trim()) };
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    write.add_note(thread, &note).await?;
    ownership::keep(&mut write, thread, &note.author, now).await?;
    write.audit(actor, AuditAction::Note, &thread.to_string(), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { message: format!("Added an internal note to {}.", row.contact.display_name()), created_id: None })
}
