//! A provider that takes messages and says so after a while, and an agent that answers at once.

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
/// Numbers of the business, over which the people are spread.
pub const NUMBERS: usize = 8;

pub fn number_id(at: usize) -> String {
    format!("10654035224{at:04}")
}

/// What the engine sent to a person.
#[derive(Debug)]
pub struct Answer {
    pub id: String,
    pub reference: Option<String>,
}

/// The provider's server, and who waits for an answer.
#[derive(Clone)]
pub struct Provider {
    pub url: String,
    awaited: Arc<Mutex<HashMap<String, oneshot::Sender<Answer>>>>,
    latency: Duration,
    sent: Arc<AtomicU64>,
}

impl Provider {
    pub async fn start(latency: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Self { url, awaited: Arc::default(), latency, sent: Arc::default() };
        let routes = Router::new()
            .route("/agent", post(async || Json(json!({ "messages": [{ "text": "Thank you." }] }))))
            .fallback(take)
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        provider
    }

    /// The next answer to this person.
    pub fn awaits(&self, phone: &str) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.awaited.lock().expect("whole").insert(phone.to_owned(), sender);
        receiver
    }
}

/// Everything else that is asked of a provider is answered with an empty list.
async fn take(State(provider): State<Provider>, uri: axum::http::Uri, body: axum::body::Bytes) -> Json<Value> {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !uri.path().ends_with("/messages") || asked["to"].is_null() {
        return Json(json!({ "data": [], "success": true }));
    }
    let phone = asked["to"].as_str().unwrap_or_default().trim_start_matches('+').to_owned();
    let id = format!("wamid.SENT{:012}", provider.sent.fetch_add(1, Ordering::Relaxed));
    let waiter = provider.awaited.lock().expect("whole").remove(&phone);
    tokio::time::sleep(provider.latency).await;
    if let Some(waiter) = waiter {
        let reference = asked["biz_opaque_callback_data"].as_str().map(str::to_owned);
        let _ = waiter.send(Answer { id: id.clone(), reference });
    }
    Json(json!({ "messaging_product": "whatsapp", "contacts": [{ "input": phone, "wa_id": phone }],
        "messages": [{ "id": id }] }))
}
