//! Threads that somebody has: kept while they are at it, free again when they are not, and handed over
//! with what was begun.

use std::time::Duration;

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::message::content::Content;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::{perform, run_query};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, ada, rosa};

const MINUTES: u64 = 60;

fn operator(name: &str) -> Actor {
    Actor::Operator { name: name.into(), role: Role::Operator }
}

async fn a_question() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "where is my order?").await;
    stage
}

#[tokio::test]
async fn a_thread_is_kept_for_whoever_is_at_it_and_free_once_they_left() {
    let stage = a_question().await;
    let thread = stage.thread().await.id;
    let (ben, cleo) = (operator("ben"), operator("cleo"));
    let take = || Request::TakeThread { thread };
    perform(&stage.system, &ben, take()).await.expect("taken");
    let refused = perform(&stage.system, &cleo, take()).await.expect_err("kept");
    assert!(refused.to_string().contains("ben has this thread and is working on it"), "{refused}");
    perform(&stage.system, &cleo, Request::ReleaseThread { thread }).await.expect_err("not hers");

    // Looking at it keeps it, and so does writing there.
    stage.pass(Duration::from_secs(20 * MINUTES));
    let attend = Request::UpdatePresence { thread: Some(thread), writes: false, typing: false };
    perform(&stage.system, &ben, attend).await.expect("noted");
    stage.pass(Duration::from_secs(20 * MINUTES));
    perform(&stage.system, &cleo, take()).await.expect_err("kept on");
    let send = Request::Send { thread, content: Box::new(Content::text("soon")), reply_to: None, at: None };
    perform(&stage.system, &ben, send).await.expect("queued");
    stage.pass(Duration::from_secs(20 * MINUTES));
    perform(&stage.system, &cleo, take()).await.expect_err("kept on");
    // What a colleague does there keeps it for nobody.
    perform(&stage.system, &cleo, Request::AddNote { thread, text: "he is slow".into() }).await.expect("noted");
    stage.pass(Duration::from_secs(11 * MINUTES));

    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 enter").await;
    sitting.sees("ben left: C takes the thread");
    let done = perform(&stage.system, &cleo, take()).await.expect("taken");
    assert!(done.message.contains("ben had left it"), "{}", done.message);
    sitting.look_up(&stage).await;
    sitting.sees("cleo owns it");
    stage.pass(Duration::from_secs(31 * MINUTES));
    perform(&stage.system, &ben, Request::ReleaseThread { thread }).await.expect("left, so anybody may");
    assert_eq!(stage.thread().await.taken_by, None);
}

#[tokio::test]
async fn a_thread_is_handed_over_with_what_was_begun() {
    let stage = a_question().await;
    let thread = stage.thread().await.id;
    let (ben, vic) = (operator("ben"), Actor::Operator { name: "vic".into(), role: Role::Viewer });
    let draft = async |who: &Actor| match run_query(&stage.system, who, Query::Draft { thread }).await {
        Ok(Answer::Draft(text)) => text,
        other => panic!("{other:?}"),
    };
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 enter H").await;
    sitting.sees("offline");
    sitting.press(&stage, "esc").await;
    let gone = perform(&stage.system, &ada(), Request::TransferThread { thread, to: "ben".into() }).await;
    assert!(gone.is_err_and(|why| why.to_string().contains("no open console")));

    let _ben = stage.system.arrives(&ben, "over SSH");
    let _vic = stage.system.arrives(&vic, "over SSH");
    let looks = perform(&stage.system, &ada(), Request::TransferThread { thread, to: "vic".into() }).await;
    looks.expect_err("whoever only looks cannot answer");
    sitting.press(&stage, "c").await;
    sitting.types(&stage, "It left on Tuesday, and").await;
    sitting.press(&stage, "esc H").await;
    sitting.sees("Transfer the thread to");
    sitting.sees("ben (operator)");
    sitting.types(&stage, "ben").await;
    sitting.press(&stage, "enter y").await;
    sitting.sees("Transferred Rosa Field to ben, with your draft.");
    sitting.sees("ben owns it");
    sitting.sees("Draft by ada: It left on Tuesday, and");
    assert_eq!((draft(&ben).await.as_str(), draft(&ada()).await.as_str()), ("It left on Tuesday, and", ""));
    let refused = perform(&stage.system, &operator("cleo"), Request::TakeThread { thread }).await;
    refused.expect_err("it is kept for ben");

    let long = Request::SaveDraft { thread, text: "x".repeat(5_000) };
    perform(&stage.system, &ben, long).await.expect("kept");
    let _here = stage.system.arrives(&operator("cleo"), "here");
    let refused = perform(&stage.system, &ben, Request::TransferThread { thread, to: "cleo".into() }).await;
    assert!(refused.is_err_and(|why| why.to_string().contains("longer than a note")), "it is not cut");
    let short = Request::SaveDraft { thread, text: "It left on Tuesday, and".into() };
    perform(&stage.system, &ben, short).await.expect("kept");

    // It goes back: what somebody has begun is not written over, and nothing is lost.
    let _ada = stage.system.arrives(&ada(), "here");
    perform(&stage.system, &ada(), Request::SaveDraft { thread, text: "my own".into() }).await.expect("kept");
    perform(&stage.system, &ben, Request::TransferThread { thread, to: "ada".into() }).await.expect("handed over");
    assert_eq!((draft(&ada()).await.as_str(), draft(&ben).await.as_str()), ("my own", ""));
    sitting.look_up(&stage).await;
    sitting.sees("ben transferred Rosa Field (t1) to you.");
    assert!(sitting.rings.iter().any(|rang| rang.contains("ben transferred")), "{:?}", sitting.rings);
    sitting.sees("Draft by ben: It left on Tuesday, and");
    sitting.sees("my own");
}
