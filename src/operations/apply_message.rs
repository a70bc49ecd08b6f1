//! Apply one event: a contact's message, the fate of one of ours, or news about a number.

use std::time::Duration;

use super::System;
use super::apply::Setback;
use super::settle::{ENTRY_ALERTS, failure_reaches_people};
use crate::domain::address::Address;
use crate::domain::change::Change;
use crate::domain::connection::{Connection, Hop};
use crate::domain::content::Content;
use crate::domain::event::{Direction, InboundEvent, MessageEvent, Origin, StatusEvent};
use crate::domain::ids::{ConnectionId, MessageId};
use crate::domain::key::message_key;
use crate::domain::outbox::{EntryState, SettledBy};
use crate::domain::routing::{Arrival, Route, route};
use crate::domain::status::{DeliveryStatus, StatusReport};
use crate::domain::time::Timestamp;
use crate::domain::window;
use crate::store::{Matched, NewAlert, NewInbound, StoreError, StoredDelivery, Write};

/// What follows once the transaction is committed.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub changes: Vec<Change>,
    /// Hops that were seen to work, with the newest time and what was seen.
    pub proofs: Vec<(ConnectionId, Hop, Timestamp, String)>,
    pub runs: bool,
    pub sends: bool,
}

impl Effects {
    pub fn absorb(&mut self, other: Self) {
        for change in other.changes {
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        }
        for (connection, hop, at, note) in other.proofs {
            self.proved(connection, hop, at, &note);
        }
        self.runs |= other.runs;
        self.sends |= other.sends;
    }

    /// One proof per hop and transaction: the newest.
    fn proved(&mut self, connection: ConnectionId, hop: Hop, at: Timestamp, note: &str) {
        match self.proofs.iter_mut().find(|(of, known, ..)| *of == connection && *known == hop) {
            Some(known) => (known.2, known.3) = (at, note.to_owned()),
            None => self.proofs.push((connection, hop, at, note.to_owned())),
        }
    }
}

type Applied = Result<Result<(), Setback>, StoreError>;

pub(super) async fn apply_event(
    system: &System,
    write: &mut Write,
    delivery: &StoredDelivery,
    event: &InboundEvent,
    effects: &mut Effects,
) -> Applied {
    match event {
        InboundEvent::Message(message) => {
            let Some(connection) = write.connection_of(&delivery.raw.provider, &message.phone_number_id).await? else {
                return Ok(Err(Setback::UnknownNumber(message.phone_number_id.clone())));
            };
            effects.proved(connection.id, Hop::Inbound, delivery.raw.received_at, &delivery.event);
            effects.changes.push(Change::Connection(connection.id));
            match message.direction {
                Direction::Inbound => inbound(system, write, delivery, &connection, message, effects).await,
                Direction::Outbound => outbound(system, write, delivery, &connection, message, effects).await,
            }
        }
        InboundEvent::Status(status) => {
            let Some(connection) = write.connection_of(&delivery.raw.provider, &status.phone_number_id).await? else {
                return Ok(Err(Setback::UnknownNumber(status.phone_number_id.clone())));
            };
            bare_status(system, write, delivery, &connection, status, effects).await
        }
        InboundEvent::Lifecycle { phone_number_id, .. } => {
            if let Some(number) = phone_number_id
                && let Some(connection) = write.connection_of(&delivery.raw.provider, number).await?
            {
                effects.proved(connection.id, Hop::Inbound, delivery.raw.received_at, &delivery.event);
                effects.changes.push(Change::Connection(connection.id));
            }
            Ok(Ok(()))
        }
        InboundEvent::Unknown { .. } => Ok(Ok(())),
    }
}

async fn inbound(
    system: &System,
    write: &mut Write,
    delivery: &StoredDelivery,
    connection: &Connection,
    event: &MessageEvent,
    effects: &mut Effects,
) -> Applied {
    let now = system.now();
    let received_at = delivery.raw.received_at;
    let Some(external_id) = external_id(&event.contact) else {
        return Ok(Err(Setback::Unreadable("the message names no contact".into())));
    };
    let contact = write.contact(&event.contact, event.contact_name.as_ref(), now).await?;
    let thread = write.thread(connection.id, contact, &external_id, event.sent_at).await?;
    let new = NewInbound {
        thread: thread.thread,
        connection: connection.id,
        direction: Direction::Inbound,
        origin: &event.origin,
        content: &event.content,
        provider_message_id: &event.provider_message_id,
        reply_to: event.reply_to.as_deref(),
        test: event.test,
        created_at: as_of(event.sent_at, received_at),
        received_at,
        delivery: delivery.id,
        author: None,
    };
    let Some(message) = write.insert_message(&new).await? else { return Ok(Ok(())) };
    effects.changes.push(Change::Thread(thread.thread));
    if let Content::Reaction { target, emoji } = &event.content {
        let target = message_key(connection.id, target);
        write.react(&target, Direction::Inbound, emoji.as_ref(), event.sent_at).await?;
        return Ok(Ok(()));
    }
    let history = event.origin == Origin::HistorySync;
    let window = (!event.test).then(|| window::closes_after(event.sent_at, received_at));
    write.touch_thread(thread.thread, message, new.created_at, u32::from(!history), window).await?;
    let assignment = write.assignment_for(thread.thread, connection.id).await?;
    let arrival = Arrival {
        direction: event.direction,
        origin: &event.origin,
        content: &event.content,
        test: event.test,
        sent_at: event.sent_at,
        mode: assignment.as_ref().map(|assignment| assignment.mode),
        taken_by: thread.taken_by.as_deref(),
        opted_out: thread.opted_out,
    };
    match (route(&arrival, connection.settings.debounce, now), assignment) {
        (Route::Run { due_at }, Some(assignment)) => {
            write.schedule_run(thread.thread, assignment.id, due_at, thread.first, now).await?;
            effects.runs = true;
            effects.changes.push(Change::Agents);
        }
        (Route::None(reason), _) if reason.leaves_waiting() => {
            write.wait(thread.thread, reason.words(), new.created_at).await?;
        }
        _ => {}
    }
    Ok(Ok(()))
}

/// A message of ours: one that was sent from here and has news, or one that was written elsewhere.
async fn outbound(
    system: &System,
    write: &mut Write,
    delivery: &StoredDelivery,
    connection: &Connection,
    event: &MessageEvent,
    effects: &mut Effects,
) -> Applied {
    let key = message_key(connection.id, &event.provider_message_id);
    keep_statuses(write, delivery, &key, &event.statuses, &event.raw_statuses).await?;
    if matched_by_id(system, write, connection, &key, effects).await? {
        return Ok(Ok(()));
    }
    if event.contact.is_empty() {
        return Ok(Err(Setback::Unreadable("the message names no contact".into())));
    }
    let external_id = external_id(&event.contact).unwrap_or_default();
    let now = system.now();
    let contact = write.contact(&event.contact, event.contact_name.as_ref(), now).await?;
    let thread = write.thread(connection.id, contact, &external_id, event.sent_at).await?;
    effects.changes.push(Change::Thread(thread.thread));

    let mut found = None;
    if let Some(reference) = &event.reference {
        let referred = write.outbound_by_reference(connection.id, reference).await?;
        found = referred.map(|matched| (matched, SettledBy::Reference));
    }
    if found.is_none() {
        let like = write.uncertain_like(thread.thread, &event.content.words(), event.sent_at).await?;
        found = like.map(|matched| (matched, SettledBy::Status));
    }
    if let Some((matched, by)) = found {
        adopt(system, write, connection, &matched, &event.provider_message_id, by, effects).await?;
        return Ok(Ok(()));
    }

    // Nobody here sent it. Perhaps our own answer is still under way: then it becomes that message's.
    let author = match event.origin {
        Origin::BusinessApp => Some("phone app"),
        _ => None,
    };
    let new = NewInbound {
        thread: thread.thread,
        connection: connection.id,
        direction: Direction::Outbound,
        origin: &event.origin,
        content: &event.content,
        provider_message_id: &event.provider_message_id,
        reply_to: event.reply_to.as_deref(),
        test: event.test,
        created_at: as_of(event.sent_at, delivery.raw.received_at),
        received_at: delivery.raw.received_at,
        delivery: delivery.id,
        author,
    };
    let Some(message) = write.insert_message(&new).await? else { return Ok(Ok(())) };
    if let Content::Reaction { target, emoji } = &event.content {
        let target = message_key(connection.id, target);
        write.react(&target, Direction::Outbound, emoji.as_ref(), event.sent_at).await?;
        return Ok(Ok(()));
    }
    write.touch_thread(thread.thread, message, new.created_at, 0, None).await?;
    write.merge_statuses(message).await?;
    if event.origin == Origin::BusinessApp {
        write.silence_agent(thread.thread, "a person answered from the phone app", now).await?;
        write.stop_waiting(thread.thread).await?;
        effects.changes.push(Change::Agents);
    }
    Ok(Ok(()))
}

async fn bare_status(
    system: &System,
    write: &mut Write,
    delivery: &StoredDelivery,
    connection: &Connection,
    event: &StatusEvent,
    effects: &mut Effects,
) -> Applied {
    let key = message_key(connection.id, &event.provider_message_id);
    keep_statuses(write, delivery, &key, &event.statuses, &event.raw_statuses).await?;
    if matched_by_id(system, write, connection, &key, effects).await? {
        return Ok(Ok(()));
    }
    if let Some(reference) = &event.reference
        && let Some(matched) = write.outbound_by_reference(connection.id, reference).await?
    {
        adopt(system, write, connection, &matched, &event.provider_message_id, SettledBy::Reference, effects).await?;
    }
    Ok(Ok(()))
}

async fn keep_statuses(
    write: &mut Write,
    delivery: &StoredDelivery,
    key: &[u8; 16],
    reports: &[StatusReport],
    raw: &[String],
) -> Result<(), StoreError> {
    for (report, raw) in reports.iter().zip(raw) {
        write.keep_status(key, report, raw, delivery.raw.received_at).await?;
    }
    Ok(())
}

/// News about a message whose provider id is known, now or from an earlier series of attempts.
async fn matched_by_id(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    key: &[u8; 16],
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    if let Some(matched) = write.outbound_by_key(key).await? {
        effects.proved(connection.id, Hop::Status, system.now(), "a status came back");
        merge(system, write, &matched, effects).await?;
        return Ok(true);
    }
    if let Some((entry, _, thread)) = write.earlier_series(key).await? {
        effects.changes.push(Change::Thread(thread));
        effects.changes.push(Change::Outbox);
        tracing::info!(%entry, "a status of an earlier series of attempts arrived");
        return Ok(true);
    }
    Ok(false)
}

/// The provider calls one of our open entries by this id.
async fn adopt(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    matched: &Matched,
    provider_message_id: &str,
    by: SettledBy,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let Some((entry, state)) = matched.entry else { return Ok(()) };
    let open = matches!(state, EntryState::Sending | EntryState::Uncertain | EntryState::Queued | EntryState::Dead);
    if open {
        let now = system.now();
        write.accept_entry(entry, matched.message, connection.id, provider_message_id, by, now).await?;
        for kind in ENTRY_ALERTS {
            write.clear_alert(kind, &entry.to_string(), now).await?;
        }
        write.stop_waiting(matched.thread).await?;
        effects.proved(connection.id, Hop::Status, now, "a status came back");
        effects.sends = true;
    }
    merge(system, write, matched, effects).await
}

/// Merges what is known, and lets a failure after acceptance reach people.
async fn merge(system: &System, write: &mut Write, matched: &Matched, effects: &mut Effects) -> Result<(), StoreError> {
    let message: MessageId = matched.message;
    let (before, after) = write.merge_statuses(message).await?;
    effects.changes.push(Change::Thread(matched.thread));
    effects.changes.push(Change::Outbox);
    let Some((entry, _)) = matched.entry else { return Ok(()) };
    let now = system.now();
    let failed = |status| status == DeliveryStatus::Failed;
    if failed(after.status()) && !failed(before.status()) {
        if let Some(failure) = after.failure() {
            write.end_entry(entry, EntryState::Refused, Some(failure), Some(SettledBy::Status), now).await?;
            failure_reaches_people(write, "delivery_failed", matched.thread, entry, failure, now).await?;
        }
    } else if !failed(after.status()) && failed(before.status()) {
        // It failed, they said, and now there is proof that it arrived.
        write.end_entry(entry, EntryState::Accepted, None, Some(SettledBy::Status), now).await?;
        write.clear_alert("delivery_failed", &entry.to_string(), now).await?;
    }
    if after.contradictory() && !before.contradictory() {
        let said = format!("{message}: the provider reports both that it failed and that it arrived.");
        let subject = entry.to_string();
        let alert = NewAlert { kind: "contradiction", subject: &subject, said: &said, thread: Some(matched.thread) };
        write.raise(&alert, now).await?;
        effects.changes.push(Change::Alerts);
    }
    Ok(())
}

/// When a message was written, for its place in the thread. Providers tell whole seconds: within its
/// second, what we know better is when it came.
fn as_of(sent_at: Timestamp, received_at: Timestamp) -> Timestamp {
    sent_at.plus(Duration::from_millis(999)).min(received_at)
}

/// `whatsapp:{digits}` where there is a number, else the user id.
fn external_id(addresses: &[Address]) -> Option<String> {
    let phone = addresses.iter().find(|address| address.phone().is_some());
    phone.or_else(|| addresses.first()).map(Address::external_id)
}
