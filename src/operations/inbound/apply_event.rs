//! Applies one event: a message from a contact, a message sent from another app, or a notice about a number.

use crate::operations::inbound::effects::extras_of;
use crate::operations::inbound::effects::{
    ApplyResult, Effects, NOTHING_TO_DO, Source, contact_of, external_id, suggest_merge,
};

use crate::domain::change::Change;
use crate::domain::contacts::address::Address;
use crate::domain::ids::ThreadId;
use crate::domain::inbound::decide::plausible;
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent, OWN_TEST, StatusEvent};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::outbox::entry::SettledBy;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::operations::inbound::apply_changes::{
    Handoff, MarketingPreference, change, duplicate, early_changes, mark_handed_off, react, record_group_message,
    store_marketing_preference,
};
use crate::operations::inbound::apply_holder::note_holder;
use crate::operations::inbound::apply_inbound::inbound;
use crate::operations::inbound::apply_status::{adopt, bare_status, known_by_id, store_other_status};
use crate::operations::inbound::batch::{Batch, REPLIED_FROM_PHONE};
use crate::operations::inbound::batch_elsewhere::{elsewhere_message, replied_from_phone};
use crate::operations::inbound::batch_statuses::Reported;
use crate::operations::inbound::effects::ApplyError;
use crate::operations::monitoring::notice::{Notice, notice};
use crate::operations::numbers::canary::handle_canary_return;
use crate::operations::numbers::number_lifecycle::{NumberLife, number_lifecycle};
use crate::operations::outbox::send_message::capabilities;
use crate::store::{Matched, StoreError, ThreadTouch, Write};

/// Applies one event within a batch. The inner error says why it is set aside.
pub(crate) async fn apply_event(
    system: &System,
    batch: &mut Batch<'_>,
    source: &Source,
    event: &InboundEvent,
    effects: &mut Effects,
) -> ApplyResult {
    match event {
        InboundEvent::Message(message) => apply_message(system, batch, source, message, effects).await,
        InboundEvent::Status(status) => apply_bare_status(system, batch, source, status, effects).await,
        InboundEvent::Lifecycle { name, phone_number_id, customer_id, .. } => {
            let write = batch.write().await?;
            let Some(number) = phone_number_id else {
                effects.notes.push(NOTHING_TO_DO.to_owned());
                return Ok(Ok(()));
            };
            let known = write.connection_of(&source.provider, number).await?;
            if let Some(connection) = &known {
                effects.check_passed(connection.id, Check::Signature, source.received_at, &source.event);
                effects.changes.push(Change::Connection(connection.id));
            }
            let life = NumberLife { name, number, customer: customer_id.as_deref(), known: known.as_ref() };
            number_lifecycle(write, source, &life, effects).await?;
            Ok(Ok(()))
        }
        InboundEvent::Notice { account, subject, said, alarming, template, .. } => {
            let write = batch.write().await?;
            let account = account.as_deref().unwrap_or_default();
            let said = said.line();
            let told = Notice { account, subject, said: &said, alarming: *alarming, template: template.as_ref() };
            notice(write, &told, system.now(), effects).await?;
            if told.said.is_empty() {
                effects.notes.push(NOTHING_TO_DO.to_owned());
            }
            Ok(Ok(()))
        }
        InboundEvent::Unknown { .. } => {
            effects.notes.push(NOTHING_TO_DO.to_owned());
            Ok(Ok(()))
        }
        InboundEvent::Handoff { name, phone_number_id, conversation, contact, note } => {
            let write = batch.write().await?;
            let told = Handoff { name, number: phone_number_id, conversation: conversation.as_deref(), contact, note };
            mark_handed_off(write, source, &told, effects).await?;
            Ok(Ok(()))
        }
        InboundEvent::Preference { phone_number_id, contact, stop, at } => {
            let write = batch.write().await?;
            let Some(connection) = write.connection_of(&source.provider, phone_number_id).await? else {
                return Ok(Err(ApplyError::UnknownNumber(phone_number_id.clone())));
            };
            let at = plausible(*at, source.received_at);
            let wish = MarketingPreference { contact, stop: *stop, at, by: "the contact told the platform" };
            store_marketing_preference(system, write, &connection, &wish, effects).await?;
            Ok(Ok(()))
        }
        InboundEvent::Named { phone_number_id, contact, name } => {
            apply_name(batch.write().await?, source, phone_number_id, contact, name, effects).await
        }
        InboundEvent::Unreadable { why } => Ok(Err(ApplyError::Unreadable(why.clone()))),
    }
}

async fn apply_message(
    system: &System,
    batch: &mut Batch<'_>,
    source: &Source,
    message: &MessageEvent,
    effects: &mut Effects,
) -> ApplyResult {
    let canary =
        message.test && handle_canary_return(batch.beside(), &message.phone_number_id, source, effects).await?;
    let Some(connection) = batch.connection_of(&source.provider, &message.phone_number_id).await? else {
        if canary {
            return Ok(Ok(()));
        }
        return Ok(Err(ApplyError::UnknownNumber(message.phone_number_id.clone())));
    };
    let own_test = message.provider_message_id.starts_with(OWN_TEST);
    if source.delivery.is_some() && !own_test {
        record_checks(system, source, &connection, message, effects);
    }
    effects.changes.push(Change::Connection(connection.id));
    if canary || own_test {
        return Ok(Ok(()));
    }
    if let Some(group) = &message.group {
        record_group_message(batch.beside(), &connection, message, group, source.received_at, effects).await?;
        return Ok(Ok(()));
    }
    match message.direction {
        Direction::Inbound => inbound(system, batch, source, &connection, message, effects).await,
        Direction::Outbound => {
            let reported = Reported {
                provider_message_id: &message.provider_message_id,
                statuses: &message.statuses,
                raw: &message.raw_statuses,
                others: &message.other_statuses,
                counts: message.counts.as_ref().filter(|_| message.statuses.len() <= 1),
            };
            if !message.test && batch.advance(source, &connection, &reported, effects) {
                return Ok(Ok(()));
            }
            if batch.sent_elsewhere(source, &connection, message, effects).await? {
                return Ok(Ok(()));
            }
            outbound(system, batch.write().await?, source, &connection, message, effects).await
        }
    }
}

/// Records which connection checks a message webhook passes. Our own test messages must not be passed in: they show
/// nothing about the provider.
fn record_checks(
    system: &System,
    source: &Source,
    connection: &Connection,
    message: &MessageEvent,
    effects: &mut Effects,
) {
    // A test webhook shows only that webhooks arrive; no contact wrote it.
    if message.test {
        let what = "a test webhook of the provider arrived with a valid signature";
        effects.check_passed(connection.id, Check::Signature, source.received_at, what);
        return;
    }
    // A report about one of our own messages does not show that contacts reach the number.
    if message.direction == Direction::Inbound {
        effects.check_passed(connection.id, Check::Inbound, source.received_at, &source.event);
    }
    effects.check_passed(connection.id, Check::Signature, source.received_at, "valid signature");
    if capabilities(system, connection).signs_address && system.public_url().is_some() {
        effects.check_passed(connection.id, Check::Public, source.received_at, "valid signature for the public URL");
    }
}

async fn apply_bare_status(
    system: &System,
    batch: &mut Batch<'_>,
    source: &Source,
    status: &StatusEvent,
    effects: &mut Effects,
) -> ApplyResult {
    if !status.phone_number_id.is_empty()
        && let Some(connection) = batch.connection_of(&source.provider, &status.phone_number_id).await?
    {
        let reported = Reported {
            provider_message_id: &status.provider_message_id,
            statuses: &status.statuses,
            raw: &status.raw_statuses,
            others: &status.other_statuses,
            counts: None,
        };
        if batch.advance(source, &connection, &reported, effects) {
            return Ok(Ok(()));
        }
    }
    let write = batch.write().await?;
    let connection = match (status.phone_number_id.as_str(), &status.reference) {
        // A status that names no number is matched to its connection by our reference.
        ("", Some(reference)) => write.connection_of_reference(&source.provider, reference).await?,
        ("", None) => write.connection_of_message(&source.provider, &status.provider_message_id).await?,
        (number, _) => write.connection_of(&source.provider, number).await?,
    };
    let Some(connection) = connection else {
        if status.phone_number_id.is_empty() {
            let id: String = clean_line(&status.provider_message_id).chars().take(80).collect();
            let why = format!("the status of {id} names no phone_number_id, and that message is not known");
            return Ok(Err(ApplyError::Unreadable(why)));
        }
        return Ok(Err(ApplyError::UnknownNumber(status.phone_number_id.clone())));
    };
    bare_status(system, write, source, &connection, status, effects).await
}

/// Names a known contact by the phone's address book.
async fn apply_name(
    write: &mut Write,
    source: &Source,
    phone_number_id: &str,
    contact: &[Address],
    name: &Untrusted,
    effects: &mut Effects,
) -> ApplyResult {
    let Some(_) = write.connection_of(&source.provider, phone_number_id).await? else {
        return Ok(Err(ApplyError::UnknownNumber(phone_number_id.to_owned())));
    };
    match write.contact_with(contact).await? {
        Some(contact) => write.name_if_nameless(contact, name).await?,
        // An address book entry does not create a contact.
        None => {
            effects.notes.push("A name from the address book of the phone, of an unknown contact.".to_owned());
        }
    }
    Ok(Ok(()))
}

/// Applies an outgoing message: a report about one that wadeck sent, or one that was sent from another app.
async fn outbound(
    system: &System,
    write: &mut Write,
    source: &Source,
    connection: &Connection,
    event: &MessageEvent,
    effects: &mut Effects,
) -> ApplyResult {
    let key = message_key(connection.id, &event.provider_message_id);
    let told = (event.statuses.as_slice(), event.raw_statuses.as_slice());
    // A test says nothing about our messages.
    if !event.test {
        // The first report of one of our messages carries the provider's conversation counts.
        if let Some(counts) = event.counts.as_ref().filter(|_| event.statuses.len() <= 1) {
            write.note_conversation_of(&key, counts).await?;
        }
        for other in &event.other_statuses {
            store_other_status(write, source, &key, other).await?;
        }
        if known_by_id(system, write, source, connection, &key, told, effects).await? {
            return Ok(Ok(()));
        }
    }
    if event.contact.is_empty() {
        return Ok(Err(ApplyError::Unreadable("the message names no contact".into())));
    }
    let external_id = external_id(&event.contact).unwrap_or_default();
    let now = system.now();
    let (contact, other) = contact_of(write, event, now).await?;
    suggest_merge(write, contact, other, now, effects).await?;
    let thread = write.thread(connection.id, contact, &external_id, event.sent_at).await?;
    effects.changes.push(Change::Thread(thread.thread));

    if let Some((matched, by)) = find_own_message(write, connection, thread.thread, event).await? {
        adopt(system, write, connection, &matched, &event.provider_message_id, by, effects).await?;
        return Ok(Ok(()));
    }

    // No message of ours matches. If our send request is still in flight, its answer later takes over this message.
    let extras = extras_of(event, source.received_at);
    let new = elsewhere_message(source, connection.id, event, (thread.thread, &extras), now);
    let Some(inserted) = write.insert_message(&new).await? else {
        return duplicate(write, source, &key, event, effects).await;
    };
    let message = inserted.id;
    if inserted.changed {
        early_changes(write, &key).await?;
    }
    if let Content::Reaction { target, emoji } = &event.content {
        if event.test {
            return Ok(Ok(()));
        }
        react(write, connection.id, (target, Direction::Outbound), emoji.as_ref(), event.sent_at, effects).await?;
        return Ok(Ok(()));
    }
    note_holder(write, &thread, event, (source.received_at, now), effects).await?;
    if !event.test {
        let side = (thread.thread, Direction::Outbound);
        change(write, connection.id, side, &event.content, new.created_at, effects).await?;
    }
    let touch = ThreadTouch {
        conversation: event.conversation.clone(),
        ..ThreadTouch::plain(thread.thread, message, new.created_at)
    };
    write.touch_threads(&[touch]).await?;
    write.merge_statuses(message).await?;
    if replied_from_phone(event) {
        note_reply_from_phone(write, thread.thread, event, now, effects).await?;
    }
    Ok(Ok(()))
}

/// Finds our message that this event is about: by our reference, or as an uncertain message with the same text.
async fn find_own_message(
    write: &mut Write,
    connection: &Connection,
    thread: ThreadId,
    event: &MessageEvent,
) -> Result<Option<(Matched, SettledBy)>, StoreError> {
    if event.test || event.is_observed() {
        return Ok(None);
    }
    if let Some(reference) = &event.reference
        && let Some(matched) = write.outbound_by_reference(connection.id, reference).await?
    {
        return Ok(Some((matched, SettledBy::Reference)));
    }
    let like = write.uncertain_like(thread, &event.content.words(), event.sent_at).await?;
    Ok(like.map(|matched| (matched, SettledBy::Status)))
}

/// Handles a reply by a person from the phone app: the agent is silenced, and the contact no longer waits.
async fn note_reply_from_phone(
    write: &mut Write,
    thread: ThreadId,
    event: &MessageEvent,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    write.silence_agent(thread, REPLIED_FROM_PHONE, now).await?;
    write.person_wrote(thread, event.sent_at.min(now)).await?;
    write.stop_waiting(thread).await?;
    effects.changes.push(Change::Agents);
    Ok(())
}
