//! Inbound messages as forms.

use serde_json::{Value, json};

use super::super::files::generate_media;
use super::super::payload::{Person, Saying};
use super::super::world::World;
use super::forms::ACCOUNT;

/// Formats a time as RFC 2822, as in the messages API.
pub(super) fn date(millis: i64) -> Value {
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::rfc2822::to_string(&at).map_or(Value::Null, Value::from)
}

fn name(saying: &Saying) -> &'static str {
    match saying {
        Saying::Text(_) | Saying::History(_) | Saying::Test(_) | Saying::Reply { .. } => "text",
        Saying::Image { .. } => "image",
        Saying::Voice { .. } => "audio",
        Saying::Document { .. } => "document",
        Saying::Sticker => "sticker",
        Saying::Location { .. } => "location",
        Saying::Contact { .. } => "contacts",
        Saying::Reaction { .. } => "reaction",
        Saying::Button { .. } => "button",
        Saying::Choice { .. } => "interactive",
    }
}

fn body_of(saying: &Saying) -> String {
    match saying {
        Saying::Text(words) | Saying::History(words) | Saying::Test(words) => words.clone(),
        Saying::Reply { text, .. } | Saying::Button { text, .. } => text.clone(),
        Saying::Choice { title, .. } => title.clone(),
        Saying::Image { caption } => caption.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

/// Returns the fields of this kind of message.
fn fields_of(saying: &Saying, to: &str) -> Vec<(&'static str, String)> {
    match saying {
        Saying::Reply { to: quoted, .. } => {
            vec![("OriginalRepliedMessageSid", quoted.clone()), ("OriginalRepliedMessageSender", to.to_string())]
        }
        Saying::Location { name, latitude, longitude } => {
            vec![("Latitude", latitude.to_string()), ("Longitude", longitude.to_string()), ("Label", name.clone())]
        }
        Saying::Button { text, payload } => {
            vec![("ButtonText", text.clone()), ("ButtonPayload", payload.clone())]
        }
        Saying::Choice { id, title } => vec![("ButtonText", title.clone()), ("ButtonPayload", id.clone())],
        _ => vec![],
    }
}

fn file_of(saying: &Saying, count: u32) -> Option<(&'static str, Vec<u8>)> {
    match saying {
        Saying::Contact { name, phone } => {
            let card = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL:+{phone}\r\nEND:VCARD\r\n");
            Some(("text/vcard", card.into_bytes()))
        }
        saying => generate_media(saying, count),
    }
}

impl World {
    /// Stores a message of a contact to a sender and queues its webhook. Returns the message's id.
    pub(in super::super) fn receive_form(
        &mut self,
        phone: &str,
        person: &Person,
        saying: &Saying,
        at: i64,
        now: i64,
    ) -> String {
        let id = self.forms.id("SM");
        // This API does not deliver reactions.
        if matches!(saying, Saying::Reaction { .. }) {
            return id;
        }
        let (from, to) = (format!("whatsapp:+{}", person.phone), format!("whatsapp:+{phone}"));
        self.open_window(phone, &person.phone, at);
        self.names.insert(person.phone.clone(), person.name.clone());
        let body = body_of(saying);
        if let Some(sender) = self.forms.senders.iter_mut().find(|sender| sender.phone == phone && sender.sandbox)
            && body.to_lowercase().starts_with("join ")
        {
            sender.joined.push(person.phone.clone());
        }
        let mut fields: Vec<(String, String)> = vec![];
        let mut put = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
        let context =
            json!({ "type": "whatsapp", "data": { "context": { "ProfileName": person.name, "WaId": person.phone } } });
        for (name, value) in [
            ("SmsMessageSid", id.as_str()),
            ("ProfileName", &person.name),
            ("MessageType", name(saying)),
            ("SmsSid", &id),
            ("WaId", &person.phone),
            ("SmsStatus", "received"),
            ("Body", &body),
            ("To", &to),
            ("NumSegments", "1"),
            ("ReferralNumMedia", "0"),
            ("MessageSid", &id),
            ("AccountSid", ACCOUNT),
            ("ChannelMetadata", &context.to_string()),
            ("From", &from),
            ("ApiVersion", "2010-04-01"),
        ] {
            put(name, value);
        }
        for (name, value) in fields_of(saying, &to) {
            put(name, &value);
        }
        let file = file_of(saying, self.forms.count as u32);
        let files = usize::from(file.is_some());
        put("NumMedia", &files.to_string());
        let media = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{id}/Media");
        if let Some((mime_type, bytes)) = file {
            let file = self.forms.id("ME");
            self.files.keep(&file, mime_type, bytes);
            put("MediaContentType0", mime_type.split(';').next().unwrap_or_default());
            // The URL has the simulator's own host.
            put("MediaUrl0", &format!("{}{media}/{file}", self.own_address));
        }
        self.forms.messages.push(json!({
            "sid": id, "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": body, "direction": "inbound",
            "from": from, "to": to, "status": "received", "num_media": files.to_string(), "num_segments": "1",
            "error_code": null, "error_message": null, "messaging_service_sid": null, "price": null, "price_unit": null,
            "date_created": date(at), "date_sent": date(at), "date_updated": date(at),
            "subresource_uris": { "media": format!("{media}.json") }, "uri": format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{id}.json"),
        }));
        let url =
            self.forms.senders.iter().find(|sender| sender.phone == phone).and_then(|sender| sender.inbound.clone());
        if let Some(url) = url {
            self.forms.enqueue(&url, fields, now);
        }
        id
    }
}
