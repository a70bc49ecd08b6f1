//! `wadeck mcp`: the tools for a model that another program starts.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};
use wadeck::twin::{Person, Saying};

use crate::world::{SUPPORT, World, twin, until};

struct Server {
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
    fn start(world: &World, arguments: &[&str]) -> Self {
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

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.write(&json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }));
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        let answer: Value = serde_json::from_str(&line).expect("nothing but JSON");
        answer["result"].clone()
    }

    fn call(&mut self, name: &str, arguments: Value) -> (bool, Value) {
        let result = self.ask("tools/call", json!({ "name": name, "arguments": arguments }));
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{name}: {result}"));
        (result["isError"] != json!(true), serde_json::from_str(text).expect("JSON"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_starts_its_tools_asks_and_closes() {
    let twin = twin().await;
    let world = World::new(&twin);
    let mut early = Server::start(&world, &[]);
    let (good, told) = early.call("threads.list", json!({}));
    assert!(!good && told["error"]["message"].as_str().is_some_and(|why| why.contains("wadeck serve")), "{told}");

    let engine = world.serve();
    twin.subscribe(&world.url());
    twin.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    let told = async {
        while world.json(&["threads", "list"])[0].is_null() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = twin.run() => unreachable!("it runs for ever"),
        () = told => {}
    }
    // The one that was there before the engine goes on with it.
    let (good, threads) = early.call("threads.list", json!({}));
    assert!(good && threads[0]["external_id"] == "whatsapp:15550100002", "{threads}");
    let thread = threads[0]["id"].clone();
    let (good, done) = early.call("threads.note", json!({ "thread": thread, "text": "from a model" }));
    assert!(good, "{done}");

    let mut looks = Server::start(&world, &["--read-only"]);
    let (good, told) = looks.call("threads.note", json!({ "thread": thread, "text": "no" }));
    assert!(!good && told["error"]["message"].as_str().is_some_and(|why| why.contains("--read-only")), "{told}");
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
    assert!(!good && told["error"]["message"].as_str().is_some_and(|why| why.contains("No engine runs")), "{told}");
}
