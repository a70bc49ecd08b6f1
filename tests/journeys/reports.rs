//! What is reported about messages, conversations and numbers: duplicates, statuses, hand-offs, and what a webhook may
//! not decide alone.

use serde_json::json;
use wadeck::domain::inbound::delivery::DeliveryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;

use crate::cases::{alerts, deliveries, detail, enveloped, nobody_is_asked, note, only, post, stage, text, told};
use crate::sitting::Sitting;
use crate::stage::{SUPPORT, Stage};

#[tokio::test]
async fn the_same_id_with_other_words_is_a_duplicate_with_a_difference() {
    let mut stage = stage().await;
    for words in ["first", "first", "second"] {
        let mut message = text("wamid.DUP", "15551600001", words);
        message["n"] = json!(deliveries(&stage).await.len());
        post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([message]))).await;
    }
    let (_, message) = only(&stage).await;
    let rows = deliveries(&stage).await;
    assert_eq!(note(&rows[1]), format!("Duplicate of {}.", message.id));
    assert!(
        note(&rows[0]).contains("with another text: \u{201c}second\u{201d} instead of \u{201c}first\u{201d}"),
        "{rows:?}"
    );
    assert!(told(&stage, &message).await.contains("received again: second"));
    let Answer::Why(why) = stage.ask(Query::Why { id: rows[0].id.to_string() }).await else { panic!() };
    assert_eq!(why.cause, "duplicate");
    stage.act(Request::ReplayDelivery { delivery: rows[2].id }).await.expect("read again");
    stage.apply().await;
    assert_eq!(note(&deliveries(&stage).await[2]), "", "a delivery that is read again is no duplicate of itself");
}

#[tokio::test]
async fn a_repeated_id_is_marked_in_the_list_with_the_message_it_repeats() {
    let mut stage = stage().await;
    for words in ["first", "first", "second"] {
        let mut message = text("wamid.DUP", "15551600001", words);
        message["n"] = json!(deliveries(&stage).await.len());
        post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([message]))).await;
    }
    // The provider sends one of them again, as it was.
    let mut again = text("wamid.DUP", "15551600001", "first");
    again["n"] = json!(1);
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([again]))).await;
    let (thread, message) = only(&stage).await;
    assert_eq!(stage.messages(thread.id).await.len(), 1, "one row per message");
    let mut sitting = Sitting::down(&stage, 200, 40).await;
    sitting.press(&stage, "7").await;
    let shown = sitting.screen();
    let marks: Vec<&str> = shown.lines().filter(|line| line.contains(&format!("DUP {} ", message.id))).collect();
    assert_eq!(marks.len(), 2, "{shown}");
    assert!(marks[1].contains("(came 2 times)"), "{shown}");
    // What the cursor is on says what differs.
    let told: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("Duplicate of {}, with another text", message.id)), "{shown}");
    // In the thread it is one message, marked, that says which deliveries brought it again.
    sitting.press(&stage, "2 enter").await;
    sitting.sees("DUP ×2");
    sitting.press(&stage, "k i").await;
    for delivery in [&deliveries(&stage).await[0], &deliveries(&stage).await[1]] {
        sitting.sees(&format!("with {}", delivery.id));
    }
    stage.act(Request::ReplayDelivery { delivery: deliveries(&stage).await[1].id }).await.expect("read again");
    stage.apply().await;
    assert_eq!(only(&stage).await.1.repeats, 2, "what is read again is counted once");
}

#[tokio::test]
async fn a_status_in_an_unknown_word_is_kept_with_its_message() {
    let mut stage = Stage::set().await;
    stage.says(&crate::stage::rosa(), "hello").await;
    stage.answer().await;
    let thread = stage.thread().await.id;
    let sent = stage.messages(thread).await.pop().expect("an answer");
    let id = sent.provider_message_id.clone().expect("an id");
    let bare = json!({ "message_id": id, "status": "pondering", "timestamp": "1780304460" });
    post(
        &mut stage,
        "/webhook/kapso/messages",
        &[("x-webhook-event", "whatsapp.message.pondering")],
        &bare.to_string(),
    )
    .await;
    let all = detail(&stage, &sent).await;
    assert_eq!(all.other_statuses[0].word.line(), "pondering");
    assert_eq!(deliveries(&stage).await[0].state, DeliveryState::Applied);
}

#[tokio::test]
async fn the_signed_body_says_what_it_is_and_a_number_goes_when_the_provider_says_so() {
    let mut stage = Stage::set().await;
    let body = json!({ "message": { "id": "wamid.H", "from": "15551600001", "timestamp": "1780304400", "type": "text",
        "text": { "body": "hi" }, "kapso": { "direction": "inbound" } }, "phone_number_id": SUPPORT });
    let gone = [("x-webhook-event", "whatsapp.phone_number.deleted")];
    post(&mut stage, "/webhook/kapso/messages", &gone, &body.to_string()).await;
    assert_eq!(only(&stage).await.1.text.line(), "hi");
    let test = json!({ "test": true, "phone_number_id": SUPPORT, "project": { "id": "x" } });
    post(&mut stage, "/webhook/kapso/messages", &gone, &test.to_string()).await;
    stage.set_up().await;
    let real = json!({ "phone_number_id": SUPPORT, "project": { "id": "x" } });
    post(&mut stage, "/webhook/kapso/messages", &gone, &real.to_string()).await;
    assert_eq!(alerts(&stage).await, ["deletion_told"]);
    stage.set_up().await;
    let there = stage.system.store().connection_named("support").await.expect("asked");
    assert!(there.is_some(), "the provider still has it");
    stage.pass(std::time::Duration::from_secs(3_700));
    wadeck::operations::check_all(&stage.system).await.expect("checked");
    assert!(!alerts(&stage).await.contains(&"deletion_told".to_owned()), "it was not so");
}

#[tokio::test]
async fn a_workflow_that_hands_off_has_its_thread_wait_for_a_person() {
    let mut stage = Stage::set().await;
    let body = json!({ "message": { "id": "wamid.W", "from": "15551600001", "timestamp": "1780304400", "type": "text",
        "text": { "body": "a person, please" }, "kapso": { "direction": "inbound" } },
        "conversation": { "id": "conv-7", "phone_number": "15551600001" }, "phone_number_id": SUPPORT });
    post(&mut stage, "/webhook/kapso/messages", &[("x-webhook-event", "whatsapp.message.received")], &body.to_string())
        .await;
    stage.answer().await;
    let event = json!({ "event": "workflow.execution.handoff", "whatsapp_conversation_id": "conv-7",
        "handoff": { "reason": "Asked for a person" } });
    post(&mut stage, "/webhook/kapso/messages", &[], &event.to_string()).await;
    let thread = stage.thread().await;
    assert!(thread.waiting.expect("waits").reason.contains("Asked for a person"));
    assert!(alerts(&stage).await.contains(&"workflow".to_owned()));
    let ended = json!({ "event": "project.event", "name": "x", "conversation_id": "conv-7" });
    post(&mut stage, "/webhook/kapso/messages", &[], &ended.to_string()).await;
    let row = deliveries(&stage).await.remove(0);
    assert_eq!(note(&row), "Recorded; nothing to do.");
}

#[tokio::test]
async fn a_number_of_our_own_is_written_to_by_nobody_and_answered_by_nobody() {
    let mut stage = stage().await;
    let from_two = enveloped(json!([]), json!([text("wamid.OWN", "15550783882", "an automatic greeting")]));
    post(&mut stage, "/webhook/meta", &[], &from_two).await;
    let (thread, message) = only(&stage).await;
    nobody_is_asked(&stage).await;
    let Answer::Why(why) = stage.ask(Query::Why { id: message.id.to_string() }).await else { panic!() };
    assert_eq!(why.cause, "own_number");
    let content = Box::new(wadeck::domain::message::content::Content::text("hi"));
    let refused = stage.act(Request::Send { thread: thread.id, content, reply_to: None, at: None }).await;
    assert!(refused.expect_err("refused").to_string().contains("our own number"));
    crate::wishes::templates(&stage).await;
    let connection = stage.system.store().connections().await.expect("asked")[0].id;
    let template = Request::SendTemplate {
        connection,
        to: wadeck::domain::contacts::phone::PhoneNumber::parse("+15550783882").expect("a number"),
        name: "order_ready".into(),
        language: "en_US".into(),
        parameters: vec![],
        header: None,
        at: None,
    };
    assert!(stage.act(template).await.expect_err("refused").to_string().contains("our own number"));
}
