//! A console for whoever asks over the socket: the connection stops being HTTP and carries a terminal.

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

/// What the connection is after it was HTTP.
pub const PROTOCOL: &str = "wadeck-terminal";

/// What the terminal at the other end is like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TerminalSpec {
    pub columns: u16,
    pub rows: u16,
    pub colour: bool,
    pub ascii: bool,
    /// There is an editor at that end.
    pub editor: bool,
    /// It is reached over a line that costs.
    pub spares: bool,
    /// Look, and change nothing.
    pub read_only: bool,
    /// There is a shell to go back to for a while.
    #[serde(default)]
    pub shell: bool,
    /// Which organization's numbers are shown first; without it, the usual one's.
    #[serde(default)]
    pub organization: Option<String>,
    /// Which environment is shown first.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// Everything is shown together.
    #[serde(default)]
    pub everywhere: bool,
}

impl TerminalSpec {
    /// What is shown first.
    pub fn scope(&self) -> ScopeChoice {
        ScopeChoice::named(self.organization.clone(), self.environment, self.everywhere).unwrap_or_default()
    }
}

/// Something that is read and written.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// Somebody who wants a console.
pub struct ConsoleClient {
    pub system: System,
    pub actor: Actor,
    pub wanted: TerminalSpec,
    pub line: Pin<Box<dyn Transport>>,
    pub stop: CancellationToken,
}

impl std::fmt::Debug for ConsoleClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("actor", &self.actor).field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

/// Gives guests their consoles.
pub type Consoles = Arc<dyn Fn(ConsoleClient) -> BoxFuture<'static, ()> + Send + Sync>;

/// What the handler needs beside the system.
#[derive(Clone)]
pub(super) struct Host {
    pub consoles: Option<Consoles>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

pub(super) async fn attach(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    Extension(host): Extension<Host>,
    Parameters(wanted): Parameters<TerminalSpec>,
    request: Request,
) -> Response {
    let Some(consoles) = host.consoles else {
        return (StatusCode::NOT_IMPLEMENTED, "This engine has no consoles to give.").into_response();
    };
    let upgrade = hyper::upgrade::on(request);
    let stop = host.stop;
    host.tasks.spawn(async move {
        match upgrade.await {
            Ok(line) => {
                let line: Pin<Box<dyn Transport>> = Box::pin(TokioIo::new(line));
                consoles(ConsoleClient { system, actor, wanted, line, stop }).await;
            }
            Err(error) => tracing::debug!(%error, "Client disconnected before its console started"),
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    response
}
