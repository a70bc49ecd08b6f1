//! Voice notes: transcribed by a configured endpoint where the provider gave no transcript; a failure keeps its reason
//! and holds nothing up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};
use wadeck::domain::query::{Answer, Query};
use wadeck::operations::transcribe_next;
use wadeck::simulator::Saying;

use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

type Seen = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

/// An endpoint that speaks `/audio/transcriptions` and gives these answers in order, the last one again and again.
async fn endpoint(answers: Vec<(u16, Value)>) -> (String, Seen) {
    let seen = Seen::default();
    let (answers, kept) = (Arc::new(Mutex::new(answers)), seen.clone());
    let answer = move |headers: HeaderMap, body: Bytes| {
        kept.lock().expect("kept").push((headers, body.to_vec()));
        let mut answers = answers.lock().expect("answers");
        let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        let status = StatusCode::from_u16(status).expect("a status");
        async move { (status, Json(body)).into_response() }
    };
    let router = Router::new().route("/v1/audio/transcriptions", axum::routing::post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

async fn stage(url: &str, more: &str) -> Stage {
    let text = format!("{CONFIG}\n[transcription]\nurl = \"{url}\"\nmodel = \"whisper-1\"\n{more}\n");
    Stage::with_config(&text).await
}

async fn voice(stage: &mut Stage, transcript: Option<&str>) {
    let saying = Saying::Voice { transcript: transcript.map(str::to_owned) };
    stage.simulator.says(SUPPORT, &rosa(), &saying);
    stage.deliver().await;
    stage.carry_files().await;
}

async fn details(stage: &Stage) -> Vec<(String, String)> {
    let thread = stage.thread().await.id;
    let message = stage.messages(thread).await[0].id;
    let Answer::Message(Some(detail)) = stage.ask(Query::Message { message }).await else { panic!("a message") };
    detail.details().into_iter().map(|(label, value)| (label.to_owned(), value.line())).collect()
}

fn row<'d>(details: &'d [(String, String)], label: &str) -> Option<&'d str> {
    details.iter().find(|(known, _)| known == label).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_voice_note_is_transcribed_shown_with_its_source_found_and_given_to_the_agent() {
    let (url, seen) = endpoint(vec![(200, json!({ "text": " Please send the invoice again. " }))]).await;
    let mut stage = stage(&url, "").await;
    voice(&mut stage, None).await;
    assert!(transcribe_next(&stage.system).await.expect("transcribed"));
    assert!(!transcribe_next(&stage.system).await.expect("asked"), "once");
    let request = seen.lock().expect("kept")[0].1.clone();
    let request = String::from_utf8_lossy(&request);
    assert!(request.contains("name=\"model\"") && request.contains("whisper-1"), "{request}");
    assert!(request.contains("name=\"file\"; filename="), "{request}");
    let thread = stage.thread().await.id;
    let text = stage.messages(thread).await[0].text.line();
    assert!(text.contains("[machine transcript] Please send the invoice again."), "{text}");
    let details = details(&stage).await;
    assert_eq!(row(&details, "transcript"), Some("Please send the invoice again."));
    assert_eq!(row(&details, "transcribed by"), Some("whisper-1 at 127.0.0.1"));
    let found = Query::Search { text: "invoice".into(), limit: 10, before: None };
    let Answer::Found(found) = stage.ask(found).await else { panic!("found") };
    assert_eq!(found.len(), 1);
    stage.answer().await;
    let record = stage.run(1).await;
    let given = serde_json::to_string(&record).expect("JSON");
    assert!(given.contains("Please send the invoice again."), "{given}");
}

#[tokio::test]
async fn an_agent_reads_the_transcript_even_if_nobody_has_transcribed_yet() {
    let (url, seen) = endpoint(vec![(200, json!({ "text": "I would like to pay." }))]).await;
    let mut stage = stage(&url, "").await;
    voice(&mut stage, None).await;
    stage.answer().await;
    assert_eq!(seen.lock().expect("kept").len(), 1);
    let given = serde_json::to_string(&stage.run(1).await).expect("JSON");
    assert!(given.contains("I would like to pay."), "{given}");
}

#[tokio::test]
async fn a_transcript_of_the_provider_is_kept_and_nothing_is_asked() {
    let (url, seen) = endpoint(vec![(200, json!({ "text": "other words" }))]).await;
    let mut stage = stage(&url, "").await;
    voice(&mut stage, Some("I need help")).await;
    assert!(!transcribe_next(&stage.system).await.expect("asked"));
    assert!(seen.lock().expect("kept").is_empty());
    let details = details(&stage).await;
    assert_eq!((row(&details, "transcript"), row(&details, "transcribed by")), (Some("I need help"), None));
}

#[tokio::test]
async fn a_failure_keeps_its_reason_and_a_temporary_one_is_retried() {
    let busy = (503, json!({ "error": { "message": "overloaded" } }));
    let (url, seen) = endpoint(vec![busy, (401, json!({ "error": { "message": "invalid key" } }))]).await;
    let mut stage = stage(&url, "").await;
    voice(&mut stage, None).await;
    assert!(transcribe_next(&stage.system).await.expect("attempted"));
    assert!(!transcribe_next(&stage.system).await.expect("asked"), "it pauses");
    // The agent answers meanwhile.
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "nothing is held up");
    stage.pass(Duration::from_secs(31));
    assert!(transcribe_next(&stage.system).await.expect("attempted"));
    assert_eq!(seen.lock().expect("kept").len(), 2);
    let details = details(&stage).await;
    let reason = row(&details, "not transcribed").expect("a reason");
    assert!(reason.contains("HTTP 401") && reason.contains("invalid key"), "{reason}");
    stage.pass(Duration::from_secs(3_600));
    assert!(!transcribe_next(&stage.system).await.expect("asked"), "it is not retried");
}

#[tokio::test]
async fn a_file_above_the_limit_is_not_sent() {
    let (url, seen) = endpoint(vec![(200, json!({ "text": "words" }))]).await;
    let mut stage = stage(&url, "max_megabytes = 0.001").await;
    voice(&mut stage, None).await;
    assert!(transcribe_next(&stage.system).await.expect("looked at"));
    assert!(seen.lock().expect("kept").is_empty());
    let details = details(&stage).await;
    assert!(
        row(&details, "not transcribed").is_some_and(|why| why.contains("at most 1000 are transcribed")),
        "{details:?}"
    );
}
