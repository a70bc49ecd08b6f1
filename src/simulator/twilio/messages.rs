//! Messages: created by form, listed and changed, with their files.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::faults::SendFault;
use super::super::fetch::fetch;
use super::super::responses::{apply_delay, broken_response, refusal};
use super::super::shared::SharedState;
use super::super::world::{AcceptedSend, World};
use super::files::{media, media_list};
use super::forms::{ACCOUNT, QueuedForm, error_response};
use super::inbound::date;

const MESSAGES: &str = "/2010-04-01/Accounts/{account}/Messages.json";

pub(super) fn routes() -> Router<SharedState> {
    Router::new()
        .route(MESSAGES, post(create).get(list))
        .route("/2010-04-01/Accounts/{account}/Messages/{message}", get(one).post(change))
        .route("/2010-04-01/Accounts/{account}/Messages/{message}/Media.json", get(media_list))
        .route("/2010-04-01/Accounts/{account}/Messages/{message}/Media/{file}", get(media))
        .route("/2010-04-01/Accounts/{account}", get(account))
        .route("/v2/Indicators/Typing.json", post(typing))
}

async fn account(Path(name): Path<String>) -> Response {
    if name != format!("{ACCOUNT}.json") {
        return error_response(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found");
    }
    Json(json!({ "sid": ACCOUNT, "friendly_name": "Lumen", "status": "active", "type": "Full" })).into_response()
}

async fn typing(State(shared): State<SharedState>, body: Bytes) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let id = form.get("messageId").cloned().unwrap_or_default();
    let mut world = shared.world();
    if form.get("channel").map(String::as_str) != Some("whatsapp")
        || !world.forms.messages.iter().any(|one| one["sid"] == id.as_str())
    {
        return error_response(StatusCode::BAD_REQUEST, 20_001, "Invalid parameter");
    }
    world.read_marks.push((id, true));
    Json(json!({ "success": true })).into_response()
}

/// Returns the error response to an invalid request. `None` if it is accepted; most messages fail only afterwards.
fn immediate_rejection(world: &World, form: &HashMap<String, String>, now: i64) -> Option<Response> {
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let wrong = |code: u32, message: &str| Some(error_response(StatusCode::BAD_REQUEST, code, message));
    let (to, from) = (get("To"), get("From"));
    if to.is_empty() {
        return wrong(21_604, "A 'To' phone number is required.");
    }
    if from.is_empty() && get("MessagingServiceSid").is_empty() {
        return wrong(21_603, "A 'From' phone number is required.");
    }
    if to.starts_with("whatsapp:") != from.starts_with("whatsapp:") {
        return wrong(21_910, "Invalid From and To pair. From and To should be of the same channel");
    }
    let digits = |spelt: &str| spelt.trim_start_matches("whatsapp:+").to_owned();
    let number = digits(to);
    let hidden = to.trim_start_matches("whatsapp:").contains('.');
    let digital = (8..=15).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit());
    if !hidden && !digital {
        return wrong(21_211, &format!("The 'To' number {to} is not a valid phone number."));
    }
    if to == from {
        return wrong(63_031, "Channels message cannot have same From and To");
    }
    if !world.forms.has(&digits(from)) {
        return wrong(63_007, "Twilio could not find a Channel with the specified From address");
    }
    let (body, content) = (get("Body"), get("ContentSid"));
    if body.is_empty() && content.is_empty() && get("MediaUrl").is_empty() {
        return wrong(21_602, "Message body is required.");
    }
    if body.chars().count() > 1_600 {
        return wrong(21_617, "The concatenated message body exceeds the 1600 character limit");
    }
    if !get("MediaUrl").is_empty() && !get("MediaUrl").starts_with("http") {
        return wrong(21_620, "Invalid media URL");
    }
    if content.is_empty() && !get("ContentVariables").is_empty() {
        return wrong(21_654, "ContentSid required");
    }
    if !content.is_empty() && !world.forms.contents.iter().any(|one| one["sid"] == content) {
        return wrong(21_655, "The ContentSid is invalid");
    }
    if !get("ContentVariables").is_empty()
        && !serde_json::from_str::<Value>(get("ContentVariables")).is_ok_and(|v| v.is_object())
    {
        return wrong(21_656, "The ContentVariables parameter is invalid");
    }
    let at = get("SendAt");
    if !at.is_empty() || !get("ScheduleType").is_empty() {
        let then = send_at(form);
        let ahead = then.map(|then| then - now);
        match ahead {
            None => return wrong(35_111, "SendAt is missing or not a time"),
            Some(_) if get("MessagingServiceSid").is_empty() => {
                return wrong(35_118, "MessagingServiceSid is required");
            }
            Some(_) if get("ScheduleType") != "fixed" => return wrong(35_126, "ScheduleType is invalid"),
            Some(ahead) if !(300_000..=35 * 86_400_000).contains(&ahead) => {
                return wrong(35_114, "SendAt is out of range");
            }
            Some(_) => {}
        }
    }
    let callback = get("StatusCallback");
    let host = callback.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if !callback.is_empty() && (host.is_empty() || host.contains('_')) {
        return wrong(21_609, "The StatusCallback URL is not a valid URL");
    }
    None
}

/// Returns the scheduled time in milliseconds. `None` where it is missing or invalid.
fn send_at(form: &HashMap<String, String>) -> Option<i64> {
    form.get("SendAt").and_then(|at| at.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_millisecond)
}

/// Returns the error code with which an accepted message fails. `None` if it is delivered.
fn delayed_error(world: &World, form: &HashMap<String, String>, fetched: bool, now: i64) -> Option<u32> {
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let digits = |name: &str| get(name).trim_start_matches("whatsapp:+").to_owned();
    let (from, to) = (digits("From"), digits("To"));
    if let Some(code) = world.unreachable.get(&to) {
        return Some(*code);
    }
    let sender = world.forms.senders.iter().find(|sender| sender.phone == from)?;
    if sender.sandbox && !sender.joined.contains(&to) {
        return Some(63_015);
    }
    let content = world.forms.contents.iter().find(|one| one["sid"] == get("ContentSid"));
    let approved = content.is_some_and(|one| one["approval_requests"]["status"] == "approved");
    if !world.window_open(&from, &to, now) && !approved {
        return Some(63_016);
    }
    if content.is_some_and(|one| !approved && needs_approval(one)) {
        return Some(63_005);
    }
    (!fetched).then_some(63_019)
}

/// Returns `true` if a content needs an approval inside the service window, too. Source: parts 2.7 and 6.
fn needs_approval(content: &Value) -> bool {
    content["types"].as_object().into_iter().flatten().any(|(kind, shape)| {
        let actions = shape["actions"].as_array().map_or(0, Vec::len);
        match kind.as_str() {
            "twilio/quick-reply" => actions > 3,
            "whatsapp/authentication" | "twilio/carousel" => true,
            _ => false,
        }
    })
}

/// Renders a content with its variables. Missing ones get the sample's value.
fn render(content: &Value, variables: &str) -> String {
    let values: Value = serde_json::from_str(variables).unwrap_or_default();
    let shape = content["types"].as_object().and_then(|types| types.values().next()).cloned().unwrap_or_default();
    let mut words = shape["body"].as_str().unwrap_or_default().to_owned();
    for (name, sample) in content["variables"].as_object().into_iter().flatten() {
        let value = values[name].as_str().or_else(|| sample.as_str()).unwrap_or_default();
        words = words.replace(&format!("{{{{{name}}}}}"), value);
    }
    words
}

async fn create(State(shared): State<SharedState>, Path(account): Path<String>, body: Bytes) -> Response {
    if account != ACCOUNT {
        return error_response(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found");
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let fault = {
        let mut world = shared.world();
        world.send_requests += 1;
        world.forms.requests.push(String::from_utf8_lossy(&body).into_owned());
        if let Some(refusal) = immediate_rejection(&world, &form, shared.now()) {
            return refusal;
        }
        world.faults.pop_front()
    };
    let latency = shared.config.latency;
    if !latency.is_zero() {
        let share = shared.world().random_below(100);
        tokio::time::sleep(latency * share / 100).await;
    }
    let fault = apply_delay(fault).await;
    let address = form.get("MediaUrl").cloned();
    let file = match &address {
        Some(address) if !matches!(fault, Some(SendFault::Vanish | SendFault::Answer { .. })) => fetch(address).await,
        _ => None,
    };
    let fetched = address.is_none() || file.is_some();
    let now = shared.now();
    let accept = || {
        let object = shared.world().accept_form(&form, (file.clone(), fetched), now, |millis| shared.scaled(millis));
        shared.posted.notify_one();
        object
    };
    match fault {
        None | Some(SendFault::Slow(_)) => (StatusCode::CREATED, Json(accept())).into_response(),
        Some(SendFault::LoseAnswer) => {
            accept();
            broken_response().await
        }
        Some(SendFault::Vanish) => broken_response().await,
        Some(SendFault::GatewayError) => {
            accept();
            (StatusCode::BAD_GATEWAY, "<html>Bad Gateway</html>").into_response()
        }
        Some(SendFault::Answer { status, body, retry_after }) => refusal(status, body, retry_after),
    }
}

impl World {
    /// Accepts a message: assigns its id and queues its callbacks. Returns the message object.
    fn accept_form(
        &mut self,
        form: &HashMap<String, String>,
        (file, fetched): (Option<(String, Vec<u8>)>, bool),
        now: i64,
        scaled: impl Fn(i64) -> i64,
    ) -> Value {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let digits = |name: &str| get(name).trim_start_matches("whatsapp:+").to_owned();
        // A scheduled message is checked at its scheduled time.
        let scheduled_at = send_at(form);
        let failing = delayed_error(self, form, fetched, scheduled_at.unwrap_or(now));
        let service = get("MessagingServiceSid");
        let id = self.forms.id(if file.is_some() { "MM" } else { "SM" });
        let content = self.forms.contents.iter().find(|one| one["sid"] == get("ContentSid")).cloned();
        let words = match &content {
            Some(content) => render(content, get("ContentVariables")),
            None => get("Body").to_owned(),
        };
        let media = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{id}/Media");
        let status = match (scheduled_at, service) {
            (Some(_), _) => "scheduled",
            (None, "") => "queued",
            (None, _) => "accepted",
        };
        let object = json!({
            "sid": id, "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": words, "direction": "outbound-api",
            "from": get("From"), "to": get("To"), "status": status, "num_media": if file.is_some() { "1" } else { "0" },
            "num_segments": "1", "error_code": null, "error_message": null, "price": null, "price_unit": null,
            "messaging_service_sid": if service.is_empty() { Value::Null } else { service.into() },
            "date_created": date(now), "date_sent": null, "date_updated": date(now),
            "subresource_uris": { "media": format!("{media}.json") },
            "uri": format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{id}.json"),
        });
        self.forms.messages.push(object.clone());
        let kind = match (&content, &file) {
            (Some(_), _) => "template".to_owned(),
            (None, Some((mime_type, _))) => mime_type.split('/').next().unwrap_or("document").to_owned(),
            (None, None) if form.contains_key("PersistentAction") => "location".to_owned(),
            (None, None) => "text".to_owned(),
        };
        let usual = self.forms.status_callback(&digits("From"));
        let callback = if get("StatusCallback").is_empty() { usual.as_str() } else { get("StatusCallback") };
        let reference = url::Url::parse(callback).ok();
        let reference = reference
            .and_then(|url| url.query_pairs().find(|(name, _)| name == "ref").map(|(_, value)| value.into_owned()));
        if let Some((mime_type, bytes)) = file {
            self.files.keep(&format!("sent-{id}"), &mime_type, bytes);
        }
        self.accepted.push(AcceptedSend {
            id: id.clone(),
            phone_number_id: digits("From"),
            to: digits("To"),
            kind,
            text: words,
            reference,
            at: now,
            object: serde_json::to_value(form).unwrap_or_default(),
            context: None,
        });
        self.post_callbacks(&id, (get("From"), get("To")), callback, failing, (scheduled_at, now), scaled);
        without_scheduled_sender(object)
    }

    /// Queues the callbacks of a message: delayed, sometimes duplicated or out of order. The status in the response
    /// has none.
    fn post_callbacks(
        &mut self,
        id: &str,
        (from, to): (&str, &str),
        callback: &str,
        failing: Option<u32>,
        (scheduled_at, now): (Option<i64>, i64),
        scaled: impl Fn(i64) -> i64,
    ) {
        let offline_delay = self.switched_off.get(to.trim_start_matches("whatsapp:+")).copied().unwrap_or_default();
        let progress: &[(&str, i64)] = match failing {
            // Some fail before they are sent, others are undelivered.
            Some(63_015..=63_019) => &[("failed", 900)],
            Some(_) => &[("sent", 300), ("undelivered", 1_500)],
            None => &[("sent", 300), ("delivered", 1_200), ("read", 4_000)],
        };
        let (now, first) = scheduled_at.map_or((now, None), |scheduled_at| (scheduled_at, Some(("queued", 0))));
        let progress: Vec<(&str, i64)> = first.into_iter().chain(progress.iter().copied()).collect();
        let swap = failing.is_none() && self.random_below(4) == 0;
        for (status, after) in &progress {
            let jitter = i64::from(self.random_below(400));
            let at = now + scaled(after + jitter + if *status == "sent" { 0 } else { offline_delay });
            let code = failing.filter(|_| matches!(*status, "failed" | "undelivered"));
            let status_change = json!({ "status": status, "error_code": code, "date": date(at) });
            self.scheduled_statuses.push((id.to_owned(), at, status_change));
            if callback.is_empty() {
                continue;
            }
            let plain = to.trim_start_matches("whatsapp:");
            let mut fields: Vec<(String, String)> = [
                ("ChannelPrefix", "whatsapp"),
                ("ApiVersion", "2010-04-01"),
                ("MessageStatus", status),
                ("SmsSid", id),
                ("SmsStatus", status),
                ("ChannelInstallSid", "XE0123456789abcdef0123456789abcdef"),
                ("To", to),
                ("ChannelToAddress", plain),
                ("MessageSid", id),
                ("AccountSid", ACCOUNT),
                ("From", from),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
            if matches!(*status, "delivered" | "read") {
                fields.push(("EventType".into(), status.to_uppercase()));
            }
            if let Some(code) = code {
                fields.push(("ErrorCode".into(), code.to_string()));
                fields.push(("ChannelStatusMessage".into(), "Message Undeliverable.".into()));
            }
            let posted_at = if swap && *status == "sent" { at + scaled(1_800) } else { at };
            self.forms.enqueue(callback, fields.clone(), posted_at);
            if self.random_below(6) == 0 {
                self.forms.enqueue(callback, fields, posted_at + scaled(700));
            }
        }
    }

    /// Cancels a scheduled message. `None` if it is not scheduled.
    pub(super) fn cancel_form(&mut self, id: &str, now: i64) -> Option<Value> {
        let found = self.forms.messages.iter().find(|one| one["sid"] == id)?;
        if self.form_at(found, now)["status"] != "scheduled" {
            return None;
        }
        self.scheduled_statuses.retain(|(of, ..)| of != id);
        let is_about = |queued: &QueuedForm| queued.fields.iter().any(|(name, of)| name == "MessageSid" && of == id);
        let (about, rest) = std::mem::take(&mut self.forms.post).into_iter().partition::<Vec<_>, _>(is_about);
        self.forms.post = rest;
        // Its next callback reports the cancellation, without a sender: none was chosen.
        if let Some(queued) = about.into_iter().next() {
            let object = |(name, value): (String, String)| match name.as_str() {
                "MessageStatus" | "SmsStatus" => Some((name, "canceled".to_owned())),
                "From" => None,
                _ => Some((name, value)),
            };
            self.forms.enqueue(&queued.url, queued.fields.into_iter().filter_map(object).collect(), now);
        }
        let object = self.forms.messages.iter_mut().find(|one| one["sid"] == id)?;
        object["status"] = "canceled".into();
        object["date_updated"] = date(now);
        Some(object.clone())
    }

    /// Returns a message with the status that it has at this time.
    fn form_at(&self, message: &Value, now: i64) -> Value {
        let mut object = message.clone();
        for (_, _, status_change) in
            self.scheduled_statuses.iter().filter(|(of, at, _)| message["sid"] == of.as_str() && *at <= now)
        {
            object["status"] = status_change["status"].clone();
            object["error_code"] = status_change["error_code"].clone();
            object["date_updated"] = status_change["date"].clone();
            object["date_sent"] = status_change["date"].clone();
        }
        without_scheduled_sender(object)
    }
}

/// Removes the sender of a scheduled message: the messaging service has not chosen one yet.
fn without_scheduled_sender(mut object: Value) -> Value {
    if object["status"] == "scheduled" {
        object["from"] = Value::Null;
    }
    object
}

#[derive(Deserialize)]
struct MessageParams {
    #[serde(rename = "To")]
    to: Option<String>,
    #[serde(rename = "From")]
    from: Option<String>,
    #[serde(rename = "PageSize")]
    size: Option<usize>,
    #[serde(rename = "Page")]
    page: Option<usize>,
}

/// Lists messages, newest first. The next page is a path.
async fn list(
    State(shared): State<SharedState>,
    Path(_): Path<String>,
    Query(params): Query<MessageParams>,
) -> Response {
    let now = shared.now();
    let world = shared.world();
    let matches_filter = |value: &Value, expected: &Option<String>| {
        expected.as_ref().is_none_or(|expected| value.as_str() == Some(expected))
    };
    let (size, page) = (params.size.unwrap_or(50).clamp(1, 1_000), params.page.unwrap_or(0));
    let mut found = world
        .forms
        .messages
        .iter()
        .rev()
        .map(|one| world.form_at(one, now))
        .filter(|one| matches_filter(&one["to"], &params.to) && matches_filter(&one["from"], &params.from));
    let list: Vec<Value> = found.by_ref().skip(page * size).take(size).collect();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("To", &params.to), ("From", &params.from)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.append_pair("PageSize", &size.to_string()).append_pair("Page", &(page + 1).to_string()).finish();
    let next = found.next().map(|_| format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?{query}&PageToken=PASM1"));
    Json(json!({ "messages": list, "page": page, "page_size": size, "next_page_uri": next, "previous_page_uri": null }))
        .into_response()
}

async fn one(State(shared): State<SharedState>, Path((_, message)): Path<(String, String)>) -> Response {
    let now = shared.now();
    let world = shared.world();
    let id = message.trim_end_matches(".json");
    match world.forms.messages.iter().find(|one| one["sid"] == id) {
        Some(found) => Json(world.form_at(found, now)).into_response(),
        None => error_response(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found"),
    }
}

/// Cancels a scheduled message, the only change that is simulated.
async fn change(
    State(shared): State<SharedState>,
    Path((_, message)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let id = message.trim_end_matches(".json");
    let now = shared.now();
    let fault = {
        let mut world = shared.world();
        world.forms.requests.push(String::from_utf8_lossy(&body).into_owned());
        if !world.forms.messages.iter().any(|one| one["sid"] == id) {
            return error_response(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found");
        }
        world.forms.change_faults.pop_front()
    };
    let cancelled = match fault {
        Some(SendFault::Answer { status, body, retry_after }) => return refusal(status, body, retry_after),
        Some(SendFault::Vanish) => return broken_response().await,
        _ if form.get("Status").map(String::as_str) == Some("canceled") => shared.world().cancel_form(id, now),
        _ => None,
    };
    shared.posted.notify_one();
    match (cancelled, fault) {
        (_, Some(SendFault::LoseAnswer)) => broken_response().await,
        (_, Some(SendFault::GatewayError)) => (StatusCode::BAD_GATEWAY, "<html>Bad Gateway</html>").into_response(),
        (Some(object), _) => Json(object).into_response(),
        (None, _) => {
            error_response(StatusCode::BAD_REQUEST, 30_409, "Message is not scheduled and cannot be cancelled")
        }
    }
}
