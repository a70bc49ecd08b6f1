//! The Unix socket: mode 0600, one HTTP connection per question, the peer's user id says who asks. A
//! socket file that somebody removes is made anew while the engine runs.

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

use super::terminal::{Consoles, Host, PROTOCOL, TerminalSpec};
use super::{ApiError, routes, strangers};
use crate::domain::access::actor::Actor;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::ids::EventId;
use crate::operations::System;

/// The name of the socket inside the data directory.
pub const SOCKET_FILE: &str = "wadeck.sock";

const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Who a user id is.
pub type Users = std::sync::Arc<dyn Fn(u32) -> Option<Actor> + Send + Sync>;

/// How soon a socket file that is gone is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Where the socket lies, and who may reach it.
#[derive(Debug, Clone)]
pub struct SocketPlace {
    pub directory: PathBuf,
    /// The group whose members may connect, by its number; none: its owner alone.
    pub group: Option<u32>,
}

impl SocketPlace {
    fn path(&self) -> PathBuf {
        self.directory.join(SOCKET_FILE)
    }

    /// Makes the socket in place of whatever has its name. Returns it with the identity of its file.
    fn bind(&self) -> std::io::Result<(UnixListener, FileId)> {
        let path = self.path();
        // Whoever holds the lock on the data directory owns the name: a socket that is left is dead.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        // The directory is closed to others, so that nobody connects before this.
        let opened = match self.group {
            Some(group) => rustix::fs::chown(&path, None, Some(rustix::fs::Gid::from_raw(group)))
                .map_err(std::io::Error::from)
                .and_then(|()| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660))),
            None => std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)),
        };
        // Whoever looks must not find the socket of an engine that never was.
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

/// Serves the socket until `stop` is cancelled, and removes it.
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
    let host = Host { consoles, tasks: tasks.clone(), stop: stop.clone() };
    tasks.spawn(async move {
        let mut look = tokio::time::interval(LOOK_AGAIN);
        let mut told = false;
        loop {
            let stream = tokio::select! {
                _ = look.tick() => {
                    if file_id(&place.path()) != Some(file) {
                        match place.bind() {
                            Ok(made) => {
                                (listener, file) = made;
                                told = false;
                                tracing::warn!("The socket file was missing and was created again");
                            }
                            Err(error) if !told => {
                                told = true;
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
                None => strangers(peer.uid()),
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

/// Opens a console of the engine behind a data directory. The outer error means that there is none.
pub async fn open_terminal(
    directory: &Path,
    wanted: &TerminalSpec,
) -> std::io::Result<Result<TokioIo<Upgraded>, ApiError>> {
    let other = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let stream = UnixStream::connect(directory.join(SOCKET_FILE)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| other(&error))?;
    tokio::spawn(connection.with_upgrades());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let serde_json::Value::Object(fields) = serde_json::to_value(wanted).map_err(|error| other(&error))? {
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
        .map_err(|error| other(&error))?;
    let response = sender.send_request(request).await.map_err(|error| other(&error))?;
    if response.status() == hyper::StatusCode::SWITCHING_PROTOCOLS {
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| other(&error))?;
        return Ok(Ok(TokioIo::new(upgraded)));
    }
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
    let body = body.map_err(|error| other(&error))?.to_bytes();
    match serde_json::from_slice(&body) {
        Ok(trouble) => Ok(Err(trouble)),
        Err(_) => Err(other(&String::from_utf8_lossy(&body[..body.len().min(300)]))),
    }
}

/// Follows what happens, from after an event on: `each` is given the data of one event after the other.
/// Ends when the engine does. The outer error means that there is none.
pub async fn follow(
    directory: &Path,
    (after, console): (Option<EventId>, bool),
    scope: &ScopeChoice,
    mut each: impl FnMut(&str),
) -> std::io::Result<Result<(), ApiError>> {
    let other = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let stream = UnixStream::connect(directory.join(SOCKET_FILE)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| other(&error))?;
    let talking = tokio::spawn(connection);
    let path = events_path(after, console, scope).map_err(|error| other(&error))?;
    let request = hyper::Request::get(path).header("host", "wadeck").body(Full::new(Bytes::new()));
    let request = request.map_err(|error| other(&error))?;
    let response = sender.send_request(request).await.map_err(|error| other(&error))?;
    if !response.status().is_success() {
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| other(&error))?.to_bytes();
        return serde_json::from_slice(&body).map(Err).map_err(|error| other(&error));
    }
    let mut body = response.into_body();
    let mut waiting: Vec<u8> = vec![];
    while let Some(Ok(frame)) = body.frame().await {
        waiting.extend(frame.into_data().unwrap_or_default());
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            if let Some(data) = String::from_utf8_lossy(&line).strip_prefix("data: ") {
                each(data.trim_end());
            }
        }
    }
    talking.abort();
    Ok(Ok(()))
}

fn events_path(after: Option<EventId>, console: bool, scope: &ScopeChoice) -> serde_json::Result<String> {
    let mut wishes = url::form_urlencoded::Serializer::new(String::new());
    if let Some(after) = after {
        wishes.append_pair("after", &after.to_string());
    }
    if console {
        wishes.append_pair("console", "lines");
    }
    wishes.append_pair("scope", &serde_json::to_string(scope)?);
    Ok(format!("/events?{}", wishes.finish()))
}

/// Asks the engine behind a data directory. The outer error means that there is none.
pub async fn ask<Q: Serialize, A: DeserializeOwned>(
    directory: &Path,
    path: &str,
    question: &Q,
) -> std::io::Result<Result<A, ApiError>> {
    let other = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let stream = UnixStream::connect(directory.join(SOCKET_FILE)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| other(&error))?;
    let talking = tokio::spawn(connection);
    let body = serde_json::to_vec(question).map_err(|error| other(&error))?;
    let request = hyper::Request::post(path)
        .header("host", "wadeck")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| other(&error))?;
    let response = sender.send_request(request).await.map_err(|error| other(&error))?;
    let good = response.status().is_success();
    let body =
        Limited::new(response.into_body(), LONGEST_ANSWER).collect().await.map_err(|error| other(&error))?.to_bytes();
    talking.abort();
    if good {
        return Ok(Ok(serde_json::from_slice(&body).map_err(|error| other(&error))?));
    }
    match serde_json::from_slice(&body) {
        Ok(trouble) => Ok(Err(trouble)),
        Err(_) => Err(other(&String::from_utf8_lossy(&body[..body.len().min(300)]))),
    }
}
