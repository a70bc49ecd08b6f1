//! `wadeck mcp`: the tools for a model whose program starts wadeck.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};
use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, World, simulator, until};

pub struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.command(&[&["mcp"], arguments].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("an output"));
        let mut server = Self { child, input, output };
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "a test", "version": "1" } });
        let greeted = server.ask("initialize", hello);
        assert_eq!(greeted["serverInfo"]["name"], "wadeck");
        server.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        server
    }

    fn write(&mut self, line: &Value) {
        writeln!(self.input.as_mut().expect("open"), "{line}").expect("written");
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.write(&json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }));
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        let answer: Value = serde_json::from_str(&line).expect("nothing but JSON");
        answer["result"].clone()
    }

    pub fn call(&mut self, name: &str, arguments: Value) -> (bool, Value) {
        let result = self.ask("tools/call", json!({ "name": name, "arguments": arguments }));
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{name}: {result}"));
        (result["isError"] != json!(true), serde_json::from_str(text).expect("JSON"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mcp_server_answers_calls_and_ends() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut early = Server::start(&world, &[]);
    let (good, reply) = early.call("threads.list", json!({}));
    assert!(!good && reply["error"]["remedy"].as_str().is_some_and(|what| what.contains("wadeck serve")), "{reply}");

    let engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.wait_for_thread(&simulator).await;
    // The server that started before the engine keeps working with it.
    let (good, threads) = early.call("threads.list", json!({}));
    assert!(good && threads[0]["external_id"] == "whatsapp:15550100002", "{threads}");
    let thread = threads[0]["id"].clone();
    let (good, done) = early.call("threads.note", json!({ "thread": thread, "text": "from a model" }));
    assert!(good, "{done}");

    let mut looks = Server::start(&world, &["--read-only"]);
    let (good, reply) = looks.call("threads.note", json!({ "thread": thread, "text": "no" }));
    assert!(!good && reply["error"]["reason"].as_str().is_some_and(|why| why.contains("--read-only")), "{reply}");
    assert!(looks.call("connections.list", json!({})).0);

    looks.input = None;
    let mut ended = None;
    until("it ends with its input", || {
        ended = looks.child.try_wait().expect("known");
        ended.is_some()
    });
    assert!(ended.is_some_and(|ended| ended.success()));
    drop(engine);
    let (good, reply) = early.call("threads.list", json!({}));
    assert!(!good && reply["error"]["reason"].as_str().is_some_and(|why| why.contains("No engine runs")), "{reply}");
}

/// Uploads bytes through the socket, as a program on the same machine does. Returns the upload's id.
fn upload(world: &World, name: &str, bytes: &str) -> String {
    let mut line = std::os::unix::net::UnixStream::connect(world.data().join("wadeck.sock")).expect("the socket");
    let head = format!("POST /uploads?name={name} HTTP/1.1\r\nhost: wadeck\r\nconnection: close\r\n");
    write!(line, "{head}content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n{bytes}", bytes.len())
        .expect("asked");
    let mut response = String::new();
    std::io::Read::read_to_string(&mut line, &mut response).expect("an answer");
    let (_, body) = response.split_once("\r\n\r\n").expect("a body");
    let reply: Value = serde_json::from_str(body).expect("JSON");
    reply["upload"].as_str().expect("an id").to_owned()
}

/// Collects the names of all properties in a schema.
fn property_names(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                found.extend(properties.keys().cloned());
            }
            fields.values().for_each(|inner| property_names(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| property_names(inner, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_refuse_paths_and_send_uploads() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.wait_for_thread(&simulator).await;
    let mut server = Server::start(&world, &[]);
    let listed = server.ask("tools/list", json!({}));
    let mut found = vec![];
    property_names(&listed, &mut found);
    assert!(found.iter().any(|name| name == "upload"), "{found:?}");
    for word in ["path", "directory", "filename", "source"] {
        assert!(!found.iter().any(|name| name == word), "{word}");
    }
    let secret = world.directory.path().join("wadeck.toml").display().to_string();
    let before = simulator.uploads();
    for path in [secret.as_str(), "/proc/self/environ", "../wadeck.toml", "file:///etc/passwd"] {
        for file in
            [json!(path), json!({ "path": path }), json!({ "upload": path }), json!({ "upload": "f1", "path": path })]
        {
            let (good, reply) = server.call("whatsapp.send", json!({ "thread": "t1", "file": file }));
            assert!(!good && reply["error"]["code"] == "arguments", "{file}: {reply}");
        }
        let (good, reply) = server.call("whatsapp.send", json!({ "thread": "t1", "path": path }));
        assert!(!good && reply["error"]["code"] == "arguments", "{reply}");
    }
    let (good, reply) = server.call("whatsapp.send", json!({ "thread": "t1", "file": { "upload": "f999" } }));
    assert!(!good && reply["error"]["code"] == "not_found", "{reply}");
    assert_eq!(
        (simulator.uploads(), simulator.accepted().iter().filter(|sent| sent.object["id"].is_string()).count()),
        (before, 0)
    );
    let upload = upload(&world, "hours.txt", "open at nine");
    let (good, reply) = server.call("whatsapp.send", json!({ "thread": "t1", "file": { "upload": upload } }));
    assert!(good, "{reply}");
    until("its bytes reached the provider", || simulator.uploads() == before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_json_gets_an_error_and_the_next_line_is_read() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut server = Server::start(&world, &[]);
    writeln!(server.input.as_mut().expect("open"), "{{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": ").expect("written");
    let mut line = String::new();
    server.output.read_line(&mut line).expect("an answer");
    let reply: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((reply["error"]["code"].as_i64(), reply["id"].is_null()), (Some(-32_700), true), "{reply}");
    assert!(server.ask("tools/list", json!({}))["tools"].is_array(), "it goes on");
    // After the input is closed, the program sends the last response and ends.
    server.write(&json!({ "jsonrpc": "2.0", "id": 9, "method": "ping" }));
    server.input.take();
    let mut last = String::new();
    server.output.read_line(&mut last).expect("the last answer");
    assert!(last.contains("\"id\":9"), "{last}");
    until("it ends", || server.child.try_wait().expect("asked").is_some());
}
