//! `wadeck serve`, and the command line that queries it.

use std::process::Stdio;

use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, World, exists, signal, simulator, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_and_listed_by_the_command_line() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut served = world.serve();
    simulator.subscribe(&world.url());
    let rosa = Person::new("Rosa \u{1b}[31mField\u{202e}", "15550100002");
    simulator.says(SUPPORT, &rosa, &Saying::text("Are you open on Saturday?"));
    let answered = async {
        while simulator.accepted().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        () = answered => {}
    }
    until("the reply is accepted", || world.json(&["outbox", "list"])[0]["state"] == "accepted");

    let threads = world.json(&["threads", "list"]);
    let thread = &threads[0];
    assert_eq!(thread["external_id"], "whatsapp:15550100002");
    assert_eq!(thread["contact"]["phone_number"], "+15550100002");
    for field in ["id", "connection", "unread", "last_message_at", "window_closes_at", "assignment"] {
        assert!(!thread[field].is_null(), "{field}: {thread}");
    }
    let id = thread["id"].as_str().expect("an id");
    let messages = world.json(&["messages", "list", "--thread", id]);
    assert_eq!(messages[1]["text"], "Are you open on Saturday?");
    for field in
        ["id", "thread_id", "direction", "type", "text", "status", "provider_message_id", "created_at", "attempts"]
    {
        assert!(!messages[0][field].is_null(), "{field}");
    }
    assert!(messages[0]["error"].is_null());
    assert_eq!(world.json(&["messages", "search", "are you sat"])[0]["id"], messages[1]["id"]);
    let shown = world.json(&["messages", "show", messages[0]["id"].as_str().expect("an id")]);
    assert_eq!(shown["tries"][0]["outcome"], "accepted");
    assert!(shown["tries"][0]["request"].as_str().is_some_and(|request| !request.contains("program-key")));
    assert_eq!(world.json(&["deliveries", "list"])[0]["state"], "applied");
    assert_eq!(world.json(&["status"])["threads"], 1);

    // A contact's name cannot control the terminal that lists it.
    for arguments in [&["threads", "list"][..], &["threads", "list", "--json"]] {
        let output = world.run(arguments).stdout;
        let text = String::from_utf8(output).expect("UTF-8");
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }

    signal(&served.0, "-TERM");
    assert!(served.0.wait().expect("it ends").success(), "in order");
    assert!(!exists(&world.data().join("wadeck.sock")));
    assert!(exists(&world.data().join("logs")));

    // Without an engine, reading still works with a note; changes do not.
    assert_eq!(world.json(&["threads", "list"])[0]["external_id"], "whatsapp:15550100002");
    let status = world.run(&["status"]);
    assert_eq!(status.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&status.stderr).contains("No engine runs"));
    let refused = world.run(&["threads", "take", id]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing was changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn startup_errors_are_one_sentence() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let output_text = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output =
            world.command(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).trim().to_owned())
    };
    let (code, words) = output_text(&["serve", "--config", "nowhere.toml"], &[]);
    assert_eq!((code, words.lines().count()), (Some(1), 1), "{words}");
    assert!(words.contains("No configuration at nowhere.toml"));

    let (code, words) = output_text(&[], &[]);
    assert_eq!(
        (code, words.as_str()),
        (Some(1), "The console needs a terminal. Run `wadeck serve` without one, or `wadeck --plain` line by line.")
    );

    let (code, _) = output_text(&["threads", "show", "m12"], &[]);
    assert_eq!(code, Some(2), "wrong usage");

    let taken = std::net::TcpListener::bind(("127.0.0.1", world.port)).expect("the port");
    let (code, words) = output_text(&["serve"], &[]);
    assert_eq!(code, Some(1));
    assert!(words.lines().any(|line| line.contains("Cannot listen on") && line.contains("[http] listen")), "{words}");
    drop(taken);

    let _served = world.serve();
    let (code, words) = output_text(&["serve"], &[]);
    assert_eq!(code, Some(1));
    assert!(words.contains("Another wadeck (process ") && words.contains("wadeck status"), "{words}");

    let (code, words) = output_text(&["threads", "take", "t99"], &[]);
    assert_eq!(code, Some(3), "refused by a rule: {words}");
    let (code, _) = output_text(&["threads", "take", "t99", "--read-only"], &[]);
    assert_eq!(code, Some(3));

    std::fs::write(world.directory.path().join("bad.toml"), "[http]\nlissten = 1\n").expect("written");
    let (code, words) = output_text(&["config", "check", "--config", "bad.toml"], &[]);
    assert_eq!(code, Some(1));
    assert!(words.contains("line 2, column 1: Unknown key `lissten`. Did you mean `listen`?"), "{words}");
    let (code, _) = output_text(&["config", "check"], &[]);
    assert_eq!(code, Some(0));

    // An old configuration key is read, reported by `config check` and `doctor`, and renamed by `config migrate`.
    std::fs::write(world.directory.path().join("old.toml"), "[ssh]\nmost = 4\n").expect("written");
    let printed = |arguments: &[&str]| {
        let output = world.command(&[arguments, &["--config", "old.toml"]].concat()).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let checked = printed(&["config", "check"]);
    assert!(checked.contains("line 2, column 1: `most` is called `max_connections` now."), "{checked}");
    let examined = printed(&["doctor"]);
    assert!(examined.contains("WARN configuration   line 2: `most` is called `max_connections` now."), "{examined}");
    assert_eq!(printed(&["config", "migrate"]).trim(), "[ssh]\nmax_connections = 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undeclared_user_is_refused_with_the_reason() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let path = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&path).expect("read");
    let others = "\n[[users]]\nname = \"ada\"\nrole = \"admin\"\nos_user = \"nobody-of-that-name\"\n";
    std::fs::write(&path, text + others).expect("written");
    let _served = world.serve();
    let output = world.run(&["threads", "list"]);
    assert_eq!(output.status.code(), Some(3));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("is not in the configuration"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_rejected_api_keys_are_reported_with_their_remedy() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let without = world.command(&["doctor", "--json"]).env_remove("KAPSO_API_KEY").output().expect("it runs");
    let found: serde_json::Value = serde_json::from_slice(&without.stdout).expect("JSON");
    let key = found.as_array().expect("a list").iter().find(|finding| finding["what"] == "api key").expect("looked at");
    assert_eq!(key["fine"], false);
    assert!(key["remedy"].as_str().is_some_and(|remedy| remedy.contains("KAPSO_API_KEY_FILE")));

    let child =
        world.command(&["serve"]).env("KAPSO_API_KEY", "wrong").stdin(Stdio::null()).stderr(Stdio::null()).spawn();
    let _served = crate::world::Served(child.expect("it starts"));
    until("the wrong key is noticed", || {
        std::net::TcpStream::connect(("127.0.0.1", world.port)).is_ok()
            && world.json(&["status"])["connections_in_trouble"] == 2
    });
    let connections = world.json(&["connections", "list"]);
    let note = connections[0]["checks"][0]["note"].as_str().expect("a note").to_owned();
    assert_eq!(note, "API key rejected");
    // Both numbers use the rejected key: one alert names both.
    let alerts = world.json(&["alerts", "list", "--open"]);
    let output_text: Vec<&str> =
        alerts.as_array().expect("a list").iter().filter_map(|alert| alert["said"].as_str()).collect();
    assert_eq!(output_text.len(), 1, "{output_text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_locally_but_not_through_a_proxy() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(
        crate::world::SUPPORT,
        &wadeck::simulator::Person::new("Rosa", "15550100002"),
        &wadeck::simulator::Saying::text("hello"),
    );
    simulator.step(crate::world::now_millis() + 60_000).await;
    let url = format!("{}/metrics", world.url());
    let mut text = String::new();
    for _ in 0..500 {
        text = reqwest::get(&url).await.expect("an answer").text().await.expect("text");
        if text.contains("wadeck_attempts_total{result=\"accepted\",code=\"\"}") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for line in [
        "wadeck_webhooks_total{provider=\"kapso\",result=\"stored\"} ",
        "wadeck_webhook_seconds_bucket{provider=\"kapso\",le=\"0.5\"} ",
        "wadeck_attempts_total{result=\"accepted\",code=\"\"} ",
        "wadeck_agent_runs_total{agent=\"helper\",state=\"answered\"} 1",
        "wadeck_threads 1",
        "wadeck_windows_closing{within=\"1h\"} 0",
        "wadeck_database_bytes ",
    ] {
        assert!(text.lines().any(|known| known.starts_with(line)), "{line} is not in\n{text}");
    }
    // Every metric family is described once, before its samples.
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().expect("a name");
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let typed = |of: &str| text.matches(&format!("# TYPE {of} ")).count();
        assert_eq!(typed(family) + if family == name { 0 } else { typed(name) }, 1, "{name}");
    }
    let refused = reqwest::Client::new().get(&url).header("x-forwarded-for", "203.0.113.9").send().await;
    assert_eq!(refused.expect("an answer").status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_engine_is_complete() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let engine = world.serve();
    let copy = world.directory.path().join("copy.db");
    let path = copy.display().to_string();
    let media = world.directory.path().join("copied").display().to_string();
    let done = world.run(&["backup", &path, "--media", &media]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let output_text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        output_text.contains("verified the copy") && output_text.contains("0 file(s) of messages"),
        "{output_text}"
    );
    let again = world.run(&["backup", &path]);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("was not overwritten"));
    drop(engine);
    // The copy works as a database.
    let other = tempfile::tempdir().expect("a directory");
    std::fs::copy(&copy, other.path().join("wadeck.db")).expect("copied");
    let output = world.run(&["connections", "list", "--json", "--data-dir", &other.path().display().to_string()]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("support"), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_notified_and_its_socket_is_used() {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixDatagram;
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let manager = UnixDatagram::bind(world.directory.path().join("notify")).expect("a socket");
    manager.set_read_timeout(Some(crate::world::WAIT_LIMIT)).expect("set");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/healthz", port.local_addr().expect("an address"));
    // The listening socket is descriptor 3, as a service manager passes it.
    let line = format!("exec {}<&{} ; exec \"$0\" serve", 3, port.as_raw_fd());
    let fd = rustix::io::fcntl_getfd(&port).expect("flags");
    rustix::io::fcntl_setfd(&port, fd - rustix::io::FdFlags::CLOEXEC).expect("inherited");
    let command = world.command(&[]);
    let mut shell = std::process::Command::new("bash");
    shell.arg("-c").arg(format!("export LISTEN_PID=$$ LISTEN_FDS=1; {line}")).arg(command.get_program());
    shell.envs(command.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    shell.current_dir(world.directory.path()).env("NOTIFY_SOCKET", world.directory.path().join("notify"));
    shell.env("WATCHDOG_USEC", "600000").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = shell.spawn().expect("it starts");
    let next_notification = || {
        let mut bytes = [0; 512];
        let count = manager.recv(&mut bytes).expect("told");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let first = next_notification();
    let mut output_text = vec![first];
    while !(output_text.iter().any(|one| one.contains("READY=1"))
        && output_text.iter().any(|one| one.contains("WATCHDOG=1")))
    {
        output_text.push(next_notification());
    }
    assert_eq!(reqwest::get(&url).await.expect("an answer").status(), 200);
    crate::world::signal(&child, "-TERM");
    while !output_text.last().is_some_and(|last| last.contains("STOPPING=1")) {
        output_text.push(next_notification());
    }
    assert!(child.wait().expect("ended").success());
}

#[test]
fn completions_and_manual_pages_come_from_the_verbs() {
    let run = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_wadeck")).args(arguments).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).contains("assignments"), "{shell}");
    }
    assert!(run(&["man"]).contains(".TH wadeck 1"));
    let folder = tempfile::tempdir().expect("a directory");
    run(&["man", "--to", &folder.path().display().to_string()]);
    let pages = std::fs::read_dir(folder.path()).expect("pages").count();
    assert!(pages > 60, "{pages}");
}
