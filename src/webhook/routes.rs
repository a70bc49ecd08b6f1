//! The paths: every provider's webhooks, and whether we are alive and ready.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::io::AsyncReadExt;

use super::Limits;
use crate::domain::change::Change;
use crate::domain::delivery::RawDelivery;
use crate::domain::setup::failed_words;
use crate::operations::{Receipt, System, lent, metrics, prove_writable, receive};
use crate::provider::Provider;

/// Batches of raw events reach 3 MB.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

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
        .route(
            "/setup/complete",
            get(|| async {
                page(
                    "The number is connected",
                    "Thank you. You can close this page: whoever asked you to connect it sees it now.",
                )
            }),
        )
        .route("/metrics", get(figures).with_state(system.clone()))
        .route("/setup/failed", get(failed))
        .route("/lent/{token}", get(lend).with_state(system.clone()))
        .route("/readyz", get(ready).with_state(system.clone()));
    for provider in system.providers().all() {
        let endpoint = Endpoint { system: system.clone(), provider: provider.clone(), limits };
        for path in provider.webhook_paths() {
            router = router.route(path, post(take).get(shake).with_state(endpoint.clone()));
        }
    }
    router.fallback(|| async { (StatusCode::NOT_FOUND, "No webhook is taken at this path.\n") })
}

#[derive(serde::Deserialize)]
struct Failed {
    #[serde(default)]
    error_code: String,
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
async fn lend(State(system): State<System>, Path(token): Path<String>) -> Response {
    let Some(lent) = lent(&system, &token).await else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(file) = lent.open().await else { return StatusCode::NOT_FOUND.into_response() };
    // It is for a provider that fetches it, and is no page of ours to anybody else.
    let headers = [
        (header::CONTENT_TYPE, lent.mime_type.clone()),
        (header::CONTENT_LENGTH, lent.bytes.to_string()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    ];
    // Not a byte more than was looked at, should the file grow.
    let pieces =
        futures::stream::unfold((file.take(lent.bytes), lent, system), |(mut file, lent, system)| async move {
            let mut piece = vec![0; 64 * 1024];
            match file.read(&mut piece).await {
                Ok(0) => None,
                Ok(count) => {
                    piece.truncate(count);
                    lent.note(count as u64);
                    system.bus().publish([Change::Templates]);
                    Some((Ok::<_, std::io::Error>(piece), (file, lent, system)))
                }
                Err(error) => Some((Err(error), (file, lent, system))),
            }
        });
    (headers, Body::from_stream(pieces)).into_response()
}

/// Figures for Prometheus. What a proxy lets through from outside is not told them.
async fn figures(State(system): State<System>, headers: HeaderMap) -> Response {
    if ["x-forwarded-for", "forwarded", "x-real-ip"].iter().any(|name| headers.contains_key(*name)) {
        return (StatusCode::FORBIDDEN, "Figures are told on this machine and its network, not through a proxy.\n")
            .into_response();
    }
    match metrics(&system).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the figures cannot be told");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Ready means that a delivery would be stored: something was committed within a second, or is now.
async fn ready(State(system): State<System>) -> Response {
    match prove_writable(&system).await {
        Ok(()) => (StatusCode::OK, "ready\n").into_response(),
        Err(trouble) => {
            let said = format!("not ready: {}\n", trouble.said());
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], said).into_response()
        }
    }
}

/// A provider asks whether this path is ours, where it does.
async fn shake(State(endpoint): State<Endpoint>, RawQuery(query): RawQuery) -> Response {
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
            tracing::warn!(provider = %path, %fault, "a handshake was refused: 403");
            (StatusCode::FORBIDDEN, "The token does not fit.\n").into_response()
        }
    }
}

async fn take(State(endpoint): State<Endpoint>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match read(body, endpoint.limits.body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let raw = RawDelivery {
        provider: endpoint.provider.name(),
        path: head.uri.path_and_query().map_or_else(|| head.uri.path().to_owned(), ToString::to_string),
        headers: kept(&head.headers, endpoint.provider.webhook_headers()),
        body,
        received_at: endpoint.system.store().arrival(endpoint.system.now()),
    };
    let acknowledgement = endpoint.provider.acknowledgement();
    // Once taken, a delivery is stored even if whoever sent it hangs up: it comes again all the same.
    let stored = tokio::spawn(async move { receive(&endpoint.system, endpoint.provider.as_ref(), raw).await });
    match stored.await {
        Ok(Receipt::Stored) => match acknowledgement.content_type {
            Some(kind) => ([(header::CONTENT_TYPE, kind)], acknowledgement.body).into_response(),
            None => StatusCode::OK.into_response(),
        },
        Ok(Receipt::BadSignature(_)) => (StatusCode::UNAUTHORIZED, "The signature does not fit.\n").into_response(),
        Ok(Receipt::Busy) => later("Too many deliveries wait; come again."),
        Ok(Receipt::NotStored) | Err(_) => later("It could not be stored; come again."),
    }
}

async fn read(body: Body, patience: Duration) -> Result<Vec<u8>, Response> {
    let limited = Limited::new(body, LONGEST_BODY).collect();
    match tokio::time::timeout(patience, limited).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err((StatusCode::PAYLOAD_TOO_LARGE, "A body holds at most 4 MB.\n").into_response())
        }
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "The body broke off.\n").into_response()),
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
