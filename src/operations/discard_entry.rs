//! Take an entry out of the outbox: it will not be sent. What has left cannot be called back.

use super::failure_alerts::ENTRY_ALERTS;
use super::{Result, System, require};
use crate::domain::change::Change;
use crate::domain::ids::EntryId;
use crate::domain::outbox::{EntryState, SettledBy};
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;

pub(super) async fn discard_entry(system: &System, actor: &Actor, entry: EntryId) -> Result<Done> {
    require(actor, Right::DiscardAMessage)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let Some((state, _, thread, _)) = write.entry_state(entry).await? else {
        let why = format!("There is no outbox entry {entry}.");
        return Err(Refusal::new("not_found", why, "List them with `wadeck outbox list`.").into());
    };
    if !state.can_discard() {
        let why = match state {
            EntryState::Sending => format!("{entry} is being sent this very moment."),
            _ => format!("{entry} is {}: there is nothing to take out.", state.name()),
        };
        return Err(Refusal::new("not_discardable", why, "").into());
    }
    let kept = state == EntryState::Scheduled;
    if kept {
        write.recall(entry, &actor.to_string(), now).await?;
    } else {
        write.end_entry(entry, EntryState::Discarded, None, Some(SettledBy::Person), now).await?;
    }
    for kind in ENTRY_ALERTS {
        write.clear_alert(kind, &entry.to_string(), now).await?;
    }
    write.audit(actor, "discard", &thread.to_string(), &format!("{entry}, which was {}", state.name()), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Alerts, Change::Activity]);
    system.wakes().sender.notify_one();
    system.wakes().looker.notify_one();
    let said = if kept {
        format!("{entry} is being called back; it is discarded once the provider says so.")
    } else {
        format!("{entry} is discarded.")
    };
    Ok(Done { said, made: None })
}
