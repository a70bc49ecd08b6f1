//! Settles an attempt: stores what the provider's response means for the entry, the thread and the alerts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::AttemptId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Check;
use crate::domain::outbox::entry::{EntryState, SettledBy, Settlement, Verdict, settle};
use crate::domain::outbox::limits::Hold;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::numbers::hold_number::{another_probe, hold_number, number_sends_again, schedule};
use crate::operations::outbox::failure_alerts::{failure_reaches_people, shared_id};
use crate::operations::outbox::outage::{note_failure, provider_works, record_exhausted_entry};
use crate::operations::outbox::send_message::recipient::store_learned_address;
use crate::operations::{OperationError, Result, System};
use crate::provider::{Provider, SendReport};
use crate::store::{Acceptance, Claimed, EventRow, FinishedAttempt, StoreError, Write};

/// Delay after a lost response until the first query of the provider's list.
pub(crate) const FIRST_LOOK: Duration = Duration::from_secs(10);

/// Maximum number of responses recorded in one transaction.
const MOST: usize = 64;

/// Outcome of one attempt.
pub(crate) struct Settling {
    pub claimed: Claimed,
    pub attempt: AttemptId,
    pub provider: Arc<dyn Provider>,
    pub report: SendReport,
}

/// Settles one attempt with the provider's response or its absence. If recording it fails, the entry becomes
/// uncertain, with the reason, and does not stay in flight.
pub(crate) async fn settle_attempt(system: &System, settling: Settling) -> Result<()> {
    let record = |all: Vec<Arc<Settling>>| async move { Ok::<_, OperationError>(record(system, &all).await) };
    system.shared.settlements.join(settling, MOST, record).await?
}

/// Records outcomes of attempts together; if that fails, each on its own.
async fn record(system: &System, all: &[Arc<Settling>]) -> Vec<Result<()>> {
    let error = match write_down(system, all).await {
        Ok(()) => return all.iter().map(|_| Ok(())).collect(),
        Err(error) => error,
    };
    if let [one] = all {
        return vec![not_written_down(system, one, &error.to_string()).await];
    }
    let mut outcomes = vec![];
    for one in all {
        outcomes.push(match write_down(system, std::slice::from_ref(one)).await {
            Ok(()) => Ok(()),
            Err(error) => not_written_down(system, one, &error.to_string()).await,
        });
    }
    outcomes
}

/// Handles a response whose transaction failed. Only marking the entry as uncertain must succeed; the attempt and the
/// waiting thread are recorded if possible.
async fn not_written_down(system: &System, settling: &Settling, error: &str) -> Result<()> {
    let Settling { claimed, attempt, report, .. } = settling;
    let answered = match &report.verdict {
        Verdict::Accepted { provider_message_id } => format!("accepted as {provider_message_id}"),
        Verdict::Retry { failure, .. } | Verdict::Rejected { failure } | Verdict::Unknown { failure } => failure.line(),
    };
    tracing::error!(entry = %claimed.entry, error, answered, "Cannot record the provider's response");
    let now = system.now();
    let failure = Failure::own(
        FailureClass::Unknown,
        "Response not recorded",
        format!("The provider's response ({}) could not be recorded: {}.", clean_line(&answered), clean_line(error)),
        "wadeck queries the provider. If that does not settle it, decide by the evidence.",
    );
    let mut write = system.store().write().await?;
    if write.awaiting_answer(&[(claimed.entry, *attempt)]).await?.is_empty() {
        return Ok(());
    }
    write.mark_uncertain(claimed.entry, &failure, now.plus(FIRST_LOOK)).await?;
    write.savepoint().await?;
    let (attempt, outcome, http_status) = (*attempt, "uncertain", None);
    let finished = FinishedAttempt { attempt, outcome, http_status, failure: Some(&failure), response: &answered };
    match write.finish_attempts(&[finished], now).await {
        Ok(()) => write.release_savepoint().await?,
        Err(_) => write.rollback_to_savepoint().await?,
    }
    write.savepoint().await?;
    match write.wait(claimed.thread, "a reply may not have arrived: the response was not recorded", now).await {
        Ok(()) => write.release_savepoint().await?,
        Err(_) => write.rollback_to_savepoint().await?,
    }
    write.commit().await?;
    system.bus().publish([Change::Thread(claimed.thread), Change::Outbox]);
    system.wakeups().sender.notify_one();
    system.wakeups().reconcile.notify_one();
    Ok(())
}

/// Records all outcomes in one transaction, or none.
async fn write_down(system: &System, all: &[Arc<Settling>]) -> Result<()> {
    let now = system.now();
    let mut settlements = Vec::with_capacity(all.len());
    for one in all {
        settlements.push(settlement(system, one, now).await?);
    }
    let mut write = system.store().write().await?;
    let finished: Vec<_> = all.iter().zip(&settlements).map(|(one, settlement)| finished(one, settlement)).collect();
    write.finish_attempts(&finished, now).await?;
    let attempts: Vec<_> = all.iter().map(|one| (one.claimed.entry, one.attempt)).collect();
    // A status with our reference may have arrived before the response.
    let awaiting = write.awaiting_answer(&attempts).await?;
    let mut changes = vec![];
    let mut accepted = vec![];
    for (one, settlement) in all.iter().zip(&settlements) {
        changes.extend([Change::Thread(one.claimed.thread), Change::Outbox]);
        let awaits = awaiting.contains(&one.claimed.entry);
        match settlement {
            Settlement::Accepted { provider_message_id } if awaits => {
                accepted.push((&**one, provider_message_id.as_str()));
            }
            Settlement::Accepted { .. } => {}
            other if awaits => end(system, &mut write, &one.claimed, other, &mut changes, now).await?,
            _ => {}
        }
    }
    accept(system, &mut write, &accepted, &mut changes, now).await?;
    for one in all.iter().filter(|one| matches!(one.report.verdict, Verdict::Accepted { .. })) {
        let to = &one.claimed.outgoing.to;
        let address = one.provider.recipient(to, one.report.response.as_received());
        // The address that the message was sent to is known already.
        if let Some(address) = address.filter(|address| address != to) {
            store_learned_address(&mut write, one.claimed.contact, &address).await?;
        }
    }
    write.commit().await?;
    for one in &finished {
        let code = one.failure.map(|failure| failure.code.clone()).unwrap_or_default();
        system.increment(MetricFamily::Attempts, vec![("result", one.outcome.to_owned()), ("code", code)]);
    }
    system.bus().publish(changes);
    let template_failed =
        |one: &FinishedAttempt<'_>| one.failure.is_some_and(|one| one.class == FailureClass::Template);
    if finished.iter().any(template_failed) {
        system.wakeups().templates.notify_one();
    }
    // The next entry of a thread is due once this one is settled.
    system.wakeups().sender.notify_one();
    let is_plain =
        |one: &Settling| one.claimed.outgoing.at.is_none() && matches!(one.report.verdict, Verdict::Accepted { .. });
    if !all.iter().all(|one| is_plain(one)) {
        system.wakeups().reconcile.notify_one();
    }
    system.wake_event_delivery();
    Ok(())
}

/// Decides what follows from a response.
async fn settlement(system: &System, one: &Settling, now: Timestamp) -> Result<Settlement> {
    let policy = match &one.report.verdict {
        Verdict::Retry { failure, .. } => {
            let of_code = schedule(system, one.claimed.connection, &failure.code).await?;
            system.retry().for_failure(failure, of_code)
        }
        _ => *system.retry(),
    };
    Ok(settle(one.report.verdict.clone(), one.claimed.tried + 1, &policy, now, system.chance()))
}

fn finished<'a>(one: &'a Settling, settlement: &'a Settlement) -> FinishedAttempt<'a> {
    let (outcome, failure) = match settlement {
        Settlement::Accepted { .. } => ("accepted", None),
        Settlement::Again { failure, .. } | Settlement::Dead { failure } => ("retry", Some(failure)),
        Settlement::Failed { failure } => ("refused", Some(failure)),
        Settlement::Uncertain { failure } => ("uncertain", Some(failure)),
    };
    let response = one.report.response.as_received();
    FinishedAttempt { attempt: one.attempt, outcome, http_status: one.report.http_status, failure, response }
}

/// Records messages that the provider accepted.
async fn accept(
    system: &System,
    write: &mut Write,
    accepted: &[(&Settling, &str)],
    changes: &mut Vec<Change>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if accepted.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = accepted
        .iter()
        .map(|(one, id)| {
            let Claimed { entry, message, connection, .. } = one.claimed;
            Acceptance { entry, message, connection, provider_message_id: id, by: SettledBy::Answer }
        })
        .collect();
    let found = write.accept_entries(&rows, now).await?;
    let mut events = vec![];
    for ((one, id), found) in accepted.iter().zip(found) {
        let claimed = &one.claimed;
        if let Some(other) = found.shared {
            shared_id(write, claimed.connection, claimed.message, other, id, now).await?;
            changes.push(Change::Alerts);
        }
        if found.reported {
            write.merge_statuses(claimed.message).await?;
        }
        if claimed.held.as_ref().is_some_and(|held| !held.by_status) {
            number_sends_again(system, write, claimed.connection, now).await?;
            changes.push(Change::Alerts);
        }
        // A freeform message takes the conversation over; a template does not.
        if claimed.held_elsewhere.is_some() && claimed.freeform {
            write.held_here(claimed.thread, now).await?.ignore();
        }
        let data = serde_json::json!({ "message": claimed.message, "provider_message_id": id });
        let event = EventName::MessageAccepted;
        events.push(EventRow { at: now, event, thread: Some(claimed.thread), data: data.to_string() });
    }
    let connections: BTreeSet<_> = accepted.iter().map(|(one, _)| one.claimed.connection).collect();
    let checks: Vec<_> = connections
        .iter()
        .map(|connection| (*connection, Check::Send, now, "the provider accepted a message".to_owned()))
        .collect();
    write.record_successes(&checks).await?;
    let connections: Vec<_> = connections.into_iter().collect();
    changes.extend(connections.iter().copied().map(Change::Connection));
    for connection in write.with_outage(&connections).await? {
        if provider_works(system, write, connection, now).await? {
            changes.push(Change::Alerts);
        }
    }
    let answers: Vec<_> = accepted.iter().map(|(one, _)| (one.claimed.thread, one.claimed.message)).collect();
    write.answered(&answers).await?;
    let wanting = vec![system.receivers(EventName::MessageAccepted); events.len()];
    write.insert_events(&events, &wanting).await
}

/// Records a message that the provider did not accept, or whose outcome is unknown.
async fn end(
    system: &System,
    write: &mut Write,
    claimed: &Claimed,
    settlement: &Settlement,
    changes: &mut Vec<Change>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let connection = claimed.connection;
    match settlement {
        Settlement::Accepted { .. } => {}
        Settlement::Again { failure, due_at, counts } => {
            if failure.stops_number() {
                let probe_at = hold_number(system, write, connection, failure, None, now).await?.max(*due_at);
                write.requeue(claimed.entry, failure, probe_at, Some(Hold::Credentials), *counts).await?;
                changes.extend([Change::Alerts, Change::Connection(connection)]);
            } else {
                write.requeue(claimed.entry, failure, *due_at, None, *counts).await?;
                another_probe(write, claimed, now).await?;
                note_failure(system, write, connection, failure, now).await?;
                changes.push(Change::Alerts);
            }
        }
        Settlement::Failed { failure } => {
            another_probe(write, claimed, now).await?;
            // A failure with a code shows that the platform examined the message, so the provider works.
            if !failure.code.is_empty() {
                provider_works(system, write, connection, now).await?;
            }
            write.end_entry(claimed.entry, EntryState::Failed, Some(failure), Some(SettledBy::Answer), now).await?;
            write.fail_message(claimed.message, failure, now).await?;
            failure_reaches_people(system, write, AlertKind::SendRefused, claimed.thread, claimed.entry, failure, now)
                .await?;
            changes.push(Change::Alerts);
        }
        Settlement::Dead { failure } => {
            another_probe(write, claimed, now).await?;
            write.end_entry(claimed.entry, EntryState::Dead, Some(failure), Some(SettledBy::Answer), now).await?;
            write.fail_message(claimed.message, failure, now).await?;
            failure_reaches_people(system, write, AlertKind::DeadLetter, claimed.thread, claimed.entry, failure, now)
                .await?;
            record_exhausted_entry(system, write, connection, failure, now).await?;
            changes.push(Change::Alerts);
        }
        Settlement::Uncertain { failure } => {
            another_probe(write, claimed, now).await?;
            write.mark_uncertain(claimed.entry, failure, now.plus(FIRST_LOOK)).await?;
            write.wait(claimed.thread, "a reply may not have arrived: the response was lost", now).await?;
            note_failure(system, write, connection, failure, now).await?;
            changes.push(Change::Alerts);
        }
    }
    Ok(())
}
