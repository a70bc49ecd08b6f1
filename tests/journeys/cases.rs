//! What comes in, case by case, from the wire to the thread: whose it is, what it means, and that nothing of it is lost.

use serde_json::{Value, json};
use wadeck::domain::inbound::delivery::DeliveryState;
use wadeck::domain::inbound::event::{Direction, Origin};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::view::{DeliveryRow, MessageDetail, MessageView, ThreadRow};
use wadeck::simulator::Number;

use crate::stage::{MORNING, SUPPORT, Stage, signature};

pub const CONFIG: &str = r#"
organization = "lumen"
[[connections]]
name = "one"
provider = "meta"
phone_number = "+15550783881"
phone_number_id = "106540352249999"
business_account_id = "102290129340398"
agent = "helper"
debounce_seconds = 4
[[connections]]
name = "two"
provider = "meta"
phone_number = "+15550783882"
phone_number_id = "106540352242933"
business_account_id = "102290129340398"
[[agents]]
name = "helper"
kind = "scripted"
rules = [{ reply = ["You said it, {name}."] }]
"#;

/// Number one of the cases, as the simulated platform has it.
pub const ONE: &str = "106540352249999";

pub async fn stage() -> Stage {
    stage_with(CONFIG).await
}

pub async fn stage_with(config: &str) -> Stage {
    let stage = Stage::with_config(config).await;
    stage.simulator.add_number(Number {
        phone_number_id: ONE.into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-078-3881".into(),
        name: "Lumen".into(),
        kind: "production".into(),
        customer: None,
        direct: true,
    });
    // What the cases post did not come from there: their people have written, as the platform sees it.
    for last in 1..=3 {
        stage.simulator.heard(ONE, &format!("1555160000{last}"));
    }
    stage
}

/// The file of a case, with its time moved to now.
pub fn case(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases");
    let entries = std::fs::read_dir(folder).expect("the folder of cases").flatten().map(|entry| entry.path());
    let path = entries
        .into_iter()
        .find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-"))))
        .expect(name);
    let text = std::fs::read_to_string(path).expect("readable");
    text.replace("1795902600", &(MORNING / 1_000).to_string()).replace(SUPPORT, ONE)
}

/// Posts a body, signed, and applies it.
pub async fn post(stage: &mut Stage, path: &str, headers: &[(&str, &str)], body: &str) {
    let signed = signature(body);
    let mut request = reqwest::Client::new()
        .post(format!("http://{}{path}", stage.address))
        .header("content-type", "application/json")
        .header("x-hub-signature-256", format!("sha256={signed}"))
        .header("x-webhook-signature", signed)
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let Stage { system, inbox, .. } = stage;
    let answer = {
        let writer = async { while wadeck::operations::commit_pending_deliveries(system, inbox).await {} };
        tokio::select! {
            answer = request.send() => answer.expect("an answer"),
            () = writer => unreachable!("the inbox stays open"),
        }
    };
    assert_eq!(answer.status(), 200);
    stage.apply().await;
}

pub async fn given(stage: &mut Stage, name: &str) {
    post(stage, "/webhook/meta", &[], &case(name)).await;
}

/// A message object over number one, in the platform's envelope.
pub fn enveloped(contacts: Value, messages: Value) -> String {
    let value = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550783881", "phone_number_id": ONE },
        "contacts": contacts, "messages": messages });
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }] })
    .to_string()
}

pub fn text(id: &str, from: &str, words: &str) -> Value {
    json!({ "id": id, "from": from, "timestamp": (MORNING / 1_000).to_string(), "type": "text", "text": { "body": words } })
}

pub async fn deliveries(stage: &Stage) -> Vec<DeliveryRow> {
    match stage.ask(Query::Deliveries { state: None, event: None, limit: 50, before: None }).await {
        Answer::Deliveries(rows) => rows,
        other => panic!("{other:?}"),
    }
}

pub async fn detail(stage: &Stage, message: &MessageView) -> MessageDetail {
    match stage.ask(Query::Message { message: message.id }).await {
        Answer::Message(Some(detail)) => *detail,
        other => panic!("{other:?}"),
    }
}

pub async fn alerts(stage: &Stage) -> Vec<String> {
    match stage.ask(Query::Alerts { open: true, limit: 50 }).await {
        Answer::Alerts(alerts) => alerts.into_iter().map(|alert| alert.kind).collect(),
        other => panic!("{other:?}"),
    }
}

/// The one message of the one thread.
pub async fn only(stage: &Stage) -> (ThreadRow, MessageView) {
    let thread = stage.thread().await;
    let mut messages = stage.messages(thread.id).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    (thread, messages.remove(0))
}

/// Everything that details say of a message, as lines.
pub async fn told(stage: &Stage, message: &MessageView) -> String {
    let rows = detail(stage, message).await.details();
    rows.iter().map(|(label, value)| format!("{label}: {}", value.line())).collect::<Vec<_>>().join("\n")
}

pub async fn nobody_is_asked(stage: &Stage) {
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 0, "nobody answers");
}

pub fn note(row: &DeliveryRow) -> String {
    row.note.as_ref().map(|note| note.lines().join("\n")).unwrap_or_default()
}

#[tokio::test]
async fn one_item_that_cannot_be_read_takes_no_other_along() {
    let mut stage = stage().await;
    given(&mut stage, "01").await;
    let mut said: Vec<String> = stage.threads().await.iter().map(|row| row.last_text.line()).collect();
    said.sort();
    assert_eq!(said, ["me neither", "please do not lose me"]);
    let row = deliveries(&stage).await.remove(0);
    assert_eq!(row.state, DeliveryState::Unreadable);
    assert!(
        note(&row).contains("2 of 3 items were applied") && note(&row).contains("item 2: the system message"),
        "{row:?}"
    );
    assert_eq!(alerts(&stage).await, ["unreadable"]);
}

#[tokio::test]
async fn an_item_of_a_foreign_number_waits_alone_and_is_applied_with_its_number() {
    let mut stage = stage().await;
    given(&mut stage, "02").await;
    let connections: Vec<String> = stage.threads().await.iter().map(|row| row.connection.clone()).collect();
    assert!(connections.len() == 2 && connections.contains(&"one".into()) && connections.contains(&"two".into()));
    let row = deliveries(&stage).await.remove(0);
    assert_eq!(row.state, DeliveryState::Quarantined);
    assert!(note(&row).contains("item 3: phone_number_id 999000999000"), "{row:?}");
    assert_eq!(alerts(&stage).await, ["quarantine"]);

    let three = CONFIG.replace(
        "[[agents]]",
        "[[connections]]\nname = \"three\"\nprovider = \"meta\"\nphone_number = \"+15559990000\"\n\
        phone_number_id = \"999000999000\"\nbusiness_account_id = \"102290129340398\"\n[[agents]]",
    );
    let config = wadeck::config::check(&three, wadeck::provider::Registry::SHAPES).expect("right");
    wadeck::operations::declare(&stage.system, &wadeck::app::declared_connections(&config)).await.expect("declared");
    stage.apply().await;
    assert_eq!(stage.threads().await.len(), 3);
    let threads = stage.threads().await;
    let third = threads.iter().find(|row| row.connection == "three").expect("a thread over the new number");
    assert_eq!(third.last_text.line(), "to somebody else's number");
    let row = deliveries(&stage).await.remove(0);
    assert_eq!((row.state, note(&row)), (DeliveryState::Applied, String::new()));
    assert!(alerts(&stage).await.is_empty(), "what was said about the number is over");
    for row in stage.threads().await {
        assert_eq!(row.unread, 1, "nothing was applied twice");
    }
}

#[tokio::test]
async fn a_batch_keeps_its_good_items_whatever_stands_between() {
    let mut stage = Stage::set().await;
    let item = |id: &str, from: &str| {
        json!({ "message": { "id": id, "from": from, "timestamp": "1780304400", "type": "text", "text": { "body": id },
            "kapso": { "direction": "inbound" } }, "phone_number_id": SUPPORT })
    };
    let batch = json!({ "type": "whatsapp.message.received", "batch": true, "data": [
        item("wamid.A", "15551600001"), { "message": { "timestamp": "1" } }, item("wamid.B", "15551600002"), 7, null ] });
    post(&mut stage, "/webhook/kapso/messages", &[("x-webhook-batch", "true")], &batch.to_string()).await;
    assert_eq!(stage.threads().await.len(), 2);
    let row = deliveries(&stage).await.remove(0);
    assert!(note(&row).starts_with("2 of 5 items were applied\nitem 2: the message has no id"), "{row:?}");

    let many: Vec<Value> = (0..1_001).map(|at| item(&format!("wamid.M{at}"), "15551600003")).collect();
    let batch = json!({ "type": "whatsapp.message.received", "batch": true, "data": many });
    post(&mut stage, "/webhook/kapso/messages", &[("x-webhook-batch", "true")], &batch.to_string()).await;
    let thread = stage.thread_of("15551600003").await;
    assert_eq!(thread.unread, 1_001);
    let row = deliveries(&stage).await.remove(0);
    assert_eq!((row.state, note(&row)), (DeliveryState::Applied, String::new()));
}

#[tokio::test]
async fn half_an_emoji_is_read_as_the_replacement_character() {
    let mut stage = stage().await;
    let body = enveloped(
        json!([]),
        json!([text("wamid.CUT", "15551600001", "cut CUT"), text("wamid.WHOLE", "15551600002", "whole")]),
    );
    post(&mut stage, "/webhook/meta", &[], &body.replace("cut CUT", "cut \\ud83d")).await;
    assert_eq!(stage.thread_of("15551600001").await.last_text.line(), "cut \u{fffd}");
    assert_eq!(stage.thread_of("15551600002").await.last_text.line(), "whole");
}

#[tokio::test]
async fn a_message_is_of_whoever_it_names_and_never_of_the_first_contact() {
    let mut stage = stage().await;
    given(&mut stage, "05").await;
    let thread = stage.thread().await;
    assert_eq!(
        (thread.contact.display_name().as_str(), thread.external_id.as_str()),
        ("Dmitri", "whatsapp:15551600002")
    );
    stage.answer().await;
    assert_eq!(stage.simulator.accepted()[0].to, "15551600002");
    // Both known before: nobody is taken for the other.
    let contacts = json!([{ "profile": { "name": "Cora" }, "wa_id": "15551600001", "user_id": "US.16000001" },
        { "profile": { "name": "Dmitri" }, "wa_id": "15551600002", "user_id": "US.16000002" }]);
    let both = json!([text("wamid.C1", "15551600001", "I am Cora"), text("wamid.D1", "15551600002", "I am Dmitri")]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(contacts, both)).await;
    for (name, words) in [("Cora", "I am Cora"), ("Dmitri", "I am Dmitri")] {
        let thread = stage.thread_of(name).await.id;
        assert!(stage.messages(thread).await.iter().any(|message| message.text.line() == words), "{name}");
    }
    assert!(!alerts(&stage).await.contains(&"same_person".to_owned()));
}

#[tokio::test]
async fn what_is_said_in_a_group_stands_in_no_private_thread() {
    let mut stage = stage().await;
    given(&mut stage, "07").await;
    assert!(stage.threads().await.is_empty());
    let row = deliveries(&stage).await.remove(0);
    assert!(note(&row).contains("Greta said in the group 120363000000000001@g.us: said in the group"), "{row:?}");
    assert_eq!(alerts(&stage).await, ["group"]);
    nobody_is_asked(&stage).await;
    let Answer::Why(why) = stage.ask(Query::Why { id: row.id.to_string() }).await else { panic!() };
    assert_eq!(why.cause, "set_aside");
}

#[tokio::test]
async fn an_edit_changes_the_message_and_a_deletion_marks_it() {
    let mut stage = stage().await;
    given(&mut stage, "09a").await;
    stage.answer().await;
    let before = stage.thread().await;
    let asked = stage.simulator.send_requests();
    stage.pass(std::time::Duration::from_secs(60));
    given(&mut stage, "09b").await;
    let messages = stage.messages(before.id).await;
    assert_eq!(messages[0].text.lines(), ["deliver to Oak Rd 99", "[edited]"]);
    assert!(told(&stage, &messages[0]).await.contains("before: deliver to Main St 5"));
    let Answer::Found(found) = stage.ask(Query::Search { text: "oak".into(), limit: 9, before: None }).await else {
        panic!()
    };
    assert!(found.iter().any(|one| one.message.id == messages[0].id), "the search finds the new words");
    given(&mut stage, "10b").await;
    let messages = stage.messages(before.id).await;
    assert!(
        messages[0].text.line().starts_with("[deleted by the writer] deliver to Oak Rd 99"),
        "{:?}",
        messages[0].text
    );
    let after = stage.thread().await;
    assert_eq!((after.unread, after.window_closes_at), (before.unread, before.window_closes_at));
    assert!(after.waiting.is_none());
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), asked, "nobody is asked about an edit");
}

#[tokio::test]
async fn an_edit_that_comes_before_its_message_is_not_lost() {
    let mut stage = stage().await;
    given(&mut stage, "10b").await;
    given(&mut stage, "09b").await;
    given(&mut stage, "09a").await;
    let messages = stage.messages(stage.thread().await.id).await;
    let first = messages.iter().find(|message| message.kind == "text").expect("the first message");
    assert!(first.text.line().starts_with("[deleted by the writer] deliver to Oak Rd 99"), "{:?}", first.text);
}

#[tokio::test]
async fn nobody_edits_what_somebody_else_wrote() {
    let mut stage = stage().await;
    given(&mut stage, "09a").await;
    let foreign = case("09b").replace("15551600001", "15551600077");
    post(&mut stage, "/webhook/meta", &[], &foreign).await;
    let thread = stage.thread_of("15551600001").await;
    assert_eq!(stage.messages(thread.id).await[0].text.line(), "deliver to Main St 5");
}

#[tokio::test]
async fn an_order_is_read_with_its_items_and_its_total() {
    let mut stage = stage().await;
    given(&mut stage, "11").await;
    let (thread, message) = only(&stage).await;
    let words = message.text.lines().join("\n");
    for part in ["leave at the door", "3 × TEA-1 at 4.50 EUR", "1 × CUP-9 at 12.00 EUR", "total 25.50 EUR"] {
        assert!(words.contains(part), "{words}");
    }
    assert!(told(&stage, &message).await.contains("catalog: 77"));
    assert_eq!(thread.unread, 1);
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 1, "an order is a customer's words");
}

#[tokio::test]
async fn a_changed_number_is_news_and_the_same_person() {
    let mut stage = stage().await;
    let hello = enveloped(
        json!([{ "profile": { "name": "Nora" }, "wa_id": "15551600001" }]),
        json!([text("wamid.N1", "15551600001", "hello")]),
    );
    post(&mut stage, "/webhook/meta", &[], &hello).await;
    stage.answer().await;
    let before = stage.thread().await;
    stage.pass(std::time::Duration::from_secs(3_600));
    given(&mut stage, "12").await;
    let after = stage.thread().await;
    assert_eq!(
        (after.unread, after.window_closes_at, after.waiting.is_none()),
        (before.unread, before.window_closes_at, true)
    );
    assert_eq!(after.external_id, "whatsapp:15551600003");
    let lines = stage.messages(after.id).await;
    assert!(lines.iter().any(|message| message.text.line().contains("Nora changed from")), "{lines:?}");
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 1, "nobody answers news");
    let again = enveloped(json!([]), json!([text("wamid.N2", "15551600003", "it is me")]));
    post(&mut stage, "/webhook/meta", &[], &again).await;
    let thread = stage.thread().await;
    assert_eq!((thread.id, thread.contact.display_name().as_str()), (before.id, "Nora"));
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().last().expect("an answer").to, "15551600003");
}

#[tokio::test]
async fn a_changed_user_id_is_the_same_person_although_no_number_is_named() {
    let mut stage = stage().await;
    let contacts = json!([{ "profile": { "name": "Una" }, "user_id": "US.1" }]);
    let mut hello = text("wamid.U1", "", "hello");
    hello["from_user_id"] = "US.1".into();
    post(&mut stage, "/webhook/meta", &[], &enveloped(contacts, json!([hello]))).await;
    let changed = json!([{ "id": "wamid.U2", "timestamp": "1780304400", "type": "system",
        "system": { "type": "user_changed_user_id", "body": "new id", "previous_user_id": "US.1", "user_id": "US.2" } }]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), changed)).await;
    let mut again = text("wamid.U3", "", "still me");
    again["from_user_id"] = "US.2".into();
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([again]))).await;
    let thread = stage.thread().await;
    assert_eq!((thread.external_id.as_str(), thread.last_text.line().as_str()), ("whatsapp:US.2", "still me"));
}

#[tokio::test]
async fn what_cannot_be_read_here_waits_for_a_person() {
    let mut stage = stage().await;
    given(&mut stage, "13").await;
    let (thread, message) = only(&stage).await;
    assert!(message.text.line().contains("poll_creation"), "{:?}", message.text);
    assert_eq!((thread.unread, thread.window_closes_at), (1, None));
    assert!(thread.waiting.expect("waits").reason.contains("is not supported"));
    nobody_is_asked(&stage).await;
    let Answer::Why(why) = stage.ask(Query::Why { id: message.id.to_string() }).await else { panic!() };
    assert_eq!(why.cause, "unsupported");
}

#[tokio::test]
async fn a_call_is_a_line_that_says_who_when_and_how_it_ended() {
    let mut stage = stage().await;
    given(&mut stage, "16").await;
    let (thread, message) = only(&stage).await;
    assert_eq!(thread.contact.display_name(), "Cal");
    assert_eq!(message.text.line(), "[call] from the contact, missed");
    assert!(thread.window_closes_at.is_some(), "a call opens the window");
    nobody_is_asked(&stage).await;
    let long = case("16").replace("CASE16", "CASE16B").replace("\"FAILED\"", "\"COMPLETED\", \"duration\": 125");
    post(&mut stage, "/webhook/meta", &[], &long).await;
    assert!(
        stage
            .messages(thread.id)
            .await
            .iter()
            .any(|message| message.text.line() == "[call] from the contact, lasted 2m")
    );
}

#[tokio::test]
async fn history_keeps_its_times_and_asks_nobody() {
    let mut stage = stage().await;
    given(&mut stage, "17").await;
    let thread = stage.thread().await;
    let messages = stage.messages(thread.id).await;
    let lines: Vec<_> = messages.iter().map(|one| (one.direction, one.text.line(), one.created_at.seconds())).collect();
    assert_eq!(
        lines,
        [
            (Direction::Inbound, "old question".to_owned(), 1_760_000_000),
            (Direction::Outbound, "old answer".to_owned(), 1_760_000_100)
        ]
    );
    assert!(messages.iter().all(|message| message.origin == Origin::HistorySync));
    assert_eq!((thread.unread, thread.window_closes_at, thread.waiting.is_none()), (0, None, true));
    nobody_is_asked(&stage).await;
}

#[tokio::test]
async fn an_echo_may_name_its_contact_by_id_alone() {
    let mut stage = stage().await;
    given(&mut stage, "19").await;
    let (thread, message) = only(&stage).await;
    assert_eq!(thread.external_id, "whatsapp:US.16000005");
    assert_eq!((message.direction, message.origin), (Direction::Outbound, Origin::BusinessApp));
}

#[tokio::test]
async fn a_short_number_is_a_contact_too() {
    let mut stage = stage().await;
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([text("wamid.S", "12345", "hi")]))).await;
    assert_eq!(only(&stage).await.0.external_id, "whatsapp:12345");
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 1);
}

#[tokio::test]
async fn what_stands_beside_the_content_is_shown() {
    for (name, words, details) in [
        ("21", "[came from ad \u{b7} Spring sale \u{b7} 50% off \u{b7} https://fb.example/ad]", "ctwa_clid: CLID1"),
        ("22", "SHIRT-9 of catalog 77", "product: SHIRT-9"),
        ("25", "payment_method: pix", "reference_id: R1"),
        ("35", "chose: Yes", "payload: appt_42_yes"),
        ("24", "V Card", "org.company: ACME"),
        ("24", "Tel Wa", "phone: 15557770001"),
        ("24", "Only Mail", "addresses.1.city: Riga"),
        ("24", "Only Mail", "urls.1.url: https://o.example"),
    ] {
        let mut stage = stage().await;
        given(&mut stage, name).await;
        let (_, message) = only(&stage).await;
        let line = message.text.lines().join(" ");
        assert!(line.contains(words), "{name}: {line}");
        let told = told(&stage, &message).await;
        assert!(told.contains(details), "{name}: {told}");
    }
}

#[tokio::test]
async fn forwarded_words_say_so() {
    let mut stage = stage().await;
    let mut message = text("wamid.F", "15551600001", "have you heard");
    message["context"] = json!({ "frequently_forwarded": true });
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([message]))).await;
    assert_eq!(only(&stage).await.1.text.lines(), ["have you heard", "[forwarded many times]"]);
}
