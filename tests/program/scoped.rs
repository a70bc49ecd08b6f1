//! Organization and environment on the command line, and their defaults.

use serde_json::json;
use wadeck::simulator::{Number, Person, Saying};

use crate::tools::Server;
use crate::world::{SUPPORT, World, simulator, until};

const LIVE: &str = "106540352242977";

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_uses_the_given_scope() {
    let simulator = simulator().await;
    simulator.add_number(Number {
        phone_number_id: LIVE.into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-010-0077".into(),
        name: "Live".into(),
        kind: "production".into(),
        customer: None,
        direct: false,
    });
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let live = format!(
        "[[connections]]\nname = \"live\"\nprovider = \"kapso\"\nenvironment = \"production\"\n\
         phone_number = \"+15550100077\"\nphone_number_id = \"{LIVE}\"\nbusiness_account_id = \"102290129340398\"\n"
    );
    std::fs::write(&file, text + "\n" + &live).expect("written");
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    simulator.says(LIVE, &Person::new("Kim", "15550100044"), &Saying::text("Real words"));
    let all_listed = async {
        while world.json(&["threads", "list", "--everywhere"]).as_array().map(Vec::len) != Some(2) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        () = all_listed => {}
    }
    let names = |arguments: &[&str]| -> Vec<String> {
        let list = world.json(&[&["threads", "list"], arguments].concat());
        let rows = list.as_array().expect("rows").iter();
        rows.map(|row| row["connection"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&[]), ["support"], "what status names");
    assert_eq!(names(&["--environment", "production"]), ["live"]);
    assert_eq!(names(&["--organization", "lumen", "--environment", "development"]), ["support"]);
    assert!(names(&["--organization", "globex"]).is_empty());
    let status = world.json(&["status", "--environment", "production"]);
    assert_eq!((&status["environment"], &status["threads"]), (&json!("production"), &json!(1)));
    assert_eq!(world.json(&["status", "--everywhere"])["threads"], 2);
    let came = |arguments: &[&str]| -> u64 {
        let stats = world.json(&[&["stats"], arguments].concat());
        stats["hours"].as_array().expect("hours").iter().filter_map(|hour| hour["inbound"].as_u64()).sum()
    };
    assert_eq!((came(&[]), came(&["--environment", "production"]), came(&["--everywhere"])), (1, 1, 2));
    let found = world.json(&["messages", "search", "words"]);
    assert!(found.as_array().is_some_and(Vec::is_empty), "{found}");
    let found = world.json(&["messages", "search", "words", "--environment", "production"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    let both = world.run(&["threads", "list", "--everywhere", "--environment", "production"]);
    assert_eq!(both.status.code(), Some(2), "one excludes the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_connection_is_the_default() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let start = text.find("[[connections]]\nname = \"billing\"").expect("billing");
    let end = text[start..].find("[[agents]]").expect("agents") + start;
    std::fs::write(&file, format!("{}{}", &text[..start], &text[end..])).expect("written");
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.wait_for_thread(&simulator).await;
    let sent = world.run(&["send", "--to", "+15550100002", "--text", "By hand."]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let mut model = Server::start(&world, &[]);
    let (good, sent) = model.call("whatsapp.send", json!({ "to": "+15550100002", "text": "By a model." }));
    assert!(good, "{sent}");
    let (good, reply) = model.call("whatsapp.getConversation", json!({ "phoneNumber": "+15550100002", "limit": 20 }));
    assert!(good && reply.to_string().contains("By a model."), "{reply}");
    let (good, status) = model.call("whatsapp.getStatus", json!({}));
    assert!(good && status.to_string().contains(SUPPORT), "{status}");
    until("both are in the thread", || {
        world.json(&["messages", "list", "--thread", "+15550100002"]).as_array().is_some_and(|all| all.len() >= 3)
    });
    // Events as one JSON value, with the event names of the provider's own tool.
    let url = "https://hooks.example.org/other";
    let events = r#"["whatsapp.message.received","whatsapp.message.sent"]"#;
    let create = ["webhooks", "create", "--connection", "support", "--url", url, "--events", events, "--kind", "kapso"];
    let made = world.run(&create);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let list = world.json(&["webhooks", "list", "--connection", "support"]);
    let one = list.as_array().and_then(|all| all.iter().find(|one| one["url"] == url)).expect("registered");
    assert_eq!(one["events"], json!(["whatsapp.message.received", "whatsapp.message.sent"]));
    let shown = world.json(&["threads", "show", "+15550100002"]);
    assert_eq!(shown["connection"], "support");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_stores_its_scope_even_if_only_one_exists() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let made = world.run(&["tokens", "make", "early", "--role", "viewer"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made = world.run(&["tokens", "make", "whole", "--role", "viewer", "--everywhere"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // Both tokens reach the shown scope, so both can be listed and revoked.
    let list = world.json(&["tokens", "list"]);
    let scope_of = |name: &str| {
        let row = list.as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
        row.unwrap_or_else(|| panic!("{name} is in {list}"))["scope"].clone()
    };
    assert_eq!(scope_of("early")["environment"], "development");
    assert_eq!(scope_of("early")["organization"], "lumen");
    assert!(scope_of("whole")["organization"].is_null());
}
