//! Numbers that are none, from outside and in rows of before.

use serde_json::{Value, json};
use wadeck::domain::agents::run::RunState;

use crate::cases::{alerts, deliveries, detail, enveloped, note, only, post, stage, text};
use crate::stage::{MORNING, Stage};

const ANA: &str = "15551600001";

fn message(kind: &str, object: &Value) -> Value {
    json!({ "id": "wamid.ODD", "from": ANA, "timestamp": (MORNING / 1_000).to_string(), "type": kind, kind: object })
}

async fn comes(stage: &mut Stage, message: &Value) {
    post(stage, "/webhook/meta", &[], &enveloped(json!([]), json!([message]))).await;
}

fn place(latitude: &str) -> Value {
    message("location", &json!({ "latitude": latitude, "longitude": "12.5", "name": "Pier 4" }))
}

fn ordered(quantity: &str, price: &str) -> Value {
    let item = json!({ "product_retailer_id": "TEA-1", "quantity": quantity, "item_price": price, "currency": "EUR" });
    message("order", &json!({ "catalog_id": "77", "product_items": [item] }))
}

/// Puts a content into the row of the only message, as another version might have left it.
async fn left_as(stage: &Stage, content: &Value) {
    let url = format!("sqlite://{}", stage.system.store().path().display());
    let mut line = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("opened");
    let left = sqlx::query("UPDATE messages SET content = $1").bind(content.to_string()).execute(&mut line).await;
    assert_eq!(left.expect("written").rows_affected(), 1);
}

#[tokio::test]
async fn what_is_no_number_is_kept_as_its_words_and_answered() {
    for (odd, words) in [
        (place("nan"), "latitude: nan"),
        (place("-inf"), "latitude: -inf"),
        (place("90.5"), "latitude: 90.5"),
        (ordered("nan", "4.50"), "quantity: nan"),
        (ordered("2", "inf"), "item_price: inf"),
        (ordered("-1", "4.50"), "quantity: -1"),
    ] {
        let mut stage = stage().await;
        comes(&mut stage, &odd).await;
        let (_, shown) = only(&stage).await;
        assert!(shown.text.line().contains(words), "{:?}", shown.text);
        stage.answer().await;
        assert_eq!(stage.simulator.send_requests(), 1, "{words}");
    }
}

#[tokio::test]
async fn a_row_whose_number_was_lost_is_read_and_answered() {
    let item = json!({ "product": "TEA-1", "quantity": null, "price": null, "currency": "EUR" });
    for (odd, content, words) in [
        (
            place("48"),
            json!({ "type": "location", "latitude": null, "longitude": 12.5, "name": "Pier 4", "address": null }),
            "[location without readable coordinates] Pier 4",
        ),
        (
            ordered("2", "4.50"),
            json!({ "type": "order", "catalog": "77", "note": null, "items": [item] }),
            "[order]\n? × TEA-1",
        ),
    ] {
        let mut stage = stage().await;
        comes(&mut stage, &odd).await;
        left_as(&stage, &content).await;
        let (_, shown) = only(&stage).await;
        assert_eq!(detail(&stage, &shown).await.content.words().as_received(), words);
        stage.answer().await;
        assert_eq!(stage.simulator.send_requests(), 1, "{words}");
    }
}

#[tokio::test]
async fn a_run_that_meets_an_unreadable_row_fails_and_a_person_is_asked() {
    let mut stage = stage().await;
    comes(&mut stage, &place("48")).await;
    left_as(&stage, &json!({ "type": "location", "latitude": "north" })).await;
    stage.answer().await;
    let run = stage.run(1).await;
    assert_eq!(run.run.state, RunState::Failed);
    let waiting = stage.thread().await.waiting.expect("somebody waits");
    let reason = waiting.reason;
    assert!(
        reason.starts_with("the agent helper failed: its input could not be read: Unreadable value in table messages"),
        "{reason}"
    );
    assert_eq!(stage.overview().await.alerts, 1);
}

#[tokio::test]
async fn what_no_parser_takes_leaves_the_messages_around_it() {
    let deep = format!("{}{}", "[".repeat(130), "]".repeat(130));
    for (odd, mark) in [(deep.as_str(), ""), ("1e999", ""), ("1", "\u{feff}")] {
        let mut stage = stage().await;
        let mut strange = text("wamid.STRANGE", ANA, "the strange one");
        strange["x"] = "ODD".into();
        let both = json!([text("wamid.GOOD", ANA, "the good one"), strange]);
        let body = enveloped(json!([]), both).replace("\"ODD\"", odd);
        post(&mut stage, "/webhook/meta", &[], &format!("{mark}{body}")).await;
        let words: Vec<String> =
            stage.messages(stage.thread().await.id).await.iter().map(|one| one.text.line()).collect();
        assert_eq!(words, ["the good one", "the strange one"]);
        assert!(alerts(&stage).await.is_empty());
    }
}

#[tokio::test]
async fn a_number_of_our_own_never_becomes_a_contacts() {
    let mut stage = stage().await;
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([text("wamid.N1", ANA, "hello")]))).await;
    let before = stage.thread().await;
    let own = { stage.system.store().connections().await.expect("asked")[0].phone_number.digits().to_owned() };
    let moved = json!({ "from": ANA, "id": "wamid.MOVED", "timestamp": (MORNING / 1_000).to_string(), "type": "system",
        "system": { "body": format!("Ana changed from {ANA} to {own}"), "wa_id": own, "type": "user_changed_number" } });
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([moved]))).await;
    let after = stage.thread().await;
    assert_eq!((after.id, after.external_id), (before.id, before.external_id), "they keep the number that they had");
    assert_eq!(alerts(&stage).await, ["moved_to_own_number"]);
    let note = note(&deliveries(&stage).await[0]);
    assert!(note.contains("Not moved") && note.contains("our own number"), "{note}");
    // What they write next stands in the same thread, and is answered to them.
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([text("wamid.N2", ANA, "still me")]))).await;
    assert_eq!(stage.threads().await.len(), 1);
}
