//! What models and agents answer when something is wrong with it: nothing of that is taken for silence,
//! and half of an answer is read by a person first.

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::agent_kinds::{helper, server};
use crate::stage::{Stage, rosa};

async fn asked(config: &str) -> Stage {
    let mut stage = Stage::with_config(config).await;
    stage.says(&rosa(), "Do you have it in blue?").await;
    stage.answer().await;
    stage
}

fn sent(stage: &Stage) -> Vec<String> {
    stage.simulator.accepted().into_iter().map(|sent| sent.text).collect()
}

async fn openai(answers: Vec<Value>) -> Stage {
    let (url, _) = server(answers.into_iter().map(|answer| (StatusCode::OK, answer)).collect()).await;
    asked(&helper(&format!("kind = \"openai\"\nmodel = \"m\"\nbase_url = \"{url}/v1\""))).await
}

async fn anthropic(answers: Vec<Value>) -> Stage {
    let (url, _) = server(answers.into_iter().map(|answer| (StatusCode::OK, answer)).collect()).await;
    asked(&helper(&format!("kind = \"anthropic\"\nmodel = \"m\"\nbase_url = \"{url}\""))).await
}

async fn http(answer: Value) -> Stage {
    let (url, _) = server(vec![(StatusCode::OK, answer)]).await;
    asked(&helper(&format!("kind = \"http\"\nurl = \"{url}\""))).await
}

fn choice(message: &Value, finish: &str) -> Value {
    json!({ "choices": [{ "message": message, "finish_reason": finish }] })
}

async fn failed(stage: &Stage, reason: &str) {
    assert!(sent(stage).is_empty());
    let record = stage.run(1).await;
    assert_eq!(record.run.state.name(), "failed", "{reason}");
    let waiting = stage.thread().await.waiting.expect("it waits for a person").reason;
    assert!(waiting.starts_with("the agent helper failed") && waiting.contains(reason), "{waiting:?} wants {reason:?}");
    assert!(stage.overview().await.alerts > 0, "{reason}");
}

#[tokio::test]
async fn what_is_no_answer_is_a_failed_run_with_its_reason() {
    let words = |text: &str| json!({ "role": "assistant", "content": text });
    for (answer, reason) in [
        (json!({ "error": { "message": "insufficient quota", "code": "quota" } }), "insufficient quota"),
        (json!({ "error": "overloaded" }), "overloaded"),
        (choice(&json!({ "role": "assistant", "content": null }), "stop"), "returned no text"),
        (choice(&json!({ "role": "assistant" }), "stop"), "returned no text"),
        (choice(&words("<think>hm</think>"), "stop"), "returned no text"),
        (
            choice(&json!({ "content": null, "refusal": "I cannot help with that." }), "stop"),
            "I cannot help with that.",
        ),
        (choice(&json!({ "content": [{ "type": "refusal", "refusal": "Not that." }] }), "stop"), "Not that."),
        (choice(&words("Something that"), "content_filter"), "content filter"),
        (json!({ "choices": [] }), "unknown structure"),
        (json!({ "output": "hello" }), "unknown structure"),
        (json!({ "choices": [{ "text": "hello" }] }), "unknown structure"),
        (choice(&json!({ "content": { "text": "hello" } }), "stop"), "unknown structure"),
    ] {
        failed(&openai(vec![answer]).await, reason).await;
    }
    for (answer, reason) in [
        (json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }), "Overloaded"),
        (json!({ "content": [], "stop_reason": "end_turn" }), "returned no text"),
        (json!({ "content": null }), "unknown structure"),
        (json!({ "content": [{ "type": "text", "text": "I must not." }], "stop_reason": "refusal" }), "I must not."),
        (json!({ "completion": "hello" }), "unknown structure"),
    ] {
        failed(&anthropic(vec![answer]).await, reason).await;
    }
    for (answer, reason) in [
        (json!({ "message": "hello" }), "unknown field message"),
        (json!({ "message": [{ "text": "hello" }] }), "unknown field message"),
        (json!({ "error": "the index is down" }), "the index is down"),
        (json!({ "messages": [], "msgs": ["hello"] }), "unknown field msgs"),
        (json!([{ "text": "hello" }]), "not an object"),
    ] {
        failed(&http(answer).await, reason).await;
    }
}

#[tokio::test]
async fn contents_of_parts_are_read_and_silence_stays_a_choice() {
    let parts = json!({ "content": [{ "type": "text", "text": "Yes," }, { "type": "text", "text": "in blue." }] });
    assert_eq!(sent(&openai(vec![choice(&parts, "stop")]).await), ["Yes,", "in blue."]);
    let stage = http(json!({ "messages": [] })).await;
    assert_eq!(stage.run(1).await.run.state.name(), "silent");
    assert!(stage.thread().await.waiting.is_none());
}

#[tokio::test]
async fn words_of_which_nothing_is_left_are_no_choice_of_silence() {
    for text in ["", " \n", "<think>hm</think>", "<thinking>never closed", "\u{7}\u{1b}"] {
        let stage = http(json!({ "messages": [{ "text": text }, { "text": " " }] })).await;
        assert!(sent(&stage).is_empty(), "{text:?}");
        let run = stage.run(1).await;
        assert_eq!(run.run.state.name(), "failed", "{text:?}");
        let waiting = stage.thread().await.waiting.expect("it waits").reason;
        assert!(waiting.contains("none with text"), "{waiting}");
    }
    let stage = http(json!({ "messages": [{ "text": " " }, { "text": "Yes." }] })).await;
    assert_eq!(sent(&stage), ["Yes."]);
}

#[tokio::test]
async fn half_an_answer_is_held_for_a_person() {
    let half = json!({ "content": "Yes, in blue and in" });
    let cut = json!({ "content": [{ "type": "text", "text": "Yes, in blue and in" }], "stop_reason": "max_tokens" });
    for stage in [openai(vec![choice(&half, "length")]).await, anthropic(vec![cut]).await] {
        assert!(sent(&stage).is_empty());
        assert_eq!(stage.run(1).await.run.state.name(), "proposed");
        let waiting = stage.thread().await.waiting.expect("it waits").reason;
        assert!(waiting.contains("cut off before its end"), "{waiting}");
    }
}

#[tokio::test]
async fn thoughts_and_control_characters_never_reach_the_contact() {
    let words = json!({ "content": "<think>They want blue.\n\nDo we have it?</think>Yes,\u{7} in\u{1b}[1m blue." });
    assert_eq!(sent(&openai(vec![choice(&words, "stop")]).await), ["Yes, in[1m blue."]);
    let stage = http(json!({ "messages": [{ "text": "<think>hm</think>Yes.\u{0}" }] })).await;
    assert_eq!(sent(&stage), ["Yes."]);
    // Also where it is said by a tool.
    let call = json!({ "content": null, "tool_calls": [{ "id": "c1", "type": "function",
        "function": { "name": "whatsapp_send", "arguments": { "text": "<think>so</think>In blue.\u{8}" } } }] });
    let stage =
        openai(vec![choice(&call, "tool_calls"), choice(&json!({ "content": "Anything else?" }), "stop")]).await;
    assert_eq!(sent(&stage), ["In blue.", "Anything else?"]);
}

#[tokio::test]
async fn words_beside_a_hand_off_are_said_and_then_the_thread_waits() {
    let beside = json!({ "content": "A colleague will look at it.", "tool_calls": [{ "id": "c1", "type": "function",
        "function": { "name": "handOff", "arguments": { "reason": "a refund" } } }] });
    let blocks = json!({ "content": [{ "type": "text", "text": "A colleague will look at it." },
        { "type": "tool_use", "id": "t1", "name": "handOff", "input": { "reason": "a refund" } }], "stop_reason": "tool_use" });
    for stage in [openai(vec![choice(&beside, "tool_calls")]).await, anthropic(vec![blocks]).await] {
        assert_eq!(sent(&stage), ["A colleague will look at it."]);
        assert_eq!(stage.thread().await.waiting.expect("waits").reason, "helper escalates: a refund");
    }
    // Where a person sends, the words wait as a draft.
    let (url, _) = server(vec![(StatusCode::OK, choice(&beside, "tool_calls"))]).await;
    let config = helper(&format!("kind = \"openai\"\nmodel = \"m\"\nbase_url = \"{url}/v1\""))
        .replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"");
    let stage = asked(&config).await;
    assert!(sent(&stage).is_empty());
    assert_eq!(stage.run(1).await.run.state.name(), "proposed");
    assert_eq!(stage.thread().await.waiting.expect("waits").reason, "helper escalates: a refund");
}

/// A model that first answers with these statuses and headers.
async fn busy(first: Vec<(u16, &'static [(&'static str, &'static str)])>) -> (String, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    let first = Arc::new(Mutex::new(first.into_iter()));
    let answer = {
        let asked = asked.clone();
        move || async move {
            *asked.lock().expect("whole") += 1;
            let next = first.lock().expect("whole").next();
            match next {
                Some((status, lines)) => {
                    let mut headers = HeaderMap::new();
                    for (name, value) in lines {
                        headers.insert(*name, value.parse().expect("a value"));
                    }
                    (StatusCode::from_u16(status).expect("a status"), headers, "later").into_response()
                }
                None => Json(choice(&json!({ "content": "Yes." }), "stop")).into_response(),
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (url, asked)
}

#[tokio::test]
async fn a_busy_model_is_asked_again_within_the_time_of_the_run() {
    let soon: &[(&str, &str)] = &[("retry-after-ms", "5")];
    let (url, count) = busy(vec![(429, soon), (529, soon), (503, &[("retry-after", "0")])]).await;
    let stage = asked(&helper(&format!("kind = \"openai\"\nmodel = \"m\"\nbase_url = \"{url}/v1\""))).await;
    assert_eq!(sent(&stage), ["Yes."]);
    assert_eq!(*count.lock().expect("whole"), 4);

    // What it wants is more than there is: told at once, with the reason.
    let (url, count) = busy(vec![(429, &[("retry-after", "3600")])]).await;
    let stage = asked(&helper(&format!("kind = \"openai\"\nmodel = \"m\"\nbase_url = \"{url}/v1\""))).await;
    failed(&stage, "HTTP 429 and asks to wait 3600 s").await;
    assert_eq!(*count.lock().expect("whole"), 1);

    // And what will never be better is not asked again.
    let (url, count) = busy(vec![(429, &[("retry-after-ms", "5"), ("x-should-retry", "false")])]).await;
    let stage = asked(&helper(&format!("kind = \"openai\"\nmodel = \"m\"\nbase_url = \"{url}/v1\""))).await;
    failed(&stage, "HTTP 429").await;
    assert_eq!(*count.lock().expect("whole"), 1);
}
