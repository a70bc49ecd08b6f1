//! Settles messages scheduled at the provider: cancels those that were called back, and queries the status of those
//! whose time has come without a report.

use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::EntryId;
use crate::domain::inbound::event::InboundEvent;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::outbox::scheduling::CancelOutcome;
use crate::domain::time::Timestamp;
use crate::operations::inbound::apply::apply_alone;
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::monitoring::unreadable_row::{UnreadableRow, unreadable_row};
use crate::operations::{Result, System};
use crate::provider::Provider;
use crate::store::{NewAlert, ScheduledAtProvider, StoreError, Write};

/// Shortest pause between two queries about the same message.
pub(crate) const FIRST_REST: Duration = Duration::from_secs(20);
/// Longest pause between two queries about the same message.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// The reconcile worker's step for scheduled messages: settles one that is due. Returns `false` if none is due.
pub async fn settle_scheduled(system: &System) -> Result<bool> {
    let kept = match system.store().next_scheduled_due(system.now()).await {
        Ok(Some(kept)) => kept,
        Ok(None) => return Ok(false),
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["outbox"]) else { return Err(error.into()) };
            cannot_ask(system, row).await?;
            return Ok(true);
        }
    };
    let connection = system.store().connection(kept.connection).await?;
    let provider = connection.as_ref().and_then(|connection| system.providers().get(&connection.provider));
    let outcome = match (&connection, provider) {
        (Some(connection), Some(provider)) => settle(system, provider.as_ref(), connection, &kept).await?,
        _ => Err(Failure::own(
            FailureClass::Setup,
            "Not connected",
            "Its number is disconnected, so the provider cannot be queried.",
            "Connect it again.",
        )),
    };
    if let Err(failure) = outcome {
        let now = system.now();
        let mut write = system.store().write().await?;
        let rest = FIRST_REST * 2_u32.saturating_pow(kept.looks.min(8));
        write.ask_again(kept.entry, now.plus(rest.min(LONGEST_REST))).await?;
        let why = failure.line();
        let said = match &kept.recalled_by {
            Some(by) if now < kept.goes_at => format!(
                "{} is not canceled yet for {by}: {why}. wadeck retries; if that fails, it will be sent at {}.",
                kept.entry, kept.goes_at
            ),
            _ => {
                format!("{} was scheduled for {}, and the provider cannot be queried: {why}.", kept.entry, kept.goes_at)
            }
        };
        warn(&mut write, &kept, &said, now).await?;
        write.commit().await?;
        system.bus().publish([Change::Outbox, Change::Thread(kept.thread), Change::Alerts]);
    }
    Ok(true)
}

/// Raises an alert about an entry whose row cannot be read, and postpones it, so that the next entries are queried.
async fn cannot_ask(system: &System, row: UnreadableRow) -> Result<(), StoreError> {
    let (entry, now) = (EntryId(row.key), system.now());
    let mut write = system.store().write().await?;
    write.ask_again(entry, now.plus(LONGEST_REST)).await?;
    let thread = write.entry_state(entry).await?.map(|(_, _, thread, _)| thread);
    let follows = format!("{entry} is scheduled at the provider, which cannot be queried about it. Correct the row.");
    row.raise(&mut write, &follows, thread, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Alerts]);
    Ok(())
}

async fn warn(write: &mut Write, kept: &ScheduledAtProvider, said: &str, now: Timestamp) -> Result<(), StoreError> {
    let subject = kept.entry.to_string();
    write
        .raise(&NewAlert { kind: AlertKind::KeptByProvider, subject: &subject, said, thread: Some(kept.thread) }, now)
        .await?;
    Ok(())
}

/// Settles one scheduled message. An inner error means that the provider did not answer; the entry keeps its state.
async fn settle(
    system: &System,
    provider: &dyn Provider,
    connection: &Connection,
    kept: &ScheduledAtProvider,
) -> Result<Result<(), Failure>> {
    if kept.recalled_by.is_some() {
        match provider.cancel_scheduled(connection, &kept.provider_message_id).await {
            Ok(CancelOutcome::Cancelled) => {
                withdrawn(system, kept).await?;
                return Ok(Ok(()));
            }
            // An earlier cancellation may have succeeded with its response lost, so the status is queried.
            Ok(CancelOutcome::TooLate(failure)) => {
                tracing::info!(entry = %kept.entry, code = failure.code, "Cannot cancel a scheduled message");
            }
            Err(trouble) => return Ok(Err(*trouble)),
        }
    }
    let now = system.now();
    let told = match provider.query_message(connection, &kept.provider_message_id, now).await {
        Ok(told) => told,
        Err(trouble) => return Ok(Err(*trouble)),
    };
    let mut effects = Effects::default();
    let mut write = system.store().write().await?;
    match told {
        Some(told) => {
            let event = InboundEvent::Message(Box::new(told));
            // A queried status does not show that status webhooks arrive, so no check is recorded.
            let _ = apply_alone(system, &mut write, &Source::listed(connection, now), &event, &mut effects).await?;
        }
        None => {
            let failure = Failure::own(
                FailureClass::Unknown,
                "No longer known",
                "The provider accepted it for later and no longer knows it.",
                "Check the provider's console, then retry it or mark it as arrived.",
            );
            if is_still_scheduled(&mut write, kept).await? {
                write.mark_uncertain(kept.entry, &failure, now.plus(FIRST_REST)).await?;
            }
        }
    }
    if is_still_scheduled(&mut write, kept).await? {
        if now >= kept.goes_at {
            // Its time has passed and it was not cancelled: it is now like any accepted message.
            write.end_entry(kept.entry, EntryState::Accepted, None, Some(SettledBy::Look), now).await?;
        } else {
            write.ask_again(kept.entry, now.plus(FIRST_REST)).await?;
        }
    }
    write.commit().await?;
    effects.changes.extend([Change::Outbox, Change::Thread(kept.thread), Change::Alerts]);
    system.bus().publish(effects.changes.iter().copied());
    system.wakeups().sender.notify_one();
    Ok(Ok(()))
}

async fn is_still_scheduled(write: &mut Write, kept: &ScheduledAtProvider) -> Result<bool> {
    Ok(write.entry_state(kept.entry).await?.is_some_and(|(state, ..)| state == EntryState::Scheduled))
}

async fn withdrawn(system: &System, kept: &ScheduledAtProvider) -> Result<()> {
    let now = system.now();
    let mut write = system.store().write().await?;
    if is_still_scheduled(&mut write, kept).await? {
        write.end_entry(kept.entry, EntryState::Discarded, None, Some(SettledBy::Answer), now).await?;
        write.clear_alert(AlertKind::KeptByProvider, &kept.entry.to_string(), now).await?;
    }
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Thread(kept.thread), Change::Alerts]);
    Ok(())
}
