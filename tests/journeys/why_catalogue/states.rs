//! Deliveries, templates, contacts, connections and alerts.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::ids::{ConnectionId, DeliveryId};
use wadeck::domain::numbers::connection::Check;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::{Person, Saying, SendFault};

use super::{Catalogue, Row, Why};
use crate::stage::{CONFIG, SUPPORT};

async fn newest(catalogue: &Catalogue) -> DeliveryId {
    let query = Query::Deliveries { state: None, event: None, limit: 50, before: None };
    let Answer::Deliveries(rows) = catalogue.stage.ask(query).await else { panic!("deliveries") };
    rows.iter().map(|row| row.id).max().expect("one")
}

pub(super) async fn deliveries() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    let person = catalogue.anybody();
    catalogue.stage.simulator.says(SUPPORT, &person, &Saying::text("hello"));
    catalogue.stage.store_only().await;
    catalogue.stage.apply().await;
    let id = newest(&catalogue).await;
    catalogue.row(id, "applied", ("applied", "It was applied.", "")).await;
    for (event, body, planted, expected) in [
        (
            "whatsapp.message.received",
            json!({ "message": {} }),
            "unreadable",
            ("unreadable", "it cannot be read", "replay it after an update"),
        ),
        (
            "whatsapp.conversation.ended",
            json!({ "conversation": { "id": "c", "phone_number": "15550200001", "phone_number_id": SUPPORT } }),
            "nothing to do",
            ("recorded", "Recorded", ""),
        ),
    ] {
        catalogue.stage.simulator.post_raw(event, &body);
        catalogue.stage.deliver().await;
        let id = newest(&catalogue).await;
        catalogue.row(id, planted, expected).await;
    }
    catalogue.stage.simulator.says("999", &Person::new("x", "15550100088"), &Saying::text("hi"));
    catalogue.stage.deliver().await;
    let id = newest(&catalogue).await;
    let foreign = ("quarantined", "no connection has this number", "Connect the number");
    catalogue.row(id, "foreign number", foreign).await;
    let body = json!({ "message": { "id": "wamid.X" } }).to_string();
    let sent = reqwest::Client::new()
        .post(format!("http://{}/webhook/kapso/messages", catalogue.stage.address))
        .header("x-webhook-event", "whatsapp.message.received")
        .header("x-webhook-signature", "00")
        .body(body)
        .send();
    let crate::stage::Stage { system, inbox, .. } = &mut catalogue.stage;
    let status = {
        let writer = async { while operations::commit_pending_deliveries(system, inbox).await {} };
        tokio::select! {
            answer = sent => answer.expect("an answer").status(),
            () = writer => unreachable!("the inbox stays open"),
        }
    };
    assert_eq!(status, 401);
    let id = newest(&catalogue).await;
    catalogue.row(id, "wrong secret", ("rejected", "rejected with 401", "Compare the secret")).await;
    catalogue.rows
}

pub(super) async fn templates_and_contacts() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    let add = |name: &str, language: &str, status: &str| {
        json!({ "id": format!("{name}-{language}"), "name": name, "language": language, "category": "UTILITY",
            "status": status, "components": [{ "type": "BODY", "text": "Hi" }] })
    };
    for (name, status, expected) in [
        ("a", "APPROVED", ("approved", "a is approved and can be sent", "")),
        ("p", "PENDING", ("pending", "it is in review", "A review takes")),
        ("i", "IN_APPEAL", ("pending", "i cannot be sent yet: it is in review", "A review takes")),
        ("r", "REJECTED", ("rejected", "it was rejected", "submit it again")),
        ("s", "PAUSED", ("paused", "too many contacts blocked or ignored it", "unpaused")),
        ("d", "DISABLED", ("disabled", "disabled permanently", "another template")),
        ("l", "LIMIT_EXCEEDED", ("limit_exceeded", "its number of templates", "Delete unused")),
        ("x", "PENDING_DELETION", ("deleted", "it is deleted at the provider", "another name")),
    ] {
        catalogue.stage.simulator.add_template(add(name, "en", status));
        operations::refresh_templates(&catalogue.stage.system).await.expect("fetched");
        catalogue.row(format!("template {name}"), &format!("template {status}"), expected).await;
    }
    // One language of two is the cause.
    catalogue.stage.simulator.add_template(add("b", "en", "APPROVED"));
    catalogue.stage.simulator.add_template(add("b", "de", "REJECTED"));
    operations::refresh_templates(&catalogue.stage.system).await.expect("fetched");
    let german = ("rejected", "b (de) cannot be sent", "submit it again");
    catalogue.row("template b", "template in another language", german).await;
    assert!(catalogue.why("template b en").await.answer.contains("b (en) is approved"));
    catalogue.stage.simulator.next_call("GET message_templates", 403, json!({ "error": "no" }));
    catalogue.stage.pass(Duration::from_secs(3_600));
    let _ = operations::refresh_templates(&catalogue.stage.system).await;
    catalogue
        .row("template a", "list cannot be fetched", ("list_outdated", "fetching it again fails", "list of"))
        .await;

    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    let Answer::Contacts(people) = catalogue.stage.ask(Query::Contacts { text: person.phone, limit: 1 }).await else {
        panic!("contacts")
    };
    catalogue.row(people[0].id, "contact", ("reachable", "can be written to", "")).await;
    catalogue.rows
}

/// Returns the state of the checks on the one connection.
pub(super) async fn connections() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    let c1 = ConnectionId(1);
    catalogue.row(c1, "nothing checked", ("unproved", "Not verified yet.", "request a test webhook")).await;
    operations::check_all(&catalogue.stage.system).await.expect("checked");
    let silent = ("not_received", "no message has arrived", "Write to the number from a phone");
    catalogue.row(c1, "nobody wrote", silent).await;
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    catalogue.row(c1, "checks pass", ("works", "All completed checks pass", "")).await;
    catalogue.stage.simulator.switch_webhook(false);
    operations::check_all(&catalogue.stage.system).await.expect("checked");
    let disabled = ("registration", "registration check failing", "Enable the webhook");
    catalogue.row(c1, "webhook disabled", disabled).await;
    let open = Query::Alerts { open: true, limit: 9 };
    let Answer::Alerts(alerts) = catalogue.stage.ask(open).await else { panic!("alerts") };
    let alert = alerts[0].id;
    assert_eq!(catalogue.why(alert).await.cause, "open");
    catalogue.stage.act(Request::AckAlert { alert }).await.expect("seen");
    catalogue.row(alert, "alert acknowledged", ("acknowledged", "ada has acknowledged it", "")).await;

    let mut refused = Catalogue::quiet().await;
    refused.stage.simulator.next_call(&format!("GET /phone_numbers/{SUPPORT}"), 401, json!({ "error": "no" }));
    refused.stage.simulator.next_call("GET /phone_numbers", 401, json!({ "error": "no" }));
    refused.stage.simulator.next_call("/health", 401, json!({ "error": "no" }));
    operations::check_all(&refused.stage.system).await.expect("checked");
    refused.row(c1, "API key rejected", ("provider", "provider check failing", "Check the API key")).await;
    catalogue.rows.append(&mut refused.rows);

    // Each check that the simulator cannot break by itself fails as the engine records it.
    let mut hop = Catalogue::with(CONFIG).await;
    let person = hop.anybody();
    hop.stage.says(&person, "price").await;
    hop.stage.answer().await;
    hop.row(c1, "agent fails", ("agent_failed", "agent check failing", "Check the agent")).await;
    catalogue.rows.append(&mut hop.rows);
    let mut overdue = Catalogue::quiet().await;
    overdue.replies().await;
    overdue.stage.pass(Duration::from_secs(3_600));
    operations::watch(&overdue.stage.system).await.expect("watched");
    overdue.row(c1, "messages overdue", ("outbox", "outbox check failing", "oldest message waits")).await;
    catalogue.rows.append(&mut overdue.rows);
    let mut send = Catalogue::quiet().await;
    send.meets(SendFault::graph(400, 131_031, "locked")).await;
    send.row(c1, "sending refused", ("send", "send check failing", "See the last attempt")).await;
    catalogue.rows.append(&mut send.rows);
    assert_eq!(Check::ALL.len(), 10);
    catalogue.rows
}
