//! `wadeck mcp`: the tools for a model that another program starts.

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
async fn a_program_starts_its_tools_asks_and_closes() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut early = Server::start(&world, &[]);
    let (good, told) = early.call("threads.list", json!({}));
    assert!(!good && told["error"]["remedy"].as_str().is_some_and(|what| what.contains("wadeck serve")), "{told}");

    let engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.has_a_thread(&simulator).await;
    // The one that was there before the engine goes on with it.
    let (good, threads) = early.call("threads.list", json!({}));
    assert!(good && threads[0]["external_id"] == "whatsapp:15550100002", "{threads}");
    let thread = threads[0]["id"].clone();
    let (good, done) = early.call("threads.note", json!({ "thread": thread, "text": "from a model" }));
    assert!(good, "{done}");

    let mut looks = Server::start(&world, &["--read-only"]);
    let (good, told) = looks.call("threads.note", json!({ "thread": thread, "text": "no" }));
    assert!(!good && told["error"]["reason"].as_str().is_some_and(|why| why.contains("--read-only")), "{told}");
    assert!(looks.call("connections.list", json!({})).0);

    looks.input = None;
    let mut ended = None;
    until("it ends with its input", || {
        ended = looks.child.try_wait().expect("known");
        ended.is_some()
    });
    assert!(ended.is_some_and(|ended| ended.success()));
    drop(engine);
    let (good, told) = early.call("threads.list", json!({}));
    assert!(!good && told["error"]["reason"].as_str().is_some_and(|why| why.contains("No engine runs")), "{told}");
}

/// Hands bytes over through the socket, as a program beside the engine does. Returns the upload's id.
fn hand_over(world: &World, name: &str, bytes: &str) -> String {
    let mut line = std::os::unix::net::UnixStream::connect(world.data().join("wadeck.sock")).expect("the socket");
    let head = format!("POST /uploads?name={name} HTTP/1.1\r\nhost: wadeck\r\nconnection: close\r\n");
    write!(line, "{head}content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n{bytes}", bytes.len())
        .expect("asked");
    let mut heard = String::new();
    std::io::Read::read_to_string(&mut line, &mut heard).expect("an answer");
    let (_, body) = heard.split_once("\r\n\r\n").expect("a body");
    let told: Value = serde_json::from_str(body).expect("JSON");
    told["upload"].as_str().expect("an id").to_owned()
}

/// The names of all properties in a schema.
fn names(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                found.extend(properties.keys().cloned());
            }
            fields.values().for_each(|inner| names(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| names(inner, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_comes_in_through_a_tool_and_an_upload_goes_out() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.has_a_thread(&simulator).await;
    let mut server = Server::start(&world, &[]);
    let listed = server.ask("tools/list", json!({}));
    let mut found = vec![];
    names(&listed, &mut found);
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
            let (good, told) = server.call("whatsapp.send", json!({ "thread": "t1", "file": file }));
            assert!(!good && told["error"]["code"] == "arguments", "{file}: {told}");
        }
        let (good, told) = server.call("whatsapp.send", json!({ "thread": "t1", "path": path }));
        assert!(!good && told["error"]["code"] == "arguments", "{told}");
    }
    let (good, told) = server.call("whatsapp.send", json!({ "thread": "t1", "file": { "upload": "f999" } }));
    assert!(!good && told["error"]["code"] == "not_found", "{told}");
    assert_eq!(
        (simulator.uploads(), simulator.accepted().iter().filter(|sent| sent.object["id"].is_string()).count()),
        (before, 0)
    );
    let upload = hand_over(&world, "hours.txt", "open at nine");
    let (good, told) = server.call("whatsapp.send", json!({ "thread": "t1", "file": { "upload": upload } }));
    assert!(good, "{told}");
    until("its bytes reached the provider", || simulator.uploads() == before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_json_is_answered_and_the_next_one_is_read() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut server = Server::start(&world, &[]);
    writeln!(server.input.as_mut().expect("open"), "{{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": ").expect("written");
    let mut line = String::new();
    server.output.read_line(&mut line).expect("an answer");
    let told: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((told["error"]["code"].as_i64(), told["id"].is_null()), (Some(-32_700), true), "{told}");
    assert!(server.ask("tools/list", json!({}))["tools"].is_array(), "it goes on");
    // Whoever closes the line has the last answer, and the program ends.
    server.write(&json!({ "jsonrpc": "2.0", "id": 9, "method": "ping" }));
    server.input.take();
    let mut last = String::new();
    server.output.read_line(&mut last).expect("the last answer");
    assert!(last.contains("\"id\":9"), "{last}");
    until("it ends", || server.child.try_wait().expect("asked").is_some());
}
