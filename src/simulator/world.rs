//! The state of the simulator: numbers, contacts, messages, templates, and queued webhooks.

use std::collections::{HashMap, VecDeque};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::faults::SendFault;
use super::files::{Files, generate_media};
use super::payload::{ConversationStats, Person, Saying, conversation, history_answer, inbound};
use super::records::{FlowRecord, NUMBER_EVENTS, PROJECT_EVENTS, Records};
use super::subscriptions::Subscriptions;
use super::templates::upload_session::UploadSession;
use super::twilio::forms::Forms;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A business number that the simulator serves.
#[derive(Debug, Clone)]
pub struct Number {
    pub phone_number_id: String,
    pub business_account_id: String,
    /// The phone number in display format.
    pub display: String,
    pub name: String,
    /// `production` or `sandbox`.
    pub kind: String,
    /// The id of the customer who owns it. `None` for the project's own numbers.
    pub customer: Option<String>,
    /// Served by the Graph API instead of the platform and its mirror.
    pub direct: bool,
}

impl Number {
    pub fn digits(&self) -> String {
        self.display.chars().filter(char::is_ascii_digit).collect()
    }
}

/// A message that was sent to a contact.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedSend {
    pub id: String,
    pub phone_number_id: String,
    pub to: String,
    pub kind: String,
    pub text: String,
    pub reference: Option<String>,
    pub at: i64,
    /// The object under the key of its kind.
    pub object: Value,
    pub context: Option<String>,
}

/// A queued webhook.
#[derive(Debug, Clone)]
pub(super) struct QueuedWebhook {
    pub due: i64,
    /// Sequence number, the order among webhooks that are due at the same time.
    pub number: u64,
    pub event: String,
    pub body: Value,
    pub key: String,
    pub batch: Option<usize>,
    pub project: bool,
    /// The id of the registration it goes to. `None` before the first attempt.
    pub webhook: Option<String>,
    pub retries: u32,
}

pub(super) struct World {
    pub numbers: Vec<Number>,
    pub templates: Vec<Value>,
    pub records: Records,
    pub flows: Vec<FlowRecord>,
    pub post: Vec<QueuedWebhook>,
    pub faults: VecDeque<SendFault>,
    pub unreachable: HashMap<String, u32>,
    /// Delivery delays of phones that are switched off, in milliseconds.
    pub switched_off: HashMap<String, i64>,
    pub buffer: Option<i64>,
    pub accepted: Vec<AcceptedSend>,
    pub send_requests: usize,
    pub read_marks: Vec<(String, bool)>,
    /// Message objects of the message list, oldest first.
    pub listed: Vec<Value>,
    /// Scheduled statuses: message id, time in milliseconds, and status object.
    pub scheduled_statuses: Vec<(String, i64, Value)>,
    pub files: Files,
    /// Upload sessions of header samples, by id.
    pub upload_sessions: HashMap<String, UploadSession>,
    /// Breaks the next upload of a sample after half of its bytes.
    pub breaks_upload_session: bool,
    pub quality: String,
    /// The Graph API does not report webhook URLs.
    pub hides_webhooks: bool,
    /// Webhook URLs of the Graph API besides the app's.
    pub subscriptions: Subscriptions,
    pub skew: i64,
    /// The number that test deliveries name. `None` for the requested number.
    pub test_number: Option<String>,
    /// The log of webhook deliveries.
    pub delivered: Vec<Value>,
    pub names: HashMap<String, String>,
    /// Conversations with a send request in progress; a second one is rejected.
    pub in_flight: Vec<(String, String)>,
    pub requests_this_minute: (i64, u32),
    /// The state of the simulated Twilio account.
    pub forms: Forms,
    /// The simulator's own base URL.
    pub own_address: String,
    last_inbound: HashMap<(String, String), i64>,
    conversation_stats: HashMap<(String, String), ConversationStats>,
    /// The sequence number of the webhook that collects a conversation's batch.
    buffered: HashMap<(String, String), u64>,
    rng: StdRng,
    webhooks_queued: u64,
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
            scheduled_statuses: vec![],
            files: Files::default(),
            upload_sessions: HashMap::new(),
            breaks_upload_session: false,
            quality: "GREEN".to_owned(),
            hides_webhooks: false,
            subscriptions: Subscriptions::default(),
            skew: 0,
            test_number: None,
            delivered: vec![],
            names: HashMap::new(),
            in_flight: vec![],
            requests_this_minute: (0, 0),
            conversation_stats: HashMap::new(),
            last_inbound: HashMap::new(),
            buffered: HashMap::new(),
            rng: StdRng::seed_from_u64(seed),
            webhooks_queued: 0,
            ids: 0,
        }
    }

    /// Returns a random number in `0..below`.
    pub fn random_below(&mut self, below: u32) -> u32 {
        self.rng.random_range(0..below.max(1))
    }

    pub fn new_id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        let tail: u64 = self.rng.random();
        format!("wamid.{prefix}{:06}{tail:016X}", self.ids)
    }

    /// Returns the message list at this time, oldest first.
    pub fn messages_at(&self, now: i64) -> Vec<Value> {
        self.listed.iter().map(|message| self.message_at(message, now)).collect()
    }

    pub fn next_due(&self) -> Option<i64> {
        let post = self.records.webhooks.first().and_then(|_| self.post.iter().map(|queued| queued.due).min());
        post.into_iter().chain(self.forms.next_due()).min()
    }

    /// Opens the service window of a contact.
    pub fn open_window(&mut self, phone_number_id: &str, phone: &str, at: i64) {
        let last = self.last_inbound.entry((phone_number_id.to_owned(), phone.to_owned())).or_insert(at);
        *last = (*last).max(at);
    }

    /// Returns id, URL and secret of every active registration for this webhook's number or the project that
    /// subscribed to its event.
    pub fn recipients(&self, queued: &QueuedWebhook) -> Vec<(String, String, String)> {
        let number =
            queued.body["phone_number_id"].as_str().or_else(|| queued.body["data"][0]["phone_number_id"].as_str());
        let known = number.is_some_and(|id| self.records.webhooks.iter().any(|one| one["phone_number_id"] == id));
        let mut found: Vec<_> = self
            .records
            .webhooks
            .iter()
            .filter(|one| one["active"] == true && queued.webhook.as_ref().is_none_or(|id| one["id"] == id.as_str()))
            .filter(|one| match (queued.project, one["phone_number_id"].as_str()) {
                (true, of) => of.is_none(),
                (false, None) => false,
                // A body without a known number goes to any number's registration.
                (false, of) => !known || of == number,
            })
            .filter(|one| {
                let subscribed =
                    |name: &str| one["events"].as_array().is_some_and(|list| list.iter().any(|event| event == name));
                let named =
                    NUMBER_EVENTS.contains(&queued.event.as_str()) || PROJECT_EVENTS.contains(&queued.event.as_str());
                subscribed(&queued.event) || !named
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
        if !known && !queued.project {
            found.truncate(1);
        }
        found
    }

    /// Removes and returns the webhooks that are due, in order.
    pub fn take_due(&mut self, until: i64) -> Vec<QueuedWebhook> {
        if self.records.webhooks.is_empty() {
            return vec![];
        }
        let (mut due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.post).into_iter().partition(|one| one.due <= until);
        self.post = rest;
        due.sort_by_key(|queued| (queued.due, queued.number));
        self.buffered.retain(|_, number| due.iter().all(|queued| queued.number != *number));
        due
    }

    /// Adds an answer to the history from before the number was connected.
    pub fn add_history_answer(&mut self, phone_number_id: &str, person: &Person, words: &str, at: i64, now: i64) {
        let id = self.new_id("OUT");
        let message = history_answer(&id, person, (phone_number_id, words), at);
        self.listed.push(message.clone());
        let stats = self.conversation_stats.entry((phone_number_id.to_owned(), person.phone.clone())).or_default();
        stats.note(&message, at, false);
        let stats = stats.clone();
        let body = json!({
            "message": message,
            "conversation": conversation(person, phone_number_id, at, false, &stats),
            "is_new_conversation": false,
            "phone_number_id": phone_number_id,
        });
        self.enqueue("whatsapp.message.sent", body, now);
    }

    pub fn enqueue(&mut self, event: &str, body: Value, due: i64) {
        self.webhooks_queued += 1;
        let key: u128 = self.rng.random();
        self.post.push(QueuedWebhook {
            due,
            number: self.webhooks_queued,
            event: event.to_owned(),
            body,
            key: format!("{key:032x}"),
            batch: None,
            project: event.starts_with("whatsapp.phone_number") || event.starts_with("workflow"),
            webhook: None,
            retries: 0,
        });
    }

    pub fn window_open(&self, phone_number_id: &str, phone: &str, now: i64) -> bool {
        let key = (phone_number_id.to_owned(), phone.to_owned());
        self.last_inbound.get(&key).is_some_and(|last| now - last < DAY_MS)
    }

    pub fn receive_message(
        &mut self,
        phone_number_id: &str,
        person: &Person,
        saying: &Saying,
        at: i64,
        now: i64,
    ) -> String {
        if self.forms.has(phone_number_id) {
            return self.receive_form(phone_number_id, person, saying, at, now);
        }
        let test = matches!(saying, Saying::Test(_));
        let id = self.new_id(if test { "TEST_" } else { "IN" });
        let key = (phone_number_id.to_owned(), person.phone.clone());
        let known = self.last_inbound.contains_key(&key);
        if !test {
            self.open_window(phone_number_id, &person.phone, at);
        }
        self.names.insert(person.phone.clone(), person.name.clone());
        let mut message = inbound(&id, person, saying, at);
        if let Some((mime_type, bytes)) = generate_media(saying, self.ids as u32) {
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
        // Real webhooks often have the status `delivered` on inbound messages, and may lack `from`.
        if self.random_below(3) == 0 {
            message["kapso"]["status"] = "delivered".into();
        }
        if self.random_below(5) == 0
            && let Some(fields) = message.as_object_mut()
        {
            fields.remove("from");
        }
        self.listed.push(message.clone());
        let nested = self.random_below(2) == 0;
        let stats = self.conversation_stats.entry(key.clone()).or_default();
        if !test {
            stats.note(&message, at, true);
        }
        let stats = stats.clone();
        let mut body = json!({
            "message": message,
            "conversation": conversation(person, phone_number_id, at, nested, &stats),
            "is_new_conversation": !known,
            "phone_number_id": phone_number_id,
        });
        if test {
            body["test"] = true.into();
        }
        match self.buffer {
            Some(window) if !test => self.add_to_batch(key, body, now + window),
            _ => self.enqueue("whatsapp.message.received", body, now),
        }
        id
    }

    /// Adds a message to the conversation's batch, which restarts its window. Even a single message is a batch.
    fn add_to_batch(&mut self, key: (String, String), item: Value, due: i64) {
        if let Some(at) = self.buffered.get(&key).copied()
            && let Some(queued) = self.post.iter_mut().find(|queued| queued.number == at)
            && let Some(items) = queued.body["data"].as_array_mut()
        {
            items.push(item);
            queued.batch = Some(items.len());
            queued.due = due;
            return;
        }
        let body =
            json!({ "type": "whatsapp.message.received", "batch": true, "data": [item], "batch_info": { "size": 1 } });
        self.enqueue("whatsapp.message.received", body, due);
        if let Some(queued) = self.post.last_mut() {
            queued.batch = Some(1);
        }
        self.buffered.insert(key, self.webhooks_queued);
    }

    /// Accepts a message: assigns its id and queues its statuses. Returns the id.
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

    /// Returns a listed message with the statuses that it has at this time.
    pub fn message_at(&self, message: &Value, now: i64) -> Value {
        let mut object = message.clone();
        let scheduled_statuses =
            self.scheduled_statuses.iter().filter(|(of, at, _)| message["id"] == of.as_str() && *at <= now);
        let statuses: Vec<Value> = scheduled_statuses.map(|(_, _, status)| status.clone()).collect();
        if let Some(last) = statuses.last() {
            object["kapso"]["status"] = last["status"].clone();
            object["kapso"]["statuses"] = statuses.into();
        }
        object
    }

    /// Queues the status webhooks of a message: delayed, sometimes duplicated or out of order, and sometimes without
    /// `delivered`.
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
        let progress: &[(&str, i64)] = match failing {
            Some(_) => &[("sent", 300), ("failed", 1_500)],
            None => &[("sent", 300), ("delivered", 1_200), ("read", 4_000)],
        };
        let swap = failing.is_none() && self.random_below(4) == 0;
        let skip_delivered = failing.is_none() && self.random_below(8) == 0;
        let stats = self.conversation_stats.entry((phone_number_id.to_owned(), to.to_owned())).or_default();
        stats.note(message, now, false);
        let stats = stats.clone();
        let mut history: Vec<Value> = vec![];
        for (status, after) in progress {
            if skip_delivered && *status == "delivered" {
                continue;
            }
            let jitter = i64::from(self.random_below(400));
            let offline_delay = if *status == "sent" { 0 } else { off };
            let at = now + scaled(after + jitter + offline_delay);
            let mut entry = json!({ "id": message["id"], "status": status, "timestamp": (at / 1_000).to_string(), "recipient_id": to });
            if let Some(reference) = reference {
                entry["biz_opaque_callback_data"] = reference.into();
            }
            if let (Some(code), "failed") = (failing, *status) {
                let title = if code == 131_026 { "Message undeliverable" } else { "Failed" };
                entry["errors"] = json!([{ "code": code, "title": title, "message": title,
                    "error_data": { "details": "Message Undeliverable." } }]);
            }
            self.scheduled_statuses.push((message["id"].as_str().unwrap_or_default().to_owned(), at, entry.clone()));
            history.push(entry);
            let mut object = message.clone();
            object["timestamp"] = (at / 1_000).to_string().into();
            object["kapso"]["status"] = (*status).into();
            object["kapso"]["statuses"] = history.clone().into();
            let person = Person::new(self.names.get(to).map_or("", String::as_str), to);
            let body = json!({ "message": object, "conversation": conversation(&person, phone_number_id, at, *status == "sent", &stats),
                "is_new_conversation": false, "phone_number_id": phone_number_id });
            // Out of order: `delivered` arrives before `sent`.
            let posted_at = if swap && *status == "sent" { at + scaled(1_800) } else { at };
            self.enqueue(&format!("whatsapp.message.{status}"), body, posted_at);
            if self.random_below(6) == 0
                && let Some(copy) = self.post.last().cloned()
            {
                // A duplicate delivery with the same key.
                self.post.push(QueuedWebhook { due: posted_at + scaled(700), ..copy });
            }
        }
    }
}
