//! Parses the webhook fields besides messages and statuses that concern contacts: calls, history, marketing
//! preferences, contact names and handovers. Source: part 1.9, and the changes of 2026.

use serde_json::Value;

use super::contacts::{Person, person, same_phone};
use super::message::{content, members};
use super::webhook::{Around, message, status_event, unreadable};
use super::{list, loose, text, time, untrusted};
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent, Origin};
use crate::domain::message::content::Content;
use crate::domain::message::inbound_content::{Call, Extras, News};
use crate::domain::text::{Untrusted, clean_line};

pub(super) fn read(around: &Around<'_>, field: &str, events: &mut Vec<InboundEvent>) {
    let value = around.value;
    events.extend(list(value, "calls").map(|object| call(object, around)));
    for chunk in list(value, "history") {
        for thread in list(chunk, "threads") {
            events.extend(list(thread, "messages").map(|object| history_message(object, thread, around)));
        }
    }
    events.extend(list(value, "user_preferences").map(|object| preference(object, around)));
    events.extend(list(value, "state_sync").filter_map(|object| contact_name(object, around)));
    if let Some(standby) = value.get("standby").filter(|standby| standby.is_object()) {
        // Another app controls the conversation: its messages are stored, and nobody answers them here.
        let mut named = standby.clone();
        if let (Some(fields), None, Some(contacts)) =
            (named.as_object_mut(), standby.get("contacts"), value.get("contacts"))
        {
            fields.insert("contacts".into(), contacts.clone());
        }
        let within = Around { value: &named, number: around.number.clone(), received_at: around.received_at };
        let mut standby_events: Vec<InboundEvent> = list(standby, "messages")
            .map(|object| message(object, &within, Direction::Inbound))
            .chain(
                list(standby, "message_echoes").map(|echo| message(&unwrap_echo(echo), &within, Direction::Outbound)),
            )
            .chain(list(standby, "statuses").map(|object| status_event(object, &around.number, around.received_at)))
            .collect();
        for event in &mut standby_events {
            if let InboundEvent::Message(message) = event {
                message.origin = Origin::Other(crate::domain::agents::routing::STANDBY.into());
            }
        }
        events.extend(standby_events);
    }
    if field == "messaging_handovers" {
        events.push(handover(around));
    }
}

/// Unwraps the message within another app's echo. Missing fields are taken from the echo.
fn unwrap_echo(echo: &Value) -> Value {
    let Some(Value::Object(within)) = echo.get("message").filter(|_| echo.get("type").is_none()) else {
        return echo.clone();
    };
    let mut message = within.clone();
    for field in ["id", "timestamp", "to", "to_user_id"] {
        if let (None, Some(outer)) = (within.get(field), echo.get(field)) {
            message.insert(field.into(), outer.clone());
        }
    }
    Value::Object(message)
}

fn event(around: &Around<'_>, person: Person, id: String, content: Content) -> MessageEvent {
    MessageEvent {
        phone_number_id: around.number.clone(),
        provider_message_id: id,
        direction: Direction::Inbound,
        origin: Origin::Api,
        contact: person.addresses,
        contact_name: person.name,
        content,
        sent_at: around.received_at,
        reply_to: None,
        statuses: vec![],
        raw_statuses: vec![],
        other_statuses: vec![],
        reference: None,
        first_contact: None,
        counts: None,
        test: false,
        extras: Extras::default(),
        group: None,
        moved: None,
        conversation: None,
    }
}

/// Parses a call that rings or has ended. Both events share an id, and each is stored on its own.
fn call(object: &Value, around: &Around<'_>) -> InboundEvent {
    let Some(id) = text(object, "/id") else { return unreadable("a call has no id") };
    let by_us = text(object, "/direction").is_some_and(|direction| direction.starts_with("BUSINESS"));
    let (phone, user) = if by_us { ("/to", "/to_user_id") } else { ("/from", "/from_user_id") };
    let person = person(around.value, loose(object, phone).as_deref(), text(object, user));
    if person.addresses.is_empty() {
        return unreadable(format!("the call {} has no sender", clean_line(id)));
    }
    let spoken = time(object, "/start_time").zip(time(object, "/end_time")).map(|(from, to)| to.since(from).as_secs());
    let seconds = loose(object, "/duration").and_then(|seconds| seconds.parse().ok()).or(spoken);
    let named = untrusted(object, "/event").unwrap_or_else(|| Untrusted::from("call"));
    let call = Call {
        id: id.to_owned(),
        status: loose(object, "/status").or_else(|| loose(object, "/status/0")).map(Untrusted::new),
        event: named.clone(),
        by_us,
        seconds,
    };
    let base = event(around, person, format!("{id}:{}", named.as_received()), Content::Call(call));
    InboundEvent::Message(Box::new(MessageEvent {
        direction: if by_us { Direction::Outbound } else { Direction::Inbound },
        sent_at: time(object, "/timestamp").unwrap_or(around.received_at),
        ..base
    }))
}

/// Parses a message of the history before the number was connected.
fn history_message(object: &Value, thread: &Value, around: &Around<'_>) -> InboundEvent {
    let Some(id) = text(object, "/id") else { return unreadable("a message of the history has no id") };
    let with = loose(thread, "/id");
    let from = loose(object, "/from");
    let from_us = object.pointer("/history_context/from_me").and_then(Value::as_bool).unwrap_or_else(|| {
        let display = loose(around.value, "/metadata/display_phone_number");
        from.as_deref().zip(display.as_deref()).is_some_and(|(one, two)| same_phone(one, two))
    });
    let other = if from_us { loose(object, "/to").or(with) } else { from.or(with) };
    let user = text(object, if from_us { "/to_user_id" } else { "/from_user_id" });
    let person = person(around.value, other.as_deref(), user);
    if person.addresses.is_empty() {
        return unreadable(format!("the message {} of the history has no sender", clean_line(id)));
    }
    let kind = super::message::kind_of(object);
    let base = event(around, person, id.to_owned(), content(object, kind, None));
    InboundEvent::Message(Box::new(MessageEvent {
        direction: if from_us { Direction::Outbound } else { Direction::Inbound },
        origin: Origin::HistorySync,
        sent_at: time(object, "/timestamp").unwrap_or(around.received_at),
        reply_to: text(object, "/context/id").map(str::to_owned),
        extras: super::message::extras(object),
        group: super::contacts::group(object),
        ..base
    }))
}

/// Parses a preference about marketing messages: `stop`, `resume` or `signup`.
fn preference(object: &Value, around: &Around<'_>) -> InboundEvent {
    let person = person(around.value, loose(object, "/wa_id").as_deref(), text(object, "/user_id"));
    let word = text(object, "/value").unwrap_or_default();
    let stop = match word {
        "stop" => true,
        "resume" | "signup" => false,
        other => return unreadable(format!("the marketing preference `{}` is unknown", clean_line(other))),
    };
    if person.addresses.is_empty() {
        return unreadable("a marketing preference has no sender");
    }
    InboundEvent::Preference {
        phone_number_id: around.number.clone(),
        contact: person.addresses,
        stop,
        at: time(object, "/timestamp").unwrap_or(around.received_at),
    }
}

/// Parses a contact name from the business's phone. `None` for a removed name, which says nothing about the contact.
fn contact_name(object: &Value, around: &Around<'_>) -> Option<InboundEvent> {
    let contact = object.get("contact")?;
    if text(object, "/action").is_some_and(|action| action == "remove") {
        return None;
    }
    let person = person(around.value, loose(contact, "/phone_number").as_deref(), text(contact, "/user_id"));
    let name = untrusted(contact, "/full_name").or_else(|| untrusted(contact, "/first_name"))?;
    (!person.addresses.is_empty()).then(|| InboundEvent::Named {
        phone_number_id: around.number.clone(),
        contact: person.addresses,
        name,
    })
}

/// Parses a handover of the conversation between apps.
fn handover(around: &Around<'_>) -> InboundEvent {
    let value = around.value;
    let phone = ["/sender/phone_number", "/sender/wa_id", "/recipient/phone_number", "/wa_id"];
    let phone = phone.iter().find_map(|path| loose(value, path));
    let user = ["/sender/user_id", "/user_id"].iter().find_map(|path| text(value, path));
    // If the handover names no contact, a single entry of `contacts` applies; of several, none.
    let mut entries = list(value, "contacts");
    let only = entries.next().filter(|_| entries.next().is_none() && phone.is_none() && user.is_none());
    let phone = phone.or_else(|| only.and_then(|only| loose(only, "/wa_id")));
    let user = user.or_else(|| only.and_then(|only| text(only, "/user_id")));
    let person = person(value, phone.as_deref(), user);
    if person.addresses.is_empty() {
        return unreadable("a handover names no contact");
    }
    let what = ["control_passed", "control_taken", "control_requested", "pass_thread_control", "take_thread_control"];
    let what = what.iter().find(|name| value.get(**name).is_some()).copied().unwrap_or("messaging_handovers");
    let at = time(value, "/timestamp").unwrap_or(around.received_at);
    let news = News {
        kind: "handover".into(),
        what: what.into(),
        text: Untrusted::from(match what {
            "control_passed" | "pass_thread_control" => "another app passed the conversation to wadeck",
            "control_taken" | "take_thread_control" => "another app took over the conversation",
            "control_requested" => "another app requests the conversation",
            _ => "",
        }),
        members: members(value.get(what).unwrap_or(value)),
    };
    let id = format!("handover:{}:{}", person.addresses[0].key(), at.millis());
    let base = event(around, person, id, Content::News(news));
    InboundEvent::Message(Box::new(MessageEvent { sent_at: at, ..base }))
}
