//! Forms are signed over the address and themselves, and posted. Whoever does not answer is asked once
//! more only where no connection was made; what fails then stays readable in the list.

use std::time::Duration;

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sha1::Sha1;
use tokio::net::TcpStream;

use super::super::Shared;
use super::FormLetter;

/// Whoever takes longer has not answered.
const PATIENCE: Duration = Duration::from_secs(15);

enum Came {
    Answered { status: u16, kind: String, body: String },
    NoConnection,
    Broken,
}

/// Delivers the forms that are due. Returns how many were answered as they should be.
pub(in super::super) async fn deliver_due(shared: &Shared, until: i64) -> usize {
    let mut answered = 0;
    loop {
        let due = shared.world().forms.take_due(until);
        if due.is_empty() {
            return answered;
        }
        for letter in due {
            let token = shared.config.webhook_secret.clone();
            let came = tokio::time::timeout(PATIENCE, deliver(&letter, &token)).await.unwrap_or(Came::Broken);
            match came {
                Came::Answered { status: 200..=299, kind, body } => {
                    answered += 1;
                    if (kind.starts_with("text/plain") && !body.is_empty()) || body.contains("<Message") {
                        shared.world().forms.leaked.push(body);
                    }
                }
                Came::NoConnection if letter.tries == 0 => {
                    shared.world().forms.post.push(FormLetter { tries: 1, due: letter.due + 1, ..letter });
                }
                Came::NoConnection | Came::Broken | Came::Answered { .. } => {}
            }
        }
    }
}

async fn deliver(letter: &FormLetter, token: &str) -> Came {
    let Some(url) = letter.url.parse::<hyper::Uri>().ok() else { return Came::Broken };
    let Some(authority) = url.authority().map(|authority| authority.as_str().to_owned()) else { return Came::Broken };
    let Ok(stream) = TcpStream::connect(&authority).await else { return Came::NoConnection };
    talk(letter, token, &url, &authority, stream).await.unwrap_or(Came::Broken)
}

async fn talk(letter: &FormLetter, token: &str, url: &hyper::Uri, authority: &str, stream: TcpStream) -> Option<Came> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&letter.fields).finish();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let talking = tokio::spawn(connection);
    let path = url.path_and_query()?.as_str();
    let request = hyper::Request::post(path)
        .header("host", authority)
        .header("user-agent", "TwilioProxy/1.1")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("i-twilio-idempotency-token", format!("simulator-{}", letter.number))
        .header("x-twilio-signature", sign(token, &letter.url, &letter.fields)?);
    let response = sender.send_request(request.body(Full::new(Bytes::from(body))).ok()?).await.ok()?;
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    talking.abort();
    Some(Came::Answered { status, kind, body: String::from_utf8_lossy(&body).into_owned() })
}

/// The address as it was configured, then every parameter by name.
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
