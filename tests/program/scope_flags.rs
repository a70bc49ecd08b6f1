//! Scopes of one organization and environment: of a console, of an MCP server, and of a token over all routes and
//! tools.

use serde_json::{Value, json};
use wadeck::simulator::{Number, Person, Saying};

use crate::pty::{Screen, console};
use crate::tools::Server;
use crate::world::{SUPPORT, Served, World, simulator};

/// Organization, environment, the last digit of the phone number, and the contact.
const SCOPES: [(&str, &str, u8, &str); 4] = [
    ("lumen", "development", 2, "Rosa Field"),
    ("lumen", "production", 5, "Lars Live"),
    ("globex", "development", 6, "Gus Dev"),
    ("globex", "production", 7, "Kim Foreign"),
];

fn person(last: u8, name: &str) -> Person {
    Person::new(name, &format!("1555010008{last}"))
}

/// Starts an engine with two organizations in two environments each, all with one thread.
async fn four_scopes() -> (World, wadeck::simulator::Simulator, Served) {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let place = world.directory.path().join("wadeck.toml");
    let config = std::fs::read_to_string(&place).expect("a configuration");
    let mut tables = String::new();
    for (organization, environment, last, _) in &SCOPES[1..] {
        let id = format!("10654035224292{last}");
        tables.push_str(&format!(
            "[[connections]]\nname = \"{organization}-{environment}\"\nprovider = \"kapso\"\n\
             organization = \"{organization}\"\nenvironment = \"{environment}\"\nphone_number = \"+1555010000{last}\"\n\
             phone_number_id = \"{id}\"\nbusiness_account_id = \"10229012934039{last}\"\n\n"
        ));
        simulator.add_number(Number {
            phone_number_id: id,
            business_account_id: format!("10229012934039{last}"),
            display: format!("+1 555-010-000{last}"),
            name: (*organization).into(),
            kind: "production".into(),
            customer: None,
            direct: false,
        });
    }
    let config = config.replacen("[[agents]]", &format!("{tables}[[agents]]"), 1);
    std::fs::write(&place, config).expect("written");
    let served = world.serve();
    simulator.subscribe(&world.url());
    for (_, _, last, name) in SCOPES {
        let id = if last == 2 { SUPPORT.to_owned() } else { format!("10654035224292{last}") };
        simulator.says(&id, &person(last, name), &Saying::text("zebra words"));
    }
    let all_listed = async {
        while world.json(&["threads", "list", "--everywhere"]).as_array().map_or(0, Vec::len) < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        () = all_listed => {}
    }
    (world, simulator, served)
}

/// Returns the contacts whose names occur in a value.
fn contacts_named(value: &Value) -> Vec<&'static str> {
    let text = value.to_string();
    SCOPES.iter().map(|scope| scope.3).filter(|name| text.contains(name)).collect()
}

/// Returns tool calls that name a thread of another scope.
fn calls_outside(thread: &Value, number: &str, connection: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("whatsapp.getConversation", json!({ "thread": thread })),
        ("whatsapp.getConversation", json!({ "phoneNumber": number })),
        ("whatsapp.getConversation", json!({ "phoneNumber": number, "connection": connection })),
        ("whatsapp.send", json!({ "thread": thread, "text": "No." })),
        ("whatsapp.send", json!({ "connection": connection, "to": number, "text": "No." })),
        ("threads.note", json!({ "thread": thread, "text": "No." })),
        ("threads.take", json!({ "thread": thread })),
        ("why", json!({ "id": thread })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_tools_stay_within_their_scope() {
    let (world, _simulator, _served) = four_scopes().await;
    let threads = world.json(&["threads", "list", "--everywhere"]);
    let rosa = threads.as_array().and_then(|rows| rows.iter().find(|row| row.to_string().contains("Rosa")));
    let rosa = rosa.expect("a thread")["id"].clone();
    let mut model = Server::start(&world, &["--organization", "globex", "--environment", "production"]);
    let (good, list) = model.call("threads.list", json!({}));
    assert!(good && contacts_named(&list) == ["Kim Foreign"], "{list}");
    let (good, status) = model.call("whatsapp.getStatus", json!({}));
    let reply = status.to_string();
    assert!(good && reply.contains("globex-production") && !reply.contains("globex-development"), "{status}");
    let (good, own) = model.call("whatsapp.getConversation", json!({ "phoneNumber": "+15550100087" }));
    assert!(good && own.to_string().contains("zebra"), "{own}");
    for (tool, arguments) in calls_outside(&rosa, "+15550100082", "support") {
        let (good, reply) = model.call(tool, arguments.clone());
        let empty = reply.as_array().is_some_and(Vec::is_empty);
        assert!((!good || empty) && !reply.to_string().contains("zebra"), "{tool} {arguments}: {reply}");
    }
    let messages = world.json(&["messages", "list", "--thread", rosa.as_str().expect("an id")]);
    assert!(!messages.to_string().contains("No."), "{messages}");
    let mut nobody = Server::start(&world, &["--organization", "nobody"]);
    assert_eq!(contacts_named(&nobody.call("threads.list", json!({})).1), [""; 0]);
}

fn path_parameters(operation: &Value) -> Vec<&str> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter(|one| one["in"] == "path").filter_map(|one| one["name"].as_str()).collect()
}

async fn ask(world: &World, token: &str, method: &str, place: &str, body: Option<Value>) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = reqwest::Client::new().request(method, format!("{}/api/v1{place}", world.url())).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

/// Calls a tool. Returns whether it succeeded, and its text.
async fn tool(world: &World, token: &str, name: &str, arguments: Value) -> (bool, String) {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": name, "arguments": arguments } });
    let request = reqwest::Client::new().post(format!("{}/mcp", world.url())).bearer_auth(token).json(&body);
    let request =
        request.header("accept", "application/json, text/event-stream").header("mcp-protocol-version", "2025-06-18");
    let came: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let reply = came["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{came}")).to_owned();
    (came["result"]["isError"] != json!(true), reply)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_or_tool_leaves_a_tokens_scope() {
    let (world, _simulator, _served) = four_scopes().await;
    let threads = world.json(&["threads", "list", "--everywhere"]);
    let row = |name: &str| {
        let mut rows = threads.as_array().expect("rows").iter();
        rows.find(|row| row.to_string().contains(name)).expect("a thread").clone()
    };
    let kim = row("Kim Foreign");
    let thread = kim["id"].as_str().expect("an id");
    let sent = world.run(&["send", "--thread", thread, "--text", "zebra answer"]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let list = || world.json(&["messages", "list", "--thread", thread]);
    let audit = || world.json(&["audit", "list", "--everywhere", "--limit", "500"]).as_array().map(Vec::len);
    let message = list()[0]["id"].clone();
    let entry = world.json(&["outbox", "list", "--everywhere"])[0]["id"].clone();
    let scope = ["--organization", "lumen", "--environment", "development"];
    let made = world.json(&[&["tokens", "make", "shop", "--role", "admin"], &scope[..]].concat());
    let token = made["made"].as_str().expect("a token").to_owned();
    let (before, rows) = (list().as_array().map(Vec::len), audit());
    let foreign = |name: &str| match name {
        "thread" => kim["id"].clone(),
        "contact" => kim["contact_id"].clone(),
        "connection" => kim["connection_id"].clone(),
        "message" => message.clone(),
        "entry" => entry.clone(),
        _ => json!("x9"),
    };
    let ask = async |method: &str, place: &str, body: Option<Value>| ask(&world, &token, method, place, body).await;
    let marks = ["Kim", "Lars", "Gus", "zebra answer", "globex", "15550100087"];
    let (_, described) = ask("GET", "/openapi.json", None).await;
    let (mut tried, mut wrong) = (0, vec![]);
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if path == "/events" {
                continue;
            }
            let names = path_parameters(operation);
            let place = names.iter().fold(path.clone(), |place, name| {
                place.replace(&format!("{{{name}}}"), foreign(name).as_str().unwrap_or_default())
            });
            let looks = method == "get";
            // Requests that name nothing of another scope are not tried.
            if !looks && names.is_empty() {
                continue;
            }
            tried += 1;
            let (status, reply) = ask(&method.to_uppercase(), &place, (!looks).then(|| json!({}))).await;
            let shown: Vec<_> = marks.iter().filter(|mark| reply.to_string().contains(*mark)).collect();
            let empty = reply.as_array().is_some_and(Vec::is_empty);
            if !shown.is_empty() || (!names.is_empty() && status < 400 && !empty) {
                wrong.push(format!("{method} {place}: {status} {reply}"));
            }
        }
    }
    assert!(tried > 20, "{tried}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let there = json!({ "thread": thread, "text": "No." });
    let number = json!({ "connection": kim["connection_id"], "to": "+15550100087", "text": "No." });
    for body in [there.clone(), number.clone()] {
        let (status, reply) = ask("POST", "/messages", Some(body)).await;
        assert!(status == 404 && !reply.to_string().contains("globex"), "{status} {reply}");
    }
    let (_, counted) = ask("GET", "/overview", None).await;
    assert_eq!((&counted["threads"], &counted["connections"]), (&json!(1), &json!(2)), "{counted}");
    for (name, arguments) in calls_outside(&kim["id"], "+15550100087", "globex-production").into_iter().chain([
        ("threads.list", json!({})),
        ("connections.list", json!({})),
        ("whatsapp.getStatus", json!({})),
        ("whatsapp.getStatus", json!({ "message": message })),
        ("whatsapp.getStatus", json!({ "entry": entry })),
        ("whatsapp.send", number),
        ("numbers.unregister", json!({ "connection": kim["connection_id"] })),
    ]) {
        let (good, reply) = tool(&world, &token, name, arguments.clone()).await;
        let lists = arguments == json!({});
        let shown: Vec<_> = marks.iter().filter(|mark| reply.contains(*mark)).collect();
        let named = shown.iter().all(|mark| arguments.to_string().contains(**mark));
        assert!(named && (lists || !good || reply == "[]"), "{name} {arguments}: {reply}");
    }
    assert_eq!((list().as_array().map(Vec::len), audit()), (before, rows), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_starts_in_the_given_scope() {
    let (world, simulator, _served) = four_scopes().await;
    let open = |options: &[&str]| {
        let mut command = console(&world, &simulator);
        command.args(options);
        Screen::open(120, 40, command)
    };
    let mut live = open(&["attach", "--organization", "globex", "--environment", "production"]);
    live.press("2");
    live.sees("Kim Foreign");
    let text = live.text();
    assert!(text.contains("PROD") && !text.contains("Rosa") && !text.contains("Gus"), "{text}");
    // A missing part of the scope is the default one of those that exist.
    let mut dev = open(&["--organization", "globex"]);
    dev.press("2");
    dev.sees("Gus Dev");
    let mut all = open(&["attach", "--everywhere"]);
    all.press("2");
    all.sees("Rosa Field");
    all.sees("Kim Foreign");
    // A scope without numbers shows nothing of other scopes.
    let mut nobody = open(&["attach", "--organization", "nobody"]);
    nobody.press("2");
    nobody.sees("nobody");
    nobody.settles();
    assert!(SCOPES.iter().all(|scope| !nobody.text().contains(scope.3)), "{}", nobody.text());
    let mut usual = open(&["attach"]);
    usual.press("2");
    usual.sees("Rosa Field");
    assert!(!usual.text().contains("Kim Foreign"), "{}", usual.text());
}
