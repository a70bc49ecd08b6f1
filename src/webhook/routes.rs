//! The paths: every provider's webhooks, and whether we are alive and ready.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Path, Query, RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::io::AsyncReadExt;

use super::Limits;
use crate::domain::change::Change;
use crate::domain::inbound::delivery::RawDelivery;
use crate::domain::numbers::setup::failed_words;
use crate::operations::{
    Admission, ReceiveOutcome, System, Visitor, admit, find_media_link, look_at_links, metrics, prove_writable, receive,
};
use crate::provider::{Provider, SignatureFault};

/// Batches of raw events reach 3 MB.
const LONGEST_BODY: usize = 4 * 1024 * 1024;
/// Whether there is a signature at all is asked first of bodies that are larger than this.
const SIGNED_FIRST: usize = 64 * 1024;

#[derive(Clone)]
struct Endpoint {
    system: System,
    provider: Arc<dyn Provider>,
    limits: Limits,
}

/// The routes of every provider in the registry.
pub fn routes(system: &System, limits: Limits) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/setup/complete", get(complete).with_state(system.clone()))
        .route("/metrics", get(figures).with_state(system.clone()))
        .route("/setup/failed", get(failed))
        .route("/media/{token}", get(media).with_state(system.clone()))
        // The earlier path, for links that are still in use.
        .route("/lent/{token}", get(media).with_state(system.clone()))
        .route("/readyz", get(ready).with_state(system.clone()));
    for provider in system.providers().all() {
        let endpoint = Endpoint { system: system.clone(), provider: provider.clone(), limits };
        for path in provider.webhook_paths() {
            for path in [(*path).to_owned(), format!("{path}/")] {
                router = router.route(&path, post(take).get(asked).with_state(endpoint.clone()));
            }
        }
        for path in provider.webhook_aliases() {
            router = router.route(path, post(take).with_state(endpoint.clone()));
        }
    }
    router.fallback(|| async { (StatusCode::NOT_FOUND, "No webhook is taken at this path.\n") })
}

#[derive(serde::Deserialize)]
struct Failed {
    #[serde(default)]
    error_code: String,
}

/// Where a setup link returns to. Anybody can ask for this page: it says nothing about the number, and has the provider
/// asked, which knows.
async fn complete(State(system): State<System>) -> Response {
    if let Err(error) = look_at_links(&system).await {
        tracing::warn!(%error, "Cannot check setup links now; they are checked within a minute");
    }
    page(
        "Return to your terminal",
        "Thank you. Whether the number is connected is asked at the provider now; whoever gave you the link sees the answer. \
         You can close this page.",
    )
}

/// Where a setup link returns to when it did not work. The code is looked up; nothing is repeated.
async fn failed(query: Result<Query<Failed>, QueryRejection>) -> Response {
    let code = query.map(|Query(failed)| failed.error_code).unwrap_or_default();
    let words = format!("{} Ask for a new link and try again.", failed_words(&code));
    page("The number was not connected", &words)
}

/// A small page for the person who followed a link. It trusts nothing and changes nothing.
fn page(title: &str, words: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>body{{font:18px/1.5 system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em;\
         color:#1c2526;background:#fff}}@media(prefers-color-scheme:dark){{body{{color:#e6eaea;background:#101414}}}}\
         h1{{font-size:1.4em}}</style><h1>{title}</h1><p>{words}</p></html>\n"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::OK, headers, html).into_response()
}

/// A file that is lent to a provider, read piece by piece. Whoever cannot name it is told nothing.
async fn media(State(system): State<System>, Path(token): Path<String>) -> Response {
    let Some(link) = find_media_link(&system, &token).await else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(file) = link.open().await else { return StatusCode::NOT_FOUND.into_response() };
    // The provider downloads it; a browser must not render it as a page of ours.
    let headers = [
        (header::CONTENT_TYPE, link.mime_type.clone()),
        (header::CONTENT_LENGTH, link.bytes.to_string()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    ];
    // Not a byte more than was looked at, should the file grow.
    let pieces =
        futures::stream::unfold((file.take(link.bytes), link, system), |(mut file, link, system)| async move {
            let mut piece = vec![0; 64 * 1024];
            match file.read(&mut piece).await {
                Ok(0) => None,
                Ok(count) => {
                    piece.truncate(count);
                    // Lists that show how much was read are drawn again once, at the end.
                    if link.note(count as u64) {
                        system.bus().publish([Change::Templates]);
                    }
                    Some((Ok::<_, std::io::Error>(piece), (file, link, system)))
                }
                Err(error) => Some((Err(error), (file, link, system))),
            }
        });
    (headers, Body::from_stream(pieces)).into_response()
}

/// What a proxy adds to requests that it hands on.
const PROXIED: [&str; 6] =
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip", "via"];

/// Figures for Prometheus: for whoever asks from this machine itself, and for a token.
async fn figures(State(system): State<System>, visitor: Option<Extension<Visitor>>, headers: HeaderMap) -> Response {
    let address = visitor.map(|Extension(visitor)| visitor.address);
    let here =
        address.is_some_and(|address| address.is_loopback()) && !PROXIED.iter().any(|name| headers.contains_key(*name));
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let admitted = match (here, token, address) {
        (true, ..) => true,
        (false, Some((_, token)), Some(address)) => {
            // An agent's token lets in to its tools, and to nothing else; figures are of every organization.
            let known = admit(&system, address, token.trim()).await;
            matches!(known, Ok(Admission::Known(known)) if known.0.agent.is_none() && known.0.scope.is_all())
        }
        _ => false,
    };
    if !admitted {
        let words = "Metrics are available on this machine without a proxy, or with a token.\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    match metrics(&system).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "Cannot collect metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Ready means that a delivery would be stored: something was committed within a second, or is now.
async fn ready(State(system): State<System>) -> Response {
    match prove_writable(&system).await {
        Ok(()) => {
            // Whoever is behind is ready all the same: deliveries are stored.
            let lag = system.lag_words().await.ok().flatten().map(|lag| format!("{lag}\n"));
            (StatusCode::OK, format!("ready\n{}", lag.unwrap_or_default())).into_response()
        }
        Err(trouble) => {
            let said = format!("not ready: {}\n", trouble.said());
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], said).into_response()
        }
    }
}

/// A webhook in the query of its address, where the provider can be told to send it so; else the question whether
/// this path is ours.
async fn asked(State(endpoint): State<Endpoint>, RawQuery(query): RawQuery, request: Request) -> Response {
    if endpoint.provider.accepts_get() {
        return take(State(endpoint), request).await;
    }
    shake(&endpoint, query)
}

fn shake(endpoint: &Endpoint, query: Option<String>) -> Response {
    match endpoint.provider.handshake(&query.unwrap_or_default()) {
        None => {
            (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], "Webhooks are posted here.\n").into_response()
        }
        Some(Ok(answer)) => {
            let headers =
                [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (headers, answer).into_response()
        }
        Some(Err(fault)) => {
            let path = endpoint.provider.name();
            tracing::warn!(provider = %path, %fault, "Verification handshake rejected: 403");
            (StatusCode::FORBIDDEN, "The token does not fit.\n").into_response()
        }
    }
}

async fn take(State(endpoint): State<Endpoint>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let length = match length(&head, &body) {
        Ok(length) => length,
        Err(TooLong) => return too_long(),
    };
    let mut raw = RawDelivery {
        provider: endpoint.provider.name(),
        path: head.uri.path_and_query().map_or_else(|| head.uri.path().to_owned(), ToString::to_string),
        headers: kept(&head.headers, endpoint.provider.webhook_headers()),
        body: vec![],
        received_at: endpoint.system.now(),
    };
    // What nobody signed is not read for its length's sake: whatever the body is, the answer is no.
    let unsigned = length.is_none_or(|length| length > SIGNED_FIRST)
        && matches!(endpoint.provider.verify(&raw), Err(fault) if fault != SignatureFault::Mismatch);
    let mut reserved = None;
    if !unsigned {
        let read = async {
            let memory = head.extensions.get::<Visitor>().map(|visitor| {
                // Who does not say how long it is may send as much as anybody.
                visitor.bodies.reserve(length.unwrap_or(LONGEST_BODY))
            });
            if let Some(memory) = memory {
                let Ok(memory) = tokio::time::timeout(endpoint.limits.body, memory).await else {
                    return Err(later("Too many requests in progress; retry later."));
                };
                reserved = Some(memory);
            }
            read(body, length, endpoint.limits.body).await
        };
        raw.body = match read.await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
    }
    raw.received_at = endpoint.system.store().arrival(endpoint.system.now());
    let acknowledgement = endpoint.provider.acknowledgement();
    // Once taken, a delivery is stored even if whoever sent it hangs up: it comes again all the same.
    let stored = tokio::spawn(async move {
        let _reserved = reserved;
        receive(&endpoint.system, endpoint.provider.as_ref(), raw).await
    });
    match stored.await {
        Ok(ReceiveOutcome::Stored) => match acknowledgement.content_type {
            Some(kind) => ([(header::CONTENT_TYPE, kind)], acknowledgement.body).into_response(),
            None => StatusCode::OK.into_response(),
        },
        Ok(ReceiveOutcome::BadSignature(_)) => {
            (StatusCode::UNAUTHORIZED, "The signature does not fit.\n").into_response()
        }
        Ok(ReceiveOutcome::Busy) => later("Queue full; retry later."),
        Ok(ReceiveOutcome::NotStored) | Err(_) => later("Cannot store the delivery; retry later."),
    }
}

/// How long the body says it is, if it says so. What is too long is refused by its word, before any of it is
/// read or waited for.
fn length(head: &Parts, body: &Body) -> Result<Option<usize>, TooLong> {
    let said = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match body.size_hint().exact().or(said) {
        Some(length) if length > LONGEST_BODY as u64 => Err(TooLong),
        length => Ok(length.map(|length| length as usize)),
    }
}

struct TooLong;

fn too_long() -> Response {
    (StatusCode::PAYLOAD_TOO_LARGE, "A body holds at most 4 MB.\n").into_response()
}

/// Reads a body into one buffer of its size.
async fn read(mut body: Body, length: Option<usize>, patience: Duration) -> Result<Vec<u8>, Response> {
    let collected = async {
        let mut bytes = Vec::with_capacity(length.unwrap_or_default());
        while let Some(frame) = body.frame().await {
            let broke = |_| (StatusCode::BAD_REQUEST, "The body is incomplete.\n").into_response();
            let Ok(piece) = frame.map_err(broke)?.into_data() else { continue };
            if bytes.len() + piece.len() > LONGEST_BODY {
                return Err(too_long());
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    };
    match tokio::time::timeout(patience, collected).await {
        Ok(read) => read,
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "The body took too long.\n").into_response()),
    }
}

fn later(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], why).into_response()
}

/// Only what the provider's reading needs is kept, and within bounds.
fn kept(headers: &HeaderMap, wanted: &[&str]) -> Vec<(String, String)> {
    let value = |name: &str| {
        let bytes = headers.get(name)?.as_bytes();
        Some(String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).into_owned())
    };
    wanted.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect()
}
