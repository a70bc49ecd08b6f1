//! What providers tell that cannot be so, or that they could not do: kept, marked and shown.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::message::content::Content;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::time::Timestamp;

use crate::cases::{ONE, deliveries, detail, enveloped, note, post, stage, told};
use crate::sitting::Sitting;
use crate::stage::{MORNING, Stage};

const ANA: &str = "15551600001";

fn message(id: &str, at: i64) -> Value {
    json!({ "id": id, "from": ANA, "timestamp": at.to_string(), "type": "text", "text": { "body": "hello" } })
}

async fn comes(stage: &mut Stage, message: &Value) {
    post(stage, "/webhook/meta", &[], &enveloped(json!([]), json!([message]))).await;
}

async fn status(stage: &mut Stage, id: &str, word: &str, at: i64) {
    let status = json!({ "id": id, "recipient_id": ANA, "status": word, "timestamp": at.to_string() });
    let value =
        json!({ "messaging_product": "whatsapp", "metadata": { "phone_number_id": ONE }, "statuses": [status] });
    let body = json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }] });
    post(stage, "/webhook/meta", &[], &body.to_string()).await;
}

#[tokio::test]
async fn a_time_that_cannot_be_is_that_of_arrival_and_says_so() {
    let ten_days_ahead = MORNING / 1_000 + 10 * 86_400;
    for (at, spelt) in [(0, "1970-01-01T00:00:00Z"), (ten_days_ahead, "2026-06-11T09:00:00Z")] {
        let mut stage = stage().await;
        stage.pass(Duration::from_secs(30));
        let now = stage.now();
        comes(&mut stage, &message("wamid.ODD", at)).await;
        let thread = stage.thread().await;
        assert_eq!(
            (thread.last_message_at, thread.window_closes_at),
            (now, Some(now.plus(Duration::from_secs(86_400))))
        );
        let shown = stage.messages(thread.id).await.remove(0);
        assert_eq!(shown.created_at, now, "it stands where it came");
        assert!(shown.text.lines().join(" ").contains(spelt), "{:?}", shown.text);
        let rows = told(&stage, &shown).await;
        assert!(rows.contains(&format!("reported time: {spelt}, which is impossible")), "{rows}");
        // It is no reason not to answer.
        stage.answer().await;
        assert_eq!(stage.simulator.send_requests(), 1, "{spelt}");
    }
    let mut stage = stage().await;
    comes(&mut stage, &message("wamid.RIGHT", MORNING / 1_000)).await;
    let shown = stage.messages(stage.thread().await.id).await.remove(0);
    assert_eq!(shown.text.line(), "hello");
}

#[tokio::test]
async fn a_status_at_a_time_that_cannot_be_is_that_of_arrival_and_says_so() {
    let mut stage = stage().await;
    comes(&mut stage, &message("wamid.FIRST", MORNING / 1_000)).await;
    let thread = stage.thread().await.id;
    let content = Box::new(Content::text("hi"));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    stage.send().await;
    let id = stage.simulator.accepted()[0].id.clone();
    stage.pass(Duration::from_secs(30));
    let now = stage.now();
    status(&mut stage, &id, "delivered", MORNING / 1_000 + 10 * 86_400).await;
    status(&mut stage, &id, "read", 0).await;
    status(&mut stage, &id, "teleported", 0).await;
    let ours = stage.messages(thread).await.pop().expect("ours");
    let told = detail(&stage, &ours).await;
    assert_eq!(told.statuses.len(), 2, "{told:?}");
    assert!(told.statuses.iter().all(|status| status.at == now), "{:?}", told.statuses);
    assert_eq!(told.statuses[1].told_at, Some(Timestamp::EPOCH));
    assert_eq!((told.other_statuses[0].at, told.other_statuses[0].told_at), (now, Some(Timestamp::EPOCH)));
    let Answer::Why(why) = stage.ask(Query::Why { id: ours.id.to_string() }).await else { panic!("why") };
    assert_eq!(why.cause, "read");
    let odd = why.chain.iter().filter(|cause| cause.said.contains("is impossible")).count();
    assert_eq!(odd, 2, "{why:#?}");
}

#[tokio::test]
async fn every_error_that_came_with_a_message_is_kept_and_shown() {
    let mut stage = stage().await;
    let mut broken = message("wamid.BROKEN", MORNING / 1_000);
    broken["errors"] = json!([
        { "code": 131_052, "title": "Media download error", "error_data": { "details": "the picture could not be downloaded" } },
        { "code": 130_429, "title": "Rate limit hit" },
    ]);
    comes(&mut stage, &broken).await;
    let thread = stage.thread().await;
    let shown = stage.messages(thread.id).await.remove(0);
    let line = shown.text.lines().join(" ");
    for said in ["hello", "131052 the picture could not be downloaded", "130429 Rate limit hit"] {
        assert!(line.contains(said), "{line}");
        assert!(said == "hello" || told(&stage, &shown).await.contains(said));
    }
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "enter").await;
    ada.sees("the provider says 131052");
}

#[tokio::test]
async fn an_edit_without_new_words_leaves_the_old_ones() {
    let edits = [
        json!({}),
        json!({ "message": { "type": "text" } }),
        json!({ "message": { "type": "text", "text": { "body": " " } } }),
        json!({ "message": { "type": "image", "image": {} } }),
        json!({ "message": { "type": "unsupported", "unsupported": { "type": "poll" } } }),
        json!({ "message": { "type": "revoke", "revoke": { "original_message_id": "wamid.FIRST" } } }),
    ];
    for mut edit in edits {
        for late in [false, true] {
            let mut stage = stage().await;
            edit["original_message_id"] = "wamid.FIRST".into();
            let edit = json!({ "id": "wamid.EDIT", "from": ANA, "timestamp": (MORNING / 1_000).to_string(),
                "type": "edit", "edit": edit });
            let mut both = vec![message("wamid.FIRST", MORNING / 1_000), edit.clone()];
            if late {
                both.reverse();
            }
            for one in &both {
                comes(&mut stage, one).await;
            }
            let all = stage.messages(stage.thread().await.id).await;
            let first = all.iter().find(|one| one.kind == "text").expect("the first message");
            assert_eq!(first.text.lines(), ["hello", "[edited]"], "{edit}");
            let change = all.iter().find(|one| one.kind == "edit").expect("the edit");
            assert_eq!(change.text.line(), "[edited a message] the new text was not sent", "{edit}");
            let rows = deliveries(&stage).await;
            let notes = rows.iter().filter(|row| note(row).starts_with("Edited; the new text was not sent")).count();
            assert_eq!(notes, 1, "{rows:?}");
        }
    }
}

#[tokio::test]
async fn what_speaks_of_an_unknown_message_says_so_on_its_delivery() {
    let mut stage = crate::cases::stage().await;
    let ana = "15551600001";
    let react = json!({ "id": "wamid.R", "from": ana, "timestamp": (MORNING / 1_000).to_string(), "type": "reaction",
        "reaction": { "message_id": "wamid.NOBODYS", "emoji": "\u{1f44d}" } });
    crate::cases::post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([react]))).await;
    let note = |rows: Vec<wadeck::domain::view::DeliveryRow>| crate::cases::note(&rows[0]);
    let said = note(crate::cases::deliveries(&stage).await);
    assert!(said.contains("reacts to wamid.NOBODYS") && said.contains("not known here"), "{said}");
    let status = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages",
        "value": { "messaging_product": "whatsapp", "metadata": { "phone_number_id": crate::cases::ONE }, "statuses": [
            { "id": "wamid.NOBODYS2", "status": "delivered", "timestamp": (MORNING / 1_000).to_string(), "recipient_id": ana }
        ] } }] }] });
    crate::cases::post(&mut stage, "/webhook/meta", &[], &status.to_string()).await;
    let said = note(crate::cases::deliveries(&stage).await);
    assert!(said.contains("its status is of wamid.NOBODYS2"), "{said}");
    let id = crate::cases::deliveries(&stage).await[0].id;
    let Answer::Why(why) = stage.ask(Query::Why { id: id.to_string() }).await else { panic!("why") };
    assert_eq!(why.cause, "recorded", "{why:?}");
    // A value that was too deep says so beside what was applied.
    let deep = format!("{}{}", "[".repeat(150), "]".repeat(150));
    let words = crate::cases::text("wamid.DEEP", ana, "hello")
        .to_string()
        .replace("\"type\":", &format!("\"x\":{deep},\"type\":"));
    let body = enveloped(json!([]), json!(["HERE"])).replace("\"HERE\"", &words);
    crate::cases::post(&mut stage, "/webhook/meta", &[], &body).await;
    let said = note(crate::cases::deliveries(&stage).await);
    assert!(said.contains("nested too deep") && stage.thread().await.last_text.line() == "hello", "{said}");
}

#[tokio::test]
async fn a_message_without_a_type_is_read_by_what_it_holds() {
    let mut stage = crate::cases::stage().await;
    let bare = json!({ "id": "wamid.BARE", "from": "15551600001", "timestamp": (MORNING / 1_000).to_string(),
        "text": { "body": "no type" } });
    crate::cases::post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([bare]))).await;
    let (_, message) = crate::cases::only(&stage).await;
    assert_eq!(message.text.line(), "no type");
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 1, "it is a customer's words");
}
