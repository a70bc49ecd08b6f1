//! A connection is found by its id, its name, the provider's id of its number and its phone number, and a thread by
//! its contact's number.

use serde_json::json;
use wadeck::simulator::{Person, Saying};

use crate::tools::Server;
use crate::world::{SUPPORT, World, simulator, until};

const ROSA: &str = "+15550100002";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_and_a_thread_are_found_by_any_of_their_names() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.wait_for_thread(&simulator).await;
    let list = world.json(&["connections", "list"]);
    let connection = list.as_array().and_then(|all| all.iter().find(|one| one["phone_number_id"] == SUPPORT));
    let connection = connection.expect("the number that she wrote to");
    let of = |field: &str| connection[field].as_str().expect("text").to_owned();
    let number = format!("+{}", of("phone_number").trim_start_matches('+'));
    for name in [of("id"), of("name"), of("phone_number_id"), number.clone()] {
        let webhooks = world.run(&["webhooks", "list", "--connection", &name]);
        assert!(webhooks.status.success(), "{name}: {}", String::from_utf8_lossy(&webhooks.stderr));
        assert_eq!(world.json(&["connections", "show", &name])[0]["id"], connection["id"], "{name}");
        let checked = world.run(&["connections", "check", &name]);
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
    }
    let refused = world.run(&["connections", "check", "nobody"]);
    assert_eq!(refused.status.code(), Some(3));
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("Connection `nobody` not found.") && why.contains(&of("name")), "{why}");

    let thread = world.json(&["threads", "list"])[0]["id"].clone();
    for name in [ROSA, "1 (555) 010-0002"] {
        assert_eq!(world.json(&["threads", "show", name])["id"], thread, "{name}");
        assert_eq!(world.json(&["messages", "list", "--thread", name])[0]["thread_id"], thread, "{name}");
    }
    assert_eq!(world.run(&["threads", "show", "+15550100099"]).status.code(), Some(3));
    // A list has the requested columns, named like the fields.
    let columns = ["organization", "phone_number", "direction", "type", "text", "status", "created_at", "thread_id"];
    let list = ["messages", "list", "--thread", ROSA, "--columns", &columns.join(",")];
    let rows = world.json(&list);
    let row = rows.as_array().and_then(|rows| rows.iter().find(|row| row["direction"] == "inbound")).expect("hers");
    assert_eq!(
        row.as_object().map(|row| row.keys().cloned().collect::<Vec<_>>()),
        Some(columns.map(Into::into).to_vec())
    );
    assert_eq!(
        (&row["organization"], &row["phone_number"], &row["text"]),
        (&json!("lumen"), &json!(ROSA), &json!("Hello"))
    );
    let table = String::from_utf8_lossy(&world.run(&list).stdout).into_owned();
    let head: Vec<&str> = table.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(head[..3], ["ORGANIZATION", "PHONE", "NUMBER"], "{table}");
    let inner = world.json(&["threads", "list", "--columns", "contact.name,id"]);
    assert_eq!(inner, json!([{ "contact.name": "Rosa", "id": thread }]));
    for (verb, why) in [(&["threads", "list"][..], "No row has the field `colour`"), (&["status"], "lists only")] {
        let refused = world.run(&[verb, &["--columns", "colour"]].concat());
        let output_text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && output_text.contains(why), "{output_text}");
    }
    // With two connections, one must be named.
    let sent = world.run(&["send", "--to", ROSA, "--text", "No."]);
    assert_eq!(sent.status.code(), Some(3), "{}", String::from_utf8_lossy(&sent.stderr));
    let sent = world.run(&["send", "--connection", SUPPORT, "--to", ROSA, "--text", "We are here."]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));

    let mut model = Server::start(&world, &[]);
    for place in [json!({ "phoneNumber": ROSA, "limit": 5 }), json!({ "phoneNumber": ROSA, "connection": number })] {
        let (good, messages) = model.call("whatsapp.getConversation", place);
        assert!(good && messages.to_string().contains("We are here."), "{messages}");
    }
    let (good, sent) = model.call("whatsapp.send", json!({ "connection": number, "to": ROSA, "text": "And a model." }));
    assert!(good, "{sent}");
    let (good, status) = model.call("whatsapp.getStatus", json!({}));
    assert!(good && status.to_string().contains(&of("phone_number_id")), "{status}");
    let (good, refused) = model.call("whatsapp.getConversation", json!({ "phoneNumber": "+15550100099" }));
    assert!(!good && refused["error"]["code"] == "not_found", "{refused}");
    until("both are queued", || {
        world.json(&["messages", "list", "--thread", ROSA]).as_array().is_some_and(|all| all.len() >= 3)
    });
}
