//! The accept loop: every connection is bounded in number, in time and in silence. Whoever sends
//! half a header, or nothing, does not hold a place.

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

use super::linger::linger;
use super::watched::Watched;
use crate::operations::{BodyBudget, Visitor};

/// What all bodies that are being read may take together, where nothing else is configured.
const BODIES: usize = 48 * 1024 * 1024;

/// How patient the door is.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections: usize,
    /// For the headers of a request, and for the silence between two of them.
    pub headers: Duration,
    /// For the whole body to arrive, and for memory to become free before that.
    pub body: Duration,
    /// Bytes that all bodies which are being read may take together.
    pub bodies: usize,
}

impl Limits {
    pub const fn new(connections: usize) -> Self {
        Self { connections, headers: Duration::from_secs(5), body: Duration::from_secs(5), bodies: BODIES }
    }
}

/// An open port.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    limits: Limits,
}

impl Door {
    pub async fn open(address: SocketAddr, limits: Limits) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, limits })
    }

    /// A port that somebody opened for us before we were there: nothing that knocked meanwhile is lost.
    pub fn adopt(listener: std::net::TcpListener, limits: Limits) -> std::io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { listener: TcpListener::from_std(listener)?, limits })
    }

    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled; then requests that have begun are finished.
    pub async fn serve(self, routes: Router, tasks: TaskTracker, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let bodies = BodyBudget::new(self.limits.bodies);
        loop {
            let place = tokio::select! {
                place = places.clone().acquire_owned() => place,
                () = stop.cancelled() => return,
            };
            let Ok(place) = place else { return };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: the ones in use will come free.
                    tracing::warn!(%error, "Cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let visitor = Visitor { address: from.ip().to_canonical(), bodies: bodies.clone() };
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(self.limits.headers).max_buf_size(64 * 1024);
            let (routes, stop) = (routes.clone(), stop.clone());
            tasks.spawn(async move {
                let _place = place;
                serve_connection(&http, stream, routes, visitor, stop).await;
            });
        }
    }
}

/// Serves one connection to its end.
async fn serve_connection(
    http: &http1::Builder,
    stream: TcpStream,
    routes: Router,
    visitor: Visitor,
    stop: CancellationToken,
) {
    let routes = TowerToHyperService::new(routes);
    let unread = Arc::new(AtomicBool::new(false));
    let left_unread = unread.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(visitor.clone());
        let read = Arc::new(AtomicBool::new(request.body().is_end_stream()));
        let answered = routes.call(request.map(|body| Watched { body, read: read.clone() }));
        let unread = unread.clone();
        async move {
            let mut response = answered.await?;
            // An answer that did not wait for the whole body is the last one on this connection.
            if !read.load(Ordering::Relaxed) {
                unread.store(true, Ordering::Relaxed);
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
        .boxed()
    });
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    // Whoever breaks off has nothing to be told.
    tokio::select! {
        _ = std::future::poll_fn(|context| connection.poll_without_shutdown(context)) => {}
        () = stop.cancelled() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            let _ = std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await;
        }
    }
    if left_unread.load(Ordering::Relaxed) {
        linger(connection.into_parts().io.into_inner()).await;
    }
}
