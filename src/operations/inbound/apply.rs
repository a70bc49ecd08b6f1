//! Applies stored webhook deliveries: the provider reads each one, and all of its items are applied in one
//! transaction. A delivery or item that cannot be read is stored, marked and shown; the others are applied.

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
/// Maximum number of items applied in one pass. It bounds each delivery, and the batch up to its last delivery; a
/// body can contain thousands of items.
const ITEMS: usize = 500;

/// How far one delivery was applied.
pub(crate) enum Outcome {
    /// The delivery was applied. `thread` is the thread that it changed, if any.
    Applied {
        event: String,
        thread: Option<ThreadId>,
        /// Remark to show with the delivery although it was applied.
        note: Option<String>,
    },
    /// Some or all items were set aside and the others were applied, or some items are still to be applied.
    Partly {
        event: String,
        progress: Progress,
    },
    Unreadable {
        note: String,
    },
}

/// Applies the oldest pending deliveries and returns their number.
///
/// It first applies the whole batch together. If the database refuses a value, the batch is rolled back and each
/// delivery is applied again, item by item.
pub async fn apply_pending(system: &System) -> Result<usize> {
    let mut write = system.store().write().await?;
    let (pending, marked) = write.pending_deliveries(BATCH, system.now()).await?;
    let Some(oldest) = pending.first().map(|delivery| delivery.raw.received_at) else {
        // An empty commit would not show whether the database works.
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
        // The disk or the database as a whole failed: nothing is changed, and the step is retried.
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
            apply_items_singly(system, &mut effects).await?
        }
    };
    crate::operations::monitoring::metrics::lag::note_lag(system, Some(oldest)).await?;
    after_commit(system, effects).await?;
    Ok(done)
}

/// Applies deliveries that were stored in the same transaction and read before it began. Returns `false` if some were
/// beyond one batch and stay pending.
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

/// Publishes the changes and wakes the workers that the effects require. Call it after the commit.
pub(crate) async fn after_commit(system: &System, mut effects: Effects) -> Result<()> {
    crate::operations::monitoring::notice::apply_to_lists(system, &effects.templates);
    effects.changes.extend([Change::Deliveries, Change::Activity]);
    system.bus().publish(effects.changes.iter().copied());
    let wakes = system.wakeups();
    let asked = [
        (effects.runs, &wakes.agent_runs),
        (effects.runs, &wakes.typing),
        (effects.files, &wakes.fetcher),
        (effects.setups, &wakes.setups),
        (effects.sends, &wakes.sender),
        (effects.looks, &wakes.reconcile),
        (effects.dry_runs, &wakes.dry_runs),
        (true, &wakes.maintenance),
    ];
    for (_, worker) in asked.iter().filter(|(wanted, _)| *wanted) {
        worker.notify_one();
    }
    if effects.tells {
        system.wake_event_delivery();
    }
    Ok(())
}

/// Applies deliveries as one batch until it reaches `ITEMS` items.
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
        // The webhook requests wait for this commit, so the batch must stay short.
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

/// A delivery as its provider reads it; an error says why it cannot be read.
pub(crate) struct Read {
    source: Source,
    reading: ReadResult,
}

/// What a provider reads in a request, or why the request cannot be read.
pub(crate) type ReadResult = std::result::Result<Reading, UnreadableDelivery>;

error_text! {
    /// Why a delivery cannot be read.
    UnreadableDelivery
}

/// Reads a stored delivery through its provider.
pub(crate) fn read(system: &System, delivery: &StoredDelivery) -> Read {
    let reading = match system.providers().get(&delivery.raw.provider) {
        None => Err(format!("unknown provider {}", delivery.raw.provider).into()),
        Some(provider) => read_raw(&**provider, &delivery.raw),
    };
    Read { source: Source::pushed(delivery), reading }
}

/// Reads a request. It uses only the request's bytes, so no other request waits for it.
pub(crate) fn read_raw(provider: &dyn Provider, raw: &RawDelivery) -> ReadResult {
    provider.read(raw).map_err(|unreadable| unreadable.to_string().into())
}

/// How the items of a delivery are applied.
pub(crate) enum Way<'w, 'b> {
    /// Together with the items of other deliveries. If the database refuses a value, the whole batch fails.
    Together(&'w mut Batch<'b>),
    /// Each item in its own savepoint, so that an item with a value that the database refuses is set aside alone.
    Carefully(&'w mut Write),
}

/// Applies pending deliveries item by item, each item in its own savepoint.
async fn apply_items_singly(system: &System, effects: &mut Effects) -> Result<usize> {
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

/// Stores how each delivery ended. Deliveries that were fully applied take one statement.
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

/// Applies one delivery item by item, at most `ITEMS` items per call.
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
    // Separate effects: an earlier delivery in the batch may have changed the same thread.
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
            progress.add_thread(*thread);
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

/// Applies one event by itself and stores the result.
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
            // Changes made before the item was set aside are kept, as they are when a batch is applied together.
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
