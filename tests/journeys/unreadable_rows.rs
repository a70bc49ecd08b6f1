//! Rows of the database that hold what cannot be read: they stand in nobody's way, and people hear of them.

use sqlx::ConnectOptions;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::operations;

use crate::outbox_faults::{open_alerts, with_rosa, write};
use crate::stage::{Stage, proposal, rosa};

async fn change(stage: &Stage, statement: &str) {
    let path = stage.directory.path().join("wadeck.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = options.connect().await.expect("the database opens");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect("changed");
}

async fn alert(stage: &Stage) -> Option<String> {
    operations::watch(&stage.system).await.expect("the watcher goes on");
    let alerts = open_alerts(stage).await;
    alerts.into_iter().find(|alert| alert.kind == "unreadable_rows").map(|alert| alert.said.line())
}

#[tokio::test]
async fn an_assignment_that_cannot_be_read_is_left_out_and_the_others_answer() {
    let mut stage = Stage::set().await;
    let connection = stage.system.store().connections().await.expect("asked")[0].id;
    stage.act(proposal(connection, "helper", Mode::Draft)).await.expect("proposed");
    change(&stage, "UPDATE assignments SET contract = '{\"tools\":7}' WHERE state = 'proposed'").await;
    operations::expire_assignments(&stage.system).await.expect("the runner goes on");
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "the one that can be read answers");
    let said = alert(&stage).await.expect("people hear of it");
    assert!(said.contains("table assignments, column contract"), "{said}");
    change(&stage, "DELETE FROM assignments WHERE state = 'proposed'").await;
    assert_eq!(alert(&stage).await, None, "it is over once it is mended");
}

#[tokio::test]
async fn a_connection_that_cannot_be_read_stops_no_other() {
    let two = format!(
        "{}\n[[connections]]\nname = \"sales\"\nprovider = \"kapso\"\nphone_number = \"+15550100077\"\n\
         phone_number_id = \"77\"\nbusiness_account_id = \"1\"\n",
        crate::stage::CONFIG.replace("agent = \"helper\"\n", "")
    );
    let mut stage = Stage::with_config(&two).await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    change(&stage, "UPDATE connections SET settings = 'nonsense' WHERE name = 'sales'").await;
    write(&stage, thread, "one").await;
    assert_eq!(stage.send().await, 1);
    operations::check_all(&stage.system).await.expect("the others are checked");
    let said = alert(&stage).await.expect("people hear of it");
    assert!(said.contains("table connections, column settings"), "{said}");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_fails_alone() {
    let (mut stage, thread) = with_rosa().await;
    write(&stage, thread, "one").await;
    change(&stage, "UPDATE outbox SET outgoing = '{}'").await;
    stage.says(&wadeck::simulator::Person::new("Tom", "15550100077"), "hello").await;
    let other = stage.thread_of("15550100077").await.id;
    write(&stage, other, "two").await;
    stage.send().await;
    let rows = stage.outbox().await;
    let state = |words: &str| rows.iter().find(|row| row.text.line() == words).map(|row| row.state);
    assert_eq!((state("one"), state("two")), (Some(EntryState::Failed), Some(EntryState::Accepted)), "{rows:?}");
    let alerts = open_alerts(&stage).await;
    assert!(alerts.iter().any(|alert| alert.said.line().contains("Row cannot be read")), "{alerts:?}");
}
