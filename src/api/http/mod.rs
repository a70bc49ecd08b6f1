//! The HTTP API for programs: bearer tokens, the same queries and requests as everywhere else, and a
//! description made from the same table as the routes.

mod bodies;
mod document;
mod endpoints;
mod letter;
mod number_endpoints;
mod read_bodies;
mod table;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, any, get, on, post};
use http_body_util::Limited;
use hyper::body::Body as _;
use serde_json::Value;

pub(super) use self::endpoints::Ask;
use self::endpoints::{Endpoint, Fault, Given, Verb, parameters};
pub(super) use self::letter::{SendBody, despite_owner, schema as letter_schema};
use self::table::endpoints;
use super::error;
use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::access::token::TokenView;
use crate::domain::code::Code;
use crate::domain::ids::MessageId;
use crate::domain::query::Answer;
use crate::domain::refusal::Refusal;
use crate::operations::{
    Admission, IdempotencyRecord, OperationError, System, Visitor, admit, asked, perform, run_query, with_idempotency,
};

/// Where everything lies.
pub(super) const BASE: &str = "/api/v1";
/// A request is no longer than this.
const LONGEST: usize = 256 * 1024;
/// How long a request waits until there is memory for its body.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where somebody comes from of whom that is not known.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// A key of its own is no longer than this.
const LONGEST_KEY: usize = 200;

/// Whoever asks, once they are known.
#[derive(Clone)]
pub(super) struct Caller {
    pub token: TokenView,
    pub actor: Actor,
}

/// All routes, for the listener that takes webhooks too.
pub fn routes(system: &System) -> Router {
    let mut guarded = Router::new();
    for endpoint in endpoints() {
        let method = if endpoint.verb == Verb::Get { MethodFilter::GET } else { MethodFilter::POST };
        let handler = move |State(system): State<System>,
                            Path(path): Path<Vec<(String, String)>>,
                            RawQuery(query): RawQuery,
                            headers: HeaderMap,
                            axum::Extension(caller): axum::Extension<Caller>,
                            body: Bytes| async move {
            let given = Given { path, query: query.unwrap_or_default(), body };
            answer(&system, endpoint, &caller, &headers, given).await
        };
        guarded = guarded.route(&format!("{BASE}{}", endpoint.path), on(method, handler));
    }
    let guarded = guarded.route_service("/mcp", super::mcp::service(system.clone())).layer(from_fn(bounded));
    let events = get(super::events::follow);
    guarded
        .route(&format!("{BASE}/events"), events)
        .route(&format!("{BASE}/uploads"), post(take_file))
        .route(&format!("{BASE}/messages/{{message}}/file"), get(give_file))
        .route(&format!("{BASE}/{{*rest}}"), any(|| async { StatusCode::NOT_FOUND }))
        .layer(from_fn_with_state(system.clone(), let_in))
        .route(&format!("{BASE}/openapi.json"), get(|| async { axum::Json(document::openapi(BASE)) }))
        .layer(DefaultBodyLimit::max(LONGEST))
        .layer(from_fn(super::shape::shaped_api))
        .layer(from_fn(super::escape::escaped))
        .with_state(system.clone())
}

/// A token first: nothing is told to whoever has none.
async fn let_in(State(system): State<System>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let admitted = match token {
        Some((_, token)) => {
            let from = request.extensions().get::<Visitor>().map_or(NOWHERE, |visitor| visitor.address);
            admit(&system, from, token.trim()).await
        }
        None => Ok(Admission::Unknown),
    };
    match admitted {
        Ok(Admission::Known(known)) => {
            let (token, actor) = *known;
            request.extensions_mut().insert(actor.clone());
            request.extensions_mut().insert(Caller { token, actor });
            next.run(request).await
        }
        Ok(Admission::TooMany) => {
            let message = "This address sent too many invalid tokens within a minute.";
            let remedy = "Wait a minute, then send a valid token.";
            let mut response = error(Code::TooManyWrongTokens, message, remedy);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            response
        }
        Ok(Admission::Unknown) => {
            let message = "A valid bearer token is required.";
            let mut response = error(
                Code::Unauthorized,
                message,
                "Ask an admin for a token, and send it as `Authorization: Bearer wadeck_…`.",
            );
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            response
        }
        Err(failed) => operation(Err(failed)).into_response(),
    }
}

/// A body that is too long is refused by its length, before any of it is read; others share the memory there is
/// for bodies with the webhooks'.
async fn bounded(request: Request, next: Next) -> Response {
    let length = request.body().size_hint().exact();
    if length == Some(0) {
        return next.run(request).await;
    }
    if length.is_some_and(|length| length > LONGEST as u64) {
        let message = "The request is longer than 256 KB.";
        return error(Code::TooLong, message, "Send less at once.");
    }
    let bodies = request.extensions().get::<Visitor>().map(|visitor| visitor.bodies.clone());
    let _reserved = match bodies {
        Some(bodies) => {
            let wanted = bodies.reserve(length.map_or(LONGEST, |length| length as usize));
            let Ok(reserved) = tokio::time::timeout(PATIENCE, wanted).await else {
                let message = "Too many requests are being read at once.";
                let mut response = error(Code::Busy, message, "Retry in a moment.");
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
                return response;
            };
            Some(reserved)
        }
        None => None,
    };
    next.run(request.map(|body| Body::new(Limited::new(body, LONGEST)))).await
}

/// Every route with who may ask, for the document about roles.
pub(super) fn routes_by_role() -> impl Iterator<Item = (String, Permission)> {
    let listed = endpoints().map(|one| (format!("{} {BASE}{}", one.verb.name().to_uppercase(), one.path), one.right));
    listed.chain([
        (format!("GET {BASE}/events"), Permission::ReadEvents),
        (format!("POST {BASE}/uploads"), Permission::UploadFiles),
        (format!("GET {BASE}/messages/{{message}}/file"), Permission::SaveFiles),
    ])
}

/// An answer as it is sent: its status, and its body.
pub(super) struct Said(pub StatusCode, pub Value);

impl Said {
    /// A rule said no.
    pub fn refused(refusal: &Refusal) -> Self {
        Self(super::status_of(refusal.code), super::refusal_json(refusal))
    }
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        (self.0, axum::Json(self.1)).into_response()
    }
}

fn operation(result: Result<Value, OperationError>) -> Said {
    match result {
        Ok(Value::Null) => Said::refused(&super::nothing()),
        Ok(value) => Said(StatusCode::OK, value),
        Err(OperationError::Refused(refusal)) => Said::refused(&refusal),
        Err(OperationError::Failed(failed)) => {
            Said(StatusCode::INTERNAL_SERVER_ERROR, super::hidden_failure(&failed).json())
        }
    }
}

/// Takes the bytes of a file as they are.
async fn take_file(
    State(system): State<System>,
    axum::Extension(actor): axum::Extension<Actor>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refusal) = actor.may(Permission::UploadFiles) {
        return Said::refused(&refusal).into_response();
    }
    let Some(query) = query.as_deref().and_then(|query| parameters(query).ok()) else {
        return error(Code::Parameter, "The parameter `name` is missing.", "Give the file's name.");
    };
    let (Some(name), 1) = (query.get("name"), query.len()) else {
        return error(Code::Parameter, "The only parameter is `name`.", "Give it once.");
    };
    let params = super::files::UploadParams { name: name.clone() };
    let taken = super::files::take(&system, &actor, (&headers, &params), body).await;
    operation(taken.map(|uploaded| serde_json::to_value(uploaded).unwrap_or_default())).into_response()
}

/// Gives the bytes of a message's file as they are.
async fn give_file(
    State(system): State<System>,
    axum::Extension(actor): axum::Extension<Actor>,
    Path(message): Path<String>,
) -> Response {
    if let Err(refusal) = actor.may(Permission::SaveFiles) {
        return Said::refused(&refusal).into_response();
    }
    let message = match message.parse::<MessageId>() {
        Ok(message) => message,
        Err(fault) => {
            return error(Code::Id, &format!("{fault}."), "List the messages of a thread.");
        }
    };
    match super::files::give(&system, &actor, message).await {
        Ok(response) => response,
        Err(refused) => operation(Err(refused)).into_response(),
    }
}

async fn answer(
    system: &System,
    endpoint: &'static Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
    mut given: Given,
) -> Response {
    if let Err(refusal) = caller.actor.may(endpoint.right) {
        return Said::refused(&refusal).into_response();
    }
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&given.body)
        && body.contains_key("connection")
    {
        match super::names::resolve(system, &caller.actor, &mut body).await {
            Ok(()) => given.body = Value::Object(body).to_string().into(),
            Err(error) => return operation(Err(error)).into_response(),
        }
    }
    for (_, name) in given.path.iter_mut().filter(|(part, _)| part == "connection") {
        match super::names::connection(system, &caller.actor, name).await {
            Ok(id) => *name = id,
            Err(error) => return operation(Err(error)).into_response(),
        }
    }
    let ask = match endpoint.read(&given) {
        Ok(ask) => ask,
        Err(Fault { code, message }) => {
            return error(code, &message, "The description at openapi.json says how.");
        }
    };
    let key = headers.get("idempotency-key").filter(|_| endpoint.verb == Verb::Post);
    match key {
        None => done(system, &caller.actor, ask).await.into_response(),
        Some(key) => match key.to_str() {
            Ok(key) if is_key(key) => {
                let what = [endpoint.path.as_bytes(), b"\n", given.named().as_bytes(), b"\n", &given.body].concat();
                once(system, caller, ask, key, &what).await
            }
            _ => {
                let message = "The Idempotency-Key is not 1 to 200 letters, digits, dashes and underscores.";
                error(Code::Parameter, message, "Use a UUID.")
            }
        },
    }
}

pub(super) fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(plain)
}

/// Done once under a key, however often it is asked for.
async fn once(system: &System, caller: &Caller, ask: Ask, key: &str, what: &[u8]) -> Response {
    match with_idempotency(system, &caller.token, key, what).await {
        Err(failed) => operation(Err(failed)).into_response(),
        Ok(IdempotencyRecord::Other) => {
            error(Code::IdempotencyKey, "This key was used for a different request.", "Use a new key for each request.")
        }
        Ok(IdempotencyRecord::Begun(at)) => error(
            Code::Uncertain,
            &format!("This request was started at {at}, and its outcome is not recorded."),
            "Look at the thread before you repeat the request under another key.",
        ),
        Ok(IdempotencyRecord::Done(status, body)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let value: Value = serde_json::from_str(&body).unwrap_or_default();
            let mut response = Said(status, value).into_response();
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            response
        }
        Ok(IdempotencyRecord::First) => {
            let said = done(system, &caller.actor, ask).await;
            let body = said.1.to_string();
            let kept = (said.0 == StatusCode::OK).then_some((said.0.as_u16(), body.as_str()));
            if let Err(failed) = asked(system, &caller.token, key, kept).await {
                return operation(Err(failed)).into_response();
            }
            said.into_response()
        }
    }
}

/// Asks or acts, as whoever it is.
pub(super) async fn done(system: &System, actor: &Actor, ask: Ask) -> Said {
    if let Some(Err(refusal)) = ask.required_right().map(|right| actor.may(right)) {
        return Said::refused(&refusal);
    }
    let request = match ask {
        Ask::Look(query) => {
            let told = run_query(system, actor, query).await;
            return operation(told.map(|answer| inside(&answer)));
        }
        Ask::Act(request) => *request,
        Ask::Refuse(refusal) => return Said::refused(&refusal),
        Ask::Send(letter) => match letter.request(system, actor).await {
            Ok(request) => request,
            Err(OperationError::Refused(refusal)) => return Said::refused(&refusal),
            Err(failed) => return operation(Err(failed)),
        },
    };
    let done = perform(system, actor, request).await;
    operation(done.map(|done| serde_json::to_value(done).unwrap_or_default()))
}

/// The value inside an answer, as `--json` prints it.
fn inside(answer: &Answer) -> Value {
    let mut value = serde_json::to_value(answer).unwrap_or_default();
    for key in ["value", "told"] {
        if let Some(inner) = value.get_mut(key) {
            value = inner.take();
        }
    }
    value
}
