//! Consoles over the socket: the HTTP connection is upgraded and then carries a terminal.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{Extension, Query as Parameters, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::access::actor::Actor;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::numbers::connection::Environment;
use crate::operations::System;

/// The protocol name of the upgrade.
pub const PROTOCOL: &str = "wadeck-terminal";

/// The client's terminal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TerminalSpec {
    pub columns: u16,
    pub rows: u16,
    pub colour: bool,
    pub ascii: bool,
    /// The client can start an editor.
    pub editor: bool,
    /// The connection is remote: frames of changes by others are limited in rate and size.
    #[serde(rename = "spares")]
    pub is_remote: bool,
    /// The console refuses every change.
    pub read_only: bool,
    /// The client can suspend the console and return to its shell.
    #[serde(default)]
    pub shell: bool,
    /// The organization that is shown first. `None`: the default scope.
    #[serde(default)]
    pub organization: Option<String>,
    /// The environment that is shown first. `None`: the default scope.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// All organizations and environments are shown together.
    #[serde(default)]
    pub everywhere: bool,
}

impl TerminalSpec {
    /// Returns the scope that is shown first.
    pub fn scope(&self) -> ScopeChoice {
        ScopeChoice::named(self.organization.clone(), self.environment, self.everywhere).unwrap_or_default()
    }
}

/// A byte stream in both directions.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// A client that opens a console.
pub struct ConsoleClient {
    pub system: System,
    pub actor: Actor,
    pub terminal: TerminalSpec,
    pub transport: Pin<Box<dyn Transport>>,
    pub stop: CancellationToken,
}

impl std::fmt::Debug for ConsoleClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("actor", &self.actor).field("wanted", &self.terminal).finish_non_exhaustive()
    }
}

/// Runs the console of a client until it ends.
pub type Consoles = Arc<dyn Fn(ConsoleClient) -> BoxFuture<'static, ()> + Send + Sync>;

/// What the handler needs in addition to the system.
#[derive(Clone)]
pub(super) struct ConsoleHost {
    pub consoles: Option<Consoles>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// Upgrades the connection and runs a console on it; 501 if this engine runs no consoles.
pub(super) async fn attach(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Extension(host): Extension<ConsoleHost>,
    Parameters(terminal): Parameters<TerminalSpec>,
    request: Request,
) -> Response {
    let Some(consoles) = host.consoles else {
        return (StatusCode::NOT_IMPLEMENTED, "This engine has no consoles to give.").into_response();
    };
    let upgrade = hyper::upgrade::on(request);
    let stop = host.stop;
    host.tasks.spawn(async move {
        match upgrade.await {
            Ok(transport) => {
                let transport: Pin<Box<dyn Transport>> = Box::pin(TokioIo::new(transport));
                consoles(ConsoleClient { system, actor, terminal, transport, stop }).await;
            }
            Err(error) => tracing::debug!(%error, "Client disconnected before its console started"),
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    response
}
