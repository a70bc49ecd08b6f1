//! Message and conversation lists of the platform and its mirror, with their filters.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::payload::{conversation_id, iso};

/// A conversation ends after 24 hours without a message, in milliseconds.
const DAY_MS: i64 = 86_400_000;
pub(super) const STATUSES: [&str; 5] = ["pending", "sent", "delivered", "read", "failed"];
const TYPES: [&str; 5] = ["text", "image", "audio", "video", "document"];

#[derive(Deserialize, Default)]
pub(super) struct Filters {
    phone_number: Option<String>,
    pub phone_number_id: Option<String>,
    conversation_id: Option<String>,
    direction: Option<String>,
    status: Option<String>,
    message_type: Option<String>,
    has_media: Option<String>,
    since: Option<String>,
    until: Option<String>,
    last_active_since: Option<String>,
    last_active_until: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
    before: Option<String>,
}

impl Filters {
    /// Returns the error of an invalid filter value. `None` if all are valid.
    pub fn error(&self, statuses: &[&str]) -> Option<String> {
        let words = [
            ("direction", &self.direction, &["inbound", "outbound"][..]),
            ("status", &self.status, statuses),
            ("message_type", &self.message_type, &TYPES[..]),
            ("has_media", &self.has_media, &["true", "false"][..]),
        ];
        for (name, given, known) in words {
            if given.as_deref().is_some_and(|given| !known.contains(&given)) {
                return Some(format!("{name} is not included in the list"));
            }
        }
        let times = [&self.since, &self.until, &self.last_active_since, &self.last_active_until];
        let odd = times.into_iter().flatten().any(|time| millis(time).is_none());
        odd.then(|| "Time must be ISO 8601".to_owned())
    }
}

fn millis(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

fn string<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn sent_at(message: &Value) -> i64 {
    string(message, "/timestamp").parse::<i64>().unwrap_or_default() * 1_000
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Returns a page of a list. Cursors are offsets from its beginning.
pub(super) fn page(list: &[Value], filters: &Filters) -> Value {
    let limit = filters.limit.unwrap_or(20).clamp(1, 100);
    let cursor = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<usize>().ok());
    let from = match (cursor(&filters.after), cursor(&filters.before)) {
        (Some(after), _) => after,
        (None, Some(before)) => before.saturating_sub(limit),
        (None, None) => 0,
    };
    let shown: Vec<&Value> = list.iter().skip(from).take(limit).collect();
    let after = (from + shown.len() < list.len()).then(|| (from + limit).to_string());
    let before = (from > 0).then(|| from.to_string());
    json!({ "data": shown,
        "paging": { "cursors": { "before": before, "after": after }, "next": null, "previous": null } })
}

impl Filters {
    /// Returns the messages that match the filters, newest first.
    pub fn matching_messages(&self, listed: Vec<Value>) -> Vec<Value> {
        let filters = self;
        let is = |value: &str, expected: &Option<String>| expected.as_ref().is_none_or(|expected| value == expected);
        let (since, until) = (filters.since.as_deref().and_then(millis), filters.until.as_deref().and_then(millis));
        let mut found: Vec<Value> = listed
            .into_iter()
            .rev()
            .filter(|message| is(string(message, "/kapso/phone_number_id"), &filters.phone_number_id))
            .filter(|message| {
                let phone = digits(string(message, "/kapso/phone_number"));
                filters.phone_number.as_ref().is_none_or(|expected| digits(expected) == phone)
            })
            .filter(|message| is(string(message, "/kapso/direction"), &filters.direction))
            .filter(|message| is(string(message, "/type"), &filters.message_type))
            .filter(|message| {
                let media = message["kapso"]["has_media"].as_bool().unwrap_or(false).to_string();
                is(&media, &filters.has_media)
            })
            .filter(|message| since.is_none_or(|since| sent_at(message) >= since / 1_000 * 1_000))
            .filter(|message| until.is_none_or(|until| sent_at(message) <= until))
            .map(|mut message| {
                let (number, phone) =
                    (string(&message, "/kapso/phone_number_id"), string(&message, "/kapso/phone_number"));
                let id = conversation_id(number, &digits(phone));
                message["kapso"]["whatsapp_conversation_id"] = id.into();
                message
            })
            .filter(|message| is(string(message, "/kapso/whatsapp_conversation_id"), &filters.conversation_id))
            .filter(|message| is(string(message, "/kapso/status"), &filters.status))
            .collect();
        found.sort_by_key(|message| std::cmp::Reverse(sent_at(message)));
        found
    }

    /// Returns the conversations that match the filters, the most recently active first.
    pub fn conversations(&self, listed: Vec<Value>, names: &HashMap<String, String>, now: i64) -> Vec<Value> {
        let filters = self;
        let of = Filters {
            phone_number: filters.phone_number.clone(),
            phone_number_id: filters.phone_number_id.clone(),
            ..Filters::default()
        };
        let mut found: Vec<(i64, Value)> = vec![];
        for message in of.matching_messages(listed) {
            let id = string(&message, "/kapso/whatsapp_conversation_id").to_owned();
            let at = sent_at(&message);
            let inbound = string(&message, "/kapso/direction") == "inbound";
            let side = if inbound { "last_inbound_at" } else { "last_outbound_at" };
            if let Some((_, known)) = found.iter_mut().find(|(_, one)| one["id"] == id.as_str()) {
                let count = known["kapso"]["messages_count"].as_u64().unwrap_or_default();
                known["kapso"]["messages_count"] = (count + 1).into();
                known["created_at"] = iso(at).into();
                if known["kapso"][side].is_null() {
                    known["kapso"][side] = iso(at).into();
                }
                continue;
            }
            let phone = digits(string(&message, "/kapso/phone_number"));
            let mut one = json!({ "id": id, "phone_number": format!("+{phone}"),
                "phone_number_id": message["kapso"]["phone_number_id"],
                "status": if now - at < DAY_MS { "active" } else { "ended" }, "last_active_at": iso(at),
                "created_at": iso(at), "updated_at": iso(at), "metadata": {},
                "kapso": { "contact_name": names.get(&phone), "messages_count": 1, "last_message_id": message["id"],
                    "last_message_type": message["type"], "last_message_timestamp": iso(at),
                    "last_message_text": message["kapso"]["content"], "last_inbound_at": null, "last_outbound_at": null } });
            one["kapso"][side] = iso(at).into();
            found.push((at, one));
        }
        let active = |filter: &Option<String>| filter.as_deref().and_then(millis);
        let (since, until) = (active(&filters.last_active_since), active(&filters.last_active_until));
        found
            .into_iter()
            .filter(|(at, _)| since.is_none_or(|since| *at >= since / 1_000 * 1_000))
            .filter(|(at, _)| until.is_none_or(|until| *at <= until))
            .map(|(_, one)| one)
            .filter(|one| filters.status.as_ref().is_none_or(|expected| one["status"] == expected.as_str()))
            .collect()
    }
}
