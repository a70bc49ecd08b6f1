//! What must be sent is sent once, in order, within the limits, and its fate is known or said to be
//! unknown.

use std::time::Duration;

use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::outbox::entry::{EntryState, FailedBy, SettledBy};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::SendFault;

use crate::stage::{Stage, again, rosa};

async fn with_rosa() -> (Stage, wadeck::domain::ids::ThreadId) {
    let quiet = crate::stage::CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&quiet).await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    (stage, thread)
}

async fn write(stage: &Stage, thread: wadeck::domain::ids::ThreadId, words: &str) {
    let request = Request::Send {
        thread,
        content: Box::new(wadeck::domain::message::content::Content::text(words)),
        reply_to: None,
        at: None,
    };
    stage.act(request).await.expect("queued");
}

#[tokio::test]
async fn a_reply_is_accepted_then_delivered_then_read_whatever_the_order() {
    let (mut stage, thread) = with_rosa().await;
    write(&stage, thread, "We are open").await;
    let queued = &stage.messages(thread).await[1];
    assert_eq!(queued.status, DeliveryStatus::Queued, "nothing is called sent without proof");
    assert_eq!(stage.send().await, 1);
    let accepted = &stage.messages(thread).await[1];
    assert_eq!(accepted.status, DeliveryStatus::Accepted);
    assert_eq!(accepted.provider_message_id, Some(stage.simulator.accepted()[0].id.clone()));
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    assert_eq!(stage.messages(thread).await[1].status, DeliveryStatus::Read);
    assert_eq!(stage.messages(thread).await.len(), 2, "no echo beside it");
}

#[tokio::test]
async fn order_within_a_thread_is_kept_across_retries() {
    let (stage, thread) = with_rosa().await;
    for words in ["one", "two", "three"] {
        write(&stage, thread, words).await;
    }
    stage.simulator.next_send(SendFault::graph(500, 131_000, "Platform error"));
    assert_eq!(stage.send().await, 1, "the others wait for the first");
    assert!(stage.simulator.accepted().is_empty());
    stage.pass(Duration::from_secs(10));
    assert_eq!(stage.send().await, 3);
    let sent: Vec<String> = stage.simulator.accepted().into_iter().map(|sent| sent.text).collect();
    assert_eq!(sent, ["one", "two", "three"]);
}

#[tokio::test]
async fn three_failed_attempts_make_a_dead_letter_and_an_alert() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    for _ in 0..3 {
        stage.simulator.next_send(SendFault::graph(500, 131_000, "Platform error"));
        stage.send().await;
        stage.pass(Duration::from_secs(700));
    }
    assert_eq!(stage.send().await, 0);
    let entry = stage.outbox().await.remove(0);
    assert_eq!(entry.state, EntryState::Dead);
    assert_eq!(entry.attempts, 3);
    assert_eq!(entry.error.expect("a reason").code, "131000");
    assert_eq!(stage.overview().await.alerts, 1);

    let done = stage.act(Request::RetryEntry { entry: entry.id }).await.expect("queued again");
    assert!(done.message.contains("new series"));
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.simulator.send_requests(), 4, "a retry is exactly one more request");
    assert_eq!(stage.overview().await.alerts, 0);
    assert_eq!(stage.outbox().await[0].attempts, 4, "the old attempts stay");
}

#[tokio::test]
async fn retry_after_is_kept_to() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    let body = serde_json::json!({ "error": "Rate limit exceeded" });
    stage.simulator.next_send(SendFault::Answer { status: 429, body, retry_after: Some(60) });
    stage.send().await;
    stage.pass(Duration::from_secs(59));
    assert_eq!(stage.send().await, 0);
    stage.pass(Duration::from_secs(3));
    assert_eq!(stage.send().await, 1);
}

#[tokio::test]
async fn a_final_refusal_is_not_tried_again() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    stage.simulator.next_send(SendFault::graph(400, 131_026, "Message undeliverable"));
    stage.send().await;
    stage.pass(Duration::from_secs(3_600));
    assert_eq!(stage.send().await, 0);
    let message = &stage.messages(thread).await[1];
    assert_eq!(message.status, DeliveryStatus::Failed);
    let error = message.error.as_ref().expect("a reason");
    assert!(error.remedy.contains("another way"), "{error:?}");
}

#[tokio::test]
async fn a_lost_answer_is_never_sent_again_and_the_status_settles_it() {
    let (mut stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    stage.simulator.next_send(SendFault::LoseAnswer);
    stage.send().await;
    assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain);
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.send().await, 0, "not blindly");
    stage.deliver().await;
    let entry = stage.outbox().await.remove(0);
    assert_eq!(entry.state, EntryState::Accepted);
    assert_eq!(entry.settled_by, Some(SettledBy::Reference));
    assert_eq!(stage.simulator.accepted().len(), 1);
    assert_eq!(stage.messages(thread).await.len(), 2, "no second bubble for the same message");
}

#[tokio::test]
async fn what_was_discarded_in_doubt_and_arrived_all_the_same_is_shown_so() {
    let (mut stage, thread) = with_rosa().await;
    stage.simulator.next_send(SendFault::LoseAnswer);
    write(&stage, thread, "Good morning").await;
    stage.send().await;
    let entry = stage.outbox().await[0].id;
    stage.act(Request::DiscardEntry { entry }).await.expect("discarded");
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    let row = stage.outbox().await.remove(0);
    assert_eq!((row.state, row.status), (EntryState::Accepted, DeliveryStatus::Read));
    assert_eq!(stage.overview().await.alerts, 1, "somebody thought that it was not sent");
}

#[tokio::test]
async fn a_status_with_the_same_words_settles_it_only_when_one_entry_fits() {
    let told = |id: &str, text: &str| {
        serde_json::json!({ "message": { "id": id, "to": "15550100002", "timestamp": "1780304401", "type": "text",
            "text": { "body": text }, "kapso": { "direction": "outbound", "status": "sent", "origin": "cloud_api" } },
            "conversation": { "phone_number": "+15550100002" }, "phone_number_id": crate::stage::SUPPORT })
    };
    let (mut stage, thread) = with_rosa().await;
    write(&stage, thread, "We are open").await;
    stage.simulator.next_send(SendFault::Vanish);
    stage.send().await;
    stage.pass(Duration::from_secs(2));
    stage.simulator.post_raw("whatsapp.message.sent", &told("wamid.OTHER", "Something else"));
    stage.deliver().await;
    assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain, "other words prove nothing");
    stage.simulator.post_raw("whatsapp.message.sent", &told("wamid.OURS", "We are open"));
    stage.deliver().await;
    let entry = stage.outbox().await.remove(0);
    assert_eq!((entry.state, entry.settled_by), (EntryState::Accepted, Some(SettledBy::Status)));
    let ours: Vec<_> =
        stage.messages(thread).await.into_iter().filter(|message| message.text.line() == "We are open").collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].provider_message_id.as_deref(), Some("wamid.OURS"));
}

#[tokio::test]
async fn a_gateway_error_after_the_request_is_uncertain_and_a_look_settles_it() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    stage.simulator.next_send(SendFault::GatewayError);
    stage.send().await;
    assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain);
    assert!(!operations::look_up_due(&stage.system).await.expect("looked"), "not yet");
    stage.pass(Duration::from_secs(11));
    assert!(operations::look_up_due(&stage.system).await.expect("looked"));
    let entry = stage.outbox().await.remove(0);
    assert_eq!((entry.state, entry.settled_by), (EntryState::Accepted, Some(SettledBy::Look)));
}

#[tokio::test]
async fn what_vanished_stays_uncertain_until_a_person_decides() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    write(&stage, thread, "and then").await;
    stage.simulator.next_send(SendFault::Vanish);
    stage.send().await;
    for _ in 0..8 {
        stage.pass(Duration::from_secs(3_600));
        operations::look_up_due(&stage.system).await.expect("looked");
        assert_eq!(stage.send().await, 0, "what comes after it waits");
    }
    let rows = stage.outbox().await;
    let doubtful = rows.iter().find(|row| row.state == EntryState::Uncertain).expect("still uncertain");
    let behind = rows.iter().find(|row| row.state == EntryState::Queued).expect("still queued");
    assert_eq!(behind.behind, Some(doubtful.id));
    assert_eq!(stage.overview().await.alerts, 1);

    stage.act(Request::RetryEntry { entry: doubtful.id }).await.expect("a person's decision");
    stage.send().await;
    let sent: Vec<String> = stage.simulator.accepted().into_iter().map(|sent| sent.text).collect();
    assert_eq!(sent, ["hi", "and then"]);
}

#[tokio::test]
async fn an_entry_that_was_being_sent_when_the_process_died_is_uncertain_not_queued() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    let mut write = stage.system.store().write().await.expect("a transaction");
    let claimed = write.heads(stage.now(), 1).await.expect("asked").remove(0);
    write.begin_attempts(&[(&claimed, "POST …")], stage.now(), Duration::from_secs(90)).await.expect("begun");
    write.commit().await.expect("committed");
    // The process dies here.
    operations::rescue_at_start(&stage.system).await.expect("rescued");
    assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain);
    assert_eq!(stage.send().await, 0);
}

#[tokio::test]
async fn a_refused_key_stops_sending_and_loses_nothing() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    let body = serde_json::json!({ "error": "Invalid API key" });
    for _ in 0..5 {
        stage.simulator.next_send(SendFault::Answer { status: 401, body: body.clone(), retry_after: None });
        stage.send().await;
        stage.pass(Duration::from_secs(60));
    }
    let entry = stage.outbox().await.remove(0);
    assert_eq!(entry.state, EntryState::Queued, "five refusals of the key are no fault of the message");
    assert_eq!(entry.hold.map(wadeck::domain::outbox::limits::Hold::name), Some("credentials"));
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.overview().await.alerts, 0, "the alert goes with the trouble");

    // Acknowledged, it is not raised again by every try; mended, what was held goes at once.
    write(&stage, thread, "again").await;
    stage.simulator.next_send(SendFault::Answer { status: 401, body: body.clone(), retry_after: None });
    stage.send().await;
    let Answer::Alerts(open) = stage.ask(Query::Alerts { open: true, limit: 10 }).await else { panic!("alerts") };
    stage.act(Request::AckAlert { alert: open[0].id }).await.expect("acknowledged");
    stage.pass(Duration::from_secs(60));
    stage.simulator.next_send(SendFault::Answer { status: 401, body, retry_after: None });
    stage.send().await;
    assert_eq!(stage.overview().await.alerts, 0, "whoever acknowledged it knows");
    wadeck::operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(stage.send().await, 1, "the key works: nothing waits for its pause");
}

#[tokio::test]
async fn one_business_initiated_message_per_contact_and_hour() {
    let (stage, _) = with_rosa().await;
    stage.simulator.add_template(serde_json::json!({ "name": "reminder", "language": "en", "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "It is time." }] }));
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let reminder = || Request::SendTemplate {
        connection,
        to: PhoneNumber::parse("+15550100077").expect("a number"),
        name: "reminder".into(),
        language: "en".into(),
        parameters: vec![],
        header: None,
        at: None,
    };
    stage.act(reminder()).await.expect("queued");
    stage.act(again(reminder())).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    let held = stage.outbox().await.into_iter().find(|row| row.state == EntryState::Queued).expect("held");
    assert_eq!(held.hold.map(wadeck::domain::outbox::limits::Hold::name), Some("hourly_policy"));
    assert_eq!(held.due_at.since(stage.now()), Duration::from_secs(3_600));
    stage.pass(Duration::from_secs(3_599));
    assert_eq!(stage.send().await, 0);
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.send().await, 1);
}

#[tokio::test]
async fn a_failure_after_acceptance_reaches_thread_and_alerts_and_keeps_its_reason() {
    let (mut stage, thread) = with_rosa().await;
    stage.simulator.unreachable("15550100002", 131_026);
    write(&stage, thread, "hi").await;
    stage.send().await;
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    let message = stage.messages(thread).await.remove(1);
    assert_eq!(message.status, DeliveryStatus::Failed);
    assert_eq!(message.error.expect("a reason").code, "131026");
    assert_eq!(stage.overview().await.failed, 1);
    assert_eq!(stage.overview().await.alerts, 1);
    assert!(stage.thread().await.waiting.is_some());
}

#[tokio::test]
async fn outside_the_window_nothing_reaches_the_network() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "just in time").await;
    stage.pass(Duration::from_secs(24 * 3_600));
    let refused = stage
        .act(Request::Send {
            thread,
            content: Box::new(wadeck::domain::message::content::Content::text("too late")),
            reply_to: None,
            at: None,
        })
        .await;
    assert!(refused.expect_err("refused").to_string().contains("approved template"));
    // What was queued before is checked again at the last moment.
    assert_eq!(stage.send().await, 0);
    assert_eq!(stage.simulator.send_requests(), 0);
    let entry = stage.outbox().await.remove(0);
    assert_eq!((entry.state, entry.failed_by), (EntryState::Failed, Some(FailedBy::OurRule)));
}

#[tokio::test]
async fn a_viewer_may_look_and_nothing_else() {
    use wadeck::domain::access::actor::Actor;
    use wadeck::domain::access::role::Role;
    let (stage, thread) = with_rosa().await;
    let viewer = Actor::Operator { name: "vic".into(), role: Role::Viewer };
    let request = Request::Send {
        thread,
        content: Box::new(wadeck::domain::message::content::Content::text("hi")),
        reply_to: None,
        at: None,
    };
    let refused = operations::perform(&stage.system, &viewer, request).await.expect_err("refused");
    assert!(refused.to_string().contains("needs the role operator"), "{refused}");
}

#[tokio::test]
async fn sixty_to_one_pair_go_at_the_pace_of_the_pair() {
    let (stage, thread) = with_rosa().await;
    for number in 0..60 {
        write(&stage, thread, &format!("{number}")).await;
    }
    assert_eq!(stage.send().await, 45, "a burst of forty-five, then one per six seconds");
    stage.pass(Duration::from_secs(6));
    assert_eq!(stage.send().await, 1);
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.send().await, 0);
}
