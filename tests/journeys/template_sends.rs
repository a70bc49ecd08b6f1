//! What may be sent as a template, and what is refused before anything is queued or goes out.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::code::Code;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::refusal::Refusal;
use wadeck::domain::request::Request;
use wadeck::operations::{self, OperationError};
use wadeck::simulator::SendFault;

use crate::stage::{Stage, rosa};

const STRANGER: &str = "+4915550100077";

struct Send<'a> {
    name: &'a str,
    language: &'a str,
    to: &'a str,
    parameters: &'a [(&'a str, &'a str)],
    after: Option<Duration>,
}

impl Default for Send<'_> {
    fn default() -> Self {
        Self { name: "reminder", language: "", to: STRANGER, parameters: &[], after: None }
    }
}

async fn connection(stage: &Stage) -> ConnectionId {
    stage.system.store().connections().await.expect("listed")[0].id
}

async fn send(stage: &Stage, send: Send<'_>) -> Result<(), Refusal> {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let request = Request::SendTemplate {
        connection: connection(stage).await,
        to: PhoneNumber::parse(send.to).expect("a number"),
        name: send.name.into(),
        language: send.language.into(),
        parameters: send.parameters.iter().map(own).collect(),
        header: None,
        at: send.after.map(|span| stage.now().plus(span)),
    };
    match stage.act(request).await {
        Ok(_) => Ok(()),
        Err(OperationError::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

async fn refused(stage: &Stage, one: Send<'_>) -> Refusal {
    let refusal = send(stage, one).await.expect_err("refused");
    assert!(stage.outbox().await.is_empty(), "nothing is queued");
    refusal
}

fn template(name: &str, language: &str, components: Value) -> Value {
    json!({ "id": name, "name": name, "language": language, "category": "UTILITY", "status": "APPROVED",
        "parameter_format": "POSITIONAL", "components": components })
}

fn text(name: &str, language: &str) -> Value {
    template(name, language, json!([{ "type": "BODY", "text": "It is time." }]))
}

/// The components of the first request that went out.
fn sent(stage: &Stage) -> Value {
    stage.simulator.accepted()[0].object.clone()
}

#[tokio::test]
async fn a_template_that_no_list_shows_is_refused_before_it_is_queued() {
    let stage = Stage::set().await;
    stage.simulator.add_template(text("reminder", "pt_BR"));
    let refusal = refused(&stage, Send { name: "nope", ..Send::default() }).await;
    assert_eq!(refusal.code, Code::TemplateUnknown, "{refusal}");
    let refusal = refused(&stage, Send { language: "en_US", ..Send::default() }).await;
    assert_eq!(refusal.code, Code::TemplateLanguage);
    assert!(refusal.reason.contains("pt_BR"), "it names the languages that there are: {refusal}");
    // The only language needs no name, and is the one that goes out.
    send(&stage, Send::default()).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    assert_eq!(sent(&stage)["language"]["code"], "pt_BR");
    stage.pass(Duration::from_secs(10));
    stage.simulator.add_template(text("reminder", "en_US"));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let refusal = send(&stage, Send::default()).await.expect_err("two languages");
    assert!(refusal.reason.contains("en_US, pt_BR"), "{refusal}");
}

#[tokio::test]
async fn an_old_list_is_fetched_again_before_it_decides() {
    let stage = Stage::set().await;
    operations::refresh_templates(&stage.system).await.expect("fetched");
    stage.pass(Duration::from_secs(10));
    stage.simulator.add_template(text("reminder", "en"));
    send(&stage, Send::default()).await.expect("approved since the list was fetched");
    // The list said approved a while ago: it is asked for again.
    stage.pass(Duration::from_secs(16 * 60));
    stage.simulator.review("reminder", "PAUSED", "NONE");
    let refusal = send(&stage, Send::default()).await.expect_err("paused meanwhile");
    assert_eq!(refusal.code, Code::TemplateNotApproved, "{refusal}");
    assert_eq!(stage.outbox().await.len(), 1);
}

#[tokio::test]
async fn a_template_that_was_paused_since_does_not_go_out() {
    let stage = Stage::set().await;
    stage.simulator.add_template(text("reminder", "en"));
    send(&stage, Send { after: Some(Duration::from_secs(7_200)), ..Send::default() }).await.expect("kept for later");
    stage.pass(Duration::from_secs(7_200));
    stage.simulator.review("reminder", "PAUSED", "NONE");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    assert_eq!(stage.send().await, 0);
    assert_eq!(stage.simulator.send_requests(), 0, "nothing reaches the provider");
    let entry = stage.outbox().await.remove(0);
    assert_eq!(entry.state, EntryState::Failed);
    assert!(entry.error.expect("a reason").explanation.contains("PAUSED"));
}

#[tokio::test]
async fn a_refusal_of_the_provider_has_the_list_fetched_again() {
    let stage = Stage::set().await;
    stage.simulator.add_template(text("reminder", "en"));
    send(&stage, Send::default()).await.expect("queued");
    stage.simulator.review("reminder", "PAUSED", "NONE");
    let wake = &stage.system.wakeups().templates;
    tokio::pin! { let asked = wake.notified(); }
    assert!(futures::poll!(&mut asked).is_pending());
    stage.simulator.next_send(SendFault::Answer {
        status: 400,
        body: json!({ "error": { "message": "(#132015) Template is paused", "type": "OAuthException", "code": 132_015,
            "error_data": { "messaging_product": "whatsapp", "details": "paused" }, "fbtrace_id": "A" } }),
        retry_after: None,
    });
    stage.send().await;
    assert!(futures::poll!(&mut asked).is_ready(), "the worker that fetches templates is woken");
}

#[tokio::test]
async fn a_location_header_takes_a_place() {
    let stage = Stage::set().await;
    let parts = json!([{ "type": "HEADER", "format": "LOCATION" }, { "type": "BODY", "text": "We are here." }]);
    stage.simulator.add_template(template("reminder", "en", parts));
    let place = |latitude| {
        [
            ("header:latitude", latitude),
            ("header:longitude", "13.4"),
            ("header:name", "Lumen"),
            ("header:address", "1 Elm Street"),
        ]
    };
    refused(&stage, Send::default()).await;
    let refusal = refused(&stage, Send { parameters: &place("north"), ..Send::default() }).await;
    assert!(refusal.reason.contains("latitude"), "{refusal}");
    refused(&stage, Send { parameters: &place("91"), ..Send::default() }).await;
    send(&stage, Send { parameters: &place("52.5"), ..Send::default() }).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.outbox().await[0].state, EntryState::Accepted);
    let parameter = &sent(&stage)["components"][0]["parameters"][0];
    assert_eq!(parameter["type"], "location");
    assert_eq!(parameter["location"]["latitude"], "52.5");
}

#[tokio::test]
async fn what_cannot_be_filled_in_from_here_is_refused_in_words() {
    let stage = Stage::set().await;
    let body = json!({ "type": "BODY", "text": "Look" });
    let buttons = |button: Value| json!([body, { "type": "BUTTONS", "buttons": [button] }]);
    for (name, words, parts) in [
        ("gif", "header of the kind gif", json!([{ "type": "HEADER", "format": "GIF" }, body])),
        ("poll", "button of the kind poll", buttons(json!({ "type": "POLL", "text": "Vote" }))),
    ] {
        stage.simulator.add_template(template(name, "en", parts));
        stage.pass(Duration::from_secs(10));
        let refusal = refused(&stage, Send { name, ..Send::default() }).await;
        assert_eq!(refusal.code, Code::TemplateComponent, "{refusal}");
        assert!(refusal.reason.contains(words), "{refusal}");
    }
    // A coupon has no words of its own: it is asked for all the same, and has a length.
    let coupon = buttons(json!({ "type": "COPY_CODE", "example": "SAVE10" }));
    stage.simulator.add_template(template("coupon", "en", coupon));
    stage.pass(Duration::from_secs(10));
    let long = [("button:0:code", "A23456789012345678901234567890")];
    let refusal = refused(&stage, Send { name: "coupon", parameters: &long, ..Send::default() }).await;
    assert!(refusal.reason.contains("15"), "{refusal}");
    send(&stage, Send { name: "coupon", parameters: &[("button:0:code", "SAVE10")], ..Send::default() })
        .await
        .expect("queued");
    assert_eq!(stage.send().await, 1);
    assert_eq!(sent(&stage)["components"][0]["sub_type"], "copy_code");
}

#[tokio::test]
async fn marketing_does_not_go_to_the_united_states() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let mut offer = text("reminder", "en");
    offer["category"] = "MARKETING".into();
    stage.simulator.add_template(offer);
    let refusal = send(&stage, Send { to: "+12125550123", ..Send::default() }).await.expect_err("withheld");
    assert_eq!(refusal.code, Code::MarketingUnitedStates);
    for elsewhere in ["+14165550123", "+18765550123", STRANGER] {
        send(&stage, Send { to: elsewhere, ..Send::default() }).await.expect("queued");
    }
}
