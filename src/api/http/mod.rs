//! The HTTP API for programs: bearer tokens, the same queries and requests as everywhere else, and an OpenAPI
//! description generated from the same table as the routes.

mod bodies;
mod document;
mod endpoints;
mod number_endpoints;
mod read_bodies;
mod send_body;
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

pub(super) use self::bodies::preview as preview_body;
pub(super) use self::endpoints::Action;
use self::endpoints::{Endpoint, Fault, Method, RawRequest, parameters};
pub(super) use self::send_body::{SendBody, despite_duplicate, despite_owner, schema as send_schema};
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

/// The base path of the API.
pub(super) const BASE: &str = "/api/v1";
/// Maximum size of a request body, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// Maximum time that a request waits for memory for its body.
const MEMORY_TIMEOUT: Duration = Duration::from_secs(5);
/// The address of clients whose address is unknown.
const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// Maximum length of an idempotency key.
const MAX_KEY_LENGTH: usize = 200;

/// The authenticated caller.
#[derive(Clone)]
pub(super) struct Caller {
    pub token: TokenView,
    pub actor: Actor,
}

/// Returns all routes, for the listener that also receives webhooks.
pub fn routes(system: &System) -> Router {
    let mut protected = Router::new();
    for endpoint in endpoints() {
        let method = if endpoint.method == Method::Get { MethodFilter::GET } else { MethodFilter::POST };
        let handler = move |State(system): State<System>,
                            Path(path): Path<Vec<(String, String)>>,
                            RawQuery(query): RawQuery,
                            headers: HeaderMap,
                            axum::Extension(caller): axum::Extension<Caller>,
                            body: Bytes| async move {
            let raw = RawRequest { path, query: query.unwrap_or_default(), body };
            answer(&system, endpoint, &caller, &headers, raw).await
        };
        protected = protected.route(&format!("{BASE}{}", endpoint.path), on(method, handler));
    }
    let protected = protected.route_service("/mcp", super::mcp::service(system.clone())).layer(from_fn(limit_body));
    let events = get(super::events::follow);
    protected
        .route(&format!("{BASE}/events"), events)
        .route(&format!("{BASE}/uploads"), post(upload_file))
        .route(&format!("{BASE}/messages/{{message}}/file"), get(download_file))
        .route(&format!("{BASE}/{{*rest}}"), any(|| async { StatusCode::NOT_FOUND }))
        .layer(from_fn_with_state(system.clone(), authenticate))
        .route(&format!("{BASE}/openapi.json"), get(|| async { axum::Json(document::openapi(BASE)) }))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(super::shape::unify_api_errors))
        .layer(from_fn(super::escape::escape_response))
        .with_state(system.clone())
}

/// Middleware that authenticates the caller by its bearer token before anything else; 401 without a valid one.
async fn authenticate(State(system): State<System>, mut request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        authorization.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let admitted = match token {
        Some((_, token)) => {
            let from = request.extensions().get::<Visitor>().map_or(UNKNOWN_ADDRESS, |visitor| visitor.address);
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
        Err(failed) => to_response(Err(failed)).into_response(),
    }
}

/// Middleware that limits bodies. A body that is too long is refused by its announced length, before it is read; the
/// others reserve memory from the budget that they share with webhooks.
async fn limit_body(request: Request, next: Next) -> Response {
    let length = request.body().size_hint().exact();
    if length == Some(0) {
        return next.run(request).await;
    }
    if length.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        let message = "The request is longer than 256 KB.";
        return error(Code::TooLong, message, "Send less at once.");
    }
    let bodies = request.extensions().get::<Visitor>().map(|visitor| visitor.bodies.clone());
    let _reserved = match bodies {
        Some(bodies) => {
            let reservation = bodies.reserve(length.map_or(MAX_BODY_BYTES, |length| length as usize));
            let Ok(reserved) = tokio::time::timeout(MEMORY_TIMEOUT, reservation).await else {
                let message = "Too many requests are being read at once.";
                let mut response = error(Code::Busy, message, "Retry in a moment.");
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
                return response;
            };
            Some(reserved)
        }
        None => None,
    };
    next.run(request.map(|body| Body::new(Limited::new(body, MAX_BODY_BYTES)))).await
}

/// Returns all routes with the permission they need, for `docs/roles.md`.
pub(super) fn routes_by_role() -> impl Iterator<Item = (String, Permission)> {
    let table =
        endpoints().map(|one| (format!("{} {BASE}{}", one.method.name().to_uppercase(), one.path), one.permission));
    table.chain([
        (format!("GET {BASE}/events"), Permission::ReadEvents),
        (format!("POST {BASE}/uploads"), Permission::UploadFiles),
        (format!("GET {BASE}/messages/{{message}}/file"), Permission::SaveFiles),
    ])
}

/// A response: its HTTP status and JSON body.
pub(super) struct ApiResponse(pub StatusCode, pub Value);

impl ApiResponse {
    /// Returns the response for a refusal.
    pub fn refused(refusal: &Refusal) -> Self {
        Self(super::status_of(refusal.code), super::refusal_json(refusal))
    }
}

impl IntoResponse for ApiResponse {
    fn into_response(self) -> Response {
        (self.0, axum::Json(self.1)).into_response()
    }
}

fn to_response(result: Result<Value, OperationError>) -> ApiResponse {
    match result {
        Ok(Value::Null) => ApiResponse::refused(&super::not_found()),
        Ok(value) => ApiResponse(StatusCode::OK, value),
        Err(OperationError::Refused(refusal)) => ApiResponse::refused(&refusal),
        Err(OperationError::Failed(failed)) => {
            ApiResponse(StatusCode::INTERNAL_SERVER_ERROR, super::hidden_failure(&failed).json())
        }
    }
}

/// Receives a file as the raw request body.
async fn upload_file(
    State(system): State<System>,
    axum::Extension(actor): axum::Extension<Actor>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refusal) = actor.require(Permission::UploadFiles) {
        return ApiResponse::refused(&refusal).into_response();
    }
    let Some(query) = query.as_deref().and_then(|query| parameters(query).ok()) else {
        return error(Code::Parameter, "The parameter `name` is missing.", "Give the file's name.");
    };
    let (Some(name), 1) = (query.get("name"), query.len()) else {
        return error(Code::Parameter, "The only parameter is `name`.", "Give it once.");
    };
    let params = super::files::UploadParams { name: name.clone() };
    let result = super::files::receive(&system, &actor, (&headers, &params), body).await;
    to_response(result.map(|uploaded| serde_json::to_value(uploaded).unwrap_or_default())).into_response()
}

/// Returns the file of a message as the raw response body.
async fn download_file(
    State(system): State<System>,
    axum::Extension(actor): axum::Extension<Actor>,
    Path(message): Path<String>,
) -> Response {
    if let Err(refusal) = actor.require(Permission::SaveFiles) {
        return ApiResponse::refused(&refusal).into_response();
    }
    let message = match message.parse::<MessageId>() {
        Ok(message) => message,
        Err(fault) => {
            return error(Code::Id, &format!("{fault}."), "List the messages of a thread.");
        }
    };
    match super::files::respond_with_file(&system, &actor, message).await {
        Ok(response) => response,
        Err(refused) => to_response(Err(refused)).into_response(),
    }
}

/// Handles a request to an endpoint: permission, names, parsing, idempotency and execution, in this order.
async fn answer(
    system: &System,
    endpoint: &'static Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
    mut raw: RawRequest,
) -> Response {
    if let Err(refusal) = caller.actor.require(endpoint.permission) {
        return ApiResponse::refused(&refusal).into_response();
    }
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&raw.body)
        && body.contains_key("connection")
    {
        match super::names::resolve(system, &caller.actor, &mut body).await {
            Ok(()) => raw.body = Value::Object(body).to_string().into(),
            Err(error) => return to_response(Err(error)).into_response(),
        }
    }
    for (_, name) in raw.path.iter_mut().filter(|(part, _)| part == "connection") {
        match super::names::connection(system, &caller.actor, name).await {
            Ok(id) => *name = id,
            Err(error) => return to_response(Err(error)).into_response(),
        }
    }
    let action = match endpoint.read(&raw) {
        Ok(action) => action,
        Err(Fault { code, message }) => {
            return error(code, &message, "The description at openapi.json says how.");
        }
    };
    let key = headers.get("idempotency-key").filter(|_| endpoint.method == Method::Post);
    match key {
        None => execute(system, &caller.actor, action).await.into_response(),
        Some(key) => match key.to_str() {
            Ok(key) if is_valid_key(key) => {
                let what = [endpoint.path.as_bytes(), b"\n", raw.path_values().as_bytes(), b"\n", &raw.body].concat();
                execute_once(system, caller, action, key, &what).await
            }
            _ => {
                let message = "The Idempotency-Key is not 1 to 200 letters, digits, dashes and underscores.";
                error(Code::Parameter, message, "Use a UUID.")
            }
        },
    }
}

/// Returns `true` if the text is valid as an idempotency key: 1 to 200 letters, digits, dashes and underscores.
pub(super) fn is_valid_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.bytes().all(plain)
}

/// Executes an action once per idempotency key; a repetition gets the stored response.
async fn execute_once(system: &System, caller: &Caller, action: Action, key: &str, what: &[u8]) -> Response {
    match with_idempotency(system, &caller.token, key, what).await {
        Err(failed) => to_response(Err(failed)).into_response(),
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
            let mut response = ApiResponse(status, value).into_response();
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            response
        }
        Ok(IdempotencyRecord::First) => {
            let response = execute(system, &caller.actor, action).await;
            let body = response.1.to_string();
            let stored = (response.0 == StatusCode::OK).then_some((response.0.as_u16(), body.as_str()));
            if let Err(failed) = asked(system, &caller.token, key, stored).await {
                return to_response(Err(failed)).into_response();
            }
            response.into_response()
        }
    }
}

/// Executes an action as the actor, if the actor has the permission.
pub(super) async fn execute(system: &System, actor: &Actor, action: Action) -> ApiResponse {
    if let Some(Err(refusal)) = action.required_right().map(|permission| actor.require(permission)) {
        return ApiResponse::refused(&refusal);
    }
    let request = match action {
        Action::Query(query) => {
            let result = run_query(system, actor, query).await;
            return to_response(result.map(|answer| answer_value(&answer)));
        }
        Action::Perform(request) => *request,
        Action::Refuse(refusal) => return ApiResponse::refused(&refusal),
        Action::Send(body) => match body.request(system, actor).await {
            Ok(request) => request,
            Err(OperationError::Refused(refusal)) => return ApiResponse::refused(&refusal),
            Err(failed) => return to_response(Err(failed)),
        },
    };
    let done = perform(system, actor, request).await;
    to_response(done.map(|done| serde_json::to_value(done).unwrap_or_default()))
}

/// Returns the value of an answer without its envelope, as `--json` prints it.
fn answer_value(answer: &Answer) -> Value {
    let mut value = serde_json::to_value(answer).unwrap_or_default();
    for key in ["value", "told"] {
        if let Some(inner) = value.get_mut(key) {
            value = inner.take();
        }
    }
    value
}
