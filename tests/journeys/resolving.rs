//! Threads that somebody resolves, by every door, and that a message of the contact reopens.

use serde_json::{Value, json};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::perform;
use wadeck::simulator::Saying;

use crate::cases::{enveloped, post, stage as meta_stage, text};
use crate::programs::Programs;
use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

async fn a_question() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "where is my order?").await;
    stage
}

/// The names of all events so far.
async fn events(stage: &Stage) -> Vec<String> {
    let events = stage.system.store().events(None, 1_000).await.expect("events");
    events.into_iter().map(|event| event.event).filter(|name| name.starts_with("thread.")).collect()
}

#[tokio::test]
async fn a_resolved_thread_waits_for_nobody_until_its_contact_writes_again() {
    let mut stage = a_question().await;
    let thread = stage.thread().await.id;
    assert!(stage.thread().await.waiting.is_some(), "a person is waited for");
    let done = stage.act(Request::ResolveThread { thread, reason: "Refund\u{1b}[2J sent".into() }).await.expect("done");
    assert!(done.message.contains("next message reopens"), "{}", done.message);
    let row = stage.thread_of("is:resolved").await;
    let resolved = row.resolved.expect("resolved");
    assert_eq!((resolved.by.as_str(), row.unread, row.waiting), ("ada", 0, None));
    assert!(resolved.reason.starts_with("Refund") && !resolved.reason.contains('\u{1b}'), "{resolved:?}");
    for filter in ["is:unanswered", "is:waiting", "is:unread"] {
        let found = stage.ask(Query::Threads { text: filter.into(), limit: 5, before: None }).await;
        assert_eq!(found, Answer::Threads(vec![]), "{filter}");
    }
    assert_eq!(stage.ask(Query::Radar { limit: 5 }).await, Answer::Radar(vec![]), "no window is waited for");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 enter").await;
    sitting.sees("resolved by ada");
    let Answer::Why(why) = stage.ask(Query::Why { id: thread.to_string() }).await else { panic!("why") };
    assert_eq!(why.cause, "resolved", "{why:?}");

    // A reaction asks for nothing; a message does.
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Reaction { to: "wamid.none".into(), emoji: Some("👍".into()) });
    stage.deliver().await;
    assert!(stage.thread().await.resolved.is_some(), "a reaction leaves it resolved");
    stage.says(&rosa(), "it never came").await;
    let row = stage.thread().await;
    assert!(row.resolved.is_none() && row.unread == 1 && row.waiting.is_some(), "{row:?}");
    assert_eq!(events(&stage).await, ["thread.resolved", "thread.reopened"]);
}

#[tokio::test]
async fn it_is_resolved_with_a_reason_and_reopened_by_one_key() {
    let stage = a_question().await;
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut sitting = Sitting::down(&stage, columns, rows).await;
        sitting.press(&stage, "2 ctrl-x").await;
        sitting.sees("Outcome");
        sitting.press(&stage, "esc").await;
        assert!(stage.thread().await.resolved.is_none(), "looking at the form resolves nothing");
        sitting.press(&stage, "ctrl-x").await;
        sitting.types(&stage, "Refund sent").await;
        sitting.press(&stage, "enter").await;
        sitting.sees("resolved by ada: Refund sent");
        sitting.press(&stage, "ctrl-x").await;
        assert!(stage.thread().await.resolved.is_none(), "the same key reopens it");
    }
    let events = events(&stage).await;
    assert_eq!(events, ["thread.resolved", "thread.reopened", "thread.resolved", "thread.reopened"]);
}

#[tokio::test]
async fn what_its_agent_has_not_sent_is_canceled_and_the_next_message_is_answered() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    let done = stage.act(Request::ResolveThread { thread, reason: String::new() }).await.expect("resolved");
    assert!(done.message.contains("1 unsent reply step"), "{}", done.message);
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 0, "the agent is not asked any more");
    stage.says(&rosa(), "hello again").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "a new message is answered");
}

#[tokio::test]
async fn a_colleague_who_works_on_it_keeps_it_open() {
    let stage = a_question().await;
    let thread = stage.thread().await.id;
    let ben = Actor::Operator { name: "ben".into(), role: Role::Operator };
    perform(&stage.system, &ben, Request::TakeThread { thread }).await.expect("taken");
    let refused = stage.act(Request::ResolveThread { thread, reason: String::new() }).await.expect_err("ben has it");
    assert!(refused.to_string().contains("ben has this thread"), "{refused}");
    let long = "x".repeat(501);
    let refused = perform(&stage.system, &ben, Request::ResolveThread { thread, reason: long }).await;
    assert!(refused.is_err_and(|why| why.to_string().contains("501 characters")));
    perform(&stage.system, &ben, Request::ResolveThread { thread, reason: String::new() }).await.expect("resolved");
    assert_eq!(stage.thread().await.taken_by, None, "his claim ended");
    let viewer = Actor::Operator { name: "vic".into(), role: Role::Viewer };
    let refused = perform(&stage.system, &viewer, Request::ReopenThread { thread }).await;
    assert!(refused.is_err_and(|why| why.to_string().contains("may not resolve and reopen threads")));
}

#[tokio::test]
async fn programs_and_models_resolve_and_reopen_by_the_same_rules() {
    let mut programs = Programs::new().await;
    programs.stage.says(&rosa(), "hello").await;
    let desk = programs.token("desk", Role::Operator, None).await;
    let reason = json!({ "reason": "Refund sent" });
    let (status, done) = programs.ask(&desk, "POST", "/threads/t1/resolve", Some(reason.clone()), None).await;
    assert_eq!(status, 200, "{done}");
    let (_, thread) = programs.ask(&desk, "GET", "/threads/t1", None, None).await;
    assert_eq!(thread["resolved"]["reason"], "Refund sent", "{thread}");
    let (status, told) = programs.ask(&desk, "POST", "/threads/t1/resolve", Some(reason), None).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("no_change")), "{told}");
    let strange = json!({ "why": "Refund sent" });
    let (status, told) = programs.ask(&desk, "POST", "/threads/t1/resolve", Some(strange), None).await;
    assert_eq!((status, &told["error"]["code"]), (422, &json!("body")), "{told}");
    for (path, status) in [("/threads/m1/resolve", 422), ("/threads/t99/resolve", 404)] {
        assert_eq!(programs.ask(&desk, "POST", path, None, None).await.0, status, "{path}");
    }
    let (good, told) = programs.tool(&desk, "threads.reopen", json!({ "thread": "t1" })).await;
    assert!(good, "{told}");
    let (good, told) = programs.tool(&desk, "threads.resolve", json!({ "thread": "t1", "reason": "Done" })).await;
    assert!(good, "{told}");
    let looks = programs.token("looks", Role::Viewer, None).await;
    let (good, told) = programs.tool(&looks, "threads.reopen", json!({ "thread": "t1" })).await;
    assert_eq!((good, &told["error"]["code"]), (false, &json!("role")), "{told}");
}

#[tokio::test]
async fn two_messages_of_one_body_reopen_it_once() {
    let mut stage = meta_stage().await;
    let from = "15551600003";
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([text("wamid.1", from, "one")]))).await;
    let thread = stage.thread().await.id;
    stage.act(Request::ResolveThread { thread, reason: String::new() }).await.expect("resolved");
    let body: Value = json!([text("wamid.2", from, "two"), text("wamid.3", from, "three")]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), body)).await;
    assert_eq!((stage.thread().await.unread, stage.thread().await.resolved), (2, None));
    assert_eq!(events(&stage).await, ["thread.resolved", "thread.reopened"]);
}
