//! Write a note for colleagues. It goes into a table that nothing sends from.

use super::send::thread_within;
use super::{Result, System, claim, require};
use crate::domain::change::Change;
use crate::domain::ids::ThreadId;
use crate::domain::note::{self, Note};
use crate::domain::request::Done;
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::domain::text::Untrusted;

pub(super) async fn add_note(system: &System, actor: &Actor, thread: ThreadId, text: &str) -> Result<Done> {
    require(actor, Right::WriteNotes)?;
    note::check(text)?;
    let now = system.now();
    let note = Note { author: actor.to_string(), at: now, words: Untrusted::from(text.trim()) };
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    write.add_note(thread, &note).await?;
    claim::keep(&mut write, thread, &note.author, now).await?;
    write.audit(actor, "note", &thread.to_string(), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { said: format!("Noted on {}, for colleagues only.", row.contact.shown()), made: None })
}
