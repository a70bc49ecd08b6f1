//! Write an attempt's end: what the answer means for the entry, the thread and the people.

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
use crate::operations::monitoring::metrics::Family;
use crate::operations::numbers::hold_number::{another_probe, hold_number, number_sends_again, schedule};
use crate::operations::outbox::failure_alerts::{failure_reaches_people, shared_id};
use crate::operations::outbox::outage::{entry_died, note_failure, provider_works};
use crate::operations::{Result, System};
use crate::provider::SendReport;
use crate::store::{Claimed, StoreError, Write};

/// How soon after a lost answer the provider's own list is asked.
pub(crate) const FIRST_LOOK: Duration = Duration::from_secs(10);

/// Settles one attempt with what the provider answered, or did not. Whatever goes wrong with writing that down,
/// the entry does not stay on the wire: it is uncertain then, with the reason.
pub(crate) async fn settle_attempt(
    system: &System,
    claimed: &Claimed,
    attempt: AttemptId,
    report: SendReport,
) -> Result<()> {
    let answered = match &report.verdict {
        Verdict::Accepted { provider_message_id } => format!("accepted as {provider_message_id}"),
        Verdict::Retry { failure, .. } | Verdict::Rejected { failure } | Verdict::Unknown { failure } => failure.line(),
    };
    match write_down(system, claimed, attempt, report).await {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::error!(entry = %claimed.entry, %error, answered, "Cannot record the provider's response");
            not_written_down(system, claimed, attempt, &answered, &error.to_string()).await
        }
    }
}

/// The answer came and the transaction that was to record it failed: only what cannot fail for the same reason
/// has to succeed here; the rest is added as far as it goes.
async fn not_written_down(
    system: &System,
    claimed: &Claimed,
    attempt: AttemptId,
    answered: &str,
    error: &str,
) -> Result<()> {
    let now = system.now();
    let failure = Failure::own(
        FailureClass::Unknown,
        "Response not recorded",
        format!("The provider's response ({}) could not be recorded: {}.", clean_line(answered), clean_line(error)),
        "wadeck queries the provider. If that does not settle it, decide by the evidence.",
    );
    let mut write = system.store().write().await?;
    if !write.awaits_answer(claimed.entry, attempt).await? {
        return Ok(());
    }
    write.doubt_entry(claimed.entry, &failure, now.plus(FIRST_LOOK)).await?;
    write.savepoint().await?;
    match write.finish_attempt(attempt, now, "uncertain", None, Some(&failure), answered).await {
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
    system.wakes().looker.notify_one();
    Ok(())
}

async fn write_down(system: &System, claimed: &Claimed, attempt: AttemptId, report: SendReport) -> Result<()> {
    let now = system.now();
    let of_code = match &report.verdict {
        Verdict::Retry { failure, .. } => schedule(system, claimed.connection, &failure.code).await?,
        _ => None,
    };
    let policy = match &report.verdict {
        Verdict::Retry { failure, .. } => system.retry().for_failure(failure, of_code),
        _ => *system.retry(),
    };
    let settlement = settle(report.verdict, claimed.tried + 1, &policy, now, system.chance());
    let (outcome, failure) = match &settlement {
        Settlement::Accepted { .. } => ("accepted", None),
        Settlement::Again { failure, .. } => ("retry", Some(failure)),
        Settlement::Failed { failure } => ("refused", Some(failure)),
        Settlement::Dead { failure } => ("retry", Some(failure)),
        Settlement::Uncertain { failure } => ("uncertain", Some(failure)),
    };
    let code = failure.map(|failure| failure.code.clone()).unwrap_or_default();
    let template_failed = failure.is_some_and(|failure| failure.class == FailureClass::Template);
    system.counted(Family::Attempts, vec![("result", outcome.to_owned()), ("code", code)]);
    let mut write = system.store().write().await?;
    let response = report.response.as_received();
    write.finish_attempt(attempt, now, outcome, report.http_status, failure, response).await?;
    let mut changes = vec![Change::Thread(claimed.thread), Change::Outbox];
    // A status with our reference may have been faster than the answer.
    if write.awaits_answer(claimed.entry, attempt).await? {
        changes.extend(end(system, &mut write, claimed, settlement, now).await?);
    }
    if outcome == "accepted" {
        crate::operations::outbox::send_message::recipient::learn(
            system,
            &mut write,
            (claimed.thread, claimed.connection),
            response,
        )
        .await?;
    }
    write.commit().await?;
    system.bus().publish(changes);
    if template_failed {
        system.wakes().templates.notify_one();
    }
    system.wakes().looker.notify_one();
    system.wakes().teller.notify_one();
    Ok(())
}

async fn end(
    system: &System,
    write: &mut Write,
    claimed: &Claimed,
    settlement: Settlement,
    now: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let connection = claimed.connection;
    let mut changes = vec![];
    match settlement {
        Settlement::Accepted { provider_message_id } => {
            let by = SettledBy::Answer;
            let shared =
                write.accept_entry(claimed.entry, claimed.message, connection, &provider_message_id, by, now).await?;
            if let Some(other) = shared {
                shared_id(write, connection, claimed.message, other, &provider_message_id, now).await?;
                changes.push(Change::Alerts);
            }
            write.merge_statuses(claimed.message).await?;
            write.prove(connection, Check::Send, now, true, "the provider accepted a message").await?;
            if claimed.held.as_ref().is_some_and(|held| !held.by_status) {
                number_sends_again(system, write, connection, now).await?;
                changes.push(Change::Alerts);
            }
            if provider_works(system, write, connection, now).await? {
                changes.push(Change::Alerts);
            }
            // A free message takes the conversation over; a template does not.
            if claimed.held_elsewhere.is_some() && claimed.freeform {
                write.held_here(claimed.thread, now).await?.either_way();
            }
            write.answered(claimed.thread, claimed.message).await?;
            let data = serde_json::json!({ "message": claimed.message, "provider_message_id": provider_message_id });
            system.happened(write, EventName::MessageAccepted, Some(claimed.thread), &data).await?;
            changes.push(Change::Connection(connection));
        }
        Settlement::Again { failure, due_at, counts } => {
            if failure.stops_number() {
                let probe_at = hold_number(system, write, connection, &failure, None, now).await?.max(due_at);
                write.requeue(claimed.entry, &failure, probe_at, Some(Hold::Credentials), counts).await?;
                changes.extend([Change::Alerts, Change::Connection(connection)]);
            } else {
                write.requeue(claimed.entry, &failure, due_at, None, counts).await?;
                another_probe(write, claimed, now).await?;
                note_failure(system, write, connection, &failure, now).await?;
                changes.push(Change::Alerts);
            }
        }
        Settlement::Failed { failure } => {
            another_probe(write, claimed, now).await?;
            // With a code of its own, the platform has looked at it.
            if !failure.code.is_empty() {
                provider_works(system, write, connection, now).await?;
            }
            write.end_entry(claimed.entry, EntryState::Failed, Some(&failure), Some(SettledBy::Answer), now).await?;
            write.fail_message(claimed.message, &failure, now).await?;
            failure_reaches_people(system, write, AlertKind::SendRefused, claimed.thread, claimed.entry, &failure, now)
                .await?;
            changes.push(Change::Alerts);
        }
        Settlement::Dead { failure } => {
            another_probe(write, claimed, now).await?;
            write.end_entry(claimed.entry, EntryState::Dead, Some(&failure), Some(SettledBy::Answer), now).await?;
            write.fail_message(claimed.message, &failure, now).await?;
            failure_reaches_people(system, write, AlertKind::DeadLetter, claimed.thread, claimed.entry, &failure, now)
                .await?;
            entry_died(system, write, connection, &failure, now).await?;
            changes.push(Change::Alerts);
        }
        Settlement::Uncertain { failure } => {
            another_probe(write, claimed, now).await?;
            write.doubt_entry(claimed.entry, &failure, now.plus(FIRST_LOOK)).await?;
            write.wait(claimed.thread, "a reply may not have arrived: the response was lost", now).await?;
            note_failure(system, write, connection, &failure, now).await?;
            changes.push(Change::Alerts);
        }
    }
    Ok(changes)
}
