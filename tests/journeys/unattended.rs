//! Nobody falls through: whatever happens, a contact's message ends answered, resolved, snoozed or opted out, or somebody
//! is waited for.

use std::time::Duration;

use proptest::prelude::*;
use wadeck::domain::inbound::event::Direction;
use wadeck::domain::message::content::Content;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::view::ThreadRow;
use wadeck::operations::{self, end_due_snoozes};
use wadeck::simulator::{Person, SendFault};

use crate::stage::{CONFIG, Stage, rosa};

#[derive(Debug, Clone, Copy)]
enum Step {
    Says(bool),
    AgentsAnswer,
    Reply,
    ReplyFails,
    Send,
    Undo,
    Take,
    Release,
    Resolve,
    Reopen,
    Snooze,
    Unsnooze,
    OptOut(bool),
    Restart,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(Step::Says),
        2 => Just(Step::AgentsAnswer),
        2 => Just(Step::Reply),
        1 => Just(Step::ReplyFails),
        2 => Just(Step::Send),
        1 => Just(Step::Undo),
        2 => Just(Step::Take),
        2 => Just(Step::Release),
        1 => Just(Step::Resolve),
        1 => Just(Step::Reopen),
        1 => Just(Step::Snooze),
        1 => Just(Step::Unsnooze),
        1 => any::<bool>().prop_map(Step::OptOut),
        1 => Just(Step::Restart),
        1 => (1..3_000_u64).prop_map(Step::Pass),
    ]
}

/// Does a step in the first thread. What is refused in its place changes nothing.
async fn take(stage: &mut Stage, config: &str, step: Step) {
    let first = stage.threads().await.into_iter().map(|row| row.id).min();
    let reply =
        |thread| Request::Send { thread, content: Box::new(Content::text("One moment.")), reply_to: None, at: None };
    let request = match (step, first) {
        (Step::Says(true), _) => {
            stage.says(&rosa(), "and now?").await;
            return;
        }
        (Step::Says(false), _) => {
            stage.says(&Person::new("Kim", "15550100044"), "hi").await;
            return;
        }
        (Step::AgentsAnswer, _) => return stage.answer().await,
        (Step::Send, _) => {
            stage.send().await;
            return;
        }
        (Step::Restart, _) => return stage.restart(config).await,
        (Step::Pass(seconds), _) => return stage.pass(Duration::from_secs(seconds)),
        (_, None) => return,
        (Step::Reply, Some(thread)) => reply(thread),
        (Step::ReplyFails, Some(thread)) => {
            stage.simulator.next_send(SendFault::Vanish);
            reply(thread)
        }
        (Step::Undo, Some(thread)) => Request::UndoSend { thread },
        (Step::Take, Some(thread)) => Request::TakeThread { thread },
        (Step::Release, Some(thread)) => Request::ReleaseThread { thread },
        (Step::Resolve, Some(thread)) => Request::ResolveThread { thread, reason: "done".into() },
        (Step::Reopen, Some(thread)) => Request::ReopenThread { thread },
        (Step::Snooze, Some(thread)) => {
            Request::SnoozeThread { thread, until: stage.now().plus(Duration::from_secs(1_800)) }
        }
        (Step::Unsnooze, Some(thread)) => Request::UnsnoozeThread { thread },
        (Step::OptOut(out), Some(thread)) => Request::OptOut { thread, out },
    };
    if let Err(refused) = stage.act(request).await {
        assert!(!refused.to_string().contains("atabase"), "{step:?}: {refused}");
    }
}

/// Whether somebody is waited for or works on it, by the row as consoles show it and not by the filter.
async fn is_attended_to(stage: &Stage, row: &ThreadRow) -> bool {
    let rules = row.resolved.is_some() || row.snoozed.is_some() || row.opted_out || row.waiting.is_some();
    if rules || row.run.is_some() || (row.taken_by.is_some() && !row.is_abandoned(stage.now())) {
        return true;
    }
    let messages = stage.messages(row.id).await;
    let Some(asked) = messages.iter().filter(|one| one.direction == Direction::Inbound).map(|one| one.id).max() else {
        return true;
    };
    messages.iter().any(|one| {
        let gone =
            one.entry.as_ref().is_some_and(|entry| matches!(entry.state.name(), "failed" | "dead" | "discarded"));
        one.direction == Direction::Outbound && one.id > asked && one.status != DeliveryStatus::Failed && !gone
    })
}

async fn run(steps: Vec<Step>, agent: bool) {
    let config = if agent { CONFIG.to_owned() } else { CONFIG.replace("agent = \"helper\"\n", "") };
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "where is my order?").await;
    for step in &steps {
        take(&mut stage, &config, *step).await;
    }
    end_due_snoozes(&stage.system).await.expect("a step");
    operations::mark_all_unattended(&stage.system).await.expect("a look");
    for row in stage.threads().await {
        assert!(is_attended_to(&stage, &row).await, "{steps:?}: {row:?}");
    }
    let left = stage.ask(Query::Threads { text: "is:unattended".into(), limit: 9, before: None }).await;
    assert_eq!(left, Answer::Threads(vec![]), "{steps:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_somebody_is_waited_for(steps in prop::collection::vec(step(), 1..14), agent in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(run(steps, agent));
    }
}

async fn unattended(stage: &Stage) -> usize {
    match stage.ask(Query::Threads { text: "is:unattended".into(), limit: 9, before: None }).await {
        Answer::Threads(rows) => rows.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_owner_who_goes_away_without_a_reply_leaves_a_thread_that_waits() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "where is my order?").await;
    let thread = stage.thread().await.id;
    stage.act(Request::TakeThread { thread }).await.expect("taken");
    assert_eq!(unattended(&stage).await, 0, "ada has it");
    stage.pass(Duration::from_secs(31 * 60));
    if stage.thread().await.waiting.is_none() {
        assert_eq!(unattended(&stage).await, 1, "nobody has it, and nobody was told");
    }
    operations::mark_all_unattended(&stage.system).await.expect("a look");
    assert!(stage.thread().await.waiting.is_some());
    assert_eq!(unattended(&stage).await, 0);
}

#[tokio::test]
async fn a_thread_that_is_released_or_reopened_without_an_answer_waits_at_once() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "where is my order?").await;
    let thread = stage.thread().await.id;
    stage.act(Request::TakeThread { thread }).await.expect("taken");
    stage.act(Request::ReleaseThread { thread }).await.expect("released");
    assert!(stage.thread().await.waiting.is_some(), "her agent answers the next message only");
    stage.act(Request::ResolveThread { thread, reason: "phoned".into() }).await.expect("resolved");
    stage.act(Request::ReopenThread { thread }).await.expect("reopened");
    assert_eq!(stage.thread().await.waiting.expect("waits").reason, "ada reopened the thread");
}
