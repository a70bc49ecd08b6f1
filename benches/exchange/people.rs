//! Contacts who write, and the webhooks of their messages and of the replies' statuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use wadeck::app::SystemClock;
use wadeck::domain::time::Clock;

use crate::provider::{NUMBERS, Provider, Reply, SECRET, number_id};

/// Contacts in total, enough that none writes again within the minimum pause between two messages to one contact.
const CONTACTS: u64 = 8_000;
/// Concurrent webhook requests at most.
const MAX_CONNECTIONS: usize = 64;

/// Delivers webhooks over persistent connections.
pub struct WebhookClient {
    port: u16,
    provider: Provider,
    idle: std::sync::Mutex<Vec<SendRequest<Full<Bytes>>>>,
    permits: Semaphore,
    exchanges_started: AtomicU64,
}

impl WebhookClient {
    pub fn new(port: u16, provider: Provider) -> Self {
        let (idle, permits) = (std::sync::Mutex::default(), Semaphore::new(MAX_CONNECTIONS));
        Self { port, provider, idle, permits, exchanges_started: AtomicU64::new(0) }
    }

    /// Delivers one webhook. Panics where it is not acknowledged with 200.
    async fn deliver(&self, event: &str, body: &Value) {
        let body = Bytes::from(serde_json::to_vec(body).expect("JSON"));
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key").chain_update(&body);
        let request = hyper::Request::post("/webhook/kapso/messages")
            .header("host", "bench")
            .header("content-type", "application/json")
            .header("x-webhook-event", event)
            .header("x-webhook-signature", hex::encode(mac.finalize().into_bytes()))
            .body(Full::new(body))
            .expect("a request");
        let _place = self.permits.acquire().await.expect("open");
        let idle = self.idle.lock().expect("whole").pop();
        let mut connection = match idle {
            // A connection that was idle for long may be closed.
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connect().await,
        };
        connection.ready().await.expect("ready");
        let response = connection.send_request(request).await.expect("answered");
        assert_eq!(response.status(), 200);
        let _ = response.into_body().collect().await;
        self.idle.lock().expect("whole").push(connection);
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("shaken");
        tokio::spawn(connection);
        sender
    }

    /// Runs one exchange, from the contact's text to the reply's last status. Returns the time to the reply.
    async fn exchange(&self) -> Duration {
        let at = self.exchanges_started.fetch_add(1, Ordering::Relaxed);
        let person = at % CONTACTS;
        let phone = format!("1777{person:07}");
        let number = number_id(person as usize % NUMBERS);
        let answer = self.provider.next_reply(&phone);
        let began = Instant::now();
        let message = json!({ "id": format!("wamid.READ{at:012}"), "from": phone, "timestamp": seconds(), "type": "text",
            "text": { "body": format!("Is my order number {at} on its way?") },
            "kapso": { "direction": "inbound", "status": "received", "contact_name": format!("Person {person}") } });
        self.deliver("whatsapp.message.received", &body(&message, &phone, &number)).await;
        let answer = answer.await.expect("an answer");
        let took = began.elapsed();
        for status in ["sent", "delivered", "read"] {
            self.deliver(&format!("whatsapp.message.{status}"), &status_webhook(&answer, status, &phone, &number))
                .await;
        }
        took
    }
}

/// Starts exchanges at a rate for a time. Returns the time to the reply of each, after all are finished.
pub async fn exchange(client: &Arc<WebhookClient>, (rate, span): (f64, Duration)) -> Vec<Duration> {
    let began = Instant::now();
    let total = (rate * span.as_secs_f64()) as u64;
    let mut tasks = vec![];
    for at in 0..total {
        let due = Duration::from_secs_f64(at as f64 / rate);
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        let client = client.clone();
        tasks.push(tokio::spawn(async move { client.exchange().await }));
    }
    let mut times = vec![];
    for task in tasks {
        times.push(task.await.expect("an exchange"));
    }
    times
}

fn seconds() -> String {
    (SystemClock.now().millis() / 1_000).to_string()
}

fn body(message: &Value, phone: &str, number: &str) -> Value {
    json!({ "message": message, "conversation": { "phone_number": format!("+{phone}"), "phone_number_id": number },
        "is_new_conversation": false, "phone_number_id": number })
}

/// Returns the webhook body of a status.
fn status_webhook(answer: &Reply, status: &str, phone: &str, number: &str) -> Value {
    let mut entry = json!({ "id": answer.id, "status": status, "timestamp": seconds(), "recipient_id": phone });
    if let Some(reference) = &answer.reference {
        entry["biz_opaque_callback_data"] = reference.as_str().into();
    }
    let message = json!({ "id": answer.id, "to": phone, "timestamp": seconds(), "type": "text", "text": { "body": "Thank you." },
        "kapso": { "direction": "outbound", "status": status, "statuses": [entry] } });
    body(&message, phone, number)
}
