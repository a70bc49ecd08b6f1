//! The accept loop: every connection is bounded in number, in time and in silence. Whoever sends
//! half a header, or nothing, does not hold a place.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How patient the door is.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections: usize,
    /// For the headers of a request, and for the silence between two of them.
    pub headers: Duration,
    /// For the whole body to arrive.
    pub body: Duration,
}

impl Limits {
    pub const fn new(connections: usize) -> Self {
        Self { connections, headers: Duration::from_secs(5), body: Duration::from_secs(5) }
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
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: the ones in use will come free.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let service = TowerToHyperService::new(routes.clone());
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(self.limits.headers).max_buf_size(64 * 1024);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            let stop = stop.clone();
            tasks.spawn(async move {
                let _place = place;
                tokio::pin!(connection);
                tokio::select! {
                    // Whoever breaks off has nothing to be told.
                    _ = connection.as_mut() => {}
                    () = stop.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        let _ = connection.await;
                    }
                }
            });
        }
    }
}
