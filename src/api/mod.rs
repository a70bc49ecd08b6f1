//! HTTP for programs on this machine: the command line asks and acts through the Unix socket in the
//! data directory. The same queries, requests and rules as everywhere else. Who is asking is what
//! the kernel says about the other end.

mod error;
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
use axum::extract::{Extension, Path, Query as Params, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::Value;

pub use self::error::{ApiError, ErrorBody};
pub use self::http::routes as for_programs;
pub use self::mcp::on_standard_io as tools_on_standard_io;
pub use self::socket::{SOCKET_FILE, SocketPlace, Users, ask, follow, open_terminal, serve};
pub use self::terminal::{ConsoleClient, Consoles, TerminalSpec};
pub use self::transfer::{Download, download, upload};

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::ids::MessageId;
use crate::domain::query::Query;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;
use crate::operations::{OperationError, System, perform, run_query};

/// The refusal of a single thing that is asked for and is not there.
fn nothing() -> Refusal {
    Refusal::new(Code::NotFound, "No object has this id.", "")
}

/// A failure for somebody elsewhere: what broke is the log's.
fn hidden_failure(error: &crate::store::StoreError) -> ErrorBody {
    let mut body = ErrorBody::from(failed(error));
    if let Some(id) = &body.id {
        body.reason = format!("Internal error; the log has details under {id}.");
    }
    body
}

/// An error as an answer over HTTP; its code decides the status.
fn error(code: Code, reason: &str, remedy: &str) -> Response {
    (status_of(code), Json(ErrorBody::new(code, reason, remedy).json())).into_response()
}

/// A refusal as every door tells it.
fn refusal_json(refusal: &Refusal) -> serde_json::Value {
    ErrorBody::from(refusal).json()
}

/// Returns the HTTP status of a code; 409 for codes that only the command line uses.
fn status_of(code: Code) -> StatusCode {
    let status = code.http_status().and_then(|status| StatusCode::from_u16(status).ok());
    status.unwrap_or(StatusCode::CONFLICT)
}

/// `docs/roles.md`: who may do what, and which role each route and each tool takes.
pub fn roles_markdown() -> String {
    let mut text = crate::domain::access::permission::markdown();
    let mut table = |title: &str, of: &str, rows: Vec<(String, Permission)>| {
        text.push_str(&format!("\n## {title}\n\n| {of} | needs the role | to |\n|---|---|---|\n"));
        for (name, right) in rows {
            text.push_str(&format!("| `{name}` | {} | {} |\n", right.role().name(), right.what()));
        }
    };
    table("Routes of the HTTP API", "route", http::routes_by_role().collect());
    table("Tools for a model", "tool", mcp::tools_by_role().collect());
    text
}

fn routes(system: System) -> Router {
    Router::new()
        .route("/query", post(query))
        .route("/perform", post(act))
        .route("/events", get(events::follow))
        .route("/attach", get(terminal::attach))
        .route("/tool", post(mcp::call))
        .route("/uploads", post(take_file))
        .route("/messages/{message}/file", get(give_file))
        .layer(from_fn(shape::shaped_socket))
        .with_state(system)
}

/// For somebody whom the configuration does not know: told so, whatever they ask.
fn strangers(uid: u32) -> Router {
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

async fn act(State(system): State<System>, Extension(actor): Extension<Actor>, Json(request): Json<Value>) -> Response {
    match objects::read::<Request>(request) {
        Ok(request) => answer(perform(&system, &actor, request).await),
        Err(error) => unreadable(&error),
    }
}

/// Another version asks, or something else than this program.
fn unreadable(error: &serde_json::Error) -> Response {
    let why = format!("Cannot read the request: {error}.");
    let refusal = Refusal::new(Code::Request, why, "Use the version of the engine.");
    (StatusCode::UNPROCESSABLE_ENTITY, Json(refusal_json(&refusal))).into_response()
}

async fn take_file(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    headers: HeaderMap,
    Params(params): Params<files::UploadParams>,
    body: Body,
) -> Response {
    answer(files::take(&system, &actor, (&headers, &params), body).await)
}

async fn give_file(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Path(message): Path<MessageId>,
) -> Response {
    match files::give(&system, &actor, message).await {
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
            let trouble = failed(&error);
            (StatusCode::INTERNAL_SERVER_ERROR, Json(trouble)).into_response()
        }
    }
}

/// Failures of this process so far.
static FAILURES: AtomicU64 = AtomicU64::new(0);

/// Logs a failure once, under an id of its own that whoever asked can name: the process and its number there.
pub fn failed(error: &crate::store::StoreError) -> ApiError {
    let said = error.to_string();
    let id = format!("{}-{}", std::process::id(), FAILURES.fetch_add(1, Ordering::Relaxed) + 1);
    tracing::error!(id, %error, "Operation failed");
    ApiError::Failed { id, said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn each_failure_has_an_id_of_its_own() {
        let error = StoreError::TokenOver { name: "shop".into() };
        let id = || match failed(&error) {
            ApiError::Failed { id, .. } => id,
            ApiError::Refused(refusal) => panic!("{refusal}"),
        };
        assert_ne!(id(), id(), "the same words twice are two failures");
    }
}
