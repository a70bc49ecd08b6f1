//! Hold a queued entry until somebody releases it.

use super::{Result, System, require};
use crate::domain::change::Change;
use crate::domain::ids::EntryId;
use crate::domain::limits::Hold;
use crate::domain::outbox::EntryState;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;

pub(super) async fn hold_entry(system: &System, actor: &Actor, entry: EntryId, hold: bool) -> Result<Done> {
    require(actor, Right::HoldMessages)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let Some((state, _, thread, _)) = write.entry_state(entry).await? else {
        return Err(Refusal::new("not_found", format!("There is no outbox entry {entry}."), "").into());
    };
    if state != EntryState::Queued {
        let why = format!("{entry} is {}: only what is queued can be held or released.", state.name());
        let remedy = if state == EntryState::Scheduled {
            "The provider keeps it: discard it, which calls it back, and then retry it."
        } else {
            ""
        };
        return Err(Refusal::new("not_queued", why, remedy).into());
    }
    if hold {
        write.hold_entry(entry, Some(Hold::Operator), now).await?;
    } else {
        write.release_entry(entry, now).await?;
    }
    write.audit(actor, if hold { "hold" } else { "release" }, &thread.to_string(), &entry.to_string(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Thread(thread), Change::Activity]);
    system.wakes().sender.notify_one();
    let said = if hold {
        format!("{entry} is held, and what follows it in its thread waits too. H releases it.")
    } else {
        format!("{entry} is released.")
    };
    Ok(Done { said, made: None })
}
