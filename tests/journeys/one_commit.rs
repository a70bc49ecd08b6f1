//! What comes and goes together is stored together: the number of statements does not grow with it, and nothing else
//! depends on it.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::inbound::delivery::DeliveryState;
use wadeck::domain::message::content::Content;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::SendFault;

use crate::cases::{deliveries, enveloped, text};
use crate::stage::{MORNING, Stage, signature};

pub(crate) fn phone(at: usize) -> String {
    format!("1555020{at:04}")
}

pub(crate) fn says(at: usize, id: &str, words: &str) -> String {
    let phone = phone(at);
    let contact = json!([{ "profile": { "name": "Known" }, "wa_id": phone }]);
    enveloped(contact, json!([text(id, &phone, words)]))
}

/// Posts bodies over as many connections, and commits them together once all of them have arrived.
pub(crate) async fn together(stage: &mut Stage, bodies: Vec<String>) {
    let count = bodies.len();
    let posts: Vec<_> = bodies
        .into_iter()
        .map(|body| {
            let request = reqwest::Client::new()
                .post(format!("http://{}/webhook/meta", stage.address))
                .header("content-type", "application/json")
                .header("x-hub-signature-256", format!("sha256={}", signature(&body)))
                .body(body);
            tokio::spawn(async move { request.send().await.expect("an answer").status() })
        })
        .collect();
    while stage.inbox.len() < count {
        tokio::task::yield_now().await;
    }
    assert!(operations::commit_pending_deliveries(&stage.system, &mut stage.inbox).await);
    for post in posts {
        assert_eq!(post.await.expect("whole"), 200);
    }
}

/// The statements of one commit with texts of so many people who are known already.
async fn statements_for_texts(count: usize) -> u64 {
    let mut stage = crate::cases::stage().await;
    for round in ["first", "second"] {
        let before = stage.system.store().statements();
        let bodies = (0..count).map(|at| says(at, &format!("wamid.{round}{at}"), round)).collect();
        together(&mut stage, bodies).await;
        let statements = stage.system.store().statements() - before;
        stage.apply().await;
        if round == "second" {
            let threads = stage.threads().await;
            assert_eq!(threads.len(), count);
            assert!(threads.iter().all(|thread| thread.unread == 2), "every message is in its thread");
            return statements;
        }
    }
    unreachable!("there are two rounds")
}

#[tokio::test]
async fn texts_are_stored_and_applied_in_one_transaction_whose_statements_do_not_grow_with_them() {
    let (one, sixteen) = (statements_for_texts(1).await, statements_for_texts(16).await);
    // The delivery; four loads, one of them for the agent; then messages, their words, threads, runs, the events, the
    // delivery's outcome and the checks.
    assert!(one <= 12, "{one} statements for one message");
    assert_eq!(sixteen, one);
}

#[tokio::test]
async fn what_is_acknowledged_is_applied_where_nothing_older_waits() {
    let mut stage = crate::cases::stage().await;
    // At the start nobody knows whether something waits: it is stored, and applied after.
    together(&mut stage, vec![says(1, "wamid.A", "one")]).await;
    assert_eq!(deliveries(&stage).await[0].state, DeliveryState::Pending);
    together(&mut stage, vec![says(1, "wamid.B", "two")]).await;
    assert!(stage.threads().await.is_empty(), "what came later does not overtake it");
    stage.apply().await;
    together(&mut stage, vec![says(1, "wamid.C", "three"), says(1, "wamid.C", "three")]).await;
    let states: Vec<_> = deliveries(&stage).await.iter().map(|row| (row.state, row.repeats)).collect();
    assert_eq!(states[0], (DeliveryState::Applied, 1), "the same request twice is one delivery");
    assert_eq!(states.len(), 3);
    let thread = stage.thread().await;
    let words: Vec<String> = stage.messages(thread.id).await.iter().map(|one| one.text.line()).collect();
    assert_eq!(words, ["one", "two", "three"]);
}

#[tokio::test]
async fn one_delivery_that_cannot_be_applied_delays_its_neighbours_by_one_step_and_no_more() {
    let mut stage = crate::cases::stage().await;
    stage.apply().await;
    let url = format!("sqlite://{}", stage.system.store().path().display());
    let mut line = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("opened");
    for text in [
        "CREATE TABLE taken (value TEXT UNIQUE)",
        "INSERT INTO taken VALUES ('poison')",
        "CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.words = 'poison' BEGIN INSERT INTO taken VALUES (NEW.words); END",
    ] {
        sqlx::query(text).execute(&mut line).await.expect("made");
    }
    let bodies = vec![says(1, "wamid.A", "before"), says(2, "wamid.B", "poison"), says(3, "wamid.C", "after")];
    together(&mut stage, bodies).await;
    stage.apply().await;
    let mut states: Vec<_> = deliveries(&stage).await.into_iter().map(|row| row.state).collect();
    states.reverse();
    assert_eq!(states[0], DeliveryState::Applied);
    assert_eq!(states[2], DeliveryState::Applied);
    assert!(!matches!(states[1], DeliveryState::Applied | DeliveryState::Pending), "{states:?}");
    assert_eq!(stage.threads().await.len(), 2);
    together(&mut stage, vec![says(1, "wamid.D", "again")]).await;
    assert_eq!(deliveries(&stage).await[0].state, DeliveryState::Applied, "the next one is applied at once");
}

#[tokio::test]
async fn what_breaks_while_it_is_applied_is_stored_and_acknowledged_all_the_same() {
    let mut stage = crate::cases::stage().await;
    stage.apply().await;
    let url = format!("sqlite://{}", stage.system.store().path().display());
    let mut line = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("opened");
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'broken'); END";
    sqlx::query(broken).execute(&mut line).await.expect("made");
    together(&mut stage, vec![says(1, "wamid.A", "one")]).await;
    assert_eq!(deliveries(&stage).await[0].state, DeliveryState::Pending);
    assert!(operations::apply_pending(&stage.system).await.is_err(), "it is tried again");
    sqlx::query("DROP TRIGGER broken").execute(&mut line).await.expect("mended");
    stage.apply().await;
    assert_eq!(deliveries(&stage).await[0].state, DeliveryState::Applied);
    assert_eq!(stage.threads().await.len(), 1);
}

pub(crate) fn status(id: &str, status: &str, to: &str) -> Value {
    json!({ "id": id, "status": status, "timestamp": (MORNING / 1_000).to_string(), "recipient_id": to })
}

/// Statuses in the platform's envelope.
pub(crate) fn reported(statuses: Vec<Value>) -> String {
    let value = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550783881", "phone_number_id": crate::cases::ONE },
        "statuses": statuses });
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }] })
    .to_string()
}

async fn write(stage: &Stage, thread: wadeck::domain::ids::ThreadId, words: &str) {
    let content = Box::new(Content::text(words));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
}

/// So many people were answered, and the provider has the answers; in the order of the people.
async fn answered(count: usize) -> (Stage, Vec<String>) {
    let quiet = crate::cases::CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = crate::cases::stage_with(&quiet).await;
    for at in 0..count {
        stage.simulator.heard(crate::cases::ONE, &phone(at));
    }
    together(&mut stage, (0..count).map(|at| says(at, &format!("wamid.in{at}"), "hello")).collect()).await;
    stage.apply().await;
    for thread in stage.threads().await {
        write(&stage, thread.id, "yes").await;
    }
    let sends = (0..count).map(|_| operations::send_next(&stage.system));
    for sent in futures::future::join_all(sends).await {
        assert!(sent.expect("sent"));
    }
    stage.simulator.forget_webhooks();
    let mut ids = vec![];
    for thread in stage.threads().await {
        let messages = stage.messages(thread.id).await;
        ids.push((thread.id, messages[1].provider_message_id.clone().expect("accepted")));
    }
    ids.sort();
    (stage, ids.into_iter().map(|(_, id)| id).collect())
}

async fn statements_for_statuses(count: usize) -> u64 {
    let (mut stage, ids) = answered(count).await;
    let before = stage.system.store().statements();
    let bodies = ids.iter().enumerate().map(|(at, id)| {
        let steps = ["sent", "delivered", "read"].iter().map(|step| status(id, step, &phone(at))).collect();
        reported(steps)
    });
    together(&mut stage, bodies.collect()).await;
    let statements = stage.system.store().statements() - before;
    for thread in stage.threads().await {
        assert_eq!(stage.messages(thread.id).await[1].status, DeliveryStatus::Read);
    }
    statements
}

#[tokio::test]
async fn statuses_are_applied_by_statements_whose_number_does_not_grow_with_them() {
    let (one, sixteen) = (statements_for_statuses(1).await, statements_for_statuses(16).await);
    assert!(one <= 9, "{one} statements for the three statuses of a message");
    assert_eq!(sixteen, one);
}

fn failed(id: &str, to: &str) -> Value {
    let mut failed = status(id, "failed", to);
    failed["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
    failed
}

async fn statements_for_failures(count: usize) -> u64 {
    let (mut stage, ids) = answered(count).await;
    let before = stage.system.store().statements();
    let bodies = ids.iter().enumerate().map(|(at, id)| reported(vec![failed(id, &phone(at))]));
    together(&mut stage, bodies.collect()).await;
    let statements = stage.system.store().statements() - before;
    for thread in stage.threads().await {
        assert_eq!(stage.messages(thread.id).await[1].status, DeliveryStatus::Failed);
        let waits = thread.waiting.map(|waiting| waiting.reason).unwrap_or_default();
        assert!(waits.contains("131026"), "{waits}");
    }
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Failed));
    let alerts = crate::cases::alerts(&stage).await;
    assert_eq!(alerts.iter().filter(|kind| *kind == "delivery_failed").count(), count);
    statements
}

#[tokio::test]
async fn failures_are_applied_by_statements_whose_number_does_not_grow_with_them() {
    let (one, sixteen) = (statements_for_failures(1).await, statements_for_failures(16).await);
    assert!(one <= 11, "{one} statements for the failure of a message");
    assert_eq!(sixteen, one);
}

/// A message that was written in the app on the phone.
fn echoed(at: usize, id: &str) -> String {
    let echo = json!({ "from": "15550783881", "to": phone(at), "id": id, "timestamp": (MORNING / 1_000).to_string(),
        "type": "text", "text": { "body": "from the phone" } });
    let value = json!({ "messaging_product": "whatsapp", "message_echoes": [echo],
        "metadata": { "display_phone_number": "15550783881", "phone_number_id": crate::cases::ONE } });
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": "smb_message_echoes", "value": value }] }] })
    .to_string()
}

async fn statements_for_echoes(count: usize) -> u64 {
    let (mut stage, _) = answered(count).await;
    together(&mut stage, (0..count).map(|at| says(at, &format!("wamid.more{at}"), "and?")).collect()).await;
    assert!(stage.threads().await.iter().all(|thread| thread.waiting.is_some()));
    let before = stage.system.store().statements();
    together(&mut stage, (0..count).map(|at| echoed(at, &format!("wamid.echo{at}"))).collect()).await;
    let statements = stage.system.store().statements() - before;
    for thread in stage.threads().await {
        assert!(thread.waiting.is_none(), "it was answered from the phone");
        let words: Vec<String> = stage.messages(thread.id).await.iter().map(|one| one.text.line()).collect();
        assert!(words.contains(&"from the phone".to_owned()), "{words:?}");
    }
    statements
}

#[tokio::test]
async fn messages_from_the_phone_are_applied_by_statements_whose_number_does_not_grow_with_them() {
    let (one, sixteen) = (statements_for_echoes(1).await, statements_for_echoes(16).await);
    assert!(one <= 13, "{one} statements for one message");
    assert_eq!(sixteen, one);
}

#[tokio::test]
async fn a_failure_among_arrivals_is_handled_as_it_would_be_alone() {
    let (mut stage, ids) = answered(3).await;
    let failed = failed(&ids[1], &phone(1));
    let bodies = vec![
        reported(vec![status(&ids[0], "delivered", &phone(0)), failed, status(&ids[2], "delivered", &phone(2))]),
        reported(vec![status(&ids[0], "read", &phone(0)), status("wamid.UNKNOWN", "read", &phone(0))]),
    ];
    together(&mut stage, bodies).await;
    let mut states = vec![];
    for thread in stage.threads().await {
        states.push((thread.id, stage.messages(thread.id).await[1].status));
    }
    states.sort_by_key(|(thread, _)| *thread);
    let states: Vec<_> = states.into_iter().map(|(_, status)| status).collect();
    assert_eq!(states, [DeliveryStatus::Read, DeliveryStatus::Failed, DeliveryStatus::Delivered]);
    assert!(crate::cases::alerts(&stage).await.contains(&"delivery_failed".to_owned()));
    let told: Vec<_> = deliveries(&stage).await.into_iter().map(|row| row.state).collect();
    assert!(told.iter().all(|state| *state == DeliveryState::Applied), "{told:?}");
}

/// The statements that claim, send and settle so many messages to as many people, by as many senders.
async fn statements_for_sends(count: usize) -> u64 {
    let (stage, _) = answered(count).await;
    for thread in stage.threads().await {
        write(&stage, thread.id, "once more").await;
    }
    let before = stage.system.store().statements();
    let sends = (0..count).map(|_| operations::send_next(&stage.system));
    for sent in futures::future::join_all(sends).await {
        assert!(sent.expect("sent"));
    }
    let statements = stage.system.store().statements() - before;
    assert!(stage.outbox().await.iter().all(|row| row.state == EntryState::Accepted));
    statements
}

#[tokio::test]
async fn senders_that_wait_claim_and_settle_in_one_transaction() {
    let (one, eight) = (statements_for_sends(1).await, statements_for_sends(8).await);
    assert!(one <= 14, "{one} statements for one message");
    // Answers come one by one: they are settled in as many transactions as it happens, at worst eight.
    assert!(eight < 6 * one, "{eight} statements for eight messages, {one} for one");
}

#[tokio::test]
async fn several_senders_keep_the_order_and_every_limit() {
    let (stage, _) = answered(4).await;
    let threads = stage.threads().await;
    for words in ["two", "three"] {
        for thread in &threads {
            write(&stage, thread.id, words).await;
        }
    }
    stage.simulator.next_send(SendFault::graph(500, 131_000, "Platform error"));
    for _ in 0..4 {
        let sends = (0..6).map(|_| operations::send_next(&stage.system));
        for sent in futures::future::join_all(sends).await {
            sent.expect("sent, or nothing to send");
        }
        stage.pass(Duration::from_secs(20));
    }
    for thread in &threads {
        let words: Vec<String> = stage.messages(thread.id).await.iter().map(|one| one.text.line()).collect();
        assert_eq!(words, ["hello", "yes", "two", "three"]);
    }
    let mut sent: Vec<_> = stage.simulator.accepted().into_iter().map(|one| one.id).collect();
    let count = sent.len();
    sent.sort();
    sent.dedup();
    assert_eq!((count, sent.len()), (12, 12), "each of them went once");
}

#[tokio::test]
async fn a_number_that_is_held_sends_one_probe_however_many_senders_wait() {
    let (stage, _) = answered(5).await;
    for thread in stage.threads().await {
        write(&stage, thread.id, "again").await;
    }
    stage.simulator.next_send(SendFault::graph(401, 190, "Invalid OAuth access token"));
    assert!(operations::send_next(&stage.system).await.expect("asked"));
    let before = stage.simulator.accepted().len();
    stage.pass(Duration::from_secs(3_600));
    stage.simulator.next_send(SendFault::graph(401, 190, "Invalid OAuth access token"));
    let sends = (0..5).map(|_| operations::send_next(&stage.system));
    let sent = futures::future::join_all(sends).await;
    assert_eq!(sent.into_iter().filter(|sent| matches!(sent, Ok(true))).count(), 1, "one probe goes");
    assert_eq!(stage.simulator.accepted().len(), before);
}

/// The statements that claim, answer and end the runs of so many people: in transactions, and beside them.
async fn statements_for_runs(count: usize) -> (u64, u64) {
    let mut stage = crate::cases::stage().await;
    for at in 0..count {
        stage.simulator.heard(crate::cases::ONE, &phone(at));
    }
    together(&mut stage, (0..count).map(|at| says(at, &format!("wamid.{at}"), "hello")).collect()).await;
    stage.apply().await;
    stage.pass(Duration::from_secs(10));
    let before = (stage.system.store().statements(), stage.system.store().reads());
    let ran = futures::future::join_all((0..count).map(|_| operations::run_next(&stage.system))).await;
    assert!(ran.iter().all(|ran| matches!(ran, Ok(true))), "{ran:?}");
    let after = (stage.system.store().statements(), stage.system.store().reads());
    for thread in stage.threads().await {
        assert_eq!(stage.messages(thread.id).await.len(), 2, "each was answered");
    }
    (after.0 - before.0, after.1 - before.1)
}

#[tokio::test]
async fn an_agents_run_costs_few_statements() {
    let (written, read) = statements_for_runs(1).await;
    // Claimed, its assignment; the thread again, the end of the run, whose number it is, the message, its words, the
    // thread, the outbox and the check. Beside them: whether one is due, the connection, the thread and its messages.
    assert!(written <= 10 && read <= 4, "{written} statements in transactions, {read} beside them");
}

#[tokio::test]
async fn runs_that_end_together_are_recorded_together_and_one_that_cannot_be_keeps_none_of_the_others() {
    let mut stage = crate::cases::stage().await;
    for at in 0..6 {
        stage.simulator.heard(crate::cases::ONE, &phone(at));
    }
    let url = format!("sqlite://{}", stage.system.store().path().display());
    let mut line = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("opened");
    together(&mut stage, (0..6).map(|at| says(at, &format!("wamid.{at}"), "hello")).collect()).await;
    stage.apply().await;
    stage.pass(Duration::from_secs(10));
    let poisoned = stage.threads().await.into_iter().find(|thread| thread.external_id.ends_with(&phone(3)));
    let poisoned = poisoned.expect("a thread").id;
    for text in [
        "CREATE TABLE taken (value INTEGER UNIQUE)".to_owned(),
        format!("INSERT INTO taken VALUES ({})", poisoned.0),
        format!(
            "CREATE TRIGGER poison BEFORE INSERT ON outbox WHEN NEW.thread_id = {}
             BEGIN INSERT INTO taken VALUES (NEW.thread_id); END",
            poisoned.0
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut line).await.expect("made");
    }
    let runs = (0..8).map(|_| operations::run_next(&stage.system));
    let ran = futures::future::join_all(runs).await;
    assert_eq!(ran.iter().filter(|ran| matches!(ran, Ok(true))).count(), 6, "{ran:?}");
    for thread in stage.threads().await {
        let messages = stage.messages(thread.id).await;
        if thread.id == poisoned {
            assert_eq!(messages.len(), 1, "nothing of it is kept");
            let waits = thread.waiting.as_ref().map(|waiting| waiting.reason.clone()).unwrap_or_default();
            assert!(waits.contains("failed"), "a person sees to it: {waits}");
        } else {
            assert_eq!(messages.len(), 2, "each was answered once");
        }
    }
    assert!(!operations::run_next(&stage.system).await.expect("asked"), "none is run twice");
}
