//! Routes for programs about numbers, their webhooks, contacts and threads, with connections by any of their names.

use serde_json::json;
use wadeck::domain::access::role::Role;
use wadeck::domain::query::{Answer, Query};

use crate::programs::Programs;
use crate::stage::{SUPPORT, rosa};

#[tokio::test]
async fn a_program_manages_the_webhooks_of_a_number() {
    let programs = Programs::new().await;
    let admin = programs.token("ops", Role::Admin, None).await;
    let url = "https://hooks.example.net/other";
    for name in ["support", "c1", SUPPORT, "+15550100001"] {
        let (status, list) = programs.ask(&admin, "GET", &format!("/connections/{name}/webhooks"), None, None).await;
        assert_eq!((status, list.as_array().map(Vec::len)), (200, Some(2)), "{name}: {list}");
    }
    let draft = json!({ "url": url, "events": ["whatsapp.message.received"], "buffer_enabled": true,
        "buffer_window_seconds": 5, "max_buffer_size": 20 });
    let (status, made) = programs.ask(&admin, "POST", "/connections/support/webhooks", Some(draft.clone()), None).await;
    assert_eq!(status, 200, "{made}");
    let listed = async || {
        let (_, list) = programs.ask(&admin, "GET", "/connections/support/webhooks", None, None).await;
        list.as_array().and_then(|all| all.iter().find(|one| one["url"] == url)).cloned()
    };
    let one = listed().await.expect("on file at the provider");
    assert_eq!((&one["active"], &one["buffer"]), (&json!(true), &json!({ "seconds": 5, "most": 20 })), "{one}");
    let path = format!("/connections/support/webhooks/{}", one["id"].as_str().expect("an id"));
    let (status, told) = programs.ask(&admin, "POST", &path, Some(json!({ "active": false })), None).await;
    assert_eq!((status, &listed().await.expect("there")["active"]), (200, &json!(false)), "{told}");
    let (status, told) = programs.ask(&admin, "POST", &format!("{path}/test"), Some(json!({})), None).await;
    assert!(told.is_object() && (status == 200 || status == 409), "{status} {told}");
    // It is deleted by who names it twice, and only then.
    let delete = format!("{path}/delete");
    let (status, told) = programs.ask(&admin, "POST", &delete, Some(json!({ "confirm": "other" })), None).await;
    assert_eq!((status, listed().await.is_some()), (409, true), "{told}");
    let (status, told) = programs.ask(&admin, "POST", &delete, Some(json!({ "confirm": one["id"] })), None).await;
    assert_eq!((status, listed().await.is_some()), (200, false), "{told}");

    // What cannot work is refused with its rule before the provider is asked; and nobody does it beyond their role.
    let path = "/connections/support/webhooks";
    for (body, status, code) in [
        (json!({ "url": "http://a.b", "events": ["whatsapp.message.received"] }), 409, "webhook_url"),
        (json!({ "url": url, "events": ["whatsapp.message.recieved"] }), 409, "webhook_event"),
        (json!({ "url": url, "events": ["whatsapp.message.received"], "project": true }), 409, "webhook_scope"),
        (json!({ "address": url }), 422, "body"),
    ] {
        let (given, told) = programs.ask(&admin, "POST", path, Some(body.clone()), None).await;
        assert_eq!((given, &told["error"]["code"]), (status, &json!(code)), "{body}: {told}");
    }
    let (status, told) = programs.ask(&admin, "GET", "/connections/nobody/webhooks", None, None).await;
    assert_eq!((status, &told["error"]["code"]), (404, &json!("not_found")), "{told}");
    let works = programs.token("desk", Role::Operator, None).await;
    for path in [path, "/connections/support/webhooks/1/delete"] {
        let (status, told) = programs.ask(&works, "POST", path, Some(draft.clone()), None).await;
        assert_eq!((status, &told["error"]["code"]), (403, &json!("role")), "{path}: {told}");
    }
}

#[tokio::test]
async fn a_program_adds_a_contact_with_its_note_and_refreshes_a_thread() {
    let mut programs = Programs::new().await;
    let admin = programs.token("ops", Role::Admin, None).await;
    let contact = json!({ "connection": "+15550100001", "name": "Bo", "number": "+1 (555) 010-0098",
        "note": "Met at the fair" });
    let (status, told) = programs.ask(&admin, "POST", "/contacts", Some(contact.clone()), None).await;
    assert_eq!(status, 200, "{told}");
    let (_, found) = programs.ask(&admin, "GET", "/contacts?filter=bo", None, None).await;
    assert_eq!(found[0]["note"], "Met at the fair (WhatsApp +15550100098)", "{found}");
    let (status, told) = programs.ask(&admin, "POST", "/contacts", Some(contact), None).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("contact_known")), "{told}");
    let strange = json!({ "connection": "support", "name": "Cy", "number": "12" });
    let (status, told) = programs.ask(&admin, "POST", "/contacts", Some(strange), None).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("number")), "{told}");

    programs.stage.says(&rosa(), "hello").await;
    let Answer::Threads(rows) =
        programs.stage.ask(Query::Threads { text: "rosa".into(), limit: 1, before: None }).await
    else {
        panic!("threads")
    };
    let path = format!("/threads/{}/refresh", rows[0].id);
    let (status, told) = programs.ask(&admin, "POST", &path, None, None).await;
    assert_eq!(status, 200, "{told}");
    assert!(told["message"].as_str().is_some_and(|said| said.starts_with("The provider counts 1 message")), "{told}");
    let (_, listed) = programs.ask(&admin, "GET", "/deliveries?event=message.received", None, None).await;
    let (_, none) = programs.ask(&admin, "GET", "/deliveries?event=conversation.*", None, None).await;
    assert_eq!((listed.as_array().map(Vec::len), none.as_array().map(Vec::len)), (Some(1), Some(0)), "{listed}");
}
