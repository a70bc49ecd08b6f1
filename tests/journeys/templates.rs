//! Templates: written from a starter, checked, mended, submitted, reviewed, edited, deleted; and how
//! they fare.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::domain::templates::requests::{
    SampleSource, TemplateAnswer, TemplateQuery, TemplateRecord, TemplateRequest,
};
use wadeck::domain::templates::starter;
use wadeck::operations::{self, OperationError};

use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

async fn support(stage: &Stage) -> ConnectionId {
    let Answer::Connections(list) = stage.ask(Query::Connections).await else { panic!("connections") };
    list.connected[0].connection.id
}

async fn template(stage: &Stage, request: TemplateRequest) -> Result<Done, OperationError> {
    stage.act(Request::Template(request)).await
}

async fn record(stage: &Stage, name: &str) -> TemplateRecord {
    let (connection, name) = (support(stage).await, name.to_owned());
    let query = TemplateQuery::Record { connection, name, language: "en_US".into() };
    match stage.ask(Query::Template(query)).await {
        Answer::Template(told) => match told.value {
            TemplateAnswer::Record(record) => *record,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn text(name: &str) -> String {
    starter::template(name).expect("a starter").text.to_owned()
}

#[tokio::test]
async fn a_template_lives_from_the_first_word_to_its_end() {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let done =
        template(&stage, TemplateRequest::Create { connection, text: text("session_reminder") }).await.expect("made");
    let id = done.created_id.expect("an id");
    assert!(done.message.contains("pending"), "{}", done.message);
    assert_eq!(stage.simulator.templates().last().expect("there")["components"][0]["type"], "BODY");
    let twice = template(&stage, TemplateRequest::Create { connection, text: text("session_reminder") }).await;
    assert!(twice.expect_err("it is there").to_string().contains("T5"));
    stage.pass(Duration::from_secs(60));
    stage.simulator.review("session_reminder", "REJECTED", "INVALID_FORMAT");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let states: Vec<String> = record(&stage, "session_reminder")
        .await
        .states
        .into_iter()
        .map(|(_, status, note)| format!("{status} {note}"))
        .collect();
    assert_eq!(states, ["PENDING ", "REJECTED INVALID_FORMAT"]);
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 10 }).await else { panic!("alerts") };
    assert!(alerts.iter().any(|alert| alert.kind == "template"), "{alerts:?}");
    // What was read back can be edited, and is reviewed again.
    let Answer::Template(told) = stage.ask(Query::Template(TemplateQuery::Text { connection, id: id.clone() })).await
    else {
        panic!("a text")
    };
    let TemplateAnswer::Text(back) = told.value else { panic!("a text") };
    assert!(!back.contains("rejected_reason") && !back.contains("\"id\""), "{back}");
    let better = back.replace("Please come five minutes early", "Please come ten minutes early");
    template(&stage, TemplateRequest::Update { connection, id: id.clone(), text: better.clone() })
        .await
        .expect("edited");
    assert_eq!(stage.simulator.templates().last().expect("there")["status"], "PENDING");
    let again = template(&stage, TemplateRequest::Update { connection, id: id.clone(), text: better.clone() }).await;
    assert!(again.expect_err("in review").to_string().contains("T43"));
    stage.simulator.review("session_reminder", "APPROVED", "NONE");
    let other = template(
        &stage,
        TemplateRequest::Update { connection, id: id.clone(), text: better.replace("UTILITY", "MARKETING") },
    )
    .await;
    assert!(other.expect_err("the category stays").to_string().contains("category"));
    let delete = |typed: &str| TemplateRequest::Delete {
        connection,
        name: "session_reminder".into(),
        id: Some(id.clone()),
        typed: typed.into(),
    };
    template(&stage, delete("yes")).await.expect_err("not typed");
    let operator = Actor::Operator { name: "noor".into(), role: Role::Operator };
    let refused = operations::perform(&stage.system, &operator, Request::Template(delete("session_reminder"))).await;
    assert!(refused.expect_err("an operator").to_string().contains("admin"));
    template(&stage, delete("session_reminder")).await.expect("deleted");
    assert!(stage.simulator.templates().is_empty());
}

#[tokio::test]
async fn what_would_be_refused_never_reaches_the_provider() {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    let before = stage.simulator.calls().len();
    let broken = text("session_reminder").replace("Hello {{first_name}}, ", "{{first_name}}, ");
    let refused = template(&stage, TemplateRequest::Create { connection, text: broken }).await.expect_err("refused");
    assert!(refused.to_string().contains("T15"), "{refused}");
    assert_eq!(stage.simulator.calls().len(), before, "nobody was asked");
    // What only the provider knows comes back in its own words.
    stage.simulator.next_call(
        "POST /message_templates",
        400,
        json!({ "error": { "message": "(#100) Invalid parameter", "code": 100,
        "error_user_msg": "This template category is not available for your account." } }),
    );
    let refused =
        template(&stage, TemplateRequest::Create { connection, text: text("follow_up") }).await.expect_err("refused");
    assert!(refused.to_string().contains("not available for your account"), "{refused}");
}

#[tokio::test]
async fn a_person_writes_mends_and_submits_a_template_by_keys() {
    let stage = Stage::set().await;
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "4 n").await;
    sitting.sees("appointment_confirmation");
    sitting.types(&stage, "mood").await;
    // The examples were left out in the editor, and the replies taken apart.
    sitting.editor = Some("name: Mood Check\nlanguage: en_US\ncategory: utility\nbody:\nHello {{first_name}}, how do you feel today?\nbutton: reply Good\nbutton: url Help https://example.com/help\nbutton: reply Bad".into());
    sitting.press(&stage, "enter").await;
    assert!(sitting.edited.as_ref().expect("the starter").contains("mood_check_in"));
    for words in ["T1", "T18", "T22", "(f fixes it)"] {
        sitting.sees(words);
    }
    sitting.press(&stage, "s").await;
    assert!(stage.simulator.templates().is_empty(), "it would be refused");
    sitting.press(&stage, "f").await;
    sitting.sees("s submits it, e edits it again");
    sitting.press(&stage, "s y").await;
    let made = stage.simulator.templates();
    assert_eq!(
        (made[0]["name"].as_str(), made[0]["components"][1]["buttons"][1]["text"].as_str()),
        (Some("mood_check"), Some("Bad"))
    );
    sitting.look_up(&stage).await;
    sitting.sees("mood_check");
    // Edited again, and kept when the provider says no.
    stage.simulator.review("mood_check", "APPROVED", "NONE");
    sitting.press(&stage, "ctrl-r").await;
    sitting.press(&stage, "N").await;
    sitting.sees("Template mood_check (en_US) is now approved.");
    sitting.press(&stage, "esc").await;
    stage.simulator.next_call(
        "POST /message_templates",
        400,
        json!({ "error": { "message": "(#100) no", "code": 100, "error_user_msg": "Edited too often." } }),
    );
    sitting.press(&stage, "E").await;
    sitting.press(&stage, "s y").await;
    sitting.sees("Edited too often.");
    sitting.press(&stage, "esc n").await;
    sitting.sees("unfinished text");
}

#[tokio::test]
async fn who_has_no_editor_writes_in_the_one_that_is_built_in() {
    let stage = Stage::set().await;
    let mut sitting = Sitting::without_editor(&stage).await;
    sitting.press(&stage, "4 n").await;
    sitting.types(&stage, "follow").await;
    sitting.press(&stage, "enter").await;
    sitting.sees("ctrl-s checks it");
    sitting.sees("name: follow_up");
    sitting.types(&stage, "# of mine ").await;
    sitting.press(&stage, "ctrl-s").await;
    sitting.sees("Check before submitting");
    sitting.press(&stage, "e").await;
    sitting.sees("# of mine name: follow_up");
}

#[tokio::test]
async fn a_sample_is_lent_to_the_provider_and_taken_back() {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    let path = stage.outside.path().join("banner.png");
    std::fs::write(&path, [&[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a][..], &vec![0; 200_000]].concat())
        .expect("written");
    let source = SampleSource::Upload(stage.upload(&path.display().to_string()).await);
    let done = template(&stage, TemplateRequest::Sample { connection, source }).await.expect("uploaded");
    let handle = done.created_id.expect("a handle");
    assert_eq!(handle, "4::image_png:200008", "all of it, as what it is");
    assert_eq!(stage.simulator.file(&handle).expect("there").2.len(), 200_008);
    let note = stage.outside.path().join("note.txt");
    std::fs::write(&note, "hello").expect("written");
    let source = SampleSource::Upload(stage.upload(&note.display().to_string()).await);
    template(&stage, TemplateRequest::Sample { connection, source }).await.expect_err("no sample");
    for address in ["/etc/hosts", "file:///etc/hosts", "http://127.0.0.1/x.png"] {
        let source = SampleSource::Address(address.into());
        template(&stage, TemplateRequest::Sample { connection, source }).await.expect_err("no such address");
    }
    for path in ["media", "lent"] {
        let answer = reqwest::get(format!("http://{}/{path}/0000", stage.address)).await.expect("an answer");
        assert_eq!(answer.status(), 404);
    }
}

#[tokio::test]
async fn a_sample_for_a_direct_connection_is_uploaded_to_the_app_and_resumed_where_it_stopped() {
    let stage = crate::conformance::stage(&crate::conformance::WIRES[2]).await;
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let path = stage.outside.path().join("banner.png");
    std::fs::write(&path, [&[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a][..], &vec![0; 100_000]].concat())
        .expect("written");
    let sample = async || TemplateRequest::Sample {
        connection,
        source: SampleSource::Upload(stage.upload(&path.display().to_string()).await),
    };
    let done = template(&stage, sample().await).await.expect("uploaded");
    assert_eq!(done.created_id.as_deref(), Some("4::image_png:100008"));
    stage.simulator.break_next_sample();
    let handle = template(&stage, sample().await).await.expect("resumed").created_id.expect("a handle");
    assert_eq!(stage.simulator.file(&handle).expect("there").2.len(), 100_008, "each byte once");
    let source = SampleSource::Address("https://example.com/banner.png".into());
    let refused = template(&stage, TemplateRequest::Sample { connection, source }).await.expect_err("no address");
    assert!(refused.to_string().contains("as files"), "{refused}");
    let note = stage.outside.path().join("note.txt");
    std::fs::write(&note, "hello").expect("written");
    let source = SampleSource::Upload(stage.upload(&note.display().to_string()).await);
    template(&stage, TemplateRequest::Sample { connection, source }).await.expect_err("no sample");
}

#[tokio::test]
async fn a_template_shows_how_it_fares_and_what_depends_on_it() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    stage.simulator.add_template(
        json!({ "id": "1", "name": "reminder", "language": "en_US", "category": "UTILITY", "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "Hello {{1}}, see you tomorrow." }] }),
    );
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let send = |to: &str, at: Option<wadeck::domain::time::Timestamp>| Request::SendTemplate {
        connection,
        to: wadeck::domain::contacts::phone::PhoneNumber::parse(to).expect("a number"),
        name: "reminder".into(),
        language: "en_US".into(),
        parameters: vec![("1".into(), "Rosa".into())],
        header: None,
        at,
    };
    stage.act(send("+15550100002", None)).await.expect("queued");
    stage.send().await;
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    stage.says(&rosa(), "thank you!").await;
    let later = stage.now().plus(Duration::from_secs(7_200));
    stage.act(send("+15550100044", Some(later))).await.expect("queued");
    let told = record(&stage, "reminder").await;
    assert_eq!((told.sent, told.read, told.replied, told.scheduled), (1, 1, 1, 1), "{told:?}");
    stage.simulator.review("reminder", "PAUSED", "NONE");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 10 }).await else { panic!("alerts") };
    let depends = alerts.iter().find(|alert| alert.kind == "template_scheduled").expect("somebody should know");
    assert!(depends.said.line().contains("Queued messages use reminder"), "{:?}", depends.said);
    let delete = TemplateRequest::Delete { connection, name: "reminder".into(), id: None, typed: "reminder".into() };
    assert!(template(&stage, delete).await.expect_err("something depends on it").to_string().contains("queued"));
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "4 j").await;
    sitting.sees("Delivery");
    sitting.sees("1 of 1 (100 %)");
    sitting.sees("1 queued");
}
