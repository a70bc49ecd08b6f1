//! Permissions in every interface of the running program, checked against `docs/roles.md`. The cases are derived from
//! the program's own tables: requests and queries from their types, routes from the OpenAPI description, tools from
//! their list, verbs from the command line. New ones are included automatically.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;

use clap::{Arg, ArgAction, CommandFactory};
use serde_json::{Value, json};
use wadeck::cli::Cli;
use wadeck::domain::access::permission::Permission;
use wadeck::domain::access::role::Role;
use wadeck::domain::code::Code;
use wadeck::domain::query::Query;
use wadeck::domain::request::Request;

use crate::samples;
use crate::ssh::{ask, connect, engine_for};
use crate::world::{Served, World, signal, simulator, until};

const ROLES: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

/// The contents of `docs/roles.md`: the role of each permission, and the permission of each route and tool.
struct Document {
    rights: BTreeMap<String, Role>,
    rows: BTreeMap<String, (Role, String)>,
}

impl Document {
    fn read() -> Self {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/roles.md")).expect("there");
        let (mut rights, mut rows, mut section) = (BTreeMap::new(), BTreeMap::new(), None);
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                section = title.strip_prefix("From ").and_then(|rest| rest.split(' ').next()).and_then(Role::from_name);
            } else if let (Some(what), Some(role)) = (line.strip_prefix("- "), section) {
                rights.insert(what.to_owned(), role);
            } else if let Some(cells) = line.strip_prefix("| `") {
                let cells: Vec<&str> = cells.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
                let role = Role::from_name(cells[1]).expect("a role");
                rows.insert(cells[0].to_owned(), (role, cells[2].to_owned()));
            }
        }
        assert!(rights.len() == Permission::ALL.len() && rows.len() > 50);
        Self { rights, rows }
    }

    fn of(&self, right: Permission) -> Role {
        self.rights[right.what()]
    }
}

/// Checks the format of a refusal, which all interfaces share. Returns its code and reason.
pub fn shape(body: &Value) -> (&str, &str) {
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}"));
    assert!(!text("reason").is_empty() && !text("remedy").is_empty() && text("remedy").len() < 1_000, "{body}");
    // API clients have no keyboard and may have no shell.
    for word in ["press", "Press", "ctrl-", "`wadeck"] {
        assert!(!text("remedy").contains(word), "{body}");
    }
    assert!(Code::parse(text("code")).is_some(), "not in docs/codes.md: {body}");
    (text("code"), text("reason"))
}

/// Checks a response: a caller whose role lacks the permission gets 403 with the table's text, others do not.
fn check_response(what: &str, (role, needs): (Role, Role), (status, body): (u16, &Value), words: &str) {
    if role < needs {
        assert_eq!(status, 403, "{what} as {}: {body}", role.name());
        let (code, reason) = shape(body);
        assert_eq!(code, "role", "{what} as {}: {body}", role.name());
        let output_text =
            format!("may not {words}: that needs the role {}, and they have {}.", needs.name(), role.name());
        assert!(reason.ends_with(&output_text), "{what}: {reason}");
    } else {
        let refused = body["error"]["code"] == "role";
        assert!(status != 403 && status != 500 && !refused, "{what} as {}: {status} {body}", role.name());
        if status >= 400 {
            shape(body);
        }
    }
}

fn current_user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id runs");
    String::from_utf8(output.stdout).expect("a name").trim().to_owned()
}

/// Returns the users of the engine: one of each role with an SSH key, and this user with role `own`.
fn users_config(world: &World, own: Role) -> String {
    let file = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&file).expect("a configuration");
    let head = text.split("\n[[users]]").next().expect("a head").to_owned();
    let mut users =
        format!("\n[[users]]\nname = \"owner\"\nrole = \"{}\"\nos_user = \"{}\"\n", own.name(), current_user());
    for (seed, role) in (11..).zip(ROLES) {
        let name = role.name();
        users += &format!("\n[[users]]\nname = \"key-{name}\"\nrole = \"{name}\"\nssh_keys = [\"{}\"]\n", public(seed));
    }
    std::fs::write(&file, format!("{head}{users}")).expect("written");
    users
}

fn public(seed: u8) -> String {
    crate::ssh::public(seed)
}

/// Changes this user's role and waits until it applies.
fn change_role(world: &World, served: &Served, role: Role) {
    users_config(world, role);
    signal(&served.0, "-HUP");
    let may = |query: Value| socket(world, "/query", &query).0 != 403;
    until("the role is another", || {
        let runs = may(json!({ "tell": "agent", "of": "runs", "limit": 1 }));
        let tokens = may(json!({ "tell": "tokens" }));
        (runs, tokens) == (role >= Role::Operator, role >= Role::Admin)
    });
}

/// Sends a request to the socket, as the command line does.
fn socket(world: &World, path: &str, body: &Value) -> (u16, Value) {
    over_socket(world, if path == "/events" { "GET" } else { "POST" }, path, &body.to_string())
}

/// Sends one request to the socket; returns the status, and the body if it is JSON.
pub fn over_socket(world: &World, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = UnixStream::connect(world.data().join("wadeck.sock")).expect("the socket");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: wadeck\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("asked");
    let mut outputs = Vec::new();
    let mut piece = vec![0; 65_536];
    loop {
        let count = stream.read(&mut piece).expect("an answer");
        outputs.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&outputs);
        let Some((head, rest)) = text.split_once("\r\n\r\n") else {
            assert!(count > 0, "{path}: no answer");
            continue;
        };
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(|length| length.parse::<usize>().expect("a number"))
        });
        match length {
            Some(length) if rest.len() >= length => return (status, serde_json::from_str(rest).unwrap_or_default()),
            // A stream that ends only when the client closes it.
            None => return (status, Value::Null),
            Some(_) => assert!(count > 0, "{path}: it broke off"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_permissions_match_the_role_table() {
    let document = Document::read();
    let simulator = simulator().await;
    let world = World::new(&simulator);
    users_config(&world, Role::Viewer);
    let served = world.serve();
    let queries = samples::all::<Query>();
    let requests = samples::all::<Request>();
    assert!(queries.len() > 50 && requests.len() > 80, "{} {}", queries.len(), requests.len());
    for role in ROLES {
        change_role(&world, &served, role);
        for (json, query) in &queries {
            let right = query.required_right();
            let answer = socket(&world, "/query", json);
            check_response(&json.to_string(), (role, document.of(right)), (answer.0, &answer.1), right.what());
        }
        for (json, request) in &requests {
            let right = request.required_right();
            let answer = socket(&world, "/perform", json);
            check_response(&json.to_string(), (role, document.of(right)), (answer.0, &answer.1), right.what());
            if json["do"] == "open_media" {
                assert_eq!(shape(&answer.1).0, "own_terminal_only", "nothing is started for somebody else");
            }
        }
        let answer = socket(&world, "/events", &Value::Null);
        check_response(
            "/events",
            (role, document.of(Permission::ReadEvents)),
            (answer.0, &answer.1),
            Permission::ReadEvents.what(),
        );
        for (name, (needs, words)) in document.rows.iter().filter(|(name, _)| !name.contains(' ')) {
            let (_, came) = socket(&world, "/tool", &json!({ "name": name, "arguments": {} }));
            let value = &came["value"];
            let status = if value["error"]["code"] == "role" { 403 } else { 200 };
            check_response(name, (role, *needs), (status, value), words);
        }
    }
    // A viewer's requests wrote only audit rows of their own.
    change_role(&world, &served, Role::Admin);
    let (_, reply) = socket(&world, "/query", &json!({ "tell": "agent", "of": "audit", "limit": 1000 }));
    let rows = reply["value"]["told"].as_array().expect("rows");
    let by_owner = rows.iter().filter(|row| row["actor"] == "owner").count();
    assert!(by_owner > 0, "{reply}");
}

/// Returns a minimal value that fits a schema.
fn sample_for_schema(schema: &Value) -> Value {
    if let Some(example) = schema["examples"].as_array().and_then(|examples| examples.last()) {
        return example.clone();
    }
    if let Some(name) = schema["enum"].as_array().and_then(|names| names.first()) {
        return name.clone();
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        return json!(format!("{}999", &pattern[1..2]));
    }
    match schema["type"].as_str() {
        Some("object") => {
            let needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            needed.map(|name| (name.to_owned(), sample_for_schema(&schema["properties"][name]))).collect()
        }
        Some("integer") => json!(1),
        Some("boolean") => json!(true),
        _ => json!("nobody"),
    }
}

fn token(world: &World, role: Role) -> String {
    let made = world.json(&["tokens", "make", &format!("token-{}", role.name()), "--role", role.name()]);
    made["made"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn token_permissions_match_the_role_table() {
    let document = Document::read();
    let simulator = simulator().await;
    let world = World::new(&simulator);
    users_config(&world, Role::Admin);
    let _served = world.serve();
    let client = reqwest::Client::new();
    let described: Value = client
        .get(format!("{}/api/v1/openapi.json", world.url()))
        .send()
        .await
        .expect("told")
        .json()
        .await
        .expect("JSON");
    let tokens: Vec<(Role, String)> = ROLES.into_iter().map(|role| (role, token(&world, role))).collect();
    let mut tried = vec![];
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = format!("{} /api/v1{path}", method.to_uppercase());
            let (needs, words) = document.rows.get(&name).unwrap_or_else(|| panic!("{name} is not in docs/roles.md"));
            let mut place = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path")
            {
                let value = sample_for_schema(&parameter["schema"]);
                place = place.replace(
                    &format!("{{{}}}", parameter["name"].as_str().expect("a name")),
                    &value.as_str().map_or_else(|| value.to_string(), str::to_owned),
                );
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            for (role, token) in &tokens {
                let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
                // A caller without permission gets 403 even for an invalid request.
                for body in [Some(body).filter(|body| body.is_object()).map(sample_for_schema), None] {
                    let mut request =
                        client.request(method.clone(), format!("{}/api/v1{place}", world.url())).bearer_auth(token);
                    if let Some(body) = body {
                        request = request.json(&body);
                    }
                    let response = request.send().await.expect("an answer");
                    let status = response.status().as_u16();
                    let endless = status == 200 && path == "/events";
                    let body = if endless { Value::Null } else { response.json().await.unwrap_or_default() };
                    check_response(&name, (*role, *needs), (status, &body), words);
                }
            }
            tried.push(name);
        }
    }
    let routes: Vec<&String> = document.rows.keys().filter(|name| name.contains(' ')).collect();
    assert_eq!(tried.len(), routes.len(), "every route of the document is described: {routes:?}");

    let rpc = async |token: &str, method: &str, params: Value| -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = client.post(format!("{}/mcp", world.url())).bearer_auth(token).json(&body);
        let request = request
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-06-18");
        request.send().await.expect("an answer").json().await.expect("JSON")
    };
    for (role, token) in &tokens {
        let listed = rpc(token, "tools/list", json!({})).await;
        for tool in listed["result"]["tools"].as_array().expect("tools") {
            let name = tool["name"].as_str().expect("a name");
            let (needs, words) = document.rows.get(name).unwrap_or_else(|| panic!("{name} is not in docs/roles.md"));
            for arguments in [sample_for_schema(&tool["inputSchema"]), json!({ "nonsense": 1 })] {
                let came = rpc(token, "tools/call", json!({ "name": name, "arguments": arguments })).await;
                let text = came["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{came}"));
                let value: Value = serde_json::from_str(text).expect("JSON");
                let status = match value["error"]["code"].as_str() {
                    Some("role") => 403,
                    Some(_) => 409,
                    None => 200,
                };
                check_response(name, (*role, *needs), (status, &value), words);
            }
        }
    }
}

/// Verbs that need no engine, or never end.
pub const STANDALONE_VERBS: [&str; 12] =
    ["demo", "serve", "attach", "mcp", "simulator", "doctor", "config", "completions", "man", "roles", "codes", "keys"];

/// Returns every verb with values for its required arguments.
pub fn verbs() -> Vec<Vec<String>> {
    fn collect_leaf_verbs(command: &clap::Command, before: &[String], all: &mut Vec<Vec<String>>) {
        let name = |one: &clap::Command| [before, &[one.get_name().to_owned()]].concat();
        for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
            if one.get_subcommands().next().is_some() {
                collect_leaf_verbs(one, &name(one), all);
                continue;
            }
            let mut words = name(one);
            if !STANDALONE_VERBS.contains(&words[0].as_str())
                && !matches!(words.join(" ").as_str(), "events follow" | "backup")
            {
                for argument in one.get_arguments().filter(|argument| argument.is_required_set()) {
                    words.extend(argument.get_long().map(|long| format!("--{long}")));
                    if matches!(argument.get_action(), ArgAction::Set | ArgAction::Append) {
                        words.push(value(argument));
                    }
                }
                all.push(complete_arguments(words));
            }
        }
    }
    let mut all = vec![];
    collect_leaf_verbs(&Cli::command(), &[], &mut all);
    // All arguments are optional, so without one it requests nothing.
    all.push(["send", "--thread", "t999", "--text", "hello"].map(str::to_owned).to_vec());
    all.push(["messages", "save", "m999", "-"].map(str::to_owned).to_vec());
    all
}

fn value(argument: &Arg) -> String {
    argument.get_possible_values().first().map_or_else(|| "?".to_owned(), |value| value.get_name().to_owned())
}

/// Adds missing and corrects invalid arguments until the command line accepts the verb.
fn complete_arguments(mut words: Vec<String>) -> Vec<String> {
    use clap::Parser;
    for _ in 0..30 {
        let given = std::iter::once("wadeck".to_owned()).chain(words.iter().cloned());
        let Err(error) = Cli::try_parse_from(given) else { return words };
        let text = error.to_string();
        let wrong = words.iter().position(|word| word == "?");
        let guess = if let Some((_, like)) = text.split_once("those look like `") {
            format!("{}999", &like[..1])
        } else if text.contains("phone number") {
            "+15550109999".to_owned()
        } else if text.contains("digit") && text.contains("invalid value") {
            "1".to_owned()
        } else if text.contains("invalid value") && (text.contains("such as 2026") || text.contains("<TIME>")) {
            "2031-01-01T00:00:00Z".to_owned()
        } else if let Some((_, names)) = text.split_once("expected ").filter(|_| text.contains("invalid value")) {
            names.trim_start_matches("one of ").split([',', ' ', '\n']).next().expect("a name").to_owned()
        } else if text.contains("required") {
            // Of alternative arguments, the first is added, or one per line of the error.
            let missing = text.lines().filter_map(|line| line.strip_prefix("  "));
            let before = words.len();
            for line in missing.filter(|line| line.starts_with(['<', '-'])) {
                let option = line.trim_start_matches('<').split([' ', '|', '>']).next().expect("a word");
                words.extend(option.starts_with("--").then(|| option.to_owned()));
                words.push("?".to_owned());
            }
            assert!(words.len() > before, "{words:?}: {text}");
            continue;
        } else {
            panic!("{words:?} is not taken, and what to give is not plain:\n{text}")
        };
        let at = wrong.unwrap_or_else(|| panic!("{words:?}: {text}"));
        words[at] = guess;
    }
    panic!("{words:?} is never taken")
}

/// Parses a refusal: the missing permission and the role of the caller.
fn refusal(text: &str) -> Option<(String, Role)> {
    let line = text.lines().find(|line| line.contains(" may not ") && line.contains(": that needs the role "))?;
    let (_, rest) = line.split_once(" may not ")?;
    let (what, rest) = rest.split_once(": that needs the role ")?;
    Some((what.to_owned(), Role::from_name(rest.split(',').next()?)?))
}

/// The output of every verb for each role.
type Outputs = BTreeMap<String, Vec<(Role, String, Option<i32>)>>;

fn check(document: &Document, outputs: &Outputs) -> BTreeMap<String, Role> {
    let mut needs = BTreeMap::new();
    for (verb, answers) in outputs {
        let mut least = Role::Viewer;
        for (role, text, status) in answers {
            let Some((what, needed)) = refusal(text) else { continue };
            assert_eq!(document.rights.get(&what), Some(&needed), "{verb}: {text}");
            assert!(*role < needed, "{verb} as {}: {text}", role.name());
            assert_eq!(*status, Some(3), "{verb} as {}: {text}", role.name());
            least = least.max(needed);
        }
        for (role, text, _) in answers {
            assert_eq!(refusal(text).is_some(), *role < least, "{verb} as {}: {text}", role.name());
        }
        needs.insert(verb.clone(), least);
    }
    needs
}

#[tokio::test(flavor = "multi_thread")]
async fn verb_permissions_are_equal_on_the_socket_and_over_ssh() {
    let document = Document::read();
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let verbs = verbs();
    assert!(verbs.len() > 80, "{}", verbs.len());
    let (served, port) = engine_for(&world, &users_config(&world, Role::Viewer));
    let (mut here, mut there) = (Outputs::new(), Outputs::new());
    for (seed, role) in (11..).zip(ROLES) {
        change_role(&world, &served, role);
        let line = connect(port, seed).await.expect("let in");
        for words in &verbs {
            let verb = shell_words::join(words);
            let (out, err, status) = ask(&line, &verb).await;
            if !err.contains("not available over SSH") {
                let status = status.and_then(|status| i32::try_from(status).ok());
                there.entry(verb.clone()).or_default().push((role, format!("{out}{err}"), status));
            }
            let output = world.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            let text = [output.stdout, output.stderr].concat();
            here.entry(verb).or_default().push((
                role,
                String::from_utf8_lossy(&text).into_owned(),
                output.status.code(),
            ));
        }
    }
    let (here, there) = (check(&document, &here), check(&document, &there));
    assert!(there.len() > 50, "{}", there.len());
    // Over SSH, files are written to standard output only; other targets are refused before the engine is queried.
    for (verb, needs) in there.iter().filter(|(verb, _)| *verb != "messages save m999") {
        assert_eq!(here.get(verb), Some(needs), "{verb}");
    }
    let admins = here.values().filter(|needs| **needs == Role::Admin).count();
    let operators = here.values().filter(|needs| **needs == Role::Operator).count();
    assert!(admins > 15 && operators > 30, "{admins} {operators}");
}
