//! A provider that accepts messages after a fixed latency, and an agent that replies at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub const SECRET: &str = "bench-secret";
/// Business numbers, among which the contacts are distributed.
pub const NUMBERS: usize = 8;

pub fn number_id(at: usize) -> String {
    format!("10654035224{at:04}")
}

/// A reply that the engine sent.
#[derive(Debug)]
pub struct Reply {
    pub id: String,
    pub reference: Option<String>,
}

/// The provider's server, and the exchanges that wait for a reply.
#[derive(Clone)]
pub struct Provider {
    pub url: String,
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<Reply>>>>,
    latency: Duration,
    sent: Arc<AtomicU64>,
}

impl Provider {
    pub async fn start(latency: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Self { url, waiting: Arc::default(), latency, sent: Arc::default() };
        let routes = Router::new()
            .route("/agent", post(async || Json(json!({ "messages": [{ "text": "Thank you." }] }))))
            .fallback(handle)
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        provider
    }

    /// Returns the next reply to this phone number.
    pub fn next_reply(&self, phone: &str) -> oneshot::Receiver<Reply> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().expect("whole").insert(phone.to_owned(), sender);
        receiver
    }
}

/// Accepts messages; every other request gets an empty list.
async fn handle(State(provider): State<Provider>, uri: axum::http::Uri, body: axum::body::Bytes) -> Json<Value> {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !uri.path().ends_with("/messages") || request["to"].is_null() {
        return Json(json!({ "data": [], "success": true }));
    }
    let phone = request["to"].as_str().unwrap_or_default().trim_start_matches('+').to_owned();
    let id = format!("wamid.SENT{:012}", provider.sent.fetch_add(1, Ordering::Relaxed));
    let waiter = provider.waiting.lock().expect("whole").remove(&phone);
    tokio::time::sleep(provider.latency).await;
    if let Some(waiter) = waiter {
        let reference = request["biz_opaque_callback_data"].as_str().map(str::to_owned);
        let _ = waiter.send(Reply { id: id.clone(), reference });
    }
    Json(json!({ "messaging_product": "whatsapp", "contacts": [{ "input": phone, "wa_id": phone }],
        "messages": [{ "id": id }] }))
}
