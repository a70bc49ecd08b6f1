//! The HTTP interfaces of the engine. This file has the one over the Unix socket in the data directory, through which
//! the command line sends its queries and requests, with the same rules as everywhere else; the kernel tells which
//! user is connected. `http` has the API for programs, `mcp` the tools for models.

mod escape;
mod events;
mod files;
mod http;
mod mcp;
mod names;
mod objects;
mod shape;
mod socket;
mod terminal;
mod transfer;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{Extension, Path, Query as QueryParams, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::Value;

pub use self::http::routes as for_programs;
pub use self::mcp::on_standard_io as tools_on_standard_io;
pub use self::socket::{SOCKET_FILE, SocketPlace, Users, follow_events, open_terminal, send_request, serve};
pub use self::terminal::{ConsoleClient, Consoles, TerminalSpec};
pub use self::transfer::{Download, download, upload};

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::ids::MessageId;
use crate::domain::query::Query;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;
use crate::domain::request_error::{ErrorBody, RequestError};
use crate::operations::{OperationError, System, perform, run_query};

/// The refusal for an object that does not exist.
fn not_found() -> Refusal {
    Refusal::new(Code::NotFound, "No object has this id.", "")
}

/// An error for callers outside this machine: the details are in the log only.
fn hidden_failure(error: &crate::store::StoreError) -> ErrorBody {
    let mut body = ErrorBody::from(failed(error));
    if let Some(id) = &body.id {
        body.reason = format!("Internal error; the log has details under {id}.");
    }
    body
}

/// Returns an error response; the code determines the HTTP status.
fn error(code: Code, reason: &str, remedy: &str) -> Response {
    (status_of(code), Json(ErrorBody::new(code, reason, remedy).json())).into_response()
}

/// Returns a refusal in the JSON shape of all errors.
fn refusal_json(refusal: &Refusal) -> serde_json::Value {
    ErrorBody::from(refusal).json()
}

/// Returns the HTTP status of a code; 409 for codes that only the command line uses.
fn status_of(code: Code) -> StatusCode {
    let status = code.http_status().and_then(|status| StatusCode::from_u16(status).ok());
    status.unwrap_or(StatusCode::CONFLICT)
}

/// Returns the text of `docs/roles.md`: what each role may do, and which role each route and tool needs.
pub fn roles_markdown() -> String {
    let mut text = crate::domain::access::permission::markdown();
    let mut table = |title: &str, of: &str, rows: Vec<(String, Permission)>| {
        text.push_str(&format!("\n## {title}\n\n| {of} | needs the role | to |\n|---|---|---|\n"));
        for (name, permission) in rows {
            text.push_str(&format!("| `{name}` | {} | {} |\n", permission.role().name(), permission.what()));
        }
    };
    table("Routes of the HTTP API", "route", http::routes_by_role().collect());
    table("Tools for a model", "tool", mcp::tools_by_role().collect());
    text
}

fn routes(system: System) -> Router {
    Router::new()
        .route("/query", post(query))
        .route("/perform", post(perform_request))
        .route("/events", get(events::follow))
        .route("/attach", get(terminal::attach))
        .route("/tool", post(mcp::call))
        .route("/uploads", post(upload_file))
        .route("/messages/{message}/file", get(download_file))
        .layer(from_fn(shape::unify_socket_errors))
        .with_state(system)
}

/// Routes for a user whom the configuration does not know: each request is refused with the reason.
fn unknown_user_routes(uid: u32) -> Router {
    let why = format!("The operating-system user {uid} is not in the configuration.");
    let refusal = Refusal::new(Code::UnknownUser, why, "Ask an admin to add the user to [[users]] with `os_user`.");
    Router::new().fallback(move || {
        let refusal = refusal.clone();
        async move { (status_of(refusal.code), Json(refusal_json(&refusal))) }
    })
}

async fn query(State(system): State<System>, Extension(actor): Extension<Actor>, Json(query): Json<Value>) -> Response {
    match objects::read::<Query>(query) {
        Ok(query) => answer(run_query(&system, &actor, query).await),
        Err(error) => unreadable(&error),
    }
}

async fn perform_request(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Json(request): Json<Value>,
) -> Response {
    match objects::read::<Request>(request) {
        Ok(request) => answer(perform(&system, &actor, request).await),
        Err(error) => unreadable(&error),
    }
}

/// The response to a request that cannot be read: the client has another version, or is another program.
fn unreadable(error: &serde_json::Error) -> Response {
    let why = format!("Cannot read the request: {error}.");
    let refusal = Refusal::new(Code::Request, why, "Use the version of the engine.");
    (StatusCode::UNPROCESSABLE_ENTITY, Json(refusal_json(&refusal))).into_response()
}

async fn upload_file(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    headers: HeaderMap,
    QueryParams(params): QueryParams<files::UploadParams>,
    body: Body,
) -> Response {
    answer(files::receive(&system, &actor, (&headers, &params), body).await)
}

async fn download_file(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Path(message): Path<MessageId>,
) -> Response {
    match files::respond_with_file(&system, &actor, message).await {
        Ok(response) => response,
        Err(error) => answer::<()>(Err(error)),
    }
}

fn answer<T: Serialize>(result: Result<T, OperationError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(OperationError::Refused(refusal)) => {
            (status_of(refusal.code), Json(refusal_json(&refusal))).into_response()
        }
        Err(OperationError::Failed(error)) => {
            let error_body = failed(&error);
            (StatusCode::INTERNAL_SERVER_ERROR, Json(error_body)).into_response()
        }
    }
}

/// Number of failures in this process.
static FAILURES: AtomicU64 = AtomicU64::new(0);

/// Converts an error for its caller. A failure is logged, and the error has its log id.
pub fn request_error(error: OperationError) -> RequestError {
    match error {
        OperationError::Refused(refusal) => RequestError::Refused(refusal),
        OperationError::Failed(error) => failed(&error),
    }
}

/// Logs a failure under a new id, and returns the error with that id. The id consists of process id and failure
/// count.
pub fn failed(error: &crate::store::StoreError) -> RequestError {
    let message = error.to_string();
    let id = format!("{}-{}", std::process::id(), FAILURES.fetch_add(1, Ordering::Relaxed) + 1);
    tracing::error!(id, %error, "Operation failed");
    RequestError::Failed { id, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn each_failure_has_its_own_id() {
        let error = StoreError::TokenOver { name: "shop".into() };
        let id = || match failed(&error) {
            RequestError::Failed { id, .. } => id,
            RequestError::Refused(refusal) => panic!("{refusal}"),
        };
        assert_ne!(id(), id(), "the same words twice are two failures");
    }
}
