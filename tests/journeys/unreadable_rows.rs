//! Rows of the database that hold what cannot be read: they stand in nobody's way, and people hear of them.

use sqlx::ConnectOptions;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer, StopScope};
use wadeck::domain::ids::DeliveryId;
use wadeck::domain::inbound::delivery::DeliveryState;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::{Person, Saying, SendFault};

use crate::outbox_faults::{open_alerts, with_rosa, write};
use crate::stage::{SUPPORT, Stage, proposal, rosa};

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

/// What people are told of a row that a worker stepped over.
async fn stepped_over(stage: &Stage, row: &str) -> String {
    let alerts = open_alerts(stage).await;
    let found = alerts.iter().find(|alert| alert.kind == "unreadable_rows" && alert.said.line().starts_with(row));
    found.unwrap_or_else(|| panic!("no alert of {row}: {alerts:?}")).said.line()
}

/// Text that is none.
const NONSENSE: &str = "CAST(x'ff' AS TEXT)";

fn tom() -> Person {
    Person::new("Tom", "15550100077")
}

#[tokio::test]
async fn a_run_that_cannot_be_read_leaves_its_thread_to_a_person_and_the_next_runs() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.says(&tom(), "hello").await;
    change(&stage, &format!("UPDATE runs SET agent = {NONSENSE} WHERE id = 1")).await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "the next one runs");
    let thread = stage.thread_of("Rosa").await;
    assert!(thread.waiting.expect("waits").reason.contains("cannot be read"));
    let said = stepped_over(&stage, "Row 1 of table runs cannot be read (column agent)").await;
    assert!(said.contains(&format!("No agent answers {}", thread.id)), "{said}");
}

#[tokio::test]
async fn a_delivery_whose_row_cannot_be_read_is_marked_and_the_next_are_applied() {
    let mut stage = Stage::set().await;
    // As many as are applied together, and one more.
    for at in 0..65 {
        stage.simulator.says(SUPPORT, &rosa(), &Saying::text(&format!("words {at}")));
    }
    while stage.store_only().await > 0 {}
    change(&stage, "UPDATE deliveries SET headers = 'nonsense' WHERE id <= 64").await;
    stage.apply().await;
    let messages = stage.messages(stage.thread().await.id).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let rows = crate::cases::deliveries(&stage).await;
    let marked = rows.iter().filter(|row| row.state == DeliveryState::Unreadable).count();
    assert_eq!(marked, 49, "of the newest fifty");
    assert!(crate::cases::note(&rows[1]).contains("column headers"), "{rows:?}");
    stepped_over(&stage, "d64 is not applied").await;
    // Once it is mended it can be replayed.
    change(&stage, "UPDATE deliveries SET headers = (SELECT headers FROM deliveries WHERE id = 65) WHERE id = 64")
        .await;
    stage.act(Request::ReplayDelivery { delivery: DeliveryId(64) }).await.expect("replayed");
    stage.apply().await;
    assert_eq!(stage.messages(stage.thread().await.id).await.len(), 2);
}

#[tokio::test]
async fn an_uncertain_entry_that_cannot_be_read_keeps_no_other_from_being_looked_up() {
    let (mut stage, thread) = with_rosa().await;
    stage.says(&tom(), "hello").await;
    let other = stage.thread_of("Tom").await.id;
    for thread in [thread, other] {
        stage.simulator.next_send(SendFault::LoseAnswer);
        write(&stage, thread, "one").await;
        stage.send().await;
    }
    change(&stage, "UPDATE outbox SET outgoing = '{}' WHERE id = 1").await;
    stage.pass(std::time::Duration::from_secs(30));
    while operations::look_up_due(&stage.system).await.expect("looked") {}
    let states: Vec<EntryState> = stage.outbox().await.iter().map(|row| row.state).collect();
    assert!(states.contains(&EntryState::Accepted) && states.contains(&EntryState::Uncertain), "{states:?}");
    let said = stepped_over(&stage, "Row 1 of table outbox cannot be read (column outgoing)").await;
    assert!(said.contains("o1 is uncertain"), "{said}");
}

#[tokio::test]
async fn a_file_whose_message_cannot_be_read_keeps_no_other_from_being_uploaded() {
    let (mut stage, thread) = with_rosa().await;
    stage.says(&tom(), "hello").await;
    let other = stage.thread_of("Tom").await.id;
    let path = stage.outside.path().join("a.txt");
    std::fs::write(&path, "words").expect("written");
    for thread in [thread, other] {
        let upload = stage.upload(&path.to_string_lossy()).await;
        let send = Request::SendFile {
            thread,
            upload,
            caption: String::new(),
            pad: None,
            voice: false,
            reply_to: None,
            at: None,
        };
        stage.act(send).await.expect("queued");
    }
    change(&stage, "UPDATE messages SET content = '{}' WHERE id = (SELECT message_id FROM outbox WHERE id = 1)").await;
    stage.carry_files().await;
    stage.send().await;
    let rows = stage.outbox().await;
    let state = |thread| rows.iter().find(|row| row.thread_id == thread).map(|row| row.state);
    assert_eq!((state(thread), state(other)), (Some(EntryState::Failed), Some(EntryState::Accepted)), "{rows:?}");
}

#[tokio::test]
async fn an_event_that_cannot_be_read_keeps_no_other_from_being_delivered() {
    let config = format!(
        "{}\n[[endpoints]]\nname = \"crm\"\nurl = \"http://127.0.0.1:9/\"\nsecret_env = \"AGENT_SECRET\"\n",
        crate::stage::CONFIG
    );
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "hello").await;
    change(&stage, "UPDATE events SET data = 'nonsense' WHERE id = 1").await;
    stage.says(&rosa(), "and one more").await;
    while operations::deliver_next_event(&stage.system).await.expect("the worker goes on") {}
    let mut database = crate::batch_property::database(&stage).await;
    let rows: Vec<(i64, String, i64)> =
        sqlx::query_as("SELECT event_id, state, tried FROM event_deliveries ORDER BY event_id")
            .fetch_all(&mut database)
            .await
            .expect("rows");
    assert_eq!(rows[0], (1, "given_up".to_owned(), 0));
    assert!(rows[1..].iter().any(|row| row.2 == 1), "the next one is tried: {rows:?}");
    stepped_over(&stage, "Row 1 of table events cannot be read (column data)").await;
}

#[tokio::test]
async fn a_bulk_job_and_a_file_that_cannot_be_read_end_and_people_hear_of_it() {
    let mut stage = Stage::set().await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Image { caption: None });
    stage.deliver().await;
    change(&stage, &format!("UPDATE media SET provider_id = {NONSENSE}")).await;
    stage.carry_files().await;
    stepped_over(&stage, "Row 1 of table media cannot be read (column provider_id)").await;
    change(
        &stage,
        "INSERT INTO jobs (id, action, terms, actor, role, state, last_id, up_to_id, total, done, refused, created_at)
         VALUES (7, 'retry', '', CAST(x'ff' AS TEXT), 'admin', 'running', 0, 0, 0, 0, 0, 0)",
    )
    .await;
    assert!(operations::step_job(&stage.system).await.expect("the worker goes on"));
    assert!(!operations::step_job(&stage.system).await.expect("the worker goes on"), "it is over");
    stepped_over(&stage, "Row 7 of table jobs cannot be read").await;
}

#[tokio::test]
async fn a_stop_that_cannot_be_read_is_told_and_what_it_caught_is_not_needed_to_lift_it() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let stop = AgentRequest::Stop { what: StopScope::All, reason: String::new() };
    stage.agents(stop).await.expect("stopped");
    change(&stage, "UPDATE stops SET caught = 'nonsense'").await;
    let said = alert(&stage).await.expect("people hear of it");
    assert!(said.contains("table stops, column caught"), "{said}");
    match stage.ask(Query::Agent(AgentQuery::Stops { limit: 9 })).await {
        Answer::Agent(told) => match *told {
            AgentsAnswer::Stops(stops) => assert_eq!(stops.len(), 1, "it is listed, since it holds"),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    change(&stage, "UPDATE stops SET caught = '[]', scope = 'thread', subject = 'nobody'").await;
    let said = alert(&stage).await.expect("people hear of it");
    assert!(said.contains("table stops, column subject"), "{said}");
}
