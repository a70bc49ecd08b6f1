//! What one body holds is applied together, and means what it would mean one by one.

use serde_json::json;

use crate::cases::{enveloped, post, stage, text};

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
