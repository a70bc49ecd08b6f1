//! Somebody sets the clock of the machine: nothing waits for the old time, order stays the order of arrival,
//! and it is said at once.

use std::time::Duration;

use wadeck::domain::query::{Answer, Query};
use wadeck::domain::view::{MessageView, ThreadRow};
use wadeck::operations;
use wadeck::simulator::Person;

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
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    let ana = Person::new("Ana", "15550100003");
    for person in [rosa(), ana.clone()] {
        stage.says(&person, "first").await;
        stage.answer().await;
    }
    // What is due in some seconds when the clock is set.
    stage.says(&rosa(), "second").await;
    stage.set_clock(-7_200);
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    let said = clock_alerts(&stage).await.join("\n");
    assert!(said.contains("The clock was set back by 2h00"), "{said}");
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 3, "it is answered now, not in two hours");

    stage.says(&rosa(), "third").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 4);
    let rows = threads(&stage).await;
    assert_eq!(rows[0].contact.display_name(), "Rosa Field");
    let texts: Vec<String> = messages(&stage, &rows[0]).await.iter().rev().map(|row| row.text.line()).collect();
    let reply = "You said it, Rosa Field.";
    assert_eq!(texts, ["first", reply, "second", reply, "third", reply], "the order of arrival");
    stage.says(&ana, "and I").await;
    assert_eq!(threads(&stage).await[0].contact.display_name(), "Ana", "her thread rises");

    // Set right again: it is said no longer, at once.
    stage.set_clock(7_200);
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(clock_alerts(&stage).await, Vec::<String>::new());
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 5);
}

#[tokio::test]
async fn a_busy_number_goes_on_when_the_clock_is_set_back() {
    let mut stage = Stage::set().await;
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    for number in 0..30 {
        stage.says(&Person::new("Somebody", &format!("155501001{number:02}")), "hello").await;
    }
    stage.answer().await;
    let before = stage.simulator.accepted().len();
    assert_eq!(before, 30);
    stage.set_clock(-7_200);
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    for number in 0..30 {
        stage.says(&Person::new("Somebody", &format!("155501001{number:02}")), "again").await;
    }
    stage.answer().await;
    stage.pass(Duration::from_secs(300));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 60, "no limit waits for the old time");
}

#[tokio::test]
async fn the_hour_between_two_is_an_hour_whatever_the_clock_says() {
    for jump in [-7_200, 7_200, -1_800, 1_800] {
        let stage = Stage::set().await;
        stage.simulator.add_template(serde_json::json!({ "name": "reminder", "language": "en", "status": "APPROVED",
            "components": [{ "type": "BODY", "text": "It is time." }] }));
        let connection = stage.system.store().connections().await.expect("listed")[0].id;
        let reminder = || wadeck::domain::request::Request::SendTemplate {
            connection,
            to: wadeck::domain::contacts::phone::PhoneNumber::parse("+15550100002").expect("a number"),
            name: "reminder".into(),
            language: "en".into(),
            parameters: vec![],
            header: None,
            at: None,
        };
        operations::check_clock_and_database(&stage.system).await.expect("a beat");
        stage.act(reminder()).await.expect("queued");
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 1);
        stage.act(crate::stage::again(reminder())).await.expect("queued");
        stage.send().await;
        stage.pass(Duration::from_secs(600));
        stage.set_clock(jump);
        // The sender is first, before any beat has noticed.
        stage.send().await;
        operations::check_clock_and_database(&stage.system).await.expect("a beat");
        stage.send().await;
        stage.pass(Duration::from_secs(2_980));
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 1, "{jump}: twenty seconds too early");
        stage.pass(Duration::from_secs(40));
        stage.send().await;
        assert_eq!(stage.simulator.accepted().len(), 2, "{jump}: nothing stalls");
    }
}

#[tokio::test]
async fn the_hour_begins_anew_where_the_clock_was_set_back_while_nothing_ran() {
    let mut stage = Stage::set().await;
    stage.simulator.add_template(serde_json::json!({ "name": "reminder", "language": "en", "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "It is time." }] }));
    let reminder = |connection| wadeck::domain::request::Request::SendTemplate {
        connection,
        to: wadeck::domain::contacts::phone::PhoneNumber::parse("+15550100002").expect("a number"),
        name: "reminder".into(),
        language: "en".into(),
        parameters: vec![],
        header: None,
        at: None,
    };
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    stage.act(reminder(connection)).await.expect("queued");
    stage.send().await;
    stage.set_clock(-7_200);
    stage.restart(crate::stage::CONFIG).await;
    operations::rescue_at_start(&stage.system).await.expect("rescued");
    operations::check_clock_and_database(&stage.system).await.expect("a beat");
    stage.act(reminder(connection)).await.expect("queued");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "when the first went is not known: it may have been just now");
    stage.pass(Duration::from_secs(3_601));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 2, "and never later than an hour from the start");
}
