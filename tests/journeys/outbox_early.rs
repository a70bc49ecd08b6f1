//! Nothing goes early: not before its own time, and not before the pause that the provider asked for is over.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use wadeck::domain::ids::{EntryId, ThreadId};
use wadeck::domain::outbox::limits::Hold;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::time::Timestamp;
use wadeck::operations;
use wadeck::simulator::{Person, SendFault};

use crate::outbox_faults::write;
use crate::outbox_holds::later;
use crate::stage::{MORNING, Stage};

/// One step of somebody's bad day.
#[derive(Debug, Clone)]
enum Step {
    Write(u8),
    WriteLater(u8, u16),
    Hold(u8),
    Release(u8),
    Retry(u8),
    Fault(u8),
    Check,
    Restart,
    Pass(u16),
    ClockBack(u16),
    Send,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_u8..3).prop_map(Step::Write),
        3 => (0_u8..3, 10_u16..4_000).prop_map(|(thread, after)| Step::WriteLater(thread, after)),
        2 => (0_u8..12).prop_map(Step::Hold),
        2 => (0_u8..12).prop_map(Step::Release),
        1 => (0_u8..12).prop_map(Step::Retry),
        4 => (0_u8..6).prop_map(Step::Fault),
        1 => Just(Step::Check),
        1 => Just(Step::Restart),
        4 => (1_u16..2_000).prop_map(Step::Pass),
        1 => (1_u16..2_000).prop_map(Step::ClockBack),
        6 => Just(Step::Send),
    ];
    prop::collection::vec(step, 5..40)
}

/// Whatever happens, nothing goes before its time, nor before the pause that the provider asked for is over.
#[test]
fn nothing_goes_early_whatever_happens() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&steps(), |steps| runtime.block_on(day(&steps)).map_err(TestCaseError::fail));
    outcome.expect("nothing goes early");
}

/// Written after the clock was set back and before anybody noticed: its time is by the clock as it is, and stays.
#[tokio::test]
async fn what_is_scheduled_right_after_the_clock_was_set_back_keeps_its_time() {
    let quiet = crate::stage::CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&quiet).await;
    stage.says(&Person::new("P", "15550110000"), "hello").await;
    let thread = stage.thread().await.id;
    stage.send().await;
    stage.set_clock(-1_465);
    later(&stage, thread, "in two minutes", 129).await;
    assert_eq!(stage.send().await, 0, "it is not time");
    stage.pass(Duration::from_secs(128));
    assert_eq!(stage.send().await, 0);
    stage.pass(Duration::from_secs(2));
    assert_eq!(stage.send().await, 1);
}

/// Checks that no attempt was made before its message's time. Returns the entries, in order.
async fn check_times(
    stage: &Stage,
    earliest: &HashMap<String, (Timestamp, Timestamp)>,
    made: &mut HashMap<(EntryId, usize), Duration>,
    set_back: Duration,
) -> Result<Vec<EntryId>, String> {
    let mut rows = stage.outbox().await;
    rows.sort_by_key(|row| row.id.0);
    for row in &rows {
        let words = row.text.line();
        let Answer::Entry(Some(detail)) = stage.ask(Query::Entry { entry: row.id }).await else { continue };
        let morning = Timestamp::from_millis(MORNING);
        let (by_clock, own) = earliest.get(&words).copied().unwrap_or((Timestamp::from_millis(0), morning));
        let (mut allowed, mut series) = (own, 1);
        for (number, attempt) in detail.tries.iter().enumerate() {
            let back = *made.entry((row.id, number)).or_insert(set_back);
            // A new series is a person's word: only its own time counts.
            if attempt.series != series {
                (allowed, series) = (own, attempt.series);
            }
            let started = attempt.started_at.plus(back);
            if attempt.started_at < by_clock || started < allowed {
                return Err(format!(
                    "{words} went at {} ({started}), not before {by_clock} ({allowed})",
                    attempt.started_at
                ));
            }
            let asked = match &attempt.failure {
                Some(failure) if failure.code == "131057" => 60,
                Some(_) if attempt.http_status == Some(429) => 700,
                _ => 0,
            };
            let finished = attempt.finished_at.unwrap_or(attempt.started_at).plus(back);
            allowed = own.max(finished.plus(Duration::from_secs(asked)));
        }
    }
    Ok(rows.iter().map(|row| row.id).collect())
}

async fn day(steps: &[Step]) -> Result<(), String> {
    let quiet = crate::stage::CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&quiet).await;
    for number in 0..3 {
        stage.says(&Person::new(&format!("P{number}"), &format!("1555011{number:04}")), "hello").await;
    }
    let threads: Vec<ThreadId> = stage.threads().await.into_iter().map(|row| row.id).collect();
    // Words to the earliest time at which they may go: by the clock, and as time that really passed. A time within
    // five minutes is one for undoing, and goes along where the clock is set back.
    let mut earliest: HashMap<String, (Timestamp, Timestamp)> = HashMap::new();
    let mut set_back = Duration::ZERO;
    // Attempts with how far the clock had been set back when they were made.
    let mut made: HashMap<(EntryId, usize), Duration> = HashMap::new();
    let mut entries: Vec<EntryId> = vec![];
    for (place, step) in steps.iter().enumerate() {
        let words = format!("w{place}");
        match step {
            Step::Write(thread) => {
                write(&stage, threads[usize::from(*thread)], &words).await;
                earliest.insert(words, (Timestamp::from_millis(0), stage.now().plus(set_back)));
            }
            Step::WriteLater(thread, after) => {
                later(&stage, threads[usize::from(*thread)], &words, u64::from(*after)).await;
                let at = stage.now().plus(Duration::from_secs(u64::from(*after)));
                let by_clock = if *after <= 300 { Timestamp::from_millis(0) } else { at };
                earliest.insert(
                    words,
                    (by_clock, if *after <= 300 { at.plus(set_back) } else { Timestamp::from_millis(0) }),
                );
            }
            Step::Hold(which) | Step::Release(which) | Step::Retry(which) => {
                let Some(entry) = entries.get(usize::from(*which)).copied() else { continue };
                let Answer::Entry(Some(detail)) = stage.ask(Query::Entry { entry }).await else { continue };
                let request = match step {
                    Step::Hold(_) => Request::HoldEntry { entry },
                    // A person who releases what nobody holds wants it to go now.
                    Step::Release(_) if detail.row.hold != Some(Hold::Operator) => continue,
                    Step::Release(_) => Request::ReleaseEntry { entry },
                    _ => Request::RetryEntry { entry },
                };
                let _ = stage.act(request).await;
            }
            Step::Fault(kind) => stage.simulator.next_send(match kind {
                0 => SendFault::graph(401, 190, "expired"),
                1 => SendFault::graph(403, 131_031, "locked"),
                2 => SendFault::Answer { status: 429, body: json!({ "error": "slow" }), retry_after: Some(700) },
                3 => SendFault::graph(500, 131_057, "maintenance"),
                4 => SendFault::Answer { status: 503, body: json!({ "error": "busy" }), retry_after: None },
                _ => SendFault::graph(400, 131_026, "undeliverable"),
            }),
            Step::Check => operations::check_all(&stage.system).await.map_err(|error| error.to_string())?,
            Step::Restart => {
                operations::rescue_at_start(&stage.system).await.map_err(|error| error.to_string())?;
            }
            Step::Pass(seconds) => stage.pass(Duration::from_secs(u64::from(*seconds))),
            Step::ClockBack(seconds) => {
                stage.set_clock(-i64::from(*seconds));
                set_back += Duration::from_secs(u64::from(*seconds));
            }
            Step::Send => {
                stage.send().await;
            }
        }
        entries = check_times(&stage, &earliest, &mut made, set_back).await?;
    }
    Ok(())
}
