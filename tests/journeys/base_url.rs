//! Answers that say something about the address, the provider or nothing, and not about the message.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::ids::ThreadId;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::outbox::limits::Hold;
use wadeck::domain::query::{Answer, Query};
use wadeck::operations;
use wadeck::simulator::{Number, Person, Saying, SendFault};

use crate::conformance::{WIRES, with_rosa, write};
use crate::outages::fails_for;
use crate::outbox_faults::open_alerts;
use crate::stage::Stage;

fn status(status: u16, body: Value) -> SendFault {
    SendFault::Answer { status, body, retry_after: None }
}

async fn why(stage: &Stage, id: &str) -> wadeck::domain::why::Why {
    let Answer::Why(why) = stage.ask(Query::Why { id: id.into() }).await else { panic!("why") };
    *why
}

#[tokio::test]
async fn a_redirect_holds_the_number_with_one_alert_and_fails_no_message() {
    for wire in &WIRES {
        let name = wire.provider;
        let (stage, thread) = with_rosa(wire).await;
        for words in ["one", "two", "three"] {
            write(&stage, thread, words).await;
        }
        stage.simulator.next_send(status(301, json!({ "moved": "elsewhere" })));
        stage.send().await;
        let rows = stage.outbox().await;
        assert!(rows.iter().all(|row| row.state == EntryState::Queued), "{name}: {rows:?}");
        assert!(rows.iter().all(|row| row.hold == Some(Hold::Credentials)), "{name}: {rows:?}");
        let alerts = open_alerts(&stage).await;
        assert_eq!(alerts.iter().map(|alert| alert.kind.as_str()).collect::<Vec<_>>(), ["base_url"], "{name}");
        let said = alerts[0].said.line();
        assert!(said.contains("responded with HTTP 301") && said.contains("_BASE_URL to the URL"), "{name}: {said}");
        let held = rows.iter().find(|row| row.behind.is_none()).expect("the first");
        let why = why(&stage, &held.id.to_string()).await;
        assert_eq!(why.cause, "base_url", "{name}: {}", why.answer);
        assert!(why.remedy.contains("_BASE_URL"), "{name}: {}", why.remedy);
        // It points to the API again: everything goes in its order, and the alert is over.
        for _ in 0..4 {
            stage.pass(Duration::from_secs(60));
            stage.send().await;
        }
        let sent: Vec<String> = stage.simulator.accepted().into_iter().map(|sent| sent.text).collect();
        assert_eq!(sent, ["one", "two", "three"], "{name}");
        assert!(open_alerts(&stage).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_408_is_doubt_and_a_425_is_later() {
    for wire in &WIRES {
        let name = wire.provider;
        let (stage, thread) = with_rosa(wire).await;
        write(&stage, thread, "one").await;
        stage.simulator.next_send(status(425, json!({})));
        stage.send().await;
        assert_eq!(stage.outbox().await[0].state, EntryState::Queued, "{name}");
        stage.pass(Duration::from_secs(60));
        stage.send().await;
        assert_eq!(stage.outbox().await[0].state, EntryState::Accepted, "{name}");
        write(&stage, thread, "two").await;
        stage.simulator.next_send(status(408, json!({ "error": "timeout" })));
        stage.send().await;
        let rows = stage.outbox().await;
        let doubtful = rows.iter().find(|row| row.text.line() == "two").expect("there");
        assert_eq!(doubtful.state, EntryState::Uncertain, "{name}");
    }
}

#[tokio::test]
async fn doubt_says_what_the_provider_answered_and_whether_it_can_be_asked() {
    for wire in &WIRES {
        let name = wire.provider;
        let (stage, thread) = with_rosa(wire).await;
        write(&stage, thread, "one").await;
        let body = json!({ "error": { "message": "odd\u{1b}[2J times", "code": 777 }, "more": "x".repeat(9_000) });
        stage.simulator.next_send(status(200, body));
        stage.send().await;
        let row = stage.outbox().await.remove(0);
        assert_eq!(row.state, EntryState::Uncertain, "{name}");
        let error = row.error.clone().expect("a reason");
        assert!(error.explanation.contains("777") && error.explanation.len() < 600, "{name}: {}", error.explanation);
        assert!(!error.explanation.contains('\u{1b}'), "{name}: it is cleaned");
        assert!(error.said.as_received().len() <= 2_100, "{name}: it is bounded");
        let before = why(&stage, &row.id.to_string()).await;
        assert!(before.answer.contains("777"), "{name}: {}", before.answer);
        let lists = name != "meta";
        assert_eq!(before.answer.contains("has not been queried yet"), lists, "{name}: {}", before.answer);
        assert_eq!(before.answer.contains("cannot be queried"), !lists, "{name}: {}", before.answer);
        assert_eq!(before.remedy.contains("status webhook"), !lists, "{name}: {}", before.remedy);
        // Without a list one look shows all that there is: a person is asked at once.
        stage.pass(Duration::from_secs(20));
        assert!(operations::look_up_due(&stage.system).await.expect("looked"), "{name}");
        let told = open_alerts(&stage).await.into_iter().find(|alert| alert.kind == "uncertain");
        assert_eq!(told.is_some(), !lists, "{name}: {told:?}");
        assert!(told.is_none_or(|alert| alert.said.line().contains("cannot be queried")), "{name}");
    }
}

/// Three numbers of two organizations over one provider.
async fn three_numbers() -> (Stage, Vec<ThreadId>) {
    let mut text = String::new();
    for (name, organization, id) in [("support", "lumen", 1), ("sales", "lumen", 2), ("desk", "globex", 3)] {
        text += &format!(
            "[[connections]]\nname = \"{name}\"\norganization = \"{organization}\"\nprovider = \"kapso\"\n\
             phone_number = \"+1555010090{id}\"\nphone_number_id = \"90000000000000{id}\"\n\
             business_account_id = \"102290129340398\"\n"
        );
    }
    let mut stage = Stage::with_config(&text).await;
    for id in 1..=3 {
        stage.simulator.add_number(Number {
            phone_number_id: format!("90000000000000{id}"),
            business_account_id: "102290129340398".into(),
            display: format!("+1 555-010-090{id}"),
            name: format!("Number {id}"),
            kind: "production".into(),
            customer: None,
            direct: false,
        });
    }
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    let mut threads = vec![];
    for id in 1..=3 {
        let person = Person::new("P", &format!("1555010060{id}"));
        stage.simulator.says(&format!("90000000000000{id}"), &person, &Saying::text("hello"));
        stage.deliver().await;
        threads.push(stage.thread_of(&format!("1555010060{id}")).await.id);
    }
    (stage, threads)
}

#[tokio::test]
async fn an_outage_of_many_numbers_is_one_alert_for_an_organization() {
    let (stage, threads) = three_numbers().await;
    for thread in &threads {
        write(&stage, *thread, "hi").await;
    }
    let unwell = || status(503, json!({ "error": "Service Unavailable" }));
    fails_for(&stage, 70, unwell).await;
    let outages = |alerts: Vec<wadeck::domain::view::AlertView>| -> Vec<String> {
        alerts.into_iter().filter(|alert| alert.kind == "outage").map(|alert| alert.said.line()).collect()
    };
    let mut said = outages(open_alerts(&stage).await);
    said.sort();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("Sending via 2 numbers (sales, support) has failed"), "{said:?}");
    assert!(said[0].contains("2 messages wait") && said[0].contains("http://127.0.0.1"), "{said:?}");
    assert!(said[1].starts_with("Sending via desk has failed"), "{said:?}");
    assert!(!said[1].contains("support") && !said[0].contains("desk"), "nobody sees another organization: {said:?}");
    // It is over when the last of them is.
    stage.pass(Duration::from_secs(600));
    stage.send().await;
    assert!(outages(open_alerts(&stage).await).is_empty());
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Accepted));
}

#[tokio::test]
async fn a_wrong_base_url_is_one_alert_for_all_numbers_that_share_it() {
    let (stage, threads) = three_numbers().await;
    for thread in &threads {
        write(&stage, *thread, "hi").await;
        stage.simulator.next_send(status(302, json!({})));
    }
    stage.send().await;
    let alerts = open_alerts(&stage).await;
    let mut said: Vec<String> = alerts.iter().map(|alert| alert.said.line()).collect();
    said.sort();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("Sending via 2 numbers (sales, support) is on hold: Redirected."), "{said:?}");
    assert!(said[1].starts_with("Sending via desk is on hold: Redirected."), "{said:?}");
}

#[tokio::test]
async fn a_refused_key_is_one_alert_for_all_numbers_that_share_it() {
    let (stage, threads) = three_numbers().await;
    for thread in &threads {
        write(&stage, *thread, "hi").await;
        stage.simulator.next_send(status(401, json!({ "error": "Unauthorized" })));
    }
    stage.send().await;
    let said = || async {
        let mut said: Vec<String> = open_alerts(&stage).await.iter().map(|alert| alert.said.line()).collect();
        said.sort();
        said
    };
    let told = said().await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("The API key of 2 numbers (sales, support) is refused: API key rejected."), "{told:?}");
    assert!(told[1].starts_with("The API key of desk is refused:"), "{told:?}");
    // It ends with the last number that it concerns.
    stage.simulator.next_send(status(401, json!({ "error": "Unauthorized" })));
    stage.pass(Duration::from_secs(60));
    stage.send().await;
    assert_eq!(said().await.len(), 1, "{:?}", said().await);
    stage.pass(Duration::from_secs(60));
    stage.send().await;
    assert_eq!(said().await, Vec::<String>::new());
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Accepted));
}
