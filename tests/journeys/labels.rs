//! Labels of threads: added and removed by every door, filtered by, bounded, and never drawn otherwise than they are.

use serde_json::json;
use wadeck::domain::access::role::Role;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::simulator::Person;

use crate::programs::Programs;
use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, rosa};

async fn two_threads() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&Person::new("Kim", "15550100044"), "hi").await;
    stage.says(&rosa(), "where is my order?").await;
    stage
}

async fn label(stage: &Stage, label: &str) -> Result<String, String> {
    let thread = stage.thread_of("rosa").await.id;
    let done = stage.act(Request::AddLabel { thread, label: label.into() }).await;
    done.map(|done| done.message).map_err(|error| error.to_string())
}

async fn names(stage: &Stage, filter: &str) -> Vec<String> {
    match stage.ask(Query::Threads { text: filter.into(), limit: 5, before: None }).await {
        Answer::Threads(rows) => rows.iter().map(|row| row.contact.display_name()).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_label_is_a_filter_for_threads_messages_and_the_outbox() {
    let stage = two_threads().await;
    let message = label(&stage, " Late Payer ").await.expect("labeled");
    assert!(message.ends_with("Rosa Field: late-payer."), "{message}");
    assert_eq!(names(&stage, "label:late-payer").await, ["Rosa Field"]);
    assert_eq!(names(&stage, "label:LATE-payer is:waiting").await, ["Rosa Field"]);
    assert_eq!(names(&stage, "label:other").await, Vec::<String>::new());
    let found = stage.ask(Query::Search { text: "label:late-payer".into(), limit: 5, before: None }).await;
    assert!(matches!(found, Answer::Found(rows) if rows.len() == 1));
    let entries = stage.ask(Query::Outbox { text: "label:late-payer".into(), limit: 5, before: None }).await;
    assert_eq!(entries, Answer::Outbox(vec![]));
    let thread = stage.thread_of("rosa").await.id;
    let gone = Request::RemoveLabel { thread, label: "Late payer".into() };
    stage.act(gone.clone()).await.expect("removed");
    assert!(stage.act(gone).await.expect_err("twice").to_string().contains("does not have the label"));
    assert_eq!((names(&stage, "label:late-payer").await.len(), stage.thread_of("rosa").await.labels), (0, vec![]));
}

#[tokio::test]
async fn labels_are_bounded_in_number_length_and_letters() {
    let stage = two_threads().await;
    for bad in ["", "a:b", "\u{1b}[2Jred", "\u{202e}evil", "12345678901234567890abcde"] {
        assert!(label(&stage, bad).await.is_err(), "{bad:?}");
    }
    for number in 0..8 {
        label(&stage, &format!("label{number}")).await.expect("labeled");
    }
    assert!(label(&stage, "label0").await.expect_err("twice").contains("already"));
    assert!(label(&stage, "ninth").await.expect_err("the ninth").contains("8 labels"));
    assert_eq!(stage.thread_of("rosa").await.labels.len(), 8);
}

#[tokio::test]
async fn a_label_is_typed_picked_shown_and_removed_in_the_console() {
    let stage = two_threads().await;
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut sitting = Sitting::down(&stage, columns, rows).await;
        sitting.press(&stage, "2 ctrl-k").await;
        sitting.sees("Labels");
        sitting.types(&stage, "vip!").await;
        sitting.sees("not a label");
        sitting.press(&stage, "backspace enter").await;
        sitting.sees("Rosa Field #vip");
        sitting.press(&stage, "ctrl-k").await;
        sitting.sees("enter removes it from this thread");
        sitting.press(&stage, "esc").await;
        sitting.press(&stage, "enter").await;
        sitting.sees("Rosa Field #vip");
        sitting.press(&stage, "esc ctrl-k enter").await;
        assert_eq!(stage.thread_of("rosa").await.labels, Vec::<String>::new());
        sitting.does_not_see("#vip");
    }
}

#[tokio::test]
async fn programs_and_models_label_by_the_same_rules() {
    let mut programs = Programs::new().await;
    programs.stage.says(&rosa(), "hello").await;
    let desk = programs.token("desk", Role::Operator, None).await;
    let vip = json!({ "label": "vip" });
    let (status, done) = programs.ask(&desk, "POST", "/threads/t1/labels", Some(vip.clone()), None).await;
    assert_eq!(status, 200, "{done}");
    let (_, thread) = programs.ask(&desk, "GET", "/threads/t1", None, None).await;
    assert_eq!(thread["labels"], json!(["vip"]), "{thread}");
    let (_, labels) = programs.ask(&desk, "GET", "/labels", None, None).await;
    for part in ["\"label\":\"vip\"", "\"threads\":1"] {
        assert!(labels.to_string().contains(part), "{labels}");
    }
    let (status, told) = programs.ask(&desk, "POST", "/threads/t1/labels", Some(vip.clone()), None).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("no_change")), "{told}");
    let (status, done) = programs.ask(&desk, "POST", "/threads/t1/labels/remove", Some(vip), None).await;
    assert_eq!(status, 200, "{done}");
    let (good, told) = programs.tool(&desk, "threads.label", json!({ "thread": "t1", "label": "vip" })).await;
    assert!(good, "{told}");
    let looks = programs.token("looks", Role::Viewer, None).await;
    let (good, told) = programs.tool(&looks, "threads.unlabel", json!({ "thread": "t1", "label": "vip" })).await;
    assert_eq!((good, &told["error"]["code"]), (false, &json!("role")), "{told}");
}
