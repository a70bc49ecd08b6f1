//! What people do not want, and which address they go by: told by webhooks, by refusals and by answers.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::outbox::limits::Hold;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::domain::time::Timestamp;
use wadeck::operations::{self, OperationError};
use wadeck::simulator::SendFault;

use crate::cases::{ONE, case, enveloped, given, post, stage};
use crate::stage::{MORNING, Stage};

async fn connection(stage: &Stage) -> ConnectionId {
    stage.system.store().connections().await.expect("asked")[0].id
}

/// Two templates without places, one of each kind, as the provider lists them.
pub async fn templates(stage: &Stage) {
    for (name, category) in [("spring_sale", "MARKETING"), ("order_ready", "UTILITY")] {
        stage.simulator.add_template(json!({ "id": name, "name": name, "language": "en_US", "status": "APPROVED",
            "category": category, "components": [{ "type": "BODY", "text": "Hello there." }] }));
    }
    operations::refresh_templates(&stage.system).await.expect("fetched");
}

async fn send(stage: &Stage, name: &str) -> Result<Done, OperationError> {
    send_at(stage, name, None).await
}

async fn send_at(stage: &Stage, name: &str, at: Option<Timestamp>) -> Result<Done, OperationError> {
    let connection = connection(stage).await;
    let to = PhoneNumber::parse("+15551600001").expect("a number");
    stage
        .act(Request::SendTemplate {
            connection,
            to,
            name: name.into(),
            language: "en_US".into(),
            parameters: vec![],
            header: None,
            at,
        })
        .await
}

fn wish(value: &str, wa_id: &str, at: i64) -> serde_json::Value {
    json!({ "wa_id": wa_id, "category": "marketing_messages", "value": value, "timestamp": at })
}

fn apply_opt_outs(list: &serde_json::Value) -> String {
    let value = json!({ "messaging_product": "whatsapp", "metadata": { "phone_number_id": ONE },
        "user_preferences": list });
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102290129340398",
        "changes": [{ "field": "user_preferences", "value": value }] }] })
    .to_string()
}

#[tokio::test]
async fn whoever_stops_marketing_is_sent_none_and_everything_else() {
    let mut stage = stage().await;
    templates(&stage).await;
    let hello = json!({ "id": "wamid.H", "from": "15551600001", "timestamp": (MORNING / 1_000).to_string(),
        "type": "text", "text": { "body": "hello" } });
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([hello]))).await;
    send(&stage, "spring_sale").await.expect("wanted so far");
    given(&mut stage, "20").await;
    assert!(stage.thread().await.no_marketing);
    let refused = send(&stage, "spring_sale").await.expect_err("not wanted");
    assert!(refused.to_string().contains("opted out of marketing"), "{refused}");
    send(&stage, "order_ready").await.expect("utility goes");
    let now = MORNING / 1_000;
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&json!([wish("resume", "15551600001", now - 60)]))).await;
    assert!(stage.thread().await.no_marketing, "an older wish does not undo a newer one");
    let both = json!([wish("stop", "15551600009", now + 5), wish("resume", "15551600001", now + 5)]);
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&both)).await;
    assert!(!stage.thread().await.no_marketing, "every entry of the list counts");
    stage.pass(std::time::Duration::from_secs(61));
    send(&stage, "spring_sale").await.expect("wanted again");
}

#[tokio::test]
async fn a_refusal_that_says_unwanted_is_remembered_until_they_say_otherwise() {
    let mut stage = stage().await;
    templates(&stage).await;
    stage.simulator.next_send(SendFault::graph(400, 131_050, "User stopped marketing messages"));
    send(&stage, "spring_sale").await.expect("queued");
    stage.send().await;
    assert!(send(&stage, "spring_sale").await.is_err());
    send(&stage, "order_ready").await.expect("utility goes");
    let start = json!({ "id": "wamid.START", "from": "15551600001", "timestamp": (MORNING / 1_000).to_string(),
        "type": "text", "text": { "body": "START" } });
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([start]))).await;
    send(&stage, "spring_sale").await.expect("wanted again");
}

#[tokio::test]
async fn marketing_that_waits_when_they_stop_it_is_not_sent_and_says_why() {
    let mut stage = stage().await;
    templates(&stage).await;
    let hello = json!({ "id": "wamid.H", "from": "15551600001", "timestamp": (MORNING / 1_000).to_string(),
        "type": "text", "text": { "body": "hello" } });
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([hello]))).await;
    send(&stage, "order_ready").await.expect("queued");
    send(&stage, "spring_sale").await.expect("wanted so far");
    send_at(&stage, "spring_sale", Some(stage.now().plus(Duration::from_secs(7_200)))).await.expect("scheduled");
    let stop = json!([wish("stop", "15551600001", MORNING / 1_000 + 1)]);
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&stop)).await;
    stage.send().await;
    stage.pass(Duration::from_secs(7_300));
    stage.send().await;
    let accepted: Vec<_> = stage.simulator.accepted().into_iter().map(|sent| sent.text).collect();
    assert_eq!(accepted.len(), 1, "the utility template alone: {accepted:?}");
    let rows = stage.outbox().await;
    let refused: Vec<_> = rows.iter().filter(|row| row.state == EntryState::Failed).collect();
    assert_eq!(refused.len(), 2, "{rows:?}");
    for row in refused {
        let failure = row.error.as_ref().expect("a reason");
        assert!(failure.explanation.contains("asked for no marketing"), "{failure:?}");
        let Answer::Why(why) = stage.ask(Query::Why { id: row.id.to_string() }).await else { panic!("why") };
        assert_eq!(why.cause, "marketing_stopped", "{why:?}");
    }
}

#[tokio::test]
async fn marketing_goes_that_was_queued_before_they_stopped_and_resumed() {
    let mut stage = stage().await;
    templates(&stage).await;
    send_at(&stage, "spring_sale", Some(stage.now().plus(Duration::from_secs(600)))).await.expect("scheduled");
    for (value, after) in [("stop", 1), ("resume", 2)] {
        let list = json!([wish(value, "15551600001", MORNING / 1_000 + after)]);
        post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&list)).await;
    }
    stage.pass(Duration::from_secs(601));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
}

#[tokio::test]
async fn a_template_waits_for_the_list_that_says_whether_it_is_marketing() {
    let mut stage = stage().await;
    templates(&stage).await;
    send(&stage, "order_ready").await.expect("queued");
    let stop = json!([wish("stop", "15551600001", MORNING / 1_000 + 1)]);
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&stop)).await;
    stage.restart(crate::cases::CONFIG).await;
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 0, "nobody knows yet of which kind it is");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    stage.pass(Duration::from_secs(31));
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
}

#[tokio::test]
async fn the_number_that_an_answer_names_is_the_same_person() {
    let mut stage = stage().await;
    let said = json!({ "messaging_product": "whatsapp", "contacts": [{ "input": "+15551600001", "wa_id": "15559990001" }],
        "messages": [{ "id": "wamid.ANSWER" }] });
    templates(&stage).await;
    stage.simulator.next_send(SendFault::Answer { status: 200, body: said, retry_after: None });
    send(&stage, "order_ready").await.expect("queued");
    stage.send().await;
    let reply = json!({ "id": "wamid.R", "from": "15559990001", "timestamp": (MORNING / 1_000).to_string(),
        "type": "text", "text": { "body": "thanks" } });
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([reply]))).await;
    assert_eq!(stage.thread().await.last_text.line(), "thanks", "one person, one thread");
}

#[tokio::test]
async fn what_is_acknowledged_and_not_applied_is_said_everywhere() {
    let stage = stage().await;
    let body = case("22");
    let signed = crate::stage::signature(&body);
    let address = stage.address;
    let request = reqwest::Client::new()
        .post(format!("http://{address}/webhook/meta"))
        .header("x-hub-signature-256", format!("sha256={signed}"))
        .body(body);
    let mut stage = stage;
    let Stage { system, inbox, .. } = &mut stage;
    tokio::select! {
        answer = request.send() => assert_eq!(answer.expect("an answer").status(), 200),
        () = async { while operations::commit_pending_deliveries(system, inbox).await {} } => unreachable!("the inbox stays open"),
    }
    stage.pass(std::time::Duration::from_secs(300));
    let ready = reqwest::get(format!("http://{address}/readyz")).await.expect("an answer").text().await.expect("text");
    assert_eq!(ready, "ready\napplying: 1 delivery behind, 5m\n");
    let figures = operations::metrics(&stage.system).await.expect("figures");
    assert!(figures.contains("wadeck_apply_lag_seconds 300"), "{figures}");
    assert_eq!(stage.overview().await.lag(stage.now()).as_deref(), Some("applying: 1 behind, 5m"));
    let screen = crate::sitting::Sitting::down(&stage, 120, 40).await.screen();
    assert_eq!(screen.matches("applying: 1 behind, 5m").count(), 4, "header, threads, delivery, activity:\n{screen}");
    operations::watch(&stage.system).await.expect("watched");
    assert_eq!(stage.overview().await.alerts, 1);
    stage.apply().await;
    assert_eq!(stage.overview().await.alerts, 0, "it is over");
    assert_eq!(stage.overview().await.lag(stage.now()), None);
}

/// A signed request of the other provider: a form, or the query of a GET.
async fn form(stage: &mut Stage, method: &str, path: &str, fields: &[(&str, &str)]) -> reqwest::StatusCode {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit, Mac};
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(fields);
    let encoded = encoded.finish();
    let address = format!("http://{}{path}", stage.address);
    let (url, signed) = if method == "GET" {
        let url = format!("{address}?{encoded}");
        (url.clone(), url)
    } else {
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        (address.clone(), address + &sorted.iter().flat_map(|(name, value)| [*name, *value]).collect::<String>())
    };
    let mac = Hmac::<sha1::Sha1>::new_from_slice(crate::stage::SECRET.as_bytes()).expect("a key");
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.chain_update(&signed).finalize().into_bytes());
    let client = reqwest::Client::new();
    let request = match method {
        "GET" => client.get(url),
        _ => client.post(url).header("content-type", "application/x-www-form-urlencoded").body(encoded),
    };
    let Stage { system, inbox, .. } = stage;
    let answer = tokio::select! {
        answer = request.header("x-twilio-signature", signature).send() => answer.expect("an answer"),
        () = async { while operations::commit_pending_deliveries(system, inbox).await {} } => unreachable!("the inbox stays open"),
    };
    stage.apply().await;
    answer.status()
}

const TWILIO: &str = "organization = \"lumen\"\n[[connections]]\nname = \"clinic\"\nprovider = \"twilio\"\n\
    phone_number = \"+15550100300\"\n";

#[tokio::test]
async fn forms_come_by_either_method_and_other_channels_stay_outside() {
    let mut stage = Stage::with_config(TWILIO).await;
    let message = |sid: &'static str, from: &'static str| {
        vec![("MessageSid", sid), ("From", from), ("To", "whatsapp:+15550100300"), ("Body", "hello"), ("NumMedia", "0")]
    };
    for (at, (method, path)) in [
        ("POST", "/webhook/twilio/messages"),
        ("GET", "/webhook/twilio/messages"),
        ("POST", "/webhook/twilio/messages/"),
    ]
    .into_iter()
    .enumerate()
    {
        let sid = ["SM1", "SM2", "SM3"][at];
        assert_eq!(
            form(&mut stage, method, path, &message(sid, "whatsapp:+15551600001")).await,
            200,
            "{method} {path}"
        );
    }
    assert_eq!(stage.messages(stage.thread().await.id).await.len(), 3);
    for (sid, from) in [("SM4", "+15551600002"), ("SM5", "messenger:102")] {
        assert_eq!(form(&mut stage, "POST", "/webhook/twilio/messages", &message(sid, from)).await, 200);
    }
    assert_eq!(stage.threads().await.len(), 1, "nobody of another channel is a contact here");
    let bad = form(&mut stage, "GET", "/webhook/meta/", &message("SM6", "whatsapp:+15551600001")).await;
    assert_ne!(bad, 200, "a GET is a webhook where the provider sends such");
}

#[tokio::test]
async fn a_bare_file_a_place_and_a_doubled_prefix_are_read() {
    let mut stage = Stage::with_config(TWILIO).await;
    let to = ("To", "whatsapp:+15550100300");
    let from = ("From", "whatsapp:+15551600001");
    let bare = [
        ("MessageSid", "SM1"),
        from,
        to,
        ("MediaUrl", "https://api.twilio.com/x"),
        ("MediaContentType", "image/png"),
        ("Body", "look"),
    ];
    form(&mut stage, "POST", "/webhook/twilio/messages", &bare).await;
    let place = [
        ("MessageSid", "SM2"),
        from,
        to,
        ("Latitude", "51.5"),
        ("Longitude", "-0.1"),
        ("Label", "Cafe"),
        ("Address", "Long St 1"),
        ("Body", "Cafe"),
    ];
    form(&mut stage, "POST", "/webhook/twilio/messages", &place).await;
    let messages = stage.messages(stage.thread().await.id).await;
    assert_eq!(messages[0].kind, "image");
    assert_eq!(messages[1].text.line(), "[location 51.50000,-0.10000] Cafe, Long St 1");
    let hidden = [
        ("MessageSid", "SM3"),
        ("From", "whatsapp:US.9876"),
        ("ExternalUserId", "whatsapp:US.9876"),
        to,
        ("Body", "hi"),
    ];
    form(&mut stage, "POST", "/webhook/twilio/messages", &hidden).await;
    assert!(stage.threads().await.iter().any(|row| row.external_id == "whatsapp:US.9876"));
}

async fn why_of(stage: &Stage, id: impl ToString) -> wadeck::domain::why::Why {
    match stage.ask(Query::Why { id: id.to_string() }).await {
        Answer::Why(why) => *why,
        other => panic!("{other:?}"),
    }
}

async fn contact(stage: &Stage, text: &str) -> wadeck::domain::contacts::view::ContactRow {
    match stage.ask(Query::Contacts { text: text.into(), limit: 2 }).await {
        Answer::Contacts(mut rows) if rows.len() == 1 => rows.remove(0),
        other => panic!("{other:?}"),
    }
}

fn failed(id: &str, code: u32) -> String {
    let status = json!({ "id": id, "recipient_id": "15551600001", "status": "failed",
        "timestamp": (MORNING / 1_000).to_string(), "errors": [{ "code": code, "title": "not wanted" }] });
    let value =
        json!({ "messaging_product": "whatsapp", "metadata": { "phone_number_id": ONE }, "statuses": [status] });
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }] })
    .to_string()
}

#[tokio::test]
async fn a_status_alone_marks_the_contact_and_it_is_shown_from_where_that_is_known() {
    let mut stage = stage().await;
    templates(&stage).await;
    send(&stage, "spring_sale").await.expect("queued");
    stage.send().await;
    let sent = stage.simulator.accepted()[0].id.clone();
    assert_eq!(contact(&stage, "15551600001").await.wish(), "", "the provider took it");
    post(&mut stage, "/webhook/meta", &[], &failed(&sent, 131_050)).await;
    assert!(stage.thread().await.no_marketing);
    let row = contact(&stage, "15551600001").await;
    assert_eq!(row.wish(), "no marketing: a status of o1 reports 131050");
    let told = why_of(&stage, row.id).await;
    assert_eq!(told.cause, "no_marketing", "{told:?}");
    assert!(told.answer.contains("a status of o1 reports 131050") && !told.remedy.is_empty(), "{told:?}");
    assert!(send(&stage, "spring_sale").await.is_err());
    // It is seen where people look for a contact.
    let mut ada = crate::sitting::Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "g f").await;
    ada.sees("no marketing: a status of o1 reports 131050");

    // A template that was sent elsewhere says it just as well.
    let echo = json!({ "id": "wamid.ELSEWHERE", "to": "15551600002", "timestamp": (MORNING / 1_000).to_string(),
        "type": "text", "text": { "body": "Spring sale!" } });
    let value =
        json!({ "messaging_product": "whatsapp", "metadata": { "phone_number_id": ONE }, "message_echoes": [echo] });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102290129340398",
        "changes": [{ "field": "smb_message_echoes", "value": value }] }] });
    post(&mut stage, "/webhook/meta", &[], &body.to_string()).await;
    post(&mut stage, "/webhook/meta", &[], &failed("wamid.ELSEWHERE", 131_050)).await;
    let row = contact(&stage, "15551600002").await;
    assert!(row.wish().starts_with("no marketing: a status of m"), "{}", row.wish());
}

#[tokio::test]
async fn an_opt_out_says_whether_a_word_a_person_or_the_provider_told_it() {
    let mut stage = stage().await;
    templates(&stage).await;
    let stop = json!({ "id": "wamid.STOP", "from": "15551600001", "timestamp": (MORNING / 1_000).to_string(),
        "type": "text", "text": { "body": "Stop" } });
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([stop]))).await;
    let row = contact(&stage, "15551600001").await;
    assert_eq!(row.wish(), "opted out: the contact wrote Stop in m1");
    let told = why_of(&stage, row.id).await;
    assert_eq!(told.cause, "opted_out");
    assert!(told.answer.contains("the contact wrote Stop in m1"), "{told:?}");
    let thread = stage.thread().await.id;
    stage.act(Request::OptOut { thread, out: false }).await.expect("again");
    assert_eq!(contact(&stage, "15551600001").await.wish(), "");
    stage.act(Request::OptOut { thread, out: true }).await.expect("no more");
    assert_eq!(contact(&stage, "15551600001").await.wish(), "opted out: recorded by ada");
    stage.act(Request::OptOut { thread, out: false }).await.expect("again");
    stage.simulator.next_send(SendFault::graph(400, 131_050, "User stopped marketing messages"));
    send(&stage, "spring_sale").await.expect("queued");
    stage.send().await;
    assert_eq!(contact(&stage, "15551600001").await.wish(), "no marketing: the provider rejected o1 with 131050");
    let resume = json!([wish("resume", "15551600001", MORNING / 1_000 + 60)]);
    stage.pass(Duration::from_secs(60));
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&resume)).await;
    let stop = json!([wish("stop", "15551600001", MORNING / 1_000 + 61)]);
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&stop)).await;
    assert_eq!(contact(&stage, "15551600001").await.wish(), "no marketing: the contact told the platform");
}

#[tokio::test]
async fn of_two_contacts_who_are_one_what_either_does_not_want_is_not_wanted() {
    let mut stage = stage().await;
    templates(&stage).await;
    let hello = |from: &str| {
        json!({ "id": format!("wamid.H{from}"), "from": from, "timestamp": (MORNING / 1_000).to_string(), "type": "text",
            "text": { "body": "hello" } })
    };
    let both = json!([hello("15551600001"), hello("15551600002")]);
    post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), both)).await;
    let stop = json!([wish("stop", "15551600002", MORNING / 1_000)]);
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&stop)).await;
    let (kept, gone) = (contact(&stage, "15551600001").await.id, contact(&stage, "15551600002").await.id);
    stage.act(Request::MergeContacts { keep: kept, gone }).await.expect("merged");
    assert_eq!(contact(&stage, "15551600001").await.wish(), "no marketing: the contact told the platform");
    assert!(send(&stage, "spring_sale").await.is_err());
}

#[tokio::test]
async fn a_template_that_waits_for_the_list_says_so_until_it_is_fetched() {
    let mut stage = stage().await;
    templates(&stage).await;
    send(&stage, "order_ready").await.expect("utility goes");
    let stop = json!([wish("stop", "15551600001", MORNING / 1_000 + 1)]);
    post(&mut stage, "/webhook/meta", &[], &apply_opt_outs(&stop)).await;
    // After a restart no list is known, and what waits is asked about anew.
    stage.restart(crate::cases::CONFIG).await;
    assert_eq!(stage.send().await, 0);
    let row = stage.outbox().await.remove(0);
    assert_eq!(row.hold, Some(Hold::TemplateList), "{row:?}");
    let told = why_of(&stage, row.id).await;
    assert_eq!(told.cause, "template_list", "{told:?}");
    assert!(told.answer.contains("was not fetched yet; it is looked at again in 30s"), "{told:?}");
    assert!(told.remedy.contains("fetch the templates"), "{told:?}");
    let message = stage.messages(stage.thread().await.id).await.pop().expect("ours");
    assert_eq!(message.entry.expect("its entry").hold, Some(Hold::TemplateList));
    let mut ada = crate::sitting::Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "3").await;
    ada.sees("held");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    stage.pass(Duration::from_secs(31));
    assert_eq!(stage.send().await, 1, "it is a utility template");
    assert_eq!(stage.outbox().await[0].hold, None);
}
