//! Composes the form of a send request. Source: part 2.1.

use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use crate::domain::contacts::address::Address;
use crate::domain::message::content::Content;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::time::Timestamp;
use crate::provider::cloud_api::graph::encoded;

/// The path of status callbacks, whose query carries our outbox reference.
pub(super) const STATUS_PATH: &str = "/webhook/twilio/status";

pub(super) fn path(account: &str) -> String {
    format!("/2010-04-01/Accounts/{}/Messages.json", encoded(account))
}

/// Returns the address of a contact: a phone number, or the user id of a contact who hides it.
pub(super) fn channel(to: &Address) -> String {
    match to {
        Address::Phone(number) => format!("whatsapp:{number}"),
        Address::User(id) => format!("whatsapp:{id}"),
    }
}

/// Returns the form of a message. Without our public URL `base` there are no status callbacks. An interactive message
/// refers to its `content` object; without an id, the id is appended when the object exists.
pub(super) fn message(
    connection: &Connection,
    outgoing: &Outgoing,
    base: Option<&str>,
    content: Option<&str>,
) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("To", &channel(&outgoing.to));
    form.append_pair("From", &format!("whatsapp:{}", connection.phone_number));
    if let Some(service) = &connection.settings.messaging_service {
        form.append_pair("MessagingServiceSid", service);
    }
    match &outgoing.content {
        Content::Image(media)
        | Content::Video(media)
        | Content::Document(media)
        | Content::Audio(media)
        | Content::Sticker(media) => {
            if let Some(caption) = &media.caption {
                form.append_pair("Body", caption.as_received());
            }
            form.append_pair("MediaUrl", &media.id);
        }
        Content::Template { name, id, parameters, .. } => {
            form.append_pair("ContentSid", id.as_deref().unwrap_or(name));
            let values: Map<String, Value> =
                parameters.iter().map(|(name, value)| (name.clone(), value.as_received().into())).collect();
            if !values.is_empty() {
                form.append_pair("ContentVariables", &Value::Object(values).to_string());
            }
        }
        Content::Location { latitude, longitude, name, address } => {
            let label = name.as_ref().or(address.as_ref()).map_or("", |label| label.as_received());
            form.append_pair("Body", if label.is_empty() { "\u{1f4cd}" } else { label });
            let place = format!("geo:{latitude},{longitude}");
            let action = if label.is_empty() { place } else { format!("{place}|{label}") };
            form.append_pair("PersistentAction", &action);
        }
        Content::Offer(_) => {
            if let Some(id) = content {
                form.append_pair("ContentSid", id);
            }
        }
        other => {
            form.append_pair("Body", other.words().as_received());
        }
    }
    if let Some(at) = outgoing.at {
        form.append_pair("ScheduleType", "fixed");
        // Rounded up to whole seconds, so that it is not sent early.
        let whole = Timestamp::from_seconds((at.millis() + 999).div_euclid(1_000));
        form.append_pair("SendAt", &whole.to_string());
    }
    if let Some(base) = base {
        form.append_pair("StatusCallback", &format!("{base}{STATUS_PATH}?ref={}", encoded(&outgoing.reference)));
    }
    form.finish()
}
