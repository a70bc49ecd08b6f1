//! What an agent is given beside the words: the id behind a tap, the numbers of a card, what is quoted.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::agent_kinds::{Heard, server};
use crate::cases::{CONFIG, case, enveloped, post, stage_with};
use crate::stage::{MORNING, Stage};

const ANA: &str = "15551600001";

/// The cases' numbers, with an agent of this kind behind the first.
async fn asked(kind: &str, answers: Vec<Value>) -> (Stage, Heard) {
    let (url, heard) = server(answers.into_iter().map(|answer| (StatusCode::OK, answer)).collect()).await;
    let head = CONFIG.split("[[agents]]").next().expect("a head");
    let agent = match kind {
        "http" => format!("kind = \"http\"\nurl = \"{url}\""),
        kind => format!("kind = \"{kind}\"\nmodel = \"m\"\nbase_url = \"{url}/v1\""),
    };
    (stage_with(&format!("{head}[[agents]]\nname = \"helper\"\n{agent}\n")).await, heard)
}

fn said(words: &str) -> Value {
    json!({ "messages": [{ "text": words }] })
}

fn completion(words: &str) -> Value {
    json!({ "choices": [{ "message": { "role": "assistant", "content": words }, "finish_reason": "stop" }] })
}

fn from_ana(id: &str, mut more: Value) -> String {
    let object = more.as_object_mut().expect("an object");
    object.insert("id".into(), id.into());
    object.insert("from".into(), ANA.into());
    object.insert("timestamp".into(), (MORNING / 1_000).to_string().into());
    enveloped(json!([]), json!([more]))
}

fn row() -> String {
    let row = json!({ "id": "slot_9", "title": "Nine", "description": "with Dr. Lee" });
    from_ana("wamid.ROW", json!({ "type": "interactive", "interactive": { "type": "list_reply", "list_reply": row } }))
}

/// A reply that quotes what our agent sent last.
fn reply(stage: &Stage) -> String {
    let quoted = stage.simulator.accepted().pop().expect("an answer").id;
    from_ana("wamid.REPLY", json!({ "type": "text", "text": { "body": "that one" }, "context": { "id": quoted } }))
}

async fn comes(stage: &mut Stage, body: &str) {
    post(stage, "/webhook/meta", &[], body).await;
    stage.answer().await;
}

#[tokio::test]
async fn an_agent_is_given_the_id_of_a_tap_the_numbers_of_a_card_and_what_is_quoted() {
    let answers = ["Noted.", "Nine it is.", "Saved.", "Good."].map(said).to_vec();
    let (mut stage, heard) = asked("http", answers).await;
    comes(&mut stage, &case("35")).await;
    comes(&mut stage, &row()).await;
    comes(&mut stage, &case("24")).await;
    let quoting = reply(&stage);
    comes(&mut stage, &quoting).await;
    assert_eq!(stage.simulator.accepted().len(), 4);
    let heard = heard.lock().expect("whole");
    let last = |asked: usize| {
        let messages = heard[asked].1["messages"].as_array().expect("messages");
        messages.iter().rfind(|message| message["direction"] == "inbound").expect("one that came").clone()
    };
    assert_eq!(last(0)["chose"]["id"], "appt_42_yes", "{}", last(0));
    assert_eq!(last(1)["chose"]["id"], "slot_9", "{}", last(1));
    assert_eq!(last(1)["chose"]["description"], "with Dr. Lee");
    let cards = last(2)["contacts"].to_string();
    assert!(cards.contains("15557770001"), "a number that stands as wa_id alone: {cards}");
    assert!(cards.contains("o@example.com"), "{cards}");
    assert_eq!(last(3)["quotes"], "Saved.", "{}", last(3));
}

#[tokio::test]
async fn a_model_reads_them_below_the_words() {
    let answers = ["Noted.", "Nine it is.", "Saved.", "Good."].map(completion).to_vec();
    let (mut stage, heard) = asked("openai", answers).await;
    comes(&mut stage, &case("35")).await;
    comes(&mut stage, &row()).await;
    comes(&mut stage, &case("24")).await;
    let quoting = reply(&stage);
    comes(&mut stage, &quoting).await;
    let heard = heard.lock().expect("whole");
    let prompt = heard[3].1["messages"].to_string();
    for wanted in [
        "[chosen id: appt_42_yes]",
        "[chosen id: slot_9]",
        "[description: with Dr. Lee]",
        "15557770001",
        "[quoting: Saved.]",
    ] {
        assert!(prompt.contains(wanted), "{wanted} is not in {prompt}");
    }
}
