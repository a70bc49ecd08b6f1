//! Signs and delivers queued webhooks. One that gets no 200 response is retried after 10, 40 and 90 seconds with the
//! same key; after that, the items of a batch are sent one by one with new keys.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::TcpStream;

use super::shared::Shared;
use super::world::QueuedWebhook;

/// A slower response counts as a failed delivery.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Milliseconds before each retry.
const RETRY_DELAYS_MS: [i64; 3] = [10_000, 40_000, 90_000];

/// Delivers the webhooks that are due; see [`super::Simulator::step`].
pub(super) async fn deliver_due(shared: &Shared, until: i64) -> usize {
    let mut answered = 0;
    loop {
        let due = shared.world().take_due(until);
        if due.is_empty() {
            return answered;
        }
        for queued in due {
            let recipients = shared.world().recipients(&queued);
            // Without an active registration, the webhook is dropped.
            for (registration, url, secret) in recipients {
                let raw = meta_body(shared, &registration, &queued);
                let queued = QueuedWebhook { webhook: Some(registration), ..queued.clone() };
                let response =
                    tokio::time::timeout(RESPONSE_TIMEOUT, deliver(&url, &secret, &queued, raw.as_ref())).await;
                let code = response.as_ref().ok().copied().flatten();
                let status = if code == Some(200) { "success" } else { "failed" };
                let at = super::payload::iso(shared.now());
                shared
                    .world()
                    .delivered
                    .push(serde_json::json!({ "id": queued.key, "event": queued.event, "status": status,
                "response_status": code, "created_at": at }));
                if matches!(response, Ok(Some(200))) {
                    answered += 1;
                } else {
                    retry(shared, queued);
                }
            }
        }
    }
}

fn retry(shared: &Shared, mut queued: QueuedWebhook) {
    let Some(after) = RETRY_DELAYS_MS.get(queued.retries as usize) else {
        // After the last retry of a batch, its messages are sent one by one.
        if queued.batch.take().is_some()
            && let Some(items) = queued.body["data"].as_array().cloned()
        {
            let mut world = shared.world();
            for item in items {
                world.enqueue(&queued.event, item, queued.due);
            }
        }
        return;
    };
    queued.retries += 1;
    queued.due += shared.scaled(*after);
    shared.world().post.push(queued);
}

/// Returns the body of a webhook in Meta's format. `None` for registrations of the other kind.
fn meta_body(shared: &Shared, registration: &str, queued: &QueuedWebhook) -> Option<serde_json::Value> {
    let world = shared.world();
    let record = world.records.webhooks.iter().find(|one| one["id"] == registration && one["kind"] == "meta")?;
    let number = world.numbers.iter().find(|number| record["phone_number_id"] == number.phone_number_id.as_str())?;
    Some(super::graph::meta_body(queued, &number.business_account_id, &number.display))
}

async fn deliver(url: &str, secret: &str, queued: &QueuedWebhook, raw: Option<&serde_json::Value>) -> Option<u16> {
    let url: hyper::Uri = url.parse().ok()?;
    let authority = url.authority()?.as_str().to_owned();
    let body = serde_json::to_vec(raw.unwrap_or(&queued.body)).ok()?;
    let stream = TcpStream::connect(&authority).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection_task = tokio::spawn(connection);
    let signature = sign(secret, &body)?;
    let mut request =
        hyper::Request::post(url.path()).header("host", authority).header("content-type", "application/json");
    request = match raw {
        Some(_) => request.header("x-hub-signature-256", format!("sha256={signature}")),
        None => request
            .header("x-webhook-event", queued.event.as_str())
            .header("x-webhook-payload-version", "v2")
            .header("x-idempotency-key", queued.key.as_str())
            .header("x-webhook-signature", signature),
    };
    if let Some(size) = queued.batch.filter(|_| raw.is_none()) {
        request = request.header("x-webhook-batch", "true").header("x-batch-size", size.to_string());
    }
    let response = sender.send_request(request.body(Full::new(Bytes::from(body))).ok()?).await.ok()?;
    let status = response.status().as_u16();
    let _ = response.into_body().collect().await;
    connection_task.abort();
    Some(status)
}

fn sign(secret: &str, body: &[u8]) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    Some(hex::encode(mac.chain_update(body).finalize().into_bytes()))
}
