//! The Unix socket of the engine, and its clients. The socket has mode 0600, or 0660 with a group, and serves one
//! HTTP request per connection; the peer's user id identifies the caller. If its file is removed, it is created
//! again.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Extension;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::terminal::{ConsoleHost, Consoles, PROTOCOL, TerminalSpec};
use super::{routes, unknown_user_routes};
use crate::domain::access::actor::Actor;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::ids::EventId;
use crate::domain::request_error::RequestError;
use crate::operations::System;

/// The name of the socket inside the data directory.
pub const SOCKET_FILE: &str = "wadeck.sock";

/// Maximum size of a response that a client reads, in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// Returns the actor of an operating-system user id; `None` if it is unknown.
pub type Users = std::sync::Arc<dyn Fn(u32) -> Option<Actor> + Send + Sync>;

/// Interval at which a missing socket file is detected.
const SOCKET_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The place of the socket, and who may connect to it.
#[derive(Debug, Clone)]
pub struct SocketPlace {
    pub directory: PathBuf,
    /// The id of the group whose members may connect. `None`: only its owner.
    pub group: Option<u32>,
}

impl SocketPlace {
    fn path(&self) -> PathBuf {
        self.directory.join(SOCKET_FILE)
    }

    /// Creates the socket, replacing any file of its name. Returns it with the identity of its file.
    fn bind(&self) -> std::io::Result<(UnixListener, FileId)> {
        let path = self.path();
        // The caller holds the lock of the data directory, so an existing socket file is left over.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        // The directory is not accessible to others, so nobody connects before the mode is set.
        let opened = match self.group {
            Some(group) => rustix::fs::chown(&path, None, Some(rustix::fs::Gid::from_raw(group)))
                .map_err(std::io::Error::from)
                .and_then(|()| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660))),
            None => std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)),
        };
        // A socket file must not remain if the start fails: it would look like a running engine.
        opened.inspect_err(|_| drop(std::fs::remove_file(&path)))?;
        let file = file_id(&path).ok_or(std::io::ErrorKind::NotFound)?;
        Ok((listener, file))
    }
}

/// The device and inode of a file.
type FileId = (u64, u64);

fn file_id(path: &Path) -> Option<FileId> {
    std::fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Serves the socket until `stop` is cancelled, then removes it. Fails if it cannot be created.
pub async fn serve(
    system: System,
    place: SocketPlace,
    users: Users,
    consoles: Option<Consoles>,
    tasks: TaskTracker,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let (mut listener, mut file) = place.bind()?;
    let own = tasks.clone();
    let host = ConsoleHost { consoles, tasks: tasks.clone(), stop: stop.clone() };
    tasks.spawn(async move {
        let mut file_check = tokio::time::interval(SOCKET_CHECK_INTERVAL);
        let mut is_logged = false;
        loop {
            let stream = tokio::select! {
                _ = file_check.tick() => {
                    if file_id(&place.path()) != Some(file) {
                        match place.bind() {
                            Ok(created) => {
                                (listener, file) = created;
                                is_logged = false;
                                tracing::warn!("The socket file was missing and was created again");
                            }
                            Err(error) if !is_logged => {
                                is_logged = true;
                                tracing::error!(%error, "The socket file is missing and cannot be created; retrying");
                            }
                            Err(_) => {}
                        }
                    }
                    continue;
                }
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "Cannot accept a local connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = stop.cancelled() => break,
            };
            let Ok(peer) = stream.peer_cred() else { continue };
            let routes = match users(peer.uid()) {
                Some(actor) => routes(system.clone()).layer(Extension(actor)).layer(Extension(host.clone())),
                None => unknown_user_routes(peer.uid()),
            };
            let service = TowerToHyperService::new(routes);
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(5)).keep_alive(false);
            let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
            let stop = stop.clone();
            own.spawn(async move {
                tokio::select! {
                    _ = connection => {}
                    () = stop.cancelled() => {}
                }
            });
        }
        let _ = std::fs::remove_file(place.path());
    });
    Ok(())
}

/// Opens a console at the engine of a data directory. The outer error means that no engine answers there.
pub async fn open_terminal(
    directory: &Path,
    spec: &TerminalSpec,
) -> std::io::Result<Result<TokioIo<Upgraded>, RequestError>> {
    let io_error = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let stream = UnixStream::connect(directory.join(SOCKET_FILE)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| io_error(&error))?;
    tokio::spawn(connection.with_upgrades());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let serde_json::Value::Object(fields) = serde_json::to_value(spec).map_err(|error| io_error(&error))? {
        for (name, value) in fields {
            match value {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) => drop(query.append_pair(&name, &text)),
                value => drop(query.append_pair(&name, &value.to_string())),
            }
        }
    }
    let request = hyper::Request::get(format!("/attach?{}", query.finish()))
        .header("host", "wadeck")
        .header("connection", "upgrade")
        .header("upgrade", PROTOCOL)
        .body(Full::new(Bytes::new()))
        .map_err(|error| io_error(&error))?;
    let response = sender.send_request(request).await.map_err(|error| io_error(&error))?;
    if response.status() == hyper::StatusCode::SWITCHING_PROTOCOLS {
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| io_error(&error))?;
        return Ok(Ok(TokioIo::new(upgraded)));
    }
    let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await;
    let body = body.map_err(|error| io_error(&error))?.to_bytes();
    match serde_json::from_slice(&body) {
        Ok(error) => Ok(Err(error)),
        Err(_) => Err(io_error(&String::from_utf8_lossy(&body[..body.len().min(300)]))),
    }
}

/// Follows the events of the engine of a data directory, from after an event on, and calls `each` with the JSON of
/// each one. Returns when the engine ends. The outer error means that no engine answers there.
pub async fn follow_events(
    directory: &Path,
    (after, console): (Option<EventId>, bool),
    scope: &ScopeChoice,
    mut each: impl FnMut(&str),
) -> std::io::Result<Result<(), RequestError>> {
    let io_error = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let stream = UnixStream::connect(directory.join(SOCKET_FILE)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| io_error(&error))?;
    let connection_task = tokio::spawn(connection);
    let path = events_path(after, console, scope).map_err(|error| io_error(&error))?;
    let request = hyper::Request::get(path).header("host", "wadeck").body(Full::new(Bytes::new()));
    let request = request.map_err(|error| io_error(&error))?;
    let response = sender.send_request(request).await.map_err(|error| io_error(&error))?;
    if !response.status().is_success() {
        let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await;
        let body = body.map_err(|error| io_error(&error))?.to_bytes();
        return serde_json::from_slice(&body).map(Err).map_err(|error| io_error(&error));
    }
    let mut body = response.into_body();
    let mut buffer: Vec<u8> = vec![];
    while let Some(Ok(frame)) = body.frame().await {
        buffer.extend(frame.into_data().unwrap_or_default());
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            if let Some(data) = String::from_utf8_lossy(&line).strip_prefix("data: ") {
                each(data.trim_end());
            }
        }
    }
    connection_task.abort();
    Ok(Ok(()))
}

fn events_path(after: Option<EventId>, console: bool, scope: &ScopeChoice) -> serde_json::Result<String> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(after) = after {
        query.append_pair("after", &after.to_string());
    }
    if console {
        query.append_pair("console", "lines");
    }
    query.append_pair("scope", &serde_json::to_string(scope)?);
    Ok(format!("/events?{}", query.finish()))
}

/// Posts a JSON request to the engine of a data directory. The outer error means that no engine answers there.
pub async fn send_request<Q: Serialize, A: DeserializeOwned>(
    directory: &Path,
    path: &str,
    request_body: &Q,
) -> std::io::Result<Result<A, RequestError>> {
    let io_error = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let stream = UnixStream::connect(directory.join(SOCKET_FILE)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| io_error(&error))?;
    let connection_task = tokio::spawn(connection);
    let body = serde_json::to_vec(request_body).map_err(|error| io_error(&error))?;
    let request = hyper::Request::post(path)
        .header("host", "wadeck")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| io_error(&error))?;
    let response = sender.send_request(request).await.map_err(|error| io_error(&error))?;
    let is_success = response.status().is_success();
    let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES)
        .collect()
        .await
        .map_err(|error| io_error(&error))?
        .to_bytes();
    connection_task.abort();
    if is_success {
        return Ok(Ok(serde_json::from_slice(&body).map_err(|error| io_error(&error))?));
    }
    match serde_json::from_slice(&body) {
        Ok(error) => Ok(Err(error)),
        Err(_) => Err(io_error(&String::from_utf8_lossy(&body[..body.len().min(300)]))),
    }
}
