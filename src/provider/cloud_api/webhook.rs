//! The platform's raw webhook body: `{"object":"whatsapp_business_account","entry":[…]}`.

use serde_json::Value;

use super::message::{content, status};
use super::{notice, text, time, untrusted};
use crate::domain::address::Address;
use crate::domain::event::{Direction, InboundEvent, MessageEvent, OWN_TEST, Origin, StatusEvent};
use crate::domain::phone::PhoneNumber;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// Everything that a raw body says.
pub(crate) fn read(body: &Value, received_at: Timestamp) -> Vec<InboundEvent> {
    let list = |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut events = vec![];
    let changes = list(body, "entry");
    let changes = changes.iter().flat_map(|entry| {
        let account = text(entry, "/id").map(str::to_owned);
        list(entry, "changes").into_iter().map(move |change| (account.clone(), change))
    });
    for (account, change) in changes {
        let field = text(&change, "/field").unwrap_or_default().to_owned();
        let Some(value) = change.get("value") else { continue };
        let number = text(value, "/metadata/phone_number_id").unwrap_or_default().to_owned();
        let before = events.len();
        for object in list(value, "messages") {
            events.extend(message(&object, value, &number, Direction::Inbound, received_at));
        }
        for object in list(value, "message_echoes") {
            events.extend(message(&object, value, &number, Direction::Outbound, received_at));
        }
        for object in list(value, "statuses") {
            if let (Some(id), Some(report)) = (text(&object, "/id"), status(&object)) {
                events.push(InboundEvent::Status(StatusEvent {
                    phone_number_id: number.clone(),
                    provider_message_id: id.to_owned(),
                    statuses: vec![report],
                    raw_statuses: vec![object.to_string()],
                    reference: text(&object, "/biz_opaque_callback_data").map(str::to_owned),
                }));
            }
        }
        if events.len() == before {
            events.push(notice::read(account.as_deref(), &field, value));
        }
    }
    events
}

/// The fields that a body speaks of, each once.
pub(crate) fn name(body: &Value) -> String {
    let entries = body.get("entry").and_then(Value::as_array).into_iter().flatten();
    let changes = entries.filter_map(|entry| entry.get("changes").and_then(Value::as_array)).flatten();
    let mut names: Vec<&str> = changes.filter_map(|change| text(change, "/field")).collect();
    names.dedup();
    let names = clean_line(&names.join(", "));
    if names.is_empty() { "whatsapp_business_account".to_owned() } else { names.chars().take(80).collect() }
}

fn message(
    object: &Value,
    value: &Value,
    number: &str,
    direction: Direction,
    received_at: Timestamp,
) -> Option<InboundEvent> {
    let person = value.pointer("/contacts/0");
    let phone_path = if direction == Direction::Inbound { "/from" } else { "/to" };
    let phone = text(object, phone_path).or_else(|| person.and_then(|person| text(person, "/wa_id")));
    let user = text(object, "/from_user_id").or_else(|| person.and_then(|person| text(person, "/user_id")));
    let kind = text(object, "/type").unwrap_or_default();
    let origin = match direction {
        Direction::Inbound => Origin::Api,
        Direction::Outbound => Origin::BusinessApp,
    };
    Some(InboundEvent::Message(Box::new(MessageEvent {
        phone_number_id: number.to_owned(),
        provider_message_id: text(object, "/id")?.to_owned(),
        direction,
        origin,
        contact: addresses(user, phone),
        contact_name: person.and_then(|person| untrusted(person, "/profile/name")),
        content: content(object, kind, None),
        sent_at: time(object, "/timestamp").unwrap_or(received_at),
        reply_to: text(object, "/context/id").map(str::to_owned),
        statuses: vec![],
        raw_statuses: vec![],
        reference: None,
        first_contact: false,
        test: text(object, "/id").is_some_and(|id| id.starts_with(OWN_TEST)),
    })))
}

/// Whoever has a business-scoped id is known by it first, by number second.
pub(crate) fn addresses(user: Option<&str>, phone: Option<&str>) -> Vec<Address> {
    let user = user.map(|id| Address::User(id.to_owned()));
    let phone = phone.and_then(|number| PhoneNumber::parse(number).ok()).map(Address::Phone);
    user.into_iter().chain(phone).collect()
}
