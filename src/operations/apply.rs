//! Apply stored deliveries: read each through its provider, and do all that it says in one go. What
//! cannot be read is kept, marked and shown, and stands in nobody's way.

use std::time::{Duration, Instant};

use super::apply_message::{Effects, Source, apply_event};
use super::{Result, System};
use crate::domain::change::Change;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::ThreadId;
use crate::store::{NewAlert, StoreError, StoredDelivery, Write};

/// Deliveries per transaction.
const BATCH: u32 = 64;
/// How long one transaction may take, but for its last delivery.
const TURN: Duration = Duration::from_millis(8);

/// How one delivery ended.
pub(super) enum Outcome {
    /// With the thread it told about, where it is one.
    Applied {
        event: String,
        thread: Option<ThreadId>,
    },
    Quarantined {
        event: String,
        note: String,
    },
    Unreadable {
        note: String,
    },
}

/// Applies the oldest pending deliveries. Returns how many there were.
///
/// First all of them in one go; if one of them makes trouble, the whole is undone and they are
/// applied again, each on its own.
pub async fn apply_pending(system: &System) -> Result<usize> {
    let began = Instant::now();
    let mut write = system.store().write().await?;
    let pending = write.pending_deliveries(BATCH).await?;
    if pending.is_empty() {
        return Ok(0);
    }
    let mut effects = Effects::default();
    let mut applied = vec![];
    let mut trouble = false;
    for delivery in &pending {
        match apply_one(system, &mut write, delivery, &mut effects).await {
            Ok(Outcome::Applied { event, thread }) => applied.push((delivery.id, event, thread)),
            Ok(_) => trouble = true,
            Err(error) if error.is_about_values() => trouble = true,
            // The disk or the database as a whole: leave everything as it was, and come again.
            Err(error) => return Err(error.into()),
        }
        // Whoever waits to be acknowledged waits for this: not for long.
        if trouble || began.elapsed() > TURN {
            break;
        }
    }
    let done = if trouble {
        drop(write);
        effects = Effects::default();
        one_by_one(system, &mut effects).await?
    } else {
        write.mark_applied(&applied).await?;
        prove(&mut write, &effects).await?;
        write.commit().await?;
        applied.len()
    };
    super::notice::adopt(system, &effects.templates).await?;
    effects.changes.push(Change::Deliveries);
    effects.changes.push(Change::Activity);
    system.bus().publish(effects.changes.iter().copied());
    if effects.runs {
        system.wakes().runner.notify_one();
    }
    if effects.files {
        system.wakes().fetcher.notify_one();
    }
    if effects.tells {
        system.wakes().teller.notify_one();
    }
    if effects.setups {
        system.wakes().setups.notify_one();
    }
    if effects.sends {
        system.wakes().sender.notify_one();
    }
    if effects.looks {
        system.wakes().looker.notify_one();
    }
    system.wakes().keeper.notify_one();
    Ok(done)
}

/// The careful way: each delivery in a part of its own, which its failure undoes alone.
async fn one_by_one(system: &System, effects: &mut Effects) -> Result<usize> {
    let mut write = system.store().write().await?;
    let pending = write.pending_deliveries(BATCH).await?;
    for delivery in &pending {
        write.savepoint().await?;
        let mut own = Effects::default();
        let outcome = match apply_one(system, &mut write, delivery, &mut own).await {
            Ok(outcome) => outcome,
            Err(error) if !error.is_about_values() => return Err(error.into()),
            Err(error) => {
                tracing::error!(delivery = %delivery.id, %error, "a delivery could not be applied; it is kept and can be replayed");
                Outcome::Unreadable { note: error.to_string() }
            }
        };
        match outcome {
            Outcome::Applied { event, thread } => {
                write.keep_part().await?;
                write.mark_applied(&[(delivery.id, event, thread)]).await?;
                effects.absorb(own);
            }
            Outcome::Quarantined { event, note } => {
                write.undo_part().await?;
                write.mark_delivery(delivery.id, DeliveryState::Quarantined, &event, Some(&note)).await?;
                let said = format!("Webhooks arrive for a number that no connection has: {note}.");
                raise(system, &mut write, "quarantine", &note, &said).await?;
            }
            Outcome::Unreadable { note } => {
                write.undo_part().await?;
                write.mark_delivery(delivery.id, DeliveryState::Unreadable, &delivery.event, Some(&note)).await?;
                raise(system, &mut write, "unreadable", "delivery", "A signed webhook could not be read; it is kept.")
                    .await?;
            }
        }
    }
    prove(&mut write, effects).await?;
    write.commit().await?;
    Ok(pending.len())
}

async fn prove(write: &mut Write, effects: &Effects) -> Result<(), StoreError> {
    for (connection, hop, at, note) in &effects.proofs {
        write.prove(*connection, *hop, *at, true, note).await?;
    }
    Ok(())
}

async fn raise(system: &System, write: &mut Write, kind: &str, subject: &str, said: &str) -> Result<(), StoreError> {
    write.raise(&NewAlert { kind, subject, said, thread: None }, system.now()).await?;
    Ok(())
}

pub(super) async fn apply_one(
    system: &System,
    write: &mut Write,
    delivery: &StoredDelivery,
    effects: &mut Effects,
) -> Result<Outcome, StoreError> {
    let Some(provider) = system.providers().get(&delivery.raw.provider) else {
        return Ok(Outcome::Unreadable { note: format!("no provider is called {}", delivery.raw.provider) });
    };
    let reading = match provider.read(&delivery.raw) {
        Ok(reading) => reading,
        Err(unreadable) => return Ok(Outcome::Unreadable { note: unreadable.to_string() }),
    };
    let source = Source::pushed(delivery);
    let before = effects.changes.len();
    for event in &reading.events {
        match apply_event(system, write, &source, event, effects).await? {
            Ok(()) => {}
            Err(Setback::UnknownNumber(number)) => {
                return Ok(Outcome::Quarantined { event: reading.event, note: format!("phone_number_id {number}") });
            }
            Err(Setback::Unreadable(note)) => return Ok(Outcome::Unreadable { note }),
        }
    }
    let mut threads = effects.changes[before..].iter().filter_map(|change| match change {
        Change::Thread(thread) => Some(*thread),
        _ => None,
    });
    let thread = threads.next().filter(|first| threads.all(|other| other == *first));
    Ok(Outcome::Applied { event: reading.event, thread })
}

/// Why an event is not applied, without anything being broken.
pub(super) enum Setback {
    UnknownNumber(String),
    Unreadable(String),
}
