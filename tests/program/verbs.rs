//! Every verb, from one table: none panics when its output is not read, and none changes or sends anything under
//! `--read-only`.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::CommandFactory;
use wadeck::simulator::{Person, Saying, Simulator};

use crate::world::{SUPPORT, Served, WAIT_LIMIT, World, simulator, until};

/// All verbs, with arguments that are valid in the world of [`engine_with_thread`].
const VERBS: &str = "\
demo
serve
attach
send --thread t1 --text hello
why m1
radar
threads expiring
stats
stats costs --by template
contacts list
contacts add --connection c1 --name Vera --number +15550100077
contacts rename p1 Rosa
contacts merge p1 p2
contacts split p1
contacts opt-out t1
contacts opt-in t1
alerts list
alerts ack a1
alerts kinds
status
doctor --webhook
connections list
connections states
deliveries kinds
connections show c1
connections numbers kapso
connections setup support
connections resume s1
connections link s1
connections cancel s1
connections adopt --name other --provider kapso 106540352242922
connections register c1
connections unregister c1
connections disconnect --confirm +15550100001 c2
connections reconnect s1
connections renew c1
connections health c1
connections profile c1
connections check c1
connections canary c1
connections test c1
connections backfill c1
webhooks list --connection c1
webhooks show --connection c1 w1
webhooks create --connection c1
webhooks update --connection c1 w1
webhooks delete --connection c1 --confirm w1 w1
webhooks test --connection c1 w1
api kapso GET /platform/v1/customers
threads list
threads show t1
threads take t1
threads read t1
threads resolve t1
replies list
replies add hello Hello
replies share hello Hello
replies remove hello
threads unattended
threads assign t1 --to ben
threads label list
threads label add t1 vip
threads label remove t1 vip
threads snooze t1 --until 2h
threads unsnooze t1
threads reopen t1
threads transfer t1 ada
threads release t1
threads note t1 words
threads notes t1
threads refresh t1
threads export t1
threads views
threads undo-send t1
messages list --thread t1
messages show m1
messages react m1 x
messages save m1 saved
messages fetch m1
messages query-status m2
messages search words
outbox list
outbox show o1
outbox retry o1
outbox discard o1
outbox arrived o1
outbox reconcile o1
outbox hold o1
outbox release o1
outbox bulk retry status:failed --yes
outbox jobs
outbox stop 1
outbox resume 1
outbox discard-job 1
deliveries list
deliveries show d1 --reveal
deliveries verify d1
deliveries replay d1
deliveries dry-run d1
templates list --refresh
templates show order_update
templates text --connection c1 1
templates lint template.txt --fix
templates preview template.txt
templates create --connection c1 template.txt
templates update --connection c1 1 template.txt
templates delete --connection c1 --confirm x x
templates sample --connection c1 template.txt
templates starters
flows list --refresh
flows show --connection c1 1
flows json --connection c1 1
flows diff --connection c1 1 1 2
flows lint flow.json
flows create --connection c1 --name f flow.json
flows update --connection c1 1 flow.json
flows publish --connection c1 1
flows deprecate --connection c1 --confirm 1 1
flows delete --connection c1 --confirm 1 1
flows send --connection c1 --to +15550100002 1
flows preview --connection c1 1
flows responses --connection c1 1
flows logs --connection c1 1
flows invocations --connection c1 1
flows encrypt --connection c1 1
flows code --connection c1 1 flow.json
flows deploy --connection c1 1
flows register --connection c1 1
flows starters
agents list
agents test helper hello
agents rehearse helper
agents rehearsals helper
agents runs
agents run r1
agents accept r1
agents dismiss r1
agents stop t1
agents resume t1
agents stops
agents forget t1
assignments list
assignments show g1
assignments propose --connection c1 --agent helper --pause-after-person-minutes 120
assignments approve g1
assignments restrict --connection c1 --agent helper g1
assignments reject --reason no g1
assignments revoke g1
assignments snooze --until 2030-06-01T09:00:00Z g1
assignments rehearse g1
audit list
audit verify
audit accept-restored --confirm u9
events list
events follow
tokens list
tokens create shop --role viewer
tokens revoke shop
mcp
config check
config show
config migrate
backup copy.db --media copies
simulator --listen 127.0.0.1:0
completions bash
man --to pages
roles
codes
openapi specs
openapi search template
openapi op sendMessage
openapi schema GraphAPIError
openapi where GraphAPIError
openapi ops --tag Templates
keys";

/// Verbs that run until they are stopped.
const ENDLESS_VERBS: [&str; 2] = ["events follow", "simulator"];

fn collect_leaf_verbs(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    let inner: Vec<_> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    if inner.is_empty() {
        found.insert(path.to_owned());
    }
    for inner in inner {
        collect_leaf_verbs(inner, format!("{path} {}", inner.get_name()).trim(), found);
    }
}

#[test]
fn the_table_has_every_verb() {
    let mut verbs = BTreeSet::new();
    collect_leaf_verbs(&wadeck::cli::Cli::command(), "", &mut verbs);
    let missing: Vec<&String> = verbs
        .iter()
        .filter(|verb| !VERBS.lines().any(|line| format!("{line} ").starts_with(&format!("{verb} "))))
        .collect();
    assert!(missing.is_empty(), "write these down in VERBS: {missing:?}");
}

/// Starts an engine with a thread in which all work is finished.
async fn engine_with_thread(simulator: &Simulator, world: &World) -> Served {
    let engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Are you open on Saturday?"));
    simulator.step(crate::world::now_millis() + 60_000).await;
    until("the reply is accepted", || world.json(&["outbox", "list"])[0]["state"] == "accepted");
    for _ in 0..5 {
        simulator.step(crate::world::now_millis() + 60_000).await;
    }
    let directory = world.directory.path();
    std::fs::write(directory.join("template.txt"), wadeck::domain::templates::starter::TEMPLATES[0].text)
        .expect("written");
    std::fs::write(directory.join("flow.json"), wadeck::domain::templates::starter::FLOWS[0].text).expect("written");
    engine
}

/// Waits for a program and kills one that does not end. Returns its exit code if it ended by itself.
fn wait_or_kill(mut child: Child, verb: &str) -> Option<i32> {
    let began = Instant::now();
    let for_ever = ENDLESS_VERBS.iter().any(|name| verb.starts_with(name));
    let patience = if for_ever { Duration::from_secs(2) } else { WAIT_LIMIT };
    loop {
        if let Some(status) = child.try_wait().expect("known") {
            return Some(status.code().unwrap_or_else(|| panic!("{verb}: {status}")));
        }
        if began.elapsed() > patience {
            let _ = child.kill();
            let _ = child.wait();
            assert!(for_ever, "{verb} did not end");
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns a pipe without a reader.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn run_with_closed_pipe(mut command: Command, verb: &str, out: Stdio) -> (Option<i32>, String) {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let child = command.stdin(Stdio::null()).stdout(out).stderr(writer).spawn().expect("it starts");
    drop(command);
    let output_text = std::thread::spawn(move || {
        let mut output_text = String::new();
        let _ = std::io::Read::read_to_string(&mut reader, &mut output_text);
        output_text
    });
    let code = wait_or_kill(child, verb);
    (code, output_text.join().expect("read"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verb_panics_on_a_closed_pipe() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = engine_with_thread(&simulator, &world).await;
    let mut lines: Vec<String> = VERBS.lines().map(str::to_owned).collect();
    lines.extend(VERBS.lines().filter(|line| !line.starts_with("demo")).map(|line| format!("{line} --json")));
    lines.extend(
        ["--help", "help", "threads --help", "man", "completions zsh", "threads list --follow"].map(str::to_owned),
    );
    lines.extend(
        ["connections setup support --wait", "--plain", "--version", "templates starters order_update"]
            .map(str::to_owned),
    );
    for line in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (code, output_text) = run_with_closed_pipe(world.command(&words), line, closed_pipe());
        assert!(code != Some(101) && !output_text.contains("panicked"), "{line}: {code:?}: {output_text}");
        assert!(code != Some(2) || line.starts_with("send"), "{line} is written wrongly in the table: {output_text}");
        // A closed pipe does not change the exit code.
        if ["threads list", "status", "events follow", "threads list --follow", "config show --json"]
            .contains(&line.as_str())
        {
            assert_eq!(code, Some(0), "{line}: {output_text}");
        }
        // Standard error has no reader either.
        let mut command = world.command(&words);
        let child =
            command.stdin(Stdio::null()).stdout(closed_pipe()).stderr(closed_pipe()).spawn().expect("it starts");
        assert_ne!(wait_or_kill(child, line), Some(101), "{line}");
    }
}

/// Returns names and sizes of all files outside the data directory.
fn files(world: &World) -> BTreeSet<(String, u64)> {
    let entries = std::fs::read_dir(world.directory.path()).expect("read").flatten();
    entries.map(|entry| (entry.path().display().to_string(), entry.metadata().map_or(0, |meta| meta.len()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_or_sent_under_read_only() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = engine_with_thread(&simulator, &world).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.data().join("wadeck.db")).read_only(true);
    let mut watching = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await.expect("opened");
    let mut version = async || {
        let asked = sqlx::query_scalar::<_, i64>("PRAGMA data_version").fetch_one(&mut watching);
        asked.await.expect("a number")
    };
    let (before, sent) = (files(&world), simulator.accepted().len());
    for line in VERBS.lines().filter(|line| *line != "demo") {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The engine itself writes occasionally: a verb that changes something does so every time.
        let mut changed = 0;
        for attempt in 0..3 {
            let before = version().await;
            let mut command = world.command(&words);
            match attempt % 2 {
                0 => command.arg("--read-only"),
                _ => command.env("WADECK_READONLY", "yes"),
            };
            let (code, output_text) = run_with_closed_pipe(command, line, Stdio::null());
            assert!(code != Some(2) && code != Some(101), "{line}: {output_text}");
            if version().await == before {
                break;
            }
            changed += 1;
        }
        assert!(changed < 3, "{line} changes the database");
        assert_eq!(files(&world), before, "{line} writes files");
        assert_eq!(simulator.accepted().len(), sent, "{line} sends");
    }
    for verb in ["serve", "backup x.db", "simulator", "man --to pages"] {
        let words: Vec<&str> = verb.split_whitespace().chain(["--read-only"]).collect();
        let (code, output_text) = run_with_closed_pipe(world.command(&words), verb, Stdio::null());
        assert_eq!(code, Some(3), "{verb}: {output_text}");
        assert!(output_text.contains("--read-only"), "{verb}: {output_text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_starts_no_engine() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_, output_text) =
        run_with_closed_pipe(world.command(&["attach", "--plain", "--read-only"]), "", Stdio::null());
    assert!(!output_text.contains("panicked"), "{output_text}");
    run_with_closed_pipe(world.command(&["--plain", "--read-only"]), "", Stdio::null());
    assert_eq!(run_with_closed_pipe(world.command(&["serve", "--read-only"]), "", Stdio::null()).0, Some(3));
    assert!(!world.data().exists(), "nothing was made");
}

#[test]
fn environment_switches_accept_the_usual_words() {
    let run = |name: &str, value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
        command.args(["simulator", "--listen", "256.0.0.1:0"]).env_remove("WADECK_READONLY").env_remove("WADECK_PLAIN");
        let output = command.args(["--seed", "1"]).env(name, value).output().expect("it runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for name in ["WADECK_READONLY", "WADECK_PLAIN"] {
        for value in ["1", "0", "true", "false", "YES", "no", "on", "off", "", "  "] {
            let output_text = run(name, value);
            // Only the address is invalid.
            assert!(output_text.contains("--listen") && !output_text.contains(name), "{name}={value:?}: {output_text}");
        }
        for value in ["2", "maybe", "ja"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
            let output = command.arg("roles").env(name, value).output().expect("it runs");
            let output_text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && output_text.contains(name), "{name}={value:?}: {output_text}");
        }
    }
    for name in ["WADECK_CONFIG", "WADECK_DATA_DIR"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
        let home = tempfile::tempdir().expect("a directory");
        command.args(["config", "check"]).env("HOME", home.path()).env(name, "").current_dir(home.path());
        let output_text = String::from_utf8_lossy(&command.output().expect("it runs").stderr).into_owned();
        assert!(
            output_text.contains("No configuration at") && output_text.contains("config.toml"),
            "{name}: {output_text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_show_verb_refuses_an_unknown_id() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let verbs: [&[&str]; 12] = [
        &["threads", "show", "t999"],
        &["threads", "notes", "t999"],
        &["threads", "export", "t999"],
        &["messages", "list", "--thread", "t999"],
        &["messages", "show", "m999"],
        &["messages", "save", "m999", "nowhere"],
        &["outbox", "show", "o999"],
        &["deliveries", "show", "d999"],
        &["agents", "run", "r999"],
        &["assignments", "show", "g999"],
        &["why", "m999"],
        &["why", "o999"],
    ];
    let mut wrong = vec![];
    for verb in verbs {
        for json in [false, true] {
            let output = world.run(&[verb, if json { &["--json"] } else { &[] }].concat());
            let output_text = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
            if output.status.code() != Some(3) || output_text.trim().is_empty() {
                wrong.push(format!("{verb:?} (json: {json}): {:?}, {output_text}", output.status.code()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
