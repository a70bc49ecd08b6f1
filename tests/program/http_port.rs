//! The HTTP port, with raw sockets and other clients: oversized, too many and unsigned bodies; invalid tokens;
//! metrics only for this machine.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, Served, WAIT_LIMIT, World, simulator, until};

const PATH: &str = "/webhook/kapso/messages";

fn connect(world: &World) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", world.port)).expect("connected");
    stream.set_read_timeout(Some(WAIT_LIMIT)).expect("set");
    stream
}

/// Reads until the other side closes the connection.
fn read_all(stream: &mut TcpStream) -> String {
    let mut output_text = vec![];
    let _ = stream.read_to_end(&mut output_text);
    String::from_utf8_lossy(&output_text).into_owned()
}

fn head(path: &str, length: u64, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{more}\r\n")
}

/// Returns the resident memory of a process in MB.
fn resident(engine: &Served) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", engine.0.id())).expect("a process");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number") / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_bodies_are_refused_by_their_length() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    // Refused by the declared length, without waiting for the body.
    for length in [1_000_000_000_000_000, 20_000_000, 4 * 1024 * 1024 + 1] {
        let began = Instant::now();
        let mut stream = connect(&world);
        stream.write_all(head(PATH, length, "").as_bytes()).expect("written");
        let output_text = read_all(&mut stream);
        assert!(output_text.starts_with("HTTP/1.1 413"), "{length}: {output_text}");
        assert!(began.elapsed() < Duration::from_secs(2), "{length} after {:?}", began.elapsed());
    }
    // A client that sends `Expect` gets no `100 Continue`.
    let mut stream = connect(&world);
    stream.write_all(head(PATH, 20_000_000, "expect: 100-continue\r\n").as_bytes()).expect("written");
    let output_text = read_all(&mut stream);
    assert!(output_text.starts_with("HTTP/1.1 413") && !output_text.contains("100 Continue"), "{output_text}");
    // A client that sends the whole body before reading still gets the response.
    let mut stream = connect(&world);
    stream.write_all(head(PATH, 20_000_000, "").as_bytes()).expect("written");
    let piece = vec![b'x'; 1_000_000];
    for _ in 0..20 {
        stream.write_all(&piece).expect("it is read, and thrown away");
    }
    stream.shutdown(Shutdown::Write).expect("ended");
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 413"));
    // Without a declared length, the body is read up to the limit.
    let mut stream = connect(&world);
    let chunked = format!(
        "POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nx-webhook-signature: {}\r\n\r\n",
        "0".repeat(64)
    );
    stream.write_all(chunked.as_bytes()).expect("written");
    for _ in 0..7 {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).expect("written");
        stream.write_all(&piece).expect("written");
        stream.write_all(b"\r\n").expect("written");
    }
    stream.write_all(b"0\r\n\r\n").expect("written");
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 413"));
}

#[tokio::test(flavor = "multi_thread")]
async fn common_http_clients_read_the_refusal() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let place = format!("127.0.0.1:{}", world.port);
    let python = format!(
        "import http.client\nc = http.client.HTTPConnection('{place}', timeout=30)\nc.request('POST', '{PATH}', b'x' * 20_000_000)\nprint(c.getresponse().status)"
    );
    let file = world.directory.path().join("large");
    std::fs::write(&file, vec![b'x'; 20_000_000]).expect("written");
    let curl = |more: &'static str| {
        vec![
            "-sS".to_owned(),
            "-o".into(),
            "/dev/null".into(),
            "-w".into(),
            "%{http_code}".into(),
            "-H".into(),
            more.into(),
            "--data-binary".into(),
            format!("@{}", file.display()),
            format!("http://{place}{PATH}"),
        ]
    };
    let node = format!(
        "const r = require('http').request({{host: '127.0.0.1', port: {}, path: '{PATH}', method: 'POST', headers: {{'content-length': 20000000}}}}, a => {{ console.log(a.statusCode); a.resume() }});\nr.on('error', e => console.log(e.code)); r.end(Buffer.alloc(20000000))",
        world.port
    );
    for (program, arguments) in [
        ("python3", vec!["-c".to_owned(), python]),
        ("curl", curl("Expect:")),
        ("curl", curl("Expect: 100-continue")),
        ("node", vec!["-e".to_owned(), node]),
    ] {
        // Skipped where the program is not installed.
        let Ok(output) = Command::new(program).args(&arguments).stdin(Stdio::null()).output() else { continue };
        let output_text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(output_text, "413", "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_bodies_use_bounded_memory_and_block_nobody() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let engine = world.serve();
    let length = 4 * 1024 * 1024;
    // Without a signature, and with a wrong one: the latter bodies must be read.
    let signed = format!("x-webhook-signature: {}\r\n", "0".repeat(64));
    let piece = vec![b'x'; length - 1];
    let mut held = vec![];
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..60)
            .map(|number| {
                let head = head(PATH, length as u64, if number % 2 == 0 { "" } else { &signed });
                let (piece, world) = (&piece, &world);
                scope.spawn(move || {
                    let mut stream = connect(world);
                    stream.set_write_timeout(Some(Duration::from_secs(1))).expect("set");
                    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(piece));
                    stream
                })
            })
            .collect();
        // While the large requests are open, small ones are served.
        simulator.subscribe(&world.url());
        simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("still there?"));
        held.extend(senders.into_iter().map(|sender| sender.join().expect("sent")));
    });
    simulator.step(crate::world::now_millis() + 60_000).await;
    until("a small one came through", || !world.json(&["threads", "list"])[0].is_null());
    assert!(resident(&engine) < 150, "{} MB while they are held", resident(&engine));
    drop(held);
    until("it is given back", || resident(&engine) < 150);
    assert_eq!(reqwest::get(format!("{}/healthz", world.url())).await.expect("an answer").status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_are_limited_and_do_not_block_the_right_one() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let made = world.run(&["tokens", "make", "shop", "--role", "viewer", "--everywhere"]);
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    let token = text.split_whitespace().find(|word| word.starts_with("wadeck_")).expect("a token").to_owned();
    let client = reqwest::Client::new();
    let url = format!("{}/api/v1/threads", world.url());
    let ask = async |token: &str| client.get(&url).bearer_auth(token).send().await.expect("an answer");
    let (mut refused, mut limited) = (0, 0);
    for number in 0..150 {
        let answer = ask(&format!("wadeck_{number:060}")).await;
        match answer.status().as_u16() {
            401 => refused += 1,
            429 => {
                limited += 1;
                assert_eq!(answer.headers()["retry-after"], "60");
            }
            other => panic!("{other}"),
        }
    }
    assert!(refused <= 45 && limited >= 100, "{refused} refused, {limited} limited");
    assert_eq!(ask(&token).await.status(), 200, "a right one passes, also for the first time");
    let alerts = world.json(&["alerts", "list", "--open"]);
    let alert_count = alerts.as_array().expect("a list").iter().filter(|alert| alert["kind"] == "wrong_tokens").count();
    assert_eq!(alert_count, 1, "{alerts}");
    let lines = world.log().matches("an invalid token").count();
    assert!((1..=3).contains(&lines), "{lines} lines for 150 of them");
    // Metrics are served locally and with a token, but not through a proxy.
    let figures = format!("{}/metrics", world.url());
    let proxied = async |token: Option<&str>| {
        let request = client.get(&figures).header("x-forwarded-for", "203.0.113.9");
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(client.get(&figures).send().await.expect("an answer").status(), 200);
    assert_eq!((proxied(None).await, proxied(Some("wadeck_x")).await, proxied(Some(&token)).await), (403, 403, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_refused_to_other_addresses() {
    // A non-loopback address of this machine represents a remote client.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let outside = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr());
    let Some(outside) = outside.ok().map(|address| address.ip()).filter(|address| !address.is_loopback()) else {
        return;
    };
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&file).expect("read");
    std::fs::write(&file, text.replace("127.0.0.1:", "0.0.0.0:")).expect("written");
    let _engine = world.serve();
    let figures = |host: &str| format!("http://{host}:{}/metrics", world.port);
    let status = async |host: &str| reqwest::get(figures(host)).await.expect("an answer").status().as_u16();
    assert_eq!((status("127.0.0.1").await, status(&outside.to_string()).await), (200, 403));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workflow_path_accepts_the_same_webhooks() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let alias = format!("{}/api/webhooks/wf_7a1b", world.url());
    let unsigned = reqwest::Client::new().post(&alias).body("{}").send().await.expect("an answer");
    assert_eq!(unsigned.status(), 401, "as on the provider's own path");
    assert_eq!(reqwest::get(&alias).await.expect("an answer").status(), 405);
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("by the workflow"));
    simulator.step(crate::world::now_millis() + 60_000).await;
    until("it is applied", || !world.json(&["threads", "list"])[0].is_null());
    // A signed delivery to this path is applied and answered; the same body on the other path is a duplicate.
    let body = json!({
        "message": { "id": "wamid.alias.1", "from": "15550100002", "timestamp": (crate::world::now_millis() / 1_000).to_string(),
            "type": "text", "text": { "body": "straight through the alias" }, "kapso": { "direction": "inbound" } },
        "conversation": { "phone_number": "15550100002" }, "phone_number_id": SUPPORT,
    })
    .to_string();
    let before = world.json(&["deliveries", "list"]).as_array().expect("a list").len();
    for url in [&alias, &format!("{}/webhook/kapso/messages", world.url())] {
        let request = reqwest::Client::new().post(url).header("x-webhook-signature", crate::disk::signed(&body));
        let request = request.header("x-webhook-event", "whatsapp.message.received").body(body.clone());
        assert_eq!(request.send().await.expect("an answer").status(), 200, "{url}");
    }
    let found = || world.json(&["messages", "search", "straight through the alias dir:in"]);
    until("it is applied", || !found()[0].is_null());
    assert_eq!(found().as_array().expect("a list").len(), 1);
    assert_eq!(world.json(&["deliveries", "list"]).as_array().expect("a list").len(), before + 1);
}

#[test]
fn no_verb_panics_on_a_full_standard_error() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let simulator = simulator().await;
        let world = World::new(&simulator);
        let full = || std::fs::File::options().write(true).open("/dev/full").expect("a full disk");
        let child = world.command(&["serve"]).stdin(Stdio::null()).stdout(full()).stderr(full()).spawn();
        let mut engine = Served(child.expect("it starts"));
        until("it takes webhooks", || TcpStream::connect(("127.0.0.1", world.port)).is_ok());
        until("it answers", || world.run(&["status"]).status.success());
        assert!(engine.0.try_wait().expect("known").is_none(), "it runs on");
        // Output that cannot be written is a failure and is reported.
        let listed = world.command(&["threads", "list"]).stdin(Stdio::null()).stdout(full()).output().expect("it runs");
        assert_eq!(listed.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&listed.stderr).contains("cannot be written"));
    });
}
