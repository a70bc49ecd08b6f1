//! What a provider says of a conversation beside its messages: whether the contact is new, how many messages it counts,
//! where a message was written, how far it was processed; and what an agent would say to its tests.

use axum::http::StatusCode;
use serde_json::{Value, json};
use wadeck::domain::message::content::Content;
use wadeck::domain::numbers::number::NumberRequest;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::view::MessageDetail;
use wadeck::operations;
use wadeck::simulator::{Person, Saying};

use crate::agent_kinds::server;
use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

/// A message of Rosa's as the platform posts it, with what it counts.
fn told(id: &str, origin: &str, count: u64, new: bool) -> Value {
    json!({
        "message": { "id": id, "from": "15550100002", "timestamp": "1780304400", "type": "text",
            "text": { "body": format!("words of {id}") },
            "kapso": { "direction": "inbound", "status": "received", "origin": origin, "processing_status": "pending" } },
        "conversation": { "id": "6f6f2f6e-0d2b-4f5e-8a0e-000000000001", "phone_number": "+15550100002",
            "phone_number_id": SUPPORT, "created_at": "2026-06-01T08:59:00Z",
            "kapso": { "contact_name": "Rosa Field", "messages_count": count, "last_message_id": id,
                "last_message_text": format!("words of {id}"), "last_inbound_at": "2026-06-01T09:00:00Z",
                "last_outbound_at": null } },
        "is_new_conversation": new,
        "phone_number_id": SUPPORT,
    })
}

async fn detail(stage: &Stage, at: usize) -> MessageDetail {
    let message = stage.messages(stage.thread().await.id).await[at].id;
    match stage.ask(Query::Message { message }).await {
        Answer::Message(Some(detail)) => *detail,
        other => panic!("{other:?}"),
    }
}

async fn whole_thread(stage: &Stage) -> wadeck::domain::view::ThreadRow {
    let thread = stage.thread().await.id;
    match stage.ask(Query::Thread { thread }).await {
        Answer::Thread(Some(row)) => *row,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_contact_is_marked_until_somebody_answers() {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "hello").await;
    stage.says(&rosa(), "is anybody there?").await;
    let row = stage.thread_of("is:new").await;
    assert!(row.new, "the second message is no new conversation, and nobody answered the first");
    assert_eq!(serde_json::to_value(&row).expect("JSON")["new"], true);
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2").await;
    sitting.sees("NEW Rosa Field");
    let content = Box::new(Content::text("We are."));
    stage.act(Request::Send { thread: row.id, content, reply_to: None, at: None }).await.expect("queued");
    stage.send().await;
    assert!(!stage.thread().await.new);
    sitting.look_up(&stage).await;
    sitting.does_not_see("NEW");
    // The platform says of somebody who wrote to it before we were there that they are not new.
    let body = told("wamid.OLD", "cloud_api", 40, false).to_string().replace("15550100002", "15550100003");
    stage.simulator.post_raw("whatsapp.message.received", &serde_json::from_str(&body).expect("JSON"));
    stage.deliver().await;
    assert!(stage.threads().await.iter().all(|row| !row.new));
}

#[tokio::test]
async fn what_the_provider_counts_is_compared_with_what_is_here() {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.simulator.post_raw("whatsapp.message.received", &told("wamid.A", "cloud_api", 1, true));
    stage.deliver().await;
    let first = whole_thread(&stage).await.conversation.expect("told");
    assert_eq!((first.messages_count, first.stored, first.missing()), (Some(1), Some(1), 0));
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 enter").await;
    sitting.does_not_see("missing here");
    // Three more were said; one of them came, and an older webhook after it.
    stage.simulator.post_raw("whatsapp.message.received", &told("wamid.D", "cloud_api", 4, false));
    stage.deliver().await;
    let row = whole_thread(&stage).await;
    let now = row.conversation.clone().expect("told");
    assert_eq!((now.messages_count, now.stored, now.missing()), (Some(4), Some(2), 2));
    assert_eq!(now.last_message_id.as_deref(), Some("wamid.D"));
    assert_eq!(now.last_inbound_at.map(|at| at.to_string()).as_deref(), Some("2026-06-01T09:00:00Z"));
    let listed = serde_json::to_value(stage.thread().await).expect("JSON");
    assert_eq!(listed["conversation"]["messages_count"], 4);
    sitting.look_up(&stage).await;
    sitting.sees("The provider has 2 messages that are missing here");
    sitting.press(&stage, "i").await;
    sitting.sees("the provider counts 4 messages; 2 are here");
    stage.simulator.post_raw("whatsapp.message.received", &told("wamid.C", "cloud_api", 3, false));
    stage.deliver().await;
    let late = whole_thread(&stage).await.conversation.expect("told");
    assert_eq!((late.messages_count, late.missing()), (Some(4), 1), "what is older does not count less");
}

#[tokio::test]
async fn the_simulated_platform_counts_as_many_as_are_here() {
    let mut stage = Stage::set().await;
    for words in ["one", "two", "three", "four", "five", "six"] {
        stage.says(&rosa(), words).await;
        stage.answer().await;
        stage.pass(std::time::Duration::from_secs(10));
        stage.deliver().await;
    }
    let told = whole_thread(&stage).await.conversation.expect("told");
    assert!(told.messages_count > Some(1), "{told:?}");
    assert_eq!(told.missing(), 0, "{told:?}");
}

#[tokio::test]
async fn where_a_message_was_written_and_how_far_it_is_stand_with_it() {
    let mut stage = Stage::set().await;
    stage.simulator.post_raw("whatsapp.message.received", &told("wamid.A", "history_sync", 1, false));
    let mut phone = told("wamid.B", "business_app", 2, false);
    phone["message"]["kapso"]["direction"] = "outbound".into();
    phone["message"]["to"] = "15550100002".into();
    phone["message"]["kapso"]["status"] = "sent".into();
    stage.simulator.post_raw("whatsapp.message.sent", &phone);
    stage.deliver().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 enter").await;
    sitting.sees("history_sync");
    sitting.sees("business_app");
    let first = detail(&stage, 0).await;
    assert_eq!(first.extras.processing.as_ref().map(wadeck::domain::text::Untrusted::line).as_deref(), Some("pending"));
    let json = serde_json::to_value(&first).expect("JSON");
    assert_eq!((&json["origin"], &json["extras"]["processing"]), (&"history_sync".into(), &"pending".into()));
    sitting.press(&stage, "i").await;
    sitting.sees("processing");
}

#[tokio::test]
async fn an_agent_is_asked_what_it_would_say_to_a_test_and_nothing_is_sent() {
    let mut stage = Stage::set().await;
    let dry = async |stage: &Stage| while operations::dry_run_next(&stage.system).await.expect("asked") {};
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Test("Test message".into()));
    stage.deliver().await;
    let asked = detail(&stage, 0).await.message.dry_run.expect("it will be asked");
    assert_eq!((asked.agent.as_str(), asked.finished_at), ("helper", None));
    dry(&stage).await;
    let answered = detail(&stage, 0).await.message.dry_run.expect("asked");
    assert!(answered.said.as_ref().is_some_and(|said| said.line().starts_with("You said it, Rosa")), "{answered:?}");
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Test("what is the price?".into()));
    stage.deliver().await;
    dry(&stage).await;
    let failed = detail(&stage, 1).await.message.dry_run.expect("asked");
    assert!(failed.error.is_some_and(|why| why.line().contains("price list")), "it says why");
    stage.answer().await;
    assert_eq!((stage.simulator.send_requests(), stage.outbox().await.len()), (0, 0));
    let thread = stage.thread().await;
    assert!(thread.waiting.is_none() && !thread.new && thread.run.is_none());
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 enter").await;
    sitting.sees("TEST");
    sitting.sees("helper would say: You said it, Rosa");
    // A person's own message is answered as ever, and no agent is asked dry.
    stage.says(&rosa(), "hello").await;
    assert!(!operations::dry_run_next(&stage.system).await.expect("nothing"));
}

#[tokio::test]
async fn a_webhook_of_a_number_that_is_not_here_goes_to_whoever_serves_it() {
    let (url, heard) = server(vec![(StatusCode::OK, Value::Null)]).await;
    let endpoint = format!(
        "\n[[endpoints]]\nname = \"workflow\"\nurl = \"{url}/\"\nsecret_env = \"AGENT_SECRET\"\nevents = [\"delivery.quarantined\"]\n"
    );
    let mut stage = Stage::with_config(&format!("{CONFIG}{endpoint}")).await;
    stage.simulator.says("999", &Person::new("Vera", "15550100009"), &Saying::text("is anybody there?"));
    stage.deliver().await;
    while operations::deliver_next_event(&stage.system).await.expect("told") {}
    {
        let heard = heard.lock().expect("whole");
        let (headers, event) = &heard[0];
        assert_eq!(headers["x-wadeck-signature"], headers["x-expected"]);
        assert_eq!((&event["event"], &event["data"]["numbers"]), (&"delivery.quarantined".into(), &json!(["999"])));
        let body = event["request"]["body"].as_str().expect("as it came");
        assert!(body.contains("is anybody there?"), "{body}");
        let signature = crate::stage::signature(body);
        assert_eq!(event["request"]["headers"]["x-webhook-signature"], signature, "it can be verified again");
    }
    // What a provider sent stands in no event that viewers read.
    let Answer::Agent(told) =
        stage.ask(Query::Agent(wadeck::domain::agents::requests::AgentQuery::Events { after: None, limit: 50 })).await
    else {
        panic!("events")
    };
    assert!(!format!("{told:?}").contains("is anybody there?"));
    // Adopting the number applies it, tells nobody again, and ends the alert.
    let with_it = CONFIG.replace(SUPPORT, "999");
    let config = wadeck::config::check(&with_it, wadeck::provider::Registry::SHAPES).expect("right");
    operations::declare(&stage.system, &wadeck::app::declared_connections(&config)).await.expect("declared");
    stage.apply().await;
    assert_eq!(stage.threads().await.len(), 1);
    assert_eq!(stage.overview().await.alerts, 0);
    assert!(!operations::deliver_next_event(&stage.system).await.expect("nothing to tell"));
}

#[tokio::test]
async fn adopting_a_number_applies_what_waited_for_it_and_ends_the_alert() {
    let mut stage = Stage::set().await;
    stage.simulator.add_number(wadeck::simulator::Number {
        phone_number_id: "106540352242999".into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-010-0077".into(),
        name: "Trial".into(),
        kind: "production".into(),
        customer: None,
        direct: false,
    });
    stage.simulator.says("106540352242999", &rosa(), &Saying::text("is anybody there?"));
    stage.deliver().await;
    let open = async |stage: &Stage| match stage.ask(Query::Alerts { open: true, limit: 10 }).await {
        Answer::Alerts(alerts) => alerts.into_iter().filter(|alert| alert.kind == "quarantine").count(),
        other => panic!("{other:?}"),
    };
    assert_eq!((open(&stage).await, stage.threads().await.len()), (1, 0));
    let adopt = NumberRequest::Adopt {
        name: "trial".into(),
        provider: crate::numbers::kapso(),
        phone_number_id: "106540352242999".into(),
        organization: None,
        environment: None,
    };
    crate::numbers::number(&stage, adopt).await.expect("begun");
    crate::numbers::proved(&mut stage).await;
    stage.apply().await;
    assert_eq!((open(&stage).await, stage.thread().await.connection.as_str()), (0, "trial"));
}

#[tokio::test]
async fn events_about_conversations_are_recorded_and_found_by_their_type() {
    let mut stage = Stage::set().await;
    let mut ended = told("wamid.A", "cloud_api", 1, false);
    ended["conversation"]["status"] = "ended".into();
    ended.as_object_mut().expect("an object").remove("message");
    stage.simulator.post_raw("whatsapp.conversation.ended", &ended);
    stage.simulator.post_raw("whatsapp.something.new", &json!({ "phone_number_id": SUPPORT }));
    stage.says(&rosa(), "hello").await;
    let found =
        async |stage: &Stage, text: &str| match stage.ask(Query::Activity { text: text.into(), limit: 50 }).await {
            Answer::Activity(rows) => rows,
            other => panic!("{other:?}"),
        };
    for name in ["whatsapp.conversation.ended", "whatsapp.something.new"] {
        let rows = found(&stage, name).await;
        assert_eq!(rows.len(), 1, "{name}");
        let words = rows[0].text.line();
        assert!(
            words.contains(name.trim_start_matches("whatsapp.")) && words.contains("Recorded; nothing to do."),
            "{words}"
        );
    }
    assert!(found(&stage, "whatsapp.message.received").await.len() == 1);
    // By its event and nothing else: the same words in a body do not count.
    let listed = async |stage: &Stage, event: &str| {
        let event = Some(event.to_owned());
        match stage.ask(Query::Deliveries { state: None, event, limit: 50, before: None }).await {
            Answer::Deliveries(rows) => rows.into_iter().map(|row| row.event).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    stage.says(&rosa(), "whatsapp.conversation.ended").await;
    for (event, expected) in [
        ("conversation.ended", &["whatsapp.conversation.ended"][..]),
        ("WhatsApp.Conversation.*", &["whatsapp.conversation.ended"]),
        ("conversation", &[]),
        ("something.*", &["whatsapp.something.new"]),
        ("message.*", &["whatsapp.message.received", "whatsapp.message.received"]),
    ] {
        assert_eq!(listed(&stage, event).await, expected, "{event}");
        let rows = found(&stage, &format!("event:{event}")).await;
        assert_eq!(rows.len(), expected.len(), "{event}: {rows:?}");
    }
    assert_eq!(found(&stage, "event:message.* conversation.ended").await.len(), 1, "words narrow it further");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "7 /").await;
    sitting.types(&stage, "conversation.ended").await;
    sitting.press(&stage, "enter").await;
    sitting.sees("conversation.ended: Recorded");
    sitting.does_not_see("something.new");
    sitting.press(&stage, "esc esc /").await;
    sitting.types(&stage, "event:something.*").await;
    sitting.press(&stage, "enter").await;
    sitting.sees("something.new: Recorded");
    sitting.does_not_see("conversation.ended");
}

#[tokio::test]
async fn webhooks_that_come_again_are_counted() {
    let mut stage = Stage::set().await;
    let mut listed = 0;
    for round in 0..20 {
        stage.says(&rosa(), &format!("message {round}")).await;
        stage.answer().await;
        stage.pass(std::time::Duration::from_secs(10));
        stage.deliver().await;
        let Answer::Deliveries(rows) =
            stage.ask(Query::Deliveries { state: None, event: None, limit: 500, before: None }).await
        else {
            panic!("deliveries")
        };
        listed = rows.iter().map(|row| u64::from(row.repeats)).sum();
        if listed > 0 {
            break;
        }
    }
    assert!(listed > 0, "the platform sends some twice");
    assert_eq!(stage.overview().await.deliveries_repeated, listed);
    let figures = operations::metrics(&stage.system).await.expect("figures");
    assert!(figures.contains(&format!("wadeck_webhooks_repeated_total {listed}")), "{figures}");
}

#[tokio::test]
async fn a_conversation_that_comes_back_counts_anew_in_one_body_as_in_several() {
    let of = |id: &str, conversation: u8, count: u64| {
        let mut item = told(id, "cloud_api", count, false);
        item["conversation"]["id"] = format!("6f6f2f6e-0d2b-4f5e-8a0e-00000000000{conversation}").into();
        item
    };
    let later = [of("wamid.2", 2, 1), of("wamid.3", 1, 3)];
    for together in [true, false] {
        let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
        stage.simulator.post_raw("whatsapp.message.received", &of("wamid.1", 1, 9));
        stage.deliver().await;
        if together {
            stage.simulator.post_raw("whatsapp.message.received", &json!({ "batch": true, "data": later }));
        } else {
            for one in &later {
                stage.simulator.post_raw("whatsapp.message.received", one);
                stage.deliver().await;
            }
        }
        stage.deliver().await;
        let now = whole_thread(&stage).await.conversation.expect("told");
        assert_eq!(now.messages_count, Some(3), "{together}");
    }
}
