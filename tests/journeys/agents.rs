//! An agent answers, or leaves the thread visibly to a person.

use std::time::Duration;

use wadeck::domain::agents::requests::{AgentRequest, RunView};
use wadeck::domain::agents::run::RunState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;

use crate::stage::{Stage, rosa};

async fn runs(stage: &Stage) -> Vec<RunView> {
    match stage.ask(Query::Agents).await {
        Answer::Agents(view) => view.runs,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_burst_is_one_run_that_knows_its_size() {
    let mut stage = Stage::set().await;
    for words in ["hello", "my order", "where is it?"] {
        stage.says(&rosa(), words).await;
        stage.pass(Duration::from_secs(2));
        assert_eq!(stage.run_agents().await, 0, "the burst may go on");
    }
    stage.answer().await;
    let runs = runs(&stage).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].batch_size, 3);
    assert_eq!(runs[0].state, RunState::Answered);
    let sent = stage.simulator.accepted();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].text, "You said it, Rosa Field.");
    assert_eq!(stage.simulator.read_marks().first().map(|(_, typing)| *typing), Some(true));
}

#[tokio::test]
async fn the_contact_sees_typing_from_the_first_message_of_a_burst() {
    let mut stage = Stage::set().await;
    let first = stage.says(&rosa(), "hello").await;
    assert!(wadeck::operations::next_typing_due(&stage.system).await.expect("asked").is_some());
    wadeck::operations::type_while_waiting(&stage.system).await.expect("shown");
    assert_eq!(stage.simulator.read_marks(), [(first, true)]);
    assert_eq!(stage.run_agents().await, 0, "the burst may go on");
    stage.says(&rosa(), "my order").await;
    wadeck::operations::type_while_waiting(&stage.system).await.expect("shown");
    assert_eq!(stage.simulator.read_marks().len(), 1, "the indicator stands for 25 s");
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
    assert_eq!(wadeck::operations::next_typing_due(&stage.system).await.expect("asked"), None);
    // Nobody sees typing where a person answers.
    stage.act(Request::TakeThread { thread: stage.thread().await.id }).await.expect("taken");
    stage.says(&rosa(), "thank you").await;
    let before = stage.simulator.read_marks().len();
    wadeck::operations::type_while_waiting(&stage.system).await.expect("shown");
    assert_eq!(stage.simulator.read_marks().len(), before);
}

#[tokio::test]
async fn a_newer_message_supersedes_an_answer_that_has_not_left() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "first").await;
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.run_agents().await, 1);
    // The reply is in the outbox, not on the wire.
    stage.says(&rosa(), "wait, something else").await;
    assert_eq!(stage.send().await, 0);
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "one answer for both");
    let runs = runs(&stage).await;
    assert_eq!(runs[0].state, RunState::Answered);
    assert_eq!(runs[0].batch_size, 2);
    assert_eq!(runs[1].state, RunState::Superseded);
}

#[tokio::test]
async fn an_agent_that_fails_leaves_the_thread_waiting_with_the_reason() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "what is the price?").await;
    stage.answer().await;
    let waiting = stage.thread().await.waiting.expect("somebody waits");
    assert_eq!(waiting.reason, "the agent helper failed: the price list could not be opened");
    assert_eq!(stage.overview().await.alerts, 1);
    assert_eq!(stage.overview().await.waiting, 1);
    assert!(stage.simulator.accepted().is_empty());
}

#[tokio::test]
async fn handing_off_tells_the_contact_and_a_person() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "a person please").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted()[0].text, "One moment.");
    assert_eq!(runs(&stage).await[0].state, RunState::HandedOff);
    assert_eq!(stage.overview().await.alerts, 1);
}

#[tokio::test]
async fn saying_nothing_is_an_answer() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "quiet").await;
    stage.answer().await;
    assert_eq!(runs(&stage).await[0].state, RunState::Silent);
    assert_eq!(stage.simulator.send_requests(), 0);
}

#[tokio::test]
async fn a_person_who_takes_the_thread_silences_the_agent_in_the_same_breath() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.pass(Duration::from_secs(5));
    stage.run_agents().await;
    let thread = stage.thread().await.id;
    let done = stage.act(Request::TakeThread { thread }).await.expect("taken");
    assert!(done.message.contains("canceled"), "{}", done.message);
    assert_eq!(stage.send().await, 0);
    stage.says(&rosa(), "still there?").await;
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 0);
    assert_eq!(stage.thread().await.waiting.expect("waits").reason, "a person owns the thread");

    stage.act(Request::ReleaseThread { thread }).await.expect("released");
    stage.says(&rosa(), "hello again").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
}

#[tokio::test]
async fn what_is_being_retried_is_caught_too() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.pass(Duration::from_secs(5));
    stage.run_agents().await;
    stage.simulator.next_send(wadeck::simulator::SendFault::graph(500, 131_000, "Platform error"));
    stage.send().await;
    let thread = stage.thread().await.id;
    stage
        .act(Request::Send {
            thread,
            content: Box::new(wadeck::domain::message::content::Content::text("I am here")),
            reply_to: None,
            at: None,
        })
        .await
        .expect("queued");
    stage.pass(Duration::from_secs(60));
    stage.send().await;
    let sent: Vec<String> = stage.simulator.accepted().into_iter().map(|sent| sent.text).collect();
    assert_eq!(sent, ["I am here"]);
}

#[tokio::test]
async fn what_arrives_hours_late_waits_for_a_person() {
    let mut stage = Stage::set().await;
    let old = stage.now().minus(Duration::from_secs(7 * 3_600)).millis();
    stage.simulator.says_at(crate::stage::SUPPORT, &rosa(), &wadeck::simulator::Saying::text("anybody?"), old);
    stage.deliver().await;
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 0);
    assert_eq!(stage.thread().await.waiting.expect("waits").reason, "it arrived hours late");
}

#[tokio::test]
async fn a_person_on_the_phone_silences_the_agent_too() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let echo = serde_json::json!({
        "message": { "id": "wamid.PHONE", "to": "15550100002", "timestamp": "1780304402", "type": "text",
            "text": { "body": "I am here" }, "kapso": { "direction": "outbound", "status": "sent", "origin": "business_app" } },
        "conversation": { "phone_number": "+15550100002" }, "phone_number_id": crate::stage::SUPPORT,
    });
    stage.simulator.post_raw("whatsapp.message.sent", &echo);
    stage.deliver().await;
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 0);
    let messages = stage.messages(stage.thread().await.id).await;
    assert_eq!(messages.last().and_then(|message| message.author.clone()), Some("phone app".to_owned()));
}

#[tokio::test]
async fn approving_puts_one_agent_in_anothers_place_and_deciding_twice_says_so() {
    let stage = Stage::with_config(&format!(
        "{}\n[[agents]]\nname = \"second\"\nkind = \"scripted\"\nrules = []\n",
        crate::stage::CONFIG
    ))
    .await;
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let mode = wadeck::domain::agents::assignment::Mode::Auto;
    let proposed = stage.act(crate::stage::proposal(connection, "second", mode)).await.expect("proposed");
    let assignment = proposed.created_id.expect("an id").parse().expect("an id");
    let approve = || Request::Agents(AgentRequest::Approve { assignment });
    assert!(stage.act(approve()).await.expect("approved").message.contains("second answers support"));
    let again = stage.act(approve()).await.expect_err("decided");
    assert!(again.to_string().contains("already active, by ada"), "{again}");
    let Answer::Agents(view) = stage.ask(Query::Agents).await else { panic!() };
    let in_force: Vec<_> = view.assignments.iter().filter(|row| row.assignment.state.name() == "active").collect();
    assert_eq!(in_force.len(), 1);
    assert_eq!(in_force[0].assignment.agent, "second");
}
