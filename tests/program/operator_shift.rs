//! An operator's shift with the command line only: replies of all kinds, search, repair and diagnosis.

use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, World, simulator, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_shift_by_command_line() {
    let simulator = std::sync::Arc::new(simulator().await);
    let world = World::new(&simulator);
    let _served = world.serve();
    simulator.subscribe(&world.url());
    let simulation = tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.run().await }
    });
    let rosa = Person::new("Rosa Field", "15550100002");
    simulator.says(SUPPORT, &rosa, &Saying::Image { caption: Some("my tooth".into()) });
    until("it is here", || world.json(&["threads", "list"])[0]["id"].is_string());
    let thread = world.json(&["threads", "list"])[0]["id"].as_str().expect("an id").to_owned();
    let message = world.json(&["messages", "search", "tooth dir:in"])[0]["id"].as_str().expect("an id").to_owned();

    let run = |arguments: &[&str]| {
        let output = world.run(arguments);
        let output_text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), output_text)
    };
    let succeed = |arguments: &[&str]| {
        let (code, output_text) = run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {output_text}");
        output_text
    };
    succeed(&["send", "--connection", "support", "--to", "+15550100002", "--text", "We are open until six"]);
    succeed(&[
        "send",
        "--thread",
        &thread,
        "--content",
        r#"{"type":"location","latitude":52.5,"longitude":13.4,"name":null,"address":null}"#,
    ]);
    let file = world.directory.path().join("menu.txt");
    std::fs::write(&file, "soup").expect("written");
    succeed(&["send", "--thread", &thread, "--media", "menu.txt", "--caption", "the menu", "--reply-to", &message]);
    until("the file went", || simulator.accepted().iter().any(|sent| sent.kind == "document"));
    let sent = simulator.accepted();
    assert!(sent.iter().any(|one| one.kind == "document" && one.context.is_some()), "{sent:?}");
    let later = succeed(&["send", "--thread", &thread, "--text", "later", "--at", "2h"]);
    assert!(later.contains("for Rosa Field at"), "{later}");
    succeed(&["threads", "take-back", &thread]);
    let (code, output_text) = run(&["send", "--connection", "support", "--to", "+15550109999", "--text", "hi"]);
    assert_eq!(code, Some(3), "refused by a rule: {output_text}");
    assert!(output_text.contains("only a template"), "{output_text}");
    let (code, output_text) = run(&["send", "--connection", "nowhere", "--to", "+15550109999", "--text", "hi"]);
    assert_eq!(code, Some(3));
    assert!(output_text.contains("Use one of: billing (c2), support (c1)."), "{output_text}");
    assert_eq!(run(&["send", "--text", "hi", "--media", "x"]).0, Some(2), "one thing at a time");

    succeed(&["threads", "note", &thread, "pays in cash"]);
    assert!(succeed(&["threads", "export", &thread]).contains("pays in cash"));
    assert!(succeed(&["messages", "react", &message, "👍"]).contains("Queued 👍"));
    until("the file is kept", || world.json(&["messages", "show", &message])["media"]["state"] == "kept");
    succeed(&["messages", "save", &message, "tooth.png"]);
    assert!(world.directory.path().join("tooth.png").exists());
    let why = world.json(&["why", &message]);
    assert_eq!(why["cause"], "answered", "{why}");
    assert!(succeed(&["why", &thread]).contains("answered by"));
    assert_eq!(run(&["why", "nonsense"]).0, Some(3));
    assert!(world.json(&["marks"])["metrics"][0]["sent"].as_u64().is_some_and(|sent| sent >= 3));
    assert!(world.json(&["radar"]).is_array());
    let contact = world.json(&["contacts", "list", "rosa"])[0]["id"].as_str().expect("an id").to_owned();
    succeed(&["contacts", "rename", &contact, "Rosa F."]);
    assert_eq!(world.json(&["contacts", "list", "rosa f."])[0]["name"], "Rosa F.");
    succeed(&["contacts", "opt-out", &thread]);
    assert_eq!(run(&["send", "--thread", &thread, "--text", "hi"]).0, Some(3));
    succeed(&["contacts", "opt-in", &thread]);
    succeed(&["connections", "check", "c1"]);
    succeed(&["connections", "canary", "c1"]);
    until("the canary is back", || succeed(&["connections", "list"]).contains("the test webhook arrived after"));
    succeed(&["connections", "fill", "c1"]);
    let counted = world.json(&["outbox", "bulk", "discard", "status:accepted"]);
    assert!(counted["found"].as_u64().is_some_and(|found| found >= 3) && counted["will"] == 0, "{counted}");
    assert_eq!(run(&["outbox", "bulk", "discard", "status:accepted", "--yes"]).0, Some(3));
    let delivery = world.json(&["deliveries", "list"])[0]["id"].as_str().expect("an id").to_owned();
    assert!(succeed(&["deliveries", "try", &delivery]).contains("this was a dry run"));
    assert!(world.json(&["alerts", "list"]).is_array());
    simulation.abort();
}

/// A carousel of two cards, as it is submitted.
const CAROUSEL: &str = r#"{ "name": "tea", "language": "en", "category": "MARKETING", "parameter_format": "POSITIONAL",
    "components": [
        { "type": "BODY", "text": "Look, {{1}}.", "example": { "body_text": [["Rosa"]] } },
        { "type": "CAROUSEL", "cards": [
            { "components": [ { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["4::a"] } },
                { "type": "BUTTONS", "buttons": [ { "type": "URL", "text": "Open", "url": "https://example.com/{{1}}", "example": ["https://example.com/tea"] } ] } ] },
            { "components": [ { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["4::b"] } },
                { "type": "BUTTONS", "buttons": [ { "type": "URL", "text": "Open", "url": "https://example.com/{{1}}", "example": ["https://example.com/tea"] } ] } ] }
        ] }
    ] }"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_every_card_of_a_carousel_with_its_values() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let path = world.directory.path().join("carousel.json");
    std::fs::write(&path, CAROUSEL).expect("written");
    let carousel = path.display().to_string();
    let shown = String::from_utf8_lossy(&world.run(&["templates", "preview", &carousel]).stdout).into_owned();
    for words in
        ["Look, Rosa.", "Card 2 [image]", "[Open] https://example.com/tea", "card:1:header", "card:1:button:0:url"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let told = world.run(&["templates", "preview", &carousel, "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(
        told["places"][0],
        serde_json::json!({ "key": "1", "label": "1", "example": "Rosa", "file": false, "optional": false })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn starters_pass_the_linters_and_faulty_files_fail() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = |name: &str, text: &[u8]| {
        let path = world.directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    for (verb, starter, name) in
        [("templates", "session_reminder", "a.txt"), ("flows", "booking", "b.json"), ("flows", "booking.js", "c.js")]
    {
        let text = world.run(&[verb, "starters", starter]).stdout;
        assert!(!text.is_empty(), "{verb} {starter}");
        let lint = world.run(&[verb, "lint", &file(name, &text)]);
        assert_eq!(lint.status.code(), Some(0), "{}", String::from_utf8_lossy(&lint.stdout));
    }
    let broken = file(
        "broken.txt",
        b"name: Broken\nlanguage: en_US\ncategory: utility\nbody:\nHello {{name}}, well done today!\n",
    );
    let findings = world.run(&["templates", "lint", &broken, "--json"]);
    assert_eq!(findings.status.code(), Some(3));
    let findings: serde_json::Value = serde_json::from_slice(&findings.stdout).expect("one JSON value");
    let rules: Vec<&str> = findings.as_array().expect("a list").iter().filter_map(|one| one["rule"].as_str()).collect();
    assert!(rules.contains(&"T1") && rules.contains(&"T18"), "{rules:?}");
    let mended = world.run(&["templates", "lint", "--fix", &broken]);
    assert_eq!(mended.status.code(), Some(0), "{}", String::from_utf8_lossy(&mended.stderr));
    assert_eq!(world.run(&["flows", "lint", &file("broken.json", b"{")]).status.code(), Some(3));
    assert_eq!(world.run(&["templates", "lint", "/nowhere"]).status.code(), Some(1));
    // Verbs that need the engine fetch from the provider and show the time of it.
    let _served = world.serve();
    simulator.subscribe(&world.url());
    // The kind of the number is unknown until the first provider check has finished.
    let (mut id, mut provider) = (String::new(), String::new());
    until("the kind of the number is known", || {
        let connections = world.json(&["connections", "list"]);
        let list = connections.as_array().expect("a list");
        let support = list.iter().find(|one| one["name"] == "support").expect("support");
        assert_eq!(support["state"], "connected");
        id = support["id"].as_str().expect("an id").to_owned();
        provider = support["provider"].as_str().expect("a name").to_owned();
        let kind = support["kind"].as_str().expect("a kind");
        assert!(["unknown", "production"].contains(&kind), "{kind}");
        kind == "production"
    });
    let webhooks = world.json(&["webhooks", "list", "--connection", &id]);
    assert!(webhooks[0]["fetched_at"].is_string() && webhooks[0]["active"] == true, "{webhooks}");
    assert!(!webhooks.to_string().contains("secret"), "{webhooks}");
    assert_eq!(world.json(&["connections", "health", &id])["status"], "healthy");
    let made = world.json(&[
        "flows",
        "create",
        "--connection",
        &id,
        "--name",
        "booking",
        &file("b.json", &world.run(&["flows", "starters", "booking"]).stdout),
    ]);
    let flow = made["made"].as_str().expect("an id").to_owned();
    let detail = world.json(&["flows", "show", "--connection", &id, &flow]);
    assert_eq!(
        (detail["flow"]["status"].as_str(), detail["checks"][1]["done"].as_bool()),
        (Some("draft"), Some(false))
    );
    // Without a public URL there are no webhooks, so the setup is refused.
    let setup = world.run(&["connections", "setup", "--name", "branch", "--provider", &provider]);
    assert_eq!(setup.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&setup.stderr).contains("public_url"),
        "{}",
        String::from_utf8_lossy(&setup.stderr)
    );
}
