//! What proves what: a test of the provider's proves the way of webhooks, and only somebody who writes proves that the
//! number is reached.

use serde_json::{Value, json};
use wadeck::domain::numbers::connected::ConnectionView;
use wadeck::domain::numbers::connection::{Check, CheckResult};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::Saying;

use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

async fn view(stage: &Stage) -> ConnectionView {
    let Answer::Connections(rows) = stage.ask(Query::Connections).await else { panic!("connections") };
    rows.connected.into_iter().next().expect("there")
}

async fn proof(stage: &Stage, hop: Check) -> Option<CheckResult> {
    view(stage).await.checks.into_iter().find(|proof| proof.check == hop)
}

/// Whether what a phone has to do is still to be done.
async fn a_phone_is_waited_for(stage: &Stage) -> bool {
    let view = view(stage).await;
    let chore = view.chores.iter().find(|chore| chore.place == "a phone").expect("a phone has something to do");
    view.last_check(chore).is_none()
}

async fn quiet() -> Stage {
    Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await
}

#[tokio::test]
async fn a_test_proves_the_way_of_webhooks_alone_and_says_so() {
    let mut stage = quiet().await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Test("this is a test".into()));
    stage.deliver().await;
    let signed = proof(&stage, Check::Signature).await.expect("the way is proved");
    assert!(signed.works && signed.note.contains("a test webhook of the provider"), "{signed:?}");
    assert_eq!(proof(&stage, Check::Inbound).await, None);
    assert!(a_phone_is_waited_for(&stage).await, "no phone wrote");
    assert_eq!(view(&stage).await.proved_at(), None, "nothing outside was proved");

    let connection = view(&stage).await.connection.id;
    let said = stage.act(Request::Canary { connection }).await.expect("asked for").message;
    assert!(said.contains("verifies webhooks only"), "{said}");
    stage.deliver().await;
    assert!(proof(&stage, Check::Public).await.expect("it came back").note.contains("the test webhook arrived"));
    assert_eq!(proof(&stage, Check::Inbound).await, None);
    assert!(a_phone_is_waited_for(&stage).await);

    stage.says(&rosa(), "hello").await;
    assert!(proof(&stage, Check::Inbound).await.expect("somebody wrote").works);
    assert!(!a_phone_is_waited_for(&stage).await);
}

#[tokio::test]
async fn what_is_told_of_our_own_messages_and_of_numbers_does_not_show_that_people_reach_us() {
    let mut stage = quiet().await;
    let echo = |test: bool| -> Value {
        json!({ "test": test, "message": { "id": "wamid.ECHO", "to": rosa().phone, "timestamp": "1780304400", "type": "text",
            "text": { "body": "from the phone app" },
            "kapso": { "direction": "outbound", "status": "sent", "origin": "business_app" } },
            "conversation": { "phone_number": "+15550100002" }, "phone_number_id": SUPPORT })
    };
    stage.simulator.post_raw("whatsapp.message.sent", &echo(false));
    stage
        .simulator
        .post_raw("whatsapp.phone_number.created", &json!({ "phone_number_id": SUPPORT, "customer": { "id": "c" } }));
    stage.deliver().await;
    assert!(proof(&stage, Check::Signature).await.is_some_and(|proof| proof.works));
    assert_eq!(proof(&stage, Check::Inbound).await, None);
    assert!(a_phone_is_waited_for(&stage).await);
    operations::check_all(&stage.system).await.expect("checked");
    assert!(a_phone_is_waited_for(&stage).await);
}
