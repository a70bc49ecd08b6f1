//! Receives webhook deliveries: verifies the signature, stores and applies the delivery, and then acknowledges it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::domain::change::Change;
use crate::domain::inbound::delivery::{DeliveryKey, RawDelivery};
use crate::domain::key::digest;
use crate::domain::time::Timestamp;
use crate::operations::inbound::apply::{ReadResult, after_commit, apply_stored, read_raw};
use crate::operations::inbound::effects::Effects;
use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::{System, unpoisoned};
use crate::provider::{Provider, SignatureFault};
use crate::store::{NewDelivery, StoreError, StoredDelivery, Write};

/// Maximum number of deliveries per commit.
const BATCH: usize = 512;
/// Maximum number of requests with an invalid signature stored per minute; further ones are only counted in the log.
const REJECTED_PER_MINUTE: usize = 20;

/// Outcome of a webhook request.
#[derive(Debug, PartialEq, Eq)]
pub enum ReceiveOutcome {
    /// Stored now or earlier: 200.
    Stored,
    /// The signature is invalid: 401.
    BadSignature(SignatureFault),
    /// The queue is full: 503; the provider retries.
    Busy,
    /// The delivery could not be stored: 503; the provider retries.
    NotStored,
}

/// A delivery queued for the writer, with the channel on which its request waits.
#[derive(Debug)]
pub struct PendingDelivery {
    arrived: NewDelivery,
    reading: ReadResult,
    done: oneshot::Sender<bool>,
}

/// Receives one request for a provider.
pub async fn receive(system: &System, provider: &dyn Provider, raw: RawDelivery) -> ReceiveOutcome {
    // Measures a duration only; no decision depends on it.
    let began = Instant::now();
    let labels = |result: &str| vec![("provider", provider.name().to_string()), ("result", result.to_owned())];
    if let Err(fault) = provider.verify(&raw) {
        system.increment(MetricFamily::Webhooks, labels("refused"));
        note_rejected(system, provider, raw, fault).await;
        return ReceiveOutcome::BadSignature(fault);
    }
    let reading = read_raw(provider, &raw);
    let arrived = NewDelivery { key: provider.key(&raw), event: provider.event_hint(&raw), raw: Arc::new(raw) };
    let (done, stored) = oneshot::channel();
    let receipt = match system.shared.inbox.try_send(PendingDelivery { arrived, reading, done }) {
        Err(_) => ReceiveOutcome::Busy,
        Ok(()) => match stored.await {
            Ok(true) => ReceiveOutcome::Stored,
            Ok(false) | Err(_) => ReceiveOutcome::NotStored,
        },
    };
    let took = began.elapsed();
    let result = if receipt == ReceiveOutcome::Stored { "stored" } else { "busy" };
    system.increment(MetricFamily::Webhooks, labels(result));
    system.observe(MetricFamily::WebhookTimes, vec![("provider", provider.name().to_string())], took);
    system.note_ack(took);
    receipt
}

/// The writer's step: takes all queued deliveries, commits them together, and answers their requests. If no older
/// delivery is pending, they are applied in the same transaction. Returns `false` when the queue is closed.
pub async fn commit_pending_deliveries(system: &System, inbox: &mut mpsc::Receiver<PendingDelivery>) -> bool {
    let mut waiting = Vec::with_capacity(BATCH);
    if inbox.recv_many(&mut waiting, BATCH).await == 0 {
        return false;
    }
    let mut batch = Vec::with_capacity(waiting.len());
    let (mut readings, mut waiters) = (vec![], vec![]);
    for PendingDelivery { arrived, reading, done } in waiting {
        batch.push(arrived);
        readings.push(reading);
        waiters.push(done);
    }
    let count = batch.len();
    let stored = if system.store().is_damaged() {
        // A damaged database may lose what it stores; the provider retries until the file is replaced.
        None
    } else {
        match Box::pin(store(system, batch, readings)).await {
            Ok(stored) => Some(stored),
            Err(error) => {
                system.store().note_failure(&error);
                if system.store().may_log(&error) {
                    tracing::error!(%error, deliveries = count, "Cannot store webhook deliveries; answered 503");
                }
                None
            }
        }
    };
    for waiter in waiters {
        // The request may be gone; the provider then retries, and the retry is a duplicate.
        let _ = waiter.send(stored.is_some());
    }
    let Some(stored) = stored else { return true };
    system.counted_many(MetricFamily::RepeatedWebhooks, vec![], stored.repeats);
    if stored.pending {
        system.wakeups().apply.notify_one();
        system.wakeups().maintenance.notify_one();
        system.bus().publish([Change::Deliveries]);
    }
    if let Some(effects) = stored.applied
        && let Err(error) = after_commit(system, effects).await
    {
        tracing::error!(%error, "Cannot follow up on webhook deliveries; they are applied");
    }
    true
}

/// How a batch was stored.
struct Stored {
    repeats: u64,
    /// Whether some deliveries wait to be applied.
    pending: bool,
    /// Effects of the deliveries that were applied.
    applied: Option<Effects>,
}

/// Stores deliveries and, if none is pending from before, applies them. If applying fails for any reason, they are
/// only stored: all are acknowledged, and the apply worker applies them one by one.
async fn store(system: &System, batch: Vec<NewDelivery>, readings: Vec<ReadResult>) -> Result<Stored, StoreError> {
    let mut write = system.store().write().await?;
    if write.may_have_pending() {
        return store_pending(write, batch).await;
    }
    let kept = batch.clone();
    let (new, repeats) = write.insert_deliveries(batch).await?;
    let mut readings: Vec<Option<ReadResult>> = readings.into_iter().map(Some).collect();
    let (places, stored): (Vec<usize>, Vec<StoredDelivery>) = new.into_iter().unzip();
    let readings = places.into_iter().filter_map(|at| readings.get_mut(at)?.take()).collect();
    let mut effects = Effects::default();
    match Box::pin(apply_stored(system, &mut write, &stored, readings, &mut effects)).await {
        Ok(all) => {
            if !all {
                write.mark_pending();
            }
            let pending = write.may_have_pending();
            write.commit().await?;
            Ok(Stored { repeats, pending, applied: Some(effects) })
        }
        Err(error) => {
            tracing::debug!(%error, "Cannot apply webhook deliveries together; they are stored, and applied one by one");
            drop(write);
            store_pending(system.store().write().await?, kept).await
        }
    }
}

async fn store_pending(mut write: Write, batch: Vec<NewDelivery>) -> Result<Stored, StoreError> {
    let (_, repeats) = write.insert_deliveries(batch).await?;
    write.mark_pending();
    write.commit().await?;
    Ok(Stored { repeats, pending: true, applied: None })
}

/// Stores a request with an invalid signature for inspection, within bounds. It is never applied, and its key cannot
/// collide with that of a valid delivery.
async fn note_rejected(system: &System, provider: &dyn Provider, raw: RawDelivery, fault: SignatureFault) {
    let now = system.now();
    {
        let mut noted = unpoisoned(&system.shared.rejected_noted);
        noted.retain(|at| now.since(*at) < Duration::from_secs(60));
        if noted.len() >= REJECTED_PER_MINUTE {
            return;
        }
        noted.push_back(now);
    }
    let path = raw.path.clone();
    tracing::warn!(path, %fault, bytes = raw.body.len(), "Webhook rejected: 401");
    let digest = digest(&[b"rejected", raw.path.as_bytes(), &raw.body]);
    let why = match fault {
        SignatureFault::Mismatch => provider.explain(&raw),
        fault => fault.to_string(),
    };
    let mut raw = raw;
    raw.body.truncate(16 * 1024);
    let event = provider.event_hint(&raw);
    let arrived = NewDelivery { raw: Arc::new(raw), key: DeliveryKey { sent_at: Timestamp::EPOCH, digest }, event };
    let kept = async {
        let mut write = system.store().write().await?;
        write.store_rejected(&arrived, &why).await?;
        write.commit().await
    };
    match kept.await {
        Ok(()) => system.bus().publish([Change::Deliveries]),
        Err(error) => tracing::error!(%error, "Cannot record a rejected webhook"),
    }
}
