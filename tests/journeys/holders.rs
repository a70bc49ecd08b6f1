//! Another app on the same number holds a conversation: we read along, and take it over on purpose only.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::code::Code;
use wadeck::domain::inbound::event::Direction;
use wadeck::domain::message::content::Content;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::{Request, SendContext};
use wadeck::domain::why::Why;
use wadeck::operations::OperationError;

use crate::cases::{ONE, enveloped, nobody_is_asked, post, stage, text};
use crate::sitting::Sitting;
use crate::stage::{MORNING, SUPPORT, Stage, rosa};

const ANA: &str = "15551600001";

/// One change in the platform's envelope, so many seconds after the morning began.
fn change(field: &str, value: Value) -> String {
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": field, "value": value }] }] })
    .to_string()
}

fn at(seconds: i64) -> String {
    (MORNING / 1_000 + seconds).to_string()
}

/// What the other app and the contact say to each other, as whoever stands by is told.
fn standby(seconds: i64) -> String {
    let asked = json!({ "id": format!("wamid.ASK{seconds}"), "from": ANA, "timestamp": at(seconds), "type": "text",
        "text": { "body": "Where is my order?" } });
    let echo = json!({ "id": format!("wamid.ECHO{seconds}"), "timestamp": at(seconds),
        "message": { "to": ANA, "type": "text", "text": { "body": "On its way." } } });
    let read = json!({ "id": format!("wamid.ECHO{seconds}"), "recipient_id": ANA, "status": "read", "timestamp": at(seconds) });
    change(
        "standby",
        json!({ "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550783881", "phone_number_id": ONE },
            "contacts": [{ "wa_id": ANA, "profile": { "name": "Ana" } }],
            "standby": { "messages": [asked], "message_echoes": [echo], "statuses": [read] } }),
    )
}

/// A handover as it is measured: the number is its recipient, the contact its sender.
fn handover(seconds: i64, what: &str) -> String {
    let roles =
        json!({ "previous_owner_role": "escalation", "new_owner_role": "ai_agent", "metadata": "wants a refund" });
    change(
        "messaging_handovers",
        json!({ "messaging_product": "whatsapp",
            "recipient": { "display_phone_number": "15550783881", "phone_number_id": ONE },
            "sender": { "phone_number": ANA }, "timestamp": at(seconds), "type": what, (what): roles }),
    )
}

async fn comes(stage: &mut Stage, body: &str) {
    post(stage, "/webhook/meta", &[], body).await;
}

async fn why(stage: &Stage, id: impl ToString) -> Why {
    match stage.ask(Query::Why { id: id.to_string() }).await {
        Answer::Why(why) => *why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_said_to_another_app_is_read_along_and_answered_by_nobody() {
    let mut stage = stage().await;
    // Our agent was about to answer when the other app took the conversation.
    comes(&mut stage, &enveloped(json!([]), json!([text("wamid.FIRST", ANA, "hello")]))).await;
    stage.pass(Duration::from_secs(2));
    comes(&mut stage, &standby(1)).await;
    nobody_is_asked(&stage).await;
    let thread = stage.thread().await;
    assert_eq!(thread.contact.display_name(), "Ana");
    assert_eq!((thread.unread, thread.waiting.is_none()), (1, true), "the first alone is unread: {thread:?}");
    assert!(thread.window_closes_at.is_some(), "the window is that of the number");
    let messages = stage.messages(thread.id).await;
    let lines: Vec<_> =
        messages.iter().map(|one| (one.direction, one.text.line(), one.author.clone(), one.status.name())).collect();
    assert_eq!(lines[1], (Direction::Inbound, "Where is my order?".into(), None, "received"));
    assert_eq!(lines[2], (Direction::Outbound, "On its way.".into(), Some("another app".into()), "read"));

    let told = why(&stage, messages[1].id).await;
    assert_eq!(told.cause, "standby");
    assert!(told.answer.contains("another app owns the conversation"), "{told:?}");
    let told = why(&stage, thread.id).await;
    assert_eq!(told.cause, "held_elsewhere");
    assert!(told.remedy.contains("to take the conversation over"), "{told:?}");

    // Reading along is seen by nobody.
    let said = stage.act(Request::MarkRead { thread: thread.id }).await.expect("read").message;
    assert!(
        said.contains(
            "Marked the thread of Ana as read here; not shown to Ana, because another app owns the conversation."
        ),
        "{said}"
    );

    // A day without a word of the contact: nobody holds it any more.
    stage.pass(Duration::from_secs(86_400));
    assert!(stage.thread().await.held_by_other(stage.now()).is_none());
    assert_ne!(why(&stage, thread.id).await.cause, "held_elsewhere");
}

#[tokio::test]
async fn a_console_says_who_has_the_thread_and_takes_it_over_only_after_yes() {
    let mut stage = stage().await;
    comes(&mut stage, &standby(0)).await;
    comes(&mut stage, &handover(1, "control_taken")).await;
    let thread = stage.thread().await.id;
    assert_eq!(stage.messages(thread).await[2].text.line(), "[handover] another app took over the conversation");
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut ada = Sitting::down(&stage, columns, rows).await;
        ada.press(&stage, "enter").await;
        ada.sees("Another app (ai agent) owns this thread. Sending takes it over.");
        ada.sees("On its way.");
    }
    let send =
        |words: &str| Request::Send { thread, content: Box::new(Content::text(words)), reply_to: None, at: None };
    let refused = stage.act(send("hi")).await.expect_err("it is theirs");
    assert!(matches!(&refused, OperationError::Refused(refusal) if refusal.code == Code::HeldElsewhere), "{refused:?}");
    assert!(refused.to_string().contains("--despite-owner"), "{refused}");

    // What was said a while ago has been read.
    stage.pass(Duration::from_secs(10));
    let mut ada = Sitting::down(&stage, 80, 24).await;
    ada.press(&stage, "enter c").await;
    ada.types(&stage, "I will look").await;
    ada.press(&stage, "enter").await;
    ada.sees("sending takes it over. Send it anyway?");
    assert_eq!(stage.send().await, 0);
    ada.press(&stage, "y").await;
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.send().await, 1);
    ada.look_up(&stage).await;
    ada.does_not_see("Another app");
    stage.act(send("and more")).await.expect("it is ours now");
    // What was said before that comes late and changes nothing.
    comes(&mut stage, &standby(2)).await;
    assert!(stage.thread().await.held_by_other(stage.now()).is_none());
}

#[tokio::test]
async fn a_conversation_that_is_given_to_us_waits_for_a_person_and_agents_answer_what_comes_next() {
    let mut stage = stage().await;
    comes(&mut stage, &standby(0)).await;
    stage.pass(Duration::from_secs(2));
    comes(&mut stage, &handover(1, "control_passed")).await;
    let thread = stage.thread().await;
    assert!(thread.held_by_other(stage.now()).is_none());
    let waiting = thread.waiting.expect("somebody has to look");
    assert_eq!(waiting.reason, "another app handed the conversation to wadeck: wants a refund");
    nobody_is_asked(&stage).await;
    comes(&mut stage, &enveloped(json!([]), json!([text("wamid.NEXT", ANA, "still there?")]))).await;
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 1, "what comes to us is ours");
    let again = SendContext::default();
    let send = Request::Send { thread: thread.id, content: Box::new(Content::text("hi")), reply_to: None, at: None };
    stage.act(send.with_context(again)).await.expect("nobody else has it");
}

#[tokio::test]
async fn a_test_changes_nothing_of_what_is_so() {
    let quiet = crate::stage::CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&quiet).await;
    stage.says(&rosa(), "hello").await;
    let before = stage.thread().await;
    let test = |id: &str, kind: &str, more: Value| {
        let mut message = json!({ "id": id, "timestamp": at(0), "type": kind, "from": rosa().phone,
            "kapso": { "direction": "inbound", "status": "received", "origin": "standby" } });
        message.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "test": true, "message": message, "conversation": { "phone_number": "+15550100002" },
            "phone_number_id": SUPPORT, "is_new_conversation": false })
        .to_string()
    };
    let first = stage.messages(before.id).await[0].provider_message_id.clone().expect("an id");
    let moved = json!({ "type": "user_changed_number", "wa_id": "15550100099", "body": "moved" });
    for body in [
        test("wamid.T1", "text", json!({ "text": { "body": "STOP" } })),
        test("wamid.T2", "revoke", json!({ "revoke": { "original_message_id": first } })),
        test("wamid.T3", "system", json!({ "system": moved })),
    ] {
        post(&mut stage, "/webhook/kapso/messages", &[], &body).await;
    }
    let after = stage.thread_of("rosa").await;
    assert!(after.held_elsewhere.is_none(), "{after:?}");
    assert_eq!((after.unread, after.opted_out, after.window_closes_at), (1, false, before.window_closes_at));
    assert_eq!(after.contact, before.contact, "the address stays");
    let messages = stage.messages(after.id).await;
    assert_eq!(messages[0].text.line(), "hello", "the test deleted nothing");
}

#[tokio::test]
async fn what_was_scheduled_waits_for_a_person_when_another_app_took_the_conversation_since() {
    let mut stage = stage().await;
    comes(&mut stage, &enveloped(json!([]), json!([text("wamid.FIRST", ANA, "hush")]))).await;
    stage.answer().await;
    let sent_before = stage.simulator.send_requests();
    let thread = stage.thread().await.id;
    let send = |words: &str, at| Request::Send { thread, content: Box::new(Content::text(words)), reply_to: None, at };
    stage.act(send("the call is at three", Some(stage.now().plus(Duration::from_secs(600))))).await.expect("queued");
    comes(&mut stage, &standby(60)).await;
    stage.pass(Duration::from_secs(900));
    stage.send().await;
    assert_eq!(stage.simulator.send_requests(), sent_before, "nothing takes the conversation over by itself");
    let row = stage.outbox().await.into_iter().find(|row| row.text.line() == "the call is at three").expect("it waits");
    let told = why(&stage, row.id).await;
    assert_eq!(told.cause, "another_app", "{told:?}");
    assert!(told.answer.contains("another app") && told.remedy.contains("release it"), "{told:?}");
    assert!(stage.thread().await.waiting.is_some(), "a person has to decide");
    stage.act(Request::ReleaseEntry { entry: row.id }).await.expect("released");
    stage.send().await;
    assert_eq!(stage.simulator.send_requests(), sent_before + 1, "who releases it takes the conversation over");
    assert!(stage.thread().await.held_elsewhere.is_none());
}
