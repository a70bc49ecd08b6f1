//! A signed webhook comes in.

use std::time::Duration;

use wadeck::domain::ids::DeliveryId;
use wadeck::domain::inbound::event::Direction;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::simulator::{Person, Saying};

use crate::stage::{SUPPORT, Stage, rosa};

#[tokio::test]
async fn a_message_becomes_a_thread_whose_window_is_known_to_the_second() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "Hello").await;
    let thread = stage.thread().await;
    assert_eq!(thread.external_id, "whatsapp:15550100002");
    assert_eq!(thread.contact.display_name(), "Rosa Field");
    assert_eq!(thread.unread, 1);
    assert_eq!(thread.window_closes_at, Some(stage.now().plus(Duration::from_secs(24 * 3600))));
    let messages = stage.messages(thread.id).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].status, DeliveryStatus::Received);
}

#[tokio::test]
async fn every_kind_of_message_has_a_line_and_details() {
    let mut stage = Stage::set().await;
    let sayings = [
        Saying::text("plain"),
        Saying::Image { caption: Some("Receipt".into()) },
        Saying::Voice { transcript: Some("call me".into()) },
        Saying::Document { file_name: "invoice.pdf".into() },
        Saying::Sticker,
        Saying::Location { name: "Cafe".into(), latitude: 37.442, longitude: -122.161 },
        Saying::Contact { name: "Ana Ruiz".into(), phone: "+1 555 010 0003".into() },
        Saying::Button { text: "Unsubscribe".into(), payload: "unsub".into() },
        Saying::Choice { id: "yes".into(), title: "Yes".into() },
    ];
    for saying in &sayings {
        stage.simulator.says(SUPPORT, &rosa(), saying);
        stage.pass(Duration::from_secs(1));
    }
    stage.deliver().await;
    let messages = stage.messages(stage.thread().await.id).await;
    let lines: Vec<String> = messages.iter().map(|message| message.text.line()).collect();
    assert_eq!(
        lines,
        [
            "plain",
            "[image 2 KB] photo.jpg Receipt",
            "[voice note] call me",
            "[document 48 B] invoice.pdf",
            "[sticker]",
            "[location 37.44200,-122.16100] Cafe",
            "[contact] Ana Ruiz +1 555 010 0003",
            "chose: Unsubscribe",
            "chose: Yes",
        ]
    );
    for message in messages {
        let Answer::Message(Some(detail)) = stage.ask(Query::Message { message: message.id }).await else { panic!() };
        assert!(!detail.content.details().is_empty());
    }
}

#[tokio::test]
async fn fifty_copies_of_a_delivery_are_one_message_and_one_run() {
    let mut stage = Stage::set().await;
    let body = serde_json::json!({
        "message": { "id": "wamid.SAME", "from": "15550100002", "timestamp": "1780304400", "type": "text",
            "text": { "body": "once" }, "kapso": { "direction": "inbound", "status": "delivered" } },
        "conversation": { "phone_number": "+15550100002", "phone_number_id": SUPPORT },
        "phone_number_id": SUPPORT,
    });
    // Different delivery keys: only the message's own id makes it the same.
    for _ in 0..50 {
        stage.simulator.post_raw("whatsapp.message.received", &body);
    }
    stage.deliver().await;
    let thread = stage.thread().await;
    assert_eq!(thread.unread, 1);
    assert_eq!(stage.messages(thread.id).await.len(), 1);
    stage.answer().await;
    assert_eq!(stage.simulator.send_requests(), 1, "one run, one answer");
}

#[tokio::test]
async fn batches_are_expanded_and_a_burst_is_one_thread() {
    let mut stage = Stage::set().await;
    stage.simulator.buffer(Some(Duration::from_secs(5)));
    for words in ["one", "two", "three"] {
        stage.simulator.says(SUPPORT, &rosa(), &Saying::text(words));
        stage.pass(Duration::from_secs(1));
    }
    assert_eq!(stage.deliver().await, 0, "the window is still open");
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.deliver().await, 1, "one delivery for all three");
    assert_eq!(stage.thread().await.unread, 3);
}

#[tokio::test]
async fn a_reaction_attaches_to_its_message_and_starts_nothing() {
    let mut stage = Stage::set().await;
    let hello = stage.says(&rosa(), "Hello").await;
    stage.answer().await;
    let unread = stage.thread().await.unread;
    for emoji in [Some("👍"), Some("❤️")] {
        let saying = Saying::Reaction { to: hello.clone(), emoji: emoji.map(str::to_owned) };
        stage.simulator.says(SUPPORT, &rosa(), &saying);
        stage.pass(Duration::from_secs(1));
        stage.deliver().await;
    }
    let thread = stage.thread().await;
    let messages = stage.messages(thread.id).await;
    assert_eq!(messages[0].reactions.len(), 1, "the new one took the old one's place");
    assert_eq!(messages[0].reactions[0].emoji.line(), "❤️");
    assert_eq!(thread.unread, unread);
    stage.pass(Duration::from_secs(60));
    assert_eq!(stage.run_agents().await, 0);

    stage.simulator.says(SUPPORT, &rosa(), &Saying::Reaction { to: hello, emoji: None });
    stage.deliver().await;
    assert!(stage.messages(thread.id).await[0].reactions.is_empty());
}

#[tokio::test]
async fn history_is_stored_and_never_routed() {
    let mut stage = Stage::set().await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::History("from last year".into()));
    stage.deliver().await;
    let thread = stage.thread().await;
    assert_eq!(thread.unread, 0);
    stage.pass(Duration::from_secs(60));
    assert_eq!(stage.run_agents().await, 0);
}

#[tokio::test]
async fn a_test_delivery_is_marked_and_never_answered_over_the_network() {
    let mut stage = Stage::set().await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Test("Test message".into()));
    stage.deliver().await;
    let thread = stage.thread().await;
    assert!(stage.messages(thread.id).await[0].test);
    assert_eq!(thread.window_closes_at, None);
    stage.answer().await;
    let refused = stage
        .act(Request::Send {
            thread: thread.id,
            content: Box::new(wadeck::domain::message::content::Content::text("hi")),
            reply_to: None,
            at: None,
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(stage.simulator.send_requests(), 0);
}

#[tokio::test]
async fn an_unknown_number_is_quarantined_and_comes_back_when_its_connection_does() {
    let mut stage = Stage::set().await;
    stage.simulator.says("999", &rosa(), &Saying::text("is anybody there?"));
    assert_eq!(stage.deliver().await, 1, "answered 200 all the same");
    assert!(stage.threads().await.is_empty());
    assert_eq!(stage.overview().await.deliveries_quarantined, 1);
    assert_eq!(stage.overview().await.alerts, 1);
    // Each start reads it again, and nothing new arrived.
    for _ in 0..2 {
        stage.restart(crate::stage::CONFIG).await;
        stage.apply().await;
    }
    let alerts = crate::outbox_faults::open_alerts(&stage).await;
    assert_eq!(alerts.iter().map(|alert| alert.count).collect::<Vec<_>>(), [1], "{alerts:?}");
    stage.act(Request::AckAlert { alert: alerts[0].id }).await.expect("seen");
    stage.restart(crate::stage::CONFIG).await;
    stage.apply().await;
    assert!(crate::outbox_faults::open_alerts(&stage).await.is_empty(), "who has seen it is not told again");
    stage.simulator.says("999", &rosa(), &Saying::text("still nobody?"));
    stage.deliver().await;
    assert_eq!(stage.overview().await.alerts, 1, "what arrives anew is news");

    let with_it = crate::stage::CONFIG.replace(SUPPORT, "999");
    let config = wadeck::config::check(&with_it, wadeck::provider::Registry::SHAPES).expect("right");
    wadeck::operations::declare(&stage.system, &wadeck::app::declared_connections(&config)).await.expect("declared");
    stage.apply().await;
    assert_eq!(stage.threads().await.len(), 1);
    assert_eq!(stage.overview().await.deliveries_quarantined, 0);
}

#[tokio::test]
async fn a_webhook_that_names_no_number_leaves_no_hole_in_what_people_read() {
    let mut stage = Stage::set().await;
    let body = serde_json::json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages", "value": { "messaging_product": "whatsapp", "metadata": {}, "messages": [
            { "id": "wamid.X", "from": "15550100002", "timestamp": "1780304400", "type": "text", "text": { "body": "hi" } }
        ] } }] }] });
    crate::cases::post(&mut stage, "/webhook/kapso/messages", &[], &body.to_string()).await;
    let row = crate::cases::deliveries(&stage).await.remove(0);
    let note = crate::cases::note(&row);
    assert!(note.contains("no phone_number_id"), "{row:?}");
    for alert in crate::outbox_faults::open_alerts(&stage).await {
        let said = alert.said.line();
        assert!(!said.contains("phone_number_id .") && !said.contains("  "), "{said}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_shown_and_in_nobodys_way() {
    let mut stage = Stage::set().await;
    stage.simulator.post_raw("whatsapp.message.received", &serde_json::json!({ "message": { "type": "text" } }));
    stage.simulator.says(SUPPORT, &rosa(), &Saying::text("after it"));
    assert_eq!(stage.deliver().await, 2);
    assert_eq!(stage.threads().await.len(), 1);
    let Answer::Deliveries(rows) =
        stage.ask(Query::Deliveries { state: None, event: None, limit: 10, before: None }).await
    else {
        panic!()
    };
    let unreadable: Vec<_> = rows.iter().filter(|row| row.state.name() == "unreadable").collect();
    assert_eq!(unreadable.len(), 1);
    assert_eq!(
        unreadable[0].note.as_ref().map(wadeck::domain::text::Untrusted::line),
        Some("the message has no id".to_owned())
    );
    let done = stage.act(Request::ReplayDelivery { delivery: unreadable[0].id }).await.expect("Replaying");
    assert!(done.message.contains("Replaying"));
}

#[tokio::test]
async fn a_wrong_signature_is_refused_noted_and_never_applied() {
    let mut stage = Stage::set().await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/webhook/kapso/messages", stage.address);
    for signature in [None, Some("00".repeat(32))] {
        let mut request = client.post(&url).body("{}");
        if let Some(signature) = signature {
            request = request.header("x-webhook-signature", signature);
        }
        assert_eq!(request.send().await.expect("an answer").status(), 401);
    }
    let overview = stage.overview().await;
    assert_eq!(overview.deliveries_rejected, 1, "the same body is one record");
    assert_eq!(overview.deliveries_pending, 0);
    let refused = stage.act(Request::ReplayDelivery { delivery: DeliveryId(1) }).await;
    assert!(refused.is_err(), "a wrongly signed request is never applied");
    // And it never stands in the way of the right one.
    stage.says(&rosa(), "Hello").await;
    assert_eq!(stage.threads().await.len(), 1);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_other_paths_are_404() {
    let stage = Stage::set().await;
    let client = reqwest::Client::new();
    let at = |path: &str| format!("http://{}{path}", stage.address);
    let huge = vec![b'x'; 4 * 1024 * 1024 + 1];
    let answer = client.post(at("/webhook/kapso/messages")).body(huge).send().await.expect("an answer");
    assert_eq!(answer.status(), 413);
    assert_eq!(client.post(at("/nowhere")).send().await.expect("an answer").status(), 404);
    assert_eq!(client.get(at("/healthz")).send().await.expect("an answer").status(), 200);
    assert_eq!(client.get(at("/readyz")).send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn old_names_and_old_shapes_are_understood() {
    let mut stage = Stage::set().await;
    let v1 = serde_json::json!({
        "message": { "id": "0c8f9c9a", "whatsapp_message_id": "wamid.V1", "message_type": "text", "content": "from v1",
            "direction": "inbound", "conversation_phone_number": "+1 (555) 010-0002", "contact_name": "Rosa",
            "created_at": "2026-06-01T09:00:00Z" },
        "whatsapp_config": { "id": "x", "phone_number_id": SUPPORT },
    });
    stage.simulator.post_raw("whatsapp.message.received", &v1);
    let wrapped = serde_json::json!({ "event": "whatsapp.message.received", "data": {
        "message": { "id": "wamid.W", "timestamp": "1780304401", "type": "text", "text": { "body": "wrapped" },
            "kapso": { "direction": "inbound" } },
        "conversation": { "phone_number": "15550100002" }, "phone_number_id": SUPPORT } });
    stage.simulator.post_raw("", &wrapped);
    let by_shape = serde_json::json!({ "data": [ {
        "message": { "id": "wamid.S", "timestamp": "1780304402", "type": "text", "text": { "body": "by shape" },
            "kapso": { "direction": "inbound", "status": "delivered" } },
        "conversation": { "phone_number": "+15550100002" }, "phone_number_id": SUPPORT } ] });
    stage.simulator.post_raw("", &by_shape);
    let created = serde_json::json!({ "whatsapp_config": { "phone_number_id": SUPPORT }, "project": { "id": "p" } });
    stage.simulator.post_raw("whatsapp.config.created", &created);
    stage.simulator.post_raw("some.future.event", &serde_json::json!({ "anything": 1 }));
    assert_eq!(stage.deliver().await, 5);
    let thread = stage.thread().await;
    let words: Vec<String> = stage.messages(thread.id).await.iter().map(|message| message.text.line()).collect();
    assert_eq!(words, ["from v1", "wrapped", "by shape"]);
    assert_eq!(stage.overview().await.deliveries_unreadable, 0);
}

#[tokio::test]
async fn two_people_with_one_name_are_two_threads_and_a_late_name_is_learnt() {
    let mut stage = Stage::set().await;
    stage.says(&Person::new("", "15550100031"), "no name yet").await;
    stage.says(&Person::new("Sam", "15550100032"), "hi").await;
    stage.says(&Person::new("Sam", "15550100031"), "now with a name").await;
    let threads = stage.threads().await;
    assert_eq!(threads.len(), 2);
    assert!(threads.iter().all(|thread| thread.contact.display_name() == "Sam"));
    assert!(threads.iter().all(|thread| thread.last_direction == Direction::Inbound));
}

#[tokio::test]
async fn hostile_text_is_stored_as_it_came_and_shown_harmless() {
    let mut stage = Stage::set().await;
    let evil = Person::new("\u{1b}]0;owned\u{7}Eve\u{202e}", "15550100033");
    stage.says(&evil, "\u{1b}[2Jgone\u{0}").await;
    let thread = stage.thread().await;
    assert_eq!(thread.contact.display_name(), "␛]0;owned␇Eve\u{fffd}");
    let message = &stage.messages(thread.id).await[0];
    assert_eq!(message.text.as_received(), "\u{1b}[2Jgone");
    assert_eq!(message.text.line(), "␛[2Jgone");
}
