//! What a message would cost is shown before it is sent: by the rate card, or as not known.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::costs::category::Category;
use wadeck::domain::costs::charge::{Charge, FreeReason};
use wadeck::domain::costs::thread::ThreadCosts;
use wadeck::domain::message::content::Content;
use wadeck::domain::outbox::job::BulkAction;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::SendFault;

use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

const RATES: &str = r#"
[[rates]]
market = "North America"
category = "service"
from = "2026-01-01"
price = "0.0034"
currency = "USD"
[[rates]]
market = "+1"
category = "utility"
from = "2026-01-01"
price = "0.0041"
currency = "USD"
"#;

/// Rosa wrote, and nobody answered; one utility template is approved.
async fn stage(rates: &str) -> Stage {
    let mut stage = Stage::with_config(&format!("{}{rates}", CONFIG.replace("agent = \"helper\"\n", ""))).await;
    stage.simulator.add_template(json!({ "id": "1", "name": "visit", "language": "en", "category": "UTILITY",
        "status": "APPROVED", "components": [{ "type": "BODY", "text": "See you tomorrow." }] }));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    stage.says(&rosa(), "hello").await;
    stage
}

async fn costs(stage: &Stage) -> Option<Box<ThreadCosts>> {
    match stage.ask(Query::Thread { thread: stage.thread().await.id }).await {
        Answer::Thread(Some(row)) => row.costs,
        other => panic!("{other:?}"),
    }
}

async fn send(stage: &Stage) {
    let (thread, content) = (stage.thread().await.id, Box::new(Content::text("good morning")));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
}

#[tokio::test]
async fn the_composer_and_the_template_form_show_the_price_of_the_card() {
    let stage = stage(RATES).await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter").await;
    desk.sees("costs 0.0034 USD");
    desk.press(&stage, "T").await;
    desk.press(&stage, "enter").await;
    desk.sees("cost: 0.0041 USD");
}

#[tokio::test]
async fn without_a_card_nothing_is_called_free() {
    let stage = stage("").await;
    assert_eq!(costs(&stage).await, None);
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter").await;
    desk.press(&stage, "T").await;
    desk.press(&stage, "enter").await;
    desk.sees("cost: not known");
    desk.does_not_see("free");
}

#[tokio::test]
async fn a_thread_has_its_sum_and_a_free_entry_point_window_is_the_reason_for_free() {
    let mut stage = stage(RATES).await;
    let before = costs(&stage).await.expect("a card");
    assert_eq!(before.next_of(Some(Category::Service)).to_string(), "0.0034 USD");
    assert_eq!(
        before.next_of(Some(Category::Marketing)).to_string(),
        "not known (no rate for marketing in United States and Canada)"
    );
    send(&stage).await;
    assert_eq!(stage.send().await, 1);
    let id = stage.messages(stage.thread().await.id).await.remove(1).provider_message_id.expect("accepted");
    let seconds = stage.now().millis() / 1_000;
    let told = |status: &str, more: serde_json::Value| {
        let mut told =
            json!({ "id": id, "status": status, "timestamp": seconds.to_string(), "recipient_id": "15550100002" });
        for (name, value) in more.as_object().expect("an object") {
            told[name] = value.clone();
        }
        json!({ "message": { "id": id, "timestamp": seconds.to_string(), "type": "text", "text": { "body": "x" },
            "kapso": { "direction": "outbound", "status": status, "statuses": [told] } },
            "conversation": { "id": "c", "phone_number": "+15550100002" }, "phone_number_id": SUPPORT })
    };
    let pricing = json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "service" });
    let window = json!({ "id": "e", "expiration_timestamp": (seconds + 90_000).to_string(),
        "origin": { "type": "referral_conversion" } });
    let delivered = told("delivered", json!({ "pricing": pricing }));
    stage.simulator.post_raw("whatsapp.message.delivered", &delivered);
    stage.deliver().await;
    assert_eq!(costs(&stage).await.expect("a card").sent.amounts.to_string(), "0.0034 USD");
    stage.simulator.post_raw("whatsapp.message.read", &told("read", json!({ "conversation": window })));
    stage.deliver().await;
    let free = costs(&stage).await.expect("a card").next_of(Some(Category::Marketing));
    assert_eq!(free, Charge::Free { reason: FreeReason::FreeEntryPoint });
    stage.pass(Duration::from_secs(90_001));
    let later = costs(&stage).await.expect("a card").next_of(Some(Category::Service));
    assert!(matches!(later, Charge::Charged { .. }), "{later:?}");
}

#[tokio::test]
async fn a_bulk_preview_and_expiring_windows_say_what_sending_costs() {
    for (rates, bulk, expiring) in [
        (RATES, "Predicted cost: 0.0034 USD.", "utility 0.0041 USD, marketing not known"),
        ("", "Predicted cost: not known, 1 (no rate card is configured 1).", "cost not known (no rate card"),
    ] {
        let stage = stage(rates).await;
        let Answer::Radar(rows) = stage.ask(Query::Radar { limit: 5 }).await else { panic!() };
        assert!(rows.len() == 1 && rows[0].cost.contains(expiring), "{rows:?}");
        send(&stage).await;
        stage.simulator.next_send(SendFault::graph(400, 131_026, "Message undeliverable"));
        stage.send().await;
        let query = Query::Bulk { action: BulkAction::Retry, text: "status:failed".into() };
        let Answer::Bulk(preview) = stage.ask(query).await else { panic!() };
        let words = preview.words(BulkAction::Retry);
        assert!(words.contains(bulk), "{words}");
    }
}
