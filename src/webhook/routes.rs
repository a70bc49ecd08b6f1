//! The HTTP routes: the webhooks of all providers, health and readiness, metrics, media links and the pages after
//! setup.

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

/// Maximum body of a webhook, in bytes. Batches of raw events reach 3 MB.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Bodies that are larger, in bytes, are read only if the request carries a signature.
const MAX_UNSIGNED_BYTES: usize = 64 * 1024;

/// The state of a provider's webhook routes.
#[derive(Clone)]
struct Endpoint {
    system: System,
    provider: Arc<dyn Provider>,
    limits: Limits,
}

/// Returns the routes, with those of each provider in the registry.
pub fn routes(system: &System, limits: Limits) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/setup/complete", get(show_setup_complete).with_state(system.clone()))
        .route("/metrics", get(show_metrics).with_state(system.clone()))
        .route("/setup/failed", get(show_setup_failed))
        .route("/media/{token}", get(serve_media_link).with_state(system.clone()))
        // The earlier path, for links that are still in use.
        .route("/lent/{token}", get(serve_media_link).with_state(system.clone()))
        .route("/readyz", get(show_readiness).with_state(system.clone()));
    for provider in system.providers().all() {
        let endpoint = Endpoint { system: system.clone(), provider: provider.clone(), limits };
        for path in provider.webhook_paths() {
            for path in [(*path).to_owned(), format!("{path}/")] {
                router = router.route(&path, post(receive_webhook).get(receive_get).with_state(endpoint.clone()));
            }
        }
        for path in provider.webhook_aliases() {
            router = router.route(path, post(receive_webhook).with_state(endpoint.clone()));
        }
    }
    router.fallback(|| async { (StatusCode::NOT_FOUND, "No webhook is taken at this path.\n") })
}

/// The query of the page for failed setups.
#[derive(serde::Deserialize)]
struct SetupFailedParams {
    #[serde(default)]
    error_code: String,
}

/// The page after a completed setup. Anybody can request it, so it tells nothing about the number; it only triggers a
/// check at the provider.
async fn show_setup_complete(State(system): State<System>) -> Response {
    if let Err(error) = look_at_links(&system).await {
        tracing::warn!(%error, "Cannot check setup links now; they are checked within a minute");
    }
    page(
        "Return to your terminal",
        "Thank you. Whether the number is connected is asked at the provider now; whoever gave you the link sees the answer. \
         You can close this page.",
    )
}

/// The page after a failed setup. Shows our text for the error code, and nothing of the query itself.
async fn show_setup_failed(query: Result<Query<SetupFailedParams>, QueryRejection>) -> Response {
    let code = query.map(|Query(params)| params.error_code).unwrap_or_default();
    let text = format!("{} Ask for a new link and try again.", failed_words(&code));
    page("The number was not connected", &text)
}

/// A page for the person who followed a setup link. It has no scripts and no external resources.
fn page(title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>body{{font:18px/1.5 system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em;\
         color:#1c2526;background:#fff}}@media(prefers-color-scheme:dark){{body{{color:#e6eaea;background:#101414}}}}\
         h1{{font-size:1.4em}}</style><h1>{title}</h1><p>{text}</p></html>\n"
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

/// Streams the file of a media link to a provider. An unknown, expired or used-up token is answered with 404.
async fn serve_media_link(State(system): State<System>, Path(token): Path<String>) -> Response {
    let Some(link) = find_media_link(&system, &token).await else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(file) = link.open().await else { return StatusCode::NOT_FOUND.into_response() };
    // The file is meant for the provider; a browser must not render it as a page of this origin.
    let headers = [
        (header::CONTENT_TYPE, link.mime_type.clone()),
        (header::CONTENT_LENGTH, link.bytes.to_string()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    ];
    // `Content-Length` is announced: no more bytes are sent if the file grows.
    let stream =
        futures::stream::unfold((file.take(link.bytes), link, system), |(mut file, link, system)| async move {
            let mut buffer = vec![0; 64 * 1024];
            match file.read(&mut buffer).await {
                Ok(0) => None,
                Ok(count) => {
                    buffer.truncate(count);
                    // Lists that show the download's progress are updated once, at its end.
                    if link.note(count as u64) {
                        system.bus().publish([Change::Templates]);
                    }
                    Some((Ok::<_, std::io::Error>(buffer), (file, link, system)))
                }
                Err(error) => Some((Err(error), (file, link, system))),
            }
        });
    (headers, Body::from_stream(stream)).into_response()
}

/// Headers that proxies add to the requests that they forward.
const PROXY_HEADERS: [&str; 6] =
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip", "via"];

/// Responds with metrics in the Prometheus text format. Requests need a valid token, unless they come from this
/// machine and through no proxy.
async fn show_metrics(
    State(system): State<System>,
    client: Option<Extension<Visitor>>,
    headers: HeaderMap,
) -> Response {
    let address = client.map(|Extension(client)| client.address);
    let is_local = address.is_some_and(|address| address.is_loopback())
        && !PROXY_HEADERS.iter().any(|name| headers.contains_key(*name));
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        authorization.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let admitted = match (is_local, token, address) {
        (true, ..) => true,
        (false, Some((_, token)), Some(address)) => {
            // Metrics cover all organizations, so tokens of agents and tokens with a restricted scope are not
            // accepted.
            let known = admit(&system, address, token.trim()).await;
            matches!(known, Ok(Admission::Known(known)) if known.0.agent.is_none() && known.0.scope.is_all())
        }
        _ => false,
    };
    if !admitted {
        let text = "Metrics are available on this machine without a proxy, or with a token.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    match metrics(&system).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "Cannot collect metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Responds with 200 if deliveries can be stored: a commit succeeded within the last second, or succeeds now.
/// Otherwise responds with 503.
async fn show_readiness(State(system): State<System>) -> Response {
    match prove_writable(&system).await {
        Ok(()) => {
            // A backlog does not affect readiness: deliveries are stored.
            let lag = system.lag_words().await.ok().flatten().map(|lag| format!("{lag}\n"));
            (StatusCode::OK, format!("ready\n{}", lag.unwrap_or_default())).into_response()
        }
        Err(fault) => {
            let text = format!("not ready: {}\n", fault.said());
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], text).into_response()
        }
    }
}

/// Receives a webhook in the query of a GET request, if the provider sends them so; otherwise answers the handshake
/// that verifies this path.
async fn receive_get(State(endpoint): State<Endpoint>, RawQuery(query): RawQuery, request: Request) -> Response {
    if endpoint.provider.accepts_get() {
        return receive_webhook(State(endpoint), request).await;
    }
    answer_handshake(&endpoint, query)
}

/// Answers the verification handshake of the provider; 405 if it has none, 403 if the token is wrong.
fn answer_handshake(endpoint: &Endpoint, query: Option<String>) -> Response {
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

/// Reads a delivery within the limits, stores it and answers as the provider expects.
async fn receive_webhook(State(endpoint): State<Endpoint>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let length = match length(&head, &body) {
        Ok(length) => length,
        Err(TooLong) => return too_long(),
    };
    let mut raw = RawDelivery {
        provider: endpoint.provider.name(),
        path: head.uri.path_and_query().map_or_else(|| head.uri.path().to_owned(), ToString::to_string),
        headers: select_headers(&head.headers, endpoint.provider.webhook_headers()),
        body: vec![],
        received_at: endpoint.system.now(),
    };
    // A large body without a signature is not read: the response is 401 in any case.
    let unsigned = length.is_none_or(|length| length > MAX_UNSIGNED_BYTES)
        && matches!(endpoint.provider.verify(&raw), Err(fault) if fault != SignatureFault::Mismatch);
    let mut reserved = None;
    if !unsigned {
        let read = async {
            let memory = head.extensions.get::<Visitor>().map(|client| {
                // Without a length, memory for the longest allowed body is reserved.
                client.bodies.reserve(length.unwrap_or(MAX_BODY_BYTES))
            });
            if let Some(memory) = memory {
                let Ok(memory) = tokio::time::timeout(endpoint.limits.body_timeout, memory).await else {
                    return Err(retry_later("Too many requests in progress; retry later."));
                };
                reserved = Some(memory);
            }
            read(body, length, endpoint.limits.body_timeout).await
        };
        raw.body = match read.await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
    }
    raw.received_at = endpoint.system.store().arrival(endpoint.system.now());
    let acknowledgement = endpoint.provider.acknowledgement();
    // A complete delivery is stored even if the client disconnects: the provider would send it again anyway.
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
        Ok(ReceiveOutcome::Busy) => retry_later("Queue full; retry later."),
        Ok(ReceiveOutcome::NotStored) | Err(_) => retry_later("Cannot store the delivery; retry later."),
    }
}

/// Returns the announced length of the body, `None` if it is not announced. Fails if it exceeds [`MAX_BODY_BYTES`],
/// before anything is read.
fn length(head: &Parts, body: &Body) -> Result<Option<usize>, TooLong> {
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match body.size_hint().exact().or(announced) {
        Some(length) if length > MAX_BODY_BYTES as u64 => Err(TooLong),
        length => Ok(length.map(|length| length as usize)),
    }
}

struct TooLong;

fn too_long() -> Response {
    (StatusCode::PAYLOAD_TOO_LARGE, "A body holds at most 4 MB.\n").into_response()
}

/// Reads a body into one buffer. Fails with the response to send: too long, incomplete, or not complete within
/// `time_limit`.
async fn read(mut body: Body, length: Option<usize>, time_limit: Duration) -> Result<Vec<u8>, Response> {
    let collected = async {
        let mut bytes = Vec::with_capacity(length.unwrap_or_default());
        while let Some(frame) = body.frame().await {
            let incomplete = |_| (StatusCode::BAD_REQUEST, "The body is incomplete.\n").into_response();
            let Ok(buffer) = frame.map_err(incomplete)?.into_data() else { continue };
            if bytes.len() + buffer.len() > MAX_BODY_BYTES {
                return Err(too_long());
            }
            bytes.extend_from_slice(&buffer);
        }
        Ok(bytes)
    };
    match tokio::time::timeout(time_limit, collected).await {
        Ok(read) => read,
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "The body took too long.\n").into_response()),
    }
}

/// A 503 that asks to retry after 2 s.
fn retry_later(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], why).into_response()
}

/// Returns the headers that the provider needs, each cut to 1024 bytes.
fn select_headers(headers: &HeaderMap, names: &[&str]) -> Vec<(String, String)> {
    let value = |name: &str| {
        let bytes = headers.get(name)?.as_bytes();
        Some(String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).into_owned())
    };
    names.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect()
}
