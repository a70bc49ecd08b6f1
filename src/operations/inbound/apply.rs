//! Apply stored deliveries: read each through its provider, and do all that it says in one go. What
//! cannot be read is kept, marked and shown, and stands in nobody's way.

use crate::operations::inbound::effects::ApplyError;
use std::time::{Duration, Instant};

use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::inbound::event::InboundEvent;
use crate::domain::inbound::set_aside::{Progress, SetAside};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::operations::inbound::apply_event::apply_event;
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::{Result, System};
use crate::store::{NewAlert, StoreError, StoredDelivery, Write};

/// Deliveries per transaction.
const BATCH: u32 = 64;
/// How long one transaction may take, but for its last delivery.
const TURN: Duration = Duration::from_millis(8);

/// Items of one delivery that are applied in one go: a body may hold many thousands.
const ITEMS: usize = 500;

/// How far one delivery was applied.
pub(crate) enum Outcome {
    /// With the thread it told about, where it is one.
    Applied {
        event: String,
        thread: Option<ThreadId>,
        /// What is to be said about it although it was applied.
        note: Option<String>,
    },
    /// Some of its items, or all, were set aside; the others were applied. Or some are still to be applied.
    Partly {
        event: String,
        progress: Progress,
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
    let Some(oldest) = pending.first().map(|delivery| delivery.raw.received_at) else {
        drop(write);
        crate::operations::monitoring::metrics::lag::note_lag(system, None).await?;
        return Ok(0);
    };
    let mut effects = Effects::default();
    let mut done = vec![];
    let mut trouble = false;
    for delivery in &pending {
        match apply_one(system, &mut write, delivery, &mut effects, false).await {
            Ok(outcome) => done.push((delivery, outcome)),
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
        let count = done.len();
        end(system, &mut write, done, &mut effects).await?;
        prove(&mut write, &effects).await?;
        write.commit().await?;
        count
    };
    crate::operations::monitoring::metrics::lag::note_lag(system, Some(oldest)).await?;
    crate::operations::monitoring::notice::adopt(system, &effects.templates).await?;
    effects.changes.push(Change::Deliveries);
    effects.changes.push(Change::Activity);
    system.bus().publish(effects.changes.iter().copied());
    if effects.runs {
        system.wakes().runner.notify_one();
    }
    if effects.dry_runs {
        system.wakes().dry_runs.notify_one();
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

/// The careful way: each item in a part of its own, which its failure undoes alone.
async fn one_by_one(system: &System, effects: &mut Effects) -> Result<usize> {
    let mut write = system.store().write().await?;
    let pending = write.pending_deliveries(BATCH).await?;
    let mut done = vec![];
    for delivery in &pending {
        let outcome = apply_one(system, &mut write, delivery, effects, true).await?;
        done.push((delivery, outcome));
    }
    end(system, &mut write, done, effects).await?;
    prove(&mut write, effects).await?;
    write.commit().await?;
    Ok(pending.len())
}

/// Writes down how each delivery ended; one statement for all that were simply applied.
async fn end(
    system: &System,
    write: &mut Write,
    done: Vec<(&StoredDelivery, Outcome)>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let mut applied = vec![];
    for (delivery, outcome) in done {
        match outcome {
            Outcome::Applied { event, thread, note } => applied.push((delivery.id, event, thread, note)),
            Outcome::Partly { event, progress } => {
                write.keep_progress(delivery.id, progress.state(), &event, &progress).await?;
                let was = delivery.progress.as_ref().map(Progress::state);
                if progress.state() == DeliveryState::Quarantined && was != Some(DeliveryState::Quarantined) {
                    let data = serde_json::json!({ "delivery": delivery.id, "provider": delivery.raw.provider,
                        "event": event, "numbers": progress.foreign_numbers() });
                    system.happened(write, EventName::DeliveryQuarantined, None, &data).await?;
                    effects.tells = true;
                }
                for (state, subject, said) in progress.alerts(delivery.progress.as_ref()) {
                    raise(system, write, state, &subject, &said).await?;
                    effects.changes.push(Change::Alerts);
                }
            }
            Outcome::Unreadable { note } => {
                write.mark_delivery(delivery.id, DeliveryState::Unreadable, &delivery.event, Some(&note)).await?;
                raise(
                    system,
                    write,
                    AlertKind::Unreadable,
                    "delivery",
                    "A signed webhook could not be read; it is kept.",
                )
                .await?;
                effects.changes.push(Change::Alerts);
            }
        }
    }
    write.mark_applied(&applied).await
}

async fn prove(write: &mut Write, effects: &Effects) -> Result<(), StoreError> {
    for (connection, hop, at, note) in &effects.proofs {
        write.prove(*connection, *hop, *at, true, note).await?;
    }
    Ok(())
}

async fn raise(
    system: &System,
    write: &mut Write,
    kind: AlertKind,
    subject: &str,
    said: &str,
) -> Result<(), StoreError> {
    write.raise(&NewAlert { kind, subject, said, thread: None }, system.now()).await?;
    Ok(())
}

/// Applies a delivery item by item. With `careful` each item stands in a part of its own, so that one that the
/// database does not take is set aside alone; without, such an item ends the whole with its error.
pub(crate) async fn apply_one(
    system: &System,
    write: &mut Write,
    delivery: &StoredDelivery,
    effects: &mut Effects,
    careful: bool,
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
    let notes_before = effects.notes.len();
    let mut progress = Progress::begin(delivery.progress.as_ref(), reading.events.len());
    for at in progress.todo(ITEMS) {
        let event = &reading.events[at];
        let outcome = if careful {
            carefully(system, write, &source, event, effects).await?
        } else {
            apply_event(system, write, &source, event, effects).await?
        };
        match outcome {
            Ok(()) => {}
            Err(ApplyError::UnknownNumber(number)) => progress.set_aside(SetAside::foreign(at, &number)),
            Err(ApplyError::Unreadable(why)) => progress.set_aside(SetAside::unreadable(at, &why)),
        }
    }
    let mut notes = effects.notes.split_off(notes_before);
    notes.extend(reading.notes);
    progress.say(notes);
    if !progress.is_done() || progress.any() {
        return Ok(Outcome::Partly { event: reading.event, progress });
    }
    let mut threads = effects.changes[before..].iter().filter_map(|change| match change {
        Change::Thread(thread) => Some(*thread),
        _ => None,
    });
    let said = progress.said();
    let note = (!said.is_empty()).then(|| said.join("\n"));
    let thread = threads.next().filter(|first| threads.all(|other| other == *first));
    Ok(Outcome::Applied { event: reading.event, thread, note })
}

async fn carefully(
    system: &System,
    write: &mut Write,
    source: &Source,
    event: &InboundEvent,
    effects: &mut Effects,
) -> Result<std::result::Result<(), ApplyError>, StoreError> {
    write.savepoint().await?;
    let mut own = Effects::default();
    match apply_event(system, write, source, event, &mut own).await {
        Ok(Ok(())) => {
            write.release_savepoint().await?;
            effects.absorb(own);
            Ok(Ok(()))
        }
        Ok(Err(setback)) => {
            write.rollback_to_savepoint().await?;
            Ok(Err(setback))
        }
        Err(error) if !error.is_about_values() => Err(error),
        Err(error) => {
            let delivery = source.delivery.map(|id| id.to_string()).unwrap_or_default();
            tracing::error!(delivery, %error, "an item of a delivery could not be applied; it is kept and can be replayed");
            write.rollback_to_savepoint().await?;
            Ok(Err(ApplyError::Unreadable(error.to_string())))
        }
    }
}
