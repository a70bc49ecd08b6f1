//! The accept loop of the webhook listener. Connections are limited in number, and each is limited in time, so that a
//! client that sends half a request, or nothing, does not occupy a slot.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use futures::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::drain::drain;
use super::tracked_body::TrackedBody;
use crate::operations::{BodyBudget, Visitor};

/// Default limit, in bytes, for all request bodies that are being read.
const MAX_BUFFERED_BYTES: usize = 48 * 1024 * 1024;

/// The limits of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Time limit for the headers of a request, and for the pause between two requests of a connection.
    pub header_timeout: Duration,
    /// Time limit for the whole body, and separately for waiting until memory for it is free.
    pub body_timeout: Duration,
    /// Bytes that all request bodies together may occupy while they are read.
    pub max_buffered: usize,
}

impl Limits {
    pub const fn new(max_connections: usize) -> Self {
        Self {
            max_connections,
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(5),
            max_buffered: MAX_BUFFERED_BYTES,
        }
    }
}

/// A listener on a TCP port.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    limits: Limits,
}

impl Listener {
    /// Listens on an address. Fails if it is in use or not available.
    pub async fn bind(address: SocketAddr, limits: Limits) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, limits })
    }

    /// Uses a socket that another process has bound before this one started; its queued connections are accepted.
    pub fn from_std(listener: std::net::TcpListener, limits: Limits) -> std::io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { listener: TcpListener::from_std(listener)?, limits })
    }

    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled. Started requests are finished.
    pub async fn serve(self, routes: Router, tasks: TaskTracker, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(self.limits.max_connections));
        let budget = BodyBudget::new(self.limits.max_buffered);
        loop {
            let slot = tokio::select! {
                slot = slots.clone().acquire_owned() => slot,
                () = stop.cancelled() => return,
            };
            let Ok(slot) = slot else { return };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Usually the process is out of file descriptors; some become free as connections end.
                    tracing::warn!(%error, "Cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let client = Visitor { address: from.ip().to_canonical(), bodies: budget.clone() };
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(self.limits.header_timeout).max_buf_size(64 * 1024);
            let (routes, stop) = (routes.clone(), stop.clone());
            tasks.spawn(async move {
                let _place = slot;
                serve_connection(&http, stream, routes, client, stop).await;
            });
        }
    }
}

/// Serves one connection until it ends.
async fn serve_connection(
    http: &http1::Builder,
    stream: TcpStream,
    routes: Router,
    client: Visitor,
    stop: CancellationToken,
) {
    let routes = TowerToHyperService::new(routes);
    let unread = Arc::new(AtomicBool::new(false));
    let is_body_unread = unread.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(client.clone());
        let read = Arc::new(AtomicBool::new(request.body().is_end_stream()));
        let response = routes.call(request.map(|body| TrackedBody { body, read: read.clone() }));
        let unread = unread.clone();
        async move {
            let mut response = response.await?;
            // A response that did not read the whole body is the last one on this connection.
            if !read.load(Ordering::Relaxed) {
                unread.store(true, Ordering::Relaxed);
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
        .boxed()
    });
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    // A broken connection needs no response.
    tokio::select! {
        _ = std::future::poll_fn(|context| connection.poll_without_shutdown(context)) => {}
        () = stop.cancelled() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            let _ = std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await;
        }
    }
    if is_body_unread.load(Ordering::Relaxed) {
        drain(connection.into_parts().io.into_inner()).await;
    }
}
