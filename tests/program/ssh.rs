//! SSH access with a real client: a console for known keys, verbs with their role, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Handle};
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, client::Msg};

use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, Served, WAIT_LIMIT, World, signal, simulator, until};

pub struct TrustingClient;

impl client::Handler for TrustingClient {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[seed; 32])), "").expect("a key")
}

pub fn public(seed: u8) -> String {
    key(seed).public_key().to_openssh().expect("text")
}

pub async fn connect(port: u16, seed: u8) -> Result<Handle<TrustingClient>, String> {
    let config = Arc::new(client::Config::default());
    let mut line = client::connect(config, ("127.0.0.1", port), TrustingClient)
        .await
        .map_err(|error| format!("no line: {error}"))?;
    let key = PrivateKeyWithHashAlg::new(Arc::new(key(seed)), None);
    match line.authenticate_publickey("whoever", key).await {
        Ok(AuthResult::Success) => Ok(line),
        Ok(AuthResult::Failure { remaining_methods, .. }) => Err(format!("refused; {remaining_methods:?}")),
        Err(error) => Err(format!("refused: {error}")),
    }
}

/// Runs a verb. Returns both output streams and the exit status.
pub async fn ask(line: &Handle<TrustingClient>, verb: &str) -> (String, String, Option<u32>) {
    let (out, err, status) = pipe(line, verb, b"").await;
    (String::from_utf8_lossy(&out).into_owned(), err, status)
}

/// Runs a verb with this standard input.
pub async fn pipe(line: &Handle<TrustingClient>, verb: &str, input: &[u8]) -> (Vec<u8>, String, Option<u32>) {
    let mut channel = line.channel_open_session().await.expect("a channel");
    channel.exec(true, verb).await.expect("asked");
    if !input.is_empty() {
        channel.data_bytes(input.to_vec()).await.expect("piped");
    }
    channel.eof().await.expect("the end of what is piped");
    let (mut out, mut err, mut status) = (vec![], String::new(), None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => out.extend_from_slice(&data),
            ChannelMsg::ExtendedData { data, .. } => err.push_str(&String::from_utf8_lossy(&data)),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            _ => {}
        }
    }
    (out, err, status)
}

/// A console over SSH.
struct SshScreen {
    channel: russh::Channel<Msg>,
    parser: vt100::Parser,
    status: Option<u32>,
}

impl SshScreen {
    async fn open(line: &Handle<TrustingClient>, columns: u16, rows: u16) -> Self {
        let channel = line.channel_open_session().await.expect("a channel");
        channel.request_pty(true, "xterm-256color", columns.into(), rows.into(), 0, 0, &[]).await.expect("a pty");
        channel.request_shell(true).await.expect("a shell");
        let parser = vt100::Parser::new(rows.try_into().expect("rows"), columns.try_into().expect("columns"), 0);
        Self { channel, parser, status: None }
    }

    /// Waits for these words on the screen. Returns `false` if the session ends before.
    async fn waits_for(&mut self, words: &str) -> bool {
        let looking = async {
            while !self.parser.screen().contents().contains(words) {
                match self.channel.wait().await {
                    Some(ChannelMsg::Data { data }) => self.parser.process(&data),
                    Some(ChannelMsg::ExitStatus { exit_status }) => self.status = Some(exit_status),
                    Some(_) => {}
                    None => return false,
                }
            }
            true
        };
        tokio::time::timeout(WAIT_LIMIT, looking).await.unwrap_or(false)
    }

    async fn sees(&mut self, words: &str) {
        assert!(self.waits_for(words).await, "{words:?} never came:\n{}", self.parser.screen().contents());
    }

    async fn press(&self, keys: &str) {
        self.channel.data_bytes(keys.as_bytes().to_vec()).await.expect("typed");
    }

    async fn ends(mut self) -> Option<u32> {
        while let Some(message) = self.channel.wait().await {
            match message {
                ChannelMsg::ExitStatus { exit_status } => self.status = Some(exit_status),
                ChannelMsg::Data { data } => self.parser.process(&data),
                _ => {}
            }
        }
        assert!(!self.parser.screen().alternate_screen(), "the screen is given back");
        self.status
    }
}

fn users(vic: bool) -> String {
    let ada = format!("\n[[users]]\nname = \"ada\"\nrole = \"admin\"\nssh_keys = [\"{}\"]\n", public(1));
    let root = "\n[[users]]\nname = \"owner\"\nrole = \"admin\"\nos_user = \"root\"\n";
    let vic = if vic { "\n[[users]]\nname = \"vic\"\nrole = \"viewer\"\n" } else { "" };
    format!("{ada}{root}{vic}")
}

/// Starts an engine with SSH users. Returns it with its SSH port.
pub fn engine(world: &World) -> (Served, u16) {
    engine_for(world, &users(true))
}

/// Starts an engine with these SSH users. Returns it with its SSH port.
pub fn engine_for(world: &World, users: &str) -> (Served, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let file = world.directory.path().join("wadeck.toml");
    let config = std::fs::read_to_string(&file).expect("a configuration");
    let config = config.split("\n[[users]]").next().expect("a head");
    let keys = world.directory.path().join("keys");
    std::fs::write(&keys, format!("# colleagues\n{} vic\n{} nobody\n", public(2), public(3))).expect("written");
    let ssh = format!(
        "\n[ssh]\nlisten = \"127.0.0.1:{port}\"\nallow_classical_key_exchange = true\nauthorized_keys = \"{}\"\n",
        keys.display()
    );
    std::fs::write(&file, format!("{config}{ssh}{users}")).expect("written");
    let served = world.serve();
    until("it lets people in", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    (served, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_key_gets_a_console_of_the_terminals_size() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_engine, port) = engine(&world);
    let line = connect(port, 1).await.expect("let in");
    let mut sat = SshScreen::open(&line, 100, 30).await;
    sat.sees("No threads.").await;
    sat.press("5").await;
    sat.sees("helper answers support").await;
    sat.channel.window_change(60, 20, 0, 0).await.expect("resized");
    sat.parser.screen_mut().set_size(20.try_into().expect("rows"), 60.try_into().expect("columns"));
    sat.press("1").await;
    sat.sees("▾ 1 Connections").await;
    sat.press("q").await;
    sat.sees("The engine keeps running").await;
    sat.press("y").await;
    assert_eq!(sat.ends().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_verbs_run_with_the_role_of_their_user() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_engine, port) = engine(&world);
    let ada = connect(port, 1).await.expect("let in");
    let (out, err, status) = ask(&ada, "wadeck threads list --json").await;
    assert_eq!((out.trim(), err.as_str(), status), ("[]", "", Some(0)));
    let (out, _, status) = ask(&ada, "status --json").await;
    let reply: serde_json::Value = serde_json::from_str(&out).expect("one JSON value");
    assert_eq!((reply["connections"].as_u64(), status), (Some(2), Some(0)));
    let (out, _, status) = ask(&ada, "audit verify").await;
    assert!(out.contains("are unchanged") && status == Some(0), "{out}");
    for (verb, status) in [
        ("serve", 3),
        ("deliveries try d1 --body /etc/passwd", 3),
        ("send --connection support --to +15550100002 --media /etc/passwd", 3),
        ("nonsense", 2),
        ("", 2),
    ] {
        let (out, err, ended) = ask(&ada, verb).await;
        assert!(out.is_empty() && !err.is_empty() && ended == Some(status), "{verb}: {out}{err}{ended:?}");
    }
    // The key file names a viewer, and a key of an unknown user is rejected.
    let vic = connect(port, 2).await.expect("let in");
    assert_eq!(ask(&vic, "threads list").await.2, Some(0));
    for verb in [
        "assignments propose --connection c1 --agent helper",
        "assignments revoke g1",
        "agents stop all",
        "outbox retry o1",
        "threads take t1",
        "send --connection support --to +15550100002 --text hi",
        "contacts add --connection c1 --name X --number +15550100099",
        "deliveries show d1 --reveal",
    ] {
        let (out, err, status) = ask(&vic, verb).await;
        assert!(status != Some(0) && out.trim().is_empty(), "{verb}: {out}{err}");
        assert!(
            err.contains("vic may not") || status == Some(2) || err.contains("no ") || err.contains("only a template"),
            "{verb}: {err}"
        );
    }
    assert!(connect(port, 3).await.is_err(), "its name is no user's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_and_a_thread_are_found_by_any_of_their_names_over_ssh_too() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_engine, port) = engine(&world);
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.wait_for_thread(&simulator).await;
    let ada = connect(port, 1).await.expect("let in");
    let run_json = async |verb: &str| {
        let (out, err, status) = ask(&ada, verb).await;
        assert_eq!(status, Some(0), "{verb}: {err}");
        serde_json::from_str::<serde_json::Value>(&out).unwrap_or_else(|error| panic!("{verb}: {error}: {out}"))
    };
    let list = run_json("connections list --json").await;
    let one = list.as_array().and_then(|all| all.iter().find(|one| one["phone_number_id"] == SUPPORT)).expect("it");
    let of = |field: &str| one[field].as_str().expect("text").trim_start_matches('+').to_owned();
    for name in [of("id"), of("name"), of("phone_number_id"), format!("+{}", of("phone_number"))] {
        assert!(run_json(&format!("connections show {name} --json")).await.to_string().contains(SUPPORT), "{name}");
        let list = run_json(&format!("threads list --filter conn:{name} --json")).await;
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{name}: {list}");
        let sent = ask(&ada, &format!("send --connection {name} --to +15550100002 --text 'By {name}.'")).await;
        assert_eq!(sent.2, Some(0), "{name}: {}", sent.1);
    }
    let thread = run_json("threads list --json").await[0]["id"].clone();
    for name in ["+15550100002", "'1 (555) 010-0002'", thread.as_str().expect("an id")] {
        assert_eq!(run_json(&format!("threads show {name} --json")).await["id"], thread, "{name}");
        let messages = run_json(&format!("messages list --thread {name} --columns text,phone_number --json")).await;
        let messages = messages.as_array().expect("rows");
        assert!(messages.contains(&serde_json::json!({ "text": "Hello", "phone_number": "+15550100002" })));
        let ours = messages.iter().filter(|row| row["text"].as_str().is_some_and(|text| text.starts_with("By ")));
        assert_eq!(ours.count(), 4, "{name}: {messages:?}");
    }
    let (out, err, status) = ask(&ada, "connections show nobody").await;
    assert!(status == Some(3) && err.contains("Connection `nobody` not found."), "{out}{err}{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_offers_nothing_but_consoles_and_verbs() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_engine, port) = engine(&world);
    let refused = connect(port, 9).await.map(|_| ()).expect_err("nobody knows this key");
    assert!(refused.contains("PublicKey") && !refused.contains("Password"), "{refused}");
    let line = connect(port, 1).await.expect("let in");
    let channel = line.channel_open_session().await.expect("a channel");
    channel.request_subsystem(true, "sftp").await.expect("asked");
    let mut channel = channel;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Failure) | None => break,
            Some(ChannelMsg::Success) => panic!("a subsystem"),
            Some(_) => {}
        }
    }
    assert!(line.channel_open_direct_tcpip("127.0.0.1", 80, "127.0.0.1", 1).await.is_err(), "no forwarding");
    assert!(line.tcpip_forward("127.0.0.1", 0).await.is_err(), "in neither direction");
    // A shell without a terminal reports that it needs one.
    let mut channel = line.channel_open_session().await.expect("a channel");
    channel.request_shell(true).await.expect("asked");
    let mut output_text = String::new();
    while let Some(message) = channel.wait().await {
        if let ChannelMsg::ExtendedData { data, .. } = message {
            output_text.push_str(&String::from_utf8_lossy(&data));
        }
    }
    assert!(output_text.contains("ssh -t"), "{output_text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_user_is_disconnected_and_a_flood_blocks_nobody() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (engine, port) = engine(&world);
    let vic = connect(port, 2).await.expect("let in");
    let mut sat = SshScreen::open(&vic, 100, 30).await;
    sat.sees("No threads.").await;
    for _ in 0..1_000 {
        drop(std::net::TcpStream::connect(("127.0.0.1", port)));
    }
    sat.press("5").await;
    sat.sees("helper answers support").await;
    // After the others disconnect, new connections are accepted.
    let mut ada = None;
    for _ in 0..200 {
        match connect(port, 1).await {
            Ok(line) => {
                ada = Some(line);
                break;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    let ada = ada.expect("let in once they are gone");
    let file = world.directory.path().join("wadeck.toml");
    let config = std::fs::read_to_string(&file).expect("a configuration");
    std::fs::write(&file, config.replace(&users(true), &users(false))).expect("written");
    signal(&engine.0, "-HUP");
    sat.sees("You are no longer a user").await;
    assert_eq!(ask(&ada, "threads list --json").await.2, Some(0), "others stay");
    assert!(connect(port, 2).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_do_not_block_the_right_one() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_engine, port) = engine(&world);
    let mut refusals = 0;
    for seed in 20..36 {
        match connect(port, seed).await {
            Ok(_) => panic!("let in"),
            Err(why) if why.starts_with("no line") => {}
            Err(_) => refusals += 1,
        }
    }
    assert!(refusals >= 13, "{refusals}");
    let mut came = connect(port, 1).await;
    for _ in 0..20 {
        if came.is_ok() {
            break;
        }
        // Connections per second and address are limited.
        tokio::time::sleep(Duration::from_millis(200)).await;
        came = connect(port, 1).await;
    }
    assert_eq!(ask(&came.expect("the right key is let in"), "status --json").await.2, Some(0));
    until("it is logged once", || world.log().matches("unknown SSH keys").count() == 1);
}

/// Counts the bytes received within `span`.
async fn bytes_within(sat: &mut SshScreen, span: Duration) -> usize {
    let mut count = 0;
    let _ = tokio::time::timeout(span, async {
        while let Some(message) = sat.channel.wait().await {
            if let ChannelMsg::Data { data } = message {
                count += data.len();
                sat.parser.process(&data);
            }
        }
    })
    .await;
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_output_is_bounded() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_engine, port) = engine(&world);
    simulator.subscribe(&world.url());
    for number in 0..40 {
        let person = wadeck::simulator::Person::new(&format!("Person {number}"), &format!("155501000{number:02}"));
        simulator.says(
            crate::world::SUPPORT,
            &person,
            &wadeck::simulator::Saying::text("quiet please, this is a message"),
        );
    }
    simulator.step(crate::world::now_millis() + 60_000).await;
    let line = connect(port, 2).await.expect("let in");
    let mut sat = SshScreen::open(&line, 120, 40).await;
    sat.sees("Person 39").await;
    // Wait until the agents are idle.
    while bytes_within(&mut sat, Duration::from_secs(2)).await > 0 {}

    let idle = bytes_within(&mut sat, Duration::from_secs(6)).await;
    assert!(idle <= 300, "{idle} bytes while nothing happened");
    // In the list of agents, moving the cursor redraws only the cursor.
    sat.press("5").await;
    bytes_within(&mut sat, Duration::from_secs(1)).await;
    sat.press("2/quiet").await;
    bytes_within(&mut sat, Duration::from_secs(1)).await;
    sat.press("\r").await;
    bytes_within(&mut sat, Duration::from_secs(1)).await;
    sat.press("\r").await;
    let opened = bytes_within(&mut sat, Duration::from_secs(1)).await;
    assert!(opened <= 3_000, "{opened} bytes for opening a thread");

    // Under a flood of messages, a key press is still answered at once.
    let flood = tokio::spawn(async move {
        for round in 0..4_000_u32 {
            let number = round % 40;
            let person = wadeck::simulator::Person::new(&format!("Person {number}"), &format!("155501000{number:02}"));
            let words = format!("quiet please {round}");
            simulator.says(crate::world::SUPPORT, &person, &wadeck::simulator::Saying::text(&words));
            if round % 20 == 19 {
                simulator.step(crate::world::now_millis() + 60_000).await;
            }
        }
        simulator
    });
    let span = Duration::from_secs(5);
    let flooded = bytes_within(&mut sat, span).await;
    assert!(flooded as u64 <= 4_096 * (span.as_secs() + 2), "{flooded} bytes in {span:?} of a flood");
    let began = std::time::Instant::now();
    sat.press("?").await;
    sat.sees("type to find").await;
    let echo = began.elapsed();
    assert!(echo < Duration::from_millis(400), "a key was answered after {echo:?}");
    flood.abort();
}
