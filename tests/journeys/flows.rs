//! Flows: made from a starter, written, compared, published, sent, answered; and the endpoint behind
//! one, until nothing is missing.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::agents::requests::{AgentQuery, AgentsAnswer};
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::flow::{AcceptedErrors, FlowAnswer, FlowDetail, FlowQuery, FlowRequest};
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::domain::templates::starter;
use wadeck::operations::{OperationError, run_query};

use crate::sitting::Sitting;
use crate::stage::{SUPPORT, Stage, ada, rosa};

async fn support(stage: &Stage) -> ConnectionId {
    let Answer::Connections(list) = stage.ask(Query::Connections).await else { panic!("connections") };
    list.connected[0].connection.id
}

async fn flow(stage: &Stage, request: FlowRequest) -> Result<Done, OperationError> {
    stage.act(Request::Flow(request)).await
}

async fn ask(stage: &Stage, query: FlowQuery) -> FlowAnswer {
    match stage.ask(Query::Flow(query)).await {
        Answer::Flow(told) => told.value,
        other => panic!("{other:?}"),
    }
}

async fn detail(stage: &Stage, connection: ConnectionId, id: &str) -> FlowDetail {
    match ask(stage, FlowQuery::Detail { connection, id: id.to_owned() }).await {
        FlowAnswer::Detail(detail) => *detail,
        other => panic!("{other:?}"),
    }
}

async fn made(stage: &Stage, starter: &str) -> (ConnectionId, String) {
    let connection = support(stage).await;
    let json = starter::flow(starter).expect("a starter").text.to_owned();
    let done = flow(stage, FlowRequest::Create { connection, name: starter.into(), json, accepted: None })
        .await
        .expect("made");
    (connection, done.created_id.expect("an id"))
}

#[tokio::test]
async fn a_static_flow_is_written_compared_published_and_ended() {
    let stage = Stage::set().await;
    let (connection, id) = made(&stage, "sign_up").await;
    let FlowAnswer::Json(json) = ask(&stage, FlowQuery::Json { connection, id: id.clone(), version: None }).await
    else {
        panic!("json")
    };
    let better = json.replace("Join us", "Be one of us");
    flow(&stage, FlowRequest::Write { connection, id: id.clone(), json: better, accepted: None })
        .await
        .expect("written");
    let told = detail(&stage, connection, &id).await;
    assert_eq!(told.versions.iter().map(|one| one.label.as_str()).collect::<Vec<_>>(), ["v2", "v1"]);
    let diff = FlowQuery::Diff {
        connection,
        id: id.clone(),
        old: told.versions[1].id.clone(),
        new: told.versions[0].id.clone(),
    };
    let FlowAnswer::Diff(lines) = ask(&stage, diff).await else { panic!("a diff") };
    assert!(lines.iter().any(|line| line.starts_with("- ") && line.contains("Join us")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("+ ") && line.contains("Be one of us")), "{lines:?}");
    // Labels stand for the ids.
    let by_label =
        |old: &str, new: &str| FlowQuery::Diff { connection, id: id.clone(), old: old.into(), new: new.into() };
    for (old, new) in [("v1", "v2"), ("1", "2"), ("V1", "v2")] {
        let FlowAnswer::Diff(named) = ask(&stage, by_label(old, new)).await else { panic!("a diff") };
        assert_eq!(named, lines, "{old} {new}");
    }
    let refused = run_query(&stage.system, &ada(), Query::Flow(by_label("v1", "v9"))).await.expect_err("no version");
    assert!(refused.to_string().contains("no version v9") && refused.to_string().contains("v2, v1"), "{refused}");
    let broken = json.replace("\"terminal\": true,", "");
    let before = stage.simulator.calls().len();
    let refused = flow(&stage, FlowRequest::Write { connection, id: id.clone(), json: broken, accepted: None })
        .await
        .expect_err("refused");
    assert!(refused.to_string().contains("F14"), "{refused}");
    assert_eq!(stage.simulator.calls().len(), before, "nobody was asked");
    let deprecate = |typed: &str| FlowRequest::Deprecate { connection, id: id.clone(), typed: typed.into() };
    assert!(flow(&stage, deprecate("sign_up")).await.expect_err("a draft").to_string().contains("draft"));
    flow(&stage, FlowRequest::Publish { connection, id: id.clone() }).await.expect("published");
    assert!(detail(&stage, connection, &id).await.checks.iter().all(|check| check.done));
    let delete = FlowRequest::Delete { connection, id: id.clone(), typed: "sign_up".into() };
    assert!(flow(&stage, delete.clone()).await.expect_err("published").to_string().contains("Deprecate it instead"));
    flow(&stage, deprecate("sign up")).await.expect_err("not typed");
    flow(&stage, deprecate("sign_up")).await.expect("deprecated");
    let (connection, id) = (
        connection,
        flow(&stage, FlowRequest::Create { connection, name: "other".into(), json, accepted: None })
            .await
            .expect("made")
            .created_id
            .expect("an id"),
    );
    flow(&stage, FlowRequest::Delete { connection, id, typed: "other".into() }).await.expect("deleted");
    assert_eq!(stage.simulator.flows().len(), 1);
}

#[tokio::test]
async fn a_dynamic_flow_says_what_is_missing_until_it_works() {
    let stage = Stage::set().await;
    let (connection, id) = made(&stage, "booking").await;
    let open = async || -> Vec<String> {
        let told = detail(&stage, connection, &id).await;
        told.checks.into_iter().filter(|check| !check.done).map(|check| check.what).collect()
    };
    assert_eq!(
        open().await,
        [
            "encryption is set up",
            "the endpoint's code is uploaded",
            "the code is deployed",
            "the endpoint is registered",
            "it is published"
        ]
    );
    let publish = FlowRequest::Publish { connection, id: id.clone() };
    let refused = flow(&stage, publish.clone()).await.expect_err("too early");
    assert!(refused.to_string().contains("139002"), "{refused}");
    let arrow =
        FlowRequest::SetCode { connection, id: id.clone(), code: "export default () => {}".into(), accepted: None };
    assert!(flow(&stage, arrow).await.expect_err("no handler").to_string().contains("C1"));
    assert!(flow(&stage, FlowRequest::Register { connection, id: id.clone() }).await.is_err(), "not deployed");
    flow(&stage, FlowRequest::Encrypt { connection, id: id.clone() }).await.expect("encrypted");
    flow(&stage, FlowRequest::SetCode { connection, id: id.clone(), code: starter::FLOW_CODE.into(), accepted: None })
        .await
        .expect("code");
    flow(&stage, FlowRequest::Deploy { connection, id: id.clone() }).await.expect("deployed");
    flow(&stage, FlowRequest::Register { connection, id: id.clone() }).await.expect("registered");
    assert_eq!(open().await, ["it is published"]);
    flow(&stage, publish).await.expect("published");
    assert_eq!(open().await, Vec::<String>::new());
    let FlowAnswer::Lines(log) = ask(&stage, FlowQuery::Logs { connection, id: id.clone() }).await else {
        panic!("a log")
    };
    assert_eq!(log[0].said.as_received(), "deployed");
}

#[tokio::test]
async fn a_flow_is_sent_in_a_thread_and_its_answer_is_read_as_fields() {
    let mut stage = Stage::set().await;
    let (connection, id) = made(&stage, "sign_up").await;
    let send = FlowRequest::Send {
        connection,
        id: id.clone(),
        to: PhoneNumber::parse("+15550100002").expect("a number"),
        body: "Join us?".into(),
        button: "Sign up".into(),
        screen: Some("WELCOME".into()),
    };
    assert!(flow(&stage, send.clone()).await.expect_err("nobody wrote").to_string().contains("has not written"));
    stage.says(&rosa(), "hello").await;
    flow(&stage, send).await.expect("queued");
    stage.send().await;
    let sent = stage.simulator.accepted().pop().expect("sent");
    let asked = &sent.object["action"]["parameters"];
    assert_eq!(
        (asked["mode"].as_str(), asked["flow_cta"].as_str(), asked["flow_action_payload"]["screen"].as_str()),
        (Some("draft"), Some("Sign up"), Some("WELCOME"))
    );
    assert_eq!(asked["flow_id"], stage.simulator.flows()[0].0["meta_flow_id"], "by the id of the network below");
    assert!(asked["flow_token"].as_str().expect("a token").len() > 20);
    let answer = json!({ "message": { "id": "wamid.FORM", "type": "interactive", "timestamp": (stage.now().millis() / 1_000).to_string(), "from": "15550100002",
            "context": { "id": sent.id }, "kapso": { "direction": "inbound", "status": "received", "origin": "cloud_api", "flow_name": "sign_up" },
            "interactive": { "type": "nfm_reply", "nfm_reply": { "name": "flow", "body": "Sent",
                "response_json": json!({ "flow_token": asked["flow_token"], "full_name": "Rosa Field", "news": true }).to_string() } } },
        "conversation": { "id": "c", "phone_number": "15550100002", "phone_number_id": SUPPORT }, "phone_number_id": SUPPORT });
    stage.simulator.post_raw("whatsapp.message.received", &answer);
    stage.deliver().await;
    let thread = stage.thread().await.id;
    let words = stage
        .messages(thread)
        .await
        .into_iter()
        .find(|one| one.provider_message_id.as_deref() == Some("wamid.FORM"))
        .expect("here")
        .text;
    assert_eq!(words.lines(), ["filled the form sign_up", "full_name: Rosa Field", "news: true"]);
    stage.simulator.add_flow_response("sign_up",
        json!({ "id": "1", "created_at": "2026-06-01T09:00:00Z", "phone_number": "15550100002", "response": { "full_name": "Rosa Field", "news": true } }),
        json!({ "id": "i", "status_code": 500, "duration_ms": 131, "request_body": { "a": 1 }, "response_body": { "error": "boom" }, "error_message": "boom", "created_at": "2026-06-01T09:00:00Z" }));
    let FlowAnswer::Responses(list) = ask(&stage, FlowQuery::Responses { connection, id: id.clone() }).await else {
        panic!("answers")
    };
    assert_eq!(list[0].fields[0].1.as_received(), "Rosa Field");
    let FlowAnswer::Lines(calls) = ask(&stage, FlowQuery::Invocations { connection, id }).await else {
        panic!("calls")
    };
    assert!(calls[0].bad && calls[0].said.as_received().contains("boom"), "{calls:?}");
}

#[tokio::test]
async fn a_person_makes_edits_and_tests_a_flow_by_keys() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "6").await;
    sitting.sees("No Flows.");
    sitting.press(&stage, "n").await;
    sitting.types(&stage, "sign").await;
    sitting.press(&stage, "enter").await;
    sitting.press(&stage, "ctrl-s").await;
    sitting.sees("sign_up");
    sitting.sees("draft");
    sitting.press(&stage, "enter").await;
    sitting.sees("Steps before it can be sent");
    sitting.sees("✓ the JSON is valid");
    sitting.press(&stage, "esc").await;
    let text = starter::flow("sign_up").expect("a starter").text;
    sitting.editor = Some(text.replace("\"WELCOME\"", "\"WELCOME_1\""));
    sitting.press(&stage, "E").await;
    sitting.sees("F9");
    sitting.editor = Some(text.replace("Join us", "Be one of us"));
    sitting.press(&stage, "e").await;
    sitting.sees("No problems found");
    sitting.press(&stage, "s y").await;
    assert_eq!(stage.simulator.flows()[0].1, 2, "a second version");
    sitting.press(&stage, "enter").await;
    sitting.sees("v2");
    sitting.press(&stage, "v enter").await;
    sitting.sees("Be one of us");
    sitting.press(&stage, "esc esc t").await;
    sitting.types(&stage, "+15550100002").await;
    sitting.press(&stage, "ctrl-s").await;
    stage.send().await;
    assert_eq!(stage.simulator.accepted().last().expect("sent").kind, "interactive");
    // And from the thread itself.
    sitting.press(&stage, "2 enter").await;
    sitting.press(&stage, "f enter").await;
    sitting.sees("Send sign_up");
    sitting.sees("+15550100002");
    sitting.press(&stage, "ctrl-s").await;
    stage.pass(Duration::from_secs(10));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 2);
    // The endpoint's log is followed while it is read.
    sitting.press(&stage, "6 i").await;
    sitting.sees("No log entries.");
    stage.simulator.add_flow_response("sign_up", json!({}), json!({ "status_code": 200, "duration_ms": 7, "request_body": {}, "response_body": {}, "created_at": "2026-06-01T09:00:00Z" }));
    for _ in 0..2 {
        stage.pass(Duration::from_secs(60));
        sitting.look_up(&stage).await;
    }
    sitting.sees("7 ms");
}

#[tokio::test]
async fn an_error_of_the_linter_is_accepted_by_rule_with_a_reason_that_the_audit_keeps() {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    // A text of mixed type is refused with F5.
    let json =
        starter::flow("sign_up").expect("a starter").text.replace("\"label\": \"", "\"visible\": 1, \"label\": \"");
    let create = FlowRequest::Create { connection, name: "sample".into(), json: json.clone(), accepted: None };
    let refused = flow(&stage, create).await.expect_err("refused").to_string();
    assert!(refused.contains("F5 error"), "{refused}");
    let accepting = |rules: &[&str], reason: &str, json: &str| FlowRequest::Create {
        connection,
        name: "sample".into(),
        json: json.into(),
        accepted: Some(AcceptedErrors {
            rules: rules.iter().map(|&rule| rule.to_owned()).collect(),
            reason: reason.into(),
        }),
    };
    let before = stage.simulator.calls().len();
    for (rules, reason) in [(&["F23"][..], "a sample"), (&["F5"], " "), (&[], "a sample")] {
        flow(&stage, accepting(rules, reason, &json)).await.expect_err("not accepted");
    }
    flow(&stage, accepting(&["F1"], "a sample", "{")).await.expect_err("not JSON");
    assert_eq!(stage.simulator.calls().len(), before, "the provider was not called");
    flow(&stage, accepting(&["f5"], "sample of the provider", &json)).await.expect("created");
    assert_eq!(stage.simulator.flows().len(), 1);
    let audit = AgentQuery::Audit { subject: String::new(), limit: 5, before: None };
    let Answer::Agent(answer) = stage.ask(Query::Agent(audit)).await else { panic!("the audit") };
    let AgentsAnswer::Audit(rows) = *answer else { panic!("the audit") };
    let kept = rows.iter().find(|row| row.action == "create_flow").expect("recorded");
    assert!(kept.detail.contains("accepting errors of F5: sample of the provider"), "{kept:?}");
}
