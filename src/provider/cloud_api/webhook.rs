//! Parses the platform's webhook body, `{"object":"whatsapp_business_account","entry":[…]}`. Each object in it is
//! parsed on its own, so that an unreadable one does not affect the others.

use serde_json::Value;

use super::contacts::{Person, group, person};
use super::message::{content, extras, kind_of, other_status, status};
use super::{fields, list, loose, notice, text, time};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent, Moved, OWN_TEST, Origin, StatusEvent};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// One `value` of a body, with the data that all its objects share.
pub(super) struct Around<'v> {
    pub value: &'v Value,
    /// The receiving number's `phone_number_id`; empty where none is given.
    pub number: String,
    pub received_at: Timestamp,
}

/// Parses all events of a body. Test deliveries are marked as such.
pub(crate) fn read(body: &Value, received_at: Timestamp) -> Vec<InboundEvent> {
    let events = read_all(body, received_at);
    if is_test(body) { events.into_iter().map(as_test).collect() } else { events }
}

/// Returns `true` if an object's `test` field marks it as a test, in any known form.
pub(crate) fn is_test(object: &Value) -> bool {
    match object.get("test") {
        Some(Value::Bool(test)) => *test,
        Some(Value::String(word)) => matches!(word.to_ascii_lowercase().as_str(), "true" | "1" | "yes"),
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}

/// Marks an event of a test delivery: messages get a mark, and all other events become unknown, as they are not real.
pub(crate) fn as_test(event: InboundEvent) -> InboundEvent {
    match event {
        InboundEvent::Message(mut message) => {
            message.test = true;
            InboundEvent::Message(message)
        }
        event @ InboundEvent::Unreadable { .. } => event,
        _ => InboundEvent::Unknown { name: "test".to_owned() },
    }
}

fn read_all(body: &Value, received_at: Timestamp) -> Vec<InboundEvent> {
    let mut events = vec![];
    for entry in list(body, "entry") {
        let account = loose(entry, "/id");
        for change in list(entry, "changes") {
            let field = text(change, "/field").unwrap_or_default();
            let Some(value) = change.get("value") else {
                events.push(unreadable("a change has no value"));
                continue;
            };
            // A handover has the number as its recipient.
            let number = ["/metadata/phone_number_id", "/recipient/phone_number_id"];
            let number = number.iter().find_map(|path| loose(value, path)).unwrap_or_default();
            let before = events.len();
            one(&Around { value, number, received_at }, field, &mut events);
            if events.len() == before {
                events.push(notice::read(account.as_deref(), field, value));
            }
        }
    }
    if events.is_empty() {
        events.push(InboundEvent::Unknown { name: name(body) });
    }
    events
}

fn one(around: &Around<'_>, field: &str, events: &mut Vec<InboundEvent>) {
    let value = around.value;
    for object in list(value, "messages") {
        events.push(message(object, around, Direction::Inbound));
    }
    for object in list(value, "message_echoes") {
        events.push(message(object, around, Direction::Outbound));
    }
    for object in list(value, "statuses") {
        events.push(status_event(object, &around.number, around.received_at));
    }
    fields::read(around, field, events);
}

pub(super) fn unreadable(why: impl Into<String>) -> InboundEvent {
    InboundEvent::Unreadable { why: why.into() }
}

/// Parses a status of an outgoing message. An unknown word is kept as received.
pub(super) fn status_event(object: &Value, number: &str, received_at: Timestamp) -> InboundEvent {
    let Some(id) = text(object, "/id") else { return unreadable("a status has no message id") };
    let report = status(object, received_at);
    let other = if report.is_none() { other_status(object, received_at) } else { None };
    if report.is_none() && other.is_none() {
        return unreadable(format!("the status of {} is empty", clean_line(id)));
    }
    InboundEvent::Status(StatusEvent {
        phone_number_id: number.to_owned(),
        provider_message_id: id.to_owned(),
        raw_statuses: report.iter().map(|_| object.to_string()).collect(),
        statuses: report.into_iter().collect(),
        other_statuses: other.into_iter().collect(),
        reference: text(object, "/biz_opaque_callback_data").map(str::to_owned),
    })
}

/// Returns the field names of a body without repetition, separated by commas, as its event name.
pub(crate) fn name(body: &Value) -> String {
    let changes = list(body, "entry").flat_map(|entry| list(entry, "changes"));
    let mut names: Vec<&str> = changes.filter_map(|change| text(change, "/field")).collect();
    names.dedup();
    let names = clean_line(&names.join(", "));
    if names.is_empty() { "whatsapp_business_account".to_owned() } else { names.chars().take(80).collect() }
}

/// Parses a message object.
pub(super) fn message(object: &Value, around: &Around<'_>, direction: Direction) -> InboundEvent {
    let inbound = direction == Direction::Inbound;
    let (phone, user) = if inbound { ("/from", "/from_user_id") } else { ("/to", "/to_user_id") };
    let (phone, user) = (loose(object, phone), text(object, user));
    let Some(id) = text(object, "/id") else { return unreadable("a message has no id") };
    let kind = kind_of(object);
    let moved = moved(object);
    // A notice of a changed id may name the contact by the old id only.
    let previous = moved.as_ref().map(|moved| moved.from.clone());
    let Person { mut addresses, name } = person(around.value, phone.as_deref(), user);
    if let Some(previous) = previous.filter(|previous| !addresses.contains(previous)) {
        addresses.push(previous);
    }
    let group = group(object);
    if addresses.is_empty() && group.is_none() {
        let whose = if inbound { "sender" } else { "recipient" };
        let spelt = phone.map(|phone| format!(" ({})", clean_line(&phone))).unwrap_or_default();
        let id: String = clean_line(id).chars().take(80).collect();
        return unreadable(format!("the {} message {id} has no valid {whose}{spelt}", clean_line(kind)));
    }
    InboundEvent::Message(Box::new(MessageEvent {
        phone_number_id: around.number.clone(),
        provider_message_id: id.to_owned(),
        direction,
        origin: if inbound { Origin::Api } else { Origin::BusinessApp },
        contact: addresses,
        contact_name: name,
        content: content(object, kind, None),
        sent_at: time(object, "/timestamp").unwrap_or(around.received_at),
        reply_to: text(object, "/context/id").map(str::to_owned),
        statuses: vec![],
        raw_statuses: vec![],
        other_statuses: vec![],
        reference: None,
        first_contact: None,
        counts: None,
        test: id.starts_with(OWN_TEST),
        extras: extras(object),
        group,
        moved,
        conversation: None,
    }))
}

/// Parses a notice that a contact's number or user id has changed. Source: part 1.6, and the changes of August 2026.
pub(crate) fn moved(object: &Value) -> Option<Moved> {
    let system = object.get("system")?;
    let user = |path: &str| text(system, path).map(|id| Address::User(id.to_owned()));
    let phone = |number: String| PhoneNumber::parse_short(&number).ok().map(Address::Phone);
    match text(system, "/type")? {
        "user_changed_number" | "customer_changed_number" => {
            let to = loose(system, "/wa_id").or_else(|| loose(system, "/new_wa_id")).and_then(phone);
            let from = loose(object, "/from").and_then(phone);
            match (from, to) {
                (Some(from), Some(to)) if from != to => Some(Moved { from, to }),
                _ => Some(Moved { from: user("/previous_user_id")?, to: user("/user_id")? }),
            }
        }
        "user_changed_user_id" => {
            let from =
                user("/previous_user_id").or_else(|| text(object, "/from_user_id").map(|id| Address::User(id.into())));
            let (from, to) = (from?, user("/user_id")?);
            (from != to).then_some(Moved { from, to })
        }
        _ => None,
    }
}
