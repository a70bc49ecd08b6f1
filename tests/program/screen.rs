//! The demo in a real pseudo-terminal: it runs, takes keys, survives resizing, restores the terminal, and costs
//! nothing while idle.

use std::sync::atomic::Ordering;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::pty::{Screen, console};
use crate::world::{World, signal_pid, simulator, until};

fn demo(arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wadeck"));
    command.args(["demo", "--seed", "7"]);
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env_remove("NO_COLOR");
    command
}

#[test]
fn the_demo_takes_keys_and_restores_the_terminal() {
    let mut screen = Screen::open(120, 40, demo(&["--speed", "8"]));
    screen.sees("Rosa Field");
    screen.sees("to approve");
    screen.press("3");
    screen.sees("131026 C");
    // The demo keeps running, so the top entry is not known.
    screen.press("/code:131026");
    screen.sees("enter applies");
    screen.press("\r");
    until("the filter is applied", || !screen.text().contains("enter applies"));
    screen.sees("131026 Cannot be delivered");
    screen.press("2/rosa\r");
    screen.sees("/rosa");
    screen.press("\r");
    screen.sees("Monday to Saturday, 9 to 18");
    screen.press("c");
    screen.press("\u{1b}[200~pasted\nq\u{1b}[201~");
    screen.sees("pasted");
    screen.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).expect("resized");
    screen
        .parser
        .lock()
        .expect("whole")
        .screen_mut()
        .set_size(24.try_into().expect("rows"), 80.try_into().expect("columns"));
    // A key right after the resize is not delayed.
    screen.press("\u{1b}");
    screen.sees("r quote");
    until("one column is left", || !screen.text().contains("1 Connections"));
    screen.press("q");
    screen.sees("Quit?");
    screen.press("y");
    assert!(screen.ends(), "it leaves in order");
    screen.restores_terminal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_terminal_that_closes_does_not_stall_the_engine() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut child = pair.slave.spawn_command(console(&world, &simulator)).expect("it starts");
    drop(pair.slave);
    // Nobody reads its output, and it still accepts webhooks and local requests.
    until("the engine runs", || world.data().join("wadeck.sock").exists());
    assert_eq!(world.json(&["status"])["connections"], 2);
    let answer = reqwest::get(format!("{}/healthz", world.url())).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    drop(pair.master);
    // The engine keeps running without its console, and reports it to the next one that attaches.
    until("the console is gone", || world.log().contains("The console's terminal closed"));
    assert_eq!(world.json(&["status"])["connections"], 2);
    let mut next = Screen::open(120, 40, console(&world, &simulator));
    next.sees("The engine kept running");
    next.press("q");
    next.sees("The engine keeps running");
    next.press("y");
    assert!(next.ends(), "a guest leaves alone");
    assert_eq!(world.json(&["status"])["connections"], 2);
    signal_pid(child.process_id().expect("a process"), "-TERM");
    until("it ends in order", || child.try_wait().expect("asked").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_console_draws_nothing_and_uses_no_processor_time() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    simulator.subscribe(&world.url());
    let mut screen = Screen::open(120, 40, console(&world, &simulator));
    screen.sees("No threads.");
    // One number works and the other does not belong to the account; both checks are finished.
    screen.sees("1 failing · 1 verified");
    // The provider's first responses are drawn; nothing changes from here on.
    screen.settles();
    let settled = screen.bytes.load(Ordering::SeqCst);
    let pid = screen.child.process_id().expect("a process");
    let before = processor_ticks(pid);
    let span = Duration::from_secs(5);
    std::thread::sleep(span);
    let (bytes, ticks) = (screen.bytes.load(Ordering::SeqCst) - settled, processor_ticks(pid) - before);
    let drawn = String::from_utf8_lossy(&screen.written.lock().expect("whole")[settled..]).into_owned();
    assert!(bytes <= 300, "{bytes} bytes while nothing happened: {drawn:?}");
    assert!(ticks <= 5, "{ticks} hundredths of a second of processor time in {span:?}");
    let before = screen.bytes.load(Ordering::SeqCst);
    screen.press("5");
    screen.sees("helper answers support");
    let one_key = screen.bytes.load(Ordering::SeqCst) - before;
    assert!(one_key < 4_000, "{one_key} bytes for one key");
    screen.press("\u{3}\u{3}");
    assert!(screen.ends(), "ctrl-c twice leaves");
}

/// Returns the user and system time of a process, in hundredths of a second.
fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number")
}
