//! Somebody sets the clock of the machine: nothing waits for the old time, order stays the order of arrival,
//! and it is said at once.

use std::time::Duration;

use wadeck::domain::query::{Answer, Query};
use wadeck::domain::view::{MessageView, ThreadRow};
use wadeck::operations;
use wadeck::twin::Person;

use crate::stage::{Stage, rosa};

async fn clock_alerts(stage: &Stage) -> Vec<String> {
    match stage.ask(Query::Alerts { open: true, limit: 50 }).await {
        Answer::Alerts(rows) => rows.into_iter().filter(|row| row.kind == "clock").map(|row| row.said.line()).collect(),
        other => panic!("{other:?}"),
    }
}

async fn threads(stage: &Stage) -> Vec<ThreadRow> {
    match stage.ask(Query::Threads { text: String::new(), limit: 50, before: None }).await {
        Answer::Threads(rows) => rows,
        other => panic!("{other:?}"),
    }
}

async fn messages(stage: &Stage, thread: &ThreadRow) -> Vec<MessageView> {
    match stage.ask(Query::Messages { thread: thread.id, limit: 50, before: None, around: None }).await {
        Answer::Messages(rows) => rows,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_nothing_and_keeps_the_order() {
    let mut stage = Stage::set().await;
    operations::pulse(&stage.system).await.expect("a beat");
    let ana = Person::new("Ana", "15550100003");
    for person in [rosa(), ana.clone()] {
        stage.says(&person, "first").await;
        stage.answer().await;
    }
    // What is due in some seconds when the clock is set.
    stage.says(&rosa(), "second").await;
    stage.set_clock(-7_200);
    operations::pulse(&stage.system).await.expect("a beat");
    let said = clock_alerts(&stage).await.join("\n");
    assert!(said.contains("The clock was set back by 2h00"), "{said}");
    stage.answer().await;
    assert_eq!(stage.twin.accepted().len(), 3, "it is answered now, not in two hours");

    stage.says(&rosa(), "third").await;
    stage.answer().await;
    assert_eq!(stage.twin.accepted().len(), 4);
    let rows = threads(&stage).await;
    assert_eq!(rows[0].contact.shown(), "Rosa Field");
    let texts: Vec<String> = messages(&stage, &rows[0]).await.iter().rev().map(|row| row.text.line()).collect();
    let reply = "You said it, Rosa Field.";
    assert_eq!(texts, ["first", reply, "second", reply, "third", reply], "the order of arrival");
    stage.says(&ana, "and I").await;
    assert_eq!(threads(&stage).await[0].contact.shown(), "Ana", "her thread rises");

    // Set right again: it is said no longer, at once.
    stage.set_clock(7_200);
    operations::pulse(&stage.system).await.expect("a beat");
    operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(clock_alerts(&stage).await, Vec::<String>::new());
    stage.answer().await;
    assert_eq!(stage.twin.accepted().len(), 5);
}

#[tokio::test]
async fn a_busy_number_goes_on_when_the_clock_is_set_back() {
    let mut stage = Stage::set().await;
    operations::pulse(&stage.system).await.expect("a beat");
    for number in 0..30 {
        stage.says(&Person::new("Somebody", &format!("155501001{number:02}")), "hello").await;
    }
    stage.answer().await;
    let before = stage.twin.accepted().len();
    assert_eq!(before, 30);
    stage.set_clock(-7_200);
    operations::pulse(&stage.system).await.expect("a beat");
    for number in 0..30 {
        stage.says(&Person::new("Somebody", &format!("155501001{number:02}")), "again").await;
    }
    stage.answer().await;
    stage.pass(Duration::from_secs(300));
    stage.send().await;
    assert_eq!(stage.twin.accepted().len(), 60, "no limit waits for the old time");
}
