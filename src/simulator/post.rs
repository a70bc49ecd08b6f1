//! The post: webhooks are signed and delivered; what is not answered 200 comes again after 10, 40
//! and 90 seconds with the same key, and a failed batch then one by one with new keys.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::TcpStream;

use super::Shared;
use super::world::SimulatedWebhook;

/// Whoever takes longer has not answered.
const PATIENCE: Duration = Duration::from_secs(10);
/// Milliseconds after each failed try.
const AGAIN_AFTER: [i64; 3] = [10_000, 40_000, 90_000];

/// Delivers what is due; see [`super::Simulator::step`].
pub(super) async fn deliver_due(shared: &Shared, until: i64) -> usize {
    let mut answered = 0;
    loop {
        let due = shared.world().take_due(until);
        if due.is_empty() {
            return answered;
        }
        for letter in due {
            let recipients = shared.world().recipients(&letter);
            // Where nobody is registered, or all are switched off, it is gone.
            for (webhook, url, secret) in recipients {
                let raw = raw_of(shared, &webhook, &letter);
                let letter = SimulatedWebhook { webhook: Some(webhook), ..letter.clone() };
                let taken = tokio::time::timeout(PATIENCE, deliver(&url, &secret, &letter, raw.as_ref())).await;
                let code = taken.as_ref().ok().copied().flatten();
                let status = if code == Some(200) { "success" } else { "failed" };
                let at = super::payload::iso(shared.now());
                shared
                    .world()
                    .delivered
                    .push(serde_json::json!({ "id": letter.key, "event": letter.event, "status": status,
                "response_status": code, "created_at": at }));
                if matches!(taken, Ok(Some(200))) {
                    answered += 1;
                } else {
                    again(shared, letter);
                }
            }
        }
    }
}

fn again(shared: &Shared, mut letter: SimulatedWebhook) {
    let Some(after) = AGAIN_AFTER.get(letter.tries as usize) else {
        // A batch is given up as a batch; its messages are sent one by one.
        if letter.batch.take().is_some()
            && let Some(items) = letter.body["data"].as_array().cloned()
        {
            let mut world = shared.world();
            for item in items {
                world.put_in_post(&letter.event, item, letter.due);
            }
        }
        return;
    };
    letter.tries += 1;
    letter.due += shared.scaled(*after);
    shared.world().post.push(letter);
}

/// The body that a webhook of the platform's own kind gets; nothing for the other kind.
fn raw_of(shared: &Shared, webhook: &str, letter: &SimulatedWebhook) -> Option<serde_json::Value> {
    let world = shared.world();
    let record = world.records.webhooks.iter().find(|one| one["id"] == webhook && one["kind"] == "meta")?;
    let number = world.numbers.iter().find(|number| record["phone_number_id"] == number.phone_number_id.as_str())?;
    Some(super::graph::raw(letter, &number.business_account_id, &number.display))
}

async fn deliver(url: &str, secret: &str, letter: &SimulatedWebhook, raw: Option<&serde_json::Value>) -> Option<u16> {
    let url: hyper::Uri = url.parse().ok()?;
    let authority = url.authority()?.as_str().to_owned();
    let body = serde_json::to_vec(raw.unwrap_or(&letter.body)).ok()?;
    let stream = TcpStream::connect(&authority).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let talking = tokio::spawn(connection);
    let signature = sign(secret, &body)?;
    let mut request =
        hyper::Request::post(url.path()).header("host", authority).header("content-type", "application/json");
    request = match raw {
        Some(_) => request.header("x-hub-signature-256", format!("sha256={signature}")),
        None => request
            .header("x-webhook-event", letter.event.as_str())
            .header("x-webhook-payload-version", "v2")
            .header("x-idempotency-key", letter.key.as_str())
            .header("x-webhook-signature", signature),
    };
    if let Some(size) = letter.batch.filter(|_| raw.is_none()) {
        request = request.header("x-webhook-batch", "true").header("x-batch-size", size.to_string());
    }
    let response = sender.send_request(request.body(Full::new(Bytes::from(body))).ok()?).await.ok()?;
    let status = response.status().as_u16();
    let _ = response.into_body().collect().await;
    talking.abort();
    Some(status)
}

fn sign(secret: &str, body: &[u8]) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    Some(hex::encode(mac.chain_update(body).finalize().into_bytes()))
}
