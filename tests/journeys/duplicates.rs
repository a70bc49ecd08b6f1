//! The same message to the same contact within a minute: refused until the sender confirms it.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::access::role::Role;
use wadeck::domain::message::content::Content;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::request::{Request, SendContext};

use crate::programs::Programs;
use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

fn send(stage_thread: wadeck::domain::ids::ThreadId, text: &str) -> Request {
    Request::Send { thread: stage_thread, content: Box::new(Content::text(text)), reply_to: None, at: None }
}

async fn quiet() -> Stage {
    let mut stage = Stage::with_config(&crate::stage::CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "where is my order?").await;
    stage
}

#[tokio::test]
async fn the_same_words_within_a_minute_are_refused_until_they_are_confirmed() {
    let stage = quiet().await;
    let thread = stage.thread().await.id;
    stage.act(send(thread, "It left today.")).await.expect("queued");
    stage.pass(Duration::from_secs(12));
    let refused = stage.act(send(thread, "It  left today. ")).await.expect_err("the same words");
    let text = refused.to_string();
    assert!(text.contains("You sent the same message to this contact 12s ago"), "{text}");
    assert!(text.contains("--despite-duplicate"), "{text}");
    assert_eq!(stage.outbox().await.len(), 1, "nothing was queued");
    stage.act(send(thread, "It left yesterday.")).await.expect("other words");
    let despite = SendContext { despite_duplicate: true, ..SendContext::default() };
    stage.act(send(thread, "It left today.").with_context(despite)).await.expect("confirmed");
    stage.pass(Duration::from_secs(70));
    stage.act(send(thread, "It left today.")).await.expect("a minute later");
    // A discarded message was not sent, so that its repetition is no duplicate.
    stage.act(send(thread, "One more thing.")).await.expect("queued");
    stage.act(Request::UndoSend { thread }).await.expect("discarded");
    assert!(stage.outbox().await.iter().any(|row| row.state == EntryState::Discarded));
    stage.act(send(thread, "One more thing.")).await.expect("the first one was discarded");
}

#[tokio::test]
async fn scheduled_messages_are_compared_by_the_time_at_which_they_are_sent() {
    let stage = quiet().await;
    let thread = stage.thread().await.id;
    let at = |seconds: u64| {
        let at = Some(stage.now().plus(Duration::from_secs(seconds)));
        Request::Send { thread, content: Box::new(Content::text("Take your pill.")), reply_to: None, at }
    };
    stage.act(at(3_600)).await.expect("scheduled");
    stage.act(at(7_200)).await.expect("an hour apart");
    stage.act(send(thread, "Take your pill.")).await.expect("now");
    let refused = stage.act(at(3_630)).await.expect_err("half a minute apart");
    assert!(refused.to_string().contains("the same message"), "{refused}");
}

#[tokio::test]
async fn a_console_asks_before_it_repeats_a_message() {
    let stage = quiet().await;
    let thread = stage.thread().await.id;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    stage.act(send(thread, "It left today.")).await.expect("queued");
    stage.pass(Duration::from_secs(9));
    sitting.press(&stage, "2 enter c").await;
    sitting.types(&stage, "It left today.").await;
    sitting.press(&stage, "enter").await;
    sitting.sees("You sent the same message to this contact 9s ago");
    assert_eq!(stage.outbox().await.len(), 1);
    sitting.press(&stage, "n").await;
    sitting.sees("It left today.");
    sitting.press(&stage, "enter ctrl-y").await;
    sitting.sees("Queued for Rosa Field");
    assert_eq!(stage.outbox().await.len(), 2);
}

#[tokio::test]
async fn a_program_gets_a_code_and_repeats_with_an_argument_and_a_key_repeats_its_answer() {
    let programs = Programs::over(quiet().await).await;
    let token = programs.token("shop", Role::Operator, None).await;
    let thread = programs.stage.thread().await.id;
    let body = json!({ "thread": thread, "text": "Your order has left." });
    let (status, first) = programs.ask(&token, "POST", "/messages", Some(body.clone()), Some("k1")).await;
    assert_eq!(status, 200, "{first}");
    let (status, again) = programs.ask(&token, "POST", "/messages", Some(body.clone()), Some("k1")).await;
    assert_eq!((status, &again), (200, &first), "the key repeats the answer");
    let (status, refused) = programs.ask(&token, "POST", "/messages", Some(body), None).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused.to_string().contains("duplicate_message"), "{refused}");
    assert!(refused.to_string().contains(first["created_id"].as_str().unwrap_or("m")), "{refused}");
    let confirmed = json!({ "thread": thread, "text": "Your order has left.", "despite_duplicate": true });
    let (status, sent) = programs.ask(&token, "POST", "/messages", Some(confirmed), None).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(programs.stage.outbox().await.len(), 2);
}

#[tokio::test]
async fn replies_of_agents_are_not_held_back_by_a_question_that_nobody_answers() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let sent = stage.simulator.accepted();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!(sent[0].text, sent[1].text);
}
