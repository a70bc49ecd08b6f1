//! Durable ingest over HTTP: verify, store, respond 200. Compares wadeck, wadeck while it also applies the webhooks,
//! and the simplest design: one transaction per request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use criterion::{BenchmarkId, Criterion, Throughput};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wadeck::operations;
use wadeck::webhook::{Limits, Listener, routes};

use crate::support::{SECRET, SUPPORT, now, runtime, simulator, system};

static NUMBER: AtomicU64 = AtomicU64::new(1);

fn body() -> (Bytes, String) {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let body = serde_json::json!({
        "message": { "id": format!("wamid.BENCH{number:012}"), "from": format!("1555{:07}", number % 5_000),
            "timestamp": (now() / 1_000).to_string(), "type": "text", "text": { "body": "x".repeat(400) },
            "kapso": { "direction": "inbound", "status": "received", "content": "x".repeat(400) } },
        "conversation": { "phone_number": format!("+1555{:07}", number % 5_000), "phone_number_id": SUPPORT,
            "metadata": { "padding": "y".repeat(300) } },
        "is_new_conversation": false, "phone_number_id": SUPPORT,
    })
    .to_string();
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key").chain_update(&body);
    (Bytes::from(body), hex::encode(mac.finalize().into_bytes()))
}

/// Posts `total` deliveries over `clients` connections. Returns the time it took.
async fn post_all(address: std::net::SocketAddr, clients: usize, total: u64) -> Duration {
    // Built beforehand, so that only the ingest is measured.
    let bodies: Arc<Vec<(Bytes, String)>> = Arc::new((0..total).map(|_| body()).collect());
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = vec![];
    for _ in 0..clients {
        let stream = TcpStream::connect(address).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("shaken");
        tokio::spawn(connection);
        senders.push(sender);
    }
    let began = Instant::now();
    let mut tasks = vec![];
    for mut sender in senders {
        let (bodies, next) = (bodies.clone(), next.clone());
        tasks.push(tokio::spawn(async move {
            while let Some((body, signature)) = bodies.get(next.fetch_add(1, Ordering::Relaxed) as usize).cloned() {
                let request = hyper::Request::post("/webhook/kapso/messages")
                    .header("host", "bench")
                    .header("x-webhook-event", "whatsapp.message.received")
                    .header("x-webhook-signature", signature)
                    .body(Full::new(body))
                    .expect("a request");
                sender.ready().await.expect("ready");
                let response = sender.send_request(request).await.expect("answered");
                assert_eq!(response.status(), 200);
                let _ = response.into_body().collect().await;
            }
        }));
    }
    for task in tasks {
        task.await.expect("whole");
    }
    began.elapsed()
}

async fn insert(State(pool): State<SqlitePool>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature =
        headers.get("x-webhook-signature").and_then(|value| hex::decode(value.as_bytes()).ok()).unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key").chain_update(&body);
    if mac.verify_slice(&signature).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let key = parsed["message"]["id"].as_str().unwrap_or_default().to_owned();
    let mut transaction = pool.begin().await.expect("begun");
    sqlx::query("INSERT INTO deliveries (key, body, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(key)
        .bind(body.to_vec())
        .bind(now())
        .execute(&mut *transaction)
        .await
        .expect("inserted");
    transaction.commit().await.expect("committed");
    StatusCode::OK
}

/// Starts the simplest design: one transaction per request on one writer connection, equally durable.
async fn start_simple_design(directory: &std::path::Path) -> (std::net::SocketAddr, SqlitePool) {
    let options = SqliteConnectOptions::new()
        .filename(directory.join("naive.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("opened");
    sqlx::query("CREATE TABLE deliveries (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body BLOB NOT NULL, at INTEGER NOT NULL) STRICT")
        .execute(&pool)
        .await
        .expect("made");
    let router = Router::new().route("/webhook/kapso/messages", post(insert)).with_state(pool.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, pool)
}

pub fn ingest(criterion: &mut Criterion) {
    let runtime = runtime();
    let directory = tempfile::tempdir().expect("a directory");
    let (simple, _pool) = runtime.block_on(start_simple_design(directory.path()));
    let stop = CancellationToken::new();
    let open = |applying: bool| {
        let path = directory.path().join(if applying { "applying" } else { "storing" });
        std::fs::create_dir_all(&path).expect("made");
        let stop = stop.clone();
        runtime.block_on(async move {
            let simulator = simulator().await;
            let (system, mut inbox) = system(&path, &simulator).await;
            let door = Listener::bind(([127, 0, 0, 1], 0).into(), Limits::new(512)).await.expect("a port");
            let address = door.address().expect("an address");
            tokio::spawn(door.serve(routes(&system, Limits::new(512)), TaskTracker::new(), stop.clone()));
            if applying {
                wadeck::workers::start(&system, inbox, &TaskTracker::new(), &stop);
            } else {
                tokio::spawn(async move { while operations::commit_pending_deliveries(&system, &mut inbox).await {} });
            }
            std::mem::forget(simulator);
            address
        })
    };
    let (storing, applying) = (open(false), open(true));
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Elements(1));
    for clients in [1, 64, 256] {
        let designs =
            [("one transaction per request", simple), ("wadeck", storing), ("wadeck, applying too", applying)];
        for (name, address) in designs {
            group.bench_function(BenchmarkId::new(name, clients), |bencher| {
                bencher.iter_custom(|iterations| {
                    // Enough deliveries to reach the usual batch size.
                    let total = iterations.max(400);
                    let took = runtime.block_on(post_all(address, clients, total));
                    took.mul_f64(iterations as f64 / total as f64)
                });
            });
        }
    }
    group.finish();
    stop.cancel();
}
