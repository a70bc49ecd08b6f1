//! What messages cost: what providers report is stored and shown, whatever the order in which it arrives.

use serde_json::{Value, json};
use wadeck::domain::message::content::Content;
use wadeck::domain::request::Request;
use wadeck::domain::view::MessageView;

use crate::cases::{CONFIG, ONE, detail, enveloped, post, stage_with, text, told};
use crate::stage::{MORNING, Stage};

const ANA: &str = "15551600001";

/// A stage on which a message of ours went out and no status arrived yet, and the provider's id of that message.
async fn sent() -> (Stage, String) {
    let mut stage = stage_with(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([text("wamid.IN", ANA, "hello")]))).await;
    let thread = stage.thread().await.id;
    let content = Box::new(Content::text("good morning"));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    stage.simulator.forget_webhooks();
    let id = ours(&stage).await.provider_message_id.expect("accepted");
    (stage, id)
}

async fn ours(stage: &Stage) -> MessageView {
    stage.messages(stage.thread().await.id).await.pop().expect("a message")
}

/// A status after so many seconds, with its pricing.
fn status(id: &str, status: &str, after: i64, pricing: Value) -> Value {
    let at = (MORNING / 1_000 + after).to_string();
    let mut told = json!({ "id": id, "status": status, "timestamp": at, "recipient_id": ANA });
    for (name, value) in pricing.as_object().into_iter().flatten() {
        told[name] = value.clone();
    }
    told
}

fn pricing(billable: bool, kind: &str, category: &str) -> Value {
    json!({ "pricing": { "billable": billable, "pricing_model": "PMP", "type": kind, "category": category } })
}

fn reported(statuses: &[&Value]) -> String {
    let value = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550783881", "phone_number_id": ONE }, "statuses": statuses });
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }] })
    .to_string()
}

#[tokio::test]
async fn the_pricing_of_a_message_is_the_same_in_any_order_of_its_statuses() {
    let steps = |id: &str| {
        let window = json!({ "conversation": { "id": "c1", "expiration_timestamp": "1795989000",
            "origin": { "type": "referral_conversion" } } });
        [
            status(id, "sent", 1, window),
            status(id, "delivered", 5, pricing(true, "regular", "utility")),
            status(id, "read", 9, json!({})),
        ]
    };
    let mut found = vec![];
    for order in [vec![0, 1, 2], vec![2, 1, 0], vec![1, 1, 2, 0, 1], vec![2, 0, 0, 1]] {
        for together in [true, false] {
            let (mut stage, id) = sent().await;
            let steps = steps(&id);
            let chosen: Vec<&Value> = order.iter().map(|at| &steps[*at]).collect();
            if together {
                post(&mut stage, "/webhook/meta", &[], &reported(&chosen)).await;
            } else {
                for one in chosen {
                    post(&mut stage, "/webhook/meta", &[], &reported(&[one])).await;
                }
            }
            found.push(serde_json::to_value(detail(&stage, &ours(&stage).await).await.pricing).expect("JSON"));
        }
    }
    for one in &found {
        assert_eq!(one, &found[0]);
    }
    let (statement, conversation) = (&found[0]["statement"], &found[0]["conversation"]);
    assert_eq!((&statement["category"], &statement["status"]), (&json!("utility"), &json!("delivered")));
    assert_eq!((&conversation["origin"], &conversation["status"]), (&json!("referral_conversion"), &json!("sent")));
}

#[tokio::test]
async fn details_of_a_message_name_what_the_provider_reported_about_its_charge() {
    let (mut stage, id) = sent().await;
    let before = told(&stage, &ours(&stage).await).await;
    assert!(!before.contains("pricing"), "{before}");
    let step = status(&id, "delivered", 5, pricing(false, "free_customer_service", "service"));
    post(&mut stage, "/webhook/meta", &[], &reported(&[&step])).await;
    let after = told(&stage, &ours(&stage).await).await;
    assert!(after.contains("pricing: not billable, service, free_customer_service, PMP (status delivered)"), "{after}");
}
