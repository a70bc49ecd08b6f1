//! Errors have the same format in all interfaces. The cases are derived from the program's own tables: verbs from the
//! command line, tools from their list.

use std::collections::BTreeSet;
use std::process::Output;

use clap::CommandFactory;
use serde_json::{Value, json};
use wadeck::cli::Cli;
use wadeck::domain::code::Code;

use crate::access::{STANDALONE_VERBS, over_socket, shape, verbs};
use crate::ssh::{ask, connect, engine_for, public};
use crate::tools::Server;
use crate::world::{World, simulator};

/// Verbs whose success output is not JSON, but scripts and pages for other programs.
const TEXTS: [&str; 2] = ["completions", "man"];

/// Checks that an error is one JSON value on standard error with the exit status of its code. Returns the code;
/// `None` for success and for reports.
fn check_error_format(what: &str, (out, err, status): (&str, &str, Option<i32>)) -> Option<String> {
    assert_ne!(status, Some(101), "{what}: {err}");
    if status == Some(0) {
        let text = TEXTS.iter().any(|verb| what.starts_with(verb)) || what.contains("messages save");
        assert!(text || serde_json::from_str::<Value>(out).is_ok(), "{what}: no JSON: {out}");
        return None;
    }
    if err.trim().is_empty() {
        // A report, such as lint findings.
        assert!(serde_json::from_str::<Value>(out).is_ok(), "{what}: {status:?}: {out}");
        return None;
    }
    let error: Value = serde_json::from_str(err).unwrap_or_else(|_| panic!("{what}: no JSON: {err}"));
    let text = |name: &str| error["error"][name].as_str().unwrap_or_else(|| panic!("{what}: no {name}: {error}"));
    let (code, reason, remedy) = (text("code"), text("reason"), text("remedy"));
    assert!(!code.is_empty() && reason.len() > 5 && remedy.len() > 5, "{what}: {error}");
    for word in ["press ", "Press ", "ctrl-"] {
        assert!(!remedy.contains(word), "{what}: {error}");
    }
    let listed = Code::parse(code).unwrap_or_else(|| panic!("{what}: no code of the list: {error}"));
    assert_eq!(status, Some(i32::from(listed.exit_code())), "{what}: {error}");
    Some(code.to_owned())
}

fn output_error_code(what: &str, output: &Output) -> Option<String> {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    check_error_format(what, (&out, &err, output.status.code()))
}

fn verb_error_code(world: &World, words: &[String], more: &[&str]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
    output_error_code(&words.join(" "), &world.run(&words))
}

/// The verbs that need no engine or never end, with arguments that make them fail.
fn standalone_verbs(world: &World) -> Vec<Vec<String>> {
    let taken = format!("127.0.0.1:{}", world.port);
    let there = world.directory.path().join("wadeck.toml").display().to_string();
    let lines: Vec<String> = vec![
        String::new(),
        "demo".into(),
        "serve".into(),
        "attach".into(),
        "mcp".into(),
        format!("simulator --listen {taken}"),
        "doctor --data-dir /nowhere/at/all".into(),
        "config check --config /nowhere/at/all".into(),
        "config show --config /nowhere/at/all".into(),
        "config migrate --config /nowhere/at/all".into(),
        "man --to /proc/nowhere".into(),
        format!("backup {there}"),
        "events follow --data-dir /nowhere/at/all".into(),
        "completions bash".into(),
        "roles".into(),
        "codes".into(),
        "keys".into(),
    ];
    lines.iter().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

fn collect_leaf_verbs(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    let inner: Vec<_> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    if inner.is_empty() {
        found.insert(path.trim().to_owned());
    }
    for inner in inner {
        collect_leaf_verbs(inner, &format!("{path} {}", inner.get_name()), found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_reports_errors_in_the_common_format() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let viewer = format!("\n[[users]]\nname = \"eyes\"\nrole = \"viewer\"\nssh_keys = [\"{}\"]\n", public(11));
    let admin = format!("\n[[users]]\nname = \"chief\"\nrole = \"admin\"\nssh_keys = [\"{}\"]\n", public(12));
    let own = "\n[[users]]\nname = \"owner\"\nrole = \"admin\"\nos_user = \"root\"\n";
    let (served, port) = engine_for(&world, &format!("{viewer}{admin}{own}"));
    let verbs = verbs();
    let all: Vec<Vec<String>> = verbs.iter().cloned().chain(standalone_verbs(&world)).collect();
    let mut names = BTreeSet::new();
    collect_leaf_verbs(&Cli::command(), "", &mut names);
    let tried =
        |name: &String| all.iter().any(|words| format!("{} ", words.join(" ")).starts_with(&format!("{name} ")));
    assert_eq!(names.iter().find(|name| !tried(name)), None, "this verb is not tried");
    let mut codes = BTreeSet::new();
    let elsewhere = world.directory.path().join("elsewhere").display().to_string();
    for words in &all {
        codes.extend(verb_error_code(&world, words, &["--json"]));
        if words.is_empty() || ["demo", "attach", "mcp"].contains(&words[0].as_str()) {
            continue;
        }
        codes.extend(verb_error_code(&world, words, &["--json", "--nonsense"]));
        codes.extend(verb_error_code(&world, words, &["--json", "--read-only"]));
        if !STANDALONE_VERBS.contains(&words[0].as_str()) && !words.contains(&"--data-dir".to_owned()) {
            codes.extend(verb_error_code(&world, words, &["--json", "--data-dir", &elsewhere]));
        }
    }
    for starter in ["templates starters", "flows starters"] {
        for (name, code) in [("order_update", None), ("nobody", Some("not_found")), ("", None)] {
            let words: Vec<String> = format!("{starter} {name}").split_whitespace().map(str::to_owned).collect();
            if (starter, name) != ("flows starters", "order_update") {
                assert_eq!(verb_error_code(&world, &words, &["--json"]).as_deref(), code, "{words:?}");
            }
        }
    }
    for seed in [11, 12] {
        let line = connect(port, seed).await.expect("let in");
        for words in &all {
            for more in ["--json", "--json --nonsense"] {
                let verb = format!("{} {more}", shell_words::join(words));
                let (out, err, status) = ask(&line, &verb).await;
                let status = status.and_then(|status| i32::try_from(status).ok());
                // An interface rejects unsupported verbs in the same format.
                if words.is_empty() && status == Some(2) {
                    assert!(serde_json::from_str::<Value>(&err).is_ok(), "{verb}: {err}");
                    continue;
                }
                codes.extend(check_error_format(&verb, (&out, &err, status)));
            }
        }
    }
    drop(served);
    for words in &verbs {
        codes.extend(verb_error_code(&world, words, &["--json"]));
    }
    for code in ["role", "not_found", "read_only", "no_engine", "usage", "own_machine_only", "engine_runs", "port"] {
        assert!(codes.contains(code), "{code} was never returned: {codes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_return_the_common_error_format() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _served = world.serve();
    let made = world.json(&["tokens", "make", "eyes", "--role", "viewer"]);
    let token = made["made"].as_str().expect("a token").to_owned();
    let client = reqwest::Client::new();
    let ask = async |method: &str, path: &str, body: Option<&str>, token: &str| -> (u16, bool, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = client.request(method, format!("{}/api/v1{path}", world.url())).bearer_auth(token);
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        let response = request.send().await.expect("an answer");
        let (status, allow) = (response.status().as_u16(), response.headers().contains_key("allow"));
        (status, allow, response.json().await.expect("JSON"))
    };
    for (method, path, body, status, code) in [
        ("GET", "/nowhere", None, 404, "not_found"),
        ("POST", "/threads/t1/nowhere", Some("{}"), 404, "not_found"),
        ("DELETE", "/threads", None, 405, "method"),
        ("GET", "/messages/%ff/file", None, 400, "request"),
        ("GET", "/threads/t999", None, 404, "not_found"),
        ("GET", "/threads?limit=x", None, 422, "parameter"),
    ] {
        let (got, allow, body) = ask(method, path, body, &token).await;
        let reply = shape(&body);
        assert_eq!((got, reply.0), (status, code), "{method} {path}: {body}");
        assert_eq!(allow, status == 405, "{method} {path}");
    }
    let (status, _, body) = ask("GET", "/nowhere", None, "wadeck_nobody").await;
    assert_eq!((status, body["error"]["code"].as_str()), (401, Some("unauthorized")));
    let (_, _, described) = ask("GET", "/openapi.json", None, &token).await;
    let listed = &described["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"];
    let http_codes: Vec<&Code> = Code::ALL.iter().filter(|code| code.http_status().is_some()).collect();
    assert_eq!(*listed, json!(http_codes), "the description lists every code that HTTP answers with");
    for (method, path, body, status, code) in [
        ("GET", "/nowhere", "", 404, "not_found"),
        ("GET", "/query", "", 405, "method"),
        ("POST", "/query", "no JSON", 400, "request"),
        ("POST", "/perform", "{\"of\": \"another version\"}", 422, "request"),
        ("POST", "/uploads", "", 400, "request"),
    ] {
        let (got, body) = over_socket(&world, method, path, body);
        assert_eq!((got, shape(&body).0), (status, code), "{method} {path}: {body}");
    }
}

/// Returns the id properties of a schema, each with an id that does not exist.
fn ids(schema: &Value) -> Vec<(String, Value)> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let sample_id = |schema: &Value| Some(format!("{}999", schema["pattern"].as_str()?.get(1..2)?));
    properties
        .filter(|(name, _)| *name != "before")
        .filter_map(|(name, schema)| Some((name.clone(), json!(sample_id(schema)?))))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_reports_an_unknown_id() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _served = world.serve();
    let mut server = Server::start(&world, &[]);
    let listed = server.ask("tools/list", json!({}));
    let tools = listed["tools"].as_array().expect("tools").clone();
    let mut calls = vec![
        ("why".to_owned(), json!({ "id": "m999" })),
        ("whatsapp.getConversation".to_owned(), json!({ "phoneNumber": "+15550109999" })),
        ("whatsapp.getConversation".to_owned(), json!({ "phoneNumber": "+15550109999", "connection": "support" })),
        ("whatsapp.send".to_owned(), json!({ "to": "+15550100002", "connection": "nobody", "text": "hello" })),
        ("numbers.unregister".to_owned(), json!({ "connection": "nobody" })),
    ];
    for tool in &tools {
        let (name, schema) = (tool["name"].as_str().expect("a name"), &tool["inputSchema"]);
        for (property, id) in ids(schema) {
            let mut arguments = json!({});
            for needed in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let known = ids(schema).into_iter().find(|(name, _)| name == needed);
                let sample = if needed == "until" { "2099-01-01T00:00:00Z" } else { "hello" };
                arguments[needed] = known.map_or_else(|| json!(sample), |(_, id)| id);
            }
            if name == "whatsapp.send" {
                arguments["text"] = json!("hello");
            }
            if name == "templates.preview" {
                arguments["name"] = json!("hello");
            }
            if name == "whatsapp.send" && property == "connection" {
                arguments["to"] = json!("+15550100002");
            }
            arguments[&property] = id;
            calls.push((name.to_owned(), arguments));
        }
    }
    assert!(calls.len() > 12, "{calls:?}");
    for (name, arguments) in calls {
        // A quoted message is looked up only after its thread is found.
        if arguments.get("reply_to").is_some() || arguments.get("seen").is_some() {
            continue;
        }
        let (good, reply) = server.call(&name, arguments.clone());
        assert!(!good && shape(&reply).0 == "not_found", "{name} {arguments}: {reply}");
    }
}
