//! The line-based console.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, World, signal, simulator, until};

struct Lines {
    child: Child,
    output_text: Arc<Mutex<String>>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Lines {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let output_text = Arc::new(Mutex::new(String::new()));
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("open")), Box::new(child.stderr.take().expect("open"))];
        for output in outputs {
            let output_text = output_text.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let mut output_text = output_text.lock().expect("whole");
                    output_text.push_str(&line);
                    output_text.push('\n');
                }
            });
        }
        Self { child, output_text }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().expect("open"), "{line}").expect("typed");
    }

    fn hears(&self, words: &str) {
        until(words, || self.output_text.lock().expect("whole").contains(words));
    }

    fn ends(&mut self) -> bool {
        let mut ended = None;
        until("it ends", || {
            ended = self.child.try_wait().expect("known");
            ended.is_some()
        });
        ended.is_some_and(|ended| ended.success())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_console_reads_and_sends_messages() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut served = world.serve();
    simulator.subscribe(&world.url());
    let mut lines = Lines::start(&world, &["attach", "--plain"]);
    lines.hears("The engine runs in another process");
    // Colleagues see the person as present, although nothing is drawn.
    let how = |world: &World| world.json(&["status"])["here"][0]["how"].as_str().map(str::to_owned);
    until("they are here", || how(&world).as_deref() == Some("lines"));
    lines.types("give ben");
    lines.hears("No thread is open");
    let mut follows = Lines::start(&world, &["threads", "list", "--follow"]);
    follows.hears("No threads.");
    lines.types("say to whom?");
    lines.hears("No thread is open");
    let rosa = Person::new("Rosa \u{1b}[31mField\u{202e}", "15550100002");
    simulator.says(SUPPORT, &rosa, &Saying::text("Are you \u{9b}2Jopen?"));
    let received = lines.output_text.clone();
    let talk = async {
        let wait = |words: &'static str| {
            let output_text = received.clone();
            async move {
                while !output_text.lock().expect("whole").contains(words) {
                    tokio::task::yield_now().await;
                }
            }
        };
        wait("* t1: ").await;
        lines.types("t1");
        wait("The service window is open until").await;
        // A person who has not read the agent's answer must read it first.
        wait("agent helper, m2: ").await;
        lines.types("take");
        lines.types("say Until six, today.");
        wait("* t1, Rosa").await;
        wait("m3: Until six, today. (").await;
        lines.types("note speaks French");
        lines.types("outbox list --limit 1");
        wait("WRITTEN").await;
        lines.types("why");
        wait("the contact last wrote").await;
    };
    let patience = tokio::time::sleep(crate::world::WAIT_LIMIT);
    tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        () = talk => {}
        () = patience => panic!("it never came about:\n{}", received.lock().expect("whole")),
    }
    follows.hears("\"event\":\"message.received\"");
    let reply = follows.output_text.lock().expect("whole").clone();
    let line = reply.lines().find(|line| line.contains("message.received")).expect("told").to_owned();
    assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok_and(|event| event["thread"] == "t1"), "{line}");
    lines.types("send 'open");
    lines.hears("A quotation mark is missing.");
    let output_text = lines.output_text.lock().expect("whole").clone();
    let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!output_text.contains(steers), "nothing is drawn, and nobody else draws: {output_text:?}");
    // When the engine ends, the console reports it and ends too.
    signal(&served.0, "-TERM");
    assert!(served.0.wait().expect("ended").success());
    lines.hears("The engine ended");
    assert!(follows.ends(), "nothing more happens");
    assert!(!lines.ends(), "not by their own will");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_shown_in_the_line_console_is_marked_as_read() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let config = std::fs::read_to_string(&file).expect("a configuration");
    let _served = world.serve();
    simulator.subscribe(&world.url());
    for number in ["15550100002", "15550100003"] {
        simulator.says(SUPPORT, &Person::new("Rosa", number), &Saying::text("Are you open?"));
    }
    let unread = |world: &World, thread: usize| {
        let rows = world.json(&["threads", "list"]);
        let rows = rows.as_array().cloned().unwrap_or_default();
        let id = format!("t{thread}");
        rows.iter().find(|row| row["id"] == id.as_str()).and_then(|row| row["unread"].as_u64())
    };
    let came = async {
        while (unread(&world, 1), unread(&world, 2)) != (Some(1), Some(1)) {
            simulator.step(crate::world::now_millis() + 60_000).await;
        }
    };
    tokio::time::timeout(crate::world::WAIT_LIMIT, came).await.expect("both have come");
    let mut lines = Lines::start(&world, &["attach", "--plain"]);
    lines.types("t1");
    lines.hears("Are you open?");
    until("as read here", || unread(&world, 1) == Some(0));
    until("the contact sees it", || !simulator.read_marks().is_empty());
    assert_eq!(unread(&world, 2), Some(1), "the other one is not");
    // Read marks are not sent where the configuration disables them, nor by a viewer.
    let looks = config.replace("[console]", "[console]\nmark_read_on_open = false");
    let looks = if looks == config { format!("{config}\n[console]\nmark_read_on_open = false\n") } else { looks };
    let mut only = Lines::start(&world, &["attach", "--plain", "--read-only"]);
    only.types("t2");
    only.hears("Are you open?");
    std::fs::write(&file, looks).expect("written");
    let mut otherwise = Lines::start(&world, &["attach", "--plain"]);
    otherwise.types("t2");
    otherwise.hears("Are you open?");
    for lines in [&mut only, &mut otherwise] {
        lines.types("why");
        lines.hears("the contact last wrote");
    }
    assert_eq!(unread(&world, 2), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_console_runs_and_stops_its_own_engine() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut lines = Lines::start(&world, &["--plain"]);
    lines.hears("ends when you quit");
    assert!(world.run(&["status"]).status.success());
    lines.types("quit");
    assert!(lines.ends());
    assert!(!world.run(&["status"]).status.success());
    let mut alone = Lines::start(&world, &["attach", "--plain"]);
    alone.hears("No engine runs");
    assert!(!alone.ends());
}
