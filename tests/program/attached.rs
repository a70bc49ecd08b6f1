//! Several consoles on one engine, in real terminals: they attach and detach without harm, and end within a second of
//! the engine.

use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::pty::{Screen, console};
use crate::world::{World, signal, simulator, until};

fn attach(world: &World, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wadeck"));
    command.arg("attach");
    command.args(arguments);
    command.cwd(world.directory.path());
    command.env("WADECK_DATA_DIR", world.data());
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env_remove("NO_COLOR");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn several_consoles_attach_and_end_with_the_engine() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut engine = world.serve();
    let mut screens: Vec<Screen> = (0..5).map(|_| Screen::open(100, 30, attach(&world, &[]))).collect();
    for screen in &screens {
        screen.sees("No threads.");
    }
    // `wadeck` without a verb attaches to the running engine.
    let mut sixth = Screen::open(120, 40, console(&world, &simulator));
    sixth.sees("No threads.");
    simulator.subscribe(&world.url());
    simulator.says(
        crate::world::SUPPORT,
        &wadeck::simulator::Person::new("Rosa Field", "15550100002"),
        &wadeck::simulator::Saying::text("hello"),
    );
    let playing = tokio::spawn(async move { simulator.run().await });
    for screen in screens.iter().chain([&sixth]) {
        screen.sees("Rosa Field");
    }
    // One console detaches; the others are not affected.
    sixth.press("q");
    sixth.sees("The engine keeps running");
    sixth.press("y");
    assert!(sixth.ends(), "a guest leaves alone");
    screens[0].press("5");
    screens[0].sees("helper answers support");
    engine.0.kill().expect("killed");
    let began = Instant::now();
    for screen in &mut screens {
        until("the guests are gone", || screen.child.try_wait().expect("asked").is_some());
        screen.sees("The engine ended unexpectedly");
        screen.restores_terminal();
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    playing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_engine_notifies_attached_consoles() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let engine = world.serve();
    let mut guest = Screen::open(100, 30, attach(&world, &[]));
    guest.sees("No threads.");
    signal(&engine.0, "-TERM");
    assert!(guest.ends(), "it is no failure");
    guest.sees("The engine ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misbehaving_terminal_does_not_affect_others() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let engine = world.serve();
    // A console that never reads.
    let size = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };
    let deaf = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut child = deaf.slave.spawn_command(attach(&world, &[])).expect("it starts");
    let mut guest = Screen::open(100, 30, attach(&world, &[]));
    guest.sees("No threads.");
    for round in 0..60u16 {
        let (rows, cols) = (1 + (round * 7) % 50, 1 + (round * 13) % 180);
        guest.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("resized");
    }
    guest.master.resize(PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 }).expect("resized");
    let paste = "x".repeat(1024 * 1024);
    guest.press(&format!("\u{1b}[200~{paste}\u{1b}[201~"));
    guest.sees("Pasted text runs no commands");
    guest.press("5");
    guest.sees("helper answers support");
    assert_eq!(world.json(&["status"])["connections"], 2, "the engine is well");
    child.kill().expect("killed");
    guest.press("\u{3}\u{3}");
    assert!(guest.ends());
    drop(engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn synchronized_frames_only_for_terminals_that_support_them() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let mut screen = Screen::open(120, 40, attach(&world, &[]));
    let written = screen.written.clone();
    let count = |sequence: &[u8]| {
        let written = written.lock().expect("whole");
        written.windows(sequence.len()).filter(|window| *window == sequence).count()
    };
    let (begins, ends) = (b"\x1b[?2026h".as_slice(), b"\x1b[?2026l".as_slice());
    screen.sees("No threads.");
    screen.press("?");
    screen.sees("enter runs, esc closes");
    assert_eq!((count(b"\x1b[?2026$p"), count(begins)), (1, 0), "asked once, and nobody answered");
    screen.press("\u{1b}[?2026;2$y\u{1b}");
    until("the help is gone", || !screen.text().contains("enter runs, esc closes"));
    screen.press("?");
    screen.sees("enter runs, esc closes");
    until("frames come whole", || count(begins) > 0 && count(begins) == count(ends));
    screen.press("\u{3}\u{3}");
    assert!(screen.ends());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_may_attach_but_not_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let config = world.directory.path().join("wadeck.toml");
    let before = std::fs::read_to_string(&config).expect("read");
    std::fs::write(&config, format!("{before}\n[attach]\ngroup = \"nobody-has-this\"\n")).expect("written");
    let refused = world.run(&["serve"]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("There is no group nobody-has-this"), "{why}");

    let own = std::process::Command::new("id").arg("-gn").output().expect("it runs").stdout;
    let own = String::from_utf8(own).expect("UTF-8").trim().to_owned();
    std::fs::write(&config, format!("{before}\n[attach]\ngroup = \"{own}\"\n")).expect("written");
    let _engine = world.serve();
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    until("the socket is open to the group", || mode(world.data().join("wadeck.sock")) == 0o660);
    until("the directory can be passed", || mode(world.data()) == 0o710);
    for entry in std::fs::read_dir(world.data()).expect("a directory").flatten() {
        let name = entry.file_name();
        assert!(name == "wadeck.sock" || mode(entry.path()).trailing_zeros() >= 6, "{name:?} is open to others");
    }
    assert!(world.json(&["status"]).is_object());
    let reply = world.json(&["doctor"]);
    let directory = reply.as_array().expect("findings").iter().find(|one| one["what"] == "data directory");
    assert_eq!(directory.expect("looked at")["fine"], true);
    for what in ["clock", "signature", "agent", "terminal"] {
        assert!(reply.as_array().is_some_and(|all| all.iter().any(|one| one["what"] == what)), "{what}: {reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_cell_terminal_and_a_viewer_can_attach() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let mut tiny = Screen::open(1, 1, attach(&world, &[]));
    until("it draws", || tiny.bytes.load(std::sync::atomic::Ordering::SeqCst) > 20);
    tiny.press("\u{3}\u{3}");
    assert!(tiny.ends(), "{:?}", String::from_utf8_lossy(&tiny.written.lock().expect("whole")));
    let mut viewer = Screen::open(120, 40, attach(&world, &["--read-only"]));
    viewer.sees("No threads.");
    viewer.press("5");
    viewer.sees("helper answers support");
    viewer.press("p");
    viewer.sees("needs the role operator");
    viewer.press("\u{3}\u{3}");
    assert!(viewer.ends());
}

#[tokio::test(flavor = "multi_thread")]
async fn attaching_without_an_engine_reports_it() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let screen = Screen::open(100, 30, attach(&world, &[]));
    screen.sees("No engine runs on");
    screen.sees("Start one with");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attached_console_opens_files_in_its_own_process() {
    let simulator = std::sync::Arc::new(simulator().await);
    let world = World::new(&simulator);
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    let rosa = wadeck::simulator::Person::new("Rosa Field", "15550100002");
    simulator.says(crate::world::SUPPORT, &rosa, &wadeck::simulator::Saying::text("hello"));
    // The console's working directory, which only the console's process can resolve.
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("opening-hours.txt"), "open at nine").expect("written");
    let mut command = attach(&world, &[]);
    command.cwd(home.path());
    let mut screen = Screen::open(120, 40, command);
    let playing = {
        let simulator = simulator.clone();
        tokio::spawn(async move { simulator.run().await })
    };
    screen.sees("Rosa Field");
    screen.press("2");
    screen.settles();
    screen.press("\r");
    screen.settles();
    screen.press("a");
    screen.settles();
    screen.press("\r");
    screen.sees("tab completes");
    screen.press("missing.txt\r");
    screen.sees("missing.txt: No such file");
    // Back to the path field.
    screen.press("\u{1b}[Z");
    screen.settles();
    screen.press(&"\u{7f}".repeat("missing.txt".len()));
    screen.press("opening-hours.txt");
    screen.settles();
    let before = simulator.uploads();
    screen.press("\u{13}");
    until("the file reached the provider", || simulator.uploads() > before);
    playing.abort();
    screen.press("\u{3}\u{3}");
    assert!(screen.ends());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_role_applies_to_an_open_console() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let before = std::fs::read_to_string(&file).expect("read");
    let head = before.split("\n[[users]]").next().expect("a head").to_owned();
    let owner = String::from_utf8(std::process::Command::new("id").arg("-un").output().expect("it runs").stdout);
    let owner = owner.expect("UTF-8").trim().to_owned();
    let users = |role: &str| format!("{head}\n[[users]]\nname = \"owner\"\nrole = \"{role}\"\nos_user = \"{owner}\"\n");
    std::fs::write(&file, users("admin")).expect("written");
    let engine = world.serve();
    let mut screen = Screen::open(100, 30, attach(&world, &[]));
    screen.sees("No threads.");
    std::fs::write(&file, users("viewer")).expect("written");
    signal(&engine.0, "-HUP");
    screen.sees("Your role is now viewer");
    until("it is gone", || screen.child.try_wait().expect("asked").is_some());
    let again = Screen::open(100, 30, attach(&world, &[]));
    again.sees("No threads.");
    std::fs::write(&file, users("viewer").replace("name = \"owner\"", "name = \"somebody\"")).expect("written");
    signal(&engine.0, "-HUP");
    again.sees("You are no longer a user");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_role_applies_to_an_open_console() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let before = std::fs::read_to_string(&file).expect("read");
    let head = before.split("\n[[users]]").next().expect("a head").to_owned();
    let owner = String::from_utf8(std::process::Command::new("id").arg("-un").output().expect("it runs").stdout);
    let owner = owner.expect("UTF-8").trim().to_owned();
    let users = |role: &str| format!("{head}\n[[users]]\nname = \"owner\"\nrole = \"{role}\"\nos_user = \"{owner}\"\n");
    std::fs::write(&file, users("viewer")).expect("written");
    let engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(
        crate::world::SUPPORT,
        &wadeck::simulator::Person::new("Rosa Field", "15550100002"),
        &wadeck::simulator::Saying::text("hello"),
    );
    let playing = tokio::spawn(async move { simulator.run().await });
    let mut screen = Screen::open(120, 40, attach(&world, &[]));
    let mut looks = Screen::open(120, 40, attach(&world, &["--read-only"]));
    for screen in [&mut screen, &mut looks] {
        screen.sees("Rosa Field");
        screen.press("2");
        screen.settles();
        screen.press("\r");
        screen.settles();
        screen.press("C");
        screen.sees("This needs the role operator");
    }
    std::fs::write(&file, users("operator")).expect("written");
    signal(&engine.0, "-HUP");
    screen.sees("Your role is now operator");
    screen.settles();
    screen.press("C");
    until("it is taken", || world.json(&["threads", "list"])[0]["taken_by"] == "owner");
    // A viewer still reads.
    looks.press("C");
    looks.settles();
    looks.sees("This needs the role operator");
    assert_eq!(world.json(&["threads", "list"])[0]["taken_by"], "owner");
    // A permission that is removed again no longer applies.
    std::fs::write(&file, users("viewer")).expect("written");
    signal(&engine.0, "-HUP");
    screen.sees("Your role is now viewer");
    screen.settles();
    screen.press("C");
    screen.sees("This needs the role operator");
    assert_eq!(world.json(&["threads", "list"])[0]["taken_by"], "owner");
    playing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attached_console_shows_the_engines_log() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let mut screen = Screen::open(140, 40, attach(&world, &[]));
    screen.sees("No threads.");
    screen.press("8");
    screen.sees("following");
    // The attachment of this console is a log line of the engine, received over the socket.
    screen.sees("INFO  Console attached");
    screen.press("/level:warn\r");
    until("the line is narrowed away", || !screen.text().contains("Console attached"));
    screen.sees("warnings and errors");
    screen.press("\u{1b}");
    screen.sees("INFO  Console attached");
    // The attachment of another console appears without a key press: the log is followed.
    let mut other = Screen::open(100, 30, attach(&world, &["--read-only"]));
    other.sees("No threads.");
    until("the second console is logged", || screen.text().matches("Console attached").count() > 1);
    other.press("\u{3}\u{3}");
    assert!(other.ends());
    screen.press("\u{3}\u{3}");
    assert!(screen.ends());
}
