//! What the outbox does when the other side, or the database, answers as nobody expects.

use std::time::Duration;

use serde_json::json;
use sqlx::ConnectOptions;
use wadeck::domain::ids::ThreadId;
use wadeck::domain::message::content::Content;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::view::AlertView;
use wadeck::operations;
use wadeck::simulator::SendFault;

use crate::stage::{Stage, rosa};

pub async fn with_rosa() -> (Stage, ThreadId) {
    let quiet = crate::stage::CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&quiet).await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    (stage, thread)
}

pub async fn write(stage: &Stage, thread: ThreadId, words: &str) {
    let content = Box::new(Content::text(words));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
}

pub async fn open_alerts(stage: &Stage) -> Vec<AlertView> {
    let Answer::Alerts(open) = stage.ask(Query::Alerts { open: true, limit: 100 }).await else { panic!("alerts") };
    open
}

fn same_id() -> SendFault {
    let body = json!({ "messaging_product": "whatsapp", "contacts": [{ "input": "15550100002", "wa_id": "15550100002" }],
        "messages": [{ "id": "wamid.ALWAYS" }] });
    SendFault::Answer { status: 200, body, retry_after: None }
}

/// Makes the database refuse a statement, as a full disk or a broken rule would.
async fn break_database(stage: &Stage, trigger: &str) {
    let path = stage.directory.path().join("wadeck.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = options.connect().await.expect("the database opens");
    sqlx::raw_sql(sqlx::AssertSqlSafe(trigger.to_owned())).execute(&mut connection).await.expect("it is broken");
}

#[tokio::test]
async fn one_provider_id_for_many_messages_is_kept_alerted_once_and_jams_nothing() {
    let (mut stage, thread) = with_rosa().await;
    for words in ["one", "two", "three"] {
        write(&stage, thread, words).await;
        stage.simulator.next_send(same_id());
    }
    assert_eq!(stage.send().await, 3);
    let rows = stage.outbox().await;
    assert!(rows.iter().all(|row| row.state == EntryState::Accepted), "{rows:?}");
    let ids: Vec<_> = stage.messages(thread).await.into_iter().skip(1).map(|one| one.provider_message_id).collect();
    assert_eq!(ids, vec![Some("wamid.ALWAYS".to_owned()); 3], "each shows what the provider said");
    let alerts = open_alerts(&stage).await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!((alerts[0].kind.as_str(), alerts[0].count), ("shared_id", 2));

    // What is told under the id breaks nothing, and what comes next goes.
    let told = json!({ "message": { "id": "wamid.ALWAYS", "to": "15550100002", "timestamp": "1780304401", "type": "text",
        "text": { "body": "one" }, "kapso": { "direction": "outbound", "status": "delivered", "origin": "cloud_api" } },
        "conversation": { "phone_number": "+15550100002" }, "phone_number_id": crate::stage::SUPPORT });
    stage.simulator.post_raw("whatsapp.message.delivered", &told);
    stage.deliver().await;
    write(&stage, thread, "four").await;
    assert_eq!(stage.send().await, 1);
}

#[tokio::test]
async fn whatever_breaks_while_an_answer_is_written_down_nothing_stays_on_the_wire() {
    let abort = "BEGIN SELECT RAISE(ABORT, 'the disk says no'); END";
    let rollback = "BEGIN SELECT RAISE(ROLLBACK, 'the disk says no'); END";
    for trigger in [
        format!("CREATE TRIGGER broken BEFORE UPDATE ON messages {abort}"),
        format!("CREATE TRIGGER broken BEFORE UPDATE ON messages {rollback}"),
        format!("CREATE TRIGGER broken BEFORE UPDATE OF outcome ON attempts {abort}"),
        format!("CREATE TRIGGER broken BEFORE UPDATE OF provider_key ON attempts {rollback}"),
        format!("CREATE TRIGGER broken BEFORE UPDATE ON outbox WHEN new.state = 'accepted' {abort}"),
        format!("CREATE TRIGGER broken BEFORE INSERT ON proofs {abort}"),
        format!("CREATE TRIGGER broken BEFORE INSERT ON events {abort}"),
        format!("CREATE TRIGGER broken BEFORE UPDATE ON proofs {abort}"),
    ] {
        let (stage, thread) = with_rosa().await;
        write(&stage, thread, "hi").await;
        break_database(&stage, &trigger).await;
        stage.send().await;
        let row = stage.outbox().await.remove(0);
        let settled = row.state == EntryState::Accepted && trigger.contains("UPDATE ON proofs");
        assert!(row.state == EntryState::Uncertain || settled, "{trigger}: {:?}", row.state);
        if !settled {
            let why = row.error.expect("a reason");
            assert!(why.explanation.contains("the disk says no"), "{trigger}: {why:?}");
            assert!(why.explanation.contains("accepted as wamid."), "{trigger}: {why:?}");
        }
        assert_eq!(stage.simulator.accepted().len(), 1, "it went once");
        // The database is well again: a look finds it.
        break_database(&stage, "DROP TRIGGER broken").await;
        for _ in 0..2 {
            stage.pass(Duration::from_secs(30));
            while operations::look_up_due(&stage.system).await.expect("looked") {}
        }
        assert_eq!(stage.outbox().await[0].state, EntryState::Accepted, "{trigger}");
    }
}

#[tokio::test]
async fn a_lease_from_a_clock_that_was_ahead_does_not_keep_an_entry_on_the_wire() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    let mut open = stage.system.store().write().await.expect("a transaction");
    let claimed = open.heads(stage.now(), 1).await.expect("asked").remove(0);
    let ahead = stage.now().plus(Duration::from_secs(7_200));
    open.begin_attempts(&[(&claimed, "POST …")], ahead, Duration::from_secs(90)).await.expect("begun");
    open.commit().await.expect("committed");
    operations::rescue_abandoned(&stage.system).await.expect("rescued");
    let row = stage.outbox().await.remove(0);
    assert_eq!(row.state, EntryState::Uncertain);
    assert!(row.error.is_some_and(|failure| failure.title == "Stopped while sending"));
}

#[tokio::test]
async fn an_answer_that_comes_after_its_lease_still_counts() {
    let (stage, thread) = with_rosa().await;
    write(&stage, thread, "hi").await;
    stage.simulator.next_send(SendFault::Slow(Duration::from_secs(2)));
    let sending = operations::send_next(&stage.system);
    let rescuing = async {
        while stage.outbox().await[0].state != EntryState::Sending {
            tokio::task::yield_now().await;
        }
        stage.pass(Duration::from_secs(120));
        operations::rescue_abandoned(&stage.system).await.expect("rescued");
        assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain);
    };
    let (sent, ()) = tokio::join!(sending, rescuing);
    assert!(sent.expect("sent"));
    assert_eq!(stage.outbox().await[0].state, EntryState::Accepted, "the answer settles it");
}
