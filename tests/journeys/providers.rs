//! What is so over one provider only.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::inbound::delivery::DeliveryState;
use wadeck::domain::message::media::MediaState;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::templates::requests::TemplateRequest;
use wadeck::domain::templates::starter;
use wadeck::domain::text::Untrusted;
use wadeck::operations;
use wadeck::simulator::Saying;

use crate::conformance::{DIRECT, WIRES, stage, write};
use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

#[tokio::test]
async fn the_platform_asks_whether_the_address_is_ours() {
    let stage = stage(&WIRES[2]).await;
    let base = format!("http://{}", stage.address);
    assert_eq!(stage.simulator.request_verification(&base, "simulator-verify").await.as_deref(), Some("1158201444"));
    assert_eq!(stage.simulator.request_verification(&base, "another").await, None);
}

#[tokio::test]
async fn a_sandbox_is_slow_and_lets_in_only_who_joined() {
    let text = "organization = \"lumen\"\n[[connections]]\nname = \"sandbox\"\nprovider = \"twilio\"\n\
                phone_number = \"+14155238886\"\njoin_code = \"quiet-river\"\n";
    let mut stage = Stage::with_config(text).await;
    stage.simulator.add_sender("14155238886", true);
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    let says = |stage: &Stage, words: &str| stage.simulator.says("14155238886", &rosa(), &Saying::text(words));
    says(&stage, "hello");
    stage.deliver().await;
    let before = stage.system.store().connections().await.expect("asked").remove(0);
    assert_eq!(serde_json::to_value(&before).expect("JSON")["kind"], "unknown", "the provider was not asked yet");
    operations::check_all(&stage.system).await.expect("checked");
    let connection = stage.system.store().connections().await.expect("asked").remove(0);
    assert_eq!(connection.kind.mark(), Some("SANDBOX"));
    assert_eq!(serde_json::to_value(&connection).expect("JSON")["kind"], "sandbox");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1").await;
    sitting.sees("SANDBOX");
    // The words break where the pane ends.
    sitting.sees("reaches only people who sent it `join");
    sitting.sees("quiet-river` in the last three days");
    let thread = stage.thread().await.id;
    write(&stage, thread, "one").await;
    write(&stage, thread, "two").await;
    assert_eq!(stage.send().await, 1, "one in three seconds");
    stage.pass(Duration::from_secs(3));
    assert_eq!(stage.send().await, 1);
    stage.pass(Duration::from_secs(10));
    stage.deliver().await;
    let failed = stage.messages(thread).await[1].error.clone().expect("not joined");
    assert_eq!(failed.code, "63015");
    says(&stage, "join quiet-river");
    stage.deliver().await;
    write(&stage, thread, "three").await;
    stage.send().await;
    stage.pass(Duration::from_secs(10));
    stage.deliver().await;
    assert_eq!(stage.messages(thread).await.pop().expect("there").status, DeliveryStatus::Read);
}

#[tokio::test]
async fn a_test_goes_to_one_of_us_and_to_nobody_else() {
    let text = "organization = \"lumen\"\n[[connections]]\nname = \"clinic\"\nprovider = \"twilio\"\n\
                phone_number = \"+15550100300\"\ntester = \"+15550100002\"\n";
    let mut stage = Stage::with_config(text).await;
    stage.simulator.add_sender(WIRES[1].number, false);
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    let connection = stage.system.store().connections().await.expect("asked")[0].id;
    let refused = stage.act(Request::SendTest { connection }).await.expect_err("they have not written");
    assert!(refused.to_string().contains("Send a message from that phone first"), "{refused}");
    stage.simulator.says(WIRES[1].number, &rosa(), &Saying::text("here I am"));
    stage.deliver().await;
    stage.act(Request::SendTest { connection }).await.expect("queued");
    stage.send().await;
    let sent = stage.simulator.accepted();
    assert_eq!((sent.len(), sent[0].to.as_str()), (1, "15550100002"));
    assert!(sent[0].text.contains("wadeck test message of clinic"), "{}", sent[0].text);
}

#[tokio::test]
async fn the_platform_speaks_of_templates_and_people_hear_the_bad_news() {
    let mut stage = stage(&WIRES[2]).await;
    stage.simulator.add_template(json!({ "id": "1", "name": "visit", "language": "en", "category": "UTILITY",
        "status": "APPROVED", "parameter_format": "POSITIONAL", "rejected_reason": "NONE",
        "components": [{ "type": "BODY", "text": "Hello there." }] }));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let status = |event: &str| {
        json!({ "object": "whatsapp_business_account", "phone_number_id": DIRECT, "entry": [{ "id": "102290129340399",
            "time": 1, "changes": [{ "field": "message_template_status_update", "value": { "event": event,
            "message_template_id": 1, "message_template_name": "visit", "message_template_language": "en",
            "reason": "NONE" } }] }] })
    };
    stage.simulator.post_raw("raw", &status("PAUSED"));
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 1);
    let Answer::Templates(lists) = stage.ask(Query::Templates).await else { panic!("templates") };
    assert_eq!(lists[0].templates[0].status.name(), "PAUSED");
    stage.simulator.post_raw("raw", &status("REINSTATED"));
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 0, "it is well again");
    let told = |field: &str, mut value: Value| {
        value["message_template_name"] = "visit".into();
        value["message_template_language"] = "en".into();
        json!({ "object": "whatsapp_business_account", "phone_number_id": DIRECT, "entry": [{ "id": "102290129340399",
            "time": 1, "changes": [{ "field": field, "value": value }] }] })
    };
    let quality = |now: &str| json!({ "previous_quality_score": "GREEN", "new_quality_score": now });
    let category = |now: &str| json!({ "previous_category": "UTILITY", "new_category": now });
    for (field, value, alerts) in
        [("message_template_quality_update", quality("RED"), 1), ("template_category_update", category("MARKETING"), 2)]
    {
        stage.simulator.post_raw("raw", &told(field, value));
        stage.deliver().await;
        assert_eq!(stage.overview().await.alerts, alerts, "{field}");
    }
    let Answer::Templates(lists) = stage.ask(Query::Templates).await else { panic!("templates") };
    let known = &lists[0].templates[0];
    assert_eq!((known.quality.as_deref(), known.category.as_received()), (Some("RED"), "MARKETING"));
    stage.simulator.post_raw("raw", &told("template_category_update", category("UTILITY")));
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 1, "the cheaper category ends the alert");
    // The list says that the quality is fine again.
    operations::refresh_templates(&stage.system).await.expect("fetched");
    assert_eq!(stage.overview().await.alerts, 0);
    let alert = json!({ "object": "whatsapp_business_account", "phone_number_id": DIRECT, "entry": [{
        "id": "102290129340399", "time": 1, "changes": [{ "field": "account_alerts", "value": { "entity_type": "WABA",
        "entity_id": "1", "alert_info": { "alert_severity": "CRITICAL", "alert_status": "ACTIVE",
        "alert_type": "PROFILE_PICTURE_LOST", "alert_description": "The picture is gone." } } }] }] });
    stage.simulator.post_raw("raw", &alert);
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 1);
}

#[tokio::test]
async fn the_four_starters_become_content_are_approved_and_go_out_with_their_values() {
    let stage = stage(&WIRES[1]).await;
    let connection = stage.system.store().connections().await.expect("asked")[0].id;
    let names = ["appointment_confirmation", "session_reminder", "follow_up", "mood_check_in"];
    for name in names {
        let text = starter::template(name).expect("a starter").text.to_owned();
        let create = TemplateRequest::Create { connection, text };
        let done = stage.act(Request::Template(create)).await.expect("submitted");
        assert!(done.message.contains("received"), "{}", done.message);
    }
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let send = |name: &str, parameters: &[(&str, &str)]| Request::SendTemplate {
        connection,
        to: PhoneNumber::parse("+919820000031").expect("a number"),
        name: name.into(),
        language: "en_US".into(),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        header: None,
        at: None,
    };
    let reminder = [("first_name", "Asha"), ("time", "17:00")];
    let refused = stage.act(send("session_reminder", &reminder)).await.expect_err("nobody has approved it");
    assert!(refused.to_string().contains("RECEIVED"), "{refused}");
    stage.simulator.review_content("session_reminder", "approved", "");
    stage.simulator.review_content("follow_up", "rejected", "INVALID_FORMAT");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let forgotten = stage.act(send("session_reminder", &reminder[..1])).await.expect_err("a place is empty");
    assert!(forgotten.to_string().contains("time"), "it would go out with the sample: {forgotten}");
    stage.act(send("session_reminder", &reminder)).await.expect("queued");
    stage.send().await;
    let sent = stage.simulator.accepted().remove(0);
    assert!(sent.text.starts_with("Hello Asha, your session begins today at 17:00."), "{}", sent.text);
    assert_eq!(stage.overview().await.alerts, 1, "the rejected one is an alert");
    let id = stage.simulator.contents()[0]["sid"].as_str().expect("an id").to_owned();
    let text = starter::template(names[0]).expect("a starter").text.to_owned();
    let update = TemplateRequest::Update { connection, id: id.clone(), text };
    assert!(stage.act(Request::Template(update)).await.is_err(), "it is not said what becomes of an approval");
    let name = names[0].to_owned();
    let delete = TemplateRequest::Delete { connection, name: name.clone(), id: Some(id), typed: name };
    stage.act(Request::Template(delete)).await.expect("deleted");
    assert_eq!(stage.simulator.contents().len(), 3);
}

#[tokio::test]
async fn a_template_that_cannot_be_submitted_is_not_left_behind() {
    let stage = stage(&WIRES[1]).await;
    let connection = stage.system.store().connections().await.expect("asked")[0].id;
    stage.simulator.refuse_approvals(true);
    let text = starter::template("follow_up").expect("a starter").text.to_owned();
    let refused = stage.act(Request::Template(TemplateRequest::Create { connection, text })).await;
    assert!(refused.is_err());
    assert!(stage.simulator.contents().is_empty());
}

#[tokio::test]
async fn every_parameter_of_a_form_finds_its_place() {
    let mut stage = stage(&WIRES[1]).await;
    let form = |more: &[(&str, &str)]| {
        let usual = [
            ("From", "whatsapp:+919820000031"),
            ("To", "whatsapp:+15550100300"),
            ("ProfileName", "Asha"),
            ("AccountSid", "AC1"),
            ("ANameOfTomorrow", "x"),
        ];
        usual.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    stage.simulator.post_form(&form(&[
        ("MessageSid", "SM1"),
        ("NumMedia", "0"),
        ("ListId", "a"),
        ("ListTitle", "Monday"),
        ("ListDescription", "9 to 18"),
    ]));
    stage.simulator.post_form(&form(&[("MessageSid", "SM2"), ("FlowData", "{\"city\":\"Pune\"}"), ("Body", "Book")]));
    stage.simulator.post_form(&form(&[("MessageSid", "SM3"), ("MessageType", "order"), ("Body", "")]));
    stage.simulator.post_form(&form(&[
        ("MessageSid", "SM4"),
        ("NumMedia", "2"),
        ("MediaUrl0", "https://files.example.net/a"),
        ("MediaContentType0", "image/jpeg"),
        (
            "MediaUrl1",
            "https://api.twilio.com@evil.example/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages/x",
        ),
        ("MediaContentType1", "application/pdf"),
    ]));
    stage.simulator.post_form(&form(&[
        ("MessageSid", "SM5"),
        ("Body", "from an ad"),
        ("ReferralHeadline", "Sleep better"),
        ("ReferralSourceUrl", "https://fb.me/1"),
    ]));
    stage.deliver().await;
    stage.carry_files().await;
    let thread = stage.thread().await;
    assert_eq!(thread.contact.name.as_ref().map(Untrusted::line).as_deref(), Some("Asha"));
    let messages = stage.messages(thread.id).await;
    let words: Vec<String> = messages.iter().map(|message| message.text.line()).collect();
    assert_eq!(words.len(), 6, "{words:?}");
    assert!(
        words[0].contains("Monday") && words[1].contains("city: Pune") && words[2] == "[order] ANameOfTomorrow: x",
        "{words:?}"
    );
    let kinds: Vec<&str> = messages.iter().map(|message| message.kind.as_str()).collect();
    assert_eq!(kinds[3..5], ["image", "document"]);
    for message in &messages[3..5] {
        assert_eq!(message.media.as_ref().map(|media| media.state), Some(MediaState::Refused), "no key goes there");
    }
    assert!(words[5].contains("from an ad"), "{words:?}");
    let Answer::Message(Some(detail)) = stage.ask(Query::Message { message: messages[5].id }).await else { panic!() };
    let from = detail.details().into_iter().find(|(label, _)| *label == "came from").expect("an advertisement");
    assert_eq!(from.1.line(), "Sleep better · https://fb.me/1");
}

#[tokio::test]
async fn without_an_address_the_list_tells_what_became_of_ours() {
    let mut stage = stage(&WIRES[1]).await;
    stage.simulator.says(WIRES[1].number, &rosa(), &Saying::text("hush"));
    stage.deliver().await;
    stage.system.forget_public_url();
    let Answer::Connections(list) = stage.ask(Query::Connections).await else { panic!("connections") };
    assert_eq!(list.connected[0].chores[0].place, "our configuration");
    let thread = stage.thread().await.id;
    write(&stage, thread, "hello").await;
    stage.send().await;
    assert!(!stage.simulator.forms()[0].contains("StatusCallback"), "nobody could call back");
    stage.pass(Duration::from_secs(300));
    stage.deliver().await;
    assert_eq!(stage.messages(thread).await[1].status, DeliveryStatus::Accepted, "no more than is known");
    let connection = stage.system.store().connections().await.expect("asked")[0].id;
    stage.act(Request::Backfill { connection }).await.expect("compared");
    let messages = stage.messages(thread).await;
    assert_eq!((messages.len(), messages[1].status), (2, DeliveryStatus::Read));
}

#[tokio::test]
async fn who_hides_their_number_is_answered_all_the_same() {
    let mut stage = stage(&WIRES[1]).await;
    stage.simulator.post_form(
        &[
            ("MessageSid", "SM1"),
            ("From", "whatsapp:IN.1A2B3C"),
            ("To", "whatsapp:+15550100300"),
            ("ExternalUserId", "IN.1A2B3C"),
            ("ProfileName", "Hidden"),
            ("Body", "hello"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    stage.deliver().await;
    stage.answer().await;
    assert!(stage.simulator.forms()[0].contains("To=whatsapp%3AIN.1A2B3C"), "{:?}", stage.simulator.forms());
    assert_eq!(stage.thread().await.contact.phone_number, None);
}

#[tokio::test]
async fn as_many_tries_as_the_reference_says_then_a_dead_letter_and_a_person() {
    let mut stage = stage(&WIRES[1]).await;
    stage.simulator.says(WIRES[1].number, &rosa(), &Saying::text("hush"));
    stage.deliver().await;
    let thread = stage.thread().await.id;
    write(&stage, thread, "hello").await;
    for tried in 1..=8 {
        stage.simulator.next_send((WIRES[1].throttle)());
        assert_eq!(stage.send().await, 1, "try {tried}");
        stage.pass(Duration::from_secs(900));
    }
    let entry = stage.outbox().await.remove(0);
    assert_eq!((entry.state, entry.attempts), (EntryState::Dead, 8));
    let remedy = entry.error.expect("a reason").remedy;
    assert!(remedy.contains("no further automatic retry"), "{remedy}");
    assert_eq!(stage.send().await, 0, "never a ninth by itself");
    assert_eq!(stage.overview().await.alerts, 1);
    // A person's retry is a series of its own.
    stage.act(Request::RetryEntry { entry: entry.id }).await.expect("tried anew");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
}

#[tokio::test]
async fn what_the_platform_adds_tomorrow_is_kept_and_shown() {
    let mut stage = stage(&WIRES[2]).await;
    let post = |stage: &Stage, value: serde_json::Value| {
        let body = json!({ "object": "whatsapp_business_account", "phone_number_id": DIRECT,
            "entry": [{ "id": "102290129340399", "changes": [{ "field": "messages", "value": value }] }] });
        stage.simulator.post_raw("raw", &body);
    };
    let metadata = json!({ "display_phone_number": "15550100400", "phone_number_id": DIRECT });
    // Nobody's number, only an id; a kind that nobody knows; then a number that comes to light.
    post(
        &stage,
        json!({ "metadata": metadata, "contacts": [{ "profile": { "name": "Hidden" }, "wa_id": "", "user_id": "US.1A2B" }],
        "messages": [{ "from": "", "from_user_id": "US.1A2B", "id": "wamid.1", "timestamp": "1780304400", "type": "hologram",
            "hologram": { "id": "1" } }] }),
    );
    stage.deliver().await;
    let thread = stage.thread().await;
    assert_eq!((thread.external_id.as_str(), thread.contact.phone_number.is_none()), ("whatsapp:US.1A2B", true));
    assert_eq!(stage.messages(thread.id).await[0].kind, "hologram");
    post(
        &stage,
        json!({ "metadata": metadata, "contacts": [{ "wa_id": "15550100077", "user_id": "US.1A2B" }],
        "messages": [{ "from": "15550100077", "from_user_id": "US.1A2B", "id": "wamid.2", "timestamp": "1780304401",
            "type": "text", "text": { "body": "it is me" } }] }),
    );
    stage.deliver().await;
    assert_eq!(stage.threads().await.len(), 1, "the same person");
    stage.simulator.heard(DIRECT, "15550100077");
    // Read before it was ever delivered; then a word for progress that does not exist yet.
    write(&stage, thread.id, "hello").await;
    stage.send().await;
    let id = stage.simulator.accepted()[0].id.clone();
    let status = |status: &str| json!({ "metadata": metadata, "statuses": [{ "id": id, "status": status, "timestamp": "1780304410", "recipient_id": "" }] });
    post(&stage, status("read"));
    post(&stage, status("pondered"));
    stage.deliver().await;
    assert_eq!(stage.messages(thread.id).await.pop().expect("there").status, DeliveryStatus::Read);
    let Answer::Deliveries(rows) =
        stage.ask(Query::Deliveries { state: None, event: None, limit: 50, before: None }).await
    else {
        panic!("deliveries")
    };
    assert!(rows.iter().all(|row| row.state == DeliveryState::Applied), "nothing stands in anybody's way");
}

#[tokio::test]
async fn at_the_console_a_number_of_another_provider_says_what_it_cannot() {
    let mut stage = stage(&WIRES[1]).await;
    stage.simulator.says(WIRES[1].number, &rosa(), &Saying::text("hush"));
    stage.deliver().await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "1").await;
    ada.sees("Setup tasks");
    ada.sees("/webhook/twilio/messages");
    ada.sees("✓ a phone: Write any word to +15550100300.");
    ada.sees("not reported by this provider");
    ada.press(&stage, "2 enter r").await;
    ada.sees("The provider of this number cannot send quotes.");
    ada.press(&stage, "e").await;
    ada.sees("The provider of this number cannot send reactions.");
    ada.press(&stage, "c").await;
    ada.types(&stage, "Good morning").await;
    ada.press(&stage, "enter").await;
    stage.send().await;
    stage.pass(Duration::from_secs(20));
    stage.deliver().await;
    ada.look_up(&stage).await;
    ada.sees("✓✓R");
    assert_eq!(stage.simulator.accepted()[0].text, "Good morning");
}
