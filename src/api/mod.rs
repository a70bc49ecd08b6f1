//! HTTP for programs on this machine: the command line asks and acts through the Unix socket in the
//! data directory. The same queries, requests and rules as everywhere else. Who is asking is what
//! the kernel says about the other end.

mod events;
mod files;
mod http;
mod mcp;
mod socket;
mod terminal;
mod transfer;

use axum::body::Body;
use axum::extract::{Extension, Path, Query as Params, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

pub use self::http::routes as for_programs;
pub use self::mcp::on_standard_io as tools_on_standard_io;
pub use self::socket::{SOCKET_FILE, SocketPlace, Users, ask, follow, open_terminal, serve};
pub use self::terminal::{Consoles, Guest, Wanted};
pub use self::transfer::{Download, download, upload};

use crate::domain::ids::MessageId;
use crate::domain::query::Query;
use crate::domain::request::{Refusal, Request};
use crate::domain::role::Actor;
use crate::operations::{OperationError, System, perform, tell};

/// What the other side is told when it did not work.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum Trouble {
    /// A rule said no.
    Refused(Refusal),
    /// Something broke; the id finds it in the log.
    Failed { id: String, said: String },
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
        .with_state(system)
}

/// For somebody whom the configuration does not know: told so, whatever they ask.
fn strangers(uid: u32) -> Router {
    let why = format!("User id {uid} is not among the [[users]] of the configuration.");
    let refusal = Refusal::new("unknown_user", why, "An admin can add them, with their os_user.");
    Router::new().fallback(move || {
        let refusal = refusal.clone();
        async move { (StatusCode::FORBIDDEN, Json(Trouble::Refused(refusal))) }
    })
}

async fn query(State(system): State<System>, Extension(actor): Extension<Actor>, Json(query): Json<Query>) -> Response {
    answer(tell(&system, &actor, query).await)
}

async fn act(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Json(request): Json<Request>,
) -> Response {
    answer(perform(&system, &actor, request).await)
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
            (StatusCode::CONFLICT, Json(Trouble::Refused(refusal))).into_response()
        }
        Err(OperationError::Failed(error)) => {
            let trouble = failed(&error);
            (StatusCode::INTERNAL_SERVER_ERROR, Json(trouble)).into_response()
        }
    }
}

/// Logs a failure once, under an id that whoever asked can name.
pub fn failed(error: &crate::store::StoreError) -> Trouble {
    let said = error.to_string();
    let id = hex::encode(&crate::domain::key::digest(&[said.as_bytes()])[..4]);
    tracing::error!(id, %error, "an operation failed");
    Trouble::Failed { id, said }
}
