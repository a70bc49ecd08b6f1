//! Applies reports about our own messages: their delivery statuses, and the provider's acceptance.

use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::{EntryId, MessageId, ThreadId};
use crate::domain::inbound::decide::plausible;
use crate::domain::inbound::event::{OtherStatus, StatusEvent};
use crate::domain::key::message_key;
use crate::domain::message::status::{DeliveryRecord, DeliveryStatus, StatusReport};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::outbox::limits::Hold;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::operations::inbound::batch_statuses::status_rows;
use crate::operations::inbound::effects::{ApplyResult, Effects, Source};
use crate::operations::numbers::hold_number::{hold_number, number_sends_again};
use crate::operations::outbox::failure_alerts::{ENTRY_ALERTS, failure_reaches_people, shared_id};
use crate::operations::outbox::send_message::recipient::opt_out_from_failure;
use crate::store::{Acceptance, Matched, NewAlert, StoreError, Write};

/// Applies a status report that arrived without its message.
pub(crate) async fn bare_status(
    system: &System,
    write: &mut Write,
    source: &Source,
    connection: &Connection,
    event: &StatusEvent,
    effects: &mut Effects,
) -> ApplyResult {
    let key = message_key(connection.id, &event.provider_message_id);
    let told = (event.statuses.as_slice(), event.raw_statuses.as_slice());
    for other in &event.other_statuses {
        store_other_status(write, source, &key, other).await?;
    }
    if known_by_id(system, write, source, connection, &key, told, effects).await? {
        return Ok(Ok(()));
    }
    if let Some(reference) = &event.reference
        && let Some(matched) = write.outbound_by_reference(connection.id, reference).await?
    {
        adopt(system, write, connection, &matched, &event.provider_message_id, SettledBy::Reference, effects).await?;
        return Ok(Ok(()));
    }
    let id: String = clean_line(&event.provider_message_id).chars().take(80).collect();
    effects.notes.push(format!(
        "Recorded; its status is of {id}, which is not known here. It is applied when that message is known."
    ));
    Ok(Ok(()))
}

/// Stores the status reports of a message, and applies them if its id is known. Returns `false` if it is not.
pub(crate) async fn known_by_id(
    system: &System,
    write: &mut Write,
    source: &Source,
    connection: &Connection,
    key: &[u8; 16],
    (reports, raw): (&[StatusReport], &[String]),
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let rows = status_rows(source, *key, reports, raw);
    let possible =
        |report: &StatusReport| StatusReport { at: plausible(report.at, source.received_at), ..report.clone() };
    let reports: Vec<StatusReport> = reports.iter().map(possible).collect();
    if is_cancelled_by_us(system, write, key, &reports, effects).await? {
        return Ok(true);
    }
    write.insert_statuses(&rows).await?;
    matched_by_id(system, write, connection, key, &reports, effects).await
}

/// Stores a status with an unknown name. An implausible time is replaced, and the reported one is stored beside it.
pub(crate) async fn store_other_status(
    write: &mut Write,
    source: &Source,
    key: &[u8; 16],
    other: &OtherStatus,
) -> Result<(), StoreError> {
    let at = plausible(other.at, source.received_at);
    let odd = Some(other.at).filter(|told| *told != at);
    write.store_other_status(key, &OtherStatus { at, ..other.clone() }, (source.received_at, odd)).await
}

/// Returns `true` if the reports cancel a message that wadeck called back; such a cancellation is no failure. An open
/// entry is discarded.
async fn is_cancelled_by_us(
    system: &System,
    write: &mut Write,
    key: &[u8; 16],
    reports: &[StatusReport],
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let cancelled =
        |report: &StatusReport| report.failure.as_ref().is_some_and(|failure| failure.class == FailureClass::Withdrawn);
    if !reports.iter().any(cancelled) {
        return Ok(false);
    }
    let Some((entry, thread, open)) = write.find_cancelled_scheduled(key).await? else { return Ok(false) };
    if open {
        let now = system.now();
        write.end_entry(entry, EntryState::Discarded, None, Some(SettledBy::Status), now).await?;
        write.clear_alert(AlertKind::KeptByProvider, &entry.to_string(), now).await?;
        effects.changes.extend([Change::Thread(thread), Change::Outbox, Change::Alerts]);
    }
    Ok(true)
}

/// Applies reports about a message whose provider id is known, from its current or an earlier attempt. Returns
/// `false` if no message has the id.
async fn matched_by_id(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    key: &[u8; 16],
    reports: &[StatusReport],
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    if let Some(matched) = write.outbound_by_key(key).await? {
        effects.check_passed(connection.id, Check::Status, system.now(), "status received");
        merge(system, write, connection, &matched, effects).await?;
        return Ok(true);
    }
    if let Some(earlier) = write.earlier_attempt(key).await? {
        earlier_attempt(system, write, connection, key, (earlier, reports), effects).await?;
        return Ok(true);
    }
    Ok(false)
}

/// Applies reports about an attempt that was followed by a retry. If the attempt arrived, a retry that was not sent
/// yet is dropped; if the retry was sent, an alert says that the contact may have the message twice.
async fn earlier_attempt(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    key: &[u8; 16],
    ((entry, message, thread), reports): ((EntryId, MessageId, ThreadId), &[StatusReport]),
    effects: &mut Effects,
) -> Result<(), StoreError> {
    effects.changes.extend([Change::Thread(thread), Change::Outbox]);
    effects.check_passed(connection.id, Check::Status, system.now(), "status received");
    if !reports.iter().any(|report| report.status.proves_arrival()) {
        return Ok(());
    }
    let now = system.now();
    let Some((state, ..)) = write.entry_state(entry).await? else { return Ok(()) };
    let gone_again =
        matches!(state, EntryState::Sending | EntryState::Accepted | EntryState::Uncertain | EntryState::Scheduled);
    if !gone_again && write.take_earlier(entry, message, key).await? {
        write.end_entry(entry, EntryState::Accepted, None, Some(SettledBy::Status), now).await?;
        for kind in ENTRY_ALERTS {
            write.clear_alert(kind, &entry.to_string(), now).await?;
        }
        if state == EntryState::Discarded {
            let said = format!("{entry} was discarded, but an earlier attempt arrived.");
            raise_sent_anyway(write, thread, entry, &said, now, effects).await?;
        }
        write.answered(&[(thread, message)]).await?;
        effects.sends = true;
        let matched = Matched { message, thread, entry: Some((entry, EntryState::Accepted)) };
        return merge(system, write, connection, &matched, effects).await;
    }
    let said = format!("{entry}: an earlier attempt arrived too. The contact may have it twice.");
    write
        .raise(
            &NewAlert { kind: AlertKind::SentTwice, subject: &entry.to_string(), said: &said, thread: Some(thread) },
            now,
        )
        .await?;
    effects.changes.push(Change::Alerts);
    Ok(())
}

/// Stores the provider's id of one of our open entries and marks the entry as accepted.
pub(crate) async fn adopt(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    matched: &Matched,
    provider_message_id: &str,
    by: SettledBy,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let Some((entry, state)) = matched.entry else { return Ok(()) };
    if !matches!(state, EntryState::Accepted | EntryState::Scheduled) {
        let now = system.now();
        let acceptance =
            Acceptance { entry, message: matched.message, connection: connection.id, provider_message_id, by };
        let found = write.accept_entries(&[acceptance], now).await?;
        if let Some(other) = found.iter().find_map(|found| found.shared) {
            shared_id(write, connection.id, matched.message, other, provider_message_id, now).await?;
            effects.changes.push(Change::Alerts);
        }
        for kind in ENTRY_ALERTS {
            write.clear_alert(kind, &entry.to_string(), now).await?;
        }
        if state == EntryState::Discarded {
            let said = format!("{entry} was discarded, but the provider had already accepted it.");
            raise_sent_anyway(write, matched.thread, entry, &said, now, effects).await?;
        }
        write.answered(&[(matched.thread, matched.message)]).await?;
        effects.check_passed(connection.id, Check::Status, now, "status received");
        effects.sends = true;
    }
    merge(system, write, connection, matched, effects).await
}

/// Merges the stored statuses of a message. A failure after acceptance is retried if it is temporary; otherwise an
/// alert is raised.
async fn merge(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    matched: &Matched,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let message: MessageId = matched.message;
    let (before, after) = write.merge_statuses(message).await?;
    effects.changes.push(Change::Thread(matched.thread));
    effects.changes.push(Change::Outbox);
    let (was, is) = (before.status(), after.status());
    let newly_failed = is == DeliveryStatus::Failed && was != DeliveryStatus::Failed;
    let mut ends = EntryState::Failed;
    if let (true, Some((entry, state)), Some(failure)) = (newly_failed, matched.entry, after.failure())
        && state != EntryState::Discarded
    {
        match again(system, write, connection, (entry, message), failure, effects).await? {
            Again::Queued => return Ok(()),
            Again::GivenUp => ends = EntryState::Dead,
            Again::No => {}
        }
    }
    if let (true, Some((entry, _))) = (after.progress > DeliveryStatus::Accepted && was != is, matched.entry)
        && !newly_failed
        && write.status_ends_hold(connection.id, entry).await?
    {
        number_sends_again(system, write, connection.id, system.now()).await?;
        effects.changes.push(Change::Alerts);
        effects.sends = true;
    }
    let event = match is {
        _ if was == is => None,
        DeliveryStatus::Delivered => Some(EventName::MessageDelivered),
        DeliveryStatus::Read | DeliveryStatus::Played => Some(EventName::MessageRead),
        DeliveryStatus::Failed => Some(EventName::MessageFailed),
        _ => None,
    };
    if let Some(event) = event {
        let data = serde_json::json!({ "message": message, "status": is, "error": after.failure() });
        system.record_event(write, event, Some(matched.thread), &data).await?;
        effects.tells = true;
    }
    let now = system.now();
    let Some((entry, _)) = matched.entry else {
        // A failure of a message sent from another app reports the contact's preferences as well.
        if let Some(failure) = after.failure().filter(|_| newly_failed) {
            let told = format!("a status of {message} reports");
            opt_out_from_failure(system, write, matched.thread, (failure, &told), now).await?;
            effects.looks |= failure.opt_out_kind().is_some();
        }
        return Ok(());
    };
    update_entry(system, write, matched.thread, (entry, ends), (&before, &after), effects).await?;
    if after.contradictory() && !before.contradictory() {
        let said = format!("{message}: the provider reported both a failure and an arrival.");
        let subject = entry.to_string();
        let alert =
            NewAlert { kind: AlertKind::Contradiction, subject: &subject, said: &said, thread: Some(matched.thread) };
        write.raise(&alert, now).await?;
        effects.changes.push(Change::Alerts);
    }
    Ok(())
}

/// Moves the outbox entry of a message along with its merged statuses.
async fn update_entry(
    system: &System,
    write: &mut Write,
    thread: ThreadId,
    (entry, ends): (EntryId, EntryState),
    (before, after): (&DeliveryRecord, &DeliveryRecord),
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let now = system.now();
    let failed = |status| status == DeliveryStatus::Failed;
    if failed(after.status()) && !failed(before.status()) {
        if let Some(failure) = after.failure() {
            let given_up = (ends == EntryState::Dead).then(|| failure.clone());
            let tried = write.attempt_count(entry).await?;
            let failure = given_up.map_or_else(|| failure.clone(), |failure| failure.exhausted(tried));
            write.end_entry(entry, ends, Some(&failure), Some(SettledBy::Status), now).await?;
            effects.looks |= failure.opt_out_kind().is_some();
            failure_reaches_people(system, write, AlertKind::DeliveryFailed, thread, entry, &failure, now).await?;
            effects.changes.push(Change::Alerts);
            if failure.class == FailureClass::Template {
                system.wakeups().templates.notify_one();
            }
        }
    } else if !failed(after.status()) && failed(before.status()) {
        // A failure was reported, and a later status shows that the message arrived.
        write.end_entry(entry, EntryState::Accepted, None, Some(SettledBy::Status), now).await?;
        write.clear_alert(AlertKind::DeliveryFailed, &entry.to_string(), now).await?;
    } else if after.progress > DeliveryStatus::Accepted
        && let Some((state @ (EntryState::Scheduled | EntryState::Discarded), ..)) = write.entry_state(entry).await?
    {
        // A scheduled message was sent, possibly although it was called back.
        let recalled_by = write.recalled_by(entry).await?;
        if state == EntryState::Discarded || recalled_by.is_some() {
            let by = recalled_by.unwrap_or_else(|| "somebody".to_owned());
            let said = format!("{entry} was sent: it could not be canceled in time for {by}.");
            raise_sent_anyway(write, thread, entry, &said, now, effects).await?;
        }
        write.end_entry(entry, EntryState::Accepted, None, Some(SettledBy::Status), now).await?;
    }
    Ok(())
}

/// Whether a reported failure leads to a retry.
enum Again {
    Queued,
    /// The failure allows retries, but their number is used up.
    GivenUp,
    No,
}

/// Queues another attempt of a message that failed after acceptance, if its failure code or class allows retries. If
/// the account may not send, the whole number is held, and the message waits for that.
async fn again(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    ids: (EntryId, MessageId),
    failure: &Failure,
    effects: &mut Effects,
) -> Result<Again, StoreError> {
    let now = system.now();
    if failure.stops_number() {
        let probe_at = hold_number(system, write, connection.id, failure, Some(ids.0), now).await?;
        write.requeue_failed(ids, &system.reference(), failure, probe_at, Some(Hold::Credentials)).await?;
        effects.changes.extend([Change::Alerts, Change::Connection(connection.id)]);
        effects.sends = true;
        return Ok(Again::Queued);
    }
    let provider = system.providers().get(&connection.provider);
    let of_code = provider.and_then(|provider| provider.schedule(&failure.code));
    if of_code.is_none() && !matches!(failure.class, FailureClass::Transient | FailureClass::Throttled) {
        return Ok(Again::No);
    }
    let policy = system.retry().for_failure(failure, of_code);
    let tried = write.attempt_count(ids.0).await?.max(1);
    if policy.exhausted(tried) {
        return Ok(Again::GivenUp);
    }
    let due_at = now.plus(policy.pause(tried, None, system.chance()));
    write.requeue_failed(ids, &system.reference(), failure, due_at, None).await?;
    effects.sends = true;
    Ok(Again::Queued)
}

/// Raises an alert: an entry that was discarded or called back was sent anyway.
async fn raise_sent_anyway(
    write: &mut Write,
    thread: ThreadId,
    entry: EntryId,
    said: &str,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    write.clear_alert(AlertKind::KeptByProvider, &entry.to_string(), now).await?;
    write
        .raise(
            &NewAlert { kind: AlertKind::SentAfterDiscard, subject: &entry.to_string(), said, thread: Some(thread) },
            now,
        )
        .await?;
    effects.changes.push(Change::Alerts);
    Ok(())
}
