//! Threads that somebody puts off, by every door, and that come back at their time or with a message of the contact.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::{self, end_due_snoozes, perform};
use wadeck::simulator::Saying;

use crate::programs::Programs;
use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

const HOUR: Duration = Duration::from_secs(3_600);

async fn a_question() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "where is my order?").await;
    stage
}

async fn count(stage: &Stage, filter: &str) -> usize {
    match stage.ask(Query::Threads { text: filter.into(), limit: 5, before: None }).await {
        Answer::Threads(rows) => rows.len(),
        other => panic!("{other:?}"),
    }
}

async fn snooze(stage: &Stage, span: Duration) -> Result<String, String> {
    let (thread, until) = (stage.thread().await.id, stage.now().plus(span));
    let done = stage.act(Request::SnoozeThread { thread, until }).await;
    done.map(|done| done.message).map_err(|error| error.to_string())
}

async fn events(stage: &Stage) -> Vec<String> {
    let events = stage.system.store().events(None, 1_000).await.expect("events");
    events.into_iter().map(|event| event.event).filter(|name| name.contains("snoozed")).collect()
}

#[tokio::test]
async fn a_snoozed_thread_waits_for_nobody_and_comes_back_at_its_time() {
    let stage = a_question().await;
    let waits_since = stage.thread().await.waiting.expect("waits").since;
    let message = snooze(&stage, 2 * HOUR).await.expect("snoozed");
    assert!(message.contains("for 2h00"), "{message}");
    for filter in ["is:waiting", "is:unanswered"] {
        assert_eq!(count(&stage, filter).await, 0, "{filter}");
    }
    assert_eq!((count(&stage, "is:snoozed").await, stage.overview().await.waiting), (1, 0));
    assert_eq!(
        stage.ask(Query::Radar { limit: 5 }).await,
        Answer::Radar(vec![]),
        "it is back before its window closes"
    );
    let thread = stage.thread().await.id;
    let Answer::Why(why) = stage.ask(Query::Why { id: thread.to_string() }).await else { panic!("why") };
    assert_eq!(why.cause, "snoozed", "{why:?}");

    stage.pass(HOUR);
    assert!(!end_due_snoozes(&stage.system).await.expect("a step"));
    assert!(stage.thread().await.snoozed.is_some(), "an hour is left");
    stage.pass(HOUR);
    end_due_snoozes(&stage.system).await.expect("a step");
    let row = stage.thread().await;
    assert_eq!((row.snoozed, count(&stage, "is:waiting").await), (None, 1));
    assert_eq!(row.waiting.expect("waits").since, waits_since, "the contact has waited since they wrote");
    end_due_snoozes(&stage.system).await.expect("a step");
    assert_eq!(events(&stage).await, ["thread.snoozed", "thread.unsnoozed"], "it comes back once");
}

#[tokio::test]
async fn an_answered_thread_that_was_snoozed_waits_for_a_person_at_its_time() {
    let stage = a_question().await;
    let thread = stage.thread().await.id;
    let content = Box::new(wadeck::domain::message::content::Content::text("I ask the carrier."));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    stage.send().await;
    assert_eq!(stage.thread().await.waiting, None);
    let message = snooze(&stage, 30 * HOUR).await.expect("snoozed");
    assert!(message.contains("service window closes"), "{message}");
    stage.pass(30 * HOUR);
    end_due_snoozes(&stage.system).await.expect("a step");
    let waiting = stage.thread().await.waiting.expect("waits");
    assert_eq!((waiting.since, waiting.reason.as_str()), (stage.now(), "the snooze of ada ended"));
}

#[tokio::test]
async fn a_message_of_the_contact_ends_the_snooze_and_a_reaction_does_not() {
    let mut stage = a_question().await;
    snooze(&stage, HOUR).await.expect("snoozed");
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Reaction { to: "wamid.none".into(), emoji: Some("👍".into()) });
    stage.deliver().await;
    assert!(stage.thread().await.snoozed.is_some(), "a reaction leaves it snoozed");
    stage.says(&rosa(), "hello?").await;
    assert_eq!((stage.thread().await.snoozed, count(&stage, "is:waiting").await), (None, 1));
    assert_eq!(events(&stage).await, ["thread.snoozed", "thread.unsnoozed"]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_does_not_keep_a_thread_away() {
    // Chosen by a clock that was a day ahead: it comes back two hours after the choice all the same.
    let stage = a_question().await;
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    stage.set_clock(86_400);
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    snooze(&stage, 2 * HOUR).await.expect("snoozed");
    stage.set_clock(-86_400);
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    let left = stage.thread().await.snoozed.expect("snoozed").until.since(stage.now());
    assert!(left <= 2 * HOUR && left > HOUR, "{left:?}");
    // Chosen by the right clock: the time of day stays.
    let stage = a_question().await;
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    snooze(&stage, 8 * HOUR).await.expect("snoozed");
    let until = stage.thread().await.snoozed.expect("snoozed").until;
    stage.pass(4 * HOUR);
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    stage.set_clock(-3_600);
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    assert_eq!(stage.thread().await.snoozed.expect("snoozed").until, until);
}

#[tokio::test]
async fn it_is_snoozed_by_a_form_and_brought_back_by_the_same_key() {
    let stage = a_question().await;
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut sitting = Sitting::down(&stage, columns, rows).await;
        sitting.press(&stage, "2 ctrl-g").await;
        sitting.sees("Until");
        sitting.types(&stage, "soon").await;
        sitting.press(&stage, "enter").await;
        sitting.sees("is not a time");
        sitting.press(&stage, "esc").await;
        assert!(stage.thread().await.snoozed.is_none(), "a form that was left snoozes nothing");
        sitting.press(&stage, "ctrl-g").await;
        sitting.press(&stage, "ctrl-u").await;
        sitting.types(&stage, "tomorrow 23:00").await;
        sitting.sees("The service window closes before then.");
        sitting.press(&stage, "ctrl-u").await;
        sitting.types(&stage, "2h").await;
        sitting.sees("It returns in 2h00.");
        sitting.press(&stage, "enter").await;
        let left = if rows >= 30 { "snoozed by ada: 2h00 left" } else { "snoozed, 2h00 left" };
        sitting.press(&stage, if rows >= 30 { "esc" } else { "enter" }).await;
        sitting.sees(left);
        sitting.press(&stage, "ctrl-g").await;
        assert!(stage.thread().await.snoozed.is_none(), "the same key brings it back");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let stage = a_question().await;
    let thread = stage.thread().await.id;
    let refused = stage.act(Request::UnsnoozeThread { thread }).await.expect_err("not snoozed");
    assert!(refused.to_string().contains("not snoozed"), "{refused}");
    assert!(snooze(&stage, Duration::ZERO).await.expect_err("now").contains("in the past"));
    assert!(snooze(&stage, 24 * 400 * HOUR).await.expect_err("far").contains("more than a year"));
    let ben = Actor::Operator { name: "ben".into(), role: Role::Operator };
    perform(&stage.system, &ben, Request::TakeThread { thread }).await.expect("taken");
    assert!(snooze(&stage, HOUR).await.expect_err("ben has it").contains("ben has this thread"));
    perform(&stage.system, &ben, Request::ReleaseThread { thread }).await.expect("released");
    snooze(&stage, HOUR).await.expect("snoozed");
    stage.act(Request::ResolveThread { thread, reason: String::new() }).await.expect("resolved");
    assert_eq!(stage.thread().await.snoozed, None, "what is resolved does not come back");
    assert!(snooze(&stage, HOUR).await.expect_err("resolved").contains("Reopen it first"));
}

#[tokio::test]
async fn programs_and_models_snooze_by_the_same_rules() {
    let mut programs = Programs::new().await;
    programs.stage.says(&rosa(), "hello").await;
    let desk = programs.token("desk", Role::Operator, None).await;
    let until = programs.stage.now().plus(HOUR).to_string();
    let (status, done) = programs.ask(&desk, "POST", "/threads/t1/snooze", Some(json!({ "until": until })), None).await;
    assert_eq!(status, 200, "{done}");
    let (_, thread) = programs.ask(&desk, "GET", "/threads/t1", None, None).await;
    assert_eq!(thread["snoozed"]["until"], json!(until), "{thread}");
    for (body, status) in [(json!({ "until": "2h" }), 422), (json!({}), 422), (json!({ "until": until }), 409)] {
        let answer = programs.ask(&desk, "POST", "/threads/t1/snooze", Some(body.clone()), None).await;
        assert_eq!(answer.0, status, "{body} {}", answer.1);
    }
    let (good, told) = programs.tool(&desk, "threads.unsnooze", json!({ "thread": "t1" })).await;
    assert!(good, "{told}");
    let (good, told) = programs.tool(&desk, "threads.snooze", json!({ "thread": "t1", "until": until })).await;
    assert!(good, "{told}");
}
