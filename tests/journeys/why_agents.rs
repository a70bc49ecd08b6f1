//! "Why?" of an agent that may not answer: its day's budget is used up, or it is not what was approved.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use wadeck::domain::ids::MessageId;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::why::Why;
use wadeck::simulator::Person;

use crate::agent_kinds::{helper, server};
use crate::stage::{CONFIG, Stage, rosa};

async fn why(stage: &Stage, id: impl ToString) -> Why {
    match stage.ask(Query::Why { id: id.to_string() }).await {
        Answer::Why(why) => *why,
        other => panic!("{other:?}"),
    }
}

/// The last message of a contact.
async fn last(stage: &Stage, words: &str) -> MessageId {
    let thread = stage.thread_of(words).await.id;
    let messages = stage.messages(thread).await;
    messages.iter().rev().find(|message| message.direction.name() == "inbound").expect("one that came").id
}

async fn alerted(stage: &Stage) -> Vec<String> {
    match stage.ask(Query::Alerts { open: true, limit: 50 }).await {
        Answer::Alerts(alerts) => {
            alerts.into_iter().map(|alert| format!("{}: {}", alert.kind, alert.said.line())).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_budget_of_a_day_that_is_used_up_is_named_with_its_remedy_and_ends_with_the_day() {
    let answer = || {
        let words = json!({ "role": "assistant", "content": "At nine." });
        (
            StatusCode::OK,
            json!({ "choices": [{ "message": words, "finish_reason": "stop" }], "usage": { "prompt_tokens": 80, "completion_tokens": 40 } }),
        )
    };
    let (url, _) = server(vec![answer(), answer()]).await;
    let config = helper(&format!("kind = \"openai\"\nbase_url = \"{url}/v1\"\nmodel = \"m\""))
        .replace("[[agents]]", "contract = { tokens_per_day = 100 }\n[[agents]]");
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "when do you open?").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
    // Every thread of the number shares it.
    stage.says(&Person::new("Tom Weber", "15550100077"), "and on Sunday?").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "it has used 120 tokens of 100");
    let told = why(&stage, last(&stage, "tom").await).await;
    assert_eq!(told.cause, "budget", "{told:?}");
    assert!(
        told.answer.starts_with("No reply: the agent has used up its daily budget; the thread has no owner"),
        "{told:?}"
    );
    assert_eq!(told.remedy, "Reply yourself, or raise the agent's daily budget.");
    assert_eq!(why(&stage, stage.thread_of("tom").await.id).await.cause, "budget");
    let told = why(&stage, "g1").await;
    assert_eq!((told.cause.as_str(), told.remedy.contains("larger budget")), ("budget", true), "{told:?}");
    assert!(told.answer.contains("helper is silent") && told.answer.contains("120 of 100 tokens"), "{told:?}");
    assert!(stage.thread_of("tom").await.waiting.expect("waits").reason.contains("used up its daily budget"));
    let alerts = alerted(&stage).await;
    assert!(
        alerts.iter().any(|alert| alert.starts_with("agent_held_back: ") && alert.contains("daily budget")),
        "{alerts:?}"
    );
    stage.pass(Duration::from_secs(86_400));
    assert_eq!(why(&stage, "g1").await.cause, "budget", "the first period of the day counts until it is over");
    stage.pass(Duration::from_secs(300));
    assert_eq!(why(&stage, "g1").await.cause, "active");
    stage.says(&Person::new("Tom Weber", "15550100077"), "today?").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 2, "another day");
}

#[tokio::test]
async fn an_agent_that_is_not_what_was_approved_is_named_with_its_remedy_until_an_admin_looks_again() {
    let quiet = CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&quiet).await;
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let proposed = stage
        .act(crate::stage::proposal(connection, "helper", wadeck::domain::agents::assignment::Mode::Auto))
        .await
        .expect("proposed");
    let assignment = proposed.created_id.expect("an id").parse().expect("an id");
    stage.agents(wadeck::domain::agents::requests::AgentRequest::Approve { assignment }).await.expect("approved");
    stage.restart(&quiet.replace("You said it, {name}.", "Anything else, {name}.")).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    assert!(stage.simulator.accepted().is_empty());
    let told = why(&stage, last(&stage, "rosa").await).await;
    assert_eq!(told.cause, "agent_changed", "{told:?}");
    assert!(told.answer.contains("the agent has changed since its approval and was not approved again"), "{told:?}");
    assert_eq!(told.remedy, "Reply yourself, and let an admin approve the changed agent.");
    let told = why(&stage, assignment).await;
    assert!(told.answer.contains("changed") && !told.remedy.is_empty(), "{told:?}");
    let alerts = alerted(&stage).await;
    assert!(
        alerts.iter().any(|alert| alert.starts_with("agent_held_back: ") && alert.contains("changed")),
        "{alerts:?}"
    );
    stage.agents(wadeck::domain::agents::requests::AgentRequest::Approve { assignment }).await.expect("looked at");
    stage.says(&rosa(), "hello?").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
}
