//! Apply stored deliveries: read each through its provider, and do all that it says in one go. What
//! cannot be read is kept, marked and shown, and stands in nobody's way.

use crate::domain::change::Change;
use crate::domain::error_text::error_text;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::inbound::delivery::{DeliveryState, RawDelivery};
use crate::domain::inbound::event::InboundEvent;
use crate::domain::inbound::set_aside::{Progress, SetAside};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::operations::inbound::apply_event::apply_event;
use crate::operations::inbound::batch::Batch;
use crate::operations::inbound::effects::{ApplyError, ApplyResult, Effects, Source};
use crate::operations::{Result, System};
use crate::provider::{Provider, Reading};
use crate::store::{NewAlert, StoreError, StoredDelivery, Write};

/// Deliveries per transaction.
const BATCH: u32 = 64;
/// Items that are applied in one go, of one delivery and, but for those of the last, of all: a body may hold many
/// thousands.
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
    let mut write = system.store().write().await?;
    let (pending, marked) = write.pending_deliveries(BATCH, system.now()).await?;
    let Some(oldest) = pending.first().map(|delivery| delivery.raw.received_at) else {
        // A commit of nothing would show nothing of the database.
        if marked {
            write.commit().await?;
        } else {
            drop(write);
        }
        crate::operations::monitoring::metrics::lag::note_lag(system, None).await?;
        return Ok(0);
    };
    let mut effects = Effects::default();
    let readings = pending.iter().map(|delivery| read(system, delivery));
    let applied = match together(system, &mut write, &pending, readings, &mut effects).await {
        Ok(done) => Some(done),
        Err(error) if error.is_about_values() => None,
        // The disk or the database as a whole: leave everything as it was, and come again.
        Err(error) => return Err(error.into()),
    };
    let done = match applied {
        Some(done) => {
            let count = done.len();
            end(system, &mut write, done, &mut effects).await?;
            write.record_successes(&effects.checks).await?;
            write.commit().await?;
            count
        }
        None => {
            drop(write);
            effects = Effects::default();
            one_by_one(system, &mut effects).await?
        }
    };
    crate::operations::monitoring::metrics::lag::note_lag(system, Some(oldest)).await?;
    after_commit(system, effects).await?;
    Ok(done)
}

/// Applies deliveries that were stored in the same transaction. They were read before it began. Those that are beyond
/// one batch stay pending: `false` then.
pub(crate) async fn apply_stored(
    system: &System,
    write: &mut Write,
    stored: &[StoredDelivery],
    readings: Vec<ReadResult>,
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let read = stored.iter().zip(readings);
    let read = read.map(|(delivery, reading)| Read { source: Source::pushed(delivery), reading });
    let done = together(system, write, stored, read, effects).await?;
    let all = done.len() == stored.len();
    end(system, write, done, effects).await?;
    write.record_successes(&effects.checks).await?;
    Ok(all)
}

/// Tells everybody whom it concerns what was applied, once it is committed.
pub(crate) async fn after_commit(system: &System, mut effects: Effects) -> Result<()> {
    crate::operations::monitoring::notice::adopt(system, &effects.templates).await?;
    effects.changes.extend([Change::Deliveries, Change::Activity]);
    system.bus().publish(effects.changes.iter().copied());
    let wakes = system.wakes();
    let asked = [
        (effects.runs, &wakes.agent_runs),
        (effects.files, &wakes.fetcher),
        (effects.tells, &wakes.event_delivery),
        (effects.setups, &wakes.setups),
        (effects.sends, &wakes.sender),
        (effects.looks, &wakes.reconcile),
        (effects.dry_runs, &wakes.dry_runs),
        (true, &wakes.maintenance),
    ];
    for (_, worker) in asked.iter().filter(|(wanted, _)| *wanted) {
        worker.notify_one();
    }
    Ok(())
}

/// Applies deliveries in one batch, until it has enough items.
async fn together<'d>(
    system: &System,
    write: &mut Write,
    pending: &'d [StoredDelivery],
    readings: impl Iterator<Item = Read>,
    effects: &mut Effects,
) -> Result<Vec<(&'d StoredDelivery, Outcome)>, StoreError> {
    let mut items = 0;
    let mut read: Vec<Read> = vec![];
    for reading in readings {
        read.push(reading);
        items += read.last().and_then(|read| read.reading.as_ref().ok()).map_or(1, |reading| reading.events.len());
        // Whoever waits to be acknowledged waits for this: not for long.
        if items >= ITEMS {
            break;
        }
    }
    let mut batch = Batch::new(system, write);
    let mut events = vec![];
    for Read { source, reading } in &read {
        let readable = reading.as_ref().map_or(&[][..], |reading| &reading.events);
        events.extend(readable.iter().map(|event| (source, event)));
    }
    batch.load(&events).await?;
    let mut done = vec![];
    for (delivery, read) in pending.iter().zip(read) {
        done.push((delivery, apply_one(system, &mut Way::Together(&mut batch), delivery, read, effects).await?));
    }
    batch.store().await?;
    Ok(done)
}

/// A delivery as its provider reads it; the error says why it cannot be read.
pub(crate) struct Read {
    source: Source,
    reading: ReadResult,
}

/// What a provider reads in a request, or why it cannot be read.
pub(crate) type ReadResult = std::result::Result<Reading, UnreadableDelivery>;

error_text! {
    /// Why a delivery cannot be read.
    UnreadableDelivery
}

pub(crate) fn read(system: &System, delivery: &StoredDelivery) -> Read {
    let reading = match system.providers().get(&delivery.raw.provider) {
        None => Err(format!("unknown provider {}", delivery.raw.provider).into()),
        Some(provider) => read_raw(&**provider, &delivery.raw),
    };
    Read { source: Source::pushed(delivery), reading }
}

/// Reads a request. Needs nothing but its bytes, and so nobody waits for it but whoever sent it.
pub(crate) fn read_raw(provider: &dyn Provider, raw: &RawDelivery) -> ReadResult {
    provider.read(raw).map_err(|unreadable| unreadable.to_string().into())
}

/// How the items of a delivery are applied.
pub(crate) enum Way<'w, 'b> {
    /// With those of others; one that the database does not take ends the whole with its error.
    Together(&'w mut Batch<'b>),
    /// Each in a part of its own, so that one that the database does not take is set aside alone.
    Carefully(&'w mut Write),
}

/// The careful way: each item in a part of its own, which its failure undoes alone.
async fn one_by_one(system: &System, effects: &mut Effects) -> Result<usize> {
    let mut write = system.store().write().await?;
    let (pending, _) = write.pending_deliveries(BATCH, system.now()).await?;
    let mut done = vec![];
    for delivery in &pending {
        let read = read(system, delivery);
        let outcome = apply_one(system, &mut Way::Carefully(&mut write), delivery, read, effects).await?;
        done.push((delivery, outcome));
    }
    end(system, &mut write, done, effects).await?;
    write.record_successes(&effects.checks).await?;
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
                    system.record_event(write, EventName::DeliveryQuarantined, None, &data).await?;
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
                    "A signed webhook could not be read. It is stored and can be replayed.",
                )
                .await?;
                effects.changes.push(Change::Alerts);
            }
        }
    }
    write.mark_applied(&applied).await
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

/// Applies a delivery item by item.
pub(crate) async fn apply_one(
    system: &System,
    way: &mut Way<'_, '_>,
    delivery: &StoredDelivery,
    Read { source, reading }: Read,
    effects: &mut Effects,
) -> Result<Outcome, StoreError> {
    let reading = match reading {
        Ok(reading) => reading,
        Err(note) => return Ok(Outcome::Unreadable { note: note.0 }),
    };
    // Its own: the thread that it told about may be one that another delivery told about before.
    let mut own = Effects::default();
    let mut progress = Progress::begin(delivery.progress.as_ref(), reading.events.len());
    for at in progress.todo(ITEMS) {
        let event = &reading.events[at];
        let outcome = match way {
            Way::Carefully(write) => carefully(system, write, &source, event, &mut own).await?,
            Way::Together(batch) => apply_event(system, batch, &source, event, &mut own).await?,
        };
        match outcome {
            Ok(()) => {}
            Err(ApplyError::UnknownNumber(number)) => progress.set_aside(SetAside::foreign(at, &number)),
            Err(ApplyError::Unreadable(why)) => progress.set_aside(SetAside::unreadable(at, &why)),
        }
    }
    let mut notes = std::mem::take(&mut own.notes);
    notes.extend(reading.notes);
    progress.say(notes);
    for change in &own.changes {
        if let Change::Thread(thread) = change {
            progress.tells_of(*thread);
        }
    }
    let thread = progress.thread();
    effects.absorb(own);
    if !progress.is_done() || progress.any() {
        return Ok(Outcome::Partly { event: reading.event, progress });
    }
    let said = progress.said();
    let note = (!said.is_empty()).then(|| said.join("\n"));
    Ok(Outcome::Applied { event: reading.event, thread, note })
}

/// Applies one event by itself and writes it down.
pub(crate) async fn apply_alone(
    system: &System,
    write: &mut Write,
    source: &Source,
    event: &InboundEvent,
    effects: &mut Effects,
) -> ApplyResult {
    let mut batch = Batch::new(system, write);
    batch.load(&[(source, event)]).await?;
    let outcome = apply_event(system, &mut batch, source, event, effects).await?;
    batch.store().await?;
    Ok(outcome)
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
    match apply_alone(system, write, source, event, &mut own).await {
        Ok(Ok(())) => {
            write.release_savepoint().await?;
            effects.absorb(own);
            Ok(Ok(()))
        }
        Ok(Err(setback)) => {
            // What was kept before it was set aside stays, as it does for all of them together.
            write.release_savepoint().await?;
            effects.absorb(own);
            Ok(Err(setback))
        }
        Err(error) if !error.is_about_values() => Err(error),
        Err(error) => {
            let delivery = source.delivery.map(|id| id.to_string()).unwrap_or_default();
            tracing::error!(delivery, %error, "Cannot apply an item of a delivery; it is stored and can be replayed");
            write.rollback_to_savepoint().await?;
            Ok(Err(ApplyError::Unreadable(error.to_string())))
        }
    }
}
