//! `wadeck serve`, and the command line that asks it.

use std::process::Stdio;

use wadeck::twin::{Person, Saying};

use crate::world::{SUPPORT, World, exists, signal, twin, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_and_the_command_line_tells() {
    let twin = twin().await;
    let world = World::new(&twin);
    let mut served = world.serve();
    twin.subscribe(&world.url());
    let rosa = Person::new("Rosa \u{1b}[31mField\u{202e}", "15550100002");
    twin.says(SUPPORT, &rosa, &Saying::text("Are you open on Saturday?"));
    let answered = async {
        while twin.accepted().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = twin.run() => unreachable!("it runs for ever"),
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

    // What a contact calls themselves cannot steer the terminal of whoever lists them.
    for arguments in [&["threads", "list"][..], &["threads", "list", "--json"]] {
        let output = world.run(arguments).stdout;
        let text = String::from_utf8(output).expect("UTF-8");
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }

    signal(&served.0, "-TERM");
    assert!(served.0.wait().expect("it ends").success(), "in order");
    assert!(!exists(&world.data().join("wadeck.sock")));
    assert!(exists(&world.data().join("logs")));

    // Without an engine one can still look, and is told; nothing is changed.
    assert_eq!(world.json(&["threads", "list"])[0]["external_id"], "whatsapp:15550100002");
    let status = world.run(&["status"]);
    assert_eq!(status.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&status.stderr).contains("No engine runs"));
    let refused = world.run(&["threads", "take", id]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing was changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_one_sentence() {
    let twin = twin().await;
    let world = World::new(&twin);
    let said = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output =
            world.command(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).trim().to_owned())
    };
    let (code, words) = said(&["serve", "--config", "nowhere.toml"], &[]);
    assert_eq!((code, words.lines().count()), (Some(1), 1), "{words}");
    assert!(words.contains("There is no configuration at nowhere.toml"));

    let (code, words) = said(&[], &[]);
    assert_eq!(
        (code, words.as_str()),
        (Some(1), "The console needs a terminal at both ends. `wadeck serve` runs without one.")
    );

    let (code, _) = said(&["threads", "show", "m12"], &[]);
    assert_eq!(code, Some(2), "wrong usage");

    let taken = std::net::TcpListener::bind(("127.0.0.1", world.port)).expect("the port");
    let (code, words) = said(&["serve"], &[]);
    assert_eq!(code, Some(1));
    assert!(
        words.lines().any(|line| line.contains("cannot be listened on") && line.contains("[http] listen")),
        "{words}"
    );
    drop(taken);

    let _served = world.serve();
    let (code, words) = said(&["serve"], &[]);
    assert_eq!(code, Some(1));
    assert!(words.contains("Another wadeck (process ") && words.contains("wadeck status"), "{words}");

    let (code, words) = said(&["threads", "take", "t99"], &[]);
    assert_eq!(code, Some(3), "refused by a rule: {words}");
    let (code, _) = said(&["threads", "take", "t99", "--read-only"], &[]);
    assert_eq!(code, Some(3));

    std::fs::write(world.directory.path().join("bad.toml"), "[http]\nlissten = 1\n").expect("written");
    let (code, words) = said(&["config", "check", "--config", "bad.toml"], &[]);
    assert_eq!(code, Some(1));
    assert!(words.contains("line 2, column 1: `lissten` is no key here; did you mean `listen`?"), "{words}");
    let (code, _) = said(&["config", "check"], &[]);
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_declared_is_told_so() {
    let twin = twin().await;
    let world = World::new(&twin);
    let path = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&path).expect("read");
    let others = "\n[[users]]\nname = \"ada\"\nrole = \"admin\"\nos_user = \"nobody-of-that-name\"\n";
    std::fs::write(&path, text + others).expect("written");
    let _served = world.serve();
    let output = world.run(&["threads", "list"]);
    assert_eq!(output.status.code(), Some(3));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("is not among the [[users]]"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_and_a_wrong_key_are_told_with_their_remedy() {
    let twin = twin().await;
    let world = World::new(&twin);
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
    let note = connections[0]["proofs"][0]["note"].as_str().expect("a note").to_owned();
    assert_eq!(note, "Key refused");
    assert_eq!(world.json(&["status"])["alerts"], 2);
}
