//! Webhooks on file at the provider, and any other request to it.

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::numbers::connection::Check;
use wadeck::domain::numbers::number::{NumberAnswer, NumberQuery};
use wadeck::domain::numbers::registration::{Registration, WebhookDraft, WebhookRequest, WebhookScope};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::operations::{self, OperationError};

use crate::numbers::{ask, kapso, list, support};
use crate::sitting::Sitting;
use crate::stage::{SUPPORT, Stage, rosa};

async fn webhooks(stage: &Stage, connection: ConnectionId) -> Vec<Registration> {
    match ask(stage, NumberQuery::Webhooks { connection }).await {
        NumberAnswer::Webhooks(list) => list,
        other => panic!("{other:?}"),
    }
}

async fn webhook(stage: &Stage, request: WebhookRequest) -> Result<Done, OperationError> {
    stage.act(Request::Webhook(request)).await
}

#[tokio::test]
async fn webhooks_are_made_changed_switched_tried_and_deleted() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    assert_eq!(webhooks(&stage, connection).await.len(), 2, "the number's and the project's");
    let make = |draft: WebhookDraft, project| WebhookRequest::Create { connection, project, draft: Box::new(draft) };
    let twice = webhook(&stage, make(WebhookDraft::default(), false)).await.expect_err("the same address");
    assert!(twice.to_string().contains("twice"), "{twice}");
    let url = Some("https://hooks.example.net/other".to_owned());
    let pair = WebhookDraft {
        url: url.clone(),
        events: Some(vec!["whatsapp.message.received".into()]),
        ..WebhookDraft::default()
    };
    let refused = webhook(&stage, make(pair, true)).await.expect_err("messages for a project");
    assert!(refused.to_string().contains("A project's webhook never receives"), "{refused}");
    let asked =
        stage.simulator.calls().iter().filter(|call| call.starts_with("POST") && call.ends_with("/webhooks")).count();
    assert_eq!(asked, 0, "the provider was not asked");
    let nothing_received = WebhookDraft {
        url: url.clone(),
        events: Some(vec!["whatsapp.message.sent".into()]),
        buffer_enabled: Some(true),
        ..WebhookDraft::default()
    };
    let refused = webhook(&stage, make(nothing_received, false)).await.expect_err("nothing to buffer");
    assert!(refused.to_string().contains("Only received messages are buffered"), "{refused}");
    let draft = WebhookDraft {
        url,
        headers: Some([("X-From".to_owned(), "wadeck".to_owned())].into()),
        buffer_enabled: Some(true),
        buffer_seconds: Some(5),
        buffer_most: Some(20),
        inactivity_minutes: Some(30),
        ..WebhookDraft::default()
    };
    let id = webhook(&stage, make(draft, false)).await.expect("made").created_id.expect("an id");
    let made = webhooks(&stage, connection).await.into_iter().find(|one| one.id == id).expect("listed");
    assert_eq!(
        (made.active, made.buffer.map(|buffer| (buffer.seconds, buffer.most)), made.inactivity_minutes),
        (true, Some((5, 20)), Some(30))
    );
    assert_eq!(made.headers, ["X-From"]);
    assert!(!format!("{made:?}").contains(crate::stage::SECRET), "the secret stays where it is");
    assert_eq!(
        stage.simulator.webhooks().last().expect("registered")["secret_key"],
        crate::stage::SECRET,
        "signed with one of ours"
    );
    let change = |draft: WebhookDraft| WebhookRequest::Update { connection, id: id.clone(), draft: Box::new(draft) };
    webhook(&stage, change(WebhookDraft { active: Some(false), ..WebhookDraft::default() })).await.expect("off");
    webhook(&stage, change(WebhookDraft { buffer_seconds: Some(99), ..WebhookDraft::default() }))
        .await
        .expect_err("bounds");
    assert!(!webhooks(&stage, connection).await.iter().find(|one| one.id == id).expect("there").active);
    let delete = |typed: &str| WebhookRequest::Delete { connection, id: id.clone(), typed: typed.into() };
    webhook(&stage, delete("yes")).await.expect_err("not typed");
    webhook(&stage, delete(&id)).await.expect("deleted");
    assert_eq!(webhooks(&stage, connection).await.len(), 2);
    let own = webhooks(&stage, connection)
        .await
        .into_iter()
        .find(|one| matches!(one.scope, WebhookScope::Number(_)))
        .expect("ours");
    webhook(&stage, WebhookRequest::Test { connection, id: own.id, event: None }).await.expect("tried");
    stage.deliver().await;
    let proofs = list(&stage).await.connected[0].checks.clone();
    assert!(proofs.iter().any(|proof| proof.check == Check::Public && proof.works), "{proofs:?}");
}

#[tokio::test]
async fn any_request_can_be_made_with_its_secrets_masked_and_its_changes_audited() {
    let stage = Stage::set().await;
    let call = |method: &str, path: &str, body: Option<&str>| Request::Call {
        provider: kapso(),
        method: method.into(),
        path: path.into(),
        body: body.map(str::to_owned),
        connection: None,
    };
    let told = stage.act(call("get", "/platform/v1/whatsapp/webhooks", None)).await.expect("asked").message;
    assert!(told.contains("\"secret_key\": \"***\"") && !told.contains(crate::stage::SECRET), "{told}");
    let operator = Actor::Operator { name: "noor".into(), role: Role::Operator };
    let make = || call("POST", "/platform/v1/customers", Some(r#"{"customer":{"name":"Lumen"}}"#));
    operations::perform(&stage.system, &operator, make()).await.expect_err("changing takes an admin");
    stage.act(make()).await.expect("made");
    assert_eq!(stage.simulator.customers().len(), 1);
    let Answer::Activity(rows) = stage.ask(Query::Activity { text: String::new(), limit: 20 }).await else {
        panic!("rows")
    };
    assert!(rows.iter().any(|row| row.text.line().contains("POST /platform/v1/customers returned 201")), "{rows:?}");
    for (method, path) in [("GET", "platform"), ("GET", "//elsewhere/x"), ("GE T", "/x")] {
        stage.act(call(method, path, None)).await.expect_err(path);
    }
    let missing = stage.act(call("GET", "/platform/v1/nothing", None)).await.expect_err("it is not there");
    assert!(missing.to_string().contains("answered 404"), "{missing}");
}

#[tokio::test]
async fn a_webhook_that_the_provider_paused_is_noticed_and_switched_on_by_key() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    stage.simulator.switch_webhook(false);
    stage.act(Request::CheckConnection { connection }).await.expect("asked");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1").await;
    sitting.sees("disabled at the provider");
    sitting.press(&stage, "W").await;
    sitting.sees("OFF: nothing is delivered");
    sitting.press(&stage, "enter").await;
    sitting.press(&stage, "down enter").await;
    assert!(stage.simulator.webhooks().iter().any(|one| one["phone_number_id"] == SUPPORT && one["active"] == true));
    stage.says(&rosa(), "are you there?").await;
    assert_eq!(stage.threads().await.len(), 1);
}

#[tokio::test]
async fn a_test_of_a_webhook_that_is_off_or_leads_elsewhere_says_what_is_so() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    let draft = WebhookDraft { url: Some("https://hooks.example.net/other".into()), ..WebhookDraft::default() };
    let make = WebhookRequest::Create { connection, project: false, draft: Box::new(draft) };
    let id = webhook(&stage, make).await.expect("made").created_id.expect("an id");
    let test = || WebhookRequest::Test { connection, id: id.clone(), event: None };
    let said = webhook(&stage, test()).await.expect("asked for").message;
    assert!(said.contains("https://hooks.example.net/other") && said.contains("does not lead here"), "{said}");
    assert!(
        stage.simulator.calls().iter().any(|call| call.starts_with("POST") && call.contains("/test")),
        "it was asked for"
    );
    // Nobody waits here for what arrives elsewhere.
    stage.pass(std::time::Duration::from_secs(120));
    operations::watch(&stage.system).await.expect("watched");
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 10 }).await else { panic!("alerts") };
    assert!(alerts.iter().all(|alert| alert.kind != "canary"), "{alerts:?}");
    let off = WebhookDraft { active: Some(false), ..WebhookDraft::default() };
    let off = WebhookRequest::Update { connection, id: id.clone(), draft: Box::new(off) };
    webhook(&stage, off).await.expect("switched off");
    let refused = webhook(&stage, test()).await.expect_err("it is off");
    assert!(refused.to_string().contains("switched off at the provider"), "{refused}");
    stage.deliver().await;
}
