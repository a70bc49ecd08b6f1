//! Every verb there is, from one table: none panics when nobody reads what it prints, and none changes or sends
//! anything under `--read-only`.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::CommandFactory;
use wadeck::simulator::{Person, Saying, Simulator};

use crate::world::{PATIENCE, SUPPORT, Served, World, simulator, until};

/// All verbs, each with arguments that are right in [`ready`]'s world.
const VERBS: &str = "\
demo
serve
attach
send --thread t1 --text hello
why m1
radar
threads expiring
stats
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
keys";

/// Verbs that go on until somebody ends them.
const FOR_EVER: [&str; 2] = ["events follow", "simulator"];

fn leaves(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    let inner: Vec<_> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    if inner.is_empty() {
        found.insert(path.to_owned());
    }
    for inner in inner {
        leaves(inner, format!("{path} {}", inner.get_name()).trim(), found);
    }
}

#[test]
fn the_table_has_every_verb() {
    let mut verbs = BTreeSet::new();
    leaves(&wadeck::cli::Cli::command(), "", &mut verbs);
    let missing: Vec<&String> = verbs
        .iter()
        .filter(|verb| !VERBS.lines().any(|line| format!("{line} ").starts_with(&format!("{verb} "))))
        .collect();
    assert!(missing.is_empty(), "write these down in VERBS: {missing:?}");
}

/// A running engine with a thread in which everything has settled.
async fn ready(simulator: &Simulator, world: &World) -> Served {
    let engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Are you open on Saturday?"));
    simulator.step(crate::world::wall() + 60_000).await;
    until("the reply is accepted", || world.json(&["outbox", "list"])[0]["state"] == "accepted");
    for _ in 0..5 {
        simulator.step(crate::world::wall() + 60_000).await;
    }
    let directory = world.directory.path();
    std::fs::write(directory.join("template.txt"), wadeck::domain::templates::starter::TEMPLATES[0].text)
        .expect("written");
    std::fs::write(directory.join("flow.json"), wadeck::domain::templates::starter::FLOWS[0].text).expect("written");
    engine
}

/// Waits for a program, and ends one that goes on for ever. Its exit code, if it ended by itself.
fn ended(mut child: Child, verb: &str) -> Option<i32> {
    let began = Instant::now();
    let for_ever = FOR_EVER.iter().any(|name| verb.starts_with(name));
    let patience = if for_ever { Duration::from_secs(2) } else { PATIENCE };
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

/// A pipe that nobody reads.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn unread(mut command: Command, verb: &str, out: Stdio) -> (Option<i32>, String) {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let child = command.stdin(Stdio::null()).stdout(out).stderr(writer).spawn().expect("it starts");
    drop(command);
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        let _ = std::io::Read::read_to_string(&mut reader, &mut said);
        said
    });
    let code = ended(child, verb);
    (code, said.join().expect("read"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verb_panics_where_nobody_reads() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = ready(&simulator, &world).await;
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
        let (code, said) = unread(world.command(&words), line, nobody());
        assert!(code != Some(101) && !said.contains("panicked"), "{line}: {code:?}: {said}");
        assert!(code != Some(2) || line.starts_with("send"), "{line} is written wrongly in the table: {said}");
        // Who leaves changes nothing about how it ended.
        if ["threads list", "status", "events follow", "threads list --follow", "config show --json"]
            .contains(&line.as_str())
        {
            assert_eq!(code, Some(0), "{line}: {said}");
        }
        // Nobody who reads errors either.
        let mut command = world.command(&words);
        let child = command.stdin(Stdio::null()).stdout(nobody()).stderr(nobody()).spawn().expect("it starts");
        assert_ne!(ended(child, line), Some(101), "{line}");
    }
}

/// Everything below a directory but the data directory: names and sizes.
fn files(world: &World) -> BTreeSet<(String, u64)> {
    let entries = std::fs::read_dir(world.directory.path()).expect("read").flatten();
    entries.map(|entry| (entry.path().display().to_string(), entry.metadata().map_or(0, |meta| meta.len()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_or_sent_under_read_only() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = ready(&simulator, &world).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.data().join("wadeck.db")).read_only(true);
    let mut watching = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await.expect("opened");
    let mut version = async || {
        let asked = sqlx::query_scalar::<_, i64>("PRAGMA data_version").fetch_one(&mut watching);
        asked.await.expect("a number")
    };
    let (before, sent) = (files(&world), simulator.accepted().len());
    for line in VERBS.lines().filter(|line| *line != "demo") {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The engine itself writes now and then: a verb that changes something does so each time.
        let mut changed = 0;
        for attempt in 0..3 {
            let before = version().await;
            let mut command = world.command(&words);
            match attempt % 2 {
                0 => command.arg("--read-only"),
                _ => command.env("WADECK_READONLY", "yes"),
            };
            let (code, said) = unread(command, line, Stdio::null());
            assert!(code != Some(2) && code != Some(101), "{line}: {said}");
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
        let (code, said) = unread(world.command(&words), verb, Stdio::null());
        assert_eq!(code, Some(3), "{verb}: {said}");
        assert!(said.contains("--read-only"), "{verb}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_read_only_starts_none() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_, said) = unread(world.command(&["attach", "--plain", "--read-only"]), "", Stdio::null());
    assert!(!said.contains("panicked"), "{said}");
    unread(world.command(&["--plain", "--read-only"]), "", Stdio::null());
    assert_eq!(unread(world.command(&["serve", "--read-only"]), "", Stdio::null()).0, Some(3));
    assert!(!world.data().exists(), "nothing was made");
}

#[test]
fn switches_of_the_environment_are_the_usual_words() {
    let run = |name: &str, value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
        command.args(["simulator", "--listen", "256.0.0.1:0"]).env_remove("WADECK_READONLY").env_remove("WADECK_PLAIN");
        let output = command.args(["--seed", "1"]).env(name, value).output().expect("it runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for name in ["WADECK_READONLY", "WADECK_PLAIN"] {
        for value in ["1", "0", "true", "false", "YES", "no", "on", "off", "", "  "] {
            let said = run(name, value);
            // Only the address is wrong.
            assert!(said.contains("--listen") && !said.contains(name), "{name}={value:?}: {said}");
        }
        for value in ["2", "maybe", "ja"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
            let output = command.arg("roles").env(name, value).output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && said.contains(name), "{name}={value:?}: {said}");
        }
    }
    for name in ["WADECK_CONFIG", "WADECK_DATA_DIR"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
        let home = tempfile::tempdir().expect("a directory");
        command.args(["config", "check"]).env("HOME", home.path()).env(name, "").current_dir(home.path());
        let said = String::from_utf8_lossy(&command.output().expect("it runs").stderr).into_owned();
        assert!(said.contains("No configuration at") && said.contains("config.toml"), "{name}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_thing_that_does_not_exist_is_refused_by_every_verb_that_shows_it() {
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
            let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
            if output.status.code() != Some(3) || said.trim().is_empty() {
                wrong.push(format!("{verb:?} (json: {json}): {:?}, {said}", output.status.code()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
