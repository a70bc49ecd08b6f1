//! Webhook bodies of inbound messages in payload version 2.

use serde_json::{Value, json};

/// A contact of the simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// The phone number, digits only.
    pub phone: String,
}

impl Person {
    pub fn new(name: &str, phone: &str) -> Self {
        Self { name: name.to_owned(), phone: phone.to_owned() }
    }
}

/// The content of an inbound message.
#[derive(Debug, Clone, PartialEq)]
pub enum Saying {
    Text(String),
    Reply {
        text: String,
        to: String,
    },
    Image {
        caption: Option<String>,
    },
    Voice {
        transcript: Option<String>,
    },
    Document {
        file_name: String,
    },
    Sticker,
    Location {
        name: String,
        latitude: f64,
        longitude: f64,
    },
    Contact {
        name: String,
        phone: String,
    },
    Reaction {
        to: String,
        emoji: Option<String>,
    },
    Button {
        text: String,
        payload: String,
    },
    Choice {
        id: String,
        title: String,
    },
    /// A message from before the number was connected.
    History(String),
    /// A message of a test delivery.
    Test(String),
}

impl Saying {
    pub fn text(words: &str) -> Self {
        Self::Text(words.to_owned())
    }
}

/// Returns the message object of an inbound message.
pub(super) fn inbound(id: &str, person: &Person, saying: &Saying, at: i64) -> Value {
    let mut message = json!({
        "id": id,
        "from": person.phone,
        "timestamp": (at / 1_000).to_string(),
        "context": null,
        "kapso": {
            "direction": "inbound", "status": "received", "processing_status": "pending", "origin": "cloud_api",
            "phone_number": format!("+{}", person.phone), "has_media": false, "contact_name": person.name,
        },
    });
    let media =
        |kind: &str, mime: &str| json!({ "id": format!("{kind}-{id}"), "mime_type": mime, "sha256": "wvqXMe6nQGRzmp" });
    let (kind, object, content) = match saying {
        Saying::Text(words) | Saying::History(words) | Saying::Test(words) => {
            ("text", json!({ "body": words }), words.clone())
        }
        Saying::Reply { text, to } => {
            message["context"] = json!({ "from": person.phone, "id": to });
            ("text", json!({ "body": text }), text.clone())
        }
        Saying::Image { caption } => {
            let mut image = media("image", "image/jpeg");
            if let Some(caption) = caption {
                image["caption"] = caption.as_str().into();
            }
            message["kapso"]["has_media"] = true.into();
            message["kapso"]["media_data"] =
                json!({ "filename": "photo.jpg", "content_type": "image/jpeg", "byte_size": 204_800 });
            ("image", image, format!("{} Image attached (photo.jpg)", caption.clone().unwrap_or_default()))
        }
        Saying::Voice { transcript } => {
            let mut audio = media("audio", "audio/ogg; codecs=opus");
            audio["voice"] = true.into();
            message["kapso"]["has_media"] = true.into();
            if let Some(words) = transcript {
                message["kapso"]["transcript"] = json!({ "text": words });
            }
            ("audio", audio, "Audio attached".to_owned())
        }
        Saying::Document { file_name } => {
            let mut document = media("document", "application/pdf");
            document["filename"] = file_name.as_str().into();
            message["kapso"]["has_media"] = true.into();
            message["kapso"]["media_data"] = json!({ "filename": file_name, "byte_size": 812_345 });
            ("document", document, format!("Document attached ({file_name})"))
        }
        Saying::Sticker => {
            let mut sticker = media("sticker", "image/webp");
            sticker["animated"] = false.into();
            ("sticker", sticker, "Sticker".to_owned())
        }
        Saying::Location { name, latitude, longitude } => {
            ("location", json!({ "latitude": latitude, "longitude": longitude, "name": name }), name.clone())
        }
        Saying::Contact { name, phone } => {
            let card =
                json!([{ "name": { "formatted_name": name, "first_name": name }, "phones": [{ "phone": phone }] }]);
            ("contacts", card, name.clone())
        }
        Saying::Reaction { to, emoji } => {
            let mut reaction = json!({ "message_id": to });
            if let Some(emoji) = emoji {
                reaction["emoji"] = emoji.as_str().into();
            }
            ("reaction", reaction, emoji.clone().unwrap_or_default())
        }
        Saying::Button { text, payload } => ("button", json!({ "text": text, "payload": payload }), text.clone()),
        Saying::Choice { id, title } => (
            "interactive",
            json!({ "type": "button_reply", "button_reply": { "id": id, "title": title } }),
            title.clone(),
        ),
    };
    message["type"] = kind.into();
    message[kind] = object;
    message["kapso"]["content"] = content.into();
    if matches!(saying, Saying::History(_)) {
        message["kapso"]["origin"] = "history_sync".into();
    }
    message
}

/// Counters and times of a conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct ConversationStats {
    began: Option<i64>,
    count: u64,
    /// Id and text of the newest message.
    last: (String, String),
    last_inbound: Option<i64>,
    last_outbound: Option<i64>,
}

impl ConversationStats {
    /// Counts a message, given its object in a webhook.
    pub fn note(&mut self, message: &Value, at: i64, inbound: bool) {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.began = Some(self.began.map_or(at, |began| began.min(at)));
        self.count += 1;
        self.last = (word(&message["id"]), word(&message["kapso"]["content"]));
        *(if inbound { &mut self.last_inbound } else { &mut self.last_outbound }) = Some(at);
    }
}

/// Returns the id of the conversation of a contact with a number.
pub(super) fn conversation_id(number: &str, phone: &str) -> String {
    let tail = &number[number.len().saturating_sub(4)..];
    format!("6f6f2f6e-0d2b-4f5e-{tail:0>4}-{:0>12}", phone.chars().take(12).collect::<String>())
}

/// Returns the message object of an answer from before the number was connected.
pub(super) fn history_answer(id: &str, person: &Person, (phone_number_id, words): (&str, &str), at: i64) -> Value {
    json!({
        "id": id,
        "to": person.phone,
        "timestamp": (at / 1_000).to_string(),
        "type": "text",
        "text": { "body": words },
        "kapso": {
            "direction": "outbound", "status": "delivered", "origin": "history_sync",
            "phone_number": format!("+{}", person.phone), "phone_number_id": phone_number_id, "has_media": false,
            "contact_name": person.name, "content": words,
        },
    })
}

/// Returns the conversation object of a webhook. `contact_name` occurs in two places, chosen by `nested`.
pub(super) fn conversation(
    person: &Person,
    phone_number_id: &str,
    at: i64,
    nested: bool,
    stats: &ConversationStats,
) -> Value {
    let mut conversation = json!({
        "id": conversation_id(phone_number_id, &person.phone),
        "phone_number": format!("+{}", person.phone),
        "phone_number_id": phone_number_id,
        "status": "active",
        "last_active_at": iso(at),
        "created_at": iso(stats.began.unwrap_or(at)),
        "updated_at": iso(at),
        "metadata": {},
    });
    if nested {
        conversation["kapso"] = json!({ "contact_name": person.name, "messages_count": stats.count,
            "last_message_id": stats.last.0, "last_message_text": stats.last.1,
            "last_inbound_at": stats.last_inbound.map(iso), "last_outbound_at": stats.last_outbound.map(iso) });
    } else {
        conversation["contact_name"] = person.name.as_str().into();
    }
    conversation
}

/// Formats a time as RFC 3339, as in the platform's conversations.
pub(super) fn iso(millis: i64) -> String {
    jiff::Timestamp::from_second(millis / 1_000).map(|at| at.to_string()).unwrap_or_default()
}
