//! Written conversations: an agent is tested with them, the results are kept, and a failure has consequences.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::conversation::{Conversation, ConversationFile, ConversationResult};
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer};
use wadeck::domain::agents::run::RunState;
use wadeck::domain::ids::{AssignmentId, ConnectionId};
use wadeck::domain::query::{Answer, Query};
use wadeck::operations;

use crate::agent_kinds::{helper, server};
use crate::stage::{CONFIG, Stage, proposal, rosa};

const FILE: &str = r#"
[[conversations]]
name = "opening hours"
turns = [
  { from = "contact", text = "Hello, I am {name}" },
  { from = "us", text = "Hello, how can we help you today?" },
  { from = "contact", text = "When do you open on Saturday?" },
]
expect = { language = "en", must = ["nine"], must_not = ["refund"], must_match = ["(?i)we open"], max_characters = 200, hand_off = false }

[[conversations]]
name = "a person"
turns = [{ from = "contact", text = "I want to talk to a person" }]
expect = { hand_off = true }
"#;

const GOOD: &str = "kind = \"scripted\"\nrules = [{ when = [\"person\"], reply = [\"One moment.\"], hand_off = \"asked\" }, { reply = [\"We open at nine in the morning on every Saturday.\"] }]";
const BAD: &str = "kind = \"scripted\"\nrules = [{ reply = [\"You get a refund.\"] }]";

fn written() -> Vec<Conversation> {
    toml::from_str::<ConversationFile>(FILE).expect("right").conversations
}

fn rehearse(keep: bool) -> AgentRequest {
    AgentRequest::RehearseWritten { agent: "helper".into(), conversations: written(), keep }
}

async fn results(stage: &Stage) -> Vec<ConversationResult> {
    match stage.ask(Query::Agent(AgentQuery::Conversations { agent: "helper".into() })).await {
        Answer::Agent(told) => match *told {
            AgentsAnswer::Conversations(results) => results,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_http_agent_is_told_that_it_is_rehearsed_and_its_reply_is_checked() {
    let reply = |text: &str| (StatusCode::OK, json!({ "messages": [{ "text": text }] }));
    let (url, heard) =
        server(vec![reply("We open at ten o'clock on every Saturday."), reply("Yes?"), reply("Hi")]).await;
    let mut stage = Stage::with_config(&helper(&format!("kind = \"http\"\nurl = \"{url}\""))).await;
    let done = stage.agents(rehearse(false)).await.expect("rehearsed");
    assert_eq!(done.message, "0 of 2 conversations passed with helper. Nothing was sent.");
    let all = results(&stage).await;
    assert_eq!(all[0].failures, ["it lacks \"nine\""]);
    assert_eq!(all[1].failures, ["it does not escalate"]);
    assert_eq!(all[0].at, stage.now());
    assert!(stage.simulator.accepted().is_empty());
    {
        let heard = heard.lock().expect("whole");
        assert_eq!(heard.len(), 2);
        let whole = heard.iter().find(|(_, body)| body["messages"].as_array().expect("messages").len() == 3);
        let (headers, body) = whole.expect("the longer one");
        assert_eq!(headers["x-wadeck-rehearsal"], "true");
        assert_eq!(body["rehearsal"], true);
        assert_eq!(body["messages"][0]["text"], "Hello, I am Alex Sample");
    }
    // What is not rehearsed is not marked.
    stage.says(&rosa(), "hi").await;
    stage.answer().await;
    let heard = heard.lock().expect("whole");
    assert!(heard[2].0.get("x-wadeck-rehearsal").is_none() && heard[2].1.get("rehearsal").is_none());
}

#[tokio::test]
async fn an_agent_that_changed_is_tested_again_and_a_failure_lowers_it_to_draft() {
    let policy = "[approvals]\non_failed_rehearsal = \"draft\"\n";
    let config = |lines: &str| format!("{}{policy}", helper(lines));
    let mut stage = Stage::with_config(&config(GOOD)).await;
    stage.agents(rehearse(true)).await.expect("rehearsed");
    assert!(results(&stage).await.iter().all(ConversationResult::passed));
    operations::rehearse_due(&stage.system).await.expect("tested");
    let first = results(&stage).await[0].at;
    // The next night it is tested again, though it is the same.
    stage.pass(Duration::from_secs(86_400));
    operations::rehearse_due(&stage.system).await.expect("tested");
    assert!(results(&stage).await[0].at > first);
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    assert_eq!(stage.run(1).await.run.state, RunState::Answered);

    stage.restart(&config(BAD)).await;
    operations::rehearse_due(&stage.system).await.expect("tested");
    let failed = results(&stage).await;
    let failures = &failed.iter().find(|one| one.name == "opening hours").expect("a result").failures;
    assert!(failures.contains(&"it lacks \"nine\"".to_owned()), "{failures:?}");
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 50 }).await else { panic!("alerts") };
    let said = alerts.iter().find(|alert| alert.kind == "rehearsal_failed").expect("an alert").said.line();
    assert!(said.starts_with("helper failed 2 of 2 conversations. a person: "), "{said}");
    let told = stage.ask(Query::Agent(AgentQuery::Assignments { limit: 9 })).await;
    let Answer::Agent(told) = told else { panic!("{told:?}") };
    let AgentsAnswer::Assignments(rows) = *told else { panic!("{told:?}") };
    let active = rows.iter().map(|row| &row.assignment).find(|one| one.state.name() == "active").expect("one");
    assert_eq!(active.mode, Mode::Draft);
    let audit = AgentQuery::Audit { subject: active.id.to_string(), limit: 9, before: None };
    let Answer::Agent(told) = stage.ask(Query::Agent(audit)).await else { panic!("the audit") };
    let AgentsAnswer::Audit(rows) = *told else { panic!("{told:?}") };
    assert!(rows.iter().any(|row| row.action == "drop_to_draft"), "{rows:?}");
    let Answer::Agent(told) = stage.ask(Query::Agent(AgentQuery::Events { after: None, limit: 50 })).await else {
        panic!("events")
    };
    let AgentsAnswer::Events(events) = *told else { panic!("{told:?}") };
    assert!(events.iter().any(|event| event.event == "agent.rehearsal_failed"));
    // From now on a person decides about its replies.
    stage.says(&rosa(), "hello again").await;
    stage.answer().await;
    assert_eq!(stage.run(2).await.run.state, RunState::Proposed);
}

#[tokio::test]
async fn written_conversations_are_a_rehearsal_of_a_number_without_a_past() {
    let config = format!("{}[approvals]\nrequire_rehearsal = true\n", helper(GOOD));
    let stage = Stage::with_config(&config).await;
    let made = stage.act(proposal(ConnectionId(1), "helper", Mode::Auto)).await.expect("proposed").created_id;
    let assignment: AssignmentId = made.expect("an id").parse().expect("an id");
    let refused = stage.agents(AgentRequest::Approve { assignment }).await.expect_err("not rehearsed");
    assert!(refused.to_string().contains("This version of the agent was not rehearsed."), "{refused}");
    stage.agents(rehearse(false)).await.expect("rehearsed");
    stage.agents(AgentRequest::Approve { assignment }).await.expect("approved");
}

#[tokio::test]
async fn conversations_that_cannot_be_used_are_refused() {
    let stage = Stage::with_config(CONFIG).await;
    let with = |change: fn(&mut Vec<Conversation>)| {
        let mut conversations = written();
        change(&mut conversations);
        AgentRequest::RehearseWritten { agent: "helper".into(), conversations, keep: false }
    };
    for (request, why) in [
        (with(|all| all[1].name = "opening hours".into()), "Two conversations have the same name."),
        (with(|all| all[0].expect.must_match = vec!["(".into()]), "`(` is not a regular expression"),
        (with(|all| all[1].turns.clear()), "it needs 1 to 40 messages"),
        (with(Vec::clear), "No conversations are kept for helper."),
    ] {
        let refused = stage.agents(request).await.expect_err(why);
        assert!(refused.to_string().contains(why), "{refused}");
    }
}

#[tokio::test]
async fn a_budget_counts_tokens_that_the_model_does_not_report() {
    let reply = |text: &str| {
        let message = json!({ "role": "assistant", "content": text });
        (StatusCode::OK, json!({ "choices": [{ "message": message, "finish_reason": "stop" }] }))
    };
    let (url, heard) = server(vec![reply("We open at nine."), reply("We open at ten.")]).await;
    let lines = format!("kind = \"openai\"\nmodel = \"m\"\nprompt = \"Be brief.\"\nbase_url = \"{url}\"");
    let config = helper(&lines).replace("[[agents]]", "[connections.contract]\ntokens_per_day = 20\n\n[[agents]]");
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "When do you open?").await;
    stage.answer().await;
    let record = stage.run(1).await;
    assert_eq!(record.run.state, RunState::Answered);
    assert!(record.usage_estimated && record.tokens_in > 20 && record.tokens_out == 6, "{record:?}");
    // The budget of the day is used up: the model is not asked again.
    stage.says(&rosa(), "And on Sunday?").await;
    stage.answer().await;
    assert_eq!(heard.lock().expect("whole").len(), 1);
}
