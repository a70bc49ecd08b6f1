//! What one body holds is applied together, and means what it would mean one by one.

use serde_json::json;
use wadeck::domain::inbound::delivery::DeliveryState;

use crate::batch_property::{CONFIG as THREE, refuse, store};
use crate::cases::{CONFIG, ONE, deliveries, detail, enveloped, nobody_is_asked, note, post, stage, stage_with, text};
use crate::stage::{SUPPORT, Stage};

#[tokio::test]
async fn a_message_that_names_two_contacts_gives_neither_the_address_of_the_other() {
    let mut stage = stage().await;
    let by_id = |id: &str, words: &str| {
        let mut message = text(id, "", words);
        message["from_user_id"] = "US.1".into();
        message
    };
    let una = json!([{ "profile": { "name": "Una" }, "user_id": "US.1" }]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(una, json!([by_id("wamid.1", "I am Una")]))).await;
    let ben = json!([{ "profile": { "name": "Ben" }, "wa_id": "15551600002" }]);
    let hello = json!([text("wamid.2", "15551600002", "I am Ben")]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(ben, hello)).await;

    let mut both = text("wamid.3", "15551600002", "of both");
    both["from_user_id"] = "US.1".into();
    let body = json!([both, by_id("wamid.4", "of Una alone")]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), body)).await;
    let una = stage.threads().await.into_iter().find(|thread| thread.external_id == "whatsapp:US.1").expect("Una's");
    let words: Vec<String> = stage.messages(una.id).await.iter().map(|message| message.text.line()).collect();
    assert!(words.contains(&"of Una alone".to_owned()), "{words:?}");
}

#[tokio::test]
async fn a_repeated_message_and_a_reaction_between_texts_change_nothing_for_the_others() {
    let mut stage = stage().await;
    let from = "15551600003";
    let reaction = json!({ "id": "wamid.R", "from": from, "timestamp": "1780304400", "type": "reaction",
        "reaction": { "message_id": "wamid.1", "emoji": "👍" } });
    let body = json!([
        text("wamid.1", from, "one"),
        reaction,
        text("wamid.1", from, "one"),
        text("wamid.2", from, "two"),
        text("wamid.3", from, "three")
    ]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), body)).await;
    let thread = stage.thread().await;
    assert_eq!((thread.unread, thread.last_text.line().as_str()), (3, "three"));
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "one answer to all of them");
}

/// A text over another number than one.
fn over(number: &str, id: &str, from: &str, words: &str) -> String {
    enveloped(json!([]), json!([text(id, from, words)])).replace(ONE, number)
}

const TWO: &str = "106540352242933";

async fn routes_of(stage: &Stage) -> Vec<(String, String)> {
    let mut routes = vec![];
    for thread in stage.threads().await {
        for message in stage.messages(thread.id).await {
            let reason = detail(stage, &message).await.not_routed.unwrap_or_default();
            routes.push((message.text.line(), reason));
        }
    }
    routes.sort();
    routes
}

#[tokio::test]
async fn three_texts_with_a_duplicate_and_a_reaction_between_are_one_run_of_three() {
    let mut stage = stage().await;
    let from = "15551600001";
    let reaction = json!({ "id": "wamid.R", "from": from, "timestamp": "1780304400", "type": "reaction",
        "reaction": { "message_id": "wamid.1", "emoji": "👍" } });
    let body = json!([
        text("wamid.1", from, "one"),
        text("wamid.2", from, "two"),
        text("wamid.1", from, "one"),
        reaction,
        text("wamid.3", from, "three")
    ]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), body)).await;
    assert_eq!(stage.run(1).await.run.batch_size, 3);
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
    let row = deliveries(&stage).await.remove(0);
    assert_eq!((row.state, note(&row)), (DeliveryState::Applied, String::new()), "the same words twice are no news");
}

#[tokio::test]
async fn whoever_stops_over_one_number_is_answered_over_none_within_the_batch() {
    let mut stage = stage_with(THREE).await;
    let from = "15551600001";
    store(&mut stage, "/webhook/meta", &[], &over(TWO, "wamid.1", from, "hello two")).await;
    store(&mut stage, "/webhook/meta", &[], &over(ONE, "wamid.2", from, "STOP")).await;
    store(&mut stage, "/webhook/meta", &[], &over(TWO, "wamid.3", from, "still there?")).await;
    store(&mut stage, "/webhook/meta", &[], &over(TWO, "wamid.4", from, "START")).await;
    store(&mut stage, "/webhook/meta", &[], &over(ONE, "wamid.5", from, "again")).await;
    stage.apply().await;
    let routes = routes_of(&stage).await;
    let reason = |words: &str| routes.iter().find(|(text, _)| text == words).map(|(_, reason)| reason.as_str());
    assert_eq!(reason("hello two"), Some(""), "{routes:?}");
    assert_eq!(reason("STOP"), Some("the contact opted out"), "{routes:?}");
    assert_eq!(reason("still there?"), Some("the contact opted out"), "{routes:?}");
    assert_eq!((reason("START"), reason("again")), (Some(""), Some("")), "{routes:?}");
    assert!(stage.threads().await.iter().all(|thread| !thread.opted_out));
}

#[tokio::test]
async fn one_that_the_database_refuses_among_fifty_is_set_aside_alone() {
    let mut stage = stage().await;
    refuse(&stage, "poison").await;
    let from = |at: usize| format!("1555160{at:04}");
    for at in 0..50 {
        let words = if at == 25 { "poison".to_owned() } else { format!("words {at}") };
        let body = enveloped(json!([]), json!([text(&format!("wamid.{at}"), &from(at), &words)]));
        store(&mut stage, "/webhook/meta", &[], &body).await;
    }
    stage.apply().await;
    let threads = stage.threads().await;
    assert_eq!(threads.len(), 49, "the thread of the one is undone with it");
    let rows = deliveries(&stage).await;
    let aside: Vec<_> = rows.iter().filter(|row| row.state != DeliveryState::Applied).collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(aside[0].state, DeliveryState::Unreadable);
    assert!(note(aside[0]).contains("UNIQUE constraint failed"), "{aside:?}");
}

#[tokio::test]
async fn a_body_of_600_with_one_id_at_both_ends_holds_599_messages() {
    let mut stage = stage().await;
    let from = "15551600001";
    let ids = (0..599).map(|at| format!("wamid.{at}")).chain(["wamid.0".to_owned()]);
    let items: Vec<_> = ids.map(|id| text(&id, from, "words")).collect();
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!(items))).await;
    assert_eq!(stage.thread().await.unread, 599);
    assert_eq!(stage.run(1).await.run.batch_size, 599);
    let row = deliveries(&stage).await.remove(0);
    assert_eq!((row.state, note(&row)), (DeliveryState::Applied, String::new()));
}

#[tokio::test]
async fn a_number_of_our_own_is_recognized_in_either_spelling() {
    for (ours, theirs) in
        [("525512345678", "5215512345678"), ("5215512345678", "525512345678"), ("5511987654321", "551187654321")]
    {
        let config = CONFIG.replace("+15550783882", &format!("+{ours}"));
        let mut stage = stage_with(&config).await;
        let body = json!([text("wamid.1", theirs, "hello"), text("wamid.2", theirs, "hello again")]);
        post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), body)).await;
        nobody_is_asked(&stage).await;
        let routes = routes_of(&stage).await;
        assert!(
            routes.iter().all(|(_, reason)| reason.contains("one of our own numbers")),
            "{ours} {theirs}: {routes:?}"
        );
    }
}

#[tokio::test]
async fn who_turns_out_to_be_our_own_number_is_answered_no_more_within_the_batch() {
    let mut stage = stage().await;
    let by_id = |id: &str, words: &str| {
        let mut message = text(id, "", words);
        message["from_user_id"] = "US.1".into();
        message
    };
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([by_id("wamid.1", "who am I?")]))).await;
    stage.answer().await;
    let mut both = by_id("wamid.2", "our second number");
    both["from"] = "15550783882".into();
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([both, by_id("wamid.3", "and by id")]))).await;
    let sent = stage.simulator.accepted().len();
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), sent);
    let routes = routes_of(&stage).await;
    let ours = routes.iter().filter(|(_, reason)| reason.contains("one of our own numbers")).count();
    assert_eq!(ours, 2, "{routes:?}");
}

#[tokio::test]
async fn an_edit_that_is_a_test_changes_nothing_of_the_message_that_comes_after_it() {
    let mut stage = Stage::set().await;
    let item = |message: serde_json::Value, test: bool| {
        let mut message = message;
        message["kapso"] = json!({ "direction": "inbound" });
        json!({ "message": message, "test": test, "phone_number_id": SUPPORT }).to_string()
    };
    let mut edit = text("wamid.E", "15551600001", "");
    edit["type"] = "edit".into();
    edit["edit"] =
        json!({ "original_message_id": "wamid.1", "message": { "type": "text", "text": { "body": "changed" } } });
    post(&mut stage, "/webhook/kapso/messages", &[], &item(edit, true)).await;
    let first = item(text("wamid.1", "15551600001", "as it was written"), false);
    post(&mut stage, "/webhook/kapso/messages", &[], &first).await;
    let words: Vec<String> =
        stage.messages(stage.thread().await.id).await.iter().map(|message| message.text.line()).collect();
    assert!(words.contains(&"as it was written".to_owned()), "{words:?}");
}

#[tokio::test]
async fn what_an_item_said_before_it_was_set_aside_is_kept_in_either_way() {
    for careful in [false, true] {
        let mut stage = stage_with(&CONFIG.replace("\"meta\"", "\"kapso\"")).await;
        refuse(&stage, "poison").await;
        let ours = json!({ "message": { "id": "wamid.OURS", "timestamp": "1780304400", "type": "text",
            "text": { "body": "ours" }, "kapso": { "direction": "outbound", "status": "teleported", "origin": "business_app" } },
            "phone_number_id": ONE });
        let words = if careful { "poison" } else { "words" };
        let theirs = json!({ "message": text("wamid.1", "15551600001", words), "phone_number_id": ONE });
        let body = json!({ "batch": true, "data": [ours.clone(), theirs] });
        post(&mut stage, "/webhook/kapso/messages", &[], &body.to_string()).await;
        let row = deliveries(&stage).await.remove(0);
        assert!(note(&row).contains("the message names no contact"), "{row:?}");
        let mut whole = ours;
        whole["conversation"] = json!({ "phone_number": "+15551600002" });
        whole["message"]["kapso"]["status"] = "sent".into();
        post(&mut stage, "/webhook/kapso/messages", &[], &whole.to_string()).await;
        let thread = stage.thread_of("15551600002").await.id;
        let shown = stage.messages(thread).await.remove(0);
        let words: Vec<String> =
            detail(&stage, &shown).await.other_statuses.iter().map(|one| one.word.line()).collect();
        assert_eq!(words, ["teleported"], "carefully: {careful}");
    }
}
