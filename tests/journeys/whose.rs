//! Whose a message is where a body contradicts itself, and what a test may change: the right person gets the right
//! thing, or nobody gets anything.

use serde_json::{Value, json};

use crate::cases::{CONFIG, ONE, alerts, deliveries, enveloped, note, post, stage, stage_with, text};
use crate::stage::{MORNING, Stage};

const ANA: &str = "15551600001";
const BEN: &str = "15551600002";

/// An engine at the provider whose webhooks wrap each message in its conversation.
async fn wrapped() -> Stage {
    let config = CONFIG.replace("provider = \"meta\"", "provider = \"kapso\"");
    stage_with(&config.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"auto\"")).await
}

async fn automatic() -> Stage {
    stage_with(&CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"auto\"")).await
}

/// A message within the conversation with `phone`.
fn item(message: &Value, phone: &str) -> Value {
    let mut message = message.clone();
    if message.get("kapso").is_none() {
        message["kapso"] = json!({ "direction": "inbound", "status": "received" });
    }
    json!({ "message": message, "is_new_conversation": false, "phone_number_id": ONE,
        "conversation": { "id": format!("conversation-{phone}"), "phone_number": format!("+{phone}"),
            "status": "active", "phone_number_id": ONE, "contact_name": "Cora" } })
}

async fn told(stage: &mut Stage, event: &str, body: &Value) {
    post(stage, "/webhook/kapso/messages", &[("x-webhook-event", event)], &body.to_string()).await;
}

async fn received(stage: &mut Stage, body: &Value) {
    told(stage, "whatsapp.message.received", body).await;
}

/// Who is written to, with the words.
async fn answered(stage: &Stage) -> Vec<(String, String)> {
    stage.pass(std::time::Duration::from_secs(10));
    stage.answer().await;
    let sent = stage.simulator.accepted();
    sent.into_iter().map(|one| (one.to, one.text)).collect()
}

fn recipients(sent: &[(String, String)]) -> Vec<&str> {
    sent.iter().map(|(to, _)| to.as_str()).collect()
}

#[tokio::test]
async fn a_conversation_of_somebody_else_lends_nobody_its_number() {
    let mut stage = wrapped().await;
    let mut message = text("wamid.1", ANA, "only my id is known");
    message["from_user_id"] = "US.20000002".into();
    message.as_object_mut().expect("an object").remove("from");
    let mut body = item(&message, ANA);
    body["conversation"]["business_scoped_user_id"] = "US.20000001".into();
    received(&mut stage, &body).await;
    let thread = stage.thread().await;
    assert_eq!(thread.external_id, "whatsapp:US.20000002", "the number is that of the other id");
    assert_eq!((thread.contact.phone_number, thread.contact.name), (None, None));
    // What the platform adds to a message about another number names nobody.
    let mut body = item(&text("wamid.2", BEN, "hello"), ANA);
    body["message"]["kapso"]["phone_number"] = format!("+{ANA}").into();
    body["message"]["kapso"]["contact_name"] = "Cora".into();
    received(&mut stage, &body).await;
    let ben = stage.thread_of(BEN).await;
    assert_eq!(ben.contact.name, None);
}

#[tokio::test]
async fn the_body_tells_the_direction_and_the_header_does_not() {
    let mut stage = wrapped().await;
    let mut ours = item(&text("wamid.OURS", "", "sent from elsewhere"), ANA);
    ours["message"].as_object_mut().expect("an object").remove("from");
    ours["message"]["kapso"] = json!({ "status": "delivered", "statuses": [
        { "id": "wamid.OURS", "status": "delivered", "timestamp": (MORNING / 1_000).to_string(), "recipient_id": ANA }] });
    received(&mut stage, &ours).await;
    assert_eq!(answered(&stage).await, vec![], "what we sent is no question");
    let mut theirs = item(&text("wamid.THEIRS", BEN, "a question"), BEN);
    theirs["message"]["kapso"] = json!({ "content": "a question" });
    told(&mut stage, "whatsapp.message.delivered", &theirs).await;
    assert_eq!(recipients(&answered(&stage).await), [BEN]);
}

#[tokio::test]
async fn a_raw_body_is_read_within_any_envelope() {
    for (number, wrap) in [
        |raw: Value, beside: Value| json!({ "batch": true, "data": [raw, beside] }),
        |raw, beside| json!([raw, beside]),
        |raw, beside| json!([{ "event": "x" }, beside, raw]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut stage = wrapped().await;
        let raw =
            enveloped(json!([{ "wa_id": ANA, "profile": { "name": "Ana" } }]), json!([text("wamid.R", ANA, "raw")]));
        let raw = serde_json::from_str(&raw).expect("JSON");
        received(&mut stage, &wrap(raw, item(&text("wamid.B", BEN, "beside"), BEN))).await;
        let sent = answered(&stage).await;
        let mut to = recipients(&sent);
        to.sort_unstable();
        assert_eq!(to, [ANA, BEN], "{number}");
    }
    let mut stage = wrapped().await;
    let raw: Value = serde_json::from_str(&enveloped(json!([]), json!([text("wamid.W", ANA, "raw")]))).expect("JSON");
    received(&mut stage, &json!({ "event": "whatsapp.message.received", "data": raw })).await;
    assert_eq!(recipients(&answered(&stage).await), [ANA]);
}

#[tokio::test]
async fn a_test_is_a_test_wherever_the_body_says_so() {
    let raw: Value = serde_json::from_str(&enveloped(json!([]), json!([text("wamid.1", ANA, "hello")]))).expect("JSON");
    let plain = item(&text("wamid.1", ANA, "hello"), ANA);
    let with = |mut body: Value, test: Value| {
        body["test"] = test;
        body
    };
    let batch = json!({ "batch": true, "test": true, "data": [with(plain.clone(), json!(false))] });
    for body in [with(raw.clone(), json!(true)), with(plain.clone(), json!("true")), with(plain, json!(1)), batch] {
        let mut stage = wrapped().await;
        received(&mut stage, &body).await;
        assert_eq!(answered(&stage).await, vec![], "{body}");
        let thread = stage.thread().await;
        assert_eq!((thread.unread, thread.window_closes_at), (0, None), "{body}");
    }
    // What a test tells of anything but a message is not so.
    let mut stage = wrapped().await;
    let mut stop: Value = serde_json::from_str(&enveloped(json!([]), json!([]))).expect("JSON");
    stop["entry"][0]["changes"][0]["field"] = "user_preferences".into();
    stop["entry"][0]["changes"][0]["value"]["user_preferences"] = json!([{ "wa_id": ANA, "value": "stop" }]);
    received(&mut stage, &item(&text("wamid.1", ANA, "hello"), ANA)).await;
    received(&mut stage, &with(stop, json!(true))).await;
    assert!(!stage.thread().await.no_marketing);
    let failed = json!({ "test": true, "message_id": "wamid.1", "status": "failed", "phone_number_id": ONE });
    told(&mut stage, "whatsapp.message.failed", &failed).await;
    assert_eq!(note(&deliveries(&stage).await[0]), "Recorded; nothing to do.");
}

#[tokio::test]
async fn a_test_teaches_nothing_of_somebody_who_is_known() {
    let mut stage = wrapped().await;
    received(&mut stage, &item(&text("wamid.REAL", ANA, "real words"), ANA)).await;
    let test = |mut message: Value, id: &str| {
        message["id"] = id.into();
        message["from_user_id"] = "US.20000009".into();
        let mut body = item(&message, ANA);
        body["conversation"]["contact_name"] = "A test".into();
        body["test"] = true.into();
        body
    };
    let mut reaction = text("", ANA, "");
    reaction["type"] = "reaction".into();
    reaction["reaction"] = json!({ "message_id": "wamid.REAL", "emoji": "\u{1f44d}" });
    for body in [
        test(text("", ANA, "test words"), "wamid.T1"),
        test(reaction, "wamid.T2"),
        test(text("", ANA, "other words"), "wamid.REAL"),
    ] {
        received(&mut stage, &body).await;
    }
    let thread = stage.thread().await;
    assert_eq!(thread.contact.name.map(|name| name.line()), Some("Cora".into()));
    assert_eq!(thread.contact.user_id, None);
    let messages = stage.messages(thread.id).await;
    let real = messages.iter().find(|message| message.text.line() == "real words").expect("it stands there");
    assert!(real.reactions.is_empty() && real.repeats == 0, "{real:?}");
}

#[tokio::test]
async fn one_id_in_two_peoples_messages_shows_neither_the_others_words() {
    for together in [true, false] {
        let mut stage = automatic().await;
        let contacts =
            json!([{ "wa_id": ANA, "profile": { "name": "Ana" } }, { "wa_id": BEN, "profile": { "name": "Ben" } }]);
        let both = [text("wamid.SAME", ANA, "mine"), text("wamid.SAME", BEN, "a secret")];
        if together {
            post(&mut stage, "/webhook/meta", &[], &enveloped(contacts, json!(both))).await;
        } else {
            for one in &both {
                post(&mut stage, "/webhook/meta", &[], &enveloped(contacts.clone(), json!([one]))).await;
            }
        }
        let thread = stage.thread().await;
        assert_eq!(thread.contact.display_name(), "Ana", "nobody else has a thread");
        let shown = stage.messages(thread.id).await.remove(0);
        let details = crate::cases::told(&stage, &shown).await;
        assert!(!details.contains("secret"), "{details}");
        let rows = deliveries(&stage).await;
        assert!(note(&rows[0]).contains("wamid.SAME is that of m1, which is a message of somebody else"), "{rows:?}");
        assert_eq!(alerts(&stage).await, ["unreadable"]);
        assert_eq!(recipients(&answered(&stage).await), [ANA]);
    }
}

#[tokio::test]
async fn a_group_is_never_answered_privately_however_it_is_named() {
    for (field, value) in [
        ("group_id", json!(120_363_000_000_000_001_u64)),
        ("recipient_type", json!("group")),
        ("group_id", json!("1@g.us")),
    ] {
        let mut stage = automatic().await;
        let mut said = text("wamid.G", ANA, "said in a group");
        said[field] = value;
        post(&mut stage, "/webhook/meta", &[], &enveloped(json!([]), json!([said]))).await;
        assert_eq!(answered(&stage).await, vec![], "{field}");
        assert!(stage.threads().await.is_empty(), "{field}");
    }
    let mut stage = wrapped().await;
    let mut said = item(&text("wamid.G", ANA, "said in a group"), ANA);
    said["conversation"]["phone_number"] = "120363000000000001@g.us".into();
    received(&mut stage, &said).await;
    assert_eq!(answered(&stage).await, vec![]);
    assert_eq!(alerts(&stage).await, ["group"]);
}

#[tokio::test]
async fn a_handover_beside_several_people_is_nobodys() {
    let mut stage = stage().await;
    let handover = |contacts: Value| {
        let mut body: Value = serde_json::from_str(&enveloped(contacts, json!([]))).expect("JSON");
        body["entry"][0]["changes"][0]["field"] = "messaging_handovers".into();
        body["entry"][0]["changes"][0]["value"]["control_passed"] = json!({ "metadata": "x" });
        body.to_string()
    };
    post(&mut stage, "/webhook/meta", &[], &handover(json!([{ "wa_id": ANA }, { "wa_id": BEN }]))).await;
    assert!(stage.threads().await.is_empty());
    assert!(note(&deliveries(&stage).await[0]).contains("a handover names no contact"));
    post(&mut stage, "/webhook/meta", &[], &handover(json!([{ "wa_id": ANA }]))).await;
    assert_eq!(stage.thread().await.external_id, format!("whatsapp:{ANA}"));
}

#[tokio::test]
async fn one_object_where_a_list_is_expected_is_its_only_item() {
    let mut stage = automatic().await;
    let contact = json!({ "wa_id": ANA, "profile": { "name": "Ana" } });
    let mut body: Value = serde_json::from_str(&enveloped(contact, text("wamid.1", ANA, "hello"))).expect("JSON");
    body["entry"] = body["entry"][0].clone();
    post(&mut stage, "/webhook/meta", &[], &body.to_string()).await;
    assert_eq!(stage.thread().await.contact.display_name(), "Ana");
    assert_eq!(recipients(&answered(&stage).await), [ANA]);
    post(&mut stage, "/webhook/meta", &[], r#"{"object":"whatsapp_business_account","entry":[]}"#).await;
    assert_eq!(note(&deliveries(&stage).await[0]), "Recorded; nothing to do.");
}

#[tokio::test]
async fn an_answer_goes_to_the_number_that_was_written_from() {
    let mut stage = automatic().await;
    let person = |number: &str| json!([{ "wa_id": number, "user_id": "US.16000001", "profile": { "name": "Ana" } }]);
    for (id, number) in [("wamid.1", ANA), ("wamid.2", BEN), ("wamid.3", ANA), ("wamid.4", BEN)] {
        post(&mut stage, "/webhook/meta", &[], &enveloped(person(number), json!([text(id, number, "hello")]))).await;
        let sent = answered(&stage).await;
        assert_eq!(sent.last().map(|(to, _)| to.as_str()), Some(number), "{id}");
        assert_eq!(
            stage.thread().await.contact.phone_number.map(|phone| phone.digits().to_owned()),
            Some(number.into())
        );
        stage.pass(std::time::Duration::from_secs(60));
    }
}
