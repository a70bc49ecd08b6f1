//! Marks a thread as read, here and at the provider, so that the contact sees it.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::Done;
use crate::operations::{Result, System, require};

/// Marks a thread as read.
pub(crate) async fn mark_read(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Permission::MarkThreadsRead)?;
    let row = crate::operations::outbox::send_message::thread_row(system, thread).await?;
    let mut write = system.store().write().await?;
    let changed = write.clear_unread(thread).await?.applied();
    write.commit().await?;
    if !changed {
        return Ok(Done { message: "No unread messages.".into(), created_id: None });
    }
    system.bus().publish([Change::Thread(thread)]);
    let name = row.contact.display_name();
    let here = format!("Marked the thread of {name} as read here");
    if let Some(other) = row.held_by_other(system.now()) {
        return Ok(Done {
            message: format!("{here}; not shown to {name}, because {} owns the conversation.", other.who()),
            created_id: None,
        });
    }
    let Some(connection) = system.store().connection(row.connection_id).await? else {
        return Ok(Done { message: format!("{here}."), created_id: None });
    };
    let provider = system.providers().get(&connection.provider).filter(|provider| provider.capabilities().read_marks);
    let last = system.store().last_inbound(thread).await?;
    let said = match (provider, last) {
        (Some(provider), Some(last)) if connection.settings.read_marks => {
            match provider.mark_read(&connection, &last, false).await {
                Ok(()) => format!("{here} and for {name}."),
                // A failure has no effect here and is not retried.
                Err(trouble) => format!("{here}; not reported to the provider: {}.", trouble.line()),
            }
        }
        _ => format!("{here}."),
    };
    Ok(Done { message: said, created_id: None })
}
