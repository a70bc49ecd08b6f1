//! Interactive messages over a provider that needs a content object for each, and templates that need no approval
//! inside the service window.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::ids::ThreadId;
use wadeck::domain::message::content::Content;
use wadeck::domain::message::interactive::{Action, Heading, Interactive, read_sections};
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::{Request, SendContext};
use wadeck::operations;
use wadeck::simulator::{Saying, SendFault};

use crate::conformance::{WIRES, says, with_rosa};
use crate::stage::{Stage, rosa};

fn offer(body: &str, action: Action) -> Content {
    Content::Offer(Interactive { heading: None, body: body.into(), footer: None, action })
}

fn buttons(text: &str) -> Action {
    Action::Buttons { buttons: read_sections(text).into_iter().flat_map(|section| section.rows).collect() }
}

async fn send(stage: &Stage, thread: ThreadId, content: Content) -> Result<(), String> {
    let despite = SendContext { despite_duplicate: true, ..SendContext::default() };
    let request = Request::Send { thread, content: Box::new(content), reply_to: None, at: None };
    stage.act(request.with_context(despite)).await.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn buttons_lists_and_links_become_content_once_and_go_out_by_its_id() {
    let (mut stage, thread) = with_rosa(&WIRES[1]).await;
    send(&stage, thread, offer("Keep the slot?", buttons("Keep = keep_42; Move"))).await.expect("queued");
    stage.send().await;
    let contents = stage.simulator.contents();
    assert_eq!(contents.len(), 1);
    let quick = &contents[0]["types"]["twilio/quick-reply"];
    assert_eq!(quick["body"], "Keep the slot?");
    assert_eq!(quick["actions"][0], json!({ "type": "QUICK_REPLY", "title": "Keep", "id": "keep_42" }));
    let sent = stage.simulator.accepted().pop().expect("sent");
    assert_eq!(sent.object["ContentSid"], contents[0]["sid"]);
    assert!(sent.object.get("Body").is_none(), "the words are in the content");
    assert_eq!(sent.text, "Keep the slot?");
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    // The tap comes back with the id.
    says(&mut stage, &WIRES[1], &rosa(), &Saying::Choice { id: "keep_42".into(), title: "Keep".into() }).await;
    assert_eq!(stage.messages(thread).await.pop().expect("a reply").direction.name(), "inbound");

    // The same content is created once, also for a program that has just started.
    send(&stage, thread, offer("Keep the slot?", buttons("Keep = keep_42; Move"))).await.expect("queued");
    stage.send().await;
    assert_eq!(stage.simulator.contents().len(), 1);
    let list = Action::List { button: "Options".into(), sections: read_sections("Express | 1-2 days; Standard") };
    send(&stage, thread, offer("How fast?", list)).await.expect("queued");
    let link = Action::Link { label: "Track".into(), url: "https://example.net/t/1".into() };
    send(&stage, thread, offer("Your parcel", link)).await.expect("queued");
    let card = Content::Offer(Interactive {
        heading: Some(Heading::Text("Lumen".into())),
        body: "Which one?".into(),
        footer: Some("Open until six".into()),
        action: buttons("This; That"),
    });
    send(&stage, thread, card).await.expect("queued");
    for _ in 0..3 {
        stage.pass(Duration::from_secs(10));
        stage.send().await;
    }
    let kinds: Vec<String> = stage
        .simulator
        .contents()
        .iter()
        .filter_map(|one| one["types"].as_object().and_then(|types| types.keys().next().cloned()))
        .collect();
    assert_eq!(kinds, ["twilio/quick-reply", "twilio/list-picker", "twilio/call-to-action", "whatsapp/card"]);
    assert_eq!(stage.outbox().await.iter().filter(|row| row.state == EntryState::Accepted).count(), 5);
    // They are messages and no templates.
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let Answer::Templates(lists) = stage.ask(Query::Templates).await else { panic!("lists") };
    assert!(lists.iter().all(|list| list.templates.is_empty()), "{lists:?}");
}

#[tokio::test]
async fn a_content_that_was_deleted_at_the_provider_is_created_anew() {
    let (stage, thread) = with_rosa(&WIRES[1]).await;
    send(&stage, thread, offer("Keep the slot?", buttons("Keep; Move"))).await.expect("queued");
    stage.send().await;
    stage.simulator.remove_contents();
    send(&stage, thread, offer("Keep the slot?", buttons("Keep; Move"))).await.expect("queued");
    stage.pass(Duration::from_secs(10));
    stage.send().await;
    stage.pass(Duration::from_secs(60));
    stage.send().await;
    assert_eq!(stage.simulator.contents().len(), 1, "created again");
    assert_eq!(stage.simulator.accepted().iter().filter(|one| one.text == "Keep the slot?").count(), 2);
}

#[tokio::test]
async fn what_content_cannot_hold_is_refused_before_it_is_queued() {
    let (stage, thread) = with_rosa(&WIRES[1]).await;
    let before = stage.outbox().await.len();
    let list = |text: &str| Action::List { button: "Options".into(), sections: read_sections(text) };
    for (content, expected) in [
        (offer("Where are you?", Action::AskLocation), "location requests"),
        (offer("Look", Action::Catalogue { product: None }), "products"),
        (offer("How fast?", list("# Fast; Express; # Slow; By ship")), "section titles"),
        (offer(&"x".repeat(1_025), list("One; Two")), "1024 characters"),
        (offer("Hello {{1}}", buttons("Yes; No")), "{{"),
    ] {
        let refused = send(&stage, thread, content).await.expect_err("refused");
        assert!(refused.contains("cannot send") && refused.contains(expected), "{refused}");
    }
    assert_eq!(stage.outbox().await.len(), before);
    assert!(stage.simulator.contents().is_empty());
}

#[tokio::test]
async fn a_content_that_cannot_be_created_is_tried_again_and_sends_nothing() {
    let (stage, thread) = with_rosa(&WIRES[1]).await;
    let sent = stage.simulator.accepted().len();
    stage.simulator.fail_next_content(SendFault::Answer { status: 503, body: json!({}), retry_after: None });
    send(&stage, thread, offer("Keep the slot?", buttons("Keep; Move"))).await.expect("queued");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), sent, "nothing was sent");
    assert_eq!(stage.outbox().await[0].state, EntryState::Queued, "and nothing is uncertain");
    for _ in 0..3 {
        stage.pass(Duration::from_secs(60));
        stage.send().await;
    }
    assert_eq!(stage.simulator.accepted().len(), sent + 1);
}

#[tokio::test]
async fn an_unsubmitted_quick_reply_is_sent_inside_the_window_only() {
    let (stage, thread) = with_rosa(&WIRES[1]).await;
    stage.simulator.add_content(
        json!({ "sid": format!("HX{}", "a".repeat(32)), "friendly_name": "slot", "language": "en",
        "variables": { "1": "Asha" }, "types": { "twilio/quick-reply": { "body": "Hello {{1}}, keep it?",
            "actions": [{ "type": "QUICK_REPLY", "title": "Yes", "id": "yes" }] } },
        "approval_requests": { "status": "unsubmitted" } }),
    );
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let row = stage.thread().await;
    let template = || Request::SendTemplate {
        connection: row.connection_id,
        to: row.contact.phone_number.clone().expect("a number"),
        name: "slot".into(),
        language: "en".into(),
        parameters: vec![("1".into(), "Rosa".into())],
        header: None,
        at: None,
    };
    stage.act(template()).await.expect("the window is open");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().pop().expect("sent").text, "Hello Rosa, keep it?");
    stage.pass(Duration::from_secs(25 * 3_600));
    let refused = stage.act(template()).await.expect_err("the window is closed").to_string();
    assert!(refused.contains("UNSUBMITTED") && refused.contains("window"), "{refused}");
    assert_eq!(stage.messages(thread).await.iter().filter(|one| one.kind == "template").count(), 1);
}
