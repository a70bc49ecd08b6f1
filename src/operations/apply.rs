//! Apply stored deliveries: read each through its provider, and do all that it says in one go. What
//! cannot be read is kept, marked and shown, and stands in nobody's way.

use super::apply_message::{Effects, apply_event};
use super::{Result, System};
use crate::domain::change::Change;
use crate::domain::delivery::DeliveryState;
use crate::store::{NewAlert, StoreError, StoredDelivery, Write};

/// Deliveries per transaction.
const BATCH: u32 = 64;

/// How one delivery ended.
enum Outcome {
    Applied { event: String },
    Quarantined { event: String, note: String },
    Unreadable { note: String },
}

/// Applies the oldest pending deliveries. Returns how many there were.
pub async fn apply_pending(system: &System) -> Result<usize> {
    let mut write = system.store().write().await?;
    let pending = write.pending_deliveries(BATCH).await?;
    let mut effects = Effects::default();
    for delivery in &pending {
        write.savepoint().await?;
        let mut own = Effects::default();
        let outcome = match apply_one(system, &mut write, delivery, &mut own).await {
            Ok(outcome) => outcome,
            // The disk or the database as a whole: leave everything as it was, and come again.
            Err(error) if !error.is_about_values() => return Err(error.into()),
            Err(error) => {
                tracing::error!(delivery = %delivery.id, %error, "a delivery could not be applied; it is kept and can be replayed");
                Outcome::Unreadable { note: error.to_string() }
            }
        };
        match outcome {
            Outcome::Applied { event } => {
                write.keep_part().await?;
                write.mark_delivery(delivery.id, DeliveryState::Applied, &event, None).await?;
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
    write.commit().await?;
    if !pending.is_empty() {
        effects.changes.push(Change::Deliveries);
        effects.changes.push(Change::Activity);
        system.bus().publish(effects.changes.iter().copied());
        if effects.runs {
            system.wakes().runner.notify_one();
        }
        if effects.sends {
            system.wakes().sender.notify_one();
        }
    }
    Ok(pending.len())
}

async fn raise(system: &System, write: &mut Write, kind: &str, subject: &str, said: &str) -> Result<(), StoreError> {
    write.raise(&NewAlert { kind, subject, said, thread: None }, system.now()).await?;
    Ok(())
}

async fn apply_one(
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
    for event in &reading.events {
        match apply_event(system, write, delivery, event, effects).await? {
            Ok(()) => {}
            Err(Setback::UnknownNumber(number)) => {
                return Ok(Outcome::Quarantined { event: reading.event, note: format!("phone_number_id {number}") });
            }
            Err(Setback::Unreadable(note)) => return Ok(Outcome::Unreadable { note }),
        }
    }
    Ok(Outcome::Applied { event: reading.event })
}

/// Why an event is not applied, without anything being broken.
pub(super) enum Setback {
    UnknownNumber(String),
    Unreadable(String),
}
