//! After a person wrote, the agent leaves the thread to them for a while.

use std::time::Duration;

use wadeck::domain::agents::requests::AgentRequest;
use wadeck::domain::message::content::Content;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;

use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

async fn writes(stage: &Stage) {
    let thread = stage.thread().await.id;
    let content = Box::new(Content::text("I will look into it myself."));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    stage.send().await;
}

async fn cause(stage: &Stage) -> String {
    let thread = stage.thread().await.id;
    match stage.ask(Query::Why { id: thread.to_string() }).await {
        Answer::Why(why) => why.cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_person_is_left_alone_for_an_hour_and_the_header_says_how_long() {
    let mut stage = Stage::with_config(CONFIG).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
    writes(&stage).await;
    stage.pass(Duration::from_secs(600));
    stage.says(&rosa(), "thanks").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 2, "its agent is silent");
    assert!(stage.thread().await.waiting.expect("it waits").reason.contains("a person wrote here"));
    assert_eq!(cause(&stage).await, "person_wrote");
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.sees("helper silent ");
    ada.sees("m, a person wrote");
    // Two hours later it answers again.
    stage.pass(Duration::from_secs(7_200));
    ada.look_up(&stage).await;
    ada.sees("helper answers (auto)");
    stage.says(&rosa(), "and?").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 3);
}

#[tokio::test]
async fn it_is_given_back_early_and_a_draft_that_was_accepted_is_the_agents_answer() {
    let mut stage = Stage::with_config(CONFIG).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    writes(&stage).await;
    let thread = stage.thread().await.id;
    stage.act(Request::ReleaseThread { thread }).await.expect("given back");
    assert!(stage.act(Request::ReleaseThread { thread }).await.is_err(), "there is nothing left to give back");
    stage.says(&rosa(), "thanks").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 3);

    let draft = CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"");
    let mut stage = Stage::with_config(&draft).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage
        .act(Request::Agents(AgentRequest::Accept { run: stage.run(1).await.run.id, instead: None }))
        .await
        .expect("sent");
    stage.says(&rosa(), "and now?").await;
    stage.answer().await;
    assert_eq!(stage.run(2).await.run.state.name(), "proposed", "it goes on proposing");
}

/// What somebody wrote on the phone itself.
fn echo(stage: &Stage) {
    let echo = serde_json::json!({
        "message": { "id": format!("wamid.app{}", stage.now().millis()), "timestamp": (stage.now().millis() / 1000).to_string(), "type": "text", "to": "15550100002",
                     "text": { "body": "On my way." }, "kapso": { "direction": "outbound", "origin": "business_app", "status": "sent" } },
        "conversation": { "phone_number": "+15550100002" }, "phone_number_id": SUPPORT
    });
    stage.simulator.post_raw("whatsapp.message.sent", &echo);
}

#[tokio::test]
async fn the_phone_app_counts_and_the_time_is_a_setting_of_the_number() {
    let mut stage = Stage::with_config(CONFIG).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    echo(&stage);
    stage.deliver().await;
    stage.says(&rosa(), "thanks").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "its agent is silent");

    let never = CONFIG.replace("debounce_seconds = 4", "debounce_seconds = 4\npause_after_person_minutes = 0");
    let mut stage = Stage::with_config(&never).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    echo(&stage);
    stage.deliver().await;
    stage.says(&rosa(), "thanks").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 2);
}
