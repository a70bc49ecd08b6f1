//! What the engine logs, in a pane: by level, followed while it is open, copied line by line.

use std::time::Duration;

use wadeck::console::Event;
use wadeck::domain::query::{Answer, Query};

use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

const LINES: [&str; 3] = [
    "2026-06-01T08:59:01.000000Z  INFO listening on 127.0.0.1:8080",
    "2026-06-01T08:59:02.000000Z  WARN the provider answers slowly took=4s",
    "2026-06-01T08:59:03.000000Z ERROR the webhook is not registered error=\"404\"",
];

async fn logged(stage: &Stage, desk: &mut Sitting, lines: &[&str]) {
    let answer = Box::new(Answer::Log(lines.iter().map(|line| (*line).to_owned()).collect()));
    desk.apply(stage, Event::Answered { query: Query::Log { limit: 500 }, answer }).await;
}

async fn desk(stage: &Stage) -> Sitting {
    let mut desk = Sitting::down(stage, 120, 40).await;
    desk.press(stage, "8").await;
    desk.sees("No log lines yet.");
    logged(stage, &mut desk, &LINES).await;
    desk
}

#[tokio::test]
async fn the_log_is_read_narrowed_and_copied() {
    let stage = Stage::set().await;
    let mut desk = desk(&stage).await;
    desk.sees("8 Log");
    desk.sees("1 error");
    desk.sees("08:59:01 INFO  listening on 127.0.0.1:8080");
    // The engine of a test logs nothing: what was fed stays as long as no answer comes.
    desk.only_press('F');
    desk.press(&stage, "v").await;
    desk.sees("/level:warn");
    desk.does_not_see("listening on");
    desk.press(&stage, "v").await;
    desk.does_not_see("answers slowly");
    desk.press(&stage, "y").await;
    assert_eq!(desk.copied, [LINES[2]]);
    desk.press(&stage, "v enter").await;
    desk.sees("Log 2026-06-01 08:59:03 UTC");
    desk.press(&stage, "esc /").await;
    desk.types(&stage, "level:loud").await;
    desk.sees("The level is error, warn, info, debug or trace.");
}

#[tokio::test]
async fn it_is_followed_while_it_is_open_and_stands_still_while_it_is_paused() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let mut desk = desk(&stage).await;
    let due = |desk: &Sitting, now| desk.next_tick().since(now);
    assert!(due(&desk, stage.now()) <= Duration::from_secs(3), "it is asked for again");
    desk.press(&stage, "F").await;
    logged(&stage, &mut desk, &["2026-06-01T09:10:00.000000Z  INFO newer"]).await;
    desk.does_not_see("newer");
    desk.press(&stage, "F").await;
    logged(&stage, &mut desk, &["2026-06-01T09:10:00.000000Z  INFO newer"]).await;
    desk.sees("INFO  newer");
    desk.press(&stage, "2").await;
    desk.sees("Rosa Field");
}
