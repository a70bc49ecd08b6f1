//! Backfill from the provider's conversations and from its second list.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::inbound::event::Origin;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::simulator::{Person, Saying};

use crate::numbers::support;
use crate::stage::{SUPPORT, Stage, rosa};

async fn fill(stage: &Stage) -> String {
    let connection = support(stage).await;
    stage.act(Request::Backfill { connection }).await.expect("compared").message
}

async fn threads(stage: &Stage) -> usize {
    match stage.ask(Query::Threads { text: String::new(), limit: 500, before: None }).await {
        Answer::Threads(rows) => rows.len(),
        other => panic!("{other:?}"),
    }
}

/// The lists of the newest messages do not answer: conversations alone are left.
fn only_conversations(stage: &Stage) {
    for path in ["GET /platform/v1/whatsapp/messages", "GET /meta/whatsapp/v24.0/106540352242922/messages"] {
        stage.simulator.next_call(path, 500, json!({ "error": "Internal Server Error" }));
    }
}

/// These people write while nobody listens.
async fn unheard(stage: &mut Stage, people: usize) {
    stage.simulator.switch_webhook(false);
    for number in 0..people {
        let person = Person::new(&format!("Person {number}"), &format!("1555020{number:04}"));
        stage.simulator.says(SUPPORT, &person, &Saying::text("anybody there?"));
        stage.simulator.says(SUPPORT, &person, &Saying::text("hello?"));
    }
    stage.deliver().await;
    stage.simulator.switch_webhook(true);
    stage.pass(Duration::from_secs(600));
}

fn asked(stage: &Stage, what: &str) -> usize {
    stage.simulator.calls().iter().filter(|call| call.contains(what)).count()
}

/// Lists of messages that were asked for by their conversation.
fn by_conversation(stage: &Stage) -> Vec<String> {
    let mut queries = stage.simulator.queries();
    queries
        .retain(|query| query.starts_with("GET /platform/v1/whatsapp/messages?") && query.contains("conversation_id="));
    queries
}

#[tokio::test]
async fn what_the_lists_do_not_tell_is_found_in_its_conversation() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    unheard(&mut stage, 2).await;
    only_conversations(&stage);
    let said = fill(&stage).await;
    assert!(said.contains("added 4 messages that had not arrived"), "{said}");
    assert!(
        asked(&stage, "/platform/v1/whatsapp/conversations") > 0 && asked(&stage, "106540352242922/conversations") > 0
    );
    assert!(!by_conversation(&stage).is_empty(), "messages are listed by their conversation");
    let thread = stage.thread_of("person 1").await;
    let all = stage.messages(thread.id).await;
    let texts: Vec<String> = all.iter().map(|message| message.text.line()).collect();
    assert_eq!(texts, ["anybody there?", "hello?"], "in the order in which they were written");
    assert!(all.iter().all(|message| message.origin == Origin::Filled));
    assert!(thread.waiting.is_some(), "waits for a person");
    // Once everything is here, conversations whose last message is known are not read.
    let before = asked(&stage, "GET /platform/v1/whatsapp/messages");
    assert!(fill(&stage).await.contains("no messages are missing"));
    assert_eq!(asked(&stage, "GET /platform/v1/whatsapp/messages"), before + 1, "the list alone");
    assert_eq!(asked(&stage, "/conversations/6f6f2f6e-0d2b-4f5e-8a0e-15550200000/messages"), 0);
}

#[tokio::test]
async fn one_thread_is_compared_with_its_conversation_at_the_provider() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    stage.pass(Duration::from_secs(600));
    stage.simulator.switch_webhook(false);
    stage.simulator.says(SUPPORT, &rosa(), &Saying::text("are you there?"));
    stage.simulator.says(SUPPORT, &Person::new("Ana Ruiz", "15550100003"), &Saying::text("somebody else"));
    stage.deliver().await;
    stage.simulator.switch_webhook(true);
    stage.pass(Duration::from_secs(600));
    let refresh = Request::RefreshThread { thread };
    let said = stage.act(refresh.clone()).await.expect("compared").message;
    assert!(
        said.starts_with("The provider counts 2 messages in t1; compared 2 messages, added 1 missing message"),
        "{said}"
    );
    let texts: Vec<String> = stage.messages(thread).await.iter().map(|message| message.text.line()).collect();
    assert_eq!(texts, ["hello", "are you there?"]);
    assert_eq!(threads(&stage).await, 1, "nothing is read of anybody else");
    assert_eq!(asked(&stage, "GET /platform/v1/whatsapp/conversations/"), 1);
    assert_eq!(by_conversation(&stage).len(), 1, "{:?}", stage.simulator.queries());
    let row = match stage.ask(Query::Thread { thread }).await {
        Answer::Thread(Some(row)) => *row,
        other => panic!("{other:?}"),
    };
    let counts = row.conversation.expect("told");
    assert_eq!((counts.messages_count, counts.missing()), (Some(2), 0), "{counts:?}");
    let said = stage.act(refresh.clone()).await.expect("compared").message;
    assert!(said.contains("added 0 missing messages and 0 delivery statuses"), "{said}");
    // What the provider does not answer is said, and changes nothing.
    let path = asked_path(&stage);
    stage.simulator.next_call(&path, 500, json!({ "error": "Internal Server Error" }));
    let refused = stage.act(refresh.clone()).await.expect_err("no answer").to_string();
    assert!(refused.contains("does not answer about t1"), "{refused}");
    stage.simulator.next_call(&path, 404, json!({ "error": "Not found" }));
    let refused = stage.act(refresh).await.expect_err("gone").to_string();
    assert!(refused.contains("no longer has the conversation"), "{refused}");
}

#[tokio::test]
async fn a_thread_without_a_conversation_at_its_provider_says_what_to_do_instead() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let add = Request::AddContact {
        connection: support(&stage).await,
        name: "Bo".into(),
        number: PhoneNumber::parse("15550100098").expect("a number"),
        note: None,
    };
    let thread = stage.act(add).await.expect("added").created_id.expect("a thread").parse().expect("an id");
    let refused = stage.act(Request::RefreshThread { thread }).await.expect_err("never named").to_string();
    assert!(
        refused.contains("has not named the conversation of t2 yet. Run a backfill of the connection"),
        "{refused}"
    );
    assert_eq!(asked(&stage, "/conversations/"), 0);

    let text = "organization = \"lumen\"\n[[connections]]\nname = \"sandbox\"\nprovider = \"twilio\"\n\
                phone_number = \"+14155238886\"\njoin_code = \"quiet-river\"\n";
    let mut stage = Stage::with_config(text).await;
    stage.simulator.add_sender("14155238886", true);
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    stage.simulator.says("14155238886", &rosa(), &Saying::text("hello"));
    stage.deliver().await;
    let thread = stage.thread().await.id;
    let refused = stage.act(Request::RefreshThread { thread }).await.expect_err("no list").to_string();
    assert!(refused.contains("twilio keeps no conversations that can be read. Query single messages"), "{refused}");
}

/// The path at which a single conversation was asked for last.
fn asked_path(stage: &Stage) -> String {
    let calls = stage.simulator.calls();
    let one = calls.iter().rev().find(|call| call.starts_with("GET /platform/v1/whatsapp/conversations/"));
    one.expect("it was asked for").split('?').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_second_list_stands_in_for_the_first() {
    let mut stage = Stage::set().await;
    unheard(&mut stage, 2).await;
    stage.simulator.next_call("GET /platform/v1/whatsapp/messages", 500, json!({ "error": "Internal Server Error" }));
    let said = fill(&stage).await;
    assert!(said.contains("added 4 messages that had not arrived"), "{said}");
    assert_eq!(asked(&stage, "GET /meta/whatsapp/v24.0/106540352242922/messages"), 1);
    assert!(by_conversation(&stage).is_empty(), "no conversation is read by itself");
}

#[tokio::test]
async fn a_backfill_that_used_up_its_requests_goes_on_where_it_stopped() {
    let mut stage = Stage::set().await;
    unheard(&mut stage, 90).await;
    only_conversations(&stage);
    let said = fill(&stage).await;
    assert!(said.contains("More conversations remain"), "{said}");
    let first = threads(&stage).await;
    assert!((1..90).contains(&first), "{first} of 90 in one go");
    // The other lists fail again, and the list of conversations once.
    only_conversations(&stage);
    stage.simulator.next_call("GET /platform/v1/whatsapp/conversations", 500, json!({ "error": "no" }));
    let said = fill(&stage).await;
    assert!(!said.contains("More conversations"), "the rest was read: {said}");
    assert_eq!(threads(&stage).await, 90, "all of them are here now, each once");
    let thread = stage.thread_of("person 77").await;
    assert_eq!(stage.messages(thread.id).await.len(), 2);
}

#[tokio::test]
async fn a_provider_that_answers_nothing_is_told_and_leaves_the_place() {
    let mut stage = Stage::set().await;
    unheard(&mut stage, 1).await;
    only_conversations(&stage);
    for path in ["GET /platform/v1/whatsapp/conversations", "GET /meta/whatsapp/v24.0/106540352242922/conversations"] {
        stage.simulator.next_call(path, 500, json!({ "error": "Internal Server Error" }));
    }
    let said = fill(&stage).await;
    assert!(said.contains("cannot read the provider's message list"), "{said}");
    assert!(fill(&stage).await.contains("added 2 messages that had not arrived"));
}
