//! The door for webhooks under abuse: the slow, the silent, the many; and a writer that is busy.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wadeck::simulator::Saying;
use wadeck::webhook::{Limits, Listener, routes};

use crate::stage::{SUPPORT, Stage, rosa};

const PATIENCE: Duration = Duration::from_secs(20);

async fn impatient(stage: &Stage, connections: usize) -> (std::net::SocketAddr, CancellationToken) {
    let patience = Duration::from_millis(150);
    let limits = Limits { header_timeout: patience, body_timeout: patience, ..Limits::new(connections) };
    let door = Listener::bind(([127, 0, 0, 1], 0).into(), limits).await.expect("a port");
    let address = door.address().expect("an address");
    let stop = CancellationToken::new();
    tokio::spawn(door.serve(routes(&stage.system, limits), TaskTracker::new(), stop.clone()));
    (address, stop)
}

/// Everything that is said until the other side hangs up.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut said)).await.expect("it is closed").unwrap_or_default();
    said
}

#[tokio::test]
async fn whoever_is_slow_or_silent_is_let_go() {
    let stage = Stage::set().await;
    let (address, _stop) = impatient(&stage, 8).await;
    let head = "POST /webhook/kapso/messages HTTP/1.1\r\nhost: x\r\n";
    for beginning in ["", "POST /webh", head] {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(beginning.as_bytes()).await.expect("written");
        until_closed(&mut stream).await;
    }
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(format!("{head}content-length: 100\r\n\r\n{{\"half\"").as_bytes()).await.expect("written");
    assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 408"));
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("written");
    assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 200"), "and then its silence ends it");
}

#[tokio::test]
async fn more_than_fit_wait_at_the_door_and_are_served_then() {
    let stage = Stage::set().await;
    let (address, _stop) = impatient(&stage, 2).await;
    let mut idle = vec![];
    for _ in 0..2 {
        idle.push(TcpStream::connect(address).await.expect("connected"));
    }
    let answer = reqwest::get(format!("http://{address}/healthz")).await.expect("an answer, once the silent are gone");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_full_queue_says_come_later_and_loses_nothing() {
    let mut stage = Stage::with_inbox(1).await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::text("first"));
    let until = stage.now().millis();
    // Nobody writes: the first waits in the queue, and whoever comes then is told to come later.
    let posting = stage.simulator.step(until);
    let refused = async {
        loop {
            let body = r#"{"type":"whatsapp.message.received"}"#;
            let request = reqwest::Client::new()
                .post(format!("http://{}/webhook/kapso/messages", stage.address))
                .header("x-webhook-signature", crate::stage::signature(body))
                .timeout(Duration::from_millis(300))
                .body(body);
            match request.send().await {
                Ok(answer) => break answer,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let answer = tokio::select! {
        answer = refused => answer,
        _ = posting => panic!("nobody wrote it down"),
    };
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "2");
    // What was in the queue is written all the same when the writer comes.
    assert!(wadeck::operations::commit_pending_deliveries(&stage.system, &mut stage.inbox).await);
    stage.apply().await;
    assert_eq!(stage.threads().await.len(), 1);
}

#[tokio::test]
async fn what_is_not_taken_comes_again_after_ten_forty_and_ninety_seconds() {
    let mut stage = Stage::set().await;
    stage.simulator.subscribe("http://127.0.0.1:9");
    stage.simulator.says(SUPPORT, &rosa(), &Saying::text("is anybody there?"));
    for (wait, left) in [(0, 1), (10, 1), (40, 1)] {
        stage.pass(Duration::from_secs(wait));
        assert_eq!(stage.deliver().await, 0);
        assert_eq!(stage.simulator.queued_webhooks(), left);
    }
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    stage.pass(Duration::from_secs(89));
    assert_eq!(stage.deliver().await, 0, "not before its time");
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.deliver().await, 1);
    assert_eq!(stage.threads().await.len(), 1);
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story() {
    let (first, second) = (Stage::set().await, Stage::set().await);
    for stage in [&first, &second] {
        for words in ["one", "two", "three"] {
            stage.simulator.says(SUPPORT, &rosa(), &Saying::text(words));
        }
    }
    assert_eq!(
        first.simulator.says(SUPPORT, &rosa(), &Saying::text("four")),
        second.simulator.says(SUPPORT, &rosa(), &Saying::text("four"))
    );
}
