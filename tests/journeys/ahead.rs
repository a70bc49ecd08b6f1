//! What the provider keeps for later: handed over ahead of its time, called back, and never forgotten.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::domain::time::Timestamp;
use wadeck::domain::view::EntryRow;
use wadeck::operations::{self, OperationError};
use wadeck::simulator::{Saying, SendFault};

use crate::conformance::WIRES;
use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

const HOUR: Duration = Duration::from_secs(3_600);
const CONFIG: &str = "organization = \"lumen\"\n[[connections]]\nname = \"clinic\"\nprovider = \"twilio\"\n\
    phone_number = \"+15550100300\"\nmessaging_service = \"MG0123456789abcdef0123456789abcdef\"\n\
    schedule_at_provider = true\n";

/// A number whose provider keeps things for later, and an approved template.
async fn stage() -> Stage {
    stage_of(CONFIG, "UTILITY").await
}

async fn stage_of(config: &str, category: &str) -> Stage {
    let stage = Stage::with_config(config).await;
    stage.simulator.add_sender(WIRES[1].number, false);
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    stage.simulator.add_content(json!({ "sid": "HX0123456789abcdef0123456789abcdef", "friendly_name": "reminder",
        "language": "en", "variables": {}, "types": { "twilio/text": { "body": "It is time." } },
        "approval_requests": { "name": "reminder", "category": category, "status": "approved" } }));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    stage
}

async fn remind(stage: &Stage, at: Timestamp) -> Result<Done, OperationError> {
    let connection = stage.system.store().connections().await.expect("asked")[0].id;
    let request = Request::SendTemplate {
        connection,
        to: PhoneNumber::parse("+15550100002").expect("a number"),
        name: "reminder".into(),
        language: "en".into(),
        parameters: vec![],
        header: None,
        at: Some(at),
    };
    stage.act(request).await
}

/// The newest entry.
async fn entry(stage: &Stage) -> EntryRow {
    stage.outbox().await.into_iter().max_by_key(|row| row.id.0).expect("an entry")
}

/// One that the provider keeps until then.
async fn kept(stage: &Stage, after: Duration) -> EntryRow {
    remind(stage, stage.now().plus(after)).await.expect("queued");
    assert_eq!(stage.send().await, 1, "it is handed over at once");
    let row = entry(stage).await;
    assert_eq!(row.state, EntryState::Scheduled);
    row
}

async fn look(stage: &Stage) {
    while operations::look_up_due(&stage.system).await.expect("a look") {}
}

fn at_provider(stage: &Stage) -> String {
    let id = stage.simulator.accepted().pop().expect("accepted").id;
    stage.simulator.message_object(&id).expect("known")["status"].as_str().expect("a status").to_owned()
}

#[tokio::test]
async fn what_is_for_later_is_handed_over_and_goes_though_nobody_is_here() {
    let mut stage = stage().await;
    let row = kept(&stage, 24 * HOUR).await;
    let form = stage.simulator.forms().pop().expect("asked");
    for part in ["ScheduleType=fixed", "SendAt=2026-06-02T09%3A00%3A00Z", "MessagingServiceSid=MG", "ContentSid=HX"] {
        assert!(form.contains(part), "{part} in {form}");
    }
    let Answer::Why(why) = stage.ask(Query::Why { id: row.id.to_string() }).await else { panic!("why") };
    assert_eq!(why.cause, "kept_by_provider", "{why:?}");
    assert_eq!(stage.overview().await.scheduled, 1);
    assert!(stage.act(Request::HoldEntry { entry: row.id }).await.is_err(), "it is not ours to hold");
    stage.restart(CONFIG).await;
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    assert_eq!(stage.send().await, 0, "it is not sent a second time");
    stage.pass(24 * HOUR + Duration::from_secs(130));
    assert_eq!(stage.send().await, 0);
    stage.deliver().await;
    look(&stage).await;
    let row = entry(&stage).await;
    assert_eq!((row.state, row.status), (EntryState::Accepted, DeliveryStatus::Read));
    assert_eq!((stage.simulator.accepted().len(), row.attempts), (1, 1));
    assert_eq!(stage.overview().await.alerts, 0);
}

#[tokio::test]
async fn what_is_kept_is_called_back_and_shown_so_only_once_that_is_certain() {
    let mut stage = stage().await;
    let row = kept(&stage, 2 * HOUR).await;
    let done = stage.act(Request::DiscardEntry { entry: row.id }).await.expect("wanted back");
    assert!(done.message.contains("once the provider confirms"), "{}", done.message);
    let waiting = entry(&stage).await;
    assert_eq!((waiting.state, waiting.recalled_by.as_deref()), (EntryState::Scheduled, Some("ada")));
    look(&stage).await;
    assert_eq!(entry(&stage).await.state, EntryState::Discarded);
    assert_eq!(at_provider(&stage), "canceled");
    stage.pass(3 * HOUR);
    stage.deliver().await;
    let row = entry(&stage).await;
    assert_eq!(
        (row.state, row.status),
        (EntryState::Discarded, DeliveryStatus::Accepted),
        "what was wanted is no failure"
    );
    assert_eq!(stage.overview().await.alerts, 0);
    stage.act(Request::RetryEntry { entry: row.id }).await.expect("after all");
    assert_eq!(stage.send().await, 1);
    stage.pass(Duration::from_secs(20));
    stage.deliver().await;
    let row = entry(&stage).await;
    assert_eq!((row.state, row.status), (EntryState::Accepted, DeliveryStatus::Read), "a retry goes at once");
}

#[tokio::test]
async fn who_opts_out_gets_nothing_that_was_kept_for_them() {
    let mut stage = stage().await;
    kept(&stage, 2 * HOUR).await;
    stage.simulator.says(WIRES[1].number, &rosa(), &Saying::text("STOP"));
    stage.deliver().await;
    look(&stage).await;
    assert_eq!(at_provider(&stage), "canceled");
    let row = entry(&stage).await;
    assert_eq!((row.state, row.recalled_by.as_deref()), (EntryState::Discarded, Some("the contact, who opted out")));
}

#[tokio::test]
async fn marketing_that_is_kept_is_called_back_from_who_stops_it_and_nothing_else_is() {
    let both = format!(
        "{CONFIG}[[connections]]\nname = \"one\"\nprovider = \"meta\"\nphone_number = \"+15550783881\"\n\
        phone_number_id = \"{}\"\nbusiness_account_id = \"102290129340398\"\n",
        crate::cases::ONE
    );
    for (category, called_back) in [("MARKETING", true), ("UTILITY", false)] {
        let mut stage = stage_of(&both, category).await;
        kept(&stage, 2 * HOUR).await;
        let now = stage.now().millis() / 1_000;
        let value = json!({ "messaging_product": "whatsapp", "metadata": { "phone_number_id": crate::cases::ONE },
            "user_preferences": [{ "wa_id": "15550100002", "category": "marketing_messages", "value": "stop",
                "timestamp": now + 1 }] });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102290129340398",
            "changes": [{ "field": "user_preferences", "value": value }] }] });
        crate::cases::post(&mut stage, "/webhook/meta", &[], &body.to_string()).await;
        look(&stage).await;
        assert_eq!(at_provider(&stage) == "canceled", called_back, "{category}");
        let row = entry(&stage).await;
        let by = called_back.then_some("the contact, who stopped marketing");
        assert_eq!(row.recalled_by.as_deref(), by, "{category}");
        let state = if called_back { EntryState::Discarded } else { EntryState::Scheduled };
        assert_eq!(row.state, state, "{category}");
    }
}

#[tokio::test]
async fn who_replied_stop_to_the_provider_is_sent_nothing_until_start() {
    let mut stage = stage().await;
    for by_status in [false, true] {
        let soon = stage.now().plus(Duration::from_secs(60));
        remind(&stage, soon).await.expect("queued");
        if by_status {
            stage.simulator.unreachable("15550100002", 21_610);
        } else {
            stage.simulator.next_send(SendFault::Answer {
                status: 400,
                body: json!({ "code": 21610, "status": 400, "message": "Attempt to send to unsubscribed recipient",
                    "more_info": "https://www.twilio.com/docs/errors/21610" }),
                retry_after: None,
            });
        }
        stage.pass(Duration::from_secs(61));
        stage.send().await;
        stage.pass(Duration::from_secs(30));
        stage.deliver().await;
        assert_eq!(entry(&stage).await.state, EntryState::Failed, "by status: {by_status}");
        let entries = stage.outbox().await.len();
        let refused = remind(&stage, stage.now().plus(HOUR)).await.expect_err("refused");
        assert!(refused.to_string().contains("opted out"), "{refused}");
        assert_eq!(stage.outbox().await.len(), entries, "nothing is queued");
        let thread = stage.thread().await;
        assert!(thread.opted_out);
        let rows = stage.system.store().audit("", 50, None).await.expect("asked");
        let stop = rows.iter().find(|row| row.action == "opt_out").expect("written down");
        let source = format!("{stop:?}");
        assert!(source.contains("with 21610") || source.contains("reports 21610"), "its source: {stop:?}");
        stage.simulator.reachable("15550100002");
        for (word, out) in [("START", false), ("STOP", true), ("START", false)] {
            stage.pass(Duration::from_secs(5));
            stage.simulator.says(WIRES[1].number, &rosa(), &Saying::text(word));
            stage.deliver().await;
            assert_eq!(stage.thread().await.opted_out, out, "{word}");
        }
        stage.pass(2 * HOUR);
    }
    let sent = stage.simulator.accepted().len();
    remind(&stage, stage.now()).await.expect("wanted again");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), sent + 1);
}

#[tokio::test]
async fn the_hour_between_two_is_kept_over_there_too() {
    let mut stage = stage().await;
    kept(&stage, 2 * HOUR).await;
    remind(&stage, stage.now().plus(2 * HOUR + HOUR / 2)).await.expect("queued");
    assert_eq!(stage.send().await, 0, "half an hour after the other it may not go");
    assert_eq!(entry(&stage).await.state, EntryState::Queued, "so it stays here");
    remind(&stage, stage.now().plus(5 * HOUR)).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    stage.pass(2 * HOUR + HOUR / 2);
    stage.deliver().await;
    assert_eq!(stage.send().await, 0);
    let held = stage.outbox().await.into_iter().find(|row| row.hold.is_some()).expect("held");
    assert_eq!(held.hold.map(wadeck::domain::outbox::limits::Hold::name), Some("hourly_policy"));
    assert_eq!(held.due_at.since(stage.now()), HOUR / 2);
    stage.pass(HOUR / 2);
    assert_eq!(stage.send().await, 1);
    stage.pass(3 * HOUR);
    stage.deliver().await;
    assert_eq!(stage.simulator.accepted().len(), 3);
    assert_eq!(stage.system.store().breaches(Timestamp::EPOCH).await.expect("counted"), 0);
}

#[tokio::test]
async fn what_is_too_near_or_too_far_is_kept_here() {
    let stage = stage().await;
    remind(&stage, stage.now().plus(Duration::from_secs(600))).await.expect("queued");
    assert_eq!(stage.send().await, 0);
    stage.pass(Duration::from_secs(600));
    assert_eq!(stage.send().await, 1);
    assert!(!stage.simulator.forms().pop().expect("asked").contains("SendAt"));
    remind(&stage, stage.now().plus(10 * 24 * HOUR)).await.expect("queued");
    assert_eq!(stage.send().await, 0);
    stage.pass(3 * 24 * HOUR);
    assert_eq!(stage.send().await, 1);
    assert_eq!(entry(&stage).await.state, EntryState::Scheduled);
}

#[tokio::test]
async fn a_lost_answer_on_the_way_back_is_asked_about_until_it_is_certain() {
    let stage = stage().await;
    let row = kept(&stage, 2 * HOUR).await;
    stage.act(Request::DiscardEntry { entry: row.id }).await.expect("wanted back");
    stage.simulator.fail_next_change(SendFault::GatewayError);
    look(&stage).await;
    assert_eq!(entry(&stage).await.state, EntryState::Scheduled, "nobody knows yet");
    assert_eq!(stage.overview().await.alerts, 1);
    stage.pass(Duration::from_secs(60));
    look(&stage).await;
    assert_eq!(entry(&stage).await.state, EntryState::Discarded, "it had been cancelled the first time");
    assert_eq!(stage.overview().await.alerts, 0);
}

#[tokio::test]
async fn what_cannot_be_called_back_in_time_is_said_to_have_gone() {
    let mut stage = stage().await;
    let row = kept(&stage, HOUR).await;
    stage.act(Request::DiscardEntry { entry: row.id }).await.expect("wanted back");
    let unwell = || SendFault::Answer { status: 503, body: json!({}), retry_after: None };
    for _ in 0..20 {
        stage.simulator.fail_next_change(unwell());
        look(&stage).await;
        stage.pass(Duration::from_secs(300));
    }
    stage.deliver().await;
    let row = entry(&stage).await;
    assert_eq!((row.state, row.status), (EntryState::Accepted, DeliveryStatus::Read));
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 50 }).await else { panic!("alerts") };
    assert!(
        alerts.iter().any(|alert| alert.said.line().contains("was sent: it could not be canceled in time")),
        "{alerts:?}"
    );
}

#[tokio::test]
async fn a_lost_answer_on_the_way_there_is_found_in_the_list_and_kept_until_its_time() {
    let mut stage = stage().await;
    stage.simulator.next_send(SendFault::GatewayError);
    remind(&stage, stage.now().plus(2 * HOUR)).await.expect("queued");
    stage.send().await;
    assert_eq!(entry(&stage).await.state, EntryState::Uncertain);
    stage.pass(Duration::from_secs(15));
    look(&stage).await;
    assert_eq!(entry(&stage).await.state, EntryState::Scheduled, "the list has it");
    stage.pass(2 * HOUR);
    stage.deliver().await;
    assert_eq!(entry(&stage).await.status, DeliveryStatus::Read);
    assert_eq!(stage.simulator.accepted().len(), 1);
}

#[tokio::test]
async fn without_a_callback_it_is_asked_about_after_its_time() {
    let stage = stage().await;
    kept(&stage, HOUR).await;
    stage.pass(HOUR + Duration::from_secs(121));
    look(&stage).await;
    let row = entry(&stage).await;
    assert_eq!((row.state, row.status), (EntryState::Accepted, DeliveryStatus::Read));
}

#[tokio::test]
async fn somebody_else_cancels_it_over_there_and_people_hear_of_it() {
    let mut stage = stage().await;
    kept(&stage, HOUR).await;
    let id = stage.simulator.accepted().pop().expect("accepted").id;
    stage.simulator.cancel(&id);
    stage.deliver().await;
    let row = entry(&stage).await;
    assert_eq!(row.state, EntryState::Failed);
    assert_eq!(row.error.expect("a reason").title, "Cancelled");
    assert_eq!(stage.overview().await.alerts, 1);
}

#[tokio::test]
async fn at_the_console_it_says_who_sends_it_and_when_and_x_calls_it_back() {
    let stage = stage().await;
    kept(&stage, 2 * HOUR).await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "3").await;
    ada.sees("◷ scheduled");
    ada.sees("11:00");
    ada.press(&stage, "2 enter").await;
    ada.sees("scheduled at the provider 11:00");
    ada.press(&stage, "3 X").await;
    ada.sees("at the provider?");
    ada.press(&stage, "y").await;
    ada.look_up(&stage).await;
    ada.sees("being canceled");
    look(&stage).await;
    ada.look_up(&stage).await;
    ada.sees("∅ discarded");
}
