//! A number that may not send is held as a whole, every code has its own schedule, and every attempt keeps its fate.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ThreadId;
use wadeck::domain::message::content::Content;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::outbox::job::BulkAction;
use wadeck::domain::outbox::limits::Hold;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::{Person, SendFault};

use crate::outbox_faults::{open_alerts, with_rosa, write};
use crate::stage::{Stage, again, rosa};

pub async fn later(stage: &Stage, thread: ThreadId, words: &str, after: u64) {
    let at = Some(stage.now().plus(Duration::from_secs(after)));
    let content = Box::new(Content::text(words));
    stage.act(Request::Send { thread, content, reply_to: None, at }).await.expect("queued");
}

fn sent(stage: &Stage) -> Vec<String> {
    stage.simulator.accepted().into_iter().map(|sent| sent.text).collect()
}

/// Many threads, one reply waiting in each.
async fn crowd(people: usize) -> Stage {
    let quiet = crate::stage::CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&quiet).await;
    for number in 0..people {
        let person = Person::new(&format!("P{number}"), &format!("1555011{number:04}"));
        stage.says(&person, "hello").await;
    }
    for row in stage.threads().await {
        write(&stage, row.id, "hi").await;
    }
    stage
}

#[tokio::test]
async fn a_message_for_later_waits_for_its_time_through_token_trouble() {
    for fault in [
        || SendFault::graph(401, 190, "Access token expired"),
        || SendFault::graph(403, 131_031, "Account locked"),
        || SendFault::Answer { status: 401, body: json!({ "error": "Invalid API key" }), retry_after: None },
    ] {
        let (stage, thread) = with_rosa().await;
        later(&stage, thread, "tomorrow", 7_200).await;
        write(&stage, thread, "now").await;
        stage.simulator.next_send(fault());
        stage.send().await;
        stage.pass(Duration::from_secs(600));
        stage.send().await;
        assert_eq!(sent(&stage), ["now"], "the number sends again, and only what is due goes");
        stage.pass(Duration::from_secs(6_500));
        stage.send().await;
        assert_eq!(sent(&stage), ["now"]);
        stage.pass(Duration::from_secs(200));
        stage.send().await;
        assert_eq!(sent(&stage), ["now", "tomorrow"]);
    }
}

#[tokio::test]
async fn a_pause_after_a_failed_try_outlives_a_renewed_key() {
    let mut stage = crowd(2).await;
    // The first is told to come back in an hour; then the key breaks for the second, and is mended.
    let body = json!({ "error": "Rate limit exceeded" });
    stage.simulator.next_send(SendFault::Answer { status: 429, body, retry_after: Some(3_600) });
    stage.simulator.next_send(SendFault::graph(401, 190, "Access token expired"));
    stage.send().await;
    stage.pass(Duration::from_secs(300));
    operations::check_all(&stage.system).await.expect("checked");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "the other one keeps its hour");
    stage.pass(Duration::from_secs(3_200));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
    stage.pass(Duration::from_secs(120));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 2);
    stage.deliver().await;
}

#[tokio::test]
async fn an_account_that_may_not_send_holds_its_number_with_one_alert_and_burns_nothing() {
    for code in [131_031, 133_010, 368, 10, 200, 131_005, 131_037, 131_042, 131_045, 190] {
        let stage = crowd(12).await;
        for _ in 0..3 {
            stage.simulator.next_send(SendFault::graph(403, code, "no"));
        }
        stage.send().await;
        assert_eq!(stage.simulator.send_requests(), 1, "{code}: one was tried, and no other");
        let rows = stage.outbox().await;
        assert!(rows.iter().all(|row| row.state == EntryState::Queued), "{code}");
        let alerts = open_alerts(&stage).await;
        assert_eq!(alerts.len(), 1, "{code}: {alerts:?}");
        let kind = if code == 190 { "credentials" } else { "account" };
        assert_eq!(alerts[0].kind, kind);
        assert!(alerts[0].said.line().contains(&code.to_string()), "{}", alerts[0].said.line());
        let held = rows.iter().filter(|row| row.hold.map(Hold::name) == Some(kind)).count();
        assert_eq!(held, 12, "{code}: what is due says so");
        let Answer::Why(why) = stage.ask(Query::Why { id: rows[0].id.to_string() }).await else { panic!("why") };
        assert_eq!(why.cause, kind, "{code}: {why:?}");

        // It is tried now and then, one message at a time.
        for tries in 2..=3 {
            stage.pass(Duration::from_secs(240));
            stage.send().await;
            assert_eq!(stage.simulator.send_requests(), tries, "{code}");
        }
        // Mended: the next probe goes, and all the others with it.
        stage.pass(Duration::from_secs(600));
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 12, "{code}");
        assert_eq!(open_alerts(&stage).await.len(), 0, "{code}: the alert goes with its cause");
        assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Accepted));
    }
}

#[tokio::test]
async fn a_held_number_does_not_delay_another() {
    let stage = crate::cases::stage().await;
    stage.simulator.add_number(wadeck::simulator::Number {
        phone_number_id: "106540352242933".into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-078-3882".into(),
        name: "Lumen".into(),
        kind: "production".into(),
        customer: None,
        direct: true,
    });
    crate::wishes::templates(&stage).await;
    let connections = stage.system.store().connections().await.expect("listed");
    let id = |name: &str| connections.iter().find(|connection| connection.name == name).expect("there").id;
    let ready = |name: &str, to: &str| Request::SendTemplate {
        connection: id(name),
        to: PhoneNumber::parse(to).expect("a number"),
        name: "order_ready".into(),
        language: "en_US".into(),
        parameters: vec![],
        header: None,
        at: None,
    };
    for number in 1..=3 {
        stage.act(ready("one", &format!("+1555160001{number}"))).await.expect("queued");
    }
    stage.simulator.next_send(SendFault::graph(403, 131_042, "payment"));
    stage.send().await;
    assert_eq!((stage.simulator.send_requests(), stage.simulator.accepted().len()), (1, 0), "number held");
    for number in 4..=6 {
        stage.act(ready("two", &format!("+1555160001{number}"))).await.expect("queued");
    }
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 3, "the other number sends, without a pause");
    let rows = stage.outbox().await;
    assert!(rows.iter().all(|row| (row.state == EntryState::Accepted) == (row.connection == "two")), "{rows:?}");
}

#[tokio::test]
async fn a_held_number_lets_the_next_probe_go_when_the_first_ends_otherwise() {
    let stage = crowd(3).await;
    stage.simulator.next_send(SendFault::graph(403, 131_042, "payment"));
    stage.simulator.next_send(SendFault::graph(400, 131_026, "undeliverable"));
    stage.send().await;
    stage.pass(Duration::from_secs(120));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 2, "one is refused for itself, the others go");
    assert_eq!(open_alerts(&stage).await.iter().filter(|alert| alert.kind == "account").count(), 0);
}

#[tokio::test]
async fn every_code_is_tried_again_by_the_schedule_of_its_reference() {
    // Code, HTTP status, not before so many seconds, at the latest after so many.
    for (status, code, earliest, latest) in [
        (500, 131_057, 60, 75),
        (503, 2, 300, 370),
        (400, 132_069, 3_600, 4_400),
        (400, 131_056, 4, 6),
        (400, 131_048, 7_200, 8_700),
        (400, 80_007, 60, 75),
        (400, 130_429, 5, 7),
        (500, 131_000, 4, 7),
    ] {
        let (stage, thread) = with_rosa().await;
        write(&stage, thread, "hi").await;
        stage.simulator.next_send(SendFault::graph(status, code, "x"));
        stage.send().await;
        stage.pass(Duration::from_secs(earliest - 1));
        stage.send().await;
        assert_eq!(stage.simulator.send_requests(), 1, "{code} goes too early");
        stage.pass(Duration::from_secs(latest - earliest + 1));
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 1, "{code} does not go");
    }
}

#[tokio::test]
async fn a_day_by_retry_after_stays_a_day() {
    let (stage, thread) = with_rosa().await;
    stage.simulator.add_template(json!({ "name": "reminder", "language": "en", "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "It is time." }] }));
    let _ = thread;
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let template = Request::SendTemplate {
        connection,
        to: PhoneNumber::parse("+15550100077").expect("a number"),
        name: "reminder".into(),
        language: "en".into(),
        parameters: vec![],
        header: None,
        at: None,
    };
    stage.act(template).await.expect("queued");
    let body = json!({ "error": "Rate limit exceeded" });
    stage.simulator.next_send(SendFault::Answer { status: 429, body, retry_after: Some(86_400) });
    stage.send().await;
    stage.pass(Duration::from_secs(86_399));
    stage.send().await;
    assert_eq!(stage.simulator.send_requests(), 1);
    stage.pass(Duration::from_secs(3));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
}

#[tokio::test]
async fn a_provider_that_turns_everybody_away_for_a_moment_costs_nothing() {
    let stage = crowd(40).await;
    let busy = || SendFault::Answer { status: 503, body: json!({ "error": "Service Unavailable" }), retry_after: None };
    for _ in 0..40 {
        stage.simulator.next_send(busy());
    }
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 0);
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Queued), "nothing is uncertain");
    stage.pass(Duration::from_secs(8));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 40);
    assert_eq!(open_alerts(&stage).await.len(), 0);
}

#[tokio::test]
async fn many_uncertain_ones_are_one_alert_and_are_settled_in_bulk_by_their_evidence() {
    let stage = crowd(10).await;
    for number in 0..10 {
        stage.simulator.next_send(if number < 4 { SendFault::GatewayError } else { SendFault::Vanish });
    }
    stage.send().await;
    let uncertain =
        |rows: &[wadeck::domain::view::EntryRow]| rows.iter().filter(|row| row.state == EntryState::Uncertain).count();
    assert_eq!(uncertain(&stage.outbox().await), 10);
    for _ in 0..3 {
        stage.pass(Duration::from_secs(120));
        while operations::look_up_due(&stage.system).await.expect("looked") {}
    }
    let rows = stage.outbox().await;
    assert_eq!(uncertain(&rows), 6, "four are in the provider's list");
    let alerts = open_alerts(&stage).await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].said.line().starts_with("6 messages of support"), "{}", alerts[0].said.line());
    assert!(rows.iter().filter(|row| row.state == EntryState::Uncertain).all(|row| row.looked.is_some()));

    let bulk = |action, text: &str| Request::Bulk { action, text: text.into() };
    let by_chance = stage.act(bulk(BulkAction::Retry, "hi")).await.expect_err("refused").to_string();
    assert!(by_chance.contains("status:uncertain"), "{by_chance}");
    let done = stage.act(bulk(BulkAction::Reconcile, "state:uncertain")).await.expect("begun");
    assert!(done.message.contains("6 will be reconciled"), "{}", done.message);
    while operations::step_job(&stage.system).await.expect("stepped") {}
    let done = stage.act(bulk(BulkAction::Retry, "state:uncertain")).await.expect("begun");
    assert!(done.message.contains("6 may already have arrived"), "{}", done.message);
    while operations::step_job(&stage.system).await.expect("stepped") {}
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 10);
    assert_eq!(open_alerts(&stage).await.len(), 0, "one cause, one alert, and it is over");
    let Answer::Jobs(jobs) = stage.ask(Query::Jobs).await else { panic!("jobs") };
    assert_eq!((jobs[0].done, jobs[0].taken, jobs[0].failed_again), (6, 6, 0));
}

#[tokio::test]
async fn what_is_tried_again_in_bulk_and_fails_again_is_told_as_it_is() {
    let stage = crowd(4).await;
    for _ in 0..4 {
        stage.simulator.next_send(SendFault::graph(400, 131_026, "undeliverable"));
    }
    stage.send().await;
    let request = Request::Bulk { action: BulkAction::Retry, text: "status:failed".into() };
    stage.act(request).await.expect("begun");
    while operations::step_job(&stage.system).await.expect("stepped") {}
    for _ in 0..3 {
        stage.simulator.next_send(SendFault::graph(400, 131_026, "undeliverable"));
    }
    stage.send().await;
    let Answer::Jobs(jobs) = stage.ask(Query::Jobs).await else { panic!("jobs") };
    assert_eq!((jobs[0].done, jobs[0].taken, jobs[0].failed_again, jobs[0].under_way), (4, 1, 3, 0));
    assert!(jobs[0].words().contains("3 failed again"), "{}", jobs[0].words());
}

#[tokio::test]
async fn a_failure_that_comes_by_status_is_tried_again_where_the_reference_says_so() {
    for (code, again) in [(131_000, true), (130_429, true), (131_049, false), (131_026, false)] {
        let (mut stage, thread) = with_rosa().await;
        stage.simulator.unreachable("15550100002", code);
        write(&stage, thread, "hi").await;
        stage.send().await;
        let first = stage.simulator.accepted()[0].id.clone();
        stage.pass(Duration::from_secs(30));
        stage.deliver().await;
        let row = stage.outbox().await.remove(0);
        assert_eq!(row.state, if again { EntryState::Queued } else { EntryState::Failed }, "{code}");
        if !again {
            let remedy = row.error.expect("a reason").remedy;
            assert!(!remedy.contains("is retried automatically") || remedy.contains("not retried"), "{remedy}");
            continue;
        }
        stage.simulator.reachable("15550100002");
        stage.pass(Duration::from_secs(60));
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 2, "{code}");
        stage.pass(Duration::from_secs(30));
        stage.deliver().await;
        let Answer::Entry(Some(detail)) = stage.ask(Query::Entry { entry: row.id }).await else { panic!("entry") };
        assert_eq!(detail.row.status, DeliveryStatus::Read);
        assert_eq!(detail.tries.len(), 2);
        assert_eq!(detail.tries[0].provider_message_id.as_deref(), Some(first.as_str()));
        let failed = detail.tries[0].statuses.iter().find(|status| status.status == DeliveryStatus::Failed);
        assert_eq!(
            failed.and_then(|status| status.failure.as_ref()).map(|failure| failure.code.clone()),
            Some(code.to_string())
        );
        let Answer::Why(why) = stage.ask(Query::Why { id: row.id.to_string() }).await else { panic!("why") };
        assert!(why.chain.iter().any(|cause| cause.said.contains("failed of attempt 1.1")), "{why:?}");
    }
}

#[tokio::test]
async fn an_account_refusal_that_comes_by_status_holds_the_number_with_one_alert() {
    for code in [131_031, 131_042, 368] {
        let mut stage = crowd(6).await;
        for number in 0..6 {
            stage.simulator.unreachable(&format!("1555011{number:04}"), code);
        }
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 6, "{code}: the provider took them all");
        stage.pass(Duration::from_secs(30));
        stage.deliver().await;
        let rows = stage.outbox().await;
        assert!(rows.iter().all(|row| row.state == EntryState::Queued), "{code}: nothing is lost: {rows:?}");
        let alerts = open_alerts(&stage).await;
        assert_eq!(alerts.len(), 1, "{code}: {alerts:?}");
        assert_eq!(alerts[0].kind, "account");
        assert!(alerts[0].said.line().contains(&code.to_string()), "{}", alerts[0].said.line());
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 6, "{code}: nothing goes before the probe");

        for number in 0..6 {
            stage.simulator.reachable(&format!("1555011{number:04}"));
        }
        stage.pass(Duration::from_secs(600));
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 7, "{code}: one goes as a probe; that it is taken proves nothing");
        assert_eq!(open_alerts(&stage).await.len(), 1, "{code}");
        stage.pass(Duration::from_secs(10));
        stage.deliver().await;
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 12, "{code}: its arrival does");
        assert_eq!(open_alerts(&stage).await.len(), 0, "{code}");
    }
}

#[tokio::test]
async fn a_late_delivery_of_an_earlier_attempt_is_recorded_there_and_said() {
    let told = |id: &str, status: &str| {
        json!({ "message": { "id": id, "to": "15550100002", "timestamp": "1780304405", "type": "text",
            "text": { "body": "hi" }, "kapso": { "direction": "outbound", "status": status, "origin": "cloud_api",
            "statuses": [{ "id": id, "status": status, "timestamp": "1780304405", "recipient_id": "15550100002" }] } },
            "conversation": { "phone_number": "+15550100002" }, "phone_number_id": crate::stage::SUPPORT })
    };
    let (mut stage, thread) = with_rosa().await;
    stage.simulator.unreachable("15550100002", 131_026);
    write(&stage, thread, "hi").await;
    stage.send().await;
    let first = stage.simulator.accepted()[0].id.clone();
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    let entry = stage.outbox().await[0].id;
    stage.simulator.reachable("15550100002");
    stage.act(Request::RetryEntry { entry }).await.expect("queued again");
    stage.send().await;
    stage.simulator.post_raw("whatsapp.message.delivered", &told(&first, "delivered"));
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    let Answer::Entry(Some(detail)) = stage.ask(Query::Entry { entry }).await else { panic!("entry") };
    let of_first: Vec<_> = detail.tries[0].statuses.iter().map(|status| status.status).collect();
    assert!(
        of_first.contains(&DeliveryStatus::Failed) && of_first.contains(&DeliveryStatus::Delivered),
        "{of_first:?}"
    );
    assert!(open_alerts(&stage).await.iter().any(|alert| alert.kind == "twice" && alert.said.line().contains("twice")));
    let Answer::Why(why) = stage.ask(Query::Why { id: entry.to_string() }).await else { panic!("why") };
    assert!(why.answer.contains("may have it twice"), "{why:?}");

    // Before the next one has gone, there is no need for it.
    let (mut stage, thread) = with_rosa().await;
    stage.simulator.unreachable("15550100002", 131_000);
    write(&stage, thread, "hi").await;
    stage.send().await;
    let first = stage.simulator.accepted()[0].id.clone();
    stage.pass(Duration::from_secs(3));
    stage.deliver().await;
    assert_eq!(stage.outbox().await[0].state, EntryState::Queued);
    stage.simulator.post_raw("whatsapp.message.delivered", &told(&first, "delivered"));
    stage.deliver().await;
    stage.pass(Duration::from_secs(600));
    stage.send().await;
    let row = stage.outbox().await.remove(0);
    assert_eq!((row.state, row.status), (EntryState::Accepted, DeliveryStatus::Delivered));
    assert_eq!(stage.simulator.accepted().len(), 1, "it arrived: nothing goes twice");
}

#[tokio::test]
async fn an_answer_passes_a_template_that_the_hourly_rule_holds() {
    let (mut stage, thread) = with_rosa().await;
    stage.simulator.add_template(json!({ "name": "reminder", "language": "en", "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "It is time." }] }));
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let reminder = || Request::SendTemplate {
        connection,
        to: PhoneNumber::parse("+15550100002").expect("a number"),
        name: "reminder".into(),
        language: "en".into(),
        parameters: vec![],
        header: None,
        at: None,
    };
    // Within the window a template begins nothing.
    stage.pass(Duration::from_secs(25 * 3_600));
    stage.act(reminder()).await.expect("queued");
    stage.send().await;
    stage.act(again(reminder())).await.expect("queued");
    stage.act(again(reminder())).await.expect("queued");
    stage.send().await;
    stage.says(&rosa(), "a question").await;
    write(&stage, thread, "an answer").await;
    let target =
        stage.messages(thread).await.into_iter().find(|one| one.text.line() == "a question").expect("there").id;
    stage.act(Request::React { message: target, emoji: Some("👍".into()) }).await.expect("queued");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 3, "template, answer, reaction");
    let rows = stage.outbox().await;
    let held = rows.iter().filter(|row| row.hold == Some(Hold::HourlyPolicy)).collect::<Vec<_>>();
    assert_eq!(held.len(), 1);
    let behind = rows.iter().find(|row| row.state == EntryState::Queued && row.hold.is_none()).expect("behind");
    assert_eq!(behind.behind, Some(held[0].id), "it says for which one it waits");
    let Answer::Why(why) = stage.ask(Query::Why { id: behind.id.to_string() }).await else { panic!("why") };
    assert_eq!(why.cause, "behind");
    // Waiting by a rule is no trouble of the connection.
    stage.pass(Duration::from_secs(1_500));
    operations::watch(&stage.system).await.expect("watched");
    assert!(open_alerts(&stage).await.iter().all(|alert| alert.kind != "queue"));
    let late = stage.ask(Query::Outbox { limit: 50, before: None, text: "is:late".into() }).await;
    let Answer::Outbox(late) = late else { panic!("entries") };
    assert!(late.iter().all(|row| row.state != EntryState::Queued), "{late:?}");
}
