//! Signs and delivers queued forms. A delivery is retried once, and only if no connection was made; failed ones
//! remain readable in the message list.

use std::time::Duration;

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sha1::Sha1;
use tokio::net::TcpStream;

use super::super::shared::Shared;
use super::forms::QueuedForm;

/// A slower response counts as a failed delivery.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);

enum DeliveryOutcome {
    Answered { status: u16, kind: String, body: String },
    NoConnection,
    Broken,
}

/// Delivers the forms that are due. Returns how many got a success response.
pub(in super::super) async fn deliver_due(shared: &Shared, until: i64) -> usize {
    let mut answered = 0;
    loop {
        let due = shared.world().forms.take_due(until);
        if due.is_empty() {
            return answered;
        }
        for queued in due {
            let token = shared.config.webhook_secret.clone();
            let outcome = tokio::time::timeout(RESPONSE_TIMEOUT, deliver(&queued, &token))
                .await
                .unwrap_or(DeliveryOutcome::Broken);
            match outcome {
                DeliveryOutcome::Answered { status: 200..=299, kind, body } => {
                    answered += 1;
                    if (kind.starts_with("text/plain") && !body.is_empty()) || body.contains("<Message") {
                        shared.world().forms.leaked.push(body);
                    }
                }
                DeliveryOutcome::NoConnection if queued.retries == 0 => {
                    shared.world().forms.post.push(QueuedForm { retries: 1, due: queued.due + 1, ..queued });
                }
                DeliveryOutcome::NoConnection | DeliveryOutcome::Broken | DeliveryOutcome::Answered { .. } => {}
            }
        }
    }
}

async fn deliver(queued: &QueuedForm, token: &str) -> DeliveryOutcome {
    let Some(url) = queued.url.parse::<hyper::Uri>().ok() else { return DeliveryOutcome::Broken };
    let Some(authority) = url.authority().map(|authority| authority.as_str().to_owned()) else {
        return DeliveryOutcome::Broken;
    };
    let Ok(stream) = TcpStream::connect(&authority).await else { return DeliveryOutcome::NoConnection };
    stats(queued, token, &url, &authority, stream).await.unwrap_or(DeliveryOutcome::Broken)
}

async fn stats(
    queued: &QueuedForm,
    token: &str,
    url: &hyper::Uri,
    authority: &str,
    stream: TcpStream,
) -> Option<DeliveryOutcome> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&queued.fields).finish();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection_task = tokio::spawn(connection);
    let path = url.path_and_query()?.as_str();
    let request = hyper::Request::post(path)
        .header("host", authority)
        .header("user-agent", "TwilioProxy/1.1")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("i-twilio-idempotency-token", format!("simulator-{}", queued.number))
        .header("x-twilio-signature", sign(token, &queued.url, &queued.fields)?);
    let response = sender.send_request(request.body(Full::new(Bytes::from(body))).ok()?).await.ok()?;
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    connection_task.abort();
    Some(DeliveryOutcome::Answered { status, kind, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Returns the signature over the configured URL and the parameters, sorted by name.
pub(super) fn sign(token: &str, url: &str, fields: &[(String, String)]) -> Option<String> {
    let mut sorted = fields.to_vec();
    sorted.sort();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).ok()?.chain_update(url);
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    Some(base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes()))
}
