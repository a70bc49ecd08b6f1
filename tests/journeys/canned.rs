//! Canned replies: own, shared and configured ones, filled in for a thread in the composer and by every other door.

use serde_json::json;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::perform;
use wadeck::simulator::Person;

use crate::programs::Programs;
use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, rosa};

const REPLIES: &str = "[[replies]]\nshort = \"hello\"\ntext = \"Hello {{contact}}, {{me}} here.\"\n";

async fn a_question() -> Stage {
    let config = format!("{}\n{REPLIES}", CONFIG.replace("agent = \"helper\"\n", ""));
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "where is my order?").await;
    stage
}

async fn save(stage: &Stage, short: &str, text: &str, shared: bool) -> Result<String, String> {
    let request = Request::SaveReply { short: short.into(), text: text.into(), shared };
    stage.act(request).await.map(|done| done.message).map_err(|error| error.to_string())
}

async fn texts(stage: &Stage) -> Vec<String> {
    match stage.ask(Query::Replies).await {
        Answer::Replies(rows) => rows.iter().map(|row| format!("{} {}", row.source.name(), row.text)).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_own_reply_hides_a_shared_one_and_that_one_of_the_configuration() {
    let stage = a_question().await;
    assert_eq!(texts(&stage).await, ["configuration Hello {{contact}}, {{me}} here."]);
    save(&stage, "hello", "Shared", true).await.expect("saved");
    assert_eq!(texts(&stage).await, ["shared Shared"]);
    save(&stage, "/Hello", "Own", false).await.expect("saved");
    assert_eq!(texts(&stage).await, ["own Own"]);
    let ben = Actor::Operator { name: "ben".into(), role: Role::Operator };
    let removed = perform(&stage.system, &ben, Request::RemoveReply { short: "hello".into() }).await.expect("removed");
    assert_eq!(removed.message, "Removed /hello.", "the shared one: ben has none");
    assert_eq!(texts(&stage).await, ["own Own"], "what is ada's own stays");
    stage.act(Request::RemoveReply { short: "hello".into() }).await.expect("removed");
    let refused = stage.act(Request::RemoveReply { short: "hello".into() }).await.expect_err("configured");
    assert!(refused.to_string().contains("declared under [[replies]]"), "{refused}");
    let viewer = Actor::Operator { name: "vic".into(), role: Role::Viewer };
    let request = Request::SaveReply { short: "x".into(), text: "x".into(), shared: true };
    assert!(perform(&stage.system, &viewer, request).await.is_err(), "a viewer shares nothing");
    assert!(save(&stage, "bad", "{{order}}", false).await.expect_err("unknown").contains("not a placeholder"));
}

#[tokio::test]
async fn a_short_name_and_tab_become_the_text_that_is_sent() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let stage = a_question().await;
        let mut sitting = Sitting::down(&stage, columns, rows).await;
        sitting.press(&stage, "2 c").await;
        sitting.types(&stage, "/hel").await;
        sitting.sees("tab /hello: Hello Rosa Field, ada here.");
        sitting.press(&stage, "tab").await;
        sitting.sees("Hello Rosa Field, ada here.");
        sitting.does_not_see("/hel");
        sitting.press(&stage, "enter").await;
        stage.send().await;
        let sent = stage.simulator.accepted();
        assert!(format!("{sent:?}").contains("Hello Rosa Field, ada here."), "{sent:?}");
    }
}

#[tokio::test]
async fn a_placeholder_without_a_value_is_refused_and_the_text_stays() {
    let mut stage = a_question().await;
    stage.says(&Person::new("", "15550100077"), "hi").await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 c").await;
    sitting.types(&stage, "ok /hello").await;
    sitting.sees("The contact has no name.");
    sitting.press(&stage, "tab").await;
    sitting.sees("ok /hello");
    sitting.press(&stage, "backspace backspace backspace backspace backspace").await;
    sitting.types(&stage, "nothing").await;
    sitting.press(&stage, "tab").await;
    sitting.sees("No canned reply has this name.");
}

#[tokio::test]
async fn a_reply_is_picked_from_the_list() {
    let stage = a_question().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 c ctrl-r").await;
    sitting.sees("/hello");
    sitting.press(&stage, "enter").await;
    sitting.sees("Hello Rosa Field, ada here.");
}

#[tokio::test]
async fn programs_and_models_save_and_list_replies() {
    let programs = Programs::new().await;
    let desk = programs.token("desk", Role::Operator, None).await;
    let body = json!({ "short": "bye", "text": "Goodbye {{contact}}." });
    let (status, done) = programs.ask(&desk, "POST", "/replies/shared", Some(body.clone()), None).await;
    assert_eq!(status, 200, "{done}");
    let (status, told) = programs.ask(&desk, "POST", "/replies/shared", Some(body), None).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("no_change")), "{told}");
    let (_, list) = programs.ask(&desk, "GET", "/replies", None, None).await;
    assert!(list.to_string().contains("Goodbye {{contact}}.") && list.to_string().contains("\"shared\""), "{list}");
    let (good, told) = programs.tool(&desk, "replies.remove", json!({ "short": "bye" })).await;
    assert!(good, "{told}");
    let (good, told) = programs.tool(&desk, "replies.add", json!({ "short": "bye", "text": "{{x}}" })).await;
    assert!(!good, "{told}");
}
