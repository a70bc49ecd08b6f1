//! Every kind goes out as the provider wants it, waits where it should, and can be taken back.

use std::time::Duration;

use wadeck::domain::ids::ThreadId;
use wadeck::domain::inbound::event::Direction;
use wadeck::domain::message::content::{Card, Content};
use wadeck::domain::message::interactive::{Action, Heading, Interactive, read_sections};
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::outbox::limits::Hold;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::simulator::{Person, Saying};

use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

pub async fn with_rosa() -> (Stage, ThreadId) {
    with_rosa_and(&CONFIG.replace("agent = \"helper\"\n", "")).await
}

async fn with_rosa_and(config: &str) -> (Stage, ThreadId) {
    let mut stage = Stage::with_config(config).await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    (stage, thread)
}

fn send(thread: ThreadId, content: Content) -> Request {
    Request::Send { thread, content: Box::new(content), reply_to: None, at: None }
}

fn offer(action: Action) -> Content {
    Content::Offer(Interactive { heading: None, body: "Choose".into(), footer: Some("Lumen".into()), action })
}

#[tokio::test]
async fn every_kind_is_taken_by_the_provider() {
    let (stage, thread) = with_rosa().await;
    let rows = || read_sections("Express | 1-2 days; Standard; # Slow; By ship");
    let buttons = || Action::Buttons { buttons: read_sections("Keep; Move").remove(0).rows };
    let without_footer = |mut content: Content| {
        if let Content::Offer(offer) = &mut content {
            offer.footer = None;
        }
        content
    };
    let contents = vec![
        Content::text("See https://example.net/menu"),
        Content::Location { latitude: 52.5, longitude: 13.4, name: Some("Office".into()), address: None },
        Content::Contacts {
            cards: vec![Card {
                name: "Ana Ruiz".into(),
                phones: vec!["+15550100003".into()],
                emails: vec!["ana@example.net".into()],
                more: vec![],
            }],
        },
        offer(buttons()),
        offer(Action::List { button: "Options".into(), sections: rows() }),
        offer(Action::Link { label: "Track".into(), url: "https://example.net/t/1".into() }),
        without_footer(offer(Action::AskLocation)),
        offer(Action::Catalogue { product: Some("SKU_1".into()) }),
        offer(Action::Product { catalogue: "367025965434465".into(), product: "SKU_1".into() }),
        Content::Offer(Interactive {
            heading: Some(Heading::Text("Best sellers".into())),
            body: "Choose".into(),
            footer: None,
            action: Action::Products { catalogue: "367025965434465".into(), sections: read_sections("SKU_1; SKU_2") },
        }),
    ];
    let count = contents.len();
    for content in contents {
        let kind = content.kind().to_owned();
        stage.act(send(thread, content)).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(stage.send().await, 1, "{kind}");
        let last = stage.messages(thread).await.pop().expect("there");
        let state = last.entry.as_ref().map(|entry| entry.state);
        assert_eq!(state, Some(EntryState::Accepted), "{kind}: {:?}", last.error);
        assert!(!last.text.line().is_empty());
        stage.pass(Duration::from_secs(7));
    }
    let accepted = stage.simulator.accepted();
    assert_eq!(accepted.len(), count);
    assert_eq!(accepted[0].object["preview_url"], true, "a link has a preview");
    insta::assert_json_snapshot!("objects", accepted.iter().map(|sent| &sent.object).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_would_be_refused_is_refused_here_and_nothing_is_queued() {
    let (stage, thread) = with_rosa().await;
    for content in [
        Content::text(" "),
        Content::text("x".repeat(4_097)),
        Content::Location { latitude: 91.0, longitude: 0.0, name: None, address: None },
        Content::Contacts { cards: vec![] },
        offer(Action::Buttons { buttons: vec![] }),
        Content::Button { text: "x".into(), payload: "y".into() },
    ] {
        stage.act(send(thread, content)).await.expect_err("refused");
    }
    assert!(stage.outbox().await.is_empty());
    assert_eq!(stage.simulator.send_requests(), 0);
}

#[tokio::test]
async fn a_reaction_stands_when_the_provider_has_it_is_replaced_and_taken_back() {
    let (stage, thread) = with_rosa().await;
    let hello = stage.messages(thread).await.remove(0);
    let react = |emoji: Option<&str>| Request::React { message: hello.id, emoji: emoji.map(str::to_owned) };
    let shown = async || {
        stage.messages(thread).await[0].reactions.iter().map(|one| (one.from, one.emoji.line())).collect::<Vec<_>>()
    };
    stage.act(react(Some("👍"))).await.expect("queued");
    assert!(shown().await.is_empty(), "nothing is shown as sent without proof");
    stage.send().await;
    assert_eq!(shown().await, [(Direction::Outbound, "👍".to_owned())]);
    stage.act(react(Some("🙏"))).await.expect("queued");
    stage.send().await;
    assert_eq!(shown().await, [(Direction::Outbound, "🙏".to_owned())], "one per side");
    stage.act(react(None)).await.expect("queued");
    stage.send().await;
    assert!(shown().await.is_empty());
    assert_eq!(stage.messages(thread).await.len(), 1, "no bubbles of their own");
    assert_eq!(stage.simulator.accepted()[2].object["emoji"], "", "cleared by an empty one");
    stage.act(react(Some("hello"))).await.expect_err("no emoji");
}

#[tokio::test]
async fn files_too_can_be_quoted() {
    let (mut stage, thread) = with_rosa().await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Image { caption: None });
    stage.deliver().await;
    let picture = stage.messages(thread).await.remove(1);
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("nice")), reply_to: Some(picture.id), at: None })
        .await
        .expect("queued");
    stage.send().await;
    assert_eq!(stage.simulator.accepted()[0].context, picture.provider_message_id);
}

#[tokio::test]
async fn sent_later_it_waits_and_stands_in_nobodys_way() {
    let (stage, thread) = with_rosa().await;
    let at = stage.now().plus(Duration::from_secs(3_600));
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("later")), reply_to: None, at: Some(at) })
        .await
        .expect("queued");
    stage.act(send(thread, Content::text("now"))).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.simulator.accepted()[0].text, "now");
    stage.pass(Duration::from_secs(3_600));
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.simulator.accepted()[1].text, "later");

    let beyond = stage.now().plus(Duration::from_secs(30 * 3_600));
    let late = Request::Send { thread, content: Box::new(Content::text("x")), reply_to: None, at: Some(beyond) };
    let refused = stage.act(late).await.expect_err("the window will be closed");
    assert!(refused.to_string().contains("window"), "{refused}");
}

#[tokio::test]
async fn what_is_held_for_a_moment_can_be_taken_back() {
    let config = CONFIG.replace("agent = \"helper\"\n", "undo_seconds = 10\n");
    let (stage, thread) = with_rosa_and(&config).await;
    stage.act(send(thread, Content::text("oh no"))).await.expect("queued");
    assert_eq!(stage.send().await, 0, "it can still be undone");
    stage.act(Request::UndoSend { thread }).await.expect("taken back");
    stage.pass(Duration::from_secs(11));
    assert_eq!(stage.send().await, 0);
    assert!(stage.simulator.accepted().is_empty());
    assert_eq!(
        stage.ask(Query::Draft { thread }).await,
        Answer::Draft("oh no".into()),
        "the words are the draft again"
    );
    stage.act(send(thread, Content::text("good"))).await.expect("queued");
    stage.pass(Duration::from_secs(11));
    assert_eq!(stage.send().await, 1);
    stage.act(Request::UndoSend { thread }).await.expect_err("it has gone");
}

#[tokio::test]
async fn a_person_holds_and_releases() {
    let (stage, thread) = with_rosa().await;
    stage.act(send(thread, Content::text("one"))).await.expect("queued");
    stage.act(send(thread, Content::text("two"))).await.expect("queued");
    let mut entries = stage.outbox().await;
    entries.sort_by_key(|row| row.id);
    stage.act(Request::HoldEntry { entry: entries[0].id }).await.expect("held");
    assert_eq!(stage.send().await, 0, "order is kept: what follows waits too");
    let rows = stage.outbox().await;
    assert!(rows.iter().any(|row| row.hold == Some(Hold::Operator)));
    stage.act(Request::ReleaseEntry { entry: entries[0].id }).await.expect("released");
    assert_eq!(stage.send().await, 2);
    stage.act(Request::HoldEntry { entry: entries[0].id }).await.expect_err("it has gone");
}

#[tokio::test]
async fn stop_is_honoured_on_every_path_and_start_takes_it_back() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let sent = stage.simulator.accepted().len();
    let thread = stage.thread().await.id;
    stage.act(send(thread, Content::text("queued before"))).await.expect("queued");
    stage.says(&rosa(), " Stop. ").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), sent, "not even what was queued goes");
    assert!(stage.thread().await.opted_out);
    stage.act(send(thread, Content::text("please"))).await.expect_err("refused");
    stage
        .simulator
        .add_template(serde_json::json!({ "id": "1", "name": "reminder", "language": "en", "category": "UTILITY",
        "status": "APPROVED", "components": [{ "type": "BODY", "text": "It is time." }] }));
    let template = Request::SendTemplate {
        connection: stage.thread().await.connection_id,
        to: wadeck::domain::contacts::phone::PhoneNumber::parse("15550100002").expect("a number"),
        name: "reminder".into(),
        language: String::new(),
        parameters: vec![],
        header: None,
        at: None,
    };
    let refusal = stage.act(template).await.expect_err("refused");
    assert!(refusal.to_string().contains("opted out"), "{refusal}");
    stage.says(&rosa(), "please do not stop writing").await;
    assert!(stage.thread().await.opted_out, "only the bare word counts");
    stage.says(&rosa(), "START").await;
    assert!(!stage.thread().await.opted_out);
    stage.act(Request::OptOut { thread, out: true }).await.expect("by hand");
    assert!(stage.thread().await.opted_out);
}

#[tokio::test]
async fn a_note_is_seen_by_colleagues_and_by_nobody_else() {
    let (stage, thread) = with_rosa().await;
    stage.act(Request::AddNote { thread, text: "pays in cash".into() }).await.expect("noted");
    stage.act(Request::AddNote { thread, text: "  ".into() }).await.expect_err("empty");
    let Answer::Notes(notes) = stage.ask(Query::Notes { thread }).await else { panic!("notes") };
    assert_eq!(notes[0].words.line(), "pays in cash");
    stage.pass(Duration::from_secs(60));
    assert_eq!(stage.send().await, 0);
    assert_eq!(stage.simulator.send_requests(), 0);
}

#[tokio::test]
async fn colleagues_see_who_looks_and_who_writes() {
    let (stage, thread) = with_rosa().await;
    let ben = wadeck::domain::access::actor::Actor::Operator {
        name: "ben".into(),
        role: wadeck::domain::access::role::Role::Operator,
    };
    let attend = Request::UpdatePresence { thread: Some(thread), writes: true, typing: true };
    wadeck::operations::perform(&stage.system, &ben, attend).await.expect("noted");
    assert_eq!(stage.thread().await.present[0].who, "ben");
    assert!(stage.thread().await.present[0].writes);
    assert_eq!(stage.simulator.read_marks().last().map(|(_, typing)| *typing), Some(true), "the contact sees typing");
    stage.pass(Duration::from_secs(40));
    assert!(!stage.thread().await.present[0].writes);
    stage.pass(Duration::from_secs(100));
    assert!(stage.thread().await.present.is_empty(), "presence is only true while somebody is there");
}

#[tokio::test]
async fn a_person_without_a_number_is_written_to_by_their_id() {
    let (mut stage, _) = with_rosa().await;
    stage.simulator.says(SUPPORT, &Person::new("Ana", "15550100044"), &Saying::text("hi"));
    stage.deliver().await;
    assert_eq!(stage.threads().await.len(), 2);
}
