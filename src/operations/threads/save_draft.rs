//! Saves a person's draft in a thread; it survives a restart.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};

/// Maximum size of a draft, in bytes; longer than any message.
const LONGEST: usize = 64 * 1024;

/// Saves a draft; an empty text deletes it.
pub(crate) async fn save_draft(system: &System, actor: &Actor, thread: ThreadId, text: &str) -> Result<Done> {
    require(actor, Permission::SendMessages)?;
    if text.len() > LONGEST {
        return Err(Refusal::new(
            Code::DraftTooLong,
            "The draft is longer than 64 KB.",
            "Shorten it; the longer draft is not saved.",
        )
        .into());
    }
    let mut write = system.store().write().await?;
    write.save_draft(&actor.to_string(), thread, text, system.now()).await?;
    write.commit().await?;
    Ok(Done { message: "Draft saved.".into(), created_id: None })
}
