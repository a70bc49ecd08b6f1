//! What nobody would notice otherwise: hops without proof, pushes that never came, numbers that fall
//! silent, clocks and queues that are wrong.

use std::time::Duration;

use wadeck::domain::ids::MessageId;
use wadeck::domain::inbound::event::Origin;
use wadeck::domain::message::content::Content;
use wadeck::domain::numbers::connection::{Check, CheckResult};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::view::{AlertView, MessageView};
use wadeck::operations;
use wadeck::simulator::{Person, Saying};

use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

async fn alerts(stage: &Stage) -> Vec<AlertView> {
    match stage.ask(Query::Alerts { open: true, limit: 50 }).await {
        Answer::Alerts(rows) => rows,
        other => panic!("{other:?}"),
    }
}

async fn open_alert(stage: &Stage, kind: &str) -> Option<String> {
    alerts(stage).await.into_iter().find(|alert| alert.kind == kind).map(|alert| alert.said.line())
}

async fn proof(stage: &Stage, hop: Check) -> Option<CheckResult> {
    let Answer::Connections(rows) = stage.ask(Query::Connections).await else { panic!("connections") };
    let rows = rows.connected;
    rows[0].checks.iter().find(|proof| proof.check == hop).cloned()
}

async fn connection(stage: &Stage) -> wadeck::domain::ids::ConnectionId {
    let Answer::Connections(rows) = stage.ask(Query::Connections).await else { panic!("connections") };
    let rows = rows.connected;
    rows[0].connection.id
}

#[tokio::test]
async fn every_hop_is_proved_with_its_age() {
    let mut stage = Stage::set().await;
    operations::check_all(&stage.system).await.expect("checked");
    assert!(proof(&stage, Check::Upstream).await.is_none(), "a log without a line proves nothing");
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage.pass(Duration::from_secs(20));
    stage.deliver().await;
    operations::check_all(&stage.system).await.expect("checked");
    operations::watch(&stage.system).await.expect("watched");
    let connection = connection(&stage).await;
    stage.act(Request::Canary { connection }).await.expect("asked for");
    stage.pass(Duration::from_millis(230));
    stage.deliver().await;
    for hop in Check::ALL {
        let proof = proof(&stage, hop).await.unwrap_or_else(|| panic!("{hop:?} is not proved"));
        assert!(proof.works, "{hop:?}: {}", proof.note);
    }
    assert!(proof(&stage, Check::Public).await.expect("proved").note.contains("230 ms"), "the round trip");
    assert_eq!(stage.threads().await.len(), 1, "a canary is no message");
    assert!(alerts(&stage).await.is_empty(), "{:?}", alerts(&stage).await);
}

#[tokio::test]
async fn a_canary_that_is_not_back_and_a_webhook_that_is_off_raise_alerts_until_they_are_well() {
    let mut stage = Stage::set().await;
    let connection = connection(&stage).await;
    stage.act(Request::Canary { connection }).await.expect("asked for");
    stage.simulator.switch_webhook(false);
    stage.deliver().await;
    stage.pass(Duration::from_secs(61));
    operations::watch(&stage.system).await.expect("watched");
    assert!(open_alert(&stage, "canary").await.expect("raised").contains("60 s"));
    assert!(!proof(&stage, Check::Public).await.expect("known").works);
    operations::check_all(&stage.system).await.expect("checked");
    assert!(open_alert(&stage, "webhook_off").await.expect("raised").contains("disabled"));
    stage.act(Request::Canary { connection }).await.expect_err("there is nothing to ask for");

    stage.simulator.switch_webhook(true);
    operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(open_alert(&stage, "webhook_off").await, None, "what is well takes its alert along");
    stage.act(Request::Canary { connection }).await.expect("asked for");
    stage.deliver().await;
    assert_eq!(open_alert(&stage, "canary").await, None);
}

#[tokio::test]
async fn a_test_that_names_another_number_still_proves_the_way_back() {
    let mut stage = Stage::set().await;
    let connection = connection(&stage).await;
    stage.simulator.set_test_number("987654321098765");
    stage.act(Request::Canary { connection }).await.expect("asked for");
    stage.deliver().await;
    assert!(proof(&stage, Check::Public).await.expect("proved").works);
    assert_eq!(open_alert(&stage, "quarantine").await, None);
    stage.deliver().await;
    assert!(stage.threads().await.is_empty(), "a canary is no message");
}

#[tokio::test]
async fn the_provider_knows_the_fate_of_a_message_whose_statuses_never_came() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    stage.simulator.switch_webhook(false);
    let content = Box::new(Content::text("on our way"));
    let done = stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    let message: MessageId = done.created_id.expect("made").parse().expect("an id");
    let unsent = stage.act(Request::QueryStatus { message }).await.expect_err("nobody has it yet");
    assert!(unsent.to_string().contains("no provider id"), "{unsent}");
    stage.send().await;
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    let state = |messages: Vec<MessageView>| messages.iter().find(|one| one.id == message).expect("here").status;
    assert_eq!(state(stage.messages(thread).await).name(), "accepted");
    let said = stage.act(Request::QueryStatus { message }).await.expect("asked").message;
    assert!(said.contains("The provider says read") && said.contains("was accepted"), "{said}");
    assert_eq!(state(stage.messages(thread).await).name(), "read");
    assert!(proof(&stage, Check::Status).await.is_none(), "no status came by itself");
    let said = stage.act(Request::QueryStatus { message }).await.expect("asked").message;
    assert!(said.contains("says the same"), "{said}");
    assert_eq!(stage.messages(thread).await.len(), 2, "nothing was doubled");
}

#[tokio::test]
async fn statuses_that_never_came_are_caught_up_with() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let (thread, connection) = (stage.thread().await.id, connection(&stage).await);
    stage.simulator.switch_webhook(false);
    stage.simulator.switched_off(&rosa().phone, Duration::from_secs(6 * 3_600));
    let content = Box::new(Content::text("on our way"));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    stage.send().await;
    // Looked at while her phone is off, and hours after the message, when it is on again.
    stage.pass(Duration::from_secs(4 * 3_600));
    stage.act(Request::Backfill { connection }).await.expect("filled");
    stage.pass(Duration::from_secs(4 * 3_600));
    stage.deliver().await;
    let said = stage.act(Request::Backfill { connection }).await.expect("filled").message;
    assert!(said.contains("the missing delivery status of 1 message"), "{said}");
    let messages = stage.messages(thread).await;
    assert!(messages.iter().any(|message| message.status.name() == "read"), "{messages:?}");
    assert_eq!(messages.len(), 2);
    assert_eq!(open_alert(&stage, "gap").await, None);
    let said = stage.act(Request::Backfill { connection }).await.expect("filled").message;
    assert!(said.contains("no messages are missing"), "{said}");
}

#[tokio::test]
async fn what_was_never_pushed_is_filled_in_marked_and_not_answered() {
    let mut stage =
        Stage::with_config(&CONFIG.replacen("organization", "watch = { backfill_minutes = 5 }\norganization", 1)).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage.simulator.switch_webhook(false);
    stage.simulator.says(SUPPORT, &rosa(), &Saying::text("are you there?"));
    stage.simulator.says(SUPPORT, &Person::new("Kim", "15550100044"), &Saying::Image { caption: Some("look".into()) });
    stage.deliver().await;
    stage.pass(Duration::from_secs(600));
    stage.simulator.switch_webhook(true);
    operations::watch(&stage.system).await.expect("watched");
    let thread = stage.thread_of("rosa").await;
    let last = stage.messages(thread.id).await.pop().expect("there");
    assert_eq!((last.text.line().as_str(), &last.origin), ("are you there?", &Origin::Filled));
    assert!(thread.waiting.expect("waits for a person").reason.contains("backfilled"));
    assert!(open_alert(&stage, "gap").await.expect("raised").contains("2 message"));
    let sent = stage.simulator.accepted().len();
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), sent, "agents do not answer backfilled messages");
    assert_eq!(stage.carry_files().await, 1, "its file is fetched all the same");
    stage
        .act(Request::Send { thread: thread.id, content: Box::new(Content::text("yes")), reply_to: None, at: None })
        .await
        .expect("the window is open");

    let connection = connection(&stage).await;
    let again = stage.act(Request::Backfill { connection }).await.expect("compared");
    assert!(again.message.contains("no messages are missing"), "{}", again.message);
}

#[tokio::test]
async fn quality_that_falls_and_templates_that_are_paused_are_told() {
    let stage = Stage::set().await;
    operations::check_all(&stage.system).await.expect("checked");
    stage.simulator.rate("YELLOW");
    operations::check_all(&stage.system).await.expect("checked");
    assert!(open_alert(&stage, "quality").await.expect("raised").contains("from green to yellow"));
    stage.simulator.rate("GREEN");
    operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(open_alert(&stage, "quality").await, None);
    let template = |status: &str| {
        serde_json::json!({ "id": "1", "name": "offer", "language": "en", "category": "MARKETING", "status": status,
            "components": [{ "type": "BODY", "text": "Hi" }] })
    };
    stage.simulator.add_template(template("PAUSED"));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    assert!(open_alert(&stage, "template").await.expect("raised").contains("paused"));
}

#[tokio::test]
async fn a_silent_number_an_old_queue_and_a_wrong_clock_are_told() {
    let mut stage =
        Stage::with_config(&CONFIG.replace("debounce_seconds = 4", "debounce_seconds = 4\nsilent_after_hours = 2"))
            .await;
    stage.says(&rosa(), "hello").await;
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(open_alert(&stage, "silent").await, None);
    let thread = stage.thread().await.id;
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("hi")), reply_to: None, at: None })
        .await
        .expect("queued");
    stage.pass(Duration::from_secs(3 * 3_600));
    operations::watch(&stage.system).await.expect("watched");
    assert!(open_alert(&stage, "silent").await.expect("raised").contains("3h"));
    assert!(open_alert(&stage, "queue").await.expect("raised").contains("1 queued"));
    // Whoever acknowledged it is left alone until it was over.
    let silent = alerts(&stage).await.into_iter().find(|alert| alert.kind == "silent").expect("raised").id;
    stage.act(Request::AckAlert { alert: silent }).await.expect("acknowledged");
    stage.pass(Duration::from_secs(60));
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(open_alert(&stage, "silent").await, None);
    stage.send().await;
    stage.says(&rosa(), "hello again").await;
    operations::watch(&stage.system).await.expect("watched");
    stage.pass(Duration::from_secs(3 * 3_600));
    operations::watch(&stage.system).await.expect("watched");
    assert!(open_alert(&stage, "silent").await.is_some(), "it came again");
    stage.says(&rosa(), "and again").await;
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(open_alert(&stage, "silent").await, None);
    assert_eq!(open_alert(&stage, "queue").await, None);
    stage.simulator.skew(120_000);
    operations::check_all(&stage.system).await.expect("checked");
    assert!(open_alert(&stage, "clock").await.expect("raised").contains("2m"));
}

#[tokio::test]
async fn a_command_is_run_for_each_new_alert_and_not_too_often() {
    let folder = tempfile::tempdir().expect("a directory");
    let (script, told) = (folder.path().join("tell"), folder.path().join("told"));
    std::fs::write(&script, format!("#!/bin/sh\necho \"$WADECK_ALERT_KIND\" >> {}\n", told.display()))
        .expect("written");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let config = format!(
        "[alerts]\ncommand = [\"{}\"]\nmost_per_hour = 2\n{}",
        script.display(),
        CONFIG.replacen("organization = \"lumen\"", "", 1)
    );
    let mut stage = Stage::with_config(&config).await;
    for number in 0..4 {
        stage.says(&Person::new("Somebody", &format!("1555010005{number}")), "price?").await;
    }
    stage.answer().await;
    assert_eq!(alerts(&stage).await.len(), 4);
    operations::watch(&stage.system).await.expect("watched");
    let lines = || std::fs::read_to_string(&told).unwrap_or_default().lines().count();
    assert_eq!(lines(), 2, "two in an hour");
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(lines(), 2);
    stage.pass(Duration::from_secs(3_601));
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(lines(), 4, "the rest later, each once");
}

#[tokio::test]
async fn the_inspector_says_what_is_wrong_with_a_signature_and_tries_copies_dry() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let Answer::Deliveries(rows) =
        stage.ask(Query::Deliveries { state: None, event: None, limit: 5, before: None }).await
    else {
        panic!()
    };
    let Answer::Delivery(Some(detail)) = stage.ask(Query::Delivery { delivery: rows[0].id }).await else { panic!() };
    assert_eq!(detail.verdict, "signed with the configured secret");
    let before = stage.messages(stage.thread().await.id).await.len();
    assert!(!detail.body.as_received().contains("hello"), "what people wrote is only revealed");
    let body = stage
        .act(Request::RevealDelivery { delivery: rows[0].id })
        .await
        .expect("revealed")
        .created_id
        .expect("a body");
    let copy = body.replace("hello", "something else").replace("wamid.", "wamid.COPY");
    let told =
        stage.act(Request::DryRunDelivery { delivery: rows[0].id, body: Some(copy) }).await.expect("tried").message;
    assert!(told.contains("something else") && told.contains("an agent would run") && told.contains("dry"), "{told}");
    assert_eq!(stage.messages(stage.thread().await.id).await.len(), before, "nothing was changed");
    let told = stage
        .act(Request::DryRunDelivery { delivery: rows[0].id, body: Some("{".into()) })
        .await
        .expect("tried")
        .message;
    assert!(told.contains("cannot be read"), "{told}");
}

#[tokio::test]
async fn many_failures_at_once_are_one_trouble() {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    for _ in 0..5 {
        stage.simulator.next_send(wadeck::simulator::SendFault::graph(400, 131_026, "Message undeliverable"));
        stage
            .act(Request::Send { thread, content: Box::new(Content::text("x")), reply_to: None, at: None })
            .await
            .expect("queued");
        stage.send().await;
    }
    operations::watch(&stage.system).await.expect("watched");
    assert!(
        open_alert(&stage, "failing")
            .await
            .expect("raised")
            .contains("5 messages of support failed within 15m, mostly with 131026")
    );
    stage.pass(Duration::from_secs(1_000));
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(open_alert(&stage, "failing").await, None);
}

#[tokio::test]
async fn a_canary_is_sent_on_a_timer_where_that_is_wanted() {
    let mut stage =
        Stage::with_config(&CONFIG.replacen("organization", "watch = { canary_minutes = 30 }\norganization", 1)).await;
    operations::watch(&stage.system).await.expect("watched");
    stage.deliver().await;
    let first = proof(&stage, Check::Public).await.expect("proved").at;
    stage.pass(Duration::from_secs(600));
    operations::watch(&stage.system).await.expect("watched");
    stage.deliver().await;
    assert_eq!(proof(&stage, Check::Public).await.expect("proved").at, first, "not yet");
    stage.pass(Duration::from_secs(1_300));
    operations::watch(&stage.system).await.expect("watched");
    stage.deliver().await;
    assert!(proof(&stage, Check::Public).await.expect("proved").at > first);
}

#[tokio::test]
async fn whoever_waits_too_long_and_windows_that_close_are_told() {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"", "")).await;
    stage.says(&rosa(), "is anybody there?").await;
    stage.pass(Duration::from_secs(59 * 60));
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(open_alert(&stage, "waiting").await, None);
    stage.pass(Duration::from_secs(2 * 60));
    operations::watch(&stage.system).await.expect("watched");
    assert!(open_alert(&stage, "waiting").await.expect("raised").contains("Rosa Field waits for a person for 1h01"));
    assert_eq!(open_alert(&stage, "closing").await, None);
    stage.pass(Duration::from_secs(22 * 3_600 + 40 * 60));
    operations::watch(&stage.system).await.expect("watched");
    assert!(open_alert(&stage, "closing").await.expect("raised").contains("closes in 19m"));
    let thread = stage.thread().await.id;
    let content = Box::new(Content::text("yes, here"));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    stage.send().await;
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(open_alert(&stage, "waiting").await, None);
    assert_eq!(open_alert(&stage, "closing").await, None);
}
