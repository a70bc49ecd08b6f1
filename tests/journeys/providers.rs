//! What is so over one provider only.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::status::DeliveryStatus;
use wadeck::operations;
use wadeck::twin::Saying;

use crate::conformance::{DIRECT, WIRES, stage, write};
use crate::stage::{Stage, rosa};

#[tokio::test]
async fn the_platform_asks_whether_the_address_is_ours() {
    let stage = stage(&WIRES[2]).await;
    let base = format!("http://{}", stage.address);
    assert_eq!(stage.twin.shake_hands(&base, "twin-verify").await.as_deref(), Some("1158201444"));
    assert_eq!(stage.twin.shake_hands(&base, "another").await, None);
}

#[tokio::test]
async fn a_sandbox_is_slow_and_lets_in_only_who_joined() {
    let text = "organization = \"lumen\"\n[[connections]]\nname = \"sandbox\"\nprovider = \"twilio\"\n\
                phone_number = \"+14155238886\"\njoin_code = \"quiet-river\"\n";
    let mut stage = Stage::with_config(text).await;
    stage.twin.add_sender("14155238886", true);
    stage.twin.subscribe(&format!("http://{}", stage.address));
    let says = |stage: &Stage, words: &str| stage.twin.says("14155238886", &rosa(), &Saying::text(words));
    says(&stage, "hello");
    stage.deliver().await;
    operations::check_all(&stage.system).await.expect("checked");
    let connection = stage.system.store().connections().await.expect("asked").remove(0);
    assert_eq!(connection.kind.mark(), Some("SANDBOX"));
    let thread = stage.thread().await.id;
    write(&stage, thread, "one").await;
    write(&stage, thread, "two").await;
    assert_eq!(stage.send().await, 1, "one in three seconds");
    stage.pass(Duration::from_secs(3));
    assert_eq!(stage.send().await, 1);
    stage.pass(Duration::from_secs(10));
    stage.deliver().await;
    let failed = stage.messages(thread).await[1].error.clone().expect("not joined");
    assert_eq!(failed.code, "63015");
    says(&stage, "join quiet-river");
    stage.deliver().await;
    write(&stage, thread, "three").await;
    stage.send().await;
    stage.pass(Duration::from_secs(10));
    stage.deliver().await;
    assert_eq!(stage.messages(thread).await.pop().expect("there").status, DeliveryStatus::Read);
}

#[tokio::test]
async fn the_platform_speaks_of_templates_and_people_hear_the_bad_news() {
    let mut stage = stage(&WIRES[2]).await;
    stage.twin.add_template(json!({ "id": "1", "name": "visit", "language": "en", "category": "UTILITY",
        "status": "APPROVED", "parameter_format": "POSITIONAL", "rejected_reason": "NONE",
        "components": [{ "type": "BODY", "text": "Hello there." }] }));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let status = |event: &str| {
        json!({ "object": "whatsapp_business_account", "phone_number_id": DIRECT, "entry": [{ "id": "102290129340399",
            "time": 1, "changes": [{ "field": "message_template_status_update", "value": { "event": event,
            "message_template_id": 1, "message_template_name": "visit", "message_template_language": "en",
            "reason": "NONE" } }] }] })
    };
    stage.twin.post_raw("raw", &status("PAUSED"));
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 1);
    let Answer::Templates(lists) = stage.ask(Query::Templates).await else { panic!("templates") };
    assert_eq!(lists[0].templates[0].status.name(), "PAUSED");
    stage.twin.post_raw("raw", &status("REINSTATED"));
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 0, "it is well again");
    let alert = json!({ "object": "whatsapp_business_account", "phone_number_id": DIRECT, "entry": [{
        "id": "102290129340399", "time": 1, "changes": [{ "field": "account_alerts", "value": { "entity_type": "WABA",
        "entity_id": "1", "alert_info": { "alert_severity": "CRITICAL", "alert_status": "ACTIVE",
        "alert_type": "PROFILE_PICTURE_LOST", "alert_description": "The picture is gone." } } }] }] });
    stage.twin.post_raw("raw", &alert);
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 1);
}
