//! The state of the simulator: numbers, people, messages, templates, and pending webhooks.

use std::collections::{HashMap, VecDeque};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::flows::FlowRecord;
use super::media::{Files, made};
use super::payload::{Person, Saying, Talk, answered, conversation, inbound};
use super::platform::{NUMBER_EVENTS, PROJECT_EVENTS, Records};
use super::subscriptions::Subscriptions;
use super::twilio::Forms;

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A business number that the simulator serves.
#[derive(Debug, Clone)]
pub struct Number {
    pub phone_number_id: String,
    pub business_account_id: String,
    /// As people write it.
    pub display: String,
    pub name: String,
    /// `production` or `sandbox`.
    pub kind: String,
    /// Whose it is.
    pub customer: Option<String>,
    /// Reached over the Graph API itself, with nobody in between.
    pub direct: bool,
}

impl Number {
    pub fn digits(&self) -> String {
        self.display.chars().filter(char::is_ascii_digit).collect()
    }
}

/// What a request to send meets instead of its usual answer.
#[derive(Debug, Clone)]
pub enum SendFault {
    /// It is sent, and the answer never comes.
    LoseAnswer,
    /// It is not sent, and the answer never comes.
    Vanish,
    /// It is sent, and a gateway in between says otherwise.
    GatewayError,
    /// It is refused with this status and body, perhaps with `Retry-After`.
    Answer { status: u16, body: Value, retry_after: Option<u32> },
    /// It is sent, and the answer takes so long.
    Slow(std::time::Duration),
}

impl SendFault {
    /// A refusal in the Graph form.
    pub fn graph(status: u16, code: u32, message: &str) -> Self {
        let body = json!({ "error": { "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code,
            "error_data": { "messaging_product": "whatsapp", "details": message } } });
        Self::Answer { status, body, retry_after: None }
    }
}

/// A message that really went out to a person.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedSend {
    pub id: String,
    pub phone_number_id: String,
    pub to: String,
    pub kind: String,
    pub text: String,
    pub reference: Option<String>,
    pub at: i64,
    /// The object under the name of its kind, and what was quoted.
    pub object: Value,
    pub context: Option<String>,
}

/// One webhook on its way.
#[derive(Debug, Clone)]
pub(super) struct SimulatedWebhook {
    pub due: i64,
    /// Order among those due at the same time.
    pub number: u64,
    pub event: String,
    pub body: Value,
    pub key: String,
    pub batch: Option<usize>,
    pub project: bool,
    /// The webhook on file that it goes to, once that is decided.
    pub webhook: Option<String>,
    pub tries: u32,
}

pub(super) struct World {
    pub numbers: Vec<Number>,
    pub templates: Vec<Value>,
    pub records: Records,
    pub flows: Vec<FlowRecord>,
    pub post: Vec<SimulatedWebhook>,
    pub faults: VecDeque<SendFault>,
    pub unreachable: HashMap<String, u32>,
    /// Phones that are switched off: for so many milliseconds nothing is delivered there.
    pub switched_off: HashMap<String, i64>,
    pub buffer: Option<i64>,
    pub accepted: Vec<AcceptedSend>,
    pub send_requests: usize,
    pub read_marks: Vec<(String, bool)>,
    /// Message objects as the platform's own list shows them, oldest first.
    pub listed: Vec<Value>,
    /// When which status of a message comes about: its id, the time, and the status object.
    pub fates: Vec<(String, i64, Value)>,
    pub files: Files,
    pub quality: String,
    /// Which address a number posts to is not told.
    pub hides_webhooks: bool,
    /// Where the Graph API posts, beside the app's own address.
    pub subscriptions: Subscriptions,
    pub skew: i64,
    /// The number that tests name, where it is not the one they were asked for.
    pub test_number: Option<String>,
    /// The platform's log of its deliveries.
    pub delivered: Vec<Value>,
    pub names: HashMap<String, String>,
    /// Conversations with a request under way: a second one is refused.
    pub in_flight: Vec<(String, String)>,
    pub requests_this_minute: (i64, u32),
    /// The numbers that are reached in forms.
    pub forms: Forms,
    /// Where the simulator itself is reached.
    pub own_address: String,
    last_inbound: HashMap<(String, String), i64>,
    talks: HashMap<(String, String), Talk>,
    /// The letter that collects a conversation's messages.
    buffered: HashMap<(String, String), u64>,
    dice: StdRng,
    letters: u64,
    ids: u64,
}

impl World {
    pub fn new(seed: u64, own_address: String) -> Self {
        Self {
            forms: Forms::default(),
            own_address,
            numbers: vec![],
            templates: vec![],
            records: Records::default(),
            flows: vec![],
            post: vec![],
            faults: VecDeque::new(),
            unreachable: HashMap::new(),
            switched_off: HashMap::new(),
            buffer: None,
            accepted: vec![],
            send_requests: 0,
            read_marks: vec![],
            listed: vec![],
            fates: vec![],
            files: Files::default(),
            quality: "GREEN".to_owned(),
            hides_webhooks: false,
            subscriptions: Subscriptions::default(),
            skew: 0,
            test_number: None,
            delivered: vec![],
            names: HashMap::new(),
            in_flight: vec![],
            requests_this_minute: (0, 0),
            talks: HashMap::new(),
            last_inbound: HashMap::new(),
            buffered: HashMap::new(),
            dice: StdRng::seed_from_u64(seed),
            letters: 0,
            ids: 0,
        }
    }

    /// A number in `0..below`.
    pub fn dice(&mut self, below: u32) -> u32 {
        self.dice.random_range(0..below.max(1))
    }

    pub fn new_id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        let tail: u64 = self.dice.random();
        format!("wamid.{prefix}{:06}{tail:016X}", self.ids)
    }

    /// What the platform's own lists hold by now, oldest first.
    pub fn as_listed(&self, now: i64) -> Vec<Value> {
        self.listed.iter().map(|message| self.as_of(message, now)).collect()
    }

    pub fn next_due(&self) -> Option<i64> {
        let post = self.records.webhooks.first().and_then(|_| self.post.iter().map(|letter| letter.due).min());
        post.into_iter().chain(self.forms.next_due()).min()
    }

    /// Somebody wrote to a number: their window is open.
    pub fn heard(&mut self, phone_number_id: &str, phone: &str, at: i64) {
        let last = self.last_inbound.entry((phone_number_id.to_owned(), phone.to_owned())).or_insert(at);
        *last = (*last).max(at);
    }

    /// Where a letter goes: every active webhook of its number, or of the project, that asked for it.
    pub fn recipients(&self, letter: &SimulatedWebhook) -> Vec<(String, String, String)> {
        let number =
            letter.body["phone_number_id"].as_str().or_else(|| letter.body["data"][0]["phone_number_id"].as_str());
        let known = number.is_some_and(|id| self.records.webhooks.iter().any(|one| one["phone_number_id"] == id));
        let mut found: Vec<_> = self
            .records
            .webhooks
            .iter()
            .filter(|one| one["active"] == true && letter.webhook.as_ref().is_none_or(|id| one["id"] == id.as_str()))
            .filter(|one| match (letter.project, one["phone_number_id"].as_str()) {
                (true, of) => of.is_none(),
                (false, None) => false,
                // A body that names nobody's number goes wherever messages go.
                (false, of) => !known || of == number,
            })
            .filter(|one| {
                let asked =
                    |name: &str| one["events"].as_array().is_some_and(|list| list.iter().any(|event| event == name));
                let named =
                    NUMBER_EVENTS.contains(&letter.event.as_str()) || PROJECT_EVENTS.contains(&letter.event.as_str());
                asked(&letter.event) || !named
            })
            .map(|one| {
                let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
                let url = match (one["kind"].as_str(), one["phone_number_id"].as_str()) {
                    (Some("meta"), Some(id)) => {
                        let number = self.numbers.iter().find(|number| number.phone_number_id == id);
                        let account = number.map(|number| number.business_account_id.as_str());
                        self.subscriptions.address_of(id, account, &text("url"))
                    }
                    _ => text("url"),
                };
                (text("id"), url, text("secret_key"))
            })
            .filter(|(_, url, _)| !url.is_empty())
            .collect();
        if !known && !letter.project {
            found.truncate(1);
        }
        found
    }

    /// Takes out what is due, in order.
    pub fn take_due(&mut self, until: i64) -> Vec<SimulatedWebhook> {
        if self.records.webhooks.is_empty() {
            return vec![];
        }
        let (mut due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.post).into_iter().partition(|one| one.due <= until);
        self.post = rest;
        due.sort_by_key(|letter| (letter.due, letter.number));
        self.buffered.retain(|_, number| due.iter().all(|letter| letter.number != *number));
        due
    }

    /// An answer that was given before the number was connected.
    pub fn was_answered(&mut self, phone_number_id: &str, person: &Person, words: &str, at: i64, now: i64) {
        let id = self.new_id("OUT");
        let message = answered(&id, person, (phone_number_id, words), at);
        self.listed.push(message.clone());
        let talk = self.talks.entry((phone_number_id.to_owned(), person.phone.clone())).or_default();
        talk.note(&message, at, false);
        let talk = talk.clone();
        let body = json!({
            "message": message,
            "conversation": conversation(person, phone_number_id, at, false, &talk),
            "is_new_conversation": false,
            "phone_number_id": phone_number_id,
        });
        self.put_in_post("whatsapp.message.sent", body, now);
    }

    pub fn put_in_post(&mut self, event: &str, body: Value, due: i64) {
        self.letters += 1;
        let key: u128 = self.dice.random();
        self.post.push(SimulatedWebhook {
            due,
            number: self.letters,
            event: event.to_owned(),
            body,
            key: format!("{key:032x}"),
            batch: None,
            project: event.starts_with("whatsapp.phone_number") || event.starts_with("workflow"),
            webhook: None,
            tries: 0,
        });
    }

    pub fn window_open(&self, phone_number_id: &str, phone: &str, now: i64) -> bool {
        let key = (phone_number_id.to_owned(), phone.to_owned());
        self.last_inbound.get(&key).is_some_and(|last| now - last < DAY)
    }

    pub fn person_says(
        &mut self,
        phone_number_id: &str,
        person: &Person,
        saying: &Saying,
        at: i64,
        now: i64,
    ) -> String {
        if self.forms.has(phone_number_id) {
            return self.person_writes(phone_number_id, person, saying, at, now);
        }
        let test = matches!(saying, Saying::Test(_));
        let id = self.new_id(if test { "TEST_" } else { "IN" });
        let key = (phone_number_id.to_owned(), person.phone.clone());
        let known = self.last_inbound.contains_key(&key);
        if !test {
            self.heard(phone_number_id, &person.phone, at);
        }
        self.names.insert(person.phone.clone(), person.name.clone());
        let mut message = inbound(&id, person, saying, at);
        if let Some((mime_type, bytes)) = made(saying, self.ids as u32) {
            let kind = message["type"].as_str().unwrap_or_default().to_owned();
            let media = message[&kind]["id"].as_str().unwrap_or_default().to_owned();
            let length = bytes.len();
            self.files.keep(&media, mime_type, bytes);
            message[&kind]["mime_type"] = mime_type.into();
            message[&kind]["sha256"] = self.files.hash(&media).into();
            if message["kapso"].get("media_data").is_some() {
                message["kapso"]["media_data"]["byte_size"] = length.into();
                message["kapso"]["media_data"]["content_type"] = mime_type.into();
            }
        }
        message["kapso"]["phone_number_id"] = phone_number_id.into();
        // Inbound messages are often called `delivered` already, and may lack `from`.
        if self.dice(3) == 0 {
            message["kapso"]["status"] = "delivered".into();
        }
        if self.dice(5) == 0
            && let Some(fields) = message.as_object_mut()
        {
            fields.remove("from");
        }
        self.listed.push(message.clone());
        let nested = self.dice(2) == 0;
        let talk = self.talks.entry(key.clone()).or_default();
        if !test {
            talk.note(&message, at, true);
        }
        let talk = talk.clone();
        let mut body = json!({
            "message": message,
            "conversation": conversation(person, phone_number_id, at, nested, &talk),
            "is_new_conversation": !known,
            "phone_number_id": phone_number_id,
        });
        if test {
            body["test"] = true.into();
        }
        match self.buffer {
            Some(window) if !test => self.collect(key, body, now + window),
            _ => self.put_in_post("whatsapp.message.received", body, now),
        }
        id
    }

    /// With buffering on, even one message comes as a batch; each new one starts the window again.
    fn collect(&mut self, key: (String, String), item: Value, due: i64) {
        if let Some(at) = self.buffered.get(&key).copied()
            && let Some(letter) = self.post.iter_mut().find(|letter| letter.number == at)
            && let Some(items) = letter.body["data"].as_array_mut()
        {
            items.push(item);
            letter.batch = Some(items.len());
            letter.due = due;
            return;
        }
        let body =
            json!({ "type": "whatsapp.message.received", "batch": true, "data": [item], "batch_info": { "size": 1 } });
        self.put_in_post("whatsapp.message.received", body, due);
        if let Some(letter) = self.post.last_mut() {
            letter.batch = Some(1);
        }
        self.buffered.insert(key, self.letters);
    }

    /// A message goes out: it gets its id, and its statuses are on their way.
    pub fn accept(&mut self, phone_number_id: &str, request: &Value, now: i64, scaled: impl Fn(i64) -> i64) -> String {
        let id = self.new_id("OUT");
        let to: String = request["to"].as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
        let kind = request["type"].as_str().unwrap_or("text").to_owned();
        let reference = request["biz_opaque_callback_data"].as_str().map(str::to_owned);
        let text = match kind.as_str() {
            "template" => request["template"]["name"].as_str().unwrap_or_default().to_owned(),
            "text" => request["text"]["body"].as_str().unwrap_or_default().to_owned(),
            "interactive" => request["interactive"]["body"]["text"].as_str().unwrap_or_default().to_owned(),
            "reaction" => request["reaction"]["emoji"].as_str().unwrap_or_default().to_owned(),
            kind => request[kind]["caption"].as_str().unwrap_or_default().to_owned(),
        };
        self.accepted.push(AcceptedSend {
            id: id.clone(),
            phone_number_id: phone_number_id.to_owned(),
            to: to.clone(),
            kind: kind.clone(),
            text: text.clone(),
            reference: reference.clone(),
            at: now,
            object: request[&kind].clone(),
            context: request["context"]["message_id"].as_str().map(str::to_owned),
        });
        let mut message = json!({
            "id": id, "type": kind, "to": to, "timestamp": (now / 1_000).to_string(),
            "kapso": { "direction": "outbound", "status": "sent", "origin": "cloud_api", "processing_status": "completed",
                "phone_number": format!("+{to}"), "phone_number_id": phone_number_id, "has_media": false,
                "content": text, "statuses": [] },
        });
        message[&kind] = request[&kind].clone();
        self.listed.push(message.clone());
        self.post_statuses(phone_number_id, &to, &message, reference.as_deref(), now, scaled);
        id
    }

    /// A listed message with the statuses that have come about by now.
    pub fn as_of(&self, message: &Value, now: i64) -> Value {
        let mut told = message.clone();
        let fates = self.fates.iter().filter(|(of, at, _)| message["id"] == of.as_str() && *at <= now);
        let statuses: Vec<Value> = fates.map(|(_, _, status)| status.clone()).collect();
        if let Some(last) = statuses.last() {
            told["kapso"]["status"] = last["status"].clone();
            told["kapso"]["statuses"] = statuses.into();
        }
        told
    }

    /// Late, sometimes twice, sometimes out of order; `delivered` is sometimes left out.
    fn post_statuses(
        &mut self,
        phone_number_id: &str,
        to: &str,
        message: &Value,
        reference: Option<&str>,
        now: i64,
        scaled: impl Fn(i64) -> i64,
    ) {
        let failing = self.unreachable.get(to).copied();
        let off = self.switched_off.get(to).copied().unwrap_or_default();
        let ladder: &[(&str, i64)] = match failing {
            Some(_) => &[("sent", 300), ("failed", 1_500)],
            None => &[("sent", 300), ("delivered", 1_200), ("read", 4_000)],
        };
        let swap = failing.is_none() && self.dice(4) == 0;
        let skip_delivered = failing.is_none() && self.dice(8) == 0;
        let talk = self.talks.entry((phone_number_id.to_owned(), to.to_owned())).or_default();
        talk.note(message, now, false);
        let talk = talk.clone();
        let mut history: Vec<Value> = vec![];
        for (status, after) in ladder {
            if skip_delivered && *status == "delivered" {
                continue;
            }
            let jitter = i64::from(self.dice(400));
            let away = if *status == "sent" { 0 } else { off };
            let at = now + scaled(after + jitter + away);
            let mut entry = json!({ "id": message["id"], "status": status, "timestamp": (at / 1_000).to_string(), "recipient_id": to });
            if let Some(reference) = reference {
                entry["biz_opaque_callback_data"] = reference.into();
            }
            if let (Some(code), "failed") = (failing, *status) {
                let title = if code == 131_026 { "Message undeliverable" } else { "Failed" };
                entry["errors"] = json!([{ "code": code, "title": title, "message": title,
                    "error_data": { "details": "Message Undeliverable." } }]);
            }
            self.fates.push((message["id"].as_str().unwrap_or_default().to_owned(), at, entry.clone()));
            history.push(entry);
            let mut told = message.clone();
            told["timestamp"] = (at / 1_000).to_string().into();
            told["kapso"]["status"] = (*status).into();
            told["kapso"]["statuses"] = history.clone().into();
            let person = Person::new(self.names.get(to).map_or("", String::as_str), to);
            let body = json!({ "message": told, "conversation": conversation(&person, phone_number_id, at, *status == "sent", &talk),
                "is_new_conversation": false, "phone_number_id": phone_number_id });
            // Out of order: `delivered` is told before `sent`.
            let told_at = if swap && *status == "sent" { at + scaled(1_800) } else { at };
            self.put_in_post(&format!("whatsapp.message.{status}"), body, told_at);
            if self.dice(6) == 0
                && let Some(copy) = self.post.last().cloned()
            {
                // The same delivery once more, with the same key.
                self.post.push(SimulatedWebhook { due: told_at + scaled(700), ..copy });
            }
        }
    }
}
