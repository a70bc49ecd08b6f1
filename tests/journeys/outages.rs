//! A provider that does not answer: what waits is tried again, and people hear of it before anything dies.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::ids::ThreadId;
use wadeck::domain::numbers::connection::Check;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::view::AlertView;
use wadeck::operations;
use wadeck::simulator::{Person, SendFault};

use crate::outbox_faults::{open_alerts, with_rosa, write};
use crate::stage::{Stage, rosa};

fn unwell() -> SendFault {
    SendFault::Answer { status: 503, body: json!({ "error": "Service Unavailable" }), retry_after: None }
}

async fn outage(stage: &Stage) -> Option<AlertView> {
    open_alerts(stage).await.into_iter().find(|alert| alert.kind == "outage")
}

async fn is_due(stage: &Stage) -> bool {
    let due = stage.system.store().next_entry_due(stage.now()).await.expect("asked");
    due.is_some_and(|due| due <= stage.now())
}

/// Everything that is due fails so, for so long.
pub async fn fails_for(stage: &Stage, seconds: u64, fault: fn() -> SendFault) {
    for _ in 0..seconds / 5 {
        while is_due(stage).await {
            stage.simulator.next_send(fault());
            operations::send_next(&stage.system).await.expect("tried");
        }
        stage.pass(Duration::from_secs(5));
    }
}

async fn another_thread(stage: &mut Stage, name: &str, phone: &str) -> ThreadId {
    stage.says(&Person::new(name, phone), "hello").await;
    stage.thread_of(phone).await.id
}

#[tokio::test]
async fn an_outage_is_told_once_with_its_age_while_it_is_retried_and_ends_with_a_send_that_succeeds() {
    let (mut stage, thread) = with_rosa().await;
    let other = another_thread(&mut stage, "Tom", "15550100077").await;
    write(&stage, thread, "one").await;
    write(&stage, other, "two").await;
    fails_for(&stage, 25, unwell).await;
    assert!(outage(&stage).await.is_none(), "not yet: it may be over in a moment");
    fails_for(&stage, 75, unwell).await;
    let alerts = open_alerts(&stage).await;
    assert_eq!(alerts.iter().map(|alert| alert.kind.as_str()).collect::<Vec<_>>(), ["outage"], "one for the cause");
    let said = alerts[0].said.line();
    assert!(said.starts_with("Sending via support has failed for 1m: Provider error."), "{said}");
    assert!(said.contains("2 messages wait and are retried automatically"), "{said}");
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Queued), "nothing is dead yet");
    let Answer::Connections(rows) = stage.ask(Query::Connections).await else { panic!("connections") };
    assert!(rows.connected[0].checks.iter().any(|proof| proof.check == Check::Send && !proof.works));

    // Its age is that of now, without another try.
    stage.pass(Duration::from_secs(120));
    operations::watch(&stage.system).await.expect("watched");
    let told = outage(&stage).await.expect("it lasts");
    assert!(told.said.line().contains("has failed for 3m"), "{}", told.said.line());
    assert_eq!(told.count, 1);
    // Who has seen it is not told again of the same outage.
    stage.act(Request::AckAlert { alert: told.id }).await.expect("seen");
    stage.simulator.next_send(unwell());
    assert!(operations::send_next(&stage.system).await.expect("tried"));
    operations::watch(&stage.system).await.expect("watched");
    assert!(outage(&stage).await.is_none());

    stage.pass(Duration::from_secs(600));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 2);
    write(&stage, thread, "three").await;
    fails_for(&stage, 70, unwell).await;
    assert!(outage(&stage).await.is_some(), "the next outage is told anew");
    stage.pass(Duration::from_secs(600));
    stage.send().await;
    assert!(outage(&stage).await.is_none(), "a send succeeded: it is over");
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Accepted));
}

#[tokio::test]
async fn one_cause_of_many_faces_is_one_outage_and_a_blip_is_none() {
    let (mut stage, thread) = with_rosa().await;
    write(&stage, thread, "one").await;
    stage.simulator.next_send(unwell());
    stage.send().await;
    stage.pass(Duration::from_secs(60));
    operations::watch(&stage.system).await.expect("watched");
    assert!(outage(&stage).await.is_none(), "one try shows nothing");
    stage.send().await;
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Accepted));

    // One answer that was lost is doubt about one message; when others are lost later, the provider is to blame.
    let faults = [SendFault::Vanish, unwell(), SendFault::graph(500, 131_016, "down")];
    for (number, fault) in faults.into_iter().enumerate() {
        let thread = another_thread(&mut stage, "P", &format!("1555010020{number}")).await;
        write(&stage, thread, "hi").await;
        stage.simulator.next_send(fault);
        stage.send().await;
        assert_eq!(outage(&stage).await.is_some(), number > 0, "after {}", number + 1);
        stage.pass(Duration::from_secs(if number == 0 { 40 } else { 2 }));
        if number == 0 {
            operations::watch(&stage.system).await.expect("watched");
            assert!(outage(&stage).await.is_none());
        }
    }
    assert!(outage(&stage).await.is_some_and(|alert| alert.said.line().contains("131016")));
    // The platform refuses one of them for what it is: it works.
    stage.says(&rosa(), "still there?").await;
    write(&stage, thread, "yes").await;
    stage.simulator.next_send(SendFault::graph(400, 131_026, "no such number"));
    stage.pass(Duration::from_secs(1));
    assert!(operations::send_next(&stage.system).await.expect("tried"));
    assert!(outage(&stage).await.is_none(), "{:?}", open_alerts(&stage).await);
}

#[tokio::test]
async fn what_died_of_an_outage_has_its_own_alert_and_the_outage_does_not_stand_for_ever() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "one").await;
    fails_for(&stage, 3_600, unwell).await;
    assert_eq!(stage.outbox().await[0].state, EntryState::Dead);
    let kinds: Vec<String> = open_alerts(&stage).await.into_iter().map(|alert| alert.kind).collect();
    assert!(kinds.iter().any(|kind| kind == "dead_letter"), "{kinds:?}");
    assert!(kinds.iter().all(|kind| kind != "outage"), "{kinds:?}");
    operations::watch(&stage.system).await.expect("watched");
    assert!(outage(&stage).await.is_none(), "it is not told anew");
}
