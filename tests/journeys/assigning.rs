//! A thread that is assigned to a colleague, who may be offline.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::{perform, run_query};

use crate::programs::Programs;
use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, rosa};

async fn a_question() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "where is my order?").await;
    stage
}

fn noor() -> Actor {
    Actor::Operator { name: "noor".into(), role: Role::Admin }
}

#[tokio::test]
async fn a_colleague_who_is_offline_keeps_the_thread_and_is_told_when_they_come() {
    let stage = a_question().await;
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut sitting = Sitting::down(&stage, columns, rows).await;
        sitting.press(&stage, "2 H").await;
        sitting.sees("offline");
        sitting.press(&stage, "esc").await;
    }
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 H enter y").await;
    assert_eq!(stage.thread().await.taken_by.as_deref(), Some("noor"));
    stage.pass(Duration::from_secs(3 * 3_600));
    assert!(!stage.thread().await.is_abandoned(stage.now()), "it is kept for them");
    let told = run_query(&stage.system, &noor(), Query::Overview).await.expect("told");
    let Answer::Overview(overview) = told else { panic!("{told:?}") };
    assert_eq!(overview.handed.expect("told").by, "ada");
    stage.pass(Duration::from_secs(10 * 3_600));
    assert!(stage.thread().await.is_abandoned(stage.now()), "nobody waits longer than a day for them");
}

#[tokio::test]
async fn the_other_console_is_told_at_once() {
    let stage = a_question().await;
    let thread = stage.thread().await.id;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    let _here = stage.system.arrives(&Actor::Operator { name: "ada".into(), role: Role::Admin }, "here");
    perform(&stage.system, &noor(), Request::AssignThread { thread, to: "ada".into() }).await.expect("assigned");
    sitting.look_up(&stage).await;
    sitting.sees("noor transferred Rosa Field (t1) to you.");
}

#[tokio::test]
async fn who_may_not_answer_is_assigned_nothing() {
    let stage = a_question().await;
    let thread = stage.thread().await.id;
    for to in ["ada", "nobody", "\u{1b}[2J"] {
        let refused = stage.act(Request::AssignThread { thread, to: to.into() }).await.expect_err(to).to_string();
        assert!(refused.contains("Choose a colleague") && !refused.contains('\u{1b}'), "{refused}");
    }
    assert_eq!(stage.thread().await.taken_by, None);
}

#[tokio::test]
async fn programs_and_models_assign_by_the_same_rules() {
    let mut programs = Programs::new().await;
    programs.stage.says(&rosa(), "hello").await;
    let desk = programs.token("desk", Role::Operator, None).await;
    let (status, done) = programs.ask(&desk, "POST", "/threads/t1/assign", Some(json!({ "to": "noor" })), None).await;
    assert_eq!(status, 200, "{done}");
    let (good, told) = programs.tool(&desk, "threads.assign", json!({ "thread": "t1", "to": "noor" })).await;
    assert!(!good && told.to_string().contains("noor has this thread"), "{told}");
}
